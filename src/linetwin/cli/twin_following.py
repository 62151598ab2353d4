"""The twin while it runs: what a feed brings is heard by a session, shown, told and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.cli.printing import say, say_aside
from linetwin.cli.twin_feed import instant, is_same
from linetwin.cli.twin_holding import Holding
from linetwin.cli.twin_keeping import SESSION, span
from linetwin.cli.twin_recalling import Recalling
from linetwin.cli.twin_state import state_of
from linetwin.cli.twin_status import Telling
from linetwin.cli.twin_view import View
from linetwin.errors import LinkError
from linetwin.results.display import counted
from linetwin.twin.board.board import Board
from linetwin.twin.board.desk import Desk
from linetwin.twin.board.signs import Situation, key_of, signs
from linetwin.twin.columns import Flag, Mark
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.following.joining import Standing
from linetwin.twin.following.meaning import Meaning
from linetwin.twin.following.plant_time import SILENT_AFTER_S, PlantTime
from linetwin.twin.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.cli.interruption import Interruption
    from linetwin.cli.twin_feed import Beginning, TwinFeed
    from linetwin.cli.twin_keeping import Keeper
    from linetwin.cli.twin_screen import Screen
    from linetwin.cli.twin_serving import Publishing
    from linetwin.cli.twin_state import State
    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.twin import TwinConfig
    from linetwin.twin.columns import Batch
    from linetwin.twin.events import PlantEvent
    from linetwin.twin.feed.parcels import Parcel
    from linetwin.twin.opcua.health import Health
    from linetwin.twin.session import Parts

SETTLE_S = 3.0
"""Wall time from the first values to joining: the server has told how all stands by then."""
LOOK_EVERY_S = 1.0
"""Wall time between two looks at what a person should know."""
NOBODY = "nobody yet"
"""Owner of a mapping that was proposed and that no person has read."""
UNREAD = "nobody has confirmed what its signals stand for"
STATIONS_SHOWN = 5
_MANY_ROWS = 8
"""Rows of a parcel whose median tells the time of a played plant."""


class Following:
    """A twin in its folder; `cursor`: what is saved with it, plain data."""

    def __init__(
        self,
        parts: Parts,
        mapping: Mapping,
        keeper: Keeper,
        beginning: Beginning,
        cursor: dict[str, Any],
    ) -> None:
        assert parts.scenario.twin is not None  # noqa: S101  the request has looked
        self.parts, self.mapping, self.keeper = parts, mapping, keeper
        self._clock = keeper.clock
        self.config: TwinConfig = parts.scenario.twin
        self.publisher: Publishing | None = None
        self.session: Session | None = None
        self.latest = Latest(mapping)
        played = any(each.played for each in mapping.sources.values())
        publishing = max(each.publishing_s for each in mapping.sources.values())
        self.time = PlantTime(played=played, hold_s=2 * publishing)
        files = {name for name, each in mapping.sources.items() if each.table is not None}
        self._is_live = np.array([each.source not in files for each in mapping.signals], bool)
        self._beginning, self._cursor = beginning, cursor
        self._recalling = Recalling(mapping, parts.scenario, beginning)
        self._meaning: Meaning | None = None
        self._waiting: list[PlantEvent] = []
        self._standing = Standing()
        self._first = self._looked = 0.0
        self._begun = self._clock.steady_s()
        self._limits = {name: mapping.sources[name].stale_after_s for name in files}
        self._silent = False
        self._in_memory = ""
        folder = keeper.file.parent
        self.board = Board(folder, self._clock.now)
        self.view = View(self.board)
        self._holding = Holding(mapping, self._clock, self.view.note)
        if mapping.owner == NOBODY:
            self.view.unconfirmed = f"{mapping.file.name}: read it and name an owner: {UNREAD}"
        self._load()
        if self.session is not None:
            self.view.take(self.board.tally.waiting(), [])
        self._telling = Telling(folder, self._clock, parts.scenario, self.state)
        self.desk = Desk(folder, self.config.alerts, self._clock.utc_s)
        for notice in (*keeper.notices, *self.board.notices):
            self.view.note(notice)

    def _load(self) -> None:
        """Go on from the saved twin, where there is one."""
        found = self.keeper.load(self.parts)
        if found is not None:
            self.session, cursor = found
            self._meaning = Meaning(self.mapping, self.parts.scenario, cursor["origin"])
            self.view.origin = self._meaning.origin

    def follow(
        self, feed: TwinFeed, interruption: Interruption, seconds: float | None, screen: Screen
    ) -> None:
        """Take parcels and follow, until asked to end; the twin is saved now and then."""
        begun, restarts = self._clock.steady_s(), feed.restarts
        try:
            with screen:
                self.view.say = screen.say
                while not interruption.asked:
                    if seconds is not None and self._clock.steady_s() - begun > seconds:
                        break
                    parcel = feed.take()
                    if feed.restarts != restarts:
                        restarts = feed.restarts
                        self._beginning.forget()
                    self.serve(parcel)
                    screen.show(self.view, self.session, self.latest, self.state())
            self.save()  # not after an error: what was saved last is whole
        finally:
            self.view.say = say_aside
            self._telling.end()

    def serve(self, parcel: Parcel | None) -> None:
        """Take what has come, if anything has, and do what is due."""
        self.time.asked = self._clock.steady_ns()  # we may stand still from here on, not the plant
        if parcel is not None:
            self.take(parcel)
        self.go_on()
        self.look()
        heard, now = self.time.has_heard, self._clock.steady_ns()
        self._telling.tell(self.session, self.latest, self.time.quiet_s(now) if heard else None)
        if self.keeper.is_due:
            self.save()

    def take(self, parcel: Parcel) -> None:
        """Take what has come; LinkError where it is of a plant that has begun anew."""
        told = self._beginning.look(parcel.health)
        if told is not None:
            self._check_plant(told)
        self.latest.take(parcel)
        for notice in parcel.notices:
            self.view.note(f"{notice.source}: {notice.kind}: {notice.text}")
        came = _came(parcel)
        unsure = self._beginning.unsure(parcel.health)
        self._note_life((each for each in parcel.health if each.source not in unsure), came)
        released = self._holding.released(parcel.batch, came, unsure)
        for batch, by in released:
            self._work_in(batch, by)
        recalling = any(each.state == "recalling" for each in parcel.health)
        if released and self.session is None and not recalling:
            self._first = self._first or self._clock.steady_s()

    def _work_in(self, batch: Batch, came: int) -> None:
        """Let what a batch says be heard next; `came`: up to when all has come in [ns UTC]."""
        self._note_time(batch, came)
        if self._meaning is None:
            self._meaning = Meaning(self.mapping, self.parts.scenario, self._origin())
            self.view.origin = self._meaning.origin
        events = list(self._meaning.events(batch))
        if self.session is None:
            self._standing.note(events)
        self._waiting += events

    def go_on(self) -> None:
        """Join the plant once it has told how it stands; then follow it."""
        if self._meaning is None or not self.time.pace:
            return
        until = self._meaning.tick(self.time.until(self._clock.steady_ns()))
        if self.session is None:
            if not self._first or self._clock.steady_s() - self._first < SETTLE_S:
                return
            self._standing.tick = until
            self._check_line()
            for words in self._recalling.recall(self._standing, self._meaning, self.latest):
                self.view.note(words)
            self.session = Session.join(self.parts, self._standing)
            self.view.note(f"joined the plant at {self.view.line_time(until)}")
            self.save()
        elif until > self.session.now or self._waiting:
            alone = self.time.is_silent(self._clock.steady_ns())
            self.session.hear(self._waiting, max(until, self.session.now), alone=alone)
        self._waiting = []
        predictions, outcomes = self.session.predictions(), self.session.outcomes()
        called = [self.session.called(each.station, each.lot) for each in predictions]
        self.board.register(predictions, self.session.now, called)
        self.board.score(outcomes, self.session.now)
        self.view.take(predictions, outcomes)
        for words in self.session.remarks():
            self.view.note(words)

    def look(self) -> None:
        """See what a person should know, and tell it; now and then."""
        if self.session is None or self._clock.steady_s() - self._looked < LOOK_EVERY_S:
            return
        self._looked = self._clock.steady_s()
        self._tell_silence()
        now = self._clock.utc_ns()
        situation = Situation(
            self.session.now,
            self.session.findings(),
            self.view.called(self.session),
            self._silences(now),
            self._limits,
            self.state().word == "open loop",
            self.session.follower.leader.lagging(),
            self.keeper.unsaved,
            self._unwritten(),
        )
        withdrawn = {key_of(each) for each in self.session.withdrawn()}
        self.desk.look(signs(situation, self.config), self.session.followed, withdrawn)
        notices, self.desk.notices = self.desk.notices, []
        for notice in notices:
            self.view.note(notice)
        self.view.alerts = self.desk.alerts.shown()
        if self.publisher is not None and self._meaning is not None:
            shown = self.view.shown(self.session, self.state(), self.latest, self.keeper.age_s)
            self.publisher.publish(shown, self._meaning.origin)

    def _unwritten(self) -> str:
        """Return why board or alerts are not on the disk, "" where they are; they are tried again.

        Said when it begins and when it is over.
        """
        assert self.session is not None  # noqa: S101  the caller has looked
        before, held = self._in_memory, self.board.held
        self.board.flush(self.session.now)
        self._in_memory = self.board.unwritten or self.desk.unwritten
        if self._in_memory and not before:
            self.view.note(f"not written: {self._in_memory}; board and alerts are held in memory")
        elif before and not self._in_memory:
            self.view.note(f"there is room again: {counted(held, 'held row')} of the board written")
        return self._in_memory

    def _silences(self, now: int) -> dict[str, float]:
        """Return for how long each source has been silent [s]; at most since the twin was begun."""
        own = self._clock.steady_s() - self._begun
        return {e.source: min(e.age_s, own) for e in self.view.sources(self.latest, now)}

    def _tell_silence(self) -> None:
        """Say when the twin goes on alone, and when it does so no longer."""
        silent = self.state().word == "open loop"
        if silent and not self._silent:
            self.view.note("open loop: nothing comes from the plant; the line goes on alone")
        elif self._silent and not silent:
            self.view.note("the plant speaks again: the twin follows it")
        if silent is not self._silent:
            self._silent = silent
            self.save()  # who acts on the saved twin must know

    def _check_plant(self, told: int) -> None:
        """Refuse a plant whose line has begun anew: its lots are not those that the twin knows."""
        if self._meaning is not None and not is_same(told, self._meaning.origin):
            kept = instant(self._meaning.origin)
            advice = (
                "what the twin knew of the other plant is saved; for this one name another folder "
                f"with -o, or remove {self.keeper.file.parent}"
            )
        elif self.mapping.line_start is not None and not is_same(told, self.mapping.line_start):
            kept = instant(self.mapping.line_start)
            advice = "write line_start as the plant has it, or remove the mapping that was proposed"
        else:
            return
        message = f"the plant has begun anew: line time 0 is {instant(told)}, it was {kept}"
        raise LinkError(f"{message}; {advice}")

    def _check_line(self) -> None:
        """Refuse a plant that tells of no station of the twin's line; say which are not told of."""
        stations = set(self.parts.scenario.stations)
        silent = sorted(stations - self._standing.stations())
        if silent and len(silent) == len(stations):
            message = f"nothing that {self.mapping.file.name} maps tells of a station of this line"
            raise LinkError(f"{message}: is it the plant of another scenario?")
        if silent:
            shown = ", ".join(silent[:STATIONS_SHOWN])
            more = f" and {len(silent) - STATIONS_SHOWN} more" * (len(silent) > STATIONS_SHOWN)
            self.view.note(f"run for themselves, the plant tells nothing of them: {shown}{more}")

    def _steady(self, came: int) -> int:
        """Return when something came in [ns UTC] in our steady time [ns]."""
        return self._clock.steady_ns() - max(0, self._clock.utc_ns() - came)

    def _note_life(self, health: Iterable[Health], came: int) -> None:
        """Note that a server lives though nothing has changed: its keep-alives say so.

        Of a played plant values alone say what time it is. `came`: up to when all has come in. What
        has waited for long says nothing of how the plant is now: it is not silent before the newest
        has been taken.
        """
        steady = self._clock.steady_ns()
        if self.time.is_known and steady - self._steady(came) > SILENT_AFTER_S * 1e9:
            self.time.heard(steady, came=self._steady(came))
        lives = any(
            each.source not in self._limits
            and each.state == "live"
            and came - each.last_message < SILENT_AFTER_S * 1e9
            for each in health
        )
        if lives and not self.time.played:
            self.time.heard(steady, came, self._steady(came))

    def _note_time(self, batch: Batch, came: int) -> None:
        """Note up to when the plant has told: until it came, where its clock goes as ours does.

        Of a played plant the usual time of what has changed: what its server held when the link
        was made may be old, and clocks of its machines may be wrong. Files are no sign of life.
        """
        now, then = self._clock.steady_ns(), self._steady(came)
        live = self._is_live[batch.came.signal] & ((batch.came.marks & Mark.BACKFILL) == 0)
        if not live.any():
            return
        times = batch.time[live & ((batch.flags & np.uint32(Flag.FIRST | Flag.BAD)) == 0)]
        if not self.time.played:
            self.time.heard(now, came, then)
        elif len(times) >= _MANY_ROWS:
            before = self.time.behind_s
            self.time.heard(now, int(np.median(times)), then)
            if self.time.behind_s and not before:
                self.view.note("the plant's time has gone back: its clock is asked why")
                self._beginning.forget()  # it says whether the line has begun anew
        else:
            self.time.heard(now, came=then)

    def _origin(self) -> int:
        """Return the line's Monday 00:00 [ns UTC]: as mapped, else this week's."""
        if self.mapping.line_start is not None:
            return self.mapping.line_start
        week = 7 * 86_400
        monday = 4 * 86_400  # 1970 began on a Thursday
        now = self._clock.utc_ns() // 1_000_000_000
        return ((now - monday) // week * week + monday) * 1_000_000_000

    def state(self) -> State:
        """Return how twin and plant stand to one another, and how old what was worked in is."""
        origin = 0 if self._meaning is None else self._meaning.origin
        limit_s = self.config.alerts.stale_after_s
        return state_of(self.session, self.time, origin, self._clock.steady_ns(), limit_s)

    def save(self) -> None:
        """Save the twin; where that cannot be done it goes on, and says so."""
        if self.session is None or self._meaning is None:
            return
        now, heard, state = self._clock.utc_s(), self.time.has_heard, self.state()
        contact = {
            "state": state.told,
            "saved": now,
            "heard": now - self.time.quiet_s(self._clock.steady_ns()) if heard else None,
        }
        cursor = self._cursor | contact | {"origin": self._meaning.origin}
        self.keeper.save(self.session.save(cursor))
        if self.keeper.unsaved:
            self.view.note(f"not saved: {self.keeper.unsaved}")
        else:
            self.board.save()

    def tell(self, *, as_json: bool) -> None:
        """Print how the twin stands."""
        self.view.print(self.session, self.latest, self.state(), as_json=as_json)
        if self.board.held:
            lost = counted(self.board.held, "row")
            say(f"lost: {lost} of the board not written", err=True)
        if self.session is None:
            say("nothing to save: the twin has not joined the plant", err=True)
        elif self.keeper.unsaved:
            say(f"not saved: {self.keeper.unsaved}; {SESSION} is older", err=True)
        else:
            say(f"saved {span(self.keeper.age_s)} ago: {self.keeper.file}", err=True)


def _came(parcel: Parcel) -> int:
    """Return up to when [ns UTC] all that had come in is in a parcel or in those before it."""
    if parcel.batch is None or not len(parcel.batch) or not parcel.counts.waiting:
        return parcel.sent
    return min(parcel.sent, int(parcel.batch.came.arrival.max()))
