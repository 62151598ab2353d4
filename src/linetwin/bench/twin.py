"""`linetwin bench twin`: a month of a plant with hidden faults, followed as `live run` follows one.

Plant, feed and twin are those of the commands; only server and sockets are left out, and the time
is the plant's: parcels of five minutes, a look at each, the twin saved every six hours.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.bench.in_process import BEGUN_NS, NS_PER_TICK, InProcessPlant, written_mapping
from linetwin.bench.watched import resident_mb
from linetwin.cli.compose import FmuModels
from linetwin.cli.twin_clock import SetClock
from linetwin.cli.twin_feed import Beginning
from linetwin.cli.twin_following import Following
from linetwin.cli.twin_keeping import Keeper
from linetwin.cli.twin_run import TwinRequest, led_parts
from linetwin.line.drivers import StochasticDriver
from linetwin.line.kinds import make_station
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario
from linetwin.twin.board.alerts import GATHERED
from linetwin.twin.feed.process import FeedOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from linetwin.line.world import Sink
    from linetwin.scenario.resolved import Scenario
    from linetwin.scenario.twin import EstimateConfig, TwinConfig
    from linetwin.twin.board.tally import Score
    from linetwin.twin.feed.parcels import Parcel
    from linetwin.twin.session import Parts

PLANT, TWIN = "live_plant", "live_twin"
DAYS = 30.0
DAY_TICKS = 86_400_000
RECORDED_TICKS = 60_000
"""The plant tells its sensors once a minute, not every 10 s: what it makes stays the same."""
SAVED_EVERY_S = 6 * 3600.0
SHOWN_DAYS = (1, 2, 5, 10, 15, 20, 25, 30)
CPU_LIMIT_S = 60.0
"""A month in half an hour on one core [A]."""
BEHIND = 2.0
"""Lots: as for the line on doubles (`tests/twin/test_following.py`)."""
FALSE_PER_DAY = 0.1
"""As the shipped twin is told to keep."""
SETTLED, GROWTH_LIMIT = 15, 0.01
"""Journal and snapshots are cut at 14 days; from then on 1 % a day counts as flat [A]."""
FOUND = frozenset({"drift", "bias", "ambiguous", "change", "mismatch"})
"""Kinds of alerts that say what is wrong with the plant, and so can be false."""


@dataclass(frozen=True)
class Day:
    """How things stood at the end of a day.

    `memory_mb`: resident, of plant and twin; `saved_mb`: size of the saved twin. `cpu_s`: CPU time
    since the beginning, of it `plant_s` in the plant. `behind`: station -> the most lots so far.
    """

    day: int
    memory_mb: float
    open_files: int
    saved_mb: float
    cpu_s: float
    plant_s: float
    behind: dict[str, int]


@dataclass(frozen=True)
class Alarm:
    """An alert that was raised; `day`: days of the line. `is_false`: no hidden fault is named."""

    kind: str
    about: str
    day: float
    is_false: bool


@dataclass(frozen=True)
class Fault:
    """A hidden fault; `found_days` after it began it was named alone, NaN for never.

    `among_days`: it was named first, be it as one of several.
    """

    name: str
    began_day: float
    found_days: float
    among_days: float


@dataclass
class Followed:
    """What came of following a plant for `days`.

    `apart`: lots handed over by the plant's stations since the twin joined that the twin's have not
    handed over, at the end; `behind`: the most that a station was behind, `behind_share` part of
    the looks at which it was. `levels`: buffer or tank -> plant, twin.
    """

    days: float
    wall_s: float = 0.0
    rows: int = 0
    events: int = 0
    late_events: int = 0
    by_day: list[Day] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    estimates: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)
    apart: dict[str, int] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    behind_share: dict[str, float] = field(default_factory=dict)
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def false_per_day(self) -> float:
        """False alarms a day."""
        return sum(each.is_false for each in self.alarms) / self.days


def measure(days: float = DAYS, tell: Callable[[str], None] = lambda _: None) -> Followed:
    """Follow the shipped plant with the shipped twin; `tell` hears of each day and alert."""
    base = find_scenario(PLANT)
    models = FmuModels(base.resolve(), recording=False)
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        request = TwinRequest(TWIN, Path(name), Path(name, "security"))
        parts, led = led_parts(request.load(), request)

        def make(scenario: Scenario, sink: Sink) -> World:
            driver = StochasticDriver(Streams(scenario.seed))
            return World(scenario, models, driver, sink, make_station)

        try:
            plant = replace(load(PLANT), recording_ticks=RECORDED_TICKS)
            return follow(plant, make, parts, Path(name), days, tell)
        finally:
            models.close()
            led.close()


def follow(
    scenario: Scenario,
    make: Callable[[Scenario, Sink], World],
    parts: Parts,
    folder: Path,
    days: float,
    tell: Callable[[str], None] = lambda _: None,
) -> Followed:
    """Follow a plant of a scenario with a twin of `parts` in a folder."""
    config = parts.scenario.twin
    assert config is not None  # noqa: S101  the scenario of a twin
    plant = InProcessPlant(scenario, make)
    file = folder / "mapping.yaml"
    mapping = written_mapping(plant.model, parts.scenario, file)
    clock = SetClock(BEGUN_NS)
    keeper = Keeper(folder, clock, SAVED_EVERY_S)
    beginning = Beginning(mapping, FeedOrder(file, folder))
    watch = _Watch(plant, Following(parts, mapping, keeper, beginning, {}), days)
    until = round(days * DAY_TICKS)
    parcels = plant.parcels(mapping, until)
    while (found := watch.next_of(parcels)) is not None:
        tick, parcel = found
        clock.ns = BEGUN_NS + tick * NS_PER_TICK
        watch.twin.serve(parcel)
        watch.look(tick, tell)
    return watch.done(config, scenario)


class _Watch:
    """Counts and times what a twin does."""

    def __init__(self, plant: InProcessPlant, twin: Following, days: float) -> None:
        self.plant, self.twin = plant, twin
        self.found = Followed(days)
        self._begun, self._cpu, self._plant_s = time.monotonic(), time.process_time(), 0.0
        self._joined: Counter[str] | None = None
        self._alarms: dict[str, tuple[str, str, float]] = {}
        self._behind: Counter[str] = Counter()
        self._looks = self._day = 0

    def next_of(self, parcels: Iterator[tuple[int, Parcel]]) -> tuple[int, Parcel] | None:
        """Return the next parcel, with the plant's CPU time kept."""
        begin = time.process_time()
        found = next(parcels, None)
        self._plant_s += time.process_time() - begin
        if found is not None and found[1].batch is not None:
            self.found.rows += len(found[1].batch)
        return found

    def look(self, tick: int, tell: Callable[[str], None]) -> None:
        """See how plant and twin stand to one another."""
        session = self.twin.session
        if session is None:
            return
        if self._joined is None:
            self._joined = self.plant.given.lots.copy()
        self._looks += 1
        apart = session.follower.leader.apart()
        self._behind.update(apart.keys())
        for station, lots in apart.items():
            self.found.behind[station] = max(lots, self.found.behind.get(station, 0))
        for alert in self.twin.desk.alerts.shown():
            if alert.id != GATHERED and alert.id not in self._alarms:
                day = (alert.raised - BEGUN_NS / 1e9) / 86_400
                about = "+".join(alert.names) or alert.key.removeprefix(alert.kind).strip()
                self._alarms[alert.id] = alert.kind, about, day
                tell(f"day {day:.2f}: {alert.kind} {about}")
        if tick >= (self._day + 1) * DAY_TICKS:
            self._day = tick // DAY_TICKS
            self.found.by_day.append(self._stand())
            tell(told(self.found.by_day[-1]))

    def _stand(self) -> Day:
        saved = self.twin.keeper.file
        size = saved.stat().st_size / 1e6 if saved.exists() else 0.0
        opened = Path("/proc/self/fd")
        files = len(list(opened.iterdir())) if opened.exists() else -1
        cpu_s = time.process_time() - self._cpu
        behind = dict(self.found.behind)
        return Day(self._day, resident_mb(), files, size, cpu_s, self._plant_s, behind)

    def done(self, config: TwinConfig, scenario: Scenario) -> Followed:
        """Return everything, with what was found of the faults."""
        found, session = self.found, self.twin.session
        assert session is not None  # noqa: S101  it has joined within minutes
        assert self._joined is not None  # noqa: S101
        found.wall_s = time.monotonic() - self._begun
        found.events, found.late_events = session.heard, session.follower.late
        found.scores = [each for each in self.twin.board.scores() if each.span == "all"]
        found.estimates = {
            each.name: (each.low, each.median, each.high)
            for each in session.parts.assimilator.estimates()
        }
        found.behind_share = {name: n / self._looks for name, n in self._behind.items()}
        found.given = self.plant.given.lots - self._joined
        leader, world = session.follower.leader, session.follower.world
        led = [each.name for each in world.equipment() if each.config.gives]
        found.apart = {name: found.given[name] - leader.of(name).made for name in led}
        for path, buffer in self.plant.world.buffers.items():
            found.levels[path] = buffer.level, world.buffers[path].level
        for path, tank in self.plant.world.tanks.items():
            found.levels[path] = tank.level, world.tanks[path].level
        faults = faults_of(scenario, config)
        found.alarms = [
            Alarm(
                kind,
                about,
                day,
                kind in FOUND and not set(about.split("+")) & set(faults),
            )
            for kind, about, day in self._alarms.values()
        ]
        found.faults = [_fault(name, day, found.alarms) for name, day in faults.items()]
        return found


