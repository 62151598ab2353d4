"""Coated length along a web: continuous stripes, or patches with gaps and edges.

Patches repeat every patch_length + gap_length, counted from the roll's first metre. A leading and
a trailing zone of edge_zone_length each deviate in loading. All lengths are exact integrals over
each segment, so content and area balance whatever the segments are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


class Pattern(NamedTuple):
    """Coated part of each segment, and its mean loading over that of a patch's middle."""

    coated_fraction: np.ndarray
    loading_factor: np.ndarray


def pattern(value: Callable[[str], float], start_m: np.ndarray, end_m: np.ndarray) -> Pattern:
    """Return what is coated of segments from `start_m` to `end_m`, shape (segments,).

    `value` gives the coater's parameters; a patch_length or gap_length of 0 means no gaps.
    """
    patch, gap = value("patch_length"), value("gap_length")
    length = end_m - start_m
    if patch <= 0 or gap <= 0:
        return Pattern(np.ones_like(length), np.ones_like(length))
    zone = min(value("edge_zone_length"), patch / 2)

    def within(low: float, high: float) -> np.ndarray:
        """Metres of each segment that lie between `low` and `high` of a pitch."""
        ends = [
            np.floor(at / (patch + gap)) * (high - low)
            + np.clip(np.mod(at, patch + gap) - low, 0.0, high - low)
            for at in (start_m, end_m)
        ]
        found: np.ndarray = np.maximum(ends[1] - ends[0], 0.0)
        return found

    coated = within(0.0, patch)
    extra = value("leading_edge_deviation") * within(0.0, zone)
    extra = extra + value("trailing_edge_deviation") * within(patch - zone, patch)
    shown = np.where(coated > 0, coated, 1.0)
    return Pattern(np.minimum(1.0, coated / length), 1.0 + extra / shown)


def mean_fraction(value: Callable[[str], float]) -> float:
    """Return the coated part of a long web."""
    patch, gap = value("patch_length"), value("gap_length")
    return 1.0 if patch <= 0 or gap <= 0 else patch / (patch + gap)
