"""What a recording should hold: its parts with their rows, so that a missing one is seen.

A part that a kill left behind before it was listed counts by its number. `values-000000001` and so
on follow one another; a joined file has the numbers of its parts.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from linetwin.errors import ResultsError

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"
NAME = re.compile(r"values-(\d{9})(?:-(\d{9}))?\.parquet\Z")
_LEFT = "linetwin live replay --incomplete plays what is left"


class Manifest:
    """Lists closed parts as they are written.

    lost: rows that never found room, as far as it could be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / MANIFEST
        self._parts: dict[str, int] = {}
        self.write(0)

    def add(self, file: Path, rows: int) -> None:
        """List a part."""
        self._parts[file.name] = rows

    def join(self, parts: list[Path], whole: Path) -> None:
        """List one file in place of its parts."""
        self._parts[whole.name] = sum(self._parts.pop(each.name) for each in parts)

    def write(self, lost: int) -> None:
        """Write it in place of what was there; OSError where there is no room."""
        content = {"rows": sum(self._parts.values()), "lost": lost, "parts": self._parts}
        draft = self._file.with_name(f"{MANIFEST}.tmp")
        try:
            draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        draft.replace(self._file)


def listed(folder: Path) -> list[str]:
    """Return the names of a recording's parts; ResultsError where nothing tells them."""
    file = folder / MANIFEST
    try:
        return list(json.loads(file.read_text(encoding="utf-8"))["parts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"cannot be read, so nobody knows whether all is there: {_LEFT}"
        raise ResultsError(f"{file} {text}") from error


def check_whole(folder: Path, names: list[str], files: list[Path]) -> None:
    """Raise ResultsError, naming the parts, where one that was recorded is not among `files`."""
    there = {number for each in files for number in _numbers(each.name)}
    wanted = {number for name in names for number in _numbers(name)}
    wanted |= set(range(1, max(there | wanted, default=0) + 1))
    missing = sorted(wanted - there)
    if missing:
        gone = [name for name in names if set(_numbers(name)) & set(missing)]
        told = ", ".join(gone[:5]) or f"values-{missing[0]:09d}.parquet"
        text = f"{len(missing)} parts are not there: {told}; {_LEFT}"
        raise ResultsError(f"{folder} is incomplete: {text}")


def _numbers(name: str) -> range:
    match = NAME.match(name)
    if match is None:
        return range(0)
    first = int(match[1])
    return range(first, int(match[2] or first) + 1)
