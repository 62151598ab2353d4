from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.cli.comparing import shortened
from linetwin.errors import ResultsError
from linetwin.results import kpis, read
from linetwin.results.compare import compare
from linetwin.results.inference import (
    benjamini_hochberg,
    chi_square_quantile,
    holm,
    student_quantile,
)
from linetwin.results.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 29, 30, 199])
def test_the_t_quantile_is_that_of_scipy(freedom: int) -> None:
    """An independent implementation agrees."""
    assert student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


@pytest.mark.parametrize("freedom", [10, 40, 200, 5000])
@pytest.mark.parametrize("share", [0.025, 0.5, 0.975])
def test_the_chi_square_quantile_is_near_that_of_scipy(freedom: int, share: float) -> None:
    """Wilson and Hilferty: within 1 % from ten degrees of freedom on."""
    expected = stats.chi2.ppf(share, freedom)
    assert chi_square_quantile(share, freedom) == pytest.approx(expected, rel=1e-2)


def test_replications_pair_by_seed(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """Differences are taken within a seed; the interval is scipy's for paired data."""
    plain = {1: 1.0, 2: 1.1, 3: 1.3}
    faster = {3: 1.5, 1: 1.25, 2: 1.2, 9: 2.0}
    runs = [
        read(tiny_writer(tmp_path / f"{name}-{seed}", seed=seed, speed=speed, name=name))
        for name, group in (("plain", plain), ("faster", faster))
        for seed, speed in group.items()
    ]
    found = compare(runs)
    assert found.note == "3 pairs with common seeds; 95 % t-interval of the mean difference"
    row = found.differences.loc["order.last_cell_graded"]
    before = [round(1500e3 / plain[seed]) / 1000 for seed in (1, 2, 3)]
    after = [round(1500e3 / faster[seed]) / 1000 for seed in (1, 2, 3)]
    interval = stats.ttest_rel(after, before).confidence_interval(0.95)
    assert (row["pairs"], row["unit"]) == (3, "s")
    assert row["difference"] == pytest.approx(sum(after) / 3 - sum(before) / 3)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert found.table.shape[1] == 8
    assert row["chance"] == pytest.approx(stats.ttest_rel(after, before).pvalue)
    changes = [b - a for a, b in zip(before, after, strict=True)]
    apart = np.var(before, ddof=1) + np.var(after, ddof=1)
    assert row["saved"] == pytest.approx(1 - np.var(changes, ddof=1) / apart)
    assert found.groups["plain"] == [f"plain seed {seed}" for seed in plain]
    assert found.groups["faster"] == [f"faster seed {seed}" for seed in faster]


def test_a_single_pair_has_no_interval(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """One what-if against one baseline: the difference, and a word about its confidence."""
    runs = [read(tiny_writer(tmp_path / name, name=name)) for name in ("plain", "other")]
    found = compare(runs)
    assert "no confidence interval" in found.note
    row = found.differences.loc["energy.energy_per_good_energy"]
    assert (row["first"], row["second"], row["difference"]) == (2.0, 2.0, 0.0)
    assert math.isnan(row["low"])


def test_what_does_not_pair_is_shown_side_by_side(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Replications of one scenario, or different seeds, give a table and the reason."""
    first = read(tiny_writer(tmp_path / "a" / "run", seed=1))
    second = read(tiny_writer(tmp_path / "b" / "run", seed=2))
    found = compare([first, second])
    assert found.differences.empty
    assert "exactly two scenarios" in found.note
    assert list(found.table.columns) == ["unit", "tiny seed 1", "tiny seed 2"]
    assert found.table.loc["quality.cell_scrap.grading.capacity", "tiny seed 2"] == 1.0
    # Where a value was written is no difference between scenarios, the value is.
    text = (first.path / "scenario.yaml").read_text()
    (first.path / "scenario.yaml").write_text(text.replace("l.yaml:3", "l.yaml:4"))
    assert "exactly two scenarios" in compare([read(first.path), second]).note
    (first.path / "scenario.yaml").write_text(text.replace("value: 0.04", "value: 0.05"))
    assert "no seed in common" in compare([read(first.path), second]).note
    (first.path / "scenario.yaml").write_text(text)
    third = read(tiny_writer(tmp_path / "c", seed=3, name="other"))
    assert "no seed in common" in compare([first, third]).note
    with pytest.raises(ResultsError, match="at least two"):
        compare([first])


def test_what_ifs_of_one_scenario_are_told_apart_by_their_folders(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Made with --set they share name and seed: the folder above the replication names them."""
    runs = []
    for folder in ("slow", "fast"):
        path = tiny_writer(tmp_path / folder / "seed-0001")
        if folder == "fast":
            text = (path / "scenario.yaml").read_text()
            (path / "scenario.yaml").write_text(text.replace("value: 0.04", "value: 0.05"))
        runs.append(read(path))
    found = compare(runs)
    assert found.groups == {"slow": ["slow seed 1"], "fast": ["fast seed 1"]}


chances = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


@given(chances=chances)
def test_holm_is_closed_testing_with_bonferroni(chances: list[float]) -> None:
    """A figure differs if every set of figures that holds it does, its least p times its size."""
    number = range(len(chances))
    expected = [
        max(
            min(1.0, len(chosen) * min(chances[each] for each in chosen))
            for size in range(1, len(chances) + 1)
            for chosen in combinations(number, size)
            if one in chosen
        )
        for one in number
    ]
    assert holm(chances) == pytest.approx(expected)


@given(chances=chances)
def test_benjamini_and_hochberg_agree_with_scipy(chances: list[float]) -> None:
    """An independent implementation."""
    assert benjamini_hochberg(chances) == pytest.approx(stats.false_discovery_control(chances))


def test_figures_are_corrected_in_two_families(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """What is asked first after Holm, the rest after Benjamini and Hochberg; equals are none."""
    runs = [
        read(tiny_writer(tmp_path / f"{name}-{seed}", seed=seed, speed=speed, name=name))
        for name, speeds in (("plain", (1.0, 1.1, 1.3)), ("faster", (1.25, 1.2, 1.5)))
        for seed, speed in enumerate(speeds)
    ]
    found = compare(runs).differences
    varying = found[found["chance"] < 1.0]
    for asked, correct in ((True, holm), (False, benjamini_hochberg)):
        family = varying[varying.index.isin(QUESTIONS) == asked]
        assert len(family) > 1
        assert family["adjusted"].tolist() == pytest.approx(correct(family["chance"].tolist()))
    assert math.isnan(found.loc["order.cells_started", "adjusted"])
    assert found.loc["quality.capacity.count", "unit"] == "1"


@pytest.mark.parametrize("pairs", [1, 3])
def test_no_line_is_wider_than_a_hundred_columns(
    tmp_path: Path, tiny_writer: Callable[..., Path], pairs: int
) -> None:
    """However long the names of scenarios: letters stand for them, and figures are shortened."""
    names = ["a_line_with_a_long_name_" * 6, "another_with_another_name_" * 6]
    folders = [
        str(tiny_writer(tmp_path / f"{at}-{seed}", seed=seed, speed=1 + 0.1 * at * seed, name=name))
        for at, name in enumerate(names)
        for seed in range(1, pairs + 1)
    ]
    file = tmp_path / "all.csv"
    for more in ([], ["--all", "--csv", str(file)]):
        answer = CliRunner().invoke(app, ["compare", *folders, *more])
        assert answer.exit_code == 0, answer.output
        assert max(map(len, answer.output.splitlines())) <= 100
    short, long = (
        CliRunner().invoke(app, ["compare", *folders, *more]).output for more in ([], ["--all"])
    )
    assert len(long) > 2 * len(short)
    assert short.index("limits.good_cells_per_day") < short.index("order.cells_started")
    # a row of the file for each figure of the table
    rows = len(file.read_text("utf-8").splitlines())
    assert rows == len(compare([read(Path(folder)) for folder in folders]).table) + 1


def test_labels_are_short_and_each_another() -> None:
    """Names with the same beginning and end keep the word that tells them apart."""
    long = "cost.cost_per_good_energy{}_by_category.materials"
    names = [long.format(""), long.format("_steady"), "order.duration"]
    names += [f"quality.scrap.{'a' * 20}{n}.{'b' * 40}" for n in range(12)]
    labels = shortened(names)
    assert labels["order.duration"] == "order.duration"
    assert labels[names[1]].endswith("..steady_by_category.materials")
    assert labels[names[0]].endswith("..energy_by_category.materials")
    assert len(set(labels.values())) == len(names)
    assert max(map(len, labels.values())) <= 36


def test_parts_of_a_table_have_their_own_unit(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """A relative spread, a balance's error and shares of time are numbers without a unit."""
    runs = [read(tiny_writer(tmp_path / name, name=name)) for name in ("plain", "other")]
    units = compare(runs).table["unit"]
    for ending in (".variation", ".relative_error", ".empty", ".full"):
        own = units[units.index.str.endswith(ending)]
        assert set(own) <= {"1"}, ending
    assert units["quality.cathode_loading.mean"] == "kg/m2"
    assert units["quality.cathode_loading.variation"] == "1"


def test_a_run_counts_once(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """A copy of a run, or the run named again, adds nothing; another seed does."""
    path = tiny_writer(tmp_path / "a")
    copy = tiny_writer(tmp_path / "b")
    other = read(tiny_writer(tmp_path / "c", name="other"))
    found = compare([read(path), read(copy), other])
    assert list(found.table.columns) == ["unit", "tiny seed 1", "other seed 1"]
    assert "counted once" in found.remarks[0]
    assert found.note.startswith("one pair")
    with pytest.raises(ResultsError, match="is the same run as"):
        compare([read(path), read(copy)])


def test_rounding_is_no_difference(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """Sums whose last digit differs are equal."""
    runs = [read(tiny_writer(tmp_path / name, name=name)) for name in ("plain", "other")]
    contents = [dict(kpis.compute(run)) for run in runs]
    entry = contents[1]["energy"]["energy_used"]
    contents[1]["energy"]["energy_used"] = {**entry, "value": entry["value"] * (1 + 2e-16)}
    contents[1]["order"]["cells_good"] = {**contents[1]["order"]["cells_good"], "value": 2e-16}
    contents[0]["order"]["cells_good"] = {**contents[0]["order"]["cells_good"], "value": 0.0}
    for run, content in zip(runs, contents, strict=True):
        (run.path / "kpis.json").write_text(json.dumps(content))
    found = compare([read(run.path) for run in runs]).differences
    assert found.loc["energy.energy_used", "difference"] == 0.0
    assert found.loc["order.cells_good", "difference"] == 0.0


def test_an_order_and_a_week_are_not_comparable(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Their figures stand side by side, but no difference is taken, and the reason is given."""
    runs = []
    for name in ("order", "week"):
        path = tiny_writer(tmp_path / name, name=name)
        content = kpis.compute(read(path))
        content["limits"]["basis"] = {
            "value": "steady" if name == "week" else "order", "unit": "", "meaning": ""
        }  # fmt: skip
        (path / "kpis.json").write_text(json.dumps(content))
        runs.append(read(path))
    found = compare(runs)
    assert found.differences.empty
    assert found.note.startswith("not comparable: order is an order")
    assert "week a span" in found.note
