"""When trays and cells were stacked, as the tables of operations and cells tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from line_support import HOUR, pilot, run_into

from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path


def test_the_operation_of_a_tray_begins_as_its_first_sheet_is_laid(tmp_path: Path) -> None:
    """From Execute of the tray's first block; cells begin one after another, none before it.

    Oracle: the stacker's state events, and sheets times their cycle without stops.
    """
    run_into(replace(pilot(100), limit_ticks=60 * HOUR), tmp_path / "run")
    result = read(tmp_path / "run")
    done = result.table("operations").query("operation == 'stack'")
    events = result.table("events")
    states = events[(events["station"] == "cell.stacker") & (events["event"] == "state")]
    at_work = set(states["tick"][states["state"] == "Execute"]) | set(done["end"])
    assert len(done) > 1
    assert (done["start"] < done["end"]).all()
    cells = result.table("cells")
    for row in done.itertuples():
        own = cells[cells["tray"] == row.lot].sort_values("cell")
        assert own["started"].min() == row.start
        assert own["started"].max() < row.end
        assert own["started"].is_monotonic_increasing
        assert own["started"].is_unique
    assert set(done["start"]) <= at_work
