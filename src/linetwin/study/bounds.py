"""Bounds on figures: amounts with a unit, read as soon as a run has told the figure's unit."""

from __future__ import annotations

import contextlib
import math
import re
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity
from linetwin.scenario import units
from linetwin.scenario.problems import Place, Problems
from linetwin.study.report_words import scale_of
from linetwin.study.schema import Constraint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.study.schema import WrittenConstraint

_AMOUNT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(.*?)\s*\Z")
_MONEY = re.compile(r"[A-Z]{3}(?=/|\Z)")
_NO_UNIT = "a number, or text such as 22.5 kWh"


def constraints_of(
    written: Sequence[WrittenConstraint],
    told: Mapping[str, str],
    place: Callable[[int], Place],
) -> list[Constraint]:
    """Return constraints in the canonical units of their figures, `told` by runs.

    ScenarioError with all bounds that do not fit their figure; `place`: where one was written.
    """
    problems = Problems()
    found = []
    for number, each in enumerate(written):
        bounds = {
            key: _bound(raw, told.get(each.figure, ""), place(number).below(key), problems)
            for key, raw in (("at_most", each.at_most), ("at_least", each.at_least))
            if raw is not None
        }
        found.append(Constraint(figure=each.figure, chance=each.chance, **bounds))
    problems.check()
    return found


def least_of(raw: object, unit: str, place: Place) -> float:
    """Return the least difference that matters, in its figure's canonical unit; 0 for None.

    ScenarioError where it has a unit that is not the figure's.
    """
    problems = Problems()
    found = 0.0 if raw is None else _bound(raw, unit, place, problems)
    problems.check()
    return found


def rough(raw: object, place: Place, problems: Problems) -> tuple[float, str] | None:
    """Return a bound as number and unit, before its figure's unit is known.

    None, and a problem, where it is no amount, or nobody knows the unit.
    """
    match = _AMOUNT.match(raw) if isinstance(raw, str) else None
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and math.isfinite(raw):
        return float(raw), ""
    if match is None:
        problems.add(place, f"{raw!r} is no amount", _NO_UNIT)
        return None
    if _MONEY.match(match[2]):
        return float(match[1]), match[2]
    try:
        return units.si(str(raw))
    except ScenarioError as error:
        problems.adopt(error, place)
        return None


def _bound(raw: object, unit: str, place: Place, problems: Problems) -> float:
    """Return a bound in a figure's canonical unit; NaN, and a problem, where it has another."""
    unit, scale = unit or "1", scale_of(unit)
    match = _AMOUNT.match(str(raw))
    number, given = (match[1], match[2]) if match else ("", "")
    money = _MONEY.match(unit)
    if match and given == scale.unit:
        return float(number) / scale.factor
    if match and (not money or given.startswith(money[0])):
        plain, goal = (_MONEY.sub("1", text) if money else text for text in (given, unit))
        with contextlib.suppress(ScenarioError):
            return units.parse(f"{number} {plain}", Quantity("bound", goal, ""))
    hint = f"its unit is {scale.unit}: write 100 {scale.unit}" if scale.unit else "a number alone"
    problems.add(place, f"{raw!r} does not fit the figure", hint)
    return math.nan