def faults_of(scenario: Scenario, config: TwinConfig) -> dict[str, float]:
    """Return estimate or instrument -> day from which a disturbance of the plant acts on it."""
    found: dict[str, float] = {}
    for each in scenario.deviations:
        address = f"{each.station}.{each.what}"
        names = [e.name for e in config.estimates if _acts_on(e) == address]
        if each.subject == "reading":
            names = [e.name for e in config.instruments if e.signal == address]
        found |= dict.fromkeys(names, each.start_tick / DAY_TICKS)
    return found


def _acts_on(estimate: EstimateConfig) -> str:
    """Return the set value that an estimate is a factor of; "" where it is a doubt of a law."""
    whole = not estimate.address.rpartition("@")[0]
    return f"{estimate.station}.{estimate.quantity}" if whole else ""


def _fault(name: str, begun: float, alarms: Sequence[Alarm]) -> Fault:
    named = [each for each in alarms if name in each.about.split("+") and each.day >= begun]
    alone = [each for each in named if each.about == name]
    return Fault(name, begun, _first(alone) - begun, _first(named) - begun)


def _first(alarms: Sequence[Alarm]) -> float:
    return min((each.day for each in alarms), default=math.nan)


# ------------------------------------------------------------------------------------- in words
def told(day: Day) -> str:
    """Return a day as text."""
    return (
        f"day {day.day}: {day.memory_mb:.0f} MB resident, {day.open_files} open files, "
        f"saved twin {day.saved_mb:.1f} MB, CPU {day.cpu_s:.0f} s, plant {day.plant_s:.0f} s, "
        f"at most {max(day.behind.values(), default=0)} lots behind"
    )


