"""Values that a group file gives variables of a member: numbers, lists, text, sizes of arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from linetwin.cosim.elements import elements, with_elements
from linetwin.cosim.limits import not_held
from linetwin.cosim.presets import Preset
from linetwin.cosim.texts import TEXTUAL
from linetwin.cosim.units import conversion, unit_of
from linetwin.cosim.values import parsed, structural_sizes
from linetwin.errors import ScenarioError, WiringError
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.groups.written import Amount
    from linetwin.cosim.values import Value
    from linetwin.scenario.document import Document, KeyPath
    from linetwin.scenario.problems import Problems

_WHOLE: Final = re.compile(r"\s*[+-]?\d+\s*")


@dataclass(frozen=True)
class MemberValues:
    """What a member is told before the start, and its variables with arrays of the sizes chosen."""

    variables: Mapping[str, Variable]
    numbers: Mapping[str, float]
    preset: Preset


class Valuer:
    """Reads the values of one member, and notes those that do not fit."""

    def __init__(
        self, source: Document, problems: Problems, path: KeyPath, description: Description
    ) -> None:
        self._document = source
        self._problems = problems
        self._path = path
        self._description = description
        self._variables: Mapping[str, Variable] = {}
        self._start: Collection[str] = ()

    def read(
        self,
        values: Mapping[str, Amount | list[Amount]],
        start: Mapping[str, Amount | list[Amount]],
    ) -> MemberValues:
        """Return what fits of `values` and `start`; structural parameters decide sizes first."""
        for name in values.keys() & start.keys():
            self._add((name,), f"'{name}' stands under `start` too", "keep one of the two")
        self._start = start
        written = {**values, **start}
        known = self._description.variables
        structural: dict[str, Value] = {
            name: amount
            for name, amount in written.items()
            if name in known and known[name].causality == "structuralParameter"
        }
        undecided = set(structural)
        sizes = self._sizes(structural)
        if sizes is not None:
            undecided = set()
        elif (sizes := self._sizes({})) is None:
            return MemberValues({}, {}, Preset())
        self._variables = with_elements(self._description, sizes)
        numbers: dict[str, float] = {}
        others: dict[str, Value] = {}
        self._once(written)
        for name, amount in written.items():
            array = known.get(name.partition("[")[0])
            open_ = array is not None and undecided.intersection(array.dimensions)
            if open_ and (isinstance(amount, list) or name not in self._variables):
                continue  # nobody knows yet what would fit
            if name not in structural and self._known(name):
                self._take(self._variables[name], amount, sizes, numbers, others)
        return MemberValues(self._variables, numbers, Preset(structural, others))

    def _once(self, names: Collection[str]) -> None:
        """Note elements of arrays that are set as a whole too."""
        for name, array in twice(names, self._variables):
            self._add((name,), f"'{name}' is set with '{array}' too", "keep one of the two")

    def _sizes(self, structural: Mapping[str, Value]) -> dict[str, int] | None:
        """Return the sizes of arrays; None, and problems, where what decides them does not fit."""
        try:
            return structural_sizes(self._description, structural)
        except WiringError as error:
            for problem in error.problems:
                name = problem.key.removeprefix("start.")
                self._add((name,) if name in structural else (), problem.message, problem.hint)
            return None

    def _add(self, path: KeyPath, message: str, hint: str = "") -> None:
        key = "start" if path and path[0] in self._start else "values"
        self._problems.add(self._document.place((*self._path, key, *path)), message, hint)

    def _known(self, name: str) -> bool:
        """Tell whether a name is that of a variable that may be set."""
        variable = self._variables.get(name)
        if variable is None:
            hint = nearest(name, self._variables, "variable")
            self._add((name,), f"{self._description.name} has no variable '{name}'", hint)
        elif not variable.settable:
            what = f"a {variable.variability} {variable.causality}"
            self._add((name,), f"'{name}' is {what} and cannot be set")
        elif variable.type == "Clock":
            self._add((name,), f"'{name}' is a clock", "connect it; it ticks or it does not")
        else:
            return True
        return False

    def _take(
        self,
        variable: Variable,
        amount: Amount | list[Amount],
        sizes: Mapping[str, int],
        numbers: dict[str, float],
        others: dict[str, Value],
    ) -> None:
        """Add the value of a variable to `numbers`, where it is one, else to `others`."""
        if variable.type in TEXTUAL:
            if variable.array:
                hint = f"a list for '{variable.array}'"
                self._add((variable.name,), f"'{variable.name}' is set with its array only", hint)
                return
            try:
                others[variable.name] = parsed(variable, amount, variable.shape)
            except WiringError as error:
                self._add((variable.name,), error.problems[0].message, error.problems[0].hint)
            return
        parts = elements(variable, sizes)
        given = amount if isinstance(amount, list) else [amount] * len(parts)
        if isinstance(amount, list) and (not variable.shape or len(amount) != len(parts)):
            shape = "x".join(map(str, variable.shape)) or "1"
            message = f"{len(amount)} values do not fit '{variable.name}' of {shape}"
            self._add(
                (variable.name,), message, f"a list of {len(parts)}, row by row, or one value"
            )
            return
        for part, one in zip(parts, given, strict=True):
            number = self._number(variable.name, part, one)
            if number is not None:
                numbers[part.name] = number

    def _number(self, key: str, variable: Variable, amount: Amount) -> float | None:
        """Return a value in its variable's own unit; None, and a problem, where it is none."""
        unit = variable.unit or "1"
        try:
            number = own_number(self._description, variable, amount)
        except (ScenarioError, ValueError) as error:
            hint = f"a number in {unit}, or text with a unit that fits {unit}"
            self._add((key,), f"'{amount}': {error}", hint)
            return None
        hint = not_held(self._description.version, variable, number)
        if hint:
            message = f"'{amount}' does not fit {variable.type} variable '{variable.name}'"
            self._add((key,), message, hint)
            return None
        if not variable.holds(number):
            message = f"{variable.shown(number)} is out of range"
            self._add((key,), message, f"allowed: {variable.span}")
            return None
        return number


def twice(names: Collection[str], variables: Mapping[str, Variable]) -> list[tuple[str, str]]:
    """Return the elements among names of which the array is among them too, each with it."""
    found = [(name, variables[name].array) for name in names if name in variables]
    return [(name, array) for name, array in found if array in names]


def own_number(description: Description, variable: Variable, amount: Amount) -> float:
    """Return a value in a variable's own unit; ScenarioError or ValueError where it does not fit.

    A number counts in that unit, an item of an enumeration by its name, text has a unit.
    """
    if isinstance(amount, bool) and variable.type != "Boolean":
        raise ValueError(f"true and false are for a Boolean, '{variable.name}' is {variable.type}")
    if not isinstance(amount, str):
        return amount if isinstance(amount, int) else float(amount)
    if amount in variable.enumeration:
        return float(variable.enumeration[amount])
    if variable.type == "Boolean":
        return bool(parsed(variable, amount, ()))
    if "Int" in variable.type and _WHOLE.fullmatch(amount):
        return int(amount)  # a float does not hold every one of them
    number, unit = units.si(amount)
    if not unit:
        return number
    own = unit_of(variable, description.units, None)
    source = parse_unit(unit)
    if variable.relative:
        source = replace(source, offset=0.0)
    affine = conversion(source, own)
    return affine.factor * number + affine.offset
