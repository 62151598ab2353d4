"""The wire between engine and feed: parcels one way, the word to end the other way.

A pipe, and no queue of `multiprocessing`: that leaves a lock held, or half a parcel in a pipe that
never ends, when a process is killed. Here the other side meets the end of the pipe.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from linetwin.twin.feed.parcels import Parcel

_END = "end"


class FeedEnd:
    """The feed's end. `over` is set when the engine says so or is gone.

    At most `most` parcels wait here for the engine.
    """

    def __init__(self, connection: Connection, most: int) -> None:
        self.over = threading.Event()
        self._connection = connection
        self._waiting: queue.Queue[Parcel | str | None] = queue.Queue(most)
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._sender.start()
        threading.Thread(target=self._listen, daemon=True).start()

    def offer(self, parcel: Parcel) -> bool:
        """Return whether there was room for a parcel."""
        try:
            self._waiting.put_nowait(parcel)
        except queue.Full:
            return False
        return True

    def close(self, patience_s: float, last_word: str | None = None) -> None:
        """Send what waits, and why it ends where that is an error; give up after a time."""
        with contextlib.suppress(queue.Full):
            if last_word is not None:
                self._waiting.put(last_word, timeout=patience_s)
            self._waiting.put(None, timeout=patience_s)
            self._sender.join(patience_s)

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # the engine is gone
            while (parcel := self._waiting.get()) is not None:
                self._connection.send(parcel)

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            self._connection.recv()
        self.over.set()


class EngineEnd:
    """The engine's end of the wire."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, wait_s: float) -> Parcel | str | None:
        """Return what has come, or None; EOFError where the feed is gone."""
        try:
            if not self._connection.poll(wait_s):
                return None
            found: Parcel | str = self._connection.recv()
        except OSError as error:  # killed while it sent
            raise EOFError from error
        return found

    def end(self) -> None:
        """Tell the feed to end."""
        with contextlib.suppress(OSError):
            self._connection.send(_END)

    def close(self) -> None:
        """Close this end: a feed that still listens ends too."""
        self._connection.close()