def describe(found: Followed) -> str:
    """Return all figures as text."""
    behind = [
        f"{name} {lots} ({found.behind_share[name]:.1%} of the looks)"
        for name, lots in found.behind.items()
    ]
    apart = {name: lots for name, lots in found.apart.items() if lots} or "none"
    lines = [
        f"{found.days:g} days in {found.wall_s / 60:.1f} min: {found.rows:,} values",
        f"{found.events:,} events, {found.late_events:,} of them late",
        *(told(each) for each in found.by_day if each.day in SHOWN_DAYS),
        f"lots handed over since joining: {found.given.total():,}; apart at the end: {apart}",
        f"lots behind at most: {', '.join(behind) or 'none'}",
        *(_fault_in_words(each) for each in found.faults),
        f"alerts: {len(found.alarms)}, false {found.false_per_day:.2f} a day",
        *(
            f"  day {each.day:.2f}: {each.kind} {each.about}{' (false)' if each.is_false else ''}"
            for each in found.alarms
        ),
        *(_score_in_words(each) for each in found.scores),
        *(
            f"{name}: {median:.4f} ({low:.4f} to {high:.4f})"
            for name, (low, median, high) in found.estimates.items()
        ),
    ]
    return "\n".join(lines)


def _fault_in_words(fault: Fault) -> str:
    if math.isnan(fault.among_days):
        return f"{fault.name}: hidden from day {fault.began_day:.2f}, not found"
    alone = "never" if math.isnan(fault.found_days) else f"after {fault.found_days:.1f} d"
    return (
        f"{fault.name}: hidden from day {fault.began_day:.2f}, named alone {alone}, "
        f"first among others after {fault.among_days:.1f} d"
    )


def _score_in_words(score: Score) -> str:
    place = f" after zone {score.place}" if score.place else ""
    return (
        f"{score.station}.{score.quantity}{place} by {score.instrument}: {score.count}, "
        f"inside {score.share:.1%} ({score.low:.1%} to {score.high:.1%}), ratio {score.ratio:.2f}"
    )


def verdicts(found: Followed) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    limits = {
        "CPU of plant and twin for a day in s": (
            found.by_day[-1].cpu_s / found.by_day[-1].day if found.by_day else math.nan,
            CPU_LIMIT_S,
        ),
        "lots that a station was behind": (float(max(found.behind.values(), default=0)), BEHIND),
        "false alarms a day": (found.false_per_day, FALSE_PER_DAY),
    }
    later = [each for each in found.by_day if each.day >= SETTLED]
    if len(later) > 1:
        first, last = later[0], later[-1]
        growth = (last.memory_mb - first.memory_mb) / (last.day - first.day)
        limits[f"growth of memory after day {SETTLED} in MB a day"] = (
            growth,
            GROWTH_LIMIT * first.memory_mb,
        )
        limits["growth of open files"] = (float(last.open_files - first.open_files), 0.0)
    return limits
