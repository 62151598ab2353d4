"""`linetwin live run`: a line follows a plant, learns from it, and says what comes."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from linetwin.cli.compose import FmuModels, check_models
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held
from linetwin.cli.twin_view import Screen, View
from linetwin.cli.visiting import Visit, password_of, propose_mapping
from linetwin.errors import LinkError, Problem, ScenarioError
from linetwin.line.checks import check_line
from linetwin.line.kinds import make_station
from linetwin.line.leading import LedDriver
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.quantities import Quantity
from linetwin.scenario import load, units
from linetwin.scenario.loading import find_scenario
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.assimilating import Assimilator
from linetwin.twin.board.board import Board
from linetwin.twin.columns import Flag
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.following.joining import Standing
from linetwin.twin.following.meaning import Meaning
from linetwin.twin.following.plant_time import PlantTime
from linetwin.twin.session import Parts, Session

if TYPE_CHECKING:
    from linetwin.line.world import Sink
    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.columns import Batch
    from linetwin.twin.events import PlantEvent
    from linetwin.twin.feed.parcels import Parcel

SESSION = "twin.session"
"""Name of the saved twin in its folder."""
MAPPING = "mapping.yaml"
_WAIT_S = 0.1
_SETTLE_S = 3.0
"""Wall time from the first values to joining: the server has told how all stands by then."""
_SAVE_EVERY_S = 300.0
_RESTART_S = 5.0
_MANY_ROWS = 8
"""Rows of a parcel whose median tells the time of a played plant."""
_SPAN = Quantity("time", "s", "wall time", minimum=0.001, maximum=3.2e7)
_TICK_NS = 1_000_000


@dataclass(frozen=True)
class TwinRequest:
    """What the user asked for; a mapping, or an endpoint whose names say everything."""

    scenario: str
    folder: Path
    security: Path
    mapping: Path | None = None
    endpoint: str = ""
    user: str = ""
    policy: str = "Basic256Sha256"
    ask: bool = False
    duration: str | None = None
    settings: tuple[str, ...] = ()

    def seconds(self) -> float | None:
        """Return the wall time after which to end [s]."""
        if self.duration is None:
            return None
        try:
            return units.parse(self.duration, _SPAN)
        except ScenarioError as error:
            raise ScenarioError(
                [Problem(each.message, "--for", each.hint) for each in error.problems]
            ) from error

    def load(self) -> Scenario:
        """Return the scenario; one without a section `twin` is refused."""
        scenario = load(self.scenario, self.settings)
        if scenario.twin is None:
            hint = "what is estimated, read and predicted, as scenarios/live_twin.yaml has it"
            file = find_scenario(self.scenario)
            raise ScenarioError([Problem("has no section twin", "twin", hint, file)])
        return scenario


def run(request: TwinRequest, *, as_json: bool) -> None:
    """Follow a plant until the user or the time ends it."""
    seconds, scenario = request.seconds(), request.load()
    request.folder.mkdir(parents=True, exist_ok=True)
    with held(request.folder), Interruption().watched() as interruption:
        mapping_file = _mapping(request)
        mapping = load_mapping(mapping_file, scenario)
        parts, models = led_parts(scenario, request)
        feed = _Feed(_order(request, mapping_file, mapping))
        try:
            twin = _Twin(request, parts, mapping)
            twin.follow(feed, interruption, seconds, Screen(quiet=as_json))
        finally:
            feed.close()
            models.close()
    twin.tell(as_json=as_json)


def led_parts(scenario: Scenario, request: TwinRequest) -> tuple[Parts, FmuModels]:
    """Return what a led line of a scenario is made of."""
    base = find_scenario(request.scenario).resolve()
    check_models(scenario, base)
    models = FmuModels(base, recording=True)
    models.open_all(scenario)
    assimilator = Assimilator(scenario, models, scenario.seed)
    assert scenario.twin is not None  # noqa: S101  the request has looked
    mean = scenario.twin.stations | {
        path for path, each in scenario.stations.items() if each.kind == "mixer"
    }

    def world(led: Scenario, sink: Sink) -> World:
        driver = LedDriver(Streams(led.seed), mean)
        found = World(led, assimilator.models, driver, sink, make_station)
        check_line(found)
        return found

    return Parts(scenario, assimilator, world), models


def _mapping(request: TwinRequest) -> Path:
    """Return the mapping file: the one given, the folder's, or one proposed for it."""
    if request.mapping is not None:
        return request.mapping
    own = request.folder / MAPPING
    if not own.exists():
        if not request.endpoint:
            hint = "--mapping FILE, or --endpoint of a plant that linetwin serves"
            raise ScenarioError([Problem("no plant is named", "--mapping", hint)])
        visit = Visit(
            request.endpoint, request.security, request.policy, request.user, "", ask=request.ask
        )
        propose_mapping(visit, request.scenario, "nobody yet", own, aside=True)
    return own


def _order(request: TwinRequest, file: Path, mapping: Mapping) -> FeedOrder:
    users = {name: source.security.user for name, source in mapping.sources.items()}
    passwords = {name: password_of(user) for name, user in users.items() if user}
    return FeedOrder(file, request.security, passwords)


