"""What is odd about a dataset is found, and what is sound is left in peace."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from linetwin.quantities import vocabulary
from linetwin.surrogates.data.checks.coverage import coverages, planes
from linetwin.surrogates.data.checks.outliers import far
from linetwin.surrogates.data.checks.replicates import noises
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.data.page import dataset_page
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.review import NO_GAUGE, content, review
from linetwin.surrogates.gauges import Gauge, crossed_study

if TYPE_CHECKING:
    from linetwin.surrogates.data.schema import Role

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = Path(__file__).parent / "datasets"


def dataset(gauges: dict[str, Gauge] | None = None, **columns: tuple[Role, object]) -> Dataset:
    """Return a dataset of columns by name; those named after quantities have their units."""
    words, specs, values = vocabulary(), {}, {}
    for name, (role, raw) in columns.items():
        array = np.asarray(raw)
        text = array.dtype.kind in "OU"
        quantity = words[name] if name in words and not text else None
        unit = "" if text else quantity.unit if quantity else "1"
        specs[name] = ColumnSpec(name, role, unit, quantity, name, written=unit)
        values[name] = array.astype(object) if text else array.astype(float)
    rows = len(next(iter(values.values())))
    frame = pd.DataFrame(values, index=pd.RangeIndex(2, rows + 2, name="line"))
    return Dataset("trial", "A trial", frame, specs, "made up", "CC0-1.0", "0" * 64, Path("t.yaml"),
                   gauges=gauges or {})  # fmt: skip


def texts(data: Dataset, topic: str, weight: str = "") -> list[str]:
    """Return what a review says about a topic."""
    return [
        each.text
        for each in review(data).findings
        if each.topic == topic and weight in {"", each.weight}
    ]


def sound(rows: int = 60) -> dict[str, tuple[Role, object]]:
    """Return columns with nothing odd about them, the same in each test."""
    draws = np.random.default_rng(7)
    first, second = draws.uniform(1e5, 4e5, rows), draws.uniform(300.0, 360.0, rows)
    porosity = 0.4 - 2e-7 * first + 1e-4 * (second - 330.0) + draws.normal(0, 0.004, rows)
    batch = np.array([f"b{row % 6}" for row in range(rows)], dtype=object)
    return {
        "line_load": ("feature", first), "roll_temperature": ("feature", second),
        "porosity": ("target", porosity), "batch": ("group", batch),
    }  # fmt: skip


def test_sound_data_are_left_in_peace() -> None:
    """Of data without a flaw nothing is wrong or doubtful; gauges and noise are asked for."""
    found = review(dataset(**sound()))
    assert {each.weight for each in found.findings} == {"note"}
    assert any(NO_GAUGE in each.text for each in found.findings)
    assert any("what of the targets is noise is not known" in each.text for each in found.findings)


def test_an_outlier_is_named_by_its_row() -> None:
    """One value that nobody can have measured is named; a skewed distribution is none."""
    columns = sound()
    values = np.array(columns["porosity"][1])
    values[11] = 0.02
    columns["porosity"] = ("target", values)
    columns["viscosity"] = ("feature", np.exp(np.random.default_rng(8).normal(0, 1.2, len(values))))
    assert texts(dataset(**columns), "outlier") == [
        f"porosity lies far from its median {np.median(values):.2%} at line 13: 2 %".replace(
            "%", " %", 1
        )
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_outliers_do_not_depend_on_the_unit(seed: int, factor: float, offset: float) -> None:
    """Scaling a column changes no outlier; nor does moving one that has no logarithm."""
    draws = np.random.default_rng(seed)
    values = draws.normal(0.0, 1.0, 40)
    values[3] = 30.0
    found = far(values).tolist()  # of forty draws another one may lie far by chance
    assert 3 in found
    assert far(values * factor).tolist() == found
    moved = values + offset
    if (moved <= 0).any():
        assert far(moved).tolist() == found


def test_equal_rows_in_two_groups_are_wrong() -> None:
    """A row that stands in two batches leaks; equal features with another target is doubtful."""
    columns = sound()
    for name in ("line_load", "roll_temperature", "porosity"):
        values = np.array(columns[name][1])
        values[1] = values[0]
        columns[name] = (columns[name][0], values)
    assert (
        "equal rows, targets included, in several groups by batch: line 2, line 3"
        in (texts(dataset(**columns), "leakage", "wrong")[0])
    )
    values[1] += 0.01
    columns["porosity"] = ("target", values)
    assert texts(dataset(**columns), "leakage", "wrong") == []
    assert (
        "2 rows have the features of another batch"
        in (texts(dataset(**columns), "leakage", "doubtful")[0])
    )


def test_targets_that_are_computed() -> None:
    """A target that is a feature on another scale, or computed from two, is found by name."""
    columns = sound()
    first, second = (np.array(columns[n][1]) for n in ("line_load", "roll_temperature"))
    columns["copy"] = ("target", 3.0 * first + 2.0)
    columns["ratio"] = ("target", second / first)
    columns["sum"] = ("target", first + second)
    columns["near"] = (
        "target",
        second / first * (1 + np.random.default_rng(8).normal(0, 1e-3, len(first))),
    )
    assert texts(dataset(**columns), "leakage", "wrong") == [
        "copy is line_load but for its scale: nothing is left to predict",
        "ratio is roll_temperature / line_load: nothing is left to predict",
        "sum is line_load but for its scale: nothing is left to predict",
        "sum is line_load + roll_temperature: nothing is left to predict",
    ]


def test_a_second_reading_of_a_target_is_doubtful() -> None:
    """Correlation of 0.9995 with one feature, and a sum of two; a usual feature is none."""
    rng = np.random.default_rng(3)
    target = rng.normal(5.0, 0.2, 60)
    part, usual = rng.normal(0.0, 0.2, 60), target + rng.normal(0.0, 0.1, 60)
    columns: dict[str, tuple[Role, object]] = {
        "capacity": ("target", target),
        "reading": ("feature", target + rng.normal(0.0, 0.006, 60)),
        "usual": ("feature", usual),
    }
    found = texts(dataset(**columns), "leakage", "doubtful")
    assert [each for each in found if "reading" in each] == [
        each for each in found if each.startswith("capacity goes with reading (correlation 0.999")
    ]
    assert not any("usual" in each for each in found)
    columns = {
        "capacity": ("target", target),
        "part": ("feature", part),
        "rest": ("feature", 3.0 * target - 2.0 * part),
    }
    found = texts(dataset(**columns), "leakage", "doubtful")
    assert any(each.startswith("capacity is a sum of part and rest") for each in found)


def test_a_product_is_found_in_any_unit() -> None:
    """A product or quotient times a factor holds the answer too; a sum of other parts does not."""
    columns = sound()
    first, second = (np.array(columns[n][1]) for n in ("line_load", "roll_temperature"))
    columns["power"] = ("target", 0.06 * first * second)
    columns["mixed"] = ("target", first / first.mean() + 2 * second / second.mean())
    assert texts(dataset(**columns), "leakage", "wrong") == [
        "power is line_load x roll_temperature but for its scale: nothing is left to predict"
    ]


def test_copies_are_no_replicates() -> None:
    """A table pasted twice is no noise of 0; levels whose labels repeat by chance are no copies."""
    twice: dict[str, tuple[Role, object]] = {
        name: (role, np.concatenate([np.asarray(values)] * 2))
        for name, (role, values) in sound().items()
    }
    (said,) = texts(dataset(**twice), "noise", "doubtful")
    assert said.startswith("every row is there twice, or more often, targets included: copies?")
    assert not any("no model can do better" in text for text in texts(dataset(**twice), "noise"))
    (_, values), rng = twice["porosity"], np.random.default_rng(3)
    twice["porosity"] = ("target", np.asarray(values) + rng.normal(0, 1e-3, 120))
    assert "no model can do better" in texts(dataset(**twice), "noise")[0]
    level, fault = np.repeat([1e5, 2e5, 3e5], 40), np.tile([0.0, 0.0, 1.0, 0.0], 30)
    labels = dataset(line_load=("feature", level), fault=("target", fault))
    assert texts(labels, "noise", "doubtful") == []


def test_a_feature_that_names_the_group() -> None:
    """A feature with one value of its own in each group is told, and one that varies is not."""
    columns = sound()
    batch = np.array(columns["batch"][1])
    columns["solids_fraction"] = ("feature", [0.5 + 0.01 * int(name[1]) for name in batch])
    said = [text for text in texts(dataset(**columns), "leakage") if "one value in each" in text]
    assert len(said) == 1
    assert said[0].startswith("solids_fraction: one value in each batch")


def test_groups_that_hold_nothing_apart() -> None:
    """One group for all, or none at all, is told."""
    columns = sound(12)
    columns["batch"] = ("group", np.array(["b"] * 11 + [""], dtype=object))
    said = texts(dataset(**columns), "leakage")
    (lone,) = texts(dataset(**columns), "levels", "doubtful")
    assert lone.startswith("1 batch: intervals will hold within it only")
    assert "join 9 or more (4 with" in lone
    assert any("not told in 1 rows" in text for text in said)
    del columns["batch"]
    assert any("no group is named" in text for text in texts(dataset(**columns), "leakage"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 5), st.integers(3, 8))
def test_noise_is_that_within_sets(seed: int, repeats: int, sets: int) -> None:
    """The pooled deviation is the root of scipy's mean square within, with its freedom."""
    draws = np.random.default_rng(seed)
    levels = np.repeat(np.arange(sets, dtype=float), repeats)
    values = 5.0 + levels + draws.normal(0.0, 0.3, len(levels))
    (found,) = noises(dataset(line_load=("feature", levels), porosity=("target", values)))
    within = [values[levels == level] for level in range(sets)]
    squares = sum(((each - each.mean()) ** 2).sum() for each in within)
    freedom = sets * (repeats - 1)
    assert (found.sets, found.freedom) == (sets, freedom)
    assert found.deviation == pytest.approx(math.sqrt(squares / freedom))
    assert found.high == pytest.approx(math.sqrt(squares / stats.chi2.ppf(0.025, freedom)))
    assert found.low < found.deviation < found.high


