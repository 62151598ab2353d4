"""Line files and recipes from shells: what `line:` and `recipe:` of a scenario may name."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import typer

from linetwin.errors import Problem, ScenarioError
from linetwin.shells.lining import line_document
from linetwin.shells.reading import read

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.forms import Part
    from linetwin.shells.lining import Lined


def read_part(file: Path, part: Part) -> dict[str, object]:
    """Return the line or the recipe of a file of shells; ScenarioError where it holds none."""
    try:
        status = file.stat()
    except OSError as error:
        message = f"unreadable: {error.strerror}"
        raise ScenarioError([Problem(message, hint="a file of shells", file=file)]) from error
    lined = _lined(file, status.st_mtime_ns, status.st_size)
    if part == "line":
        return lined.line
    if lined.recipe is None:
        hint = "leave `recipe` out, or name a recipe file"
        raise ScenarioError([Problem("holds no recipe", hint=hint, file=file)])
    return lined.recipe


@lru_cache(maxsize=4)
def _lined(file: Path, _mtime_ns: int, _size: int) -> Lined:
    """Read a file once for its line and its recipe; time and size are part of the cache's key.

    What was mended or left out in reading is told where errors are.
    """
    found = read(file)
    for note in found.notes:
        typer.echo(f"linetwin: {file}: {note}", err=True)
    lined = line_document(found, file)
    for note in lined.notes:
        typer.echo(f"linetwin: {file}: {note}", err=True)
    return lined
