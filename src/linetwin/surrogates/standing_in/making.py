"""From a line's calls to regimes: which quantities vary, and how far the box goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.stand_in_card import Slot
from linetwin.quantities import vocabulary
from linetwin.scenario.units import display
from linetwin.surrogates.standing_in.designing import design
from linetwin.surrogates.standing_in.regime import Made, Sources
from linetwin.surrogates.standing_in.shaping import ALWAYS, RULE, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.contracts import Transform
    from linetwin.surrogates.standing_in.shaping import Shape
    from linetwin.surrogates.standing_in.table import Table

MOST_ROWS: Final = 2_000
"""Recorded items of a regime that are learnt from; of more, evenly so many."""
SHARES: Final = (0.3, 1.0)
"""Of the box's margins, by regime [A]: a narrow one knows better what a wide one knows of more."""
_LEAST_ROWS: Final = 8
_PARTS: Final = (0.5, 0.25, 0.1, 0.0)
"""Of a range that is too wide: which parts of it are tried."""
_FEW_POINTS: Final = 256
"""Points at which that is tried."""


@dataclass(frozen=True)
class Asked:
    """What is to stand in: the FMU of a station, for calls of one form.

    `wanted`: ranges that its box is to hold, by quantity; `points`: designed points;
    `coverage`: of the intervals.
    """

    station: str
    settings: str
    model: Transform
    wanted: Mapping[str, tuple[float, float]]
    points: int
    coverage: float


def make(asked: Asked, table: Table) -> list[Made] | str:
    """Return the regimes of a table of calls, narrow before wide, or why there are none.

    First all that ever varied is varied. Where that cannot be learnt well enough, values that
    nearly all items share become conditions, and the others (a web that stood still) make a regime
    of their own.
    """
    good = np.minimum.reduce([table.answers[Slot(at, "valid")] for at in table.phases()]) >= 1.0
    valid = table.some(good)
    if len(valid) < _LEAST_ROWS:
        return f"only {len(valid)} items in the range that the FMU declares, {_LEAST_ROWS} needed"
    shapes = [shape_of(valid, ALWAYS)]
    if not (lean := shape_of(valid, RULE)).kept.all():
        shapes.append(lean)
    best: tuple[Made, Shape] | None = None
    reason = ""
    for shape in shapes:
        made = _made(asked, table, valid, shape, SHARES[0])
        if isinstance(made, str):
            reason = made
        elif best is None or made.too_wide < best[0].too_wide:
            best = made, shape
        if best is not None and not best[0].too_wide:
            break
    if best is None:
        return reason
    wide = _made(asked, table, valid, best[1], SHARES[1])
    others = valid.some(~best[1].kept)
    rest = _rest(asked, table, others)
    found = [best[0], *[each for each in (wide, rest) if not isinstance(each, str)]]
    left_out = len(table) - len(valid) + (len(others) if isinstance(rest, str) else 0)
    return [each.without(left_out) for each in found]


def _rest(asked: Asked, table: Table, others: Table) -> Made | str:
    """Return the regime of the few items that do not what the others do by rule."""
    if len(others) < _LEAST_ROWS:
        return f"only {len(others)} items of their own"
    return _made(asked, table, others, shape_of(others, ALWAYS), SHARES[1])


def _made(asked: Asked, table: Table, valid: Table, shape: Shape, share: float) -> Made | str:
    kept = valid.some(shape.kept)
    if len(kept) < _LEAST_ROWS:
        return f"only {len(kept)} items alike, {_LEAST_ROWS} are needed"
    if not shape.varying:
        return "nothing of it varies"
    wanted = {slot: asked.wanted[slot.name] for slot in shape.varying if slot.name in asked.wanted}
    found = design(asked.model, shape, kept, wanted, (asked.points, share))
    if isinstance(found, str):
        return found + _by_ranges(asked, shape, kept, wanted)
    some = kept.some(np.unique(np.linspace(0, len(kept) - 1, MOST_ROWS).astype(int)))
    left_out = len(table) - len(kept)
    sources = (asked.station, asked.settings, table, some, left_out, shape, found, asked.coverage)
    return Sources(*sources).made()


def _by_ranges(
    asked: Asked, shape: Shape, kept: Table, wanted: Mapping[Slot, tuple[float, float]]
) -> str:
    """Return that a range which was asked for is why there is no box, and what goes; "" else.

    The parts of the ranges by which they go beyond what was seen are made smaller together.
    """
    if not wanted:
        return ""
    names = " and ".join(dict.fromkeys(slot.name for slot in wanted))
    for part in _PARTS:
        less = {slot: _narrowed(kept.given[slot], ends, part) for slot, ends in wanted.items()}
        if isinstance(design(asked.model, shape, kept, less, (_FEW_POINTS, 0.0)), str):
            continue
        said = f", since the range of {names} is too wide"
        if part == 0.0:
            return f"{said}; none wider than the line's own goes"
        told = ", ".join(dict.fromkeys(_told(slot.name, *ends) for slot, ends in less.items()))
        return f"{said}; a narrower one goes, such as {told}"
    return ""


def _narrowed(seen: np.ndarray, ends: tuple[float, float], part: float) -> tuple[float, float]:
    """Return the range that a part of the way from what was seen to the ends makes."""
    low, high = float(seen.min()), float(seen.max())
    return low + part * (min(low, ends[0]) - low), high + part * (max(high, ends[1]) - high)


def _told(name: str, low: float, high: float) -> str:
    """Return a range as `--range` takes it."""
    own = vocabulary()[name]
    return f"{name}={display(low, own, 4)} to {display(high, own, 4)}"
