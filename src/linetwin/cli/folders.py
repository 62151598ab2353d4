"""Folders that a command is to make: one that cannot be made is the user's to name anew."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from typing import TYPE_CHECKING

from linetwin.errors import LinetwinError, Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ALLOWED = "allowed: a folder that is there, or can be made, and can be written in"


@contextlib.contextmanager
def makeable(folder: Path, advice: str = "free some, and give the command again") -> Iterator[None]:
    """Tell of a folder that cannot be made or written in: ScenarioError, by its option.

    LinetwinError with `advice` where the disk is full, which no other name mends.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise no_space(folder, advice) from error
        reason = error.strerror or str(error)
        message = f"{folder} is no folder that can be made and written in: {reason}"
        raise ScenarioError([Problem(message, "-o", _ALLOWED)]) from error


def no_space(folder: Path, advice: str) -> LinetwinError:
    """Return the error of a full disk, with what to do."""
    return LinetwinError(f"{folder}: no space left on its disk: {advice}")


def try_folder(folder: Path) -> None:
    """Raise what `makeable` does, before work is done for it; what is made is removed again."""
    with makeable(folder):
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        for each in missing:
            each.rmdir()