@pytest.mark.parametrize(
    ("factor", "said"),
    [(100.0, "a factor of 100"), (1e6, "ppm and share"), (1.0, "")],
)
def test_a_column_in_another_unit(factor: float, said: str) -> None:
    """A porosity in per cent read as a share is outside of the vocabulary, with what mends it."""
    columns = sound()
    columns["porosity"] = ("target", np.array(columns["porosity"][1]) * factor)
    found = texts(dataset(**columns), "unit", "wrong")
    assert (said in found[0] and "60 of 60 values lie outside" in found[0]) if said else not found


def test_kelvin_taken_for_celsius() -> None:
    """A temperature in degrees Celsius read as kelvin is found by its zero."""
    columns = sound()
    columns["roll_temperature"] = ("feature", np.array(columns["roll_temperature"][1]) - 273.15)
    assert "a zero of 273.15" in texts(dataset(**columns), "unit", "wrong")[0]


def test_rows_in_another_unit() -> None:
    """Two masses in grams among kilograms are named; a column over decades is not."""
    columns = sound()
    mass = np.random.default_rng(8).normal(0.012, 0.0005, 60)
    mass[[4, 9]] *= 1e3
    columns["cell_mass"] = ("feature", mass)
    columns["leak_resistance"] = ("feature", np.logspace(3, 9, 60))
    (said,) = texts(dataset(**columns), "unit", "wrong")
    assert said.startswith("cell_mass: line 6, line 11 differ from the rest by a factor of 1,000")


