"""Which outputs a stand-in tells hardly better than that they lie in the range that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.predictors.stand_in_card import Learnt, Regime

ROUGH: Final = 0.1
"""Interval of an output over its range in training from which on it is told roughly [A]."""

FINE: Final = 1e-3
"""The same over the output's largest amount up to which it is told well, however it varies [A]."""


def width_of(each: Learnt) -> float:
    """Return the widest interval of an output within its range in training, in its unit."""
    ends = each.link.to(np.array([each.low, each.high, (each.low + each.high) / 2]))
    half = each.half_widths[0]
    return float((each.link.back(ends + half) - each.link.back(ends - half)).max())


def rough_of(regimes: Iterable[Regime], widest: Mapping[str, float]) -> list[str]:
    """Return what `auto` takes though it is told roughly, each quantity by its worst regime.

    Such an output is small beside others of its unit. `widest`: of a scenario, in its unit.
    """
    worst: dict[str, tuple[float, Learnt]] = {}
    for regime in regimes:
        for each in regime.learnt:
            width = width_of(each)
            share = width / (each.high - each.low)
            taken = width <= widest.get(each.name, each.widest)
            fine = width <= FINE * max(abs(each.low), abs(each.high))
            if taken and not fine and share > max(ROUGH, worst.get(each.name, (0.0, each))[0]):
                worst[each.name] = share, each
    return [_told(each) for _, each in worst.values()]


def width_text(quantity: Quantity, width: float) -> str:
    """Return a width of an interval as people read it: of a temperature in kelvins."""
    unit = "" if quantity.display == "Cel" else quantity.display
    return display(width, Quantity(quantity.name, quantity.unit, "", display=unit), 3)


def _told(each: Learnt) -> str:
    """Return half of an output's interval beside its range in training."""
    words = vocabulary()
    own = words[each.name] if each.name in words else Quantity(each.name, each.unit, each.name)
    ends = " to ".join(display(end, own, 3) for end in (each.low, each.high))
    return f"{each.name} (to {width_text(own, width_of(each) / 2)} either way, of {ends})"
