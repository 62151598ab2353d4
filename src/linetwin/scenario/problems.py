"""Collecting everything that is wrong before anything is said."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MOST_NAMES = 20


@dataclass(frozen=True)
class Place:
    """Where something was written; `origin` is the short form that a Value carries."""

    key: str
    file: Path | None = None
    line: int | None = None
    origin: str = ""

    def below(self, key: str) -> Place:
        """Return the same line with `key` appended to the key path."""
        return replace(self, key=f"{self.key}.{key}" if self.key else key)


class Problems:
    """The list of problems; `check()` raises them all, by file and line."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def found(self) -> tuple[Problem, ...]:
        """What was noted, in that order."""
        return tuple(self._found)

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Note one problem; the same one twice counts once."""
        problem = Problem(message, key=place.key, hint=hint, file=place.file, line=place.line)
        self._found[problem] = None

    def adopt(self, error: ScenarioError, place: Place) -> None:
        """Note the problems of an error that did not know where it happened."""
        for problem in error.problems:
            self.add(place, problem.message, problem.hint)

    def keep(self, problems: Iterable[Problem]) -> None:
        """Note problems that know their places."""
        for problem in problems:
            self._found[problem] = None

    def check(self) -> None:
        """Raise ScenarioError if anything was noted: files as first met, lines in order."""
        if not self._found:
            return
        files = list(dict.fromkeys(problem.file for problem in self._found))
        ordered = sorted(self._found, key=lambda p: (files.index(p.file), p.line or 0))
        raise ScenarioError(ordered)


def nearest(name: str, allowed: Iterable[str], noun: str = "") -> str:
    """Return a hint: the nearest allowed names, or all of them where they are few."""
    names = sorted(set(allowed))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not names:
        return f"there is no {noun}" if noun else ""
    shown = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    return f"allowed: {shown}"
