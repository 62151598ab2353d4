"""Every shipped scenario, saved at random events and continued in another process: same tables.

Filled weeks are cut to what a test can take: 36 h, of which events of the last 12 h are drawn (so
the loss of the dryer's fan, from 32 h to 38 h, is under way); the gigafactory to its first hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shipped import choose, save_at, thaw_all_apart

if TYPE_CHECKING:
    from pathlib import Path

WEEKS = (
    "pilot_week",
    "bad_powder_lot",
    "calender_roll_wear",
    "dryer_fan_loss",
    "faster_coating",
    "harder_calendering",
    "humid_summer",
    "short_formation",
)


def check(name: str, days: float | None, first_day: float, count: int, folder: Path) -> None:
    """Save after `count` events; thaw each; all tables are those of the run left alone."""
    chosen, events = choose(name, days, first_day, count)
    saved = save_at(folder / "run", name, days, chosen)
    assert len(saved.files) == count
    assert max(saved.files) <= events
    assert thaw_all_apart(saved) == {str(number): [] for number in saved.files}


@pytest.mark.slow
def test_the_baseline_resumes_at_fifty_random_events(tmp_path: Path) -> None:
    """The whole order of 1,000 cells."""
    check("baseline", None, 0.0, 50, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", WEEKS)
def test_a_pilot_scenario_resumes_at_fifty_random_events(name: str, tmp_path: Path) -> None:
    """36 h of a line that starts filled, saved in the last 12 h."""
    check(name, 1.5, 1.0, 50, tmp_path)


@pytest.mark.slow
def test_the_gigafactory_resumes_at_three_random_events(tmp_path: Path) -> None:
    """The first hour of the line of 2 GWh a year."""
    check("gigafactory_week", 1 / 24, 0.0, 3, tmp_path)


@pytest.mark.slow
def test_a_disturbed_line_resumes_at_twenty_random_events(tmp_path: Path) -> None:
    """A day of the pilot week under disturbances of every kind, on FMUs: the same tables."""
    check("disturbed", 1.0, 0.25, 20, tmp_path)
