"""What is known of a running twin: as plain data, for its server, and for the screen."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from linetwin.cli.printing import print_json, safe, say_aside
from linetwin.twin.publishing.shown import Measured, Shown, SourceShown, StationShown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.cli.twin_state import State
    from linetwin.twin.assimilating.rows import Outcome, Prediction
    from linetwin.twin.board.alerts import Alert
    from linetwin.twin.board.board import Board
    from linetwin.twin.feed.parcels import Latest
    from linetwin.twin.sensing import Sensed
    from linetwin.twin.session import Session

NOTES_KEPT = 5
MADE_KEPT = 10_000
"""Predictions that are kept until they come out: some are never measured."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORKS = "Execute"
NO_WIDTH = 1e-4
"""Relative width up to which bounds are taken to be one number: no interval is shown [A]."""


@dataclass(frozen=True)
class SourceNow:
    """A source of values: its link, age of its newest message [s], signals that are stale.

    `never`: signals of which nothing has ever come; they are not among the stale.
    `left_out`: rows and values of a file that could not be read.
    """

    source: str
    link: str
    error: str
    age_s: float
    signals: int
    stale: tuple[str, ...]
    never: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True)
class StationNow:
    """A station in plant and twin; `behind`: lots that the twin has yet to hand over."""

    name: str
    plant: str
    twin: str
    behind: int

    @property
    def in_trouble(self) -> Literal[0, 1, 2]:
        """2 where it stands still or the twin is behind, 1 where it is told not to work, else 0."""
        if self.behind or self.plant in {"Aborted", "Aborting", "Held", "Holding", "Stopped"}:
            return 2
        return 0 if self.plant in {WORKS, ""} else 1


