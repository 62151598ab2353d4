"""A hold of a branch: the past is looked through, so that it acts as if it had been known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from line_support import HOUR, differences, make_world, run_into, run_out
from test_holds import hold, line, sorted_cells

from linetwin.line import run
from linetwin.line.fork import branch
from linetwin.line.hindsight import look_back
from linetwin.results import read
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.resolved import HoldConfig, Scenario


def branched(origin: Scenario, changed: Scenario, tick: int, folder: Path) -> Path:
    """Run a line to a tick, then go on with the holds of a changed scenario; return the folder."""
    writer = RunWriter(folder / "past", {"scenario": "past", "seed": 1}, origin.text)
    world = make_world(origin, writer)
    world.begin()
    while (world.calendar.next_tick() or tick) < tick and world.step():
        pass
    blob = run.save(world, writer.mark())
    again = make_world(changed, writer)
    mark = branch(again, blob, origin, reseed=False)
    later = RunWriter.branch(folder / "past", folder / "branch", mark)
    again.sink = later
    look_back(again, origin, read(folder / "branch"))
    run_out(again)
    later.finish("complete")
    return folder / "branch"


LOTS = (
    hold("cathode.active_material-0001"),
    hold("anode.charge-0032", include_possible=False),
    hold("cathode.charge-0015"),
    hold("cell.electrolyte-0002"),
    hold("cathode.roll-0001", from_m=120.0, to_m=170.0),
)


@pytest.mark.parametrize("asked", LOTS, ids=lambda asked: asked.lot)
def test_a_branch_with_a_hold_is_the_line_that_knew_of_it(
    asked: HoldConfig, tmp_path: Path
) -> None:
    """Cells in process, in store and shipped: every table is the same, to the last bit."""
    start = sorted_cells()
    late = replace(asked, start_tick=start, end_tick=start + HOUR, then="scrap")
    origin = line(400, limit_ticks=start + 3 * HOUR)
    known = replace(origin, holds=(late,))
    run_into(known, tmp_path / "known")
    folder = branched(origin, known, start, tmp_path)
    events = read(folder).table("events")
    assert "hold" in set(events["event"])
    assert "recall" in set(events["event"]) or asked is LOTS[1]
    assert not differences(tmp_path / "known", folder)


def test_a_branch_keeps_the_holds_of_its_origin(tmp_path: Path) -> None:
    """One hold is known to the saved line, a second comes with the branch."""
    start = sorted_cells()
    first = hold("cathode.charge-0015", start - 2 * HOUR, start + HOUR)
    second = hold("cathode.active_material-0001", start, start + HOUR)
    origin = line(400, first, limit_ticks=start + 3 * HOUR)
    known = replace(origin, holds=(first, second))
    run_into(known, tmp_path / "known")
    assert not differences(tmp_path / "known", branched(origin, known, start, tmp_path))
