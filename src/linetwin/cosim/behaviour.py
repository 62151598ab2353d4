"""Whether an FMU does what its description promises, tried out with its own start values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table
from linetwin.cosim.progress import Noted
from linetwin.cosim.stepping import StepRule, advance_fully, step_rule
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from linetwin.cosim.binary import Binary
    from linetwin.cosim.instance import Instance

_STEPS: Final = 3
_DEFAULT_STEP_S: Final = 1.0
_SAVING: Final = Noted("saving")
_RESTORING: Final = Noted("restoring")
_READING: Final = Noted("reading")


def check_behaviour(binary: Binary) -> list[str]:
    """Return what went wrong, in words; empty where the FMU behaves."""
    trial = _Trial(binary)
    try:
        with instantiate(binary) as instance:
            first = trial.run(instance)
            trial.repeats_after_reset(instance, first)
            if binary.description.capabilities.save_state:
                trial.continues_from_state(instance)
        with instantiate(binary) as instance:
            trial.compare(first, trial.run(instance), "a second instance gives other values")
    except FmuError as error:
        trial.problems.append(str(error))
    return trial.problems


class _Trial:
    """A few steps of an FMU, and what was noticed."""

    def __init__(self, binary: Binary) -> None:
        description = binary.description
        self.problems: list[str] = []
        self.serialises = description.capabilities.serialise_state
        found = [v for v in description.of("output") if v.numeric and not v.shape]
        self.names = [variable.name for variable in found]
        self.table = Table(Port(binary, found))
        self.step_s = description.step_s or description.capabilities.fixed_step_s or _DEFAULT_STEP_S
        self.rule: StepRule = step_rule(description, None)

    def run(self, instance: Instance) -> list[float]:
        """Initialise, take the first steps and return the outputs."""
        instance.initialise()
        for index in range(_STEPS):
            self.step(instance, index)
        values = self.read(instance)
        for name, value in zip(self.names, values, strict=True):
            if not math.isfinite(value):
                self.problems.append(f"output '{name}' is {value} after {_STEPS} steps")
        return values

    def step(self, instance: Instance, index: int) -> None:
        """Take the step from index * step_s."""
        begin, end = index * self.step_s, (index + 1) * self.step_s
        with Noted(f"the step at {begin:g} s"):
            advance_fully(instance, begin, end, self.rule)

    def read(self, instance: Instance) -> list[float]:
        """Return all outputs."""
        with _READING:
            instance.get(self.table)
        return self.table.read_row()

    def compare(self, expected: list[float], found: list[float], text: str) -> None:
        """Note outputs that are not the same bits."""
        for name, a, b in zip(self.names, expected, found, strict=True):
            if a != b and not (math.isnan(a) and math.isnan(b)):
                self.problems.append(f"{text}: '{name}' is {b!r} instead of {a!r}")

    def repeats_after_reset(self, instance: Instance, first: list[float]) -> None:
        """Reset, run again, and expect the same."""
        instance.reset()
        self.compare(first, self.run(instance), "after a reset it gives other values")

    def continues_from_state(self, instance: Instance) -> None:
        """Save, step, restore (through bytes where it can), step again, and expect the same."""
        with _SAVING:
            state = instance.save_state()
            if self.serialises:
                content = instance.serialise(state)
                instance.free_state(state)
                state = instance.deserialise(content)
        self.step(instance, _STEPS)
        expected = self.read(instance)
        with _RESTORING:
            instance.restore_state(state)
            instance.free_state(state)
        self.step(instance, _STEPS)
        self.compare(expected, self.read(instance), "from a saved state it gives other values")
