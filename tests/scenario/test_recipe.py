"""A value of a recipe is validated as it is, or may be trimmed within its proven range."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load

if TYPE_CHECKING:
    from linetwin.scenario.resolved import Scenario

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
RECIPE = "recipes/nmc622_graphite_5ah.yaml"
LOAD = "cathode.calender.line_load: {value: 600 N/mm, adjustable: [540 N/mm, 690 N/mm]"


def with_recipe(folder: Path, old: str = "", new: str = "") -> Scenario:
    """Return the pilot line by a recipe in which something is written otherwise."""
    text = (SCENARIOS / RECIPE).read_text("utf-8")
    assert old in text
    (folder / "own_recipe.yaml").write_text(text.replace(old, new), encoding="utf-8")
    scenario = (
        "schema: 1\nname: own\nrecipe: own_recipe.yaml\nduration: 1 d\n"
        f"line: {(SCENARIOS / 'lines' / 'pilot.yaml').as_posix()}\n"
    )
    (folder / "own.yaml").write_text(scenario, encoding="utf-8")
    return load(folder / "own.yaml")


def test_ranges_are_read_and_all_else_is_validated(tmp_path: Path) -> None:
    """In canonical units, for each number of a row; without a range there is none."""
    recipe = with_recipe(tmp_path).recipe
    assert recipe["cathode.calender.line_load"].ranges[0] == pytest.approx((540e3, 690e3))
    zones = recipe["cathode.coater.zone_temperatures"].ranges
    assert [low - 273.15 for low, _ in zones] == pytest.approx([100, 110, 110])
    assert [high - 273.15 for _, high in zones] == pytest.approx([120, 130, 130])
    assert recipe["cell.filler.electrolyte_dose"].ranges == ()
    assert "own_recipe.yaml:" in recipe["cell.filler.electrolyte_dose"].origin


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("[610 N/mm, 690 N/mm]", "does not hold the value of the recipe, 600 N/mm"),
        ("[690 N/mm, 540 N/mm]", "does not hold the value"),
        ("[540 N/mm]", "is no range of this value"),
        ("[540 N/mm, 690 N/mm, 700 N/mm]", "is no range"),
        ("[[540 N/mm, 690 N/mm]]", "is no range"),
        ("[540 kg, 690 N/mm]", "adjustable"),
        ("[540, 690]", "has no unit"),
        ("540 N/mm", "must be a list"),
    ],
)
def test_a_wrong_range_is_told_with_its_place(tmp_path: Path, written: str, why: str) -> None:
    """The error names the file, the key, and what is allowed."""
    new = LOAD.replace("[540 N/mm, 690 N/mm]", written)
    with pytest.raises(ScenarioError, match=why) as caught:
        with_recipe(tmp_path, LOAD, new)
    assert "own_recipe.yaml" in str(caught.value)


def test_a_row_needs_a_range_for_each_number(tmp_path: Path) -> None:
    """Two ranges for three zones are refused."""
    old = "[[100 degC, 120 degC], [110 degC, 130 degC], [110 degC, 130 degC]]"
    with pytest.raises(ScenarioError, match="is no range of this value"):
        with_recipe(tmp_path, old, "[[100 degC, 120 degC], [110 degC, 130 degC]]")


def test_a_scenario_names_no_range(tmp_path: Path) -> None:
    """What is validated is the recipe's to say."""
    with_recipe(tmp_path)
    file = tmp_path / "own.yaml"
    setting = (
        "set:\n  cathode.calender.line_load: {value: 610 N/mm, adjustable: [1 N/mm, 2 N/mm]}\n"
    )
    file.write_text(file.read_text("utf-8") + setting, encoding="utf-8")
    with pytest.raises(ScenarioError, match="adjustable"):
        load(file)
