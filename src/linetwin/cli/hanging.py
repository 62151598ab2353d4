"""A model in the line's own process that hangs or crashes: it is named, and the process ends.

Nothing can take control back from C code that never returns, so what can be written is written by
a watching thread, and then everything ends at once.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, NoReturn

from rich.console import Console

from linetwin.cli import INTERRUPTED_EXIT, crashing
from linetwin.cli.interruption import SIGNALS
from linetwin.cosim.folders import remove_process_folder
from linetwin.cosim.progress import nobody
from linetwin.cosim.watchdog import Watch
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_GRACE_S: Final = 1.0
"""Time from a second signal in which a model may still return, so that all ends in order."""


class Alarm:
    """What is to be done before the end; whoever drives a line says it with `arm`.

    That is done where a model takes too long or crashes, and not where the user asks twice to end
    meanwhile: Python serves a signal only when C code has returned, so a thread does.
    """

    def __init__(self) -> None:
        self._before_end: Callable[[FmuError], Exception] | None = None
        self._watches: list[ModelWatch] = []
        self._signals: _Signals | None = None
        crashing.add(self)

    def add(self, watch: ModelWatch) -> None:
        """Know a watch."""
        self._watches.append(watch)

    def arm(self, before_end: Callable[[FmuError], Exception]) -> None:
        """Let `before_end` be called beside what hangs; it returns the error to be told."""
        self._before_end = before_end
        crashing.look_out_for_exit()
        if threading.current_thread() is threading.main_thread():
            self._signals = _Signals(self._interrupt)

    def disarm(self) -> None:
        """The line has ended: nobody is to be asked, and signals are as before."""
        self._before_end = None
        if self._signals is not None:
            self._signals.close()
            self._signals = None

    def crash(self, what: str, before_end: Callable[[str], None]) -> None:
        """Tell which call crashed, and end the process, if there is one; see `crashing.Watcher`."""
        for watch in self._watches:
            error = watch.crashed(what)
            if error is not None:
                before_end(_line(str(error)))
                self.ring(error)

    def ring(self, error: FmuError) -> NoReturn:
        """Tell what hangs or crashed, and end the process."""
        told: Exception = error
        try:
            if self._before_end is not None:
                told = self._before_end(error)
        finally:
            _end(str(told), FmuError.exit_code)

    def _interrupt(self) -> None:
        """End the process where a model is still at it after two signals."""
        for watch in self._watches:
            call = watch.under_way()
            if call is not None:
                _end(f"interrupted; {call} has not returned", INTERRUPTED_EXIT)


class _Signals:
    """Calls `twice` when the user has asked twice to end and the process has not ended then."""

    def __init__(self, twice: Callable[[], None]) -> None:
        self._twice = twice
        read, self._write = os.pipe()
        if sys.platform != "win32":  # where Python asks for it
            os.set_blocking(self._write, False)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, args=(read,), daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        signal.set_wakeup_fd(self._before)
        os.close(self._write)

    def _listen(self, read: int) -> None:
        asked = 0
        with os.fdopen(read, "rb", buffering=0) as stream:
            while numbers := stream.read(64):
                before, asked = asked, asked + sum(number in SIGNALS for number in numbers)
                if before < 2 <= asked:  # noqa: PLR2004 - the second
                    time.sleep(_GRACE_S)
                    self._twice()


def _end(told: str, code: int) -> NoReturn:
    """Say what happened and leave, whatever other threads are doing."""
    try:
        remove_process_folder()
        console = Console(stderr=True)
        if console.is_terminal:
            console.show_cursor()  # a progress bar had hidden it
        sys.stderr.write(_line(told))
        sys.stderr.flush()
    finally:
        os._exit(code)


def _line(told: str) -> str:
    return f"linetwin: {told}\n"


class ModelWatch(Watch):
    """Watches the calls of a station's model; one that takes longer than `limit_s` ends all.

    `member`: who of a group is being called, by its name there.
    """

    def __init__(self, station: str, model: str, limit_s: float, alarm: Alarm) -> None:
        super().__init__(limit_s, self.give_up)
        self.station, self.model = station, model
        self.member = nobody
        self._alarm = alarm
        alarm.add(self)

    def under_way(self) -> str | None:
        """Return station, model and call of what has not returned; None where there is none."""
        call = self._notes.get(self._count)
        return None if call is None else self.named(call)

    def named(self, call: str) -> str:
        """Return station, model and call."""
        return f"{self.station}: {self._own(call)}"

    def give_up(self, call: str) -> None:
        """End all: a call has taken too long."""
        hint = "isolate: true ends the model alone, step_timeout sets the limit"
        reason = f"{self._own(call)} had not returned after {self.limit_s:g} s ({hint})"
        self._alarm.ring(FmuError(reason, self.station))

    def crashed(self, what: str) -> FmuError | None:
        """Return the error of the call that is under way; None where there is none.

        It is taken from the watchdog, which may not give it up any more.
        """
        call = self._notes.pop(self._count, None)
        return None if call is None else self.crash_of(call, what)

    def crash_of(self, call: str, what: str) -> FmuError:
        """Return the error of a call that crashed."""
        reason = f"{self._own(call)} {what}; isolate: true ends the model alone"
        return FmuError(reason, self.station)

    def _own(self, call: str) -> str:
        """Return model and call; of a group also the member that is being called."""
        return ": ".join(filter(None, (self.model, self.member(), call)))

    @contextlib.contextmanager
    def watching(self, call: str) -> Iterator[None]:
        """Watch what is done but once; a call of every step uses `begin` and `end`."""
        self.begin(call)
        try:
            yield
        finally:
            self.end()

    def end(self) -> bool:
        """Note that a call has ended; one that was given up before goes no further."""
        if self._notes.pop(self._count, None) is None:
            threading.Event().wait()  # the process is about to end
        return True


class TogetherWatch(ModelWatch):
    """Watches a call that goes through many models; each may take as long as it may alone.

    `place`: which of them is being called.
    """

    def __init__(
        self, watches: Sequence[ModelWatch], place: Callable[[], int], alarm: Alarm
    ) -> None:
        self._watches, self._place = watches, place
        limit_s = min((watch.limit_s for watch in watches), default=math.inf)
        super().__init__("", "", limit_s, alarm)

    def stage(self) -> int:
        """Return which model is being called; the limit is its own."""
        place = self._place()
        self.limit_s = self._watches[place].limit_s
        return place

    def named(self, call: str) -> str:
        """Return station, model and call."""
        return self._watches[self._place()].named(call)

    def give_up(self, call: str) -> None:
        """End all: a call has taken too long."""
        self._watches[self._place()].give_up(call)

    def crash_of(self, call: str, what: str) -> FmuError:
        """Return the error of a call that crashed."""
        return self._watches[self._place()].crash_of(call, what)