def test_columns_that_are_one_in_two_units() -> None:
    """Two columns that differ by 25.4 or by 273.15 in every row are told; a mixture is not."""
    columns = sound()
    warm = np.array(columns["roll_temperature"][1])
    thickness = np.random.default_rng(8).uniform(5e-5, 9e-5, 60)
    columns["coating_thickness"] = ("feature", thickness)
    columns["foil_thickness"] = ("feature", thickness / 25.4)
    columns["film_temperature"] = ("feature", warm - 273.15)
    columns["solids_fraction"] = ("feature", thickness / 1e-4)
    columns["binder_share"] = ("feature", thickness / 1e-4 / 25.4)
    found = [text for text in texts(dataset(**columns), "unit") if "one unit is wrong" in text]
    assert [text.split(" in every row")[0] for text in found] == [
        "roll_temperature and film_temperature differ by 273.15",
        "coating_thickness and foil_thickness differ by a factor of 25.4 (inch and mm)",
    ]


def test_holes_and_constants() -> None:
    """A constant column, missing rows, and a corner of two features without a row are told."""
    columns = sound()
    first, second = (np.array(columns[n][1]) for n in ("line_load", "roll_temperature"))
    first[(first > 2.2e5) & (second > 325)] = 1.5e5
    columns["line_load"] = ("feature", first)
    columns["moisture"] = ("feature", np.full(60, 3e-4))
    columns["wetting_time"] = ("feature", np.where(np.arange(60) < 6, np.nan, first / 100 + second))
    data = dataset(**columns)
    found = {each.name: each for each in coverages(data)}
    assert (found["wetting_time"].missing, found["moisture"].distinct) == (6, 1)
    plane = next(
        each for each in planes(data) if set(each.names) == {"line_load", "roll_temperature"}
    )
    inside = (first >= plane.first[0]) & (second >= plane.second[0])
    assert plane.empty >= 0.2
    assert not (inside & (first <= plane.first[1]) & (second <= plane.second[1])).any()
    said = [each.text for each in review(data).findings]
    assert any(text.startswith("moisture is 300 ppm in every row") for text in said)
    assert any(text.startswith("wetting_time: missing in 6 of 60 rows") for text in said)


