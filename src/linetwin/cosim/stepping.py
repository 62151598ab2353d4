"""How a stretch of time is cut into communication steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.errors import FmuError

if TYPE_CHECKING:
    from linetwin.cosim.description import Description
    from linetwin.cosim.instance import Instance, Step

_ROUNDING: Final = 1e-9
"""Relative slack when a stretch is compared with a whole number of steps."""
ENDED: Final = "it asked to end the simulation"
_STALLS: Final = 1000
"""Early returns in a row that gain no time, before the FMU is given up."""


@dataclass(frozen=True)
class StepRule:
    """The longest communication step (s, None: any), and whether every step must be that long."""

    longest_s: float | None = None
    fixed: bool = False

    def count(self, length: float, model: str) -> int:
        """Return into how many equal steps a stretch of `length` (s) is cut.

        Raises FmuError where an FMU that takes one fixed step only cannot go through it exactly.
        """
        if self.longest_s is None:
            return 1
        steps = length / self.longest_s
        number = max(1, math.ceil(steps * (1.0 - _ROUNDING)))
        if self.fixed and not self.reaches(length):
            raise FmuError(
                f"it takes only communication steps of {self.longest_s:g} s,"
                f" and {length:g} s is no whole number of them",
                model,
            )
        return number

    def reaches(self, length: float) -> bool:
        """Tell whether an FMU can go through a stretch of `length` (s) exactly."""
        if self.longest_s is None or not self.fixed:
            return True
        steps = length / self.longest_s
        number = max(1, round(steps))
        return abs(steps - number) <= _ROUNDING * number


def step_rule(description: Description, step_s: float | None) -> StepRule:
    """Return the rule for an FMU: the user's step, else the fixed one that the FMU demands."""
    able = description.capabilities
    if able.variable_step:
        return StepRule(step_s)
    return StepRule(step_s or able.fixed_step_s or description.step_s, fixed=True)


def advance(instance: Instance, start: float, end: float, rule: StepRule) -> Step:
    """Step an instance from local time `start` to `end` (s); stop where it ends a step early."""
    length = end - start
    number = 1 if rule.longest_s is None else rule.count(length, instance.model)
    if number == 1:
        return instance.step(start, length)
    reached = instance.step(start, length / number)
    for index in range(1, number):
        if reached.early or reached.terminated:
            return reached
        at = start + length * index / number
        reached = instance.step(at, start + length * (index + 1) / number - at)
    return reached


def advance_fully(instance: Instance, start: float, end: float, rule: StepRule) -> None:
    """Step an instance to `end`, going on after early returns.

    Raises FmuError where the FMU wants to end the simulation, or no longer gains time.
    """
    stalls = 0
    while start < end:  # once, but for early returns
        reached = advance(instance, start, end, rule)
        if reached.terminated:
            instance.fail(ENDED)
        if not reached.early:
            return
        stalls = 0 if reached.time > start else stalls + 1
        if stalls > _STALLS:
            instance.fail(f"it returned early {stalls} times without gaining time")
        start = max(start, reached.time)


def advance_ticks(
    instance: Instance, begin: int, end: int, per_second: int, rule: StepRule
) -> None:
    """Step an instance from tick `begin` to tick `end` of its own time.

    Where the stretch takes several steps they are equal, and no whole number of ticks perhaps:
    they are held as fractions, so every communication point is the exact one, rounded once, and
    after any number of steps the instance stands exactly at `end`. Errors as `advance_fully`.
    """
    number = rule.count((end - begin) / per_second, instance.model)
    whole = StepRule()
    at = begin / per_second
    for index in range(1, number + 1):
        # Python divides integers of any size with one rounding.
        to = (begin * number + (end - begin) * index) / (per_second * number)
        advance_fully(instance, at, to, whole)
        at = to
    instance.time = at
