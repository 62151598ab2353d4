"""Regular expressions that can take for ever: Python's `re` tries every way to split a text.

Refused is what makes the number of ways grow with the length faster than its cube: a repeat without
a bound within a repeat, `(A+)+`, and more than three repeats without a bound one after another.
References back are refused too, for they undo any such bound.
"""

from __future__ import annotations

from re import _constants, _parser  # type: ignore[attr-defined]  # the parser of `re` itself
from typing import Any

_MOST_IN_A_ROW = 3
_FEW = 8
"""Repeats of up to so many are counted as written out."""
_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}


def is_slow(pattern: str) -> bool:
    """Whether a pattern that `re` can read may take longer than the cube of a text's length."""
    nested, count = _repeats(_parser.parse(pattern))
    return nested or count > _MOST_IN_A_ROW


def _repeats(parsed: Any) -> tuple[bool, int]:  # noqa: ANN401  re's own tree
    """Return whether a repeat stands in a repeat, and how many stand in it."""
    nested, count = False, 0
    for kind, about in parsed:
        if kind in {_constants.GROUPREF, _constants.GROUPREF_EXISTS}:
            return True, count
        inside = [_repeats(each) for each in _parts(about)]
        nested = nested or any(each for each, _ in inside)
        own = sum(number for _, number in inside)
        if kind in _REPEATS and about[1] > _FEW:
            nested = nested or own > 0 or _has_choice(about[2])
            own = 1 if about[1] - about[0] > _FEW else own
        elif kind in _REPEATS and about[1] > 1:
            own *= int(about[1])
        count += own
    return nested, count


def _has_choice(parsed: Any) -> bool:  # noqa: ANN401
    """Whether a part may be matched in several ways: `(A|AA)*`, `(A?)*`."""
    return any(
        kind == _constants.BRANCH
        or (kind in _REPEATS and about[0] != about[1])
        or any(_has_choice(each) for each in _parts(about))
        for kind, about in parsed
    )


def _parts(about: Any) -> list[Any]:  # noqa: ANN401
    """Return the parts of a pattern that stand in one of its elements."""
    if isinstance(about, _parser.SubPattern):
        return [about]
    if isinstance(about, (list, tuple)):
        return [part for each in about for part in _parts(each)]
    return []
