"""Is work in process steady: the interval covers, and the verdict is that of the known truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.results import kpis, read, report
from linetwin.results.assumptions import Plan
from linetwin.results.kpis import Facts
from linetwin.results.steadiness import in_process, said, steadiness, trend

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600_000


def _level(kind: str, rng: np.random.Generator, hours: int) -> np.ndarray:
    """Return a level without a trend that swings by the day and wanders, or returns to its mean."""
    shocks = rng.normal(0.0, 1.0, hours + 301)
    if kind == "wandering":
        level = np.cumsum(shocks)
    else:
        level = np.zeros(len(shocks))
        for at in range(1, len(shocks)):
            level[at] = 0.9 * level[at - 1] + shocks[at]
    return level[-hours - 1 :] + 3.0 * np.sin(np.arange(hours + 1) * 2 * np.pi / 24)


@pytest.mark.parametrize("kind", ["wandering", "returning"])
@pytest.mark.parametrize("days", [6, 14])
def test_the_interval_covers_no_trend_where_there_is_none(kind: str, days: int) -> None:
    """Of 400 levels that resemble themselves from hour to hour at least 94 % keep zero inside."""
    rng = np.random.default_rng(7)
    found = [trend(_level(kind, rng, 24 * days)) for _ in range(400)]
    inside = [abs(each.per_day) <= (each.half or 0.0) for each in found]
    assert np.mean(inside) >= 0.94


def test_a_trend_as_large_as_the_swing_is_found() -> None:
    """Fourteen days of a level that returns to a line rising by 12 a day: it is seen each time."""
    rng = np.random.default_rng(8)
    rise = 0.5 * np.arange(24 * 14 + 1)
    found = [trend(_level("returning", rng, 24 * 14) + rise) for _ in range(100)]
    assert np.mean([each.per_day > (each.half or np.inf) for each in found]) > 0.95
    assert np.mean([each.per_day for each in found]) == pytest.approx(12.0, rel=0.02)


def test_under_three_days_nothing_is_told() -> None:
    """The mean is known, no interval is."""
    assert trend(np.arange(49.0)) == (24.0, None)


cells = st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 60)), max_size=20)


@given(cells=cells, tick=st.integers(0, 100))
def test_cells_in_process_are_counted_one_by_one(cells: list[tuple[int, int]], tick: int) -> None:
    """Started by then, and not ended by then; one that takes no time is never in process."""
    table = pd.DataFrame(cells, columns=["started", "took"], dtype="int64")
    table["ended"] = table["started"] + table["took"]
    table.loc[table["ended"] < 0, "ended"] = -1
    facts = _facts(table, {})
    # -1 stands for a cell that has not ended
    expected = sum(
        s <= tick and (e < 0 or e > tick) for s, e in table[["started", "ended"]].to_numpy()
    )
    assert in_process(facts, np.array([tick]))[0] == expected


def _facts(table: pd.DataFrame, content: dict[str, object]) -> Facts:
    facts = Facts.__new__(Facts)
    vars(facts).update(cells=table, plan=Plan(content))
    return facts


def _line(out_per_hour: int, days: int = 8) -> Facts:
    """Return facts of a line that starts 100 cells an hour and ends others at another rate."""
    hours = np.arange(24 * days)
    new = np.repeat(hours, 100) * HOUR + 1
    old = np.repeat(hours, out_per_hour) * HOUR + 2
    table = pd.DataFrame(
        {
            "started": np.concatenate([new, np.full(len(old), -HOUR)]),
            "ended": np.concatenate([np.full(len(new), -1), old]),
            "status": ["in_process"] * len(new) + ["A"] * len(old),
        }
    )
    return _facts(table, {})


@pytest.mark.parametrize(
    ("out", "verdict", "says"),
    [
        (100, "steady", "Steady: work in process changes by +0 cells a day (± 0)."),
        (90, "grows", "work in process still grows by 240 cells a day (± 0). 2,160 good cells"),
        (110, "falls", "work in process falls by 240 cells a day"),
    ],
)
def test_the_verdict_is_the_balance_of_started_and_ended(out: int, verdict: str, says: str) -> None:
    """Ten cells an hour more or less come in than go out: 240 a day."""
    facts = _line(out)
    found = steadiness(facts, (24 * HOUR, 7 * 24 * HOUR))
    assert found["per_day"] == pytest.approx(240 * (100 - out) / 10)
    assert found["verdict"] == verdict
    assert says in said(found)
    assert found["good_cells_of_those_started_per_day"] == pytest.approx(2400)


def test_closed_days_are_named_as_the_reason() -> None:
    """No work from Saturday on: what a week shows is its calendar."""
    facts = _line(100)
    table = facts.cells
    closed = (table["started"] > 5 * 24 * HOUR) & (table["status"] == "in_process")
    week = {
        "calendars": {"week": [{"from": 0, "until": 5 * 86_400}]},
        "stations": {"a": {"calendar": "week"}},
    }
    found = steadiness(_facts(table[~closed], week), (24 * HOUR, 7 * 24 * HOUR))
    assert (found["verdict"], found["same_each_day"]) == ("not told", False)
    assert "shifts are not the same each day" in said(found)


def test_report_and_figures_tell_it_of_a_steady_window_only(tiny: Path) -> None:
    """A window of 25 minutes is too short to tell; an order from empty is never steady."""
    assert "steadiness" not in kpis.compute(read(tiny))["window"]
    text = (tiny / "scenario.yaml").read_text()
    window = "window: {from: {value: 0, unit: s}, until: {value: 1500, unit: s}}\n"
    (tiny / "scenario.yaml").write_text(text + window)
    found = kpis.compute(read(tiny))["window"]["steadiness"]
    assert found["value"]["verdict"] == "not told"
    assert found["units"].keys() == found["value"].keys()
    assert "the window is shorter than three days" in report.write_report(tiny).read_text("utf-8")


def test_a_window_without_whole_weeks_is_told() -> None:
    """Where days differ, six days lean to some of them; a week, or equal days, need no word."""
    of = {
        "per_day": 0.0, "half_interval": 1.0, "verdict": "steady", "same_each_day": False,
        "whole_weeks": False, "good_cells_per_day": 100.0,
        "good_cells_of_those_started_per_day": None,
    }  # fmt: skip
    assert said(of).startswith("The window holds no whole weeks")
    assert said(of | {"whole_weeks": True}).startswith("Steady")
    assert said(of | {"same_each_day": True}).startswith("Steady")
