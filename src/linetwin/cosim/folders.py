"""Temporary folders that belong to one process and never outlive it for long.

A folder has a lock file beside it, held locked for as long as the process lives. The folder is
removed when the process ends; what a killed process left is known by its free lock, and is removed
by the next process that needs a folder. The system frees the lock with the process, so there is no
number of a process that another may bear by now. What belongs to another user is left alone.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from linetwin.errors import FmuError

_PREFIX = "linetwin-fmu-"
_LOCK = ".lock"
_TRIES = 10
"""Names that are tried: a cleaner may take a new lock for an abandoned one, in the moment before
it is held."""


def _lock(descriptor: int) -> bool:
    """Lock an open file without waiting; False where another process holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _same_file(descriptor: int, path: Path) -> bool:
    """Tell whether `path` still names the open file: a cleaner may have removed it before."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _ours(descriptor: int) -> bool:
    """Tell whether an open file belongs to this user: all users share one temporary folder."""
    return not hasattr(os, "getuid") or os.fstat(descriptor).st_uid == os.getuid()


def _take(lock: Path) -> int | None:
    """Open and lock `lock`, created if need be; None where that is not possible, or not ours."""
    try:
        flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(lock, flags, 0o600)
    except OSError:
        return None
    if _ours(descriptor) and _lock(descriptor) and _same_file(descriptor, lock):
        return descriptor
    os.close(descriptor)
    return None


def _remove(folder: Path, lock: Path, descriptor: int) -> None:
    """Remove a folder whose lock is held; the lock file goes last, or it would not be found."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        with suppress(OSError):
            lock.unlink()
    os.close(descriptor)


def remove_abandoned(parent: Path) -> list[Path]:
    """Remove the folders under `parent` whose process is gone; return those that were removed."""
    removed = []
    for lock in parent.glob(f"{_PREFIX}*{_LOCK}"):
        descriptor = _take(lock)
        if descriptor is not None:
            folder = lock.with_suffix("")
            _remove(folder, lock, descriptor)
            removed.append(folder)
    return removed


def _new_lock(parent: Path) -> tuple[Path, int]:
    """Return a new lock file under `parent`, and its descriptor; FmuError where none can be had."""
    for _ in range(_TRIES):
        lock = parent / f"{_PREFIX}{secrets.token_hex(8)}{_LOCK}"
        descriptor = _take(lock)
        if descriptor is not None:
            return lock, descriptor
    raise FmuError(_refused(parent))


def _refused(parent: Path) -> str:
    return f"no temporary folder can be made in {parent}; set TMPDIR to another"


class OwnedFolder:
    """A fresh folder of this process; removed at its end, or with `remove`."""

    def __init__(self, parent: Path | None = None) -> None:
        """Create the folder under `parent` (default: the system's temporary folder).

        Raises FmuError where no folder can be made there.
        """
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        remove_abandoned(parent)
        self._lock, descriptor = _new_lock(parent)
        self._descriptor: int | None = descriptor
        self.path = self._lock.with_suffix("")
        self.process = os.getpid()
        try:
            self.path.mkdir(mode=0o700)
        except OSError as error:
            self.remove()
            raise FmuError(_refused(parent)) from error
        atexit.register(self.remove)

    def remove(self) -> None:
        """Remove the folder; does nothing in a forked child, to which it does not belong."""
        if self._descriptor is not None and os.getpid() == self.process:
            _remove(self.path, self._lock, self._descriptor)
            self._descriptor = None


_OWNED: list[OwnedFolder] = []


def process_folder() -> Path:
    """Return this process's folder for extracted FMUs, made on first use."""
    if not _OWNED or _OWNED[-1].process != os.getpid():
        _OWNED.append(OwnedFolder())
    return _OWNED[-1].path


def remove_process_folder() -> None:
    """Remove what this process has extracted now: it ends without its own farewell."""
    for owned in _OWNED:
        owned.remove()
