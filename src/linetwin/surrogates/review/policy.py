"""Severity classes: what a fault weighs, and from which risk on a cell is not let through.

Safety has a ceiling of escapes in ppm and no trade against cost. Elsewhere a cell is stopped where
that is cheaper than to let it pass: a risk p costs p x escape when let through, (1 - p) x false
alarm when stopped, so the threshold is false alarm / (escape + false alarm).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.problems import Problems, nearest
from linetwin.scenario.validation import read_checked
from linetwin.surrogates.review.policy_schema import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.scenario.document import Document
    from linetwin.surrogates.review.policy_schema import CharacteristicWritten, Severity

SHIPPED: Final = "quality.yaml"
ORDER: Final = ("safety", "function", "cosmetic")
GOOD: Final = frozenset({"is_grade_a"})
"""Columns of 0 and 1 of which 1 is no fault."""
_COSTS: Final = ("cost_of_escape", "cost_of_false_alarm")


@dataclass(frozen=True)
class Characteristic:
    """What a fault of a column weighs: ppm ceiling of safety, else costs in `currency`.

    `bad`: the faulty value of a column of 0 and 1; `limits`: as written, of a column of numbers;
    `file`: where it was written.
    """

    name: str
    severity: Severity
    bad: int
    limits: str | None
    ceiling_ppm: float | None
    cost_of_escape: float | None
    cost_of_false_alarm: float | None
    currency: str
    tag: str
    source: str
    file: Path

    @property
    def threshold(self) -> float | None:
        """The risk from which on stopping the cell is cheaper; None for safety."""
        if self.cost_of_escape is None or self.cost_of_false_alarm is None:
            return None
        both = self.cost_of_escape + self.cost_of_false_alarm
        return self.cost_of_false_alarm / both if both else None


@dataclass(frozen=True)
class Policy:
    """A quality policy; `audit_share` in 0 to 1; `digest`: SHA-256 of its file.

    `audit_half_width`: of the interval that the audited cells are to give, None: the share alone;
    `second_person`: whether a safety class is overridden by two people only.
    """

    name: str
    audit_share: float
    audit_half_width: float | None
    second_person: bool
    characteristics: Mapping[str, Characteristic]
    file: Path
    digest: str
    shipped: bool

    @property
    def assumed(self) -> int:
        """How many characteristics are engineering assumptions or recalled."""
        return sum(each.tag in "MA" for each in self.characteristics.values())


def read_policy(file: Path | None = None) -> Policy:
    """Return the policy of a file, or the shipped one; ScenarioError with all that is wrong."""
    with resources.as_file(resources.files(__package__).joinpath(SHIPPED)) as own:
        path = own if file is None else file
        checked = read_checked(path, PolicyFile)
        content = path.read_bytes()
    model, problems = checked.model, Problems()
    for name, written in model.characteristics.items():
        _check(name, written, checked.document, problems)
    monies = {
        str(getattr(each, cost)).rsplit(" ", 1)[1]
        for each in model.characteristics.values()
        for cost in _COSTS
        if getattr(each, cost) is not None
    }
    if len(monies) > 1:
        place = checked.document.place(("characteristics",))
        problems.add(place, f"costs are in {', '.join(sorted(monies))}", "one currency")
    _check_shares(model, checked.document, problems)
    problems.check()
    named = Path(SHIPPED) if file is None else file
    return Policy(
        model.policy,
        _share(model.audit_share),
        None if model.audit_half_width is None else _share(model.audit_half_width),
        model.second_person,
        {name: _taken(name, each, named) for name, each in model.characteristics.items()},
        named,
        hashlib.sha256(content).hexdigest(),
        file is None,
    )


def check_names(policy: Policy, columns: Iterable[str]) -> None:
    """Raise ScenarioError for what a policy names that is no column, nor in the shipped one.

    What is misspelt would not be of safety any more. `columns`: of the run's cells; findings of the
    shipped policy may be rare.
    """
    known = {*columns, *read_policy().characteristics}
    problems = [
        Problem(f"'{name}' is no column of the run's cells", f"characteristics.{name}",
                nearest(name, known, "characteristic"), policy.file)
        for name in policy.characteristics
        if name not in known
    ]  # fmt: skip
    if problems:
        raise ScenarioError(problems)


def _check_shares(model: PolicyFile, document: Document, problems: Problems) -> None:
    """Note shares that are none, and a half width that no number of cells gives."""
    for key, text, least in (
        ("audit_share", model.audit_share, 0.0), ("audit_half_width", model.audit_half_width, 0.01),
    ):  # fmt: skip
        if text is not None and not least <= _share(text) <= 1:
            hint = "1 % to 100 %" if least else "0 % to 100 %"
            problems.add(document.place((key,)), f"'{text}' is no such share", hint)


def _check(
    name: str, written: CharacteristicWritten, document: Document, problems: Problems
) -> None:
    """Note what a severity class lacks, or has and may not."""
    if name in GOOD and written.bad:
        place = document.place(("characteristics", name, "bad"))
        problems.add(place, "is 1, and 1 is a good cell", "bad: 0")
    needed = ("ceiling_ppm",) if written.severity == "safety" else _COSTS
    for key in ("ceiling_ppm", *_COSTS):
        place = document.place(("characteristics", name, key))
        if key in needed and getattr(written, key) is None:
            hint = "ceiling_ppm: 1" if key == "ceiling_ppm" else f"{key}: 12 EUR"
            problems.add(place, f"is missing for severity {written.severity}", hint)
        elif key in needed and key in _COSTS and not _cost(getattr(written, key)):
            problems.add(place, "is 0: then all cells are stopped, or none", f"{key}: 12 EUR")
        elif key not in needed and getattr(written, key) is not None:
            hint = "safety is not traded against cost" if key in _COSTS else "for safety alone"
            problems.add(place, f"is not for severity {written.severity}", hint)


def _share(text: str) -> float:
    return float(text.split(" ", maxsplit=1)[0]) / 100


def _cost(text: str | None) -> float | None:
    """Return what an escape or a false alarm costs, None where it is not written."""
    return None if text is None else float(text.split(" ")[0])


def _taken(name: str, written: CharacteristicWritten, file: Path) -> Characteristic:
    costs = [getattr(written, cost) for cost in _COSTS]
    escape, alarm = map(_cost, costs)
    currency = next((text.split(" ")[1] for text in costs if text is not None), "")
    ceiling = None if written.ceiling_ppm is None else float(written.ceiling_ppm)
    return Characteristic(
        name, written.severity, written.bad, written.limits, ceiling, escape, alarm, currency,
        written.tag, written.source, file,
    )  # fmt: skip
