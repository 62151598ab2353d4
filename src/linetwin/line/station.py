"""A station that does one operation at a time.

Phases: get (obtain what the next operation needs), work (a timed stretch that failures,
micro-stops and shifts interrupt), put (hand over), ask and repair (after a failure), clear (after a
micro-stop), mend (after a tool has broken), call and serve (maintenance). A kind of station says
what its operations are; the engine here says how they run. Rules for one instant: completion beats
failure, failure beats a stop from outside, that the end of a shift; a repair that has begun is
finished by its technician, a micro-stop by its operator.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

from linetwin.line.disturbances import SPEED
from linetwin.line.equipment import MAINTENANCE, Equipment


@dataclass(frozen=True)
class Operation:
    """One timed stretch of work. Only `Execute` wears the machine and can fail."""

    name: str
    ticks: int
    mode: str = "Execute"


class Station(Equipment):
    """The engine; kinds implement `prepare`, `complete` and `deliver`.

    `ended_by_events`: operations that an event of a model may end before their time, since what
    they make does not follow from how long they take.
    """

    ended_by_events: tuple[str, ...] = ()

    @abstractmethod
    def prepare(self) -> Operation | None:
        """Obtain what the next operation needs; None while something is missing (starved).

        Called again at every wake-up: what was obtained must be kept in `state.job`.
        """

    @abstractmethod
    def complete(self) -> None:
        """The operation named `state.operation` is done: compute what it made."""

    @abstractmethod
    def deliver(self) -> bool:
        """Hand over what is finished; False while there is no room (blocked)."""

    def shortage(self) -> str:
        """Why `prepare` has returned None."""
        return "starved"

    def interrupted(self, cause: str) -> None:
        """Work stops: a failure or micro-stop of this cause, or "" at the end of a shift."""

    def resumed(self, done: float, stopped_s: float) -> None:
        """Work goes on after a stop of `stopped_s` seconds at share `done` of the operation."""

    def has_finished(self) -> bool:
        """Whether nothing is in hand and the order needs nothing more of this station."""
        return False

    def is_under_way(self) -> bool:
        """Whether an operation has begun and is not done, be it interrupted."""
        return self.state.phase in ("work", "ask", "repair", "clear", "mend")

    def broken_tool(self) -> tuple[str, int] | None:
        """Return, where a tool has broken, the cause of the stop and the ticks its change takes."""
        return None

    def renew_tool(self) -> None:
        """A new tool is in."""

    def end_operation(self, name: str) -> None:
        """Let the operation of this name be done with the work so far; else do nothing."""
        state = self.state
        if self.is_under_way() and state.operation == name:
            state.left = self.world.now - state.began if state.began >= 0 else 0

    def slowed(self, ticks: int) -> int:
        """Return how long an operation takes at the speed the machine has now [ticks].

        Where a web is moved, its speed has been reckoned with.
        """
        if SPEED in self.config.parameters:
            return ticks
        speed = self.world.disturbances.speed(self.name)
        return ticks if speed == 1 else math.ceil(ticks / speed)

    def load(self) -> float:
        """Full load while executing."""
        return 1.0 if self.state.mode == "Execute" else 0.0

    def advance(self) -> None:
        """Run phases until one waits."""
        phases = {
            "get": self._get,
            "work": self._work,
            "put": self._put,
            "ask": self._ask,
            "repair": self._repair,
            "clear": self._clear,
            "mend": self._mend,
            "call": self.begin_service,
            "serve": self._serve,
        }
        while phases[self.state.phase]():
            pass

    def _wait(self, mode: str, cause: str = "", ticks: int | None = None) -> bool:
        self.set_mode(mode, cause)
        if ticks is not None:
            self.state.began = self.world.now
            self.wake_at(self.world.now + ticks)
        return False

    def _close_stretch(self) -> int:
        """Void the running timer; return the ticks worked since it was set."""
        state = self.state
        used = self.world.now - state.began if state.began >= 0 else 0
        state.began = -1
        state.token += 1
        return used

    def _get(self) -> bool:
        state = self.state
        if cause := self.forced_stop():
            return self._wait("Aborted", cause)
        if not self.is_on_shift():
            return self._wait("Stopped", "off shift")
        if self.has_finished():
            return self._wait("Complete", "order covered")
        if self.is_due_for_service():
            state.phase = "call"
            return True
        operation = self.prepare()
        if operation is None:
            return self._wait("Suspended", self.shortage())
        ticks = self.world.driver.duration(self.name, operation.name, operation.ticks)
        if operation.mode == "Execute":
            ticks = self.slowed(ticks)
        state.operation, state.operation_mode = operation.name, operation.mode
        state.operation_ticks = state.left = max(1, ticks)
        state.stopped = -1
        state.phase = "work"
        return True

    def _work(self) -> bool:
        state = self.state
        executing = state.operation_mode == "Execute"
        used = self._close_stretch()
        state.left -= used
        if used and executing:
            self._age(used)
        if (state.left <= 0 and not self._is_kept_still()) or self.is_hurried():
            self.complete()
            state.phase = "put"
            return True
        failed = [cause for cause, ticks in state.to_failure.items() if ticks <= 0]
        if failed and executing:
            return self._fail(failed[0])
        if executing and (broken := self.broken_tool()):
            return self._break(*broken)
        if cause := self.forced_stop():
            self._stop(cause)
            return self._wait("Aborted", cause)
        if not self.is_on_shift():
            self._stop("")
            return self._wait("Stopped", "off shift")
        return self._run()

    def _is_kept_still(self) -> bool:
        """Whether work was interrupted and cannot go on: a model's event may have ended it."""
        return self.state.stopped >= 0 and bool(self.forced_stop() or not self.is_on_shift())

    def _age(self, used: int) -> None:
        """Count ticks of work towards failures (faster when worn) and maintenance."""
        state = self.state
        for cause in state.to_failure:
            state.to_failure[cause] -= math.ceil(used * state.hazard)
        for cause in state.to_service:
            state.to_service[cause] -= used

    def _fail(self, cause: str) -> bool:
        """A failure calls the crew; a micro-stop is cleared by the operator at the machine."""
        state = self.state
        state.failure = cause
        self._stop(cause)
        if any(stop.cause == cause for stop in self.config.micro_stops):
            self.world.log_event(self.name, "micro_stop", cause=cause)
            ticks = self.world.driver.time_to_repair(self.name, self.failure(cause))
            state.resumes_at = self.world.now + ticks
            state.phase = "clear"
        else:
            self.world.log_event(self.name, "failure", cause=cause)
            state.phase = "ask"
        return True

    def _stop(self, cause: str) -> None:
        if self.state.stopped < 0:
            self.state.stopped = self.world.now
            self.interrupted(cause)

    def _run(self) -> bool:
        state = self.state
        self.set_mode(state.operation_mode)
        if state.stopped >= 0:
            done = 1.0 - state.left / state.operation_ticks
            self.resumed(done, (self.world.now - state.stopped) / 1000)
            state.stopped = -1
        ticks = state.left
        if state.operation_mode == "Execute" and state.to_failure:
            state.hazard = self.hazard()
            ticks = min(ticks, math.ceil(min(state.to_failure.values()) / state.hazard))
        return self._wait(state.operation_mode, "", max(1, ticks))

    def _put(self) -> bool:
        if cause := self.forced_stop():
            return self._wait("Aborted", cause)
        if not self.deliver():
            return self._wait("Suspended", "blocked")
        self.state.phase = "get"
        return True

    def _ask(self) -> bool:
        crew = self.world.crews[self.config.crew]
        if not crew.ask(self.name):
            return self._wait("Aborted", self.state.failure)
        ticks = self.world.driver.time_to_repair(self.name, self.failure(self.state.failure))
        self.state.resumes_at = self.world.now + ticks
        self.state.phase = "repair"
        return True

    def _until(self, mode: str, cause: str) -> bool:
        """Wait for the end of a repair, micro-stop or service; True once it has come."""
        state = self.state
        if self.world.now < state.resumes_at:
            state.token += 1
            self.wake_at(state.resumes_at)
            return self._wait(mode, cause)
        state.resumes_at = -1
        return True

    def _repair(self) -> bool:
        if not self._until("Aborted", self.state.failure):
            return False
        self.world.crews[self.config.crew].release(self.name)
        self.world.log_event(self.name, "repair", cause=self.state.failure)
        return self._go_on()

    def _clear(self) -> bool:
        return self._until("Held", self.state.failure) and self._go_on()

    def _break(self, cause: str, ticks: int) -> bool:
        """The tool has broken: the operator changes it."""
        state = self.state
        state.failure = cause
        self._stop(cause)
        self.world.log_event(self.name, "failure", cause=cause)
        state.resumes_at = self.world.now + ticks
        state.phase = "mend"
        return True

    def _mend(self) -> bool:
        if not self._until("Aborted", self.state.failure):
            return False
        self.world.log_event(self.name, "repair", cause=self.state.failure)
        self.renew_tool()
        return self._go_on()

    def _go_on(self) -> bool:
        """Work again; when the same failure strikes next is drawn now."""
        state = self.state
        if state.failure in state.to_failure:
            self.draw_failure(state.failure)
        state.failure = ""
        state.phase = "work"
        return True

    def _serve(self) -> bool:
        if not self._until("Stopped", f"{MAINTENANCE}{self.state.failure}"):
            return False
        self.end_service()
        return True
