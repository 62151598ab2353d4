"""Lines drawn in text, of stations that do nothing but take time.

    source[10 s] -> (2) -> sink[5 s]

A station makes parts (the first one), works on them one at a time, and hands them over through a
buffer of the given capacity. What happened is told as text too, so a test asserts the order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from doubles import Doubles
from line_support import Memory

from linetwin.line.drivers import ScriptedDriver
from linetwin.line.station import Operation, Station
from linetwin.line.world import World
from linetwin.scenario.resolved import (
    BufferConfig,
    CalendarConfig,
    CrewConfig,
    FailureConfig,
    Scenario,
    StationConfig,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.world import Models

ALWAYS: tuple[tuple[int, int], ...] = ()
HOUR = 3600


class Worker(Station):
    """Works on one part at a time; without a buffer to take from it makes parts."""

    def prepare(self) -> Operation | None:
        """Take a part, or make one."""
        job = self.state.job
        if "part" not in job:
            if self.config.takes:
                name = self.world.buffers[self.config.takes["in"]].take(self.name)
                if name is None:
                    return None
                job["part"] = name
            else:
                job["part"] = self.world.new_lot("part", "tray", self.name, 1.0, "1").name
        seconds, mode = self.value("cycle_time"), self.config.title
        return Operation("work", round(seconds * 1000), mode)

    def has_finished(self) -> bool:
        """Whether the first station has made all parts."""
        made = self.state.job.get("made", 0)
        return not self.config.takes and made >= self.value("parts")

    def complete(self) -> None:
        """The part is done."""
        job = self.state.job
        job["made"] = job.get("made", 0) + 1
        job["done"] = job.pop("part")
        self.world.log_event(self.name, "note", lot=job["done"], cause="done")

    def deliver(self) -> bool:
        """Hand the part over, or out of the line."""
        job = self.state.job
        if "out" in self.config.gives:
            if not self.world.buffers[self.config.gives["out"]].put(self.name, job["done"]):
                return False
            self.world.log_event(self.name, "give", lot=job.pop("done"))
        else:
            self.world.end_lot(job.pop("done"), "used", self.name)
        return True


@dataclass
class Setting:
    """What a drawing does not show.

    `extra`: station -> further fields of its configuration; `disturbing`: fields of the scenario.
    """

    parts: int = 3
    script: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)
    failing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    calendars: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    works_by: Mapping[str, str] = field(default_factory=dict)
    crew_size: int = 1
    crew_calendar: str = "always"
    modes: Mapping[str, str] = field(default_factory=dict)
    models: Models = field(default_factory=Doubles)
    duration_s: int = 24 * HOUR
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disturbing: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def number(value: float, unit: str = "s") -> Value:
    """Return a parameter of a test's line."""
    return Value(float(value), unit, "A", "test", "test")


def draw(topology: str, setting: Setting) -> World:
    """Return the line of a drawing; branches stand on lines of their own."""
    stations: dict[str, StationConfig] = {}
    buffers: dict[str, BufferConfig] = {}
    for branch in topology.strip().splitlines():
        parts = [part.strip() for part in branch.split("->")]
        for place, part in enumerate(parts):
            if part.startswith("("):
                continue
            name, seconds = re.fullmatch(r"(\w+)\[([\d.]+) s\]", part).groups()  # type: ignore[union-attr]
            takes, gives = {}, {}
            if place > 0:
                takes["in"] = f"before_{name}"
                capacity = float(parts[place - 1].strip("()"))
                buffers[takes["in"]] = BufferConfig(takes["in"], "lots", "tray", capacity)
            if place < len(parts) - 1:
                gives["out"] = f"before_{parts[place + 2].partition('[')[0]}"
            stations[name] = _station(name, float(seconds), takes, gives, setting)
    calendars = {
        name: CalendarConfig(name, spans)
        for name, spans in {"always": ALWAYS, **setting.calendars}.items()
    }
    scenario = Scenario(
        name="drawn",
        title="drawn",
        description="",
        start="empty",
        seed=1,
        order_cells=None,
        duration_ticks=setting.duration_s * 1000,
        limit_ticks=setting.duration_s * 1000,
        recording_ticks=setting.duration_s * 1000,
        stations=stations,
        buffers=buffers,
        materials={},
        calendars=calendars,
        crews={"crew": CrewConfig("crew", setting.crew_size, setting.crew_calendar)},
        building=None,
        text=topology,
        files=(),
        **{"disturbances": (), **setting.disturbing},
    )
    return World(scenario, setting.models, ScriptedDriver(setting.script), Memory(), Worker)


def _station(
    name: str, seconds: float, takes: dict[str, str], gives: dict[str, str], setting: Setting
) -> StationConfig:
    failures = tuple(
        FailureConfig(cause, number(1), number(60), number(0, "1"))
        for cause in setting.failing.get(name, ())
    )
    config = StationConfig(
        path=name,
        kind="worker",
        title=setting.modes.get(name, "Execute"),
        room="hall",
        calendar=setting.works_by.get(name, "always"),
        crew="crew",
        takes=takes,
        gives=gives,
        materials={},
        parameters={"cycle_time": number(seconds), "parts": number(setting.parts, "1")},
        processes={},
        machine=None,
        failures=failures,
    )
    return replace(config, **setting.extra.get(name, {}))


def story(world: World) -> str:
    """Tell the event log: seconds, station, and what happened, a line per event."""
    sink = world.sink
    assert isinstance(sink, Memory)
    return "\n".join(_sentence(row) for row in sink.rows["events"])


def _sentence(row: dict[str, Any]) -> str:
    what = {"state": row["state"], "note": row["cause"]}.get(row["event"], row["event"])
    if row["event"] == "state" and row["cause"]:
        what = f"{what} ({row['cause']})"
    if row["event"] in {"failure", "repair", "micro_stop", "maintenance"}:
        what = f"{what} {row['cause']}"
    words = [f"{row['tick'] / 1000:g}", row["station"], what, row["lot"]]
    return " ".join(word for word in words if word)


def told(text: str) -> str:
    """Return an expected story without its indentation."""
    return dedent(text).strip()


def play(topology: str, setting: Setting | None = None) -> World:
    """Run a drawn line until its time is over."""
    world = draw(topology, setting or Setting())
    world.begin()
    while world.step():
        pass
    return world
