"""How full a line is that has long been running, at the hour at which the run begins."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest
from doubles import Doubles
from line_support import HOUR, Memory, make_world, pilot

from linetwin.line import run, stock, template
from linetwin.line.arrivals import Arrivals

if TYPE_CHECKING:
    from linetwin.scenario.resolved import Scenario

HOUR_S = 3600.0
STAYS_H = {
    "cathode.vacuum_dryer": 12.0,
    "anode.vacuum_dryer": 12.0,
    "cell.soak": 20.0,
    "cell.pre_charge": 1.5,
    "cell.formation": 28.0,
    "cell.ocv_test": 12.0,
    "cell.ageing": 72.0,
}
PACES = {"cathode.coater": 80.0, "anode.coater": 88.0, "cell.stacker": 100.0, "cell.soak": 120.0}


@lru_cache
def line() -> Scenario:
    """Return the pilot line: closed from Saturday 24:00 to Monday 06:00, but for its chambers."""
    return pilot(1, seed=1, start="filled", order_cells=None)


def arrivals(scenario: Scenario, paces: dict[str, float] | None = None) -> Arrivals:
    """Return what is known of a line with set stays and paces [cells an hour]."""
    per_second = {family: pace / HOUR_S for family, pace in (paces or PACES).items()}
    return Arrivals(scenario, per_second, lambda family: STAYS_H.get(family, 0.0) * HOUR_S)


def ages_h(scenario: Scenario, chamber: str, gap_h: float = 0.5) -> np.ndarray:
    """Return the ages of the lots of a chamber [h]."""
    found = arrivals(scenario).ages(scenario.stations[chamber], _role(chamber), gap_h * HOUR_S)
    return np.array(list(islice(found, 5000))) / HOUR_S


def _role(chamber: str) -> str:
    return "rolls" if "vacuum" in chamber else "cells"


@pytest.mark.parametrize("chamber", ["cell.soak", "cell.formation", "cell.ageing"])
def test_without_hours_lots_lie_evenly(chamber: str) -> None:
    """One lot every half hour, in the middle of it, for as long as it stays."""
    always = {name: replace(each, open_s=()) for name, each in line().calendars.items()}
    found = ages_h(replace(line(), calendars=always), chamber)
    assert found == pytest.approx(0.25 + 0.5 * np.arange(2 * STAYS_H[chamber]))


@pytest.mark.parametrize(
    ("chamber", "since", "until"),
    [  # ages at the source that are in the chamber [h]: it has been closed for 24 h
        ("cell.soak", 24.0, 44.0),  # all that came in the 20 h before the closing is stuck
        ("cell.pre_charge", 44.0, 45.5),  # 20 h after the source; stuck as well
        ("cell.formation", 24.0, 28.0),  # what came before the closing and is not due yet
        ("cell.ocv_test", 28.0, 40.0),  # formation has gone on
        ("cell.ageing", 40.0, 114.0),  # grading has been closed since 22:00
    ],
)
def test_a_chamber_holds_what_came_while_the_line_worked(
    chamber: str, since: float, until: float
) -> None:
    """Lots are those of the open hours, counted minute by minute, at the pace of those hours."""
    minutes = np.arange(7 * 24 * 60)
    spans = line().calendars["production"].open_s
    is_open = np.any([(60 * minutes >= a) & (60 * minutes < b) for a, b in spans], axis=0)
    before = is_open[::-1]  # by minutes before the run
    lots = 0.5 * before.mean()
    expected = before[round(since * 60) : round(until * 60)].sum() / 60 / lots
    found = ages_h(line(), chamber)
    assert len(found) == pytest.approx(expected, abs=1)
    source = found + {"cell.pre_charge": 20.0, "cell.ocv_test": 28.0, "cell.ageing": 40.0}.get(
        chamber, 0.0
    )
    assert source.min() >= since
    assert source.max() <= until


def test_buffers_are_full_before_what_is_slower() -> None:
    """The anode's rolls wait for the cathode's, trays come one by one; alike paces say nothing."""
    found = arrivals(line())
    assert found.pressure("anode.dry_rolls") == 1
    assert found.pressure("cathode.dry_rolls") == -1
    assert found.pressure("cell.filled") == -1
    alike = arrivals(line(), {**PACES, "anode.coater": 82.0})
    assert alike.pressure("anode.dry_rolls") == 0
    slow = arrivals(line(), {**PACES, "cell.formation": 60.0})
    assert slow.pressure("cell.sealed") == 1
    assert slow.pressure("cell.formed") == -1


def test_what_waits_for_a_slower_station_has_no_oldest() -> None:
    """Rolls of the faster electrode fill every place of their dryer."""
    assert len(ages_h(line(), "anode.vacuum_dryer")) > 2 * STAYS_H["anode.vacuum_dryer"] / 0.5
    assert len(ages_h(line(), "cathode.vacuum_dryer")) < 2 * STAYS_H["cathode.vacuum_dryer"] / 0.5


def test_a_week_begins_as_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trays in and before each chamber on Monday 00:00, and a week later, are about as many."""
    monkeypatch.setattr(template, "CELLS", 240)
    ticks = 7 * 24 * HOUR
    settings = {"duration_ticks": ticks, "limit_ticks": ticks, "start": "filled"}
    world = make_world(
        pilot(1, "cell.ageing.ageing_time=3 d", "cell.ocv_test.rest_time=12 h", seed=3,
              order_cells=None, **settings),
        Memory(), models=Doubles(),
    )  # fmt: skip
    stock.fill(world)

    def trays() -> dict[str, int]:
        inside = {name: len(world.units[name].state.job.get("places", [])) for name in STAYS_H}
        held_up = ("cell.filled", "cell.wetted", "cell.pre_charged")
        waiting = inside["cell.soak"] + inside["cell.pre_charge"]
        waiting += sum(len(world.buffers[path].lots) for path in held_up)
        # rolls come in lumps of hours: which of two chambers in a row holds a lump is chance
        tested = inside["cell.formation"] + inside["cell.ocv_test"]
        return {
            "before the degasser": waiting,
            "formation and test": tested,
            "ageing": inside["cell.ageing"],
        }

    world.begin()
    first = trays()
    while world.step():
        pass
    last = trays()
    run.close(world)
    for place, count in first.items():
        assert count == pytest.approx(last[place], rel=0.25, abs=4), (first, last)
