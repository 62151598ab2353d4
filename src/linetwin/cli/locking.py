"""One process writes a run folder at a time; the system takes the lock back when it is killed."""

from __future__ import annotations

import contextlib
import sys
from typing import IO, TYPE_CHECKING

from linetwin.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = ".lock"


class HeldError(ResultsError):
    """A folder in which another process writes."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a run folder; HeldError where another process writes in it.

    Where the file system knows no locks the folder is used all the same.
    """
    file = folder / NAME
    with file.open("ab") as stream:
        try:
            _lock(stream)
        except BlockingIOError as error:
            message = f"{folder} is being written by another process: wait for it, or end it first"
            raise HeldError(message) from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # Windows keeps an open file's name
                file.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> None:
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> None:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # a network file system without locks
            return
