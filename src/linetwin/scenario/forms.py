"""Line files and recipes in other forms than YAML: Asset Administration Shells.

A layer above reads them, which is found by its name when the first such file is met.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.scenario.document import Document

    Part = Literal["line", "recipe"]

SHELLS = (".aasx", ".json", ".xml")
_READER: Final = "linetwin.shells.lining.files"
_TELL: list[Callable[[str], None]] = []


def tell_notes_by(tell: Callable[[str], None]) -> None:
    """Let `tell` say what was mended or left out in reading; without, it is a warning of Python."""
    _TELL[:] = [tell]


def read_form(file: Path, label: str, part: Part | None) -> Document:
    """Return a file by its ending; ScenarioError where it cannot be read.

    `part`: what of a file of shells is wanted; None where only YAML can be.
    """
    from linetwin.scenario.document import Document, read  # slow, and not for help

    if not _is_shells(file) or part is None:
        return read(file, label)
    return Document(file, label, _reader().read_part(file, part, _tell), {})


def tell_unread_recipe(line: Path, recipe: Path | None) -> None:
    """Tell of a recipe in the shells that give the line, where another one is read, or none."""
    if _is_shells(line) and line != recipe:
        _reader().tell_unread(line, _tell)


def _is_shells(file: Path) -> bool:
    return file.suffix.lower() in SHELLS


def _reader() -> Any:  # noqa: ANN401 - a module
    return import_module(_READER)


def _tell(note: str) -> None:
    if _TELL:
        _TELL[0](note)
    else:
        warnings.warn(note, stacklevel=2)
