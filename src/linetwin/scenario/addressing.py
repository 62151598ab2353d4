"""Addresses: a station's path and what is set there.

    cathode.coater.web_speed                         station + quantity
    cathode.coater.drying.tortuosity                 station + process + parameter of its FMU
    cathode.coater.breakdown.time_between_failures   station + cause of failure + its time
    cathode.coater.loading.bias                      station + gauge + its term
    cell.stacker.sheet_cycle_time                    all machines of a group

`building` counts as a station. What follows the path decides; no station may have a path that
begins with another's. Sections with parts of their own: `linetwin.scenario.sections`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import address_part
from linetwin.scenario.sections import SECTIONS, SectionName, bounds, quantity_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from linetwin.quantities import Quantity
    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.resolved import Scalar, Scenario, StationConfig, Value

Parts = Mapping[SectionName, Collection[str]]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Address:
    """A settable address with its present value.

    `minimum` and `maximum` bound what is plausible, in `unit`; an FMU's own parameter has no
    bounds here, and its `unit` is "" where its value counts in the FMU's unit.
    """

    address: str
    value: Scalar
    unit: str
    minimum: float
    maximum: float
    tag: str
    source: str
    origin: str
    meaning: str


@dataclass(frozen=True)
class Target:
    """What an address points at; `group` is the process or part, `quantity` None in an FMU.

    `station` is the path of a group where the address means all its machines.
    """

    station: str
    section: Literal["parameters", "processes"] | SectionName
    group: str
    name: str
    quantity: Quantity | None
    is_list: bool = False


@dataclass(frozen=True)
class Plant:
    """What an address can point into.

    `kinds`: path of a station or group -> its kind; `parts`: the same path -> section -> names of
    its causes, gauges and defects; `machines`: group -> the paths of its machines; `broken`:
    stations whose description could not be read, so that nothing can be said about their addresses
    (about none at all where `unknown` is set); `inputs`: kind of process -> the inputs of its model
    that can be disturbed, as far as the caller knows.
    """

    kinds: Mapping[str, Kind]
    parts: Mapping[str, Parts]
    machines: Mapping[str, tuple[str, ...]]
    broken: frozenset[str] = frozenset()
    unknown: bool = False
    inputs: Mapping[str, Collection[str]] = field(default_factory=dict)

    def members(self, path: str) -> tuple[str, ...]:
        """Return the machines of a group, or the station itself."""
        return self.machines.get(path, (path,))

    def is_broken(self, address: str) -> bool:
        """Say whether `address` may lie in a station that could not be read."""
        return self.unknown or any(address.startswith(f"{path}.") for path in self.broken)

    def target(self, address: str) -> Target:
        """Return what `address` points at; ScenarioError with the nearest names otherwise."""
        inside = [path for path in self.kinds if address.startswith(f"{path}.")]
        if not inside:
            raise self._unknown_station(address)
        station = max(inside, key=len)
        first, *rest = address.removeprefix(f"{station}.").split(".")
        if not rest:
            return self._quantity(station, first)
        if len(rest) == 1:
            return self._grouped(station, first, rest[0])
        hint = "station.quantity or station.process.parameter"
        raise ScenarioError([Problem(f"address '{address}' has too many parts", hint=hint)])

    def _quantity(self, station: str, name: str) -> Target:
        kind = self.kinds[station]
        if name not in kind.parameters:
            groups = {*kind.models, *self._part_names(station)}
            hint = f"add a name, as in {station}.{name}.parameter" if name in groups else ""
            hint = hint or nearest(name, kind.parameters, "quantity to set")
            raise ScenarioError([Problem(f"{station} has no quantity '{name}'", hint=hint)])
        parameter = kind.parameters[name]
        return Target(station, "parameters", "", name, parameter.quantity, parameter.is_list)

    def _part_names(self, station: str) -> list[str]:
        sections = self.parts.get(station, {})
        return [address_part(name) for names in sections.values() for name in names]

    def _grouped(self, station: str, group: str, name: str) -> Target:
        models = self.kinds[station].models
        if group in models:
            if not _NAME.match(name):
                raise ScenarioError(f"'{name}' is no name of an FMU's parameter")
            return Target(station, "processes", group, name, None)
        known: list[str] = []
        for section, parts in self.parts.get(station, {}).items():
            for part in parts:
                if address_part(part) == group:
                    known += SECTIONS[section].values
                    if name in SECTIONS[section].values:
                        quantity = quantity_of(section, part, name)
                        return Target(station, section, part, name, quantity)
        if known:
            hint = nearest(name, known)
            raise ScenarioError([Problem(f"{station}.{group} has no '{name}'", hint=hint)])
        names = (*models, *self._part_names(station))
        hint = nearest(group, names, "process, cause, gauge or defect")
        message = f"{station} has no process, cause, gauge or defect '{group}'"
        raise ScenarioError([Problem(message, hint=hint)])

    def _unknown_station(self, address: str) -> ScenarioError:
        path, _, name = address.rpartition(".")
        known = [f"{s}.{q}" for s, kind in self.kinds.items() for q in kind.parameters]
        hint = nearest(address, known) if path else "station.quantity"
        if hint.startswith("allowed"):
            hint = f"stations: {', '.join(sorted(self.kinds))}"
        message = f"unknown address '{address}'" if path else f"'{name}' is no address"
        return ScenarioError([Problem(message, hint=hint)])


def addresses(scenario: Scenario) -> list[Address]:
    """Return every settable address of a scenario with its value, station by station."""
    stations = list(scenario.stations.values())
    if scenario.building is not None:
        stations.append(scenario.building)
    return [address for station in stations for address in _of_station(station)]


def _of_station(station: StationConfig) -> Iterable[Address]:
    for name, value in station.parameters.items():
        yield _address(f"{station.path}.{name}", value, vocabulary()[name])
    models = dict(station.processes)
    if station.machine is not None:
        models["machine"] = station.machine
    for process, config in models.items():
        for name, value in config.parameters.items():
            yield _address(f"{station.path}.{process}.{name}", value, None)
    for section, part, values in parts_of(station):
        for name, value in values.items():
            quantity = quantity_of(section, part, name)
            yield _address(f"{station.path}.{address_part(part)}.{name}", value, quantity)


def parts_of(station: StationConfig) -> Iterator[tuple[SectionName, str, dict[str, Value]]]:
    """Yield section, name and values of every cause, gauge, inspection and defect of a station."""
    causes: tuple[tuple[SectionName, Sequence[Any]], ...] = (
        ("failures", station.failures),
        ("micro_stops", station.micro_stops),
        ("maintenance", station.maintenance),
    )
    named: tuple[tuple[SectionName, Mapping[str, Any]], ...] = (
        ("gauges", station.gauges),
        ("inspections", station.inspections),
        ("defects", station.defects),
        *((section, {each.cause: each for each in written}) for section, written in causes),
    )
    for section, parts in named:
        for name, part in parts.items():
            yield section, name, {key: getattr(part, key) for key in SECTIONS[section].values}


def _address(address: str, value: Value, quantity: Quantity | None) -> Address:
    minimum, maximum = float("-inf"), float("inf")
    if quantity is not None:
        minimum, maximum = bounds(quantity, value.unit)
    return Address(
        address=address,
        value=value.value,
        unit=value.unit,
        minimum=minimum,
        maximum=maximum,
        tag=value.tag,
        source=value.source,
        origin=value.origin,
        meaning=quantity.meaning if quantity else "parameter of the FMU",
    )
