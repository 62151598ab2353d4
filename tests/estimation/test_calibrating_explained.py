"""Calibration: a fit that explains nothing says so, and gives no parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibrations import LOAD, compacted, fitted, noisy, write_table

from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.page import calibration_page
from linetwin.estimation.calibrating.telling import (
    helpful_head,
    helpful_sentences,
    open_sentences,
    parameter_rows,
    warnings_of,
)
from linetwin.estimation.calibrating.writing import content, parameter_text

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("load", "before", "after")


def at_one_porosity(folder: Path, seed: int = 3) -> Path:
    """Write rows of one porosity before, so that only the load differs."""
    rows = compacted(24.0, 400.0)[:8]
    rows[:, 2] += np.random.default_rng(seed).normal(0, 0.8, len(rows))
    return write_table(folder / "table.csv", COLUMNS, rows)


@pytest.mark.parametrize("loss", ["linear", "soft_l1"])
def test_a_load_in_the_wrong_unit_gives_no_parameters(tmp_path: Path, loss: str) -> None:
    """1,000 times the load: all rows come out alike, at their mean.

    It is said first, on the page and as JSON too, and there is no parameter file.
    """
    wrong = LOAD.replace("unit: N/mm}", "unit: kN/mm}") + f"loss: {loss}\n"
    made = fitted(wrong, at_one_porosity(tmp_path), tmp_path)
    assert not made.explains
    first = warnings_of(made)[0]
    assert "the fit explains nothing: settled_porosity is met no better than by the mean" in first
    assert [row[2] for row in parameter_rows(made)] == ["not explained"] * 2
    assert [row[4] for row in parameter_rows(made)] == ["-"] * 2
    found = content(made)
    assert found["explains"] is False
    assert found["verdict"] == first
    assert {each["tag"] for each in found["parameters"]} == {"A"}
    page = calibration_page(made)
    assert page.index("explains nothing") < page.index("no parameter file is written")
    with pytest.raises(ScenarioError, match=r"table\.csv: the fit explains nothing.*units"):
        parameter_text(made)


def test_the_right_unit_explains(tmp_path: Path) -> None:
    """The same rows in N/mm."""
    made = fitted(LOAD, at_one_porosity(tmp_path), tmp_path)
    assert made.explains
    assert made.judged == ("settled_porosity",)
    assert content(made)["verdict"] == ""
    assert "tag: D" in parameter_text(made)


def test_rows_of_the_same_inputs_are_not_judged(tmp_path: Path) -> None:
    """Five times the same press: their mean is all that a fit can meet, and it tells a value."""
    rows = compacted(24.0, 400.0)[[3] * 5]
    rows[:, 2] += [0.1, -0.2, 0.3, 0.0, -0.1]
    one = LOAD.replace("  compaction_resistance: {low: 50 N/mm, high: 3000 N/mm, scale: log}\n", "")
    made = fitted(one, write_table(tmp_path / "table.csv", COLUMNS, rows), tmp_path)
    assert made.judged == ()
    assert made.explains
    assert "tag: D" in parameter_text(made)


def test_rows_within_their_stated_scatter_are_not_judged(tmp_path: Path) -> None:
    """What differs is no more than the scatter: the mean is as good, and the fit not to blame."""
    rows = compacted(24.0, 4000.0)[:3]
    text = LOAD.replace('after, unit: "%"}', 'after, unit: "%", scatter: 5 %}')
    made = fitted(text, write_table(tmp_path / "table.csv", COLUMNS, rows), tmp_path)
    assert made.judged == ()


def test_one_outlier_does_not_blame_a_robust_fit(tmp_path: Path) -> None:
    """Squares of an outlier would say that nothing is explained."""
    data = noisy(tmp_path, (24.0, 400.0), 3, 0.2)
    lines = data.read_text("utf-8").splitlines()
    load, before, _ = lines[4].split(",")
    lines[4] = f"{load},{before},95"
    data.write_text("\n".join(lines) + "\n", "utf-8")
    assert fitted(f"{LOAD}loss: soft_l1\n", data, tmp_path).explains


def test_an_output_that_is_not_explained_is_told_beside_one_that_is(tmp_path: Path) -> None:
    """The porosity is met; a second output, of noise, is named, and parameters are given."""
    rows = compacted(24.0, 400.0)
    random = np.random.default_rng(1).permutation(rows[:, 2])
    data = write_table(tmp_path / "table.csv", (*COLUMNS, "noise"), np.column_stack([rows, random]))
    text = LOAD.replace(
        "outputs:", 'outputs:\n  porosity: {column: noise, unit: "%", scatter: 2 %}'
    ).replace('after, unit: "%"}', 'after, unit: "%", scatter: 0.5 %}')
    made = fitted(text, data, tmp_path)
    assert made.explains
    assert made.unexplained == ("porosity",)
    assert any("porosity is met no better" in told for told in warnings_of(made))


def test_a_fit_that_follows_scatter_is_doubted(tmp_path: Path) -> None:
    """Noise of which the load follows a little by chance: no row is foretold by the others."""
    rows = compacted(24.0, 400.0)[:8]
    rows[:, 2] = 30.0 + np.random.default_rng(3).normal(0, 2.0, len(rows))
    made = fitted(LOAD, write_table(tmp_path / "table.csv", COLUMNS, rows), tmp_path)
    assert made.explains
    told = [each for each in warnings_of(made) if "left out of the fit is met no better" in each]
    assert len(told) == 1
    others = [np.delete(rows[:, 2], n).mean() for n in range(len(rows))]
    apart = float(np.sqrt(np.mean((rows[:, 2] - others) ** 2)))
    assert f"against {apart / 100:.3g}" in told[0]


def test_a_fit_of_what_the_model_says_is_not_doubted(tmp_path: Path) -> None:
    """The same loads, and porosities that follow them."""
    made = fitted(LOAD, at_one_porosity(tmp_path), tmp_path)
    assert not [each for each in warnings_of(made) if "left out of the fit" in each]


def test_what_explains_nothing_names_nothing_to_measure(tmp_path: Path) -> None:
    """Neither combinations that are known nor measurements that would help are told of it."""
    wrong = LOAD.replace("unit: N/mm}", "unit: kN/mm}")
    made = fitted(wrong, at_one_porosity(tmp_path), tmp_path)
    assert not made.explains
    assert [*open_sentences(made), helpful_head(made), *helpful_sentences(made)] == [""]
    page = calibration_page(made)
    assert "What to measure" not in page
    assert "What the data cannot tell" not in page
