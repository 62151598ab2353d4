"""What the systems do each their own way: a lock on a file, and a folder's names on the disk."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def lock(stream: IO[bytes]) -> None:
        """Hold an open file until it is closed; waits its turn."""
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)

    def sync_folder(folder: Path) -> None:
        """A folder cannot be opened there; the file system keeps a journal of names."""

else:
    import fcntl

    def lock(stream: IO[bytes]) -> None:
        """Hold an open file until it is closed; waits its turn."""
        fcntl.flock(stream, fcntl.LOCK_EX)

    def sync_folder(folder: Path) -> None:
        """Make names last through a loss of power."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
