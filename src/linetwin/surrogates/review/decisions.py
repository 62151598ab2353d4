"""What people decided of cells of a run, as its log tells it.

The newest decision about a cell holds; earlier ones stay. A decision is a judgement: nothing learns
from it as if it were an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.surrogates.review.log import LOG, check_person, same_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from linetwin.results.audit import Entry

ACCEPTED, OVERRIDE = "prediction accepted", "prediction overridden"
DECISIONS: Final = (ACCEPTED, OVERRIDE)
SCRAP: Final = "scrap"
GRADES: Final = ("A", "B", SCRAP)
LET_THROUGH: Final = ("A", "B")
"""Grades with which a cell goes on: of a safety class nobody gives them alone."""


@dataclass(frozen=True)
class Asked:
    """What is decided of a cell: a grade, empty where the prediction is accepted, and why.

    `file` and `line`: where it stands in a list; `gone`: why the line has the cell no more, as "was
    scrapped by the line".
    """

    grade: str
    reason: str
    file: Path | None = None
    line: int | None = None
    gone: str = ""

    def check_grade(self) -> None:
        """Raise ScenarioError for a grade that is none, with where it stands."""
        if self.grade and self.grade not in GRADES:
            key = "grade" if self.file else "--override"
            raise ScenarioError([
                Problem(f"'{self.grade}' is no grade", key, f"allowed: {', '.join(GRADES)}",
                        self.file, self.line)
            ])  # fmt: skip


@dataclass(frozen=True)
class Foretold:
    """What a predictor said of a cell when it was decided on; canonical units, None: refused.

    `model`: SHA-256 of the model in the predictor's file.
    """

    target: str
    value: float | None
    low: float | None
    high: float | None
    domain: str
    predictor: str
    model: str


@dataclass(frozen=True)
class Second:
    """A second person beside the reviewer; an empty name: none.

    `needed`: cell -> its safety characteristics, which nobody overrides alone; `policy`: SHA-256
    of the policy that says so, or that does not.
    """

    name: str = ""
    policy: str = ""
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, reviewer: str, cells: Iterable[str]) -> None:
        """Raise ScenarioError where one is needed and not named, or is the reviewer again."""
        if self.name:
            check_person("--second", self.name)
            if same_person(self.name, reviewer):
                message = f"'{self.name}' is, or may be, the reviewer '{reviewer}'"
                hint = "another person; of two who share a name the full names"
                raise ScenarioError([Problem(message, "--second", hint)])
            return
        lacking = [cell for cell in cells if self.needed.get(cell)]
        if lacking:
            first = lacking[0]
            more = f" (and {len(lacking) - 1:,} cells more)" if len(lacking) > 1 else ""
            of = ", ".join(self.needed[first])
            message = f"{first}{more}: an override lets through what is of safety: {of}"
            hint = "--second NAME of another person; the policy's `second_person` asks for it"
            raise ScenarioError([Problem(message, "--second", hint)])


@dataclass(frozen=True)
class Decision:
    """A decision about a cell; `grade` is empty where the predictions were accepted.

    `second`: who decided beside the reviewer, empty for nobody; `safety`: what needed that by the
    `policy` of then (SHA-256).
    """

    cell: str
    what: str
    grade: str
    reason: str
    reviewer: str
    time: str
    data: str
    foretold: tuple[Foretold, ...]
    seq: int
    hash: str
    second: str = ""
    safety: tuple[str, ...] = ()
    policy: str = ""


def decision_of(entry: Entry) -> Decision:
    """Return the decision that an entry tells; ResultsError where it tells none."""
    try:
        before, after = entry.before, entry.after
        return Decision(
            entry.about, entry.what, after["grade"], after["reason"], entry.who, entry.time,
            before["data"], tuple(Foretold(**each) for each in before["foretold"]), entry.seq,
            entry.hash, after["second"], tuple(before["safety"]), before["policy"],
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        message = f"{LOG}: entry {entry.seq} is no decision of `surrogate decide`"
        raise ResultsError(message) from error
