"""A machine, a group of alike ones, or the building: all that its station is set to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.scenario.addressing import parts_of
from linetwin.scenario.fidelity import widths
from linetwin.scenario.resolved import address_part
from linetwin.scenario.sections import SECTIONS
from linetwin.shells import building
from linetwin.shells.describing.leaves import leaf, leaves, part_meaning, tree
from linetwin.shells.naming import id_short
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from basyx.aas import model

    from linetwin.scenario.resolved import ProcessConfig, Scenario, StationConfig, Value
    from linetwin.shells.describing.models import UsedModel

    Elements = list[model.SubmodelElement]


@dataclass(frozen=True)
class Station:
    """A station as its shell tells it.

    `config`: what all its machines have in common; `path`: as the line file has it, of a group
    where it stands for several; `members`: their paths, () for one machine. `recipe`: addresses
    that the recipe's submodel tells; `own_values`: address -> value of a machine that is set
    otherwise than its group, and `meanings` of those. `model_of`: the model of a process.
    """

    config: StationConfig
    path: str
    members: tuple[str, ...]
    recipe: Collection[str]
    model_of: Callable[[ProcessConfig], UsedModel]
    own_values: Mapping[str, Value] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)


def stations_of(
    scenario: Scenario, model_of: Callable[[ProcessConfig], UsedModel]
) -> list[Station]:
    """Return the stations of a scenario in the order of its line file, the building last."""
    groups: dict[str, list[StationConfig]] = {}
    for config in scenario.stations.values():
        groups.setdefault(config.family, []).append(config)
    found = [_station(path, each, scenario, model_of) for path, each in groups.items()]
    if scenario.building is not None:
        found.append(Station(scenario.building, scenario.building.path, (), (), model_of))
    return found


def _station(
    path: str,
    machines: list[StationConfig],
    scenario: Scenario,
    model_of: Callable[[ProcessConfig], UsedModel],
) -> Station:
    """Return a station; of several machines what they share, and what each has of its own."""
    first = machines[0]
    members = tuple(each.path for each in machines) if first.group else ()
    recipe = {
        f"{path}.{name}"
        for name in first.parameters
        if all(f"{each.path}.{name}" in scenario.recipe for each in machines)
    }
    told = [_all_values(each, model_of) for each in machines]
    shared = set.intersection(*(set(each) for each in told))
    own: dict[str, Value] = {}
    meanings: dict[str, str] = {}
    for machine, values in zip(machines, told, strict=True):
        for name, (value, means) in values.items():
            if name not in shared or not _same(value, told[0][name][0]):
                own[f"{machine.path}.{name}"] = value
                meanings[f"{machine.path}.{name}"] = means
    config = _without(first, set(told[0]) - shared)
    return Station(config, path, members, recipe, model_of, own, meanings)


def _same(one: Value, other: Value) -> bool:
    return replace(one, origin="") == replace(other, origin="")


def _all_values(
    config: StationConfig, model_of: Callable[[ProcessConfig], UsedModel]
) -> dict[str, tuple[Value, str]]:
    """Return everything that has an address: name behind the path -> value and semanticId."""
    found = {name: (value, meaning(name)) for name, value in config.parameters.items()}
    for name, process in _models(config).items():
        used = model_of(process)
        for each, value in process.parameters.items():
            found[f"{name}.{each}"] = (value, used.meaning(each))
    for section, part, values in parts_of(config):
        for name, value in values.items():
            means = part_meaning(section, part, name)
            found[f"{address_part(part)}.{name}"] = (value, means)
    return found


def _models(config: StationConfig) -> dict[str, ProcessConfig]:
    machine = {} if config.machine is None else {"machine": config.machine}
    return dict(config.processes) | machine


def _without(config: StationConfig, names: Collection[str]) -> StationConfig:
    """Return a station without some parameters of its models, as not all of its group have them."""
    if not names:
        return config

    def kept(process: ProcessConfig) -> ProcessConfig:
        prefix = f"{process.kind}."
        values = {n: v for n, v in process.parameters.items() if f"{prefix}{n}" not in names}
        return replace(process, parameters=values)

    processes = {name: kept(process) for name, process in config.processes.items()}
    machine = None if config.machine is None else kept(config.machine)
    return replace(config, processes=processes, machine=machine)


def sections(station: Station) -> Elements:
    """Return the sections of TechnicalData that hold everything a station is set to.

    Empty ones as well: a reader takes nothing for granted that is absent.
    """
    config, path = station.config, station.path
    own = {n: v for n, v in config.parameters.items() if f"{path}.{n}" not in station.recipe}
    found = [tree("Configuration", _configuration(station), "configuration")]
    found.append(building.collection("Parameters", meaning("parameters"), leaves(path, own)))
    processes = [_process(station, name, each) for name, each in _models(config).items()]
    found.append(building.collection("Processes", meaning("processes"), processes))
    if is_building(config.path, config.kind):
        return found
    by_section: dict[str, Elements] = {section: [] for section in SECTIONS}
    for section, part, values in parts_of(config):
        prefix = f"{path}.{address_part(part)}"
        means = {name: part_meaning(section, part, name) for name in values}
        holder = building.collection(
            id_short(part), meaning(f"{section}.part"), leaves(prefix, values, means)
        )
        by_section[section].append(holder)
    found += [
        building.collection(id_short(section), meaning(section), parts)
        for section, parts in by_section.items()
    ]
    return found


def _configuration(station: Station) -> dict[str, Any]:
    """Return what a station is and what it is wired to."""
    config = station.config
    if is_building(config.path, config.kind):
        return {"kind": config.kind, "title": config.title}
    return {
        "kind": config.kind,
        "title": config.title,
        "room": config.room,
        "calendar": config.calendar,
        "crew": config.crew,
        "takes": dict(config.takes),
        "gives": dict(config.gives),
        "materials": dict(config.materials),
        "machines": max(1, len(station.members)),
    }


def is_building(path: str, kind: str) -> bool:
    """Say whether it is the building, which is neither wired nor manned, and does not fail."""
    return path == kind


def _process(station: Station, name: str, process: ProcessConfig) -> model.SubmodelElement:
    """Return how a model is used: which, with what parameters, and what its variables stand for."""
    used = station.model_of(process)
    prefix = f"{station.path}.{name}"
    parameters = [
        leaf(f"{prefix}.{each}", value, used.meaning(each))
        for each, value in process.parameters.items()
    ]
    written: dict[str, Any] = {
        "model": used.reference,
        "fidelity": process.fidelity,
        "stand_in": Path(process.stand_in).name,
        "widest": widths(process.widest),
        "isolate": process.isolate,
        "step_timeout": process.step_timeout_s,
        "map": {key: _plain(each) for key, each in process.map.items()},
        "fixed": process.fixed,
        "events": {key: {"ends": ends} if ends else {} for key, ends in process.events.items()},
    }
    children = [tree(key, value, f"process.{key}") for key, value in written.items()]
    target = building.to_submodel(used.submodel)
    children += [
        building.reference("SimulationModels", target, meaning("process.models")),
        building.collection("parameters", meaning("process.parameters"), parameters),
    ]
    return building.collection(id_short(name), meaning("process"), children)


def _plain(entry: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"variable": entry} if isinstance(entry, str) else dict(entry)
