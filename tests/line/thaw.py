"""Continue a run folder from a snapshot, as `linetwin resume` does; also as a fresh process.

python thaw.py '{"folder": ..., "snapshot": ..., "cells": 60, "models": "doubles"}'
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from line_support import BASELINE, make_world, pilot, run_out

from linetwin.line import run
from linetwin.results.writer import RunWriter
from linetwin.scenario import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.world import Sink, World


class LateSink:
    """Stands in for a writer that can only be opened once the snapshot has been read."""

    writer: RunWriter

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        self.writer.add(table, columns)


def line(cells: int, models: str, sink: Sink) -> World:
    """Return the pilot line on doubles or fmus, or the baseline as shipped; not begun yet."""
    if models == "doubles":
        return make_world(pilot(cells), sink)
    from linetwin.cli import compose

    scenario = pilot(cells)
    if models == "shipped":
        scenario = replace(load(BASELINE, (), None), order_cells=cells)
    return compose.make_world(scenario, BASELINE.parent / scenario.files[1], sink)


def thaw(folder: Path, snapshot: bytes, cells: int, models: str = "doubles") -> dict[str, Any]:
    """Go on from a snapshot to the end of the order; return what the fresh line was like."""
    sink = LateSink()
    world = line(cells, models, sink)
    mark = run.load(world, snapshot)
    same = run.save(world, mark) == snapshot
    sink.writer = RunWriter.resume(folder, mark)
    run_out(world)
    sink.writer.finish("complete")
    return {"saved_again_alike": same, "events": world.events, "ended": world.ended}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    blob = Path(asked["snapshot"]).read_bytes()
    sys.stdout.write(json.dumps(thaw(Path(asked["folder"]), blob, asked["cells"], asked["models"])))
