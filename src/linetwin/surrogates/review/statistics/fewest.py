"""The fewest cells that are enough, where more always are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def fewest(enough: Callable[[int], bool], above: int = 0) -> int:
    """Return the least number above `above` that is enough; all larger ones are."""
    low, high = above, above + 1
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle
    return high