def test_features_that_go_together_are_told_once() -> None:
    """Three features with the same order are one finding, whatever their scales."""
    columns = sound()
    first = np.array(columns["line_load"][1])
    columns["a"], columns["b"] = ("feature", np.log(first)), ("feature", -(first**3))
    said = [text for text in texts(dataset(**columns), "coverage") if "rise and fall" in text]
    assert len(said) == 1
    assert said[0].startswith("line_load, a, b rise and fall together")


def test_gauges_are_set_against_what_they_read() -> None:
    """A gauge whose scatter is half of the spread is doubtful; a fine one is a note."""
    columns = sound()
    spread = float(np.std(np.array(columns["porosity"][1]), ddof=1))
    for part, weight in ((0.5, "doubtful"), (0.05, "note")):
        gauge = Gauge(repeatability=part * spread)
        data = dataset({"porosity": gauge}, **columns)
        (said,) = texts(data, "gauge", weight)
        assert f"{part:.0%} of the spread" in said
        assert NO_GAUGE not in said


@pytest.mark.parametrize(
    ("factor", "said"), [(1.0, ""), (0.01, "per cent and share"), (3.0, "tells nothing of these")]
)
def test_a_gauge_study_of_other_parts(factor: float, said: str) -> None:
    """Parts that lie where no data lie tell nothing, and a unit's factor is named; others do."""
    draws, columns = np.random.default_rng(5), sound()
    of_data = np.array(columns["porosity"][1])
    parts = np.linspace(of_data.min(), of_data.max(), 10)
    readings = np.repeat(parts, 6) + draws.normal(0, 0.001, 60)
    who = ["a", "a", "b", "b", "c", "c"] * 10
    names = [str(part) for part in range(10) for _ in who[:6]]
    study = crossed_study(factor * readings, names, who)
    gauge = Gauge(repeatability=study.repeatability.value, study=study)
    found = [text for text in texts(dataset({"porosity": gauge}, **columns), "unit", "wrong")
             if "its study read" in text]  # fmt: skip
    assert len(found) == bool(said)
    assert all(said in text for text in found)
    assert not found or ("factor" in found[0]) == (factor == 0.01)


def test_json_and_page_tell_the_same() -> None:
    """JSON holds canonical numbers and each finding; the page escapes what a file says."""
    columns = sound()
    columns["<b>odd</b>"] = ("feature", np.random.default_rng(8).normal(size=60))
    found = review(dataset(**columns))
    told = content(found)
    assert told["rows"] == 60
    assert len(told["findings"]) == len(found.findings)
    assert told["columns"]["line_load"]["unit"] == "N/m"
    page = dataset_page(found)
    assert "<b>odd</b>" not in page.replace("&lt;b&gt;odd&lt;/b&gt;", "")
    assert "http" not in page.split("<script", 1)[0].replace("http-equiv", "")


def test_replicates_of_the_shared_slurries() -> None:
    """Three replicates at eight levels: 16 degrees of freedom, 3.1 % of K and 5.6 % of tau."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data")
    found = {each.name: each for each in noises(read_dataset(FILES / "rheology.yaml"))}
    assert found["consistency_index"].freedom == 16
    assert found["consistency_index"].relative == pytest.approx(0.031, abs=5e-4)
    assert found["yield_stress"].relative == pytest.approx(0.056, abs=5e-4)
