"""When each address was last asked for: one file, which all writers of a twin read and lock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from linetwin.errors import ResultsError
from linetwin.twin.security.folders import PRIVATE_FILE, replace

if TYPE_CHECKING:
    from pathlib import Path

TIMES = "written.json"
"""Name of the file."""


class Times:
    """The file in a folder; whoever notes a time holds its lock."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / TIMES

    def all(self) -> dict[str, str]:
        """Return address -> when it was last asked for (ISO 8601); ResultsError if damaged."""
        if not self.file.exists():
            return {}
        try:
            found: dict[str, str] = json.loads(self.file.read_text(encoding="utf-8"))
        except ValueError as error:
            message = f"{self.file} is damaged: the times of writing are not known"
            raise ResultsError(message) from error
        return found

    def note(self, address: str, time: str | None) -> None:
        """Note when an address was last asked for; None: never."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        noted = self.all() | {address: time}
        times = {name: each for name, each in noted.items() if each is not None}
        replace(self.file, json.dumps(times).encode(), PRIVATE_FILE)
