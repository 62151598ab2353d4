"""How a group finds its communication points where it may take steps back: checked data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from linetwin.cosim.groups.definition import Terminal

NANOSECONDS: Final = 10**9
"""In a second: the points that a group finds for itself lie on whole nanoseconds."""

Direction = Literal["rises", "falls", "crosses"]


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
class Crossing:
    """An event: a number passes `level` (in its own unit), upwards, downwards, or either.

    Then `sets` take their values (in their own units), and with `stop` the group ends.
    """

    name: str
    source: Terminal
    direction: Direction
    level: float
    sets: tuple[tuple[Terminal, float], ...] = ()
    stop: bool = False

    def passed(self, before: float, after: float) -> bool:
        """Tell whether a number that was `before` and is `after` has come beyond the level."""
        rises = after > self.level and not before > self.level
        falls = after < self.level and not before < self.level
        return (rises and self.direction != "falls") or (falls and self.direction != "rises")


@dataclass(frozen=True)
class Iterate:
    """Steps are repeated until inputs change by no more than `tolerance` (relative).

    At most `most` times, before the step is given up.
    """

    tolerance: float
    most: int


@dataclass(frozen=True)
class Course:
    """What a group does beside going from point to point of its grid.

    `events` are found within `within_ns` (ns). `early_return`: where a member ends a step early,
    all stand there.
    """

    adaptive: Adaptive | None = None
    events: tuple[Crossing, ...] = ()
    within_ns: int = 1000
    early_return: bool = False
    iterate: Iterate | None = None

    def words(self) -> dict[str, str]:
        """Say it in words, for each key that was given."""
        found = {}
        if self.adaptive is not None:
            least, most = (
                ns / NANOSECONDS for ns in (self.adaptive.least_ns, self.adaptive.most_ns)
            )
            found["adaptive"] = f"relative {self.adaptive.relative:g}, {least:g} s to {most:g} s"
        if self.iterate is not None:
            found["iterate"] = f"tolerance {self.iterate.tolerance:g}, at most {self.iterate.most}"
        for event in self.events:
            passes = {"rises": "rises to", "falls": "falls to", "crosses": "crosses"}[
                event.direction
            ]
            sets = [f"{terminal} = {_exactly(value)}" for terminal, value in event.sets]
            then = ", ".join([*sets, *(["stop"] if event.stop else [])])
            text = f"{event.source} {passes} {event.level:g}"
            found[f"event {event.name}"] = f"{text}: {then}" if then else text
        if self.early_return:
            found["early_return"] = "members may end a step, all stand there"
        return found

    @property
    def plain(self) -> bool:
        """Whether steps are never taken back."""
        return not self.seeks and not self.early_return

    @property
    def seeks(self) -> bool:
        """Whether it tries steps to find its points, or what holds in them."""
        return self.adaptive is not None or bool(self.events) or self.iterate is not None


def _exactly(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


PLAIN: Final = Course()
"""From point to point of the grid, or to a touch, and never back."""
