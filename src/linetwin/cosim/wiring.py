"""Whether an FMU fulfils a contract, and the wires between quantities and variables if so."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from linetwin.cosim.limits import not_held
from linetwin.cosim.mapping import Link, ProcessMap
from linetwin.cosim.presets import Preset, split_fixed
from linetwin.cosim.units import SAME, Affine, conversion, unit_of
from linetwin.errors import FmuError, Problem, WiringError
from linetwin.quantities import Vocabulary, vocabulary
from linetwin.quantities.ucum import parse_unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.contracts import Contract
    from linetwin.cosim.description import Description, Variable


@dataclass(frozen=True)
class Wire:
    """A quantity joined to a variable, with the conversion between their numbers."""

    quantity: str
    variable: Variable
    affine: Affine = SAME
    enumeration: Mapping[float, float] | None = None

    @property
    def plain(self) -> bool:
        """Whether quantity and variable are the same number."""
        return self.affine.identity and self.enumeration is None

    def to_variable(self, values: float | np.ndarray) -> float | np.ndarray:
        """Convert a quantity's numbers to the variable's."""
        if self.enumeration is not None:
            return self._translate(values, self.enumeration)
        if self.affine.identity:
            return values
        return (values - self.affine.offset) / self.affine.factor

    def to_quantity(self, values: float | np.ndarray) -> float | np.ndarray:
        """Convert the variable's numbers to the quantity's."""
        if self.enumeration is not None:
            return self._translate(values, {b: a for a, b in self.enumeration.items()})
        if self.affine.identity:
            return values
        return self.affine.factor * values + self.affine.offset

    def _translate(
        self, values: float | np.ndarray, table: Mapping[float, float]
    ) -> float | np.ndarray:
        try:
            if isinstance(values, np.ndarray):
                return np.array([table[value] for value in values.tolist()], dtype=np.float64)
            return table[float(values)]
        except KeyError as error:
            known = ", ".join(f"{value:g}" for value in table)
            raise FmuError(
                f"{self.quantity} = {error.args[0]:g} is not in its table ({known})"
            ) from error


@dataclass
class Wiring:
    """The wires of a model by quantity, and the values set once.

    `constants`: variable -> number; `preset`: what is no scalar number.
    """

    start: dict[str, Wire] = field(default_factory=dict)
    inputs: dict[str, Wire] = field(default_factory=dict)
    outputs: dict[str, Wire] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    preset: Preset = field(default_factory=Preset)


def check(
    description: Description,
    contract: Contract,
    mapping: ProcessMap | None = None,
    parameters: Mapping[str, float] | None = None,
    key: str = "",
) -> list[Problem]:
    """Return everything that keeps an FMU from fulfilling `contract`; empty if it does.

    `key` is the key path of the process in the scenario; problems stand under it.
    """
    return _Wirer(description, contract, mapping or ProcessMap(), key).run(parameters or {})


def wire(
    description: Description,
    contract: Contract,
    mapping: ProcessMap | None = None,
    parameters: Mapping[str, float] | None = None,
    words: Vocabulary | None = None,
) -> Wiring:
    """Return the wires; raises WiringError with all problems where the FMU does not fit."""
    wirer = _Wirer(description, contract, mapping or ProcessMap(), "", words)
    problems = wirer.run(parameters or {})
    if problems:
        raise WiringError(problems)
    return wirer.wiring


class _Wirer:
    """Goes through a contract once, and collects wires and problems."""

    def __init__(
        self,
        description: Description,
        contract: Contract,
        mapping: ProcessMap,
        key: str,
        words: Vocabulary | None = None,
    ) -> None:
        self.description = description
        self.contract = contract
        self.mapping = mapping
        self.key = key
        self.words = vocabulary() if words is None else words
        self.wiring = Wiring()
        self.problems: list[Problem] = []

    def run(self, parameters: Mapping[str, float]) -> list[Problem]:
        contract = self.contract
        known = {*contract.inputs, *contract.outputs, *contract.start}
        for name in sorted(set(self.mapping.quantities) - known - {"valid"}):
            hint = near(name, known)
            self._problem(
                f"the contract of {contract.kind} has no such quantity", "map", name, hint
            )
        for quantity in contract.inputs:
            self._input(quantity)
        for quantity in contract.outputs:
            self._output(quantity)
        for quantity in contract.start:
            self._start(quantity)
        self._valid()
        self._constants(parameters)
        self._step()
        return self.problems

    def _problem(self, message: str, part: str, name: str, hint: str = "") -> None:
        key = ".".join(filter(None, (self.key, part, name)))
        self.problems.append(Problem(f"{self.description.name}: {message}", key=key, hint=hint))

    def _find(self, name: str, quantity: str, need: str) -> Variable | None:
        """Return a variable that a quantity is linked to, or note why there is none."""
        variable = self.description.variables.get(name)
        if variable is None:
            close = near(name, self.description.variables)
            hint = close or f"its {need}s: {_list(self.description, need)}"
            what = f"the {need} '{quantity}'" if name == quantity else f"a variable '{name}'"
            self._problem(f"it does not have {what}", "map", quantity, hint)
            return None
        return variable if self._scalar(variable, "map", quantity) else None

    def _scalar(self, variable: Variable, part: str, name: str) -> bool:
        if variable.shape:
            size = "x".join(str(n) for n in variable.shape)
            hint = f"a scalar; of what lives in line time an element too: '{variable.name}[1]'"
            self._problem(f"'{variable.name}' is an array of {size} values", part, name, hint)
            return False
        if not variable.numeric:
            self._problem(f"'{variable.name}' is a {variable.type}", part, name, "a number")
            return False
        return True

    def _wire(self, quantity: str, variable: Variable, link: Link) -> Wire | None:
        """Join a quantity and a variable; None, with a problem noted, where units differ."""
        if link.enumeration is not None:
            return self._enumerated(quantity, variable, link.enumeration)
        try:
            unit = unit_of(variable, self.description.units, link.unit)
            canonical = self.words[quantity].unit
            affine = conversion(unit, parse_unit(canonical))
        except ValueError as error:
            shown = link.unit or variable.unit or "no unit"
            self._problem(
                f"'{variable.name}' in {shown} does not fit {quantity} in"
                f" {self.words[quantity].unit}: {error}",
                "map",
                quantity,
                "`unit:` in a table overrides what the FMU declares",
            )
            return None
        return Wire(quantity, variable, affine.then(link.scale, link.offset))

    def _enumerated(
        self, quantity: str, variable: Variable, table: Mapping[float, float | str]
    ) -> Wire | None:
        chosen: dict[float, float] = {}
        for value, item in table.items():
            number = variable.enumeration.get(item) if isinstance(item, str) else float(item)
            if number is None:
                items = ", ".join(variable.enumeration) or "none are declared"
                self._problem(f"'{variable.name}' has no item '{item}'", "map", quantity, items)
                return None
            chosen[float(value)] = float(number)
        return Wire(quantity, variable, enumeration=chosen)

    def _input(self, quantity: str) -> None:
        link = self.mapping.link(quantity)
        optional = quantity in self.contract.optional and quantity not in self.mapping.quantities
        if not link.variable or (optional and quantity not in self.description.variables):
            return
        variable = self._find(link.variable, quantity, "input")
        if variable is None:
            return
        tunable = variable.causality == "parameter" and variable.variability == "tunable"
        if variable.causality != "input" and not tunable:
            self._problem(
                f"'{variable.name}' has causality {variable.causality}, {quantity} needs an input",
                "map",
                quantity,
                f"its inputs: {_list(self.description, 'input')}",
            )
            return
        found = self._wire(quantity, variable, link)
        if found is not None:
            self.wiring.inputs[quantity] = found

    def _output(self, quantity: str) -> None:
        link = self.mapping.link(quantity)
        optional = quantity in self.contract.optional and quantity not in self.mapping.quantities
        if optional and quantity not in self.description.variables:
            return
        variable = self._find(link.variable, quantity, "output")
        if variable is None:
            return
        if variable.causality not in {"output", "local", "calculatedParameter"}:
            self._problem(
                f"'{variable.name}' has causality {variable.causality}, {quantity} needs an output",
                "map",
                quantity,
                f"its outputs: {_list(self.description, 'output')}",
            )
            return
        found = self._wire(quantity, variable, link)
        if found is not None:
            self.wiring.outputs[quantity] = found

    def _start(self, quantity: str) -> None:
        link = self.mapping.link(quantity)
        name = link.start or link.variable
        both = link.start is None and quantity in self.contract.outputs
        if both and quantity not in self.wiring.outputs:
            return  # one variable is both; that it does not fit is reported already
        variable = self._find(name, quantity, "output")
        if variable is None:
            return
        if not variable.settable:
            self._problem(
                f"the start value of '{variable.name}' cannot be set",
                "map",
                quantity,
                "`start:` in a table names the variable that sets it",
            )
            return
        found = self._wire(quantity, variable, link)
        if found is not None:
            self.wiring.start[quantity] = found

    def _valid(self) -> None:
        """An FMU may say itself whether its inputs lie in its range."""
        name = self.mapping.link("valid").variable
        variable = self.description.variables.get(name)
        if variable is None or variable.causality != "output":
            return
        if self._scalar(variable, "map", "valid"):
            self.wiring.outputs["valid"] = Wire("valid", variable)

    def _constants(self, parameters: Mapping[str, float]) -> None:
        wires = {**self.wiring.start, **self.wiring.inputs}
        taken = {found.variable.name: name for name, found in wires.items()}
        split = split_fixed(self.description, self.mapping.fixed)
        self.wiring.preset = split.preset
        for name, problem in split.problems:
            self._problem(problem.message, "fixed", name, problem.hint)
        for part, values in (("fixed", split.numbers), ("parameters", parameters)):
            for name, value in values.items():
                self._constant(part, name, value, taken)

    def _constant(self, part: str, name: str, value: float, taken: Mapping[str, str]) -> None:
        variable = self.description.variables.get(name)
        if variable is None:
            hint = near(name, self.description.variables)
            hint = hint or f"its parameters: {_list(self.description, 'parameter')}"
            self._problem(f"it has no variable '{name}'", part, name, hint)
            return
        if not self._scalar(variable, part, name):
            return
        number = self._own_number(variable, value) if part == "parameters" else float(value)
        if name in taken:
            self._problem(f"'{name}' is set by the line as {taken[name]}", part, name)
        elif not variable.settable:
            what = f"a {variable.variability} {variable.causality}"
            self._problem(f"'{name}' is {what} and cannot be set", part, name)
        elif hint := not_held(self.description.version, variable, number):
            message = f"{number:g} does not fit {variable.type} variable '{name}'"
            self._problem(message, part, name, hint)
        elif not variable.holds(number):
            message = f"{variable.shown(number)} is out of range"
            self._problem(message, part, name, f"allowed: {variable.span}")
        else:
            self.wiring.constants[name] = number

    def _own_number(self, variable: Variable, value: float) -> float:
        """Convert a parameter's value: in the canonical unit where it is a quantity's name."""
        if variable.name not in self.words:
            return float(value)
        try:
            unit = unit_of(variable, self.description.units, None)
            affine = conversion(unit, parse_unit(self.words[variable.name].unit))
        except ValueError:  # the same word for something else: the number is in the FMU's unit
            return float(value)
        return float(np.asarray(Wire(variable.name, variable, affine).to_variable(float(value))))

    def _step(self) -> None:
        able = self.description.capabilities
        if not able.variable_step and able.fixed_step_s is None and not self.description.step_s:
            self._problem(
                "it takes only one fixed communication step and does not say which",
                "step",
                "",
                "export it with a variable step, or with a default step size",
            )


def near(name: str, names: Iterable[str]) -> str:
    """Return a hint that names what is spelt like `name`; empty where nothing is."""
    close = difflib.get_close_matches(name, list(names), n=3)
    return f"did you mean {', '.join(close)}?" if close else ""


def _list(description: Description, causality: str) -> str:
    names = [variable.name for variable in description.of(causality)]
    shown = ", ".join(names[:12])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 12 else shown or "none"  # noqa: PLR2004
