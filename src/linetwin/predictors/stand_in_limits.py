"""Where the intervals of a stand-in's outputs are narrow enough for `fidelity: auto`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.predictors.links import Link
    from linetwin.predictors.stand_in_card import Learnt

WHERE: Final = (
    "where the line's items lie",
    "near to what the line showed",
    "in the rest of the box",
)
"""Regions of a call, in words: that of the item that lies farthest out counts."""
_LOGIT_END: Final = 700.0
"""Of double precision: beyond it a share is 0 or 1."""
_HALVINGS: Final = 60


@dataclass(frozen=True)
class Limits:
    """Limits on the outputs' scales, each of shape (regions, outputs).

    An output up to `low`, or from `high` on, is told narrowly enough: infinity in `low` says that
    it always is, minus infinity with infinity in `high` that it never is.
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, learnt: Sequence[Learnt], widest: Mapping[str, float] | None) -> Limits:
        """Return the limits of outputs; `widest`: quantity -> interval, in its unit.

        Else those of the card hold; None where no interval is too wide.
        """
        ends = [
            [
                (np.inf, np.inf)
                if widest is None
                else reach(each.link, each.half_widths[at], widest.get(each.name, each.widest))
                for each in learnt
            ]
            for at in range(len(WHERE))
        ]
        both = np.array(ends).reshape(len(WHERE), len(learnt), 2)
        return cls(np.ascontiguousarray(both[..., 0]), np.ascontiguousarray(both[..., 1]))

    def first_broken(self, linked: np.ndarray, region: int) -> int:
        """Return the first output that is told too widely for some item; how many, if none is.

        `linked`: learnt outputs on their scales, shape (outputs, items).
        """
        low, high = self.low[region][:, None], self.high[region][:, None]
        wide = ~((linked <= low) | (linked >= high)).all(axis=1)
        return int(np.argmax(wide)) if wide.any() else len(linked)

    def never(self, region: int) -> np.ndarray:
        """Return which outputs are too wide wherever a region's items lie."""
        never = np.isneginf(self.low[region]) & np.isposinf(self.high[region])
        return np.asarray(never)


def reach(link: Link, half: float, widest: float) -> tuple[float, float]:
    """Return up to which number on a scale, and from which, an interval is narrow enough.

    `half`: its half-width there. On a quantity's own scale that is all or nothing, on a
    logarithm all below one number, on a logit all beyond two.
    """
    nothing, everything = (-np.inf, np.inf), (np.inf, np.inf)
    if link.kind == "identity":
        return everything if 2 * half <= widest else nothing
    if half == 0 or (link.kind == "logit" and _spread(link, 0.0, half) <= widest):
        return everything
    if link.kind == "log":
        return float(np.log(widest / (2 * np.sinh(half)))), np.inf
    low, high = 0.0, _LOGIT_END
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _spread(link, middle, half) <= widest:
            high = middle
        else:
            low = middle
    return -high, high


def _spread(link: Link, linked: float, half: float) -> float:
    """Return the width of an interval around a number on a scale."""
    ends = link.back(np.array([linked + half, linked - half]))
    return float(ends[0] - ends[1])
