"""What is calibrated: a model of the library, an FMU, or the process of a scenario's station."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linetwin.contracts import CONTRACTS
from linetwin.cosim.binary import load_binary
from linetwin.cosim.description import read_description
from linetwin.cosim.groups.reading import is_group
from linetwin.cosim.library import find_fmu, is_bare_name, shipped_models
from linetwin.cosim.presets import Preset
from linetwin.cosim.process import opening
from linetwin.cosim.units import Affine, conversion, unit_of
from linetwin.cosim.wiring import Wire, wire
from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.description import Variable
    from linetwin.quantities.ucum import Unit
    from linetwin.scenario.problems import Place
    from linetwin.scenario.resolved import ProcessConfig, Scenario, StationConfig, Value


@dataclass(frozen=True)
class Subject:
    """A model with what the scenario says of it.

    `constants`: variable -> number in its own unit; `wires`: quantity -> variable, where a
    scenario maps them; `evidence`: parameter -> its value in the scenario.
    """

    binary: Binary
    process: str | None = None
    constants: Mapping[str, float] = field(default_factory=dict)
    preset: Preset = field(default_factory=Preset)
    wires: Mapping[str, Wire] = field(default_factory=dict)
    evidence: Mapping[str, Value] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The model's name."""
        return self.binary.description.name

    @property
    def token(self) -> str:
        """What tells this build of the model from another."""
        return self.binary.description.token

    def channel(self, name: str) -> Channel | None:
        """Return a variable by its own name, or by the quantity that a scenario maps to it."""
        description = self.binary.description
        found = self.wires.get(name)
        if found is None:
            variable = description.variables.get(name)
            if variable is None or variable.shape or not variable.numeric:
                return None
            found = Wire(name, variable)
            return Channel(found, unit_of(variable, description.units, None), variable.unit or "1")
        unit = vocabulary()[name].unit
        return Channel(found, parse_unit(unit), unit)

    def start(self, variable: Variable) -> float | None:
        """Return the value that a variable has now, in its own unit."""
        now = self.constants.get(variable.name, variable.start)
        return float(now) if isinstance(now, (int, float)) else None

    def tag(self, name: str) -> tuple[str, str]:
        """Return evidence tag and source of a parameter's present value."""
        value = self.evidence.get(name)
        variable = self.binary.description.variables[name]
        return (value.tag, value.source) if value else (variable.tag, variable.source)


@dataclass(frozen=True)
class Channel:
    """A variable with the unit in which its name is meant; `shown` is that unit as text."""

    wire: Wire
    unit: Unit
    shown: str

    @property
    def variable(self) -> Variable:
        """The FMU's variable."""
        return self.wire.variable

    def conversion(self, unit: Unit) -> Affine:
        """Return numbers in `unit` -> numbers in the channel's; ValueError where neither fits."""
        return conversion(unit, self.unit)


@dataclass(frozen=True)
class Line:
    """A scenario, and the file or folder from which paths of its FMUs count."""

    scenario: Scenario
    base: Path


def open_subject(name: str, process: str | None, line: Line | None, place: Place) -> Subject:
    """Load what is calibrated; ScenarioError, WiringError or FmuError where that cannot be.

    `name`: a model, where there is no line; `process`: which of the line's, such as
    `cathode.calender.calendering`, written at `place`.
    """
    if line is None:
        if process is not None:
            message = f"{name} is a model, and has no processes"
            hint = "leave `process` out, or give the scenario whose process it is"
            raise ScenarioError([Problem(message, place.key, hint, place.file, place.line)])
        fmu = find_fmu(name)
        if is_group(fmu):
            raise ScenarioError([Problem(f"{name} is a group", place.key, "an FMU")])
        return Subject(load_binary(fmu))
    if process is None:
        hint = "the process of a station, such as cathode.calender.calendering"
        raise ScenarioError([Problem("missing key", "process", hint, place.file, 1)])
    config = _process(line.scenario, process, place)
    contract = CONTRACTS[config.kind]
    made = opening(config, contract, line.base)
    if is_group(made.fmu):
        hint = "calibrate the FMU that matters by itself"
        message = f"{process} is answered by a group of FMUs"
        raise ScenarioError([Problem(message, place.key, hint, place.file, place.line)])
    wiring = wire(read_description(made.fmu), contract, made.mapping, made.parameters)
    wires = {**wiring.outputs, **wiring.start, **wiring.inputs}
    return Subject(
        load_binary(made.fmu), process, wiring.constants, wiring.preset, wires, config.parameters
    )


def is_model(name: str) -> bool:
    """Tell whether a name is that of a model, rather than of a scenario."""
    return name in shipped_models() if is_bare_name(name) else name.endswith(".fmu")


def _process(scenario: Scenario, address: str, place: Place) -> ProcessConfig:
    stations: dict[str, StationConfig] = dict(scenario.stations)
    if scenario.building is not None:
        stations["building"] = scenario.building
    known: dict[str, ProcessConfig] = {
        f"{path}.{name}": config
        for path, station in stations.items()
        for name, config in (
            *station.processes.items(),
            *((("machine", station.machine),) if station.machine else ()),
        )
    }
    if address in known:
        return known[address]
    # a group's machines share a model: the first stands for them
    station, _, name = address.rpartition(".")
    alike = [config for key, config in known.items() if key.startswith(f"{station}_")]
    alike = [config for config in alike if config.key.endswith(name)]
    if station and alike:
        return alike[0]
    message = f"the scenario has no process '{address}'"
    hint = nearest(address, known, "process")
    raise ScenarioError([Problem(message, place.key, hint, place.file, place.line)])
