"""One model's process: spawned, asked, given up where it does not answer, never left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.cosim.folders import remove_abandoned
from linetwin.cosim.isolated import frames
from linetwin.cosim.watchdog import Watch
from linetwin.errors import AT, WITHIN, FmuError

if TYPE_CHECKING:
    from linetwin.cosim.isolated.frames import Message

    Child = subprocess.Popen[bytes]

_OPENING_S: Final = 60.0
"""What starting Python and loading the FMU may take at least, on a busy machine (s)."""
_FAREWELL_S: Final = 5.0
"""How long a process may take to free its FMU at the end (s)."""
_LAST_WORDS_S: Final = 0.5
"""How long a process that does not return may take to say which member it calls (s)."""
_PROGRAM: Final = """\
import sys
sys.path[:] = sys.argv[1:]
from linetwin.cosim.isolated.worker import main
main()
"""


class _Told:
    """Which member of a group is being called, as a process says that hangs or crashes."""

    def __init__(self) -> None:
        self.member = ""
        self.known = threading.Event()

    def note(self, answer: Message) -> None:
        """Take what the process says."""
        self.member = str(answer[frames.MEMBER])
        self.known.set()

    def of(self, reason: str) -> str:
        """Return a reason with the member's name, where that is known."""
        return f"member '{self.member}': {reason}" if self.member else reason


class ModelProcess:
    """A process in which one model runs.

    `model` is its name; a call that takes longer than `limit_s` (s) is given up, with the process.
    """

    def __init__(self, model: str, limit_s: float, opening: Message) -> None:
        """Start the process and open the model in it; errors as `ask`."""
        self.model = model
        self.alive = True
        self._child = _spawn()
        child = self._child
        self._finalizer = weakref.finalize(self, _end, child)
        told = self._told = _Told()  # not self: a model that is dropped ends its process at once
        self._watch = Watch(limit_s, lambda _: _give_up(child, told))
        patient = Watch(max(limit_s, _OPENING_S), lambda _: _kill(child))
        level = logging.getLogger(f"linetwin.fmu.{model}").getEffectiveLevel()
        self.opened = self._ask({"call": "open", "level": level, **opening}, None, patient)

    def ask(self, request: Message, time_s: float | None = None) -> Message:
        """Return the answer to a request; `time_s` is the line's time (s), for messages.

        Raises FmuError where the model fails, and where its process ends or is given up: then it
        is no longer `alive`.
        """
        return self._ask(request, time_s, self._watch)

    def close(self) -> None:
        """Let the model free its FMU, and end the process."""
        self.alive = False
        self._finalizer()

    def _ask(self, request: Message, time_s: float | None, watch: Watch) -> Message:
        call = str(request["call"])
        trouble = ""
        watch.begin(call)
        try:
            answer = self._exchange(request)
        except (OSError, EOFError):
            answer = {}
        except ValueError as error:
            answer, trouble = {}, f"it sent {error} in {call}"
        except BaseException:  # a second Ctrl-C: the answer that is still to come has no reader
            watch.end()
            self._abandon()
            raise
        in_time = watch.end()
        if not in_time:
            trouble = f"its process was ended: {call} had not returned after {watch.limit_s:g} s"
        if not answer or not in_time:
            code = self._abandon(wait=not trouble)
            moment = WITHIN if call in {"advance", "seek"} else AT
            reason = self._told.of(trouble or _death(call, code))
            raise FmuError(reason, self.model, time_s, moment)
        if "error" in answer:
            error_told = FmuError(str(answer["error"]))
            error_told.model, error_told.time_s = self.model, answer.get("time_s")
            raise error_told
        return answer

    def _exchange(self, request: Message) -> Message:
        """Send a request; hand on what the FMU says until the answer comes."""
        child = self._child
        if child.stdin is None or child.stdout is None:
            raise EOFError
        frames.send(child.stdin, request)
        while True:
            answer = frames.receive(child.stdout)
            if "log" in answer:
                _hand_on(answer)
            elif frames.MEMBER in answer:
                self._told.note(answer)
            else:
                return answer

    def _abandon(self, *, wait: bool = False) -> int:
        """End a process that is of no more use; `wait`: it is about to end by itself."""
        self.alive = False
        child = self._child
        if wait:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_FAREWELL_S)
        _kill(child)
        self._finalizer()
        return child.returncode


def _spawn() -> Child:
    """Start a fresh interpreter in a session of its own: Ctrl-C is for the line, not for it."""
    # -P and the paths of this process: it runs the very modules that this one runs
    search = [path or str(Path.cwd()) for path in sys.path]
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM, *search],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _hand_on(record: Message) -> None:
    """Log what the FMU had to say."""
    logging.getLogger(str(record["log"])).log(
        int(record["level"]), "%s", record["text"], extra={"category": record["category"]}
    )


def _give_up(child: Child, told: _Told) -> None:
    """Ask a process that does not return which member it calls, and end it."""
    with contextlib.suppress(OSError, ValueError):  # Windows cannot look whether a pipe is full
        if child.stdin is not None and select.select([], [child.stdin], [], 0)[1]:
            # past the buffer of the thread that waits, which may hold its lock
            os.write(child.stdin.fileno(), frames.framed({"call": frames.MEMBER}))
            told.known.wait(_LAST_WORDS_S)
    _kill(child)


def _kill(child: Child) -> None:
    """End a process at once, with those that it has started."""
    if child.poll() is not None:
        return
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)


def _end(child: Child) -> None:
    """See a process to its end; one that does not end when asked to is killed."""
    if child.stdin is None or child.stdout is None:
        return
    if child.poll() is None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            frames.send(child.stdin, {"call": "close"})
            child.wait(_FAREWELL_S)
        _kill(child)
    child.wait()
    with contextlib.suppress(OSError):
        child.stdin.close()
    with contextlib.suppress(OSError, EOFError, ValueError):
        while "log" in (last := frames.receive(child.stdout)):
            _hand_on(last)
    child.stdout.close()
    remove_abandoned(Path(tempfile.gettempdir()))  # where an FMU ended it, whatever code it chose


def _death(call: str, code: int) -> str:
    """Return what happened to a process that ended within a call."""
    if code >= 0:
        return f"its process ended in {call} with exit code {code}"
    return f"its process crashed in {call}: {named_signal(-code)}"


def named_signal(number: int) -> str:
    """Return a signal's name and what it means: SIGSEGV (segmentation fault)."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    meaning = signal.strsignal(number) or "unknown"
    return f"{name} ({meaning.lower()})"
