"""Line files and recipes in other forms than YAML, read by whoever knows these.

A layer above gives the reader: the command line does, for Asset Administration Shells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.scenario.document import Document

    Part = Literal["line", "recipe"]
    FormReader = Callable[[Path, Part], dict[str, object]]

SHELLS = (".aasx", ".json", ".xml")
_READERS: dict[str, FormReader] = {}


def read_shells_by(reader: FormReader) -> None:
    """Let files of shells be read by `reader`: path and what is wanted of it -> plain data."""
    _READERS.update(dict.fromkeys(SHELLS, reader))


def read_form(file: Path, label: str, part: Part | None) -> Document:
    """Return a file by its ending; ScenarioError where it cannot be read.

    `part`: what of a file of shells is wanted; None where only YAML can be.
    """
    from linetwin.scenario.document import Document, read  # slow, and not for help

    ending = file.suffix.lower()
    if ending not in SHELLS or part is None:
        return read(file, label)
    if ending not in _READERS:
        hint = "in Python, import linetwin.cli first, which reads shells; or give a .yaml file"
        raise ScenarioError([Problem("nobody here reads shells", hint=hint, file=file)])
    return Document(file, label, _READERS[ending](file, part), {})
