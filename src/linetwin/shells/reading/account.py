"""What a reader says of a file: notes of what it mended or left out, and refusals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN: Final = 80
"""Characters of a foreign text that a message shows."""
_NOTES_OF_A_KIND: Final = 20
"""A file with a million faults of one kind gets so many notes of them, and their number."""


@dataclass(slots=True)
class Place:
    """A place within a file, as the way from its root; made into text only where it is told."""

    label: str = ""
    parent: Place | None = None

    def at(self, label: str) -> Place:
        """Return the place one step further in."""
        return Place(label, self)

    def __str__(self) -> str:
        labels: list[str] = []
        place: Place | None = self
        while place is not None:
            if place.label:
                labels.append(shown(place.label))
            place = place.parent
        return "/".join(reversed(labels))


@dataclass
class Account:
    """The notes of one file while it is read.

    `file`: None where bytes were given; `part`: the part of the package that is being read;
    `found`: shells, submodels, concept descriptions and elements met in the file so far;
    `size`: bytes of the documents read so far; `most`: notes after which reading ends.
    """

    file: Path | None = None
    part: str = ""
    found: int = 0
    size: int = 0
    most: int = 100_000
    _count: int = 0
    _notes: list[str] = field(default_factory=list)
    _kinds: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, place: Place | str, kind: str, detail: str = "") -> None:
        """Keep a note of `place`; `kind` says what was done, `detail` of what and why.

        Raises ScenarioError after too many: a file so bad is not worth the time.
        """
        self._count += 1
        if self._count > self.most:
            raise self.refusal(f"has more than {self.most:,} faults", place, hint=self._notes[0])
        key = (self.part, kind)
        self._kinds[key] += 1
        if self._kinds[key] <= _NOTES_OF_A_KIND:
            words = (self.part, str(place), kind, detail)
            self._notes.append(": ".join(text for text in words if text))

    def notes(self) -> list[str]:
        """Return the notes, and for each kind that has too many the number left out."""
        more = [
            f"{part}: and {count - _NOTES_OF_A_KIND} more like it: {kind}".removeprefix(": ")
            for (part, kind), count in self._kinds.items()
            if count > _NOTES_OF_A_KIND
        ]
        return self._notes + more

    def refusal(self, message: str, place: Place | str = "", hint: str = "") -> ScenarioError:
        """Return the error that says why the file cannot be read."""
        key = ": ".join(text for text in (self.part, str(place)) if text)
        return ScenarioError([Problem(message, key, hint, self.file)])


def shown(text: object) -> str:
    """Return a foreign text as a message may show it: short, on one line, without controls."""
    words = "".join(letter if letter.isprintable() else "\ufffd" for letter in str(text)[:_SHOWN])
    return words + ("…" if len(str(text)) > _SHOWN else "")
