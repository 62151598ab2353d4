"""How long a communication step may be: a PI controller of the error that steps make.

The estimate is Richardson's: a step is taken whole and in two halves, and what the outputs differ
by is the error of the halves times 2**p - 1, p being the order of the coupling (1, or 2 where
inputs are extrapolated). The whole difference counts, which is on the safe side for order 2.
Source: Schierz, Arnold, Clauss, Co-simulation with communication step size control in an FMI
compatible master algorithm, 9th Modelica Conference 2012; the controller: Gustafsson, Lundh,
Soderlind, BIT 28 (1988).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.cosim.groups.course import Adaptive

_SAFETY: Final = 0.9
_SHRINKS: Final = 0.2
_GROWS: Final = 4.0
_INTEGRAL: Final = 0.7
_PROPORTIONAL: Final = 0.4
"""Exponents over the order of a step's error, as usual for one-step methods (Hairer, Wanner)."""
_MILLISECOND: Final = 1_000_000
_SMALLEST: Final = 1e-10
"""Relative error that counts as none."""


@dataclass
class Counts:
    """Communication steps so far: taken, taken back, and taken though they were beyond tolerance.

    `events`: those that were found. `passes`: how often members stepped to make inputs fit.
    `shortest_ns` and `longest_ns` (ns) are those of steps that
    were taken; 0 before the first.
    """

    taken: int = 0
    refused: int = 0
    beyond: int = 0
    events: int = 0
    passes: int = 0
    shortest_ns: int = 0
    longest_ns: int = 0

    def __str__(self) -> str:
        """Say it in words."""
        span = " to ".join(
            f"{ns / _MILLISECOND:g} ms" for ns in (self.shortest_ns, self.longest_ns)
        )
        beyond = f", {self.beyond} beyond tolerance at the least length" if self.beyond else ""
        plural = "s" if self.events > 1 else ""
        events = f", {self.events} event{plural}" if self.events else ""
        passes = f", {self.passes} passes" if self.passes else ""
        return f"{self.taken} steps of {span}, {self.refused} taken back{beyond}{passes}{events}"

    def take(self, length_ns: int) -> None:
        """Count a step that was taken."""
        self.taken += 1
        self.longest_ns = max(self.longest_ns, length_ns)
        self.shortest_ns = min(self.shortest_ns or length_ns, length_ns)


@dataclass
class Memory:
    """What the next step's length depends on: the length (ns) last chosen, the last step's error.

    `refused`: the last step was taken back.
    """

    length_ns: int
    error: float = 1.0
    refused: bool = False


class StepControl:
    """Chooses lengths of steps (whole ns) so that the error of each stays within tolerance."""

    def __init__(self, rule: Adaptive, first_ns: int, order: int) -> None:
        """Begin with steps of `first_ns`; `order`: with which power of its length a step errs."""
        self._rule = rule
        self._order = order
        self.least_ns = rule.least_ns
        self.memory = Memory(min(max(first_ns, rule.least_ns), rule.most_ns))

    def length(self, left_ns: int) -> int:
        """Return how long the next step is where `left_ns` are left to a point that must be hit.

        The last two steps before it are alike, so that no sliver is left.
        """
        if self.memory.length_ns >= left_ns:
            return left_ns
        return min(self.memory.length_ns, -(-left_ns // 2))

    def judge(self, length_ns: int, error: float) -> bool:
        """Tell whether a step with this error (1: just within tolerance) stands; choose the next.

        A step of the least length always does.
        """
        within = error <= 1.0  # not where it is no number
        if within or length_ns <= self._rule.least_ns:
            self._accept(length_ns, max(error, _SMALLEST) if within else 1.0)
            return True
        known = error < float("inf")  # not where it is no number
        ideal = _SAFETY * error ** (-1.0 / self._order) if known else _SHRINKS
        self._choose(length_ns * min(max(ideal, _SHRINKS), _SAFETY))
        self.memory.refused = True
        return False

    def _accept(self, length_ns: int, error: float) -> None:
        memory, ideal = self.memory, _SAFETY * error ** (-1.0 / self._order)
        factor = error ** (-_INTEGRAL / self._order) * memory.error ** (_PROPORTIONAL / self._order)
        factor = min(max(_SAFETY * factor, _SHRINKS), 1.0 if memory.refused else _GROWS)
        if length_ns < memory.length_ns:  # cut short by a point to be hit: it says little
            factor = max(factor, min(memory.length_ns / length_ns, ideal))
        self._choose(length_ns * factor)
        memory.error, memory.refused = error, False

    def _choose(self, length_ns: float) -> None:
        self.memory.length_ns = min(max(int(length_ns), self._rule.least_ns), self._rule.most_ns)

    def state(self) -> dict[str, Any]:
        """Return what the next steps depend on."""
        return asdict(self.memory)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.memory = Memory(**state)


def largest_error(
    whole: Sequence[float], halves: Sequence[float], scales: Sequence[tuple[float, float]]
) -> float:
    """Return the largest difference over what is allowed; `scales`: (relative, absolute).

    NaN and infinity do not count: a member that gives one where it is used has failed before.
    """
    largest = 0.0
    for one, other, (relative, absolute) in zip(whole, halves, scales, strict=True):
        if math.isfinite(one) and math.isfinite(other):
            error = abs(one - other) / (absolute + relative * max(abs(one), abs(other)))
            largest = max(largest, error)
    return largest
