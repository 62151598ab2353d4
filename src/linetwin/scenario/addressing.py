"""Addresses: a station's path and what is set there.

    cathode.coater.web_speed                         station + quantity
    cathode.coater.drying.tortuosity                 station + process + parameter of its FMU
    cathode.coater.breakdown.time_between_failures   station + cause of failure + its time

`building` counts as a station. What follows the path decides; no station may have a path that
begins with another's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.quantities import Quantity
    from linetwin.scenario.kinds import Kind
    from linetwin.scenario.resolved import Scalar, Scenario, StationConfig, Value

FAILURE_TIMES = ("time_between_failures", "time_to_repair", "time_to_repair_variation")
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
    """What an address points at; `group` is the process or cause, `quantity` None in an FMU."""

    station: str
    section: Literal["parameters", "processes", "failures"]
    group: str
    name: str
    quantity: Quantity | None
    is_list: bool = False


@dataclass(frozen=True)
class Plant:
    """What an address can point into.

    `kinds`, `causes`: station path -> its kind, and its causes of failure; `broken`: stations
    whose description could not be read, so that nothing can be said about their addresses (about
    none at all where `unknown` is set).
    """

    kinds: Mapping[str, Kind]
    causes: Mapping[str, Iterable[str]]
    broken: frozenset[str] = frozenset()
    unknown: bool = False

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
            groups = {*kind.models, *self.causes.get(station, ())}
            hint = f"add a name, as in {station}.{name}.parameter" if name in groups else ""
            hint = hint or nearest(name, kind.parameters, "quantity to set")
            raise ScenarioError([Problem(f"{station} has no quantity '{name}'", hint=hint)])
        parameter = kind.parameters[name]
        return Target(station, "parameters", "", name, parameter.quantity, parameter.is_list)

    def _grouped(self, station: str, group: str, name: str) -> Target:
        models = self.kinds[station].models
        if group in models:
            if not _NAME.match(name):
                raise ScenarioError(f"'{name}' is no name of an FMU's parameter")
            return Target(station, "processes", group, name, None)
        causes = tuple(self.causes.get(station, ()))
        if group in causes:
            if name not in FAILURE_TIMES:
                hint = nearest(name, FAILURE_TIMES)
                raise ScenarioError([Problem(f"a failure has no '{name}'", hint=hint)])
            return Target(station, "failures", group, name, vocabulary()[name])
        hint = nearest(group, (*models, *causes), "process or cause of failure")
        raise ScenarioError([Problem(f"{station} has no process '{group}'", hint=hint)])

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
    for failure in station.failures:
        for name in FAILURE_TIMES:
            value = getattr(failure, name)
            yield _address(f"{station.path}.{failure.cause}.{name}", value, vocabulary()[name])


def _address(address: str, value: Value, quantity: Quantity | None) -> Address:
    return Address(
        address=address,
        value=value.value,
        unit=value.unit,
        minimum=quantity.minimum if quantity else float("-inf"),
        maximum=quantity.maximum if quantity else float("inf"),
        tag=value.tag,
        source=value.source,
        origin=value.origin,
        meaning=quantity.meaning if quantity else "parameter of the FMU",
    )
