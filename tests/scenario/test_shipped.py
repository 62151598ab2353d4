"""Every shipped scenario can be read, and each what-if says what it changes in the pilot week."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.scenario import load

if TYPE_CHECKING:
    from linetwin.scenario.resolved import Scenario

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.yaml"))
WHAT_IFS = ("faster_coating", "harder_calendering", "short_formation", "humid_summer")
TROUBLES = ("calender_roll_wear", "dryer_fan_loss", "bad_powder_lot")


@cache
def _loaded(name: str) -> Scenario:
    return load(FOLDER / f"{name}.yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_is_read(name: str) -> None:
    """It is named as its file, has a title, and ends at an order or after a time."""
    scenario = _loaded(name)
    assert scenario.name == name
    assert scenario.text


@pytest.mark.parametrize("name", [*WHAT_IFS, *TROUBLES])
def test_a_what_if_differs_from_the_week_in_what_it_says(name: str) -> None:
    """Line, recipe, start, plan and seed are the week's, so that runs pair by seed."""
    week, other = (_loaded(each) for each in ("pilot_week", name))
    assert other.seed == week.seed
    assert other.files[1:] == week.files[1:]
    assert other.stations.keys() == week.stations.keys()
    if name != "bad_powder_lot":  # ten days, so that cells of the lot are graded
        assert other.duration_ticks == week.duration_ticks
        assert other.window_ticks == week.window_ticks
    written = (FOLDER / f"{name}.yaml").read_text("utf-8")
    assert any(f"\n{key}:" in written for key in ("set", "disturbances", "deliveries"))
