"""Shipped scenarios on compiled FMUs, saved at random events; also the process that thaws them.

python shipped.py '{"folder": ..., "name": "pilot_week", "days": 1.5, "snapshots": [...]}'
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from line_support import BASELINE, differences, run_out

from linetwin.cli import compose
from linetwin.line import run, stock
from linetwin.results.writer import RunWriter
from linetwin.scenario import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.world import Sink, World

DAY = 86_400_000
SOURCE = Path(__file__).resolve().parents[2] / "src"
REGULAR = {"building", "recorder", "watch"}
"""Units that wake all the time; at night they are nearly alone."""


_COATER = "cathode.coater"
_DISTURBANCES = (
    f"address: {_COATER}.measured_loading, kind: drift, per_hour: 0.01 mg/cm2",
    f"address: {_COATER}.measured_loading, kind: noise, deviation: 0.05 mg/cm2, from: 6 h",
    f"address: {_COATER}.measured_machine_temperature, kind: stuck, at: 8 h, for: 9 h",
    f"address: {_COATER}.web_speed, kind: noise, deviation: 0.02 m/min, correlation_time: 5 min",
    f"address: {_COATER}.drying.air_temperature, kind: offset, offset: -10 K, at: 8 h, for: 9 h",
    "address: building.building.outdoor_humidity, kind: delay, delay: 3 h",
    "address: cathode.mixer.mixing.jacket_temperature, kind: drift, per_hour: 0.2 K",
    "address: cell.ocv_test.measured_open_circuit_voltage, kind: delay, delay: 2 h",
    "address: cell.grading.measured_dcir, kind: dropout, share: 20 %",
    "address: cell.formation.chamber_temperature, value: 30 degC, from: 5 h, until: 20 h",
    "address: cell.formation.chamber_temperature, kind: delay, delay: 1 h",
    "address: cell.formation, kind: stop, cause: power cut, at: 20 h, for: 2 h",
    "address: anode.coater, kind: stop, cause: breakdown, at: 9 h",
    "address: cell.stacker, kind: slow, speed: 50 %, at: 10 h, for: 6 h",
    "address: cathode.slitter, kind: tool_break, at: 11 h",
    "address: cathode.calender, kind: hazard, factor: 20, from: 6 h",
)
EVERY_KIND = [f"disturbances.d{number}={{{each}}}" for number, each in enumerate(_DISTURBANCES)]


class Nothing:
    """A sink that keeps nothing."""

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Forget rows."""


def shipped_line(name: str, days: float | None, sink: Sink) -> World:
    """Return the line of a shipped scenario, ended after some days; not begun, not filled yet.

    `disturbed` is the pilot week under disturbances of every kind.
    """
    file = BASELINE.with_name("pilot_week.yaml" if name == "disturbed" else f"{name}.yaml")
    scenario = load(file, EVERY_KIND if name == "disturbed" else ())
    if days is not None:
        end = round(days * DAY)
        window = (0, end) if scenario.window_ticks else scenario.window_ticks
        scenario = replace(
            scenario, duration_ticks=end, limit_ticks=end, window_ticks=window, order_cells=None
        )
    return compose.make_world(scenario, file.parent / scenario.files[1], sink)


def begin(world: World) -> None:
    """Begin a run as the command does."""
    if world.scenario.start == "filled":
        stock.fill(world)
    world.begin()


def choose(name: str, days: float | None, first_day: float, count: int) -> tuple[set[int], int]:
    """Return random events from `first_day` on, by number, and how many events there are.

    Two thirds of them are not of units that wake all the time.
    """
    world = shipped_line(name, days, Nothing())
    begin(world)
    every: list[int] = []
    lively: list[int] = []
    while True:
        who, _ = world.calendar._environment._queue[0][3].value
        if world.now >= first_day * DAY:
            every.append(world.events + 1)
            if who not in REGULAR:
                lively.append(world.events + 1)
        if not world.step():
            break
    chance = random.Random(20_261_121)  # noqa: S311  a sample, no secret
    chosen = set(chance.sample(every, count // 3))
    rest = [number for number in lively if number not in chosen]
    return chosen | set(chance.sample(rest, count - len(chosen))), world.events


@dataclass
class Saved:
    """A finished run of a shipped scenario, and snapshots taken on the way, by event."""

    folder: Path
    name: str
    days: float | None
    files: dict[int, Path] = field(default_factory=dict)


def save_at(folder: Path, name: str, days: float | None, chosen: set[int]) -> Saved:
    """Run a scenario into `folder`, saving the line after the chosen events."""
    writer = RunWriter(folder, {"scenario": name, "seed": 1}, "shipped")
    world = shipped_line(name, days, writer)
    saved = Saved(folder, name, days)
    begin(world)
    while world.step():
        if world.events in chosen:
            file = folder.with_name(f"{folder.name}-{world.events}.snapshot")
            file.write_bytes(run.save(world, writer.mark()))
            saved.files[world.events] = file
    run.close(world)
    writer.finish("complete")
    return saved


class LateSink:
    """Stands in for a writer that can only be opened once the snapshot has been read."""

    writer: RunWriter

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        self.writer.add(table, columns)


def thaw(saved: Saved, file: Path) -> list[str]:
    """Go on from a snapshot in a copy of the run folder; return what differs at the end."""
    sink = LateSink()
    world = shipped_line(saved.name, saved.days, sink)
    blob = file.read_bytes()
    mark = run.load(world, blob)
    found = [] if run.save(world, mark) == blob else ["saved again, the snapshot is another"]
    copy = shutil.copytree(saved.folder, file.with_suffix(".run"))
    sink.writer = RunWriter.resume(copy, mark)
    run_out(world)
    sink.writer.finish("complete")
    found += differences(saved.folder, copy)
    shutil.rmtree(copy)
    return found


def thaw_all_apart(saved: Saved) -> dict[str, list[str]]:
    """Thaw every snapshot in another process; return what differs, by event."""
    asked = {
        "folder": str(saved.folder),
        "name": saved.name,
        "days": saved.days,
        "snapshots": {str(number): str(file) for number, file in saved.files.items()},
    }
    places = os.pathsep.join((str(SOURCE), str(Path(__file__).parent)))
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(asked)],
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    whole = Saved(Path(order["folder"]), order["name"], order["days"])
    answer = {number: thaw(whole, Path(file)) for number, file in order["snapshots"].items()}
    sys.stdout.write(json.dumps(answer))
