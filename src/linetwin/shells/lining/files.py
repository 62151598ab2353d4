"""Line files and recipes from shells: what `line:` and `recipe:` of a scenario may name.

`linetwin.scenario.forms` finds this module by its name, as that layer knows no shells.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.shells.lining.whole import line_document
from linetwin.shells.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.scenario.forms import Part
    from linetwin.shells.lining.whole import Lined

    Tell = Callable[[str], None]


def read_part(file: Path, part: Part, tell: Tell) -> dict[str, object]:
    """Return the line or the recipe of a file of shells; ScenarioError where it holds none.

    `tell`: is told what was mended or left out in reading, once.
    """
    lined = _lined_now(file, tell)
    if part == "line":
        return lined.line
    if lined.recipe is None:
        hint = "leave `recipe` out, or name a recipe file"
        raise ScenarioError([Problem("holds no recipe", hint=hint, file=file)])
    return lined.recipe


def tell_unread(file: Path, tell: Tell) -> None:
    """Tell that a recipe in a file of shells is not read, where there is one."""
    _unread(file, *_state(file), tell)


def _lined_now(file: Path, tell: Tell) -> Lined:
    return _lined(file, *_state(file), tell)


def _state(file: Path) -> tuple[int, int]:
    """Return time and size of a file, by which a cache knows it; ScenarioError for none."""
    try:
        status = file.stat()
    except OSError as error:
        message = f"unreadable: {error.strerror}"
        raise ScenarioError([Problem(message, hint="a file of shells", file=file)]) from error
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _unread(file: Path, mtime_ns: int, size: int, tell: Tell) -> None:
    recipe = _lined(file, mtime_ns, size, tell).recipe
    if recipe is not None and recipe["set"]:
        message = f"its recipe is not read: {len(recipe['set'])} values that it sets are another's"
        tell(f"{file}: {message}, or defaults; `recipe: {file.name}` reads it")


@lru_cache(maxsize=4)
def _lined(file: Path, _mtime_ns: int, _size: int, tell: Tell) -> Lined:
    """Read a file once for its line and its recipe; time and size are part of the cache's key."""
    found = read(file)
    lined = line_document(found, file)
    for note in (*found.notes, *lined.notes):
        tell(f"{file}: {note}")
    return lined
