"""One written value, with its quantity, becomes a Value in canonical units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.scenario import units
from linetwin.scenario.resolved import Value
from linetwin.scenario.unit_words import allowed_form

if TYPE_CHECKING:
    from linetwin.quantities import Quantity
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import Scalar
    from linetwin.scenario.written import Written

TAGS = ("V", "D", "M", "A")
BY_USER = "set by the user"
"""Begins the source of a value that is stated without one; the file or option follows."""


def read_value(
    written: Written, quantity: Quantity, place: Place, problems: Problems, *, is_list: bool = False
) -> Value | None:
    """Return the value in the quantity's canonical unit; None, and a problem, if it is no such."""
    scalar = read_scalar(written.value, quantity, place, problems, is_list=is_list)
    evidence = _evidence(written, place, problems)
    if scalar is None or evidence is None:
        return None
    return Value(scalar, quantity.unit, *evidence, place.origin)


def read_free(written: Written, place: Place, problems: Problems) -> Value | None:
    """Return a value whose quantity only an FMU knows.

    Text with a unit is turned into SI base units; a number alone counts in the FMU's own unit,
    which is written as "".
    """
    evidence = _evidence(written, place, problems)
    raw = written.value
    hint = "a number (in the FMU's unit), text such as 0.25 m, or true or false"
    if isinstance(raw, str):
        try:
            scalar, unit = units.si(raw)
        except ScenarioError as error:
            problems.adopt(error, place)
            return None
    elif isinstance(raw, (int, float)) and math.isfinite(raw):
        scalar, unit = raw, ""
    else:
        problems.add(place, f"not a value: {_shown(raw)}", hint)
        return None
    return None if evidence is None else Value(scalar, unit, *evidence, place.origin)


def read_scalar(
    raw: object, quantity: Quantity, place: Place, problems: Problems, *, is_list: bool = False
) -> Scalar | None:
    """Return a number, text or tuple of numbers; None, and problems, where `raw` is no such."""
    if not is_list:
        return _one(raw, quantity, place, problems)
    if not isinstance(raw, list) or not raw:
        form = allowed_form(quantity).partition(" such as ")[2].partition(" or ")[0]
        problems.add(place, f"must be a list, not {_shown(raw)}", f"such as [{form}, {form}]")
        return None
    items = [
        _one(item, quantity, place.below(str(index)), problems) for index, item in enumerate(raw)
    ]
    numbers = tuple(float(item) for item in items if item is not None and not isinstance(item, str))
    return numbers if len(numbers) == len(items) else None


def _one(
    raw: object, quantity: Quantity, place: Place, problems: Problems
) -> float | int | str | bool | None:
    if quantity.type == "str" and isinstance(raw, str):
        if quantity.choices and raw not in quantity.choices:
            message = f"there is no {quantity.name} '{raw}'"
            problems.add(place, message, f"allowed: {' or '.join(quantity.choices)}")
            return None
        return raw
    if quantity.type == "bool" and isinstance(raw, bool):
        return raw
    if quantity.type in {"str", "bool"}:
        form = "true or false" if quantity.type == "bool" else "text"
        problems.add(place, f"{_shown(raw)} is not allowed", f"allowed: {form}")
        return None
    number = _number(raw, quantity, place, problems)
    if number is None or not _in_range(number, raw, quantity, place, problems):
        return None
    return int(number) if quantity.type == "int" else number


def _number(raw: object, quantity: Quantity, place: Place, problems: Problems) -> float | None:
    """Return a finite number in canonical units."""
    if isinstance(raw, str):
        try:
            number = units.parse(raw, quantity)
        except ScenarioError as error:
            problems.adopt(error, place)
            return None
    elif isinstance(raw, bool) or not isinstance(raw, (int, float)):
        problems.add(place, f"{_shown(raw)} is no number", allowed_form(quantity))
        return None
    elif quantity.unit != "1":
        problems.add(place, f"{raw!r} has no unit", allowed_form(quantity))
        return None
    else:
        number = float(raw)
    if not math.isfinite(number):
        problems.add(place, f"{raw!r} is not finite", allowed_form(quantity))
        return None
    if quantity.type == "int" and number != int(number):
        problems.add(place, f"{raw!r} is not whole", allowed_form(quantity))
        return None
    return number


def _in_range(
    number: float, raw: object, quantity: Quantity, place: Place, problems: Problems
) -> bool:
    if quantity.minimum <= number <= quantity.maximum:
        return True
    low, high = (units.display(bound, quantity) for bound in (quantity.minimum, quantity.maximum))
    message = f"{raw} is out of the plausible range of {quantity.name}"
    problems.add(place, message, f"allowed: {low} to {high}")
    return False


def _evidence(written: Written, place: Place, problems: Problems) -> tuple[str, str] | None:
    """Return tag and source; a value set without either is the user's assumption."""
    if written.tag in {"V", "D", "M"} and not written.source:
        hint = f"say where the value is from, as in source: '...'; tags: {', '.join(TAGS)}"
        problems.add(place, f"tag {written.tag} needs a source", hint)
        return None
    return written.tag or "A", written.source or f"{BY_USER} in {place.origin}"


def _shown(raw: object) -> str:
    return "empty" if raw is None else repr(raw)
