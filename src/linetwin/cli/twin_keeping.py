"""The saved twin in its folder, the last two: a kill or a damaged file costs minutes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from linetwin.cli.twin_clock import WallClock
from linetwin.errors import ResultsError, SimulationError
from linetwin.twin.session import Session, unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.session import Parts

SESSION = "twin.session"
"""Name of the saved twin in its folder."""
BEFORE, NEW = "twin.session.before", "twin.session.new"
"""The one saved before it; and what is being written."""
SAVE_EVERY_S = 300.0


class Keeper:
    """Saves a twin and finds it again; `unsaved`: why it could not be saved last, "" if it was."""

    def __init__(
        self, folder: Path, clock: WallClock | None = None, every_s: float = SAVE_EVERY_S
    ) -> None:
        self._folder, self._every_s = folder, every_s
        self.clock = WallClock() if clock is None else clock
        self.file = folder / SESSION
        self.notices: list[str] = []
        self.unsaved = ""
        self._tried = self.clock.steady_s()
        self._saved = self._tried

    @property
    def is_due(self) -> bool:
        """Whether it is time to save."""
        return self.clock.steady_s() - self._tried > self._every_s

    @property
    def age_s(self) -> float:
        """Wall time since it was saved, or since it began [s]."""
        return self.clock.steady_s() - self._saved

    def load(self, parts: Parts) -> tuple[Session, dict[str, Any]] | None:
        """Return the newest twin that is whole, with the cursor of its feed; None where none is.

        ResultsError where there are files, and none of them is whole.
        """
        damaged = []
        for name in (SESSION, NEW, BEFORE):  # a kill between two renames leaves the second
            file = self._folder / name
            if not file.exists():
                continue
            try:
                blob = file.read_bytes()
                unpacked(blob)
            except (OSError, SimulationError) as error:
                if name != NEW:
                    damaged.append(f"{file}: {error}")
                continue
            session, cursor = Session.load(parts, blob)
            ago = max(0.0, self.clock.utc_s() - file.stat().st_mtime)
            self.notices += [f"{each}; the twin saved before it is used" for each in damaged]
            self.notices.append(f"goes on from {file.name}, saved {span(ago)} ago")
            return session, cursor
        if damaged:
            advice = "move it away, and the twin joins the plant anew"
            raise ResultsError("\n".join(f"{each}: {advice}" for each in damaged))
        return None

    def save(self, blob: bytes) -> None:
        """Put a twin on the disk, keep the one before; where that fails say why and go on."""
        self._tried = self.clock.steady_s()
        new = self._folder / NEW
        try:
            with new.open("wb") as stream:
                stream.write(blob)
                stream.flush()
                os.fsync(stream.fileno())
            if self.file.exists():
                self.file.replace(self._folder / BEFORE)
            new.replace(self.file)
        except OSError as error:
            self.unsaved = error.strerror or str(error)
            if self.file.exists():  # else the new one may be all there is
                new.unlink(missing_ok=True)
            return
        self.unsaved, self._saved = "", self._tried


def span(seconds: float) -> str:
    """Return a wall time as people say it."""
    if seconds < 120:  # noqa: PLR2004  two minutes
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 120:  # noqa: PLR2004  two hours
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"
