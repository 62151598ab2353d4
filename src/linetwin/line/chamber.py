"""A station that holds many lots at once, each for its own time: ovens, stores, formation.

A failure stops the whole chamber: nothing goes in or out, and what is inside stays as much longer
as the repair took. Where each place fails for itself the kind deals with it (`fails_as_one`). For
maintenance that is due a chamber takes nothing in until it is empty; then the crew comes.
Phases: get (in use), ask and repair (after a failure), call and serve (maintenance).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

from linetwin.line.dues import NEVER, Dues
from linetwin.line.equipment import Equipment

if TYPE_CHECKING:
    from linetwin.line.dues import Due, Place
    from linetwin.line.lots import Lot


class Chamber(Equipment):
    """The engine; kinds implement `admit`, which says how long a lot stays, and `discharge`.

    `state.job["places"]`: [lot name, due tick, entry tick, watts] per place taken; both ticks move
    on by the time that a failure has stopped the chamber.
    """

    role = ""
    fails_as_one = True
    """Whether a failure stops the whole chamber; else it is a matter of single places."""
    _dues: Dues | None = None

    @abstractmethod
    def admit(self, lot: Lot) -> tuple[int, float]:
        """Take a lot in; return the ticks it stays and the mean power it draws [W]."""

    @abstractmethod
    def discharge(self, lot: Lot, stayed_s: float) -> int | None:
        """The lot is due after `stayed_s` seconds: compute what became of it, and it leaves.

        Ticks, not none of them, where it has to stay on for so long.
        """

    @property
    def places(self) -> list[Place]:
        """Lots inside."""
        found: list[Place] = self.state.job.setdefault("places", [])
        return found

    def withdraw(self, name: str) -> None:
        """Take a lot out before it is due: nothing is computed, its place is free."""
        self.places[:] = [place for place in self.places if place[0] != name]
        self._dues = None
        self.world.calendar.kick(self.name)

    def load(self) -> float:
        """Share of places taken."""
        return len(self.places) / self.value("parallel_places")

    def process_power(self) -> float:
        """Sum of what the lots inside draw [W]; nothing while the chamber is down."""
        if self.state.mode == "Aborted":
            return 0.0
        return self._queue().watts

    def advance(self) -> None:
        """Let out what is due and has room, take in what waits and fits."""
        fails = self.fails_as_one and bool(self.config.failures)
        watched = fails or bool(self.config.maintenance)
        if self._stands_still() or (watched and self._is_down()) or self._is_stopped():
            return
        blocked = self._let_out()
        if self.is_due_for_service() and not self.places:
            self.state.phase = "call"
            if self._is_down():
                return
        starved = self._take_in()
        if self.places:
            at_work = not blocked or any(int(place[1]) > self.world.now for place in self.places)
            self.set_mode("Execute" if at_work else "Suspended", "blocked" if blocked else "")
        elif not self.is_on_shift():
            self.set_mode("Stopped", "off shift")
        elif starved:
            self.set_mode("Suspended", "starved")
        if watched:
            self._count_from_now()

    def _is_stopped(self) -> bool:
        """Whether a stop from outside begins now."""
        cause = self.forced_stop()
        if not cause:
            return False
        self.state.job["stopped"], self.state.began = self.world.now, -1
        self.set_mode("Aborted", cause)
        return True

    def _stands_still(self) -> bool:
        """Whether a stop from outside goes on; once it is over all stays as much longer."""
        job = self.state.job
        if "stopped" not in job:
            return False
        if cause := self.forced_stop():
            self.set_mode("Aborted", cause)
            return True
        self._prolong(int(job.pop("stopped")))
        return False

    def _prolong(self, stopped: int) -> None:
        """What was inside stays on for the time lost since `stopped`."""
        lost = self.world.now - stopped
        for place in self.places:
            if int(place[1]) > stopped:
                place[1], place[2] = int(place[1]) + lost, int(place[2]) + lost
                self.wake_at(int(place[1]))
        self._dues = None

    def _is_down(self) -> bool:
        """Whether a failure that has struck, or a service that has begun, is not over yet."""
        state = self.state
        if state.phase == "get" and not self._has_failed():
            return False
        if state.phase == "ask" and not self._crew_comes():
            return True
        if state.phase == "call":
            if not self.begin_service():
                return True
            self.wake_at(state.resumes_at)
        if self.world.now < state.resumes_at:
            return True
        if state.phase == "serve":
            self.end_service()
            state.resumes_at = state.began = -1
        else:
            self._start_again()
        return False

    def _has_failed(self) -> bool:
        """Count the ticks in which lots were inside; note a failure that they have brought."""
        state = self.state
        used = self.world.now - state.began if state.began >= 0 else 0
        state.began = self.world.now if state.began >= 0 else -1
        for cause in state.to_failure:
            state.to_failure[cause] -= math.ceil(used * state.hazard)
        for cause in state.to_service:
            state.to_service[cause] -= used
        failed = [cause for cause, ticks in state.to_failure.items() if ticks <= 0]
        if not failed or not self.places:
            return False
        state.failure, state.phase, state.stopped = failed[0], "ask", self.world.now
        self.world.log_event(self.name, "failure", cause=failed[0])
        return True

    def _crew_comes(self) -> bool:
        """Whether a technician is there and has begun the repair."""
        state = self.state
        self.set_mode("Aborted", state.failure)
        if not self.world.crews[self.config.crew].ask(self.name):
            return False
        ticks = self.world.driver.time_to_repair(self.name, self.failure(state.failure))
        state.resumes_at, state.phase = self.world.now + ticks, "repair"
        self.wake_at(state.resumes_at)
        return True

    def _start_again(self) -> None:
        """The repair is done: what is inside stays on for the time that was lost."""
        state = self.state
        self.world.crews[self.config.crew].release(self.name)
        self.world.log_event(self.name, "repair", cause=state.failure)
        self.draw_failure(state.failure)
        self._prolong(state.stopped)
        state.failure, state.phase = "", "get"
        state.stopped = state.resumes_at = state.began = -1

    def _count_from_now(self) -> None:
        """Count use from now on; be woken at the next failure, should lots be inside until then."""
        state = self.state
        if not self.places:
            state.began = -1
            return
        state.began = self.world.now
        if state.to_failure:
            state.hazard = self.hazard()
            left = math.ceil(min(state.to_failure.values()) / state.hazard)
            self.wake_at(self.world.now + max(1, left))

    def _queue(self) -> Dues:
        """Return the places in the order in which they are due."""
        if self._dues is None or not self._dues.are_of(self.places):
            self._dues = Dues(self.places)
        return self._dues

    def _let_out(self) -> bool:
        """Discharge every lot that is due; True when one of them finds no room."""
        dues, hurried = self._queue(), self.is_hurried()
        due = dues.up_to(NEVER if hurried else self.world.now)
        return bool(due) and self._discharge(due, dues, hurried=hurried)

    def _discharge(self, due: list[Due], dues: Dues, *, hurried: bool) -> bool:
        """Discharge in the order of entry; True when one finds no room."""
        output, now = self.world.buffers[self.config.gives[self.role]], self.world.now
        for each in due:
            name, entered = str(each.place[0]), int(each.place[2])
            if self.world.is_held(name):
                continue
            if not self.may_give():
                return False
            if not output.has_room(self.name):
                return True
            # the leader's lot has stayed for as long as it takes, whenever it may have come
            until = max(now, each.tick) if hurried else now
            longer = self.discharge(self.world.lots[name], (until - entered) / 1000)
            if longer:
                each.place[1] = now + longer
                dues.defer(each)
                self.wake_at(now + longer)
                continue
            dues.leave(each)
            self.give(self.role, name)
            self.drive_machine()
        return False

    def _take_in(self) -> bool:
        """Admit lots while there are places; True when one could be taken but none waits."""
        while len(self.places) < int(self.value("parallel_places")):
            if not self.is_on_shift() or self.is_due_for_service():
                return False
            lot = self.take(self.role)
            if lot is None:
                return True
            ticks, watts = self.admit(lot)
            due = self.world.now + ticks
            self._queue().enter([lot.name, due, self.world.now, watts])
            self.wake_at(due)
            self.set_mode("Execute")
            self.drive_machine()
        return False
