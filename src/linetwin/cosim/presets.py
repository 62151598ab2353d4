"""What a scenario fixes in an FMU that is no scalar number: text, bytes, arrays and their sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linetwin.cosim.values import Field, configure, given, shape_of, structural_sizes
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.instance import Instance
    from linetwin.cosim.values import Value


@dataclass(frozen=True)
class Preset:
    """What is set once in each new or reset instance, beside the scalar numbers.

    `structural`: structural parameters; `others`: text, bytes and arrays, by variable.
    """

    structural: Mapping[str, Value] = field(default_factory=dict)
    others: Mapping[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to set."""
        return bool(self.structural or self.others)

    def apply(self, instance: Instance) -> None:
        """Set it, before the initialisation; FmuError where the FMU refuses."""
        configure(instance, self.structural)
        description = instance.binary.description
        sizes = structural_sizes(description, self.structural)
        for name, value in self.others.items():
            Field(instance, description.variables[name], sizes).write(value)


@dataclass
class Split:
    """Fixed values by what they are: scalar numbers, the rest, and what does not fit, by name."""

    numbers: dict[str, float] = field(default_factory=dict)
    preset: Preset = field(default_factory=Preset)
    problems: list[tuple[str, Problem]] = field(default_factory=list)


def split_fixed(description: Description, fixed: Mapping[str, Any]) -> Split:
    """Return the fixed values of a mapping, read by the types of their variables.

    Text for a number is an enumeration's item. A name that the FMU does not have stays among the
    numbers, where it is missed.
    """
    split = Split()
    variables = description.variables
    structural = {
        name: value
        for name, value in fixed.items()
        if name in variables and variables[name].causality == "structuralParameter"
    }
    try:
        sizes = structural_sizes(description, structural)
    except WiringError as error:
        split.problems += [
            (problem.key.removeprefix("start."), problem) for problem in error.problems
        ]
        return split
    others: dict[str, Value] = {}
    for name in fixed.keys() - structural.keys():
        variable = variables.get(name)
        try:
            if variable is None:
                split.numbers[name] = 0.0
            elif variable.shape or not variable.numeric:
                others[name] = _checked(variable, fixed[name], shape_of(variable, sizes))
            else:
                split.numbers[name] = float(given(variable, fixed[name], ()))  # type: ignore[arg-type]
        except WiringError as error:
            split.problems += [(name, problem) for problem in error.problems]
    split.preset = Preset(structural, others)
    return split


def _checked(variable: Variable, value: Any, shape: tuple[int, ...]) -> Value:  # noqa: ANN401
    """Return a value that may be fixed; WiringError where it does not fit, or cannot be set."""
    if not variable.settable:
        what = f"a {variable.variability} {variable.causality}"
        raise WiringError([Problem(f"'{variable.name}' is {what} and cannot be set")])
    if variable.type == "Clock":
        raise WiringError([Problem(f"'{variable.name}' is a clock")])
    return given(variable, value, shape)