class View:
    """Keeps the newest prediction and outcome of each quantity, alerts and notes."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.predictions: dict[tuple[str, str, int], Prediction] = {}
        self.outcomes: dict[tuple[str, str, int, str], tuple[Prediction, Outcome]] = {}
        """The newest of each quantity by each instrument."""
        self._made: dict[str, Prediction] = {}
        self.notes: list[str] = []
        self.say: Callable[[str], None] = say_aside
        """Writes a line to standard error."""
        self.alerts: Sequence[Alert] = ()
        self.unconfirmed = ""
        """Why nobody has confirmed the mapping, "" where a person has."""
        self.origin: int | None = None
        """Instant of the line's tick 0 at the plant [ns UTC]; None before it is known."""

    def note(self, text: str) -> None:
        """Keep a remark for people."""
        text = safe(text)
        self.notes = [*self.notes, text][-NOTES_KEPT:]
        if not sys.stdout.isatty():
            self.say(text)

    def tell(self, text: str) -> None:
        """Write a line to standard error, from any thread."""
        self.say(text)

    def take(self, predictions: Sequence[Prediction], outcomes: Sequence[Outcome]) -> None:
        """Take what has been predicted and has come out since the last time."""
        for each in predictions:
            self.predictions[each.station, each.quantity, each.place] = each
            self._made[each.id] = each
            while len(self._made) > MADE_KEPT:
                del self._made[next(iter(self._made))]
        for outcome in outcomes:
            if made := self._made.get(outcome.prediction):
                key = made.station, made.quantity, made.place, outcome.instrument
                self.outcomes[key] = made, outcome

    def line_time(self, tick: int) -> str:
        """Return a tick as day and time of the line."""
        minutes, seconds = divmod(tick // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        return f"day {hours // 24} {hours % 24:02d}:{minutes:02d}:{seconds:02d}"

    def plant_time(self, tick: int) -> str:
        """Return a tick by the plant's clock, "" where that is not known."""
        moment = self._moment(tick)
        return "" if moment is None else f"({moment:%Y-%m-%d %H:%M:%S} UTC)"

    def row_time(self, latest: Latest, source: str, tick: int) -> str:
        """Return the time that a row of a tick would have in a file, "" for what is no file."""
        config, moment = latest.mapping.sources[source], self._moment(tick)
        if config.table is None or moment is None:
            return ""
        there = (moment + timedelta(seconds=config.clock_offset_s)).astimezone(
            ZoneInfo(config.zone)
        )
        form = config.table.time_format or "%Y-%m-%d %H:%M:%S"
        return f"{there.strftime(form)} ({config.zone})"

    def _moment(self, tick: int) -> datetime | None:
        """Return a tick at the plant."""
        if self.origin is None:
            return None
        return _EPOCH + timedelta(microseconds=self.origin // 1000 + tick * 1000)

    # ---------------------------------------------------------------------------- what holds
    def sources(self, latest: Latest, now: int) -> list[SourceNow]:
        """Return how the sources are at `now` [ns UTC]."""
        stale = latest.stale(now)
        found = []
        for name, health in latest.health.items():
            mine = [n for n, each in enumerate(latest.mapping.signals) if each.source == name]
            told = [n for n in mine if latest.changes[n]]
            heard = health.last_message
            found.append(
                SourceNow(
                    name,
                    latest.link(name, now),
                    health.error,
                    max(0.0, (now - heard) / 1e9) if heard else float("inf"),
                    len(mine),
                    tuple(latest.mapping.signals[n].name for n in told if stale[n]),
                    tuple(latest.mapping.signals[n].name for n in mine if not latest.changes[n]),
                    health.left_out,
                )
            )
        return found

    def refusal(self, session: Session) -> str:
        """Return whose readings are refused, "" for nobody's."""
        read = session.parts.assimilator.innovations()
        refused = ", ".join(each.instrument for each in read if each.refused)
        return f"readings of {refused} refused" if refused else ""

    def reason(self, session: Session, state: State) -> str:
        """Return why twin and plant stand so, and whose readings are refused; "" for nothing."""
        return ", ".join(filter(None, (state.reason, self.refusal(session))))

    def stations(self, session: Session) -> list[StationNow]:
        """Return all stations, those in trouble first, else in the order of the line."""
        leader = session.follower.leader
        found = [
            StationNow(
                unit.name,
                leader.of(unit.name).state,
                unit.state.mode,
                leader.of(unit.name).apart,
            )
            for unit in session.follower.world.equipment()
        ]
        return sorted(found, key=lambda each: -each.in_trouble)

    def called(self, session: Session) -> list[Prediction]:
        """Return the newest predictions, their lots by the plant's names."""
        return [
            replace(each, lot=session.called(each.station, each.lot))
            for each in self.predictions.values()
        ]

    def rows(self, session: Session) -> list[Prediction]:
        """Return them as people see them: bounds that do not differ are no interval, so NaN."""
        return [
            replace(each, low=math.nan, high=math.nan)
            if each.high - each.low <= NO_WIDTH * abs(each.median)
            else each
            for each in self.called(session)
        ]

    def measured(self, session: Session) -> list[Measured]:
        """Return what each instrument has read last of predicted lots, by the plant's names."""
        return [
            Measured(
                *key,
                come.plant_lot or session.called(made.station, made.lot),
                come.value,
                come.tick,
            )
            for key, (made, come) in self.outcomes.items()
        ]

    def sensed(self, session: Session, age_s: float) -> list[Sensed]:
        """Return what virtual sensors read, lots by the plant's names; `age_s`: of the data."""
        return [
            replace(each, lot=session.called(each.station, each.lot))
            for each in session.sensed(self.called(session), age_s)
        ]

    def shown(self, session: Session, state: State, latest: Latest, saved_s: float) -> Shown:
        """Return what the twin's own server tells."""
        now = time.time_ns()
        return Shown(
            session.now,
            state.word,
            session.last_heard,
            {s.name: StationShown(s.plant, s.twin, s.behind) for s in self.stations(session)},
            {s.source: SourceShown(s.link, s.age_s) for s in self.sources(latest, now)},
            self.rows(session),
            session.parts.assimilator.estimates(),
            session.findings(),
            self.alerts,
            self.board.scores(),
            saved_s,
            self.sensed(session, state.age_s),
            age_s=state.age_s,
            is_old=state.is_old,
            reason=self.reason(session, state),
            unconfirmed=self.unconfirmed,
            measured=self.measured(session),
            innovations=session.parts.assimilator.innovations(),
        )

    def plain(self, session: Session | None, latest: Latest, state: State) -> dict[str, Any]:
        """Return everything as plain data, in canonical units."""
        found: dict[str, Any] = {
            "state": state.word,
            "quiet_s": state.quiet_s,
            "reason": state.reason,
            "unconfirmed": self.unconfirmed,
            "notes": self.notes,
            "sources": [asdict(each) for each in self.sources(latest, time.time_ns())],
        }
        if session is None:
            return found
        return found | {
            "line_time": self.line_time(session.now),
            "plant_time": self.plant_time(session.now).strip("()"),
            "row_times": {
                name: told
                for name in latest.mapping.sources
                if (told := self.row_time(latest, name, session.now))
            },
            "reason": self.reason(session, state),
            "tick": session.now,
            "data_age_s": state.age_s,
            "events": session.heard,
            "late_events": session.follower.late,
            "stations": {
                each.name: {"plant": each.plant, "twin": each.twin, "behind": each.behind}
                for each in self.stations(session)
            },
            "predictions": [
                vars(each) | {"plant_lot": session.plant_lot(each.station, each.lot)}
                for each in self.predictions.values()
            ],
            "outcomes": [vars(made) | vars(come) for made, come in self.outcomes.values()],
            "sensed": [vars(each) for each in self.sensed(session, state.age_s)],
            "estimates": [vars(each) for each in session.parts.assimilator.estimates()],
            "innovations": [
                vars(each) | {"limit": each.limit}
                for each in session.parts.assimilator.innovations()
            ],
            "findings": [vars(each) for each in session.findings()],
            "readings": dict(session.parts.assimilator.counts),
            "set_aside": session.parts.assimilator.set_aside,
            "waiting": [asdict(each) for each in session.parts.assimilator.waiting()],
            "alerts": [asdict(each) for each in self.alerts],
            "scores": [vars(each) for each in self.board.scores()],
        }

    def print(
        self, session: Session | None, latest: Latest, state: State, *, as_json: bool
    ) -> None:
        """Print how things stand."""
        if as_json:
            print_json(self.plain(session, latest, state))
            return
        from linetwin.cli.twin_screen import print_screen

        print_screen(self, session, latest, state)
