"""Loading across the web: what the set-up of a die leaves there, and what each lane gets of it.

A place across the coated width is x, from -1 at its left edge to 1 at its right. The loading there
deviates from its mean by tilt * x + rise * (3 x^2 - 1) / 2: a tilted lip, and edges heavier than
the middle. Both have no mean, so a profile moves slurry across the web and takes none from the
tank. The form is an assumption [A]; edge beads of a few millimetres are in what is trimmed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from linetwin.contracts import Columns

PROFILE = ("lip_tilt", "edge_rise")
"""Columns of a mother roll for each side: deviation at the right edge, and at both edges."""


def lane_span(lane: int, lanes: int, lane_share: float) -> tuple[float, float]:
    """Return where a lane lies, as x; lanes lie side by side in the middle of the coated width.

    `lane`: counted from 1 at the left; `lane_share`: width of a lane over the coated width.
    """
    left = (2 * (lane - 1) - lanes) * lane_share
    return left, left + 2 * lane_share


def lane_deviation(columns: Columns, side: str, span: tuple[float, float]) -> np.ndarray:
    """Return the relative deviation of the mean loading between two places, shape (segments,)."""
    left, right = span
    tilt, rise = (columns[f"{name}_{side}"] for name in PROFILE)
    square = (left * left + left * right + right * right) / 3  # the mean of x^2
    found: np.ndarray = tilt * (left + right) / 2 + rise * (3 * square - 1) / 2
    return found


def pressed_porosity(porosity: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return the porosity where the loading deviates from the mean across the web.

    The rolls leave one thickness across the web, and solids stay: a heavier lane is denser.
    """
    found: np.ndarray = 1 - (1 - porosity) * (1 + deviation)
    return found