class _Feed:
    """A live feed that is started again where its process has died."""

    def __init__(self, order: FeedOrder) -> None:
        self._order = order
        self._feed: LiveFeed | None = LiveFeed(order)
        self._again = 0.0
        self.restarts = 0

    def take(self) -> Parcel | None:
        """Return the next parcel; None where there is none, or no feed."""
        if self._feed is None:
            if time.monotonic() < self._again:
                time.sleep(_WAIT_S)
                return None
            self._feed = LiveFeed(self._order)
            self.restarts += 1
        try:
            return self._feed.take(_WAIT_S)
        except LinkError as error:
            sys.stderr.write(f"linetwin: {error}; it is started again in {_RESTART_S:g} s\n")
            self.close()
            self._again = time.monotonic() + _RESTART_S
            return None

    def close(self) -> None:
        """End the feed's process."""
        if self._feed is not None:
            feed, self._feed = self._feed, None
            feed.close()


@dataclass
class _Twin:
    """The twin while it runs: what has come, and the session that follows it."""

    request: TwinRequest
    parts: Parts
    mapping: Mapping
    session: Session | None = None
    waiting: list[PlantEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.latest = Latest(self.mapping)
        played = any(each.played for each in self.mapping.sources.values())
        publishing = max(each.publishing_s for each in self.mapping.sources.values())
        self.time = PlantTime(played=played, hold_s=2 * publishing)
        self.board = Board(self.request.folder)
        self.view = View(self.board)
        for notice in self.board.notices:
            self.view.note(notice)
        self.standing = Standing()
        self._meaning: Meaning | None = None
        self._file = self.request.folder / SESSION
        self._saved = time.monotonic()
        self._first = 0.0
        if self._file.exists():
            self.session, cursor = Session.load(self.parts, self._file.read_bytes())
            self._meaning = Meaning(self.mapping, self.parts.scenario, cursor["origin"])

    def follow(
        self, feed: _Feed, interruption: Interruption, seconds: float | None, screen: Screen
    ) -> None:
        """Take parcels and follow, until asked to end; the twin is saved now and then."""
        begun = time.monotonic()
        with screen:
            while not interruption.asked:
                if seconds is not None and time.monotonic() - begun > seconds:
                    break
                parcel = feed.take()
                if parcel is not None:
                    self.take(parcel)
                self.go_on()
                screen.show(self.view, self.session, self.latest, self._state())
                if time.monotonic() - self._saved > _SAVE_EVERY_S:
                    self.save()
        self.save()

    def take(self, parcel: Parcel) -> None:
        """Take what has come."""
        self.latest.take(parcel)
        for notice in parcel.notices:
            self.view.note(f"{notice.source}: {notice.kind}: {notice.text}")
        if parcel.batch is None or not len(parcel.batch):
            return
        self._note_time(parcel.batch)
        if self._meaning is None:
            self._meaning = Meaning(self.mapping, self.parts.scenario, self._origin())
        events = list(self._meaning.events(parcel.batch))
        if self.session is None:
            self.standing.note(events)
            self._first = self._first or time.monotonic()
        self.waiting += events

    def go_on(self) -> None:
        """Join the plant once it has told how it stands; then follow it."""
        if self._meaning is None or not self.time.pace:
            return
        until = self._meaning.tick(self.time.until(time.monotonic_ns()))
        if self.session is None:
            if not self._first or time.monotonic() - self._first < _SETTLE_S:
                return
            self.standing.tick = until
            self.session = Session.join(self.parts, self.standing)
            self.view.note(f"joined the plant at {self.view.line_time(until)}")
        elif until > self.session.now or self.waiting:
            self.session.hear(self.waiting, max(until, self.session.now))
        self.waiting = []
        predictions, outcomes = self.session.predictions(), self.session.outcomes()
        self.board.register(predictions, self.session.now)
        self.board.score(outcomes, self.session.now)
        self.view.take(predictions, outcomes)

    def _note_time(self, batch: Batch) -> None:
        """Note up to when the plant has told: until now, for one whose clock goes as ours does.

        Of a played plant the usual time of what has changed: what its server held when the link
        was made may be old, and clocks of its machines may be wrong.
        """
        now = time.monotonic_ns()
        times = batch.time[(batch.flags & np.uint32(Flag.FIRST | Flag.BAD)) == 0]
        if not self.time.played:
            self.time.heard(now, time.time_ns())
        elif len(times) >= _MANY_ROWS:
            self.time.heard(now, int(np.median(times)))
        else:
            self.time.heard(now)

    def _origin(self) -> int:
        """Return the line's Monday 00:00 [ns UTC]: as mapped, else this week's."""
        if self.mapping.line_start is not None:
            return self.mapping.line_start
        week = 7 * 86_400
        monday = 4 * 86_400  # 1970 began on a Thursday
        now = time.time_ns() // 1_000_000_000
        return ((now - monday) // week * week + monday) * 1_000_000_000

    def _state(self) -> str:
        """Return in a word how twin and plant stand to one another."""
        if self.session is None:
            return "joining"
        if self.time.is_silent(time.monotonic_ns()):
            return "open loop"
        return "out of step" if sum(self.session.follower.leader.apart().values()) else "in step"

    def save(self) -> None:
        """Save the twin; the file is replaced at once or not at all."""
        self._saved = time.monotonic()
        if self.session is None or self._meaning is None:
            return
        blob = self.session.save(
            {
                "origin": self._meaning.origin,
                "scenario": str(find_scenario(self.request.scenario).resolve()),
                "settings": list(self.request.settings),
            }
        )
        new = self._file.with_suffix(".new")
        with new.open("wb") as stream:
            stream.write(blob)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._file)
        self.board.save()

    def tell(self, *, as_json: bool) -> None:
        """Print how the twin stands."""
        found: dict[str, Any] = self.view.plain(self.session, self._state())
        self.view.print(found, as_json=as_json)
        typer.echo(f"saved: {self._file}", err=True)
