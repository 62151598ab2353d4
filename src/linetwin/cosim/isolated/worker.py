"""What runs in a model's own process: requests come in, answers and log records go out.

It ends when the line does, however that ends: a thread reads the requests, so the end of the pipe
is seen also while the FMU does not return.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

from linetwin.cosim.folders import remove_process_folder
from linetwin.cosim.groups.continuous import GroupContinuous
from linetwin.cosim.isolated import frames
from linetwin.cosim.kernel.guard import guard
from linetwin.cosim.process import make_continuous, make_transform
from linetwin.cosim.progress import nobody
from linetwin.errors import FmuError, LinetwinError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.cosim.isolated.frames import Message
    from linetwin.cosim.kernel.guard import Guard
    from linetwin.cosim.process import LoadedContinuous
    from linetwin.cosim.transform import FmuTransform


class _Answers:
    """Sends frames, also from threads of the FMU that have something to say.

    `member`: who of a group is being called.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.member = nobody

    def tell_member(self) -> None:
        """Send who is being called, where that does not return or crashes."""
        self.send({frames.MEMBER: self.member()})

    def send(self, message: Message) -> None:
        with self._lock:
            frames.send(self._stream, message)


class _Forward(logging.Handler):
    """Hands log records of the FMU on to the line's process."""

    def __init__(self, answers: _Answers) -> None:
        super().__init__()
        self._answers = answers

    def emit(self, record: logging.LogRecord) -> None:
        category = str(getattr(record, "category", ""))
        self._answers.send(
            {
                "log": record.name,
                "level": record.levelno,
                "category": category,
                "text": record.getMessage(),
            }
        )


class _Continuous:
    """Requests to a model that lives in line time."""

    def __init__(self, model: LoadedContinuous) -> None:
        self.model = model

    def start(self, request: Message) -> Message:
        self.model.start(request["tick"], request["inputs"])
        return {"done": True}

    def advance(self, request: Message) -> Message:
        self.model.advance(request["tick"], request["inputs"])
        return self._stands(request)

    def seek(self, request: Message) -> Message:
        return {"tick": self._group().seek(request["tick"]), **self._stands(request)}

    def back(self, request: Message) -> Message:
        self._group().back()
        return self._stands(request)

    def occurred(self, request: Message) -> Message:
        del request
        return {"met": self._group().occurred()}

    def _group(self) -> GroupContinuous:
        if not isinstance(self.model, GroupContinuous):
            raise FmuError("it has no events", self.model.model)
        return self.model

    def _stands(self, request: Message) -> Message:
        """Return outputs, and what was met on the way there."""
        model = self.model
        ended = isinstance(model, GroupContinuous) and model.ended
        met = model.occurred() if isinstance(model, GroupContinuous) and not ended else []
        return {"values": model.read(request["names"]), "met": met, "ended": ended}

    def read(self, request: Message) -> Message:
        return {"values": self.model.read(request["names"])}

    def save(self, request: Message) -> Message:
        del request
        return {"state": self.model.save()}

    def restore(self, request: Message) -> Message:
        self.model.restore(request["state"])
        return {"done": True}

    def opened(self) -> Message:
        model = self.model
        members = model.unable_to_save
        return {"can_save": model.can_save, "unable_to_save": members, "digest": model.digest}

    def calls(self) -> dict[str, Callable[[Message], Message]]:
        return {
            "start": self.start,
            "advance": self.advance,
            "seek": self.seek,
            "back": self.back,
            "occurred": self.occurred,
            "read": self.read,
            "save": self.save,
            "restore": self.restore,
        }


class _Transform:
    """Requests to a model that takes items through phases."""

    def __init__(self, model: FmuTransform) -> None:
        self.model = model

    def apply(self, request: Message) -> Message:
        start = frames.unpacked(request["start"])
        results = self.model.apply(start, frames.unpacked_phases(request["phases"]))
        return {"columns": [frames.packed(columns) for columns in results]}

    def opened(self) -> Message:
        return {"done": True}

    def calls(self) -> dict[str, Callable[[Message], Message]]:
        return {"apply": self.apply}


def _open(request: Message) -> _Continuous | _Transform:
    """Load the model that the first request names."""
    contract = frames.unpacked_contract(request["contract"])
    mapping = frames.unpacked_map(request["map"])
    fmu, numbers = Path(request["fmu"]), request["parameters"]
    if contract.form == "transform":
        return _Transform(make_transform(fmu, contract, numbers, mapping))
    return _Continuous(make_continuous(fmu, contract, numbers, mapping, request["events"]))


def _listen(stream: IO[bytes], requests: queue.SimpleQueue[Message], answers: _Answers) -> None:
    """Pass requests on; where the line has ended, end at once, whatever the FMU is doing."""
    with contextlib.suppress(EOFError, OSError, ValueError):
        while True:
            request = frames.receive(stream)
            if request["call"] == frames.MEMBER:
                answers.tell_member()
            else:
                requests.put(request)
    remove_process_folder()
    os._exit(1)


def _tell_crashes(found: Guard, answers: _Answers) -> None:
    """Wait for a crash, or an exit() of an FMU; say whose it is, and let it happen."""
    if found.wait() < 0:
        return
    try:
        answers.tell_member()
    finally:
        found.let()


def _look_out(model: GroupContinuous, answers: _Answers) -> None:
    """Let who asks, or learns of a crash, hear which member is being called."""
    answers.member = model.under_way
    found = guard()
    if found is not None:
        found.look_out_for_exit()
        threading.Thread(target=_tell_crashes, args=(found, answers), daemon=True).start()


def _serve(requests: queue.SimpleQueue[Message], answers: _Answers) -> None:
    """Answer requests until one asks to close."""
    opening = requests.get()
    logger = logging.getLogger("linetwin.fmu")
    logger.setLevel(opening["level"])
    logger.addHandler(_Forward(answers))
    logger.propagate = False
    try:
        served = _open(opening)
    except LinetwinError as error:
        answers.send(_told(error))
        requests.get()  # to close
        return
    if isinstance(served.model, GroupContinuous):
        _look_out(served.model, answers)
    calls = served.calls()
    answers.send(served.opened())
    while (request := requests.get())["call"] != "close":
        try:
            answer = calls[request["call"]](request)
        except LinetwinError as error:
            answer = _told(error)
        answers.send(answer)
    served.model.close()


def _told(error: LinetwinError) -> Message:
    time_s = error.time_s if isinstance(error, ModelError) else None
    return {"error": str(error), "time_s": time_s}


def main() -> None:
    """Serve one model; what an FMU prints goes to standard error, not between the messages."""
    into, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silent = os.open(os.devnull, os.O_RDWR)
    os.dup2(silent, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # there is no standard error
        os.dup2(silent, 1)
        os.dup2(silent, 2)
    os.close(silent)
    requests: queue.SimpleQueue[Message] = queue.SimpleQueue()
    answers = _Answers(out)
    threading.Thread(target=_listen, args=(into, requests, answers), daemon=True).start()
    _serve(requests, answers)
