"""How a group finds its communication points where it may take steps back: checked data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from linetwin.cosim.groups.definition import Terminal

NANOSECONDS: Final = 10**9
"""In a second: the points that a group finds for itself lie on whole nanoseconds."""


@dataclass(frozen=True)
class Adaptive:
    """Steps as long as the tolerance allows, from `least_ns` to `most_ns` (ns).

    A step may change an output by an error of `relative` times its value plus `absolute` (in the
    output's own unit; `relative` times its nominal value where it is not named).
    """

    relative: float
    absolute: tuple[tuple[Terminal, float], ...]
    least_ns: int
    most_ns: int


@dataclass(frozen=True)
class Course:
    """What a group does beside going from point to point of its grid."""

    adaptive: Adaptive | None = None

    @property
    def plain(self) -> bool:
        """Whether steps are never taken back."""
        return self == PLAIN


PLAIN: Final = Course()
"""From point to point of the grid, or to a touch, and never back."""
