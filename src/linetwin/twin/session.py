"""A session of the twin: a line that follows a plant, and what is learnt from the plant's lots.

Nothing here knows where events come from, where predictions go, or what time it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgpack

from linetwin.errors import Problem, ScenarioError, SimulationError
from linetwin.twin.assimilating.notes import NotedModels
from linetwin.twin.board.grades import Grader
from linetwin.twin.following.follower import Follower, Passing
from linetwin.twin.following.joining import Making, endless, half_made, join
from linetwin.twin.sensing import virtual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from linetwin.line.world import Models, Sink, World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.assimilating import Assimilator, Finding, Outcome, Prediction
    from linetwin.twin.events import PlantEvent
    from linetwin.twin.following.follower import Passed
    from linetwin.twin.following.joining import Standing
    from linetwin.twin.sensing import Sensed

DEAF_TICKS = 60_000
"""Time without any news of a plant, of which some value changes every few seconds [A]."""
MAGIC = b"linetwin twin\n"
FORMAT = 7
"""Version of a saved session; one of another version is refused."""


@dataclass(frozen=True)
class Parts:
    """What a session is made of: how a led line is made, and the assimilator of its models.

    The scenario's own stock is replaced by what the plant tells, so a line is made once it did.
    """

    scenario: Scenario
    assimilator: Assimilator
    world: Callable[[Scenario, Sink], World]


class Session:
    """Follows and learns; all times in ticks of the line."""

    def __init__(self, parts: Parts, follower: Follower, begun: int) -> None:
        self.parts = parts
        self.follower = follower
        follower.on_pass = self.passed
        self.begun = begun
        """Tick at which the twin joined."""
        self.heard = 0
        """Events taken."""
        self.last_heard = begun
        """Latest time that the plant has told of."""
        self.followed = follower.now
        """Tick up to which the plant has been followed: its line may have had nothing to do."""
        config = parts.scenario.twin
        self._read = {each.signal for each in config.instruments} if config is not None else set()
        grades = config.grades if config is not None else None
        self.grader = Grader(parts.scenario, grades, self._models) if grades is not None else None

    @classmethod
    def join(cls, parts: Parts, standing: Standing) -> Session:
        """Begin with a line that stands as the plant does."""
        session = cls(parts, join(parts.scenario, standing, Making(parts.world)), standing.tick)
        parts.assimilator.joined(half_made(parts.scenario, standing))
        parts.assimilator.advance(standing.tick)
        return session

    @property
    def now(self) -> int:
        """Tick up to which the twin has come."""
        return self.follower.now

    def hear(self, events: Iterable[PlantEvent], until: int, *, alone: bool = False) -> None:
        """Take what the plant has told, and follow it to `until`.

        `alone`: the plant is silent, the line goes on as its stations would: open loop.
        """
        told = list(events)
        if until - self.last_heard > DEAF_TICKS:
            self._note_silence(told)
        self.follower.alone(alone)
        self.heard += len(told)
        self.last_heard = max([self.last_heard, *(each.tick for each in told if each.usable)])
        self.follower.advance((each for each in told if each.kind != "measurement"), until)
        for event in told:
            if event.kind != "measurement":
                continue
            if event.address in self._read:
                self.parts.assimilator.measured(event)
            if self.grader is not None and event.address in self.grader.signals:
                self.grader.told(self.follower.world, event)
        self.parts.assimilator.advance(until)
        self.followed = until

    def _note_silence(self, told: Sequence[PlantEvent]) -> None:
        """Tell the assimilator of times of which nothing was told: what went on then is unknown."""
        ticks = sorted({each.tick for each in told if each.usable and each.tick > self.last_heard})
        for before, after in pairwise([self.last_heard, *ticks]):
            if after - before > DEAF_TICKS:
                self.parts.assimilator.unheard(after)

    def passed(self, passed: Passed) -> None:
        """A station of the line has taken a lot or handed one over."""
        assimilator, world = self.parts.assimilator, self.follower.world
        if passed.what == "take":
            assimilator.took(passed.station, passed.lot, passed.tick)
            if self.grader is not None:
                self.grader.took(world, passed.station, passed.lot, passed.tick)
            return
        if passed.lot in world.lots:
            lot = world.lots[passed.lot]
            assimilator.gave(passed.station, lot, passed.tick, passed.plant_lot)
        if self.grader is not None:
            self.grader.gave(world, passed.station, passed.lot, passed.tick)

    def predictions(self) -> list[Prediction]:
        """Return what has been predicted since this was asked last."""
        grades = self.grader.predictions() if self.grader is not None else []
        return self.parts.assimilator.predictions() + grades

    def outcomes(self) -> list[Outcome]:
        """Return what has come out since this was asked last."""
        grades = self.grader.outcomes(self.now) if self.grader is not None else []
        return self.parts.assimilator.outcomes() + grades

    def remarks(self) -> list[str]:
        """Return what people should know of readings since this was asked last."""
        return self.parts.assimilator.remarks()

    def findings(self) -> list[Finding]:
        """Return what is wrong, as far as it is known."""
        return self.parts.assimilator.findings()

    def withdrawn(self) -> list[Finding]:
        """Return what corrections have taken back since this was asked last."""
        return self.parts.assimilator.withdrawn()

    def sensed(self, newest: Iterable[Prediction], age_s: float) -> list[Sensed]:
        """Return what virtual sensors read now; `newest`: prediction of each quantity.

        `age_s`: of the newest data that were worked in [s].
        """
        return virtual(self.follower.world, self._models, newest, age_s)

    @property
    def _models(self) -> Models:
        """Models to ask what is no work on a lot, and so not to be noted."""
        models = self.parts.assimilator.models
        return models.models if isinstance(models, NotedModels) else models

    def plant_lot(self, station: str, lot: str) -> str:
        """Return the plant's name of a lot of the twin's line, "" where it is not known."""
        return self.follower.leader.plant_lot(station, lot)

    def called(self, station: str, lot: str) -> str:
        """Return a lot as people know it: by the plant's name, else marked as the twin's own."""
        return self.plant_lot(station, lot) or f"twin's {lot}"

    # ---------------------------------------------------------------------------- saving
    def save(self, cursor: dict[str, Any]) -> bytes:
        """Return everything; `cursor`: where its feed stood, plain data."""
        body = bytes(
            msgpack.packb(
                {
                    "format": FORMAT,
                    "scenario": _digest(self.parts.scenario),
                    "line": self.follower.save(),
                    "learnt": self.parts.assimilator.save(),
                    "grades": self.grader.save() if self.grader is not None else None,
                    "begun": self.begun,
                    "heard": self.heard,
                    "last_heard": self.last_heard,
                    "cursor": cursor,
                }
            )
        )
        return MAGIC + hashlib.sha256(body).digest() + body

    @classmethod
    def load(cls, parts: Parts, blob: bytes) -> tuple[Session, dict[str, Any]]:
        """Continue a saved session; return it with the cursor of its feed.

        SimulationError where it is damaged or of another version, ScenarioError where it is of
        another scenario.
        """
        data = unpacked(blob)
        if data["scenario"] != _digest(parts.scenario):
            message = "the saved twin is of another scenario, settings or version of linetwin"
            hint = "name those that it was begun with, or another folder for another twin"
            raise ScenarioError([Problem(message, hint=hint)])
        passing = Passing()
        world = parts.world(endless(parts.scenario), passing)
        follower = Follower(world, passing)
        follower.load(data["line"])
        parts.assimilator.load(data["learnt"])
        session = cls(parts, follower, data["begun"])
        if session.grader is not None:
            session.grader.load(data["grades"])
        session.heard, session.last_heard = data["heard"], data["last_heard"]
        cursor: dict[str, Any] = data["cursor"]
        return session, cursor


def unpacked(blob: bytes) -> dict[str, Any]:
    """Return the content of a saved session; SimulationError where it is none, or damaged."""
    start = len(MAGIC) + hashlib.sha256().digest_size
    body = blob[start:]
    if blob[:start] != MAGIC + hashlib.sha256(body).digest():
        raise SimulationError("this is no saved twin, or it is damaged")
    data: dict[str, Any] = msgpack.unpackb(body, strict_map_key=False)
    if data.get("format") != FORMAT:
        message = f"a saved twin of format {data.get('format')}; this version reads {FORMAT}"
        raise SimulationError(message)
    return data


def _digest(scenario: Scenario) -> str:
    return hashlib.sha256(scenario.text.encode()).hexdigest()
