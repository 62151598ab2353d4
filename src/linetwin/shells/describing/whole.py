"""All shells of a scenario's line: the line, its machines and its models."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.shells import building, terms
from linetwin.shells.contents import state_contents
from linetwin.shells.describing import lines, machines, nameplates
from linetwin.shells.describing.interfaces import interfaces
from linetwin.shells.describing.models import UsedModels, supplements, variable_term
from linetwin.shells.describing.simulation import simulation_models
from linetwin.shells.environment import Environment
from linetwin.shells.naming import BASE, Names, id_short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from basyx.aas import model

    from linetwin.scenario.resolved import Scenario
    from linetwin.shells.describing.interfaces import Endpoint, Tag
    from linetwin.shells.describing.machines import Station
    from linetwin.shells.describing.models import UsedModel
    from linetwin.shells.naming import Named
    from linetwin.shells.terms import Term

_COUNTED: Final = frozenset({"TechnicalData", "ProcessParameters", "HierarchicalStructures"})
"""Submodels from which a line is read."""


@dataclass(frozen=True)
class Wanted:
    """How a line is described: under which IRI, and how much of its models.

    `with_ports`: all variables of the FMUs; `with_files`: the FMUs themselves, else their names
    and tokens. `base`: the file from which the paths of models count. `interfaces`: path of a
    machine (the line: "") -> its server and tags.
    """

    base_iri: str = BASE
    with_ports: bool = True
    with_files: bool = True
    base: Path = Path()
    interfaces: Mapping[str, tuple[Endpoint, Sequence[Tag]]] = field(default_factory=dict)


def describe(scenario: Scenario, wanted: Wanted | None = None) -> Environment:
    """Return the shells of a scenario's line; what is not known is said in the notes.

    Raises ScenarioError where a model is not found, or where a name is too long for a shell.
    """
    return _Description(scenario, wanted or Wanted()).environment()


class _Description:
    def __init__(self, scenario: Scenario, wanted: Wanted) -> None:
        self._scenario = scenario
        self._wanted = wanted
        self._names = Names(wanted.base_iri)
        self._line = scenario.line.name
        self._models = UsedModels(self._names, wanted.base)
        self._found = Environment(notes=[nameplates.NOTE])

    def environment(self) -> Environment:
        stations = machines.stations_of(self._scenario, self._models)
        self._add_line(stations)
        for station in stations:
            self._add_station(station)
        used = self._models.all()
        for each in used:
            self._add_model(each)
        if self._wanted.with_files:
            self._found.files |= supplements(used)
        terms.add_concepts(self._found, self._terms(used))
        return self._found

    def _add_line(self, stations: list[Station]) -> None:
        scenario, named = self._scenario, self._names.line(self._line)
        title = scenario.line.title or self._line
        submodels = [
            nameplates.nameplate(named, title),
            nameplates.technical_data(named, title, lines.sections(scenario)),
            lines.structure(scenario, named, self._names, stations),
            lines.process_parameters(scenario, named, stations, self._found.notes),
            *self._interfaces("", named),
        ]
        self._add(building.shell(named, id_short(self._line), submodels, title=title), submodels)

    def _add_station(self, station: Station) -> None:
        named = self._named(station.path)
        title = station.config.title
        submodels = [
            nameplates.nameplate(named, title),
            nameplates.technical_data(named, title, machines.sections(station)),
            *self._interfaces(station.path, named),
        ]
        short = id_short(station.path)
        is_type = bool(station.members)
        shell = building.shell(named, short, submodels, title=title, is_type=is_type)
        self._add(shell, submodels)
        for member in station.members:
            own = self._named(member)
            plate = [nameplates.nameplate(own, f"{title} {member}"), *self._interfaces(member, own)]
            derived = building.shell(
                own, id_short(member), plate, title=title, derived_from=named.shell
            )
            self._add(derived, plate)

    def _add_model(self, used: UsedModel) -> None:
        named = self._names.model(used.name)
        wanted = self._wanted
        found = simulation_models(used, with_ports=wanted.with_ports, with_files=wanted.with_files)
        submodels = [found]
        shell = building.shell(named, id_short(used.name), submodels, title=used.name, is_type=True)
        self._add(shell, submodels)

    def _interfaces(self, path: str, named: Named) -> list[model.Submodel]:
        if path not in self._wanted.interfaces:
            return []
        endpoint, tags = self._wanted.interfaces[path]
        return interfaces(named, endpoint, tags)

    def _named(self, path: str) -> Named:
        return self._names.machine(self._line, path)

    def _add(self, shell: model.AssetAdministrationShell, submodels: list[model.Submodel]) -> None:
        for submodel in submodels:
            if submodel.id_short in _COUNTED:
                state_contents(submodel)
        for each in (shell, *submodels):
            self._found.objects.add(each)

    def _terms(self, used: list[UsedModel]) -> Iterator[Term]:
        """Yield the terms that only models know: their variables, and what is set of groups."""
        for each in used:
            for description in each.descriptions().values():
                for variable in description.variables.values():
                    yield variable_term(each.name, variable)
        configs = [*self._scenario.stations.values()]
        configs += [self._scenario.building] if self._scenario.building else []
        for config in configs:
            machine = [config.machine] if config.machine is not None else []
            for process in [*config.processes.values(), *machine]:
                for name in process.parameters:
                    yield self._models(process).term(name)
