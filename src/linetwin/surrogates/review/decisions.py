"""What people decided of cells and lots of a run, in a log that shows whether it was changed.

`review.log` in the run's folder is an audit log (`results.audit`): each entry carries the hash of
the one before. The newest decision about a cell holds; earlier ones stay. A decision is a
judgement: nothing learns from it as if it were an outcome.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.results.audit import AuditLog, Entry, entries, head_file, locked, person
from linetwin.results.audit_check import verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

LOG: Final = "review.log"
ACCEPTED, OVERRIDE = "prediction accepted", "prediction overridden"
DECISIONS: Final = (ACCEPTED, OVERRIDE)
GRADES: Final = ("A", "B", "scrap")
LET_THROUGH: Final = ("A", "B")
"""Grades with which a cell goes on: of a safety class nobody gives them alone."""
LONGEST: Final = 2000
"""Characters of a reason or a name."""


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
            own, other = _words(self.name), _words(reviewer)
            if own == other or "".join(own) == "".join(other):
                message = f"'{self.name}' is the reviewer"
                raise ScenarioError([Problem(message, "--second", "another person")])
            return
        lacking = [cell for cell in cells if self.needed.get(cell)]
        if lacking:
            first = lacking[0]
            more = f" (and {len(lacking) - 1:,} cells more)" if len(lacking) > 1 else ""
            of = ", ".join(self.needed[first])
            message = f"{first}{more}: an override lets through what is of safety: {of}"
            hint = "--second NAME of another person; the policy's `second_person` asks for it"
            raise ScenarioError([Problem(message, "--second", hint)])


def _words(name: str) -> list[str]:
    """Return a name's words, sorted: "Müller, Jörg" and "jorg  muller" are one person.

    Letters and digits count, without their accents. It guards against a slip, not against deceit:
    names are no proof of who somebody is.
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    return sorted(re.findall(r"[^\W_]+", kept))


@dataclass(frozen=True)
class Decision:
    """A decision about a cell; `grade` is empty where the predictions were accepted.

    `second`: who decided beside the reviewer, empty for nobody; `safety`: what needed that.
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


def log_of(folder: Path) -> AuditLog:
    """Return the log of a run's folder."""
    return AuditLog(folder / LOG)


def recorded(folder: Path) -> list[Entry]:
    """Return the entries of a run's log, whole and in order; none where there is no log.

    TamperedError where the log is not sound.
    """
    file = folder / LOG
    if not file.exists() and not head_file(file).exists():
        return []
    verify(file)
    return list(entries(file))


@contextmanager
def desk(folder: Path) -> Iterator[None]:
    """Hold a run's decisions: what is checked before an entry still holds when it is written."""
    with locked(folder / "review.desk"):
        yield


def decide(
    folder: Path,
    cells: Mapping[str, tuple[str, str]],
    foretold: Mapping[str, Iterable[Foretold]],
    reviewer: str,
    data: str,
    second: Second | None = None,
) -> list[Decision]:
    """Write what a reviewer decided: cell -> (grade, reason); an empty grade accepts.

    `foretold`: cell -> what each predictor said; `data`: SHA-256 of the run's table of cells.
    ScenarioError for a grade that is none, an empty reason or name, for accepting what was refused
    (of such a cell nothing was predicted), and where a second person lacks. Nothing is written
    then.
    """
    check_person("--reviewer", reviewer)
    beside = second or Second()
    beside.check(reviewer, (cell for cell, (grade, _) in cells.items() if grade in LET_THROUGH))
    for cell, (grade, reason) in cells.items():
        check_words("--reason", reason)
        check_grade(grade, "--override")
        if not grade and all(each.value is None for each in foretold[cell]):
            raise ScenarioError([nothing_predicted(cell)])
    with desk(folder):
        recorded(folder)  # a log that was tampered with does not go on
        log, written = log_of(folder), []
        for cell, (grade, reason) in cells.items():
            entry = log.append(
                reviewer,
                OVERRIDE if grade else ACCEPTED,
                about=cell,
                before={"data": data, "foretold": [asdict(each) for each in foretold[cell]],
                        "safety": list(beside.needed.get(cell, ())), "policy": beside.policy},
                after={"grade": grade, "reason": reason, "account": person(),
                       "second": beside.name.strip()},
            )  # fmt: skip
            written.append(decision_of(entry))
    return written


def decision_of(entry: Entry) -> Decision:
    """Return the decision that an entry tells; ResultsError where it tells none."""
    try:
        before, after = entry.before, entry.after
        return Decision(
            entry.about, entry.what, after["grade"], after["reason"], entry.who, entry.time,
            before["data"], tuple(Foretold(**each) for each in before["foretold"]), entry.seq,
            entry.hash, after.get("second", ""), tuple(before.get("safety", ())),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        message = f"{LOG}: entry {entry.seq} is no decision of `surrogate decide`"
        raise ResultsError(message) from error


def decisions(told: Iterable[Entry]) -> dict[str, Decision]:
    """Return the newest decision about each cell."""
    return {entry.about: decision_of(entry) for entry in told if entry.what in DECISIONS}


def judgements(folder: Path) -> dict[str, str]:
    """Return cell -> the grade that a person gave it, or `accepted`; errors as `recorded`."""
    return {cell: each.grade or "accepted" for cell, each in decisions(recorded(folder)).items()}


def check_grade(grade: str, key: str, file: Path | None = None, line: int | None = None) -> None:
    """Raise ScenarioError for a grade that is none, with where it stands; empty is allowed."""
    if grade and grade not in GRADES:
        hint = f"allowed: {', '.join(GRADES)}"
        raise ScenarioError([Problem(f"'{grade}' is no grade", key, hint, file, line)])


def nothing_predicted(cell: str, file: Path | None = None, line: int | None = None) -> Problem:
    """Return what is wrong with accepting the predictions of a cell that all refused."""
    message = f"{cell}: nothing was predicted, every predictor refused it"
    hint = "a grade in its row, with a reason" if file else "--override GRADE with a --reason"
    return Problem(message, "grade" if file else "--accept", hint, file, line)


def check_person(option: str, name: str) -> None:
    """Raise ScenarioError for a name without a letter or digit, or one that is endless."""
    check_words(option, name)
    if not _words(name):
        raise ScenarioError([Problem(f"'{name}' is no name", option, "the name of a person")])


def check_words(option: str, text: str) -> None:
    """Raise ScenarioError for a reason or a name that is empty or endless."""
    if not text.strip() or len(text) > LONGEST:
        message = "is empty" if not text.strip() else f"is longer than {LONGEST:,} characters"
        raise ScenarioError([Problem(message, option, "a few words")])
