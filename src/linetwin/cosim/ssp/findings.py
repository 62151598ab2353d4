"""What is told of a system structure: what is wrong with it, and what could not be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from linetwin.errors import WiringError
from linetwin.scenario.problems import Problems

if TYPE_CHECKING:
    from linetwin.errors import ScenarioError
    from linetwin.scenario.problems import Place

Reason = Literal[
    # what is not read
    "annotation",
    "drawing",
    "signature",
    "variant",
    # what is read in another way than it stands there
    "name",
    "unit",
    "kind",
    "connector",
    "parameter",
    "start-value",
    "experiment",
    "step",
    "loop",
    "implementation",
    "version",
    # what an export keeps for linetwin alone
    "group-only",
]
MOST_ELEMENTS: Final = 20_000
"""Components, systems and references, those of other files counted wherever they are named."""


@dataclass(frozen=True)
class Note:
    """One thing that an import or export did not keep as it stood, by its reason."""

    reason: Reason
    text: str
    place: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.text} [{self.reason}]"


class Findings:
    """Collects problems, which end an import, and notes, which do not."""

    def __init__(self) -> None:
        self.problems = Problems()
        self._notes: dict[Note, None] = {}
        self._elements = 0

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes, in the order found, each once."""
        return tuple(self._notes)

    def note(self, reason: Reason, text: str, place: Place | None = None) -> None:
        """Note what was not kept; the same thing twice counts once."""
        where = "" if place is None or place.file is None else f"{place.file.name}:{place.line}"
        parts = [part for part in (where, place.key if place else "") if part]
        self._notes[Note(reason, text, ": ".join(parts))] = None

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.add(place, message, hint)

    def count(self, place: Place) -> None:
        """Count an element; WiringError where files that name each other make too many."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            self.wrong(place, "it holds too many elements", f"at most {MOST_ELEMENTS:,}")
            self.check()

    def adopt(self, error: ScenarioError, place: Place) -> None:
        """Note the problems of an error that did not know where it happened."""
        self.problems.adopt(error, place)

    def check(self) -> None:
        """Raise WiringError with all problems, if there are any."""
        from linetwin.errors import ScenarioError

        try:
            self.problems.check()
        except ScenarioError as error:
            raise WiringError(error.problems) from error
