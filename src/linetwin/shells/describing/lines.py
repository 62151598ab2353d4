"""The line itself: what it is made of, what is common to its machines, and its recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from basyx.aas.model import KeyTypes, datatypes

from linetwin.scenario.calendars import written_hours
from linetwin.shells import building
from linetwin.shells.building import collection, multilingual, prop
from linetwin.shells.describing.leaves import leaf, tree
from linetwin.shells.naming import id_short
from linetwin.shells.terms import SUBMODELS, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from basyx.aas import model

    from linetwin.scenario.resolved import MaterialConfig, Scenario, StationConfig, Value
    from linetwin.shells.describing.machines import Station
    from linetwin.shells.naming import Named, Names

_TREE: Final = "https://admin-shell.io/idta/HierarchicalStructures/"
_PROCESSES: Final = "https://admin-shell.io/idta/ProcessParameters/"
ADJUSTABLE: Final = "AdjustableRanges"


def sections(scenario: Scenario) -> list[model.SubmodelElement]:
    """Return the sections of TechnicalData that a line has of its own."""
    line = scenario.line
    identity = {"name": line.name, "title": line.title, "description": line.description}
    calendars = {name: written_hours(each) for name, each in scenario.calendars.items()}
    crews = {
        name: {"size": crew.size, "calendar": crew.calendar}
        for name, crew in scenario.crews.items()
    }
    materials = [_material(each) for each in scenario.materials.values()]
    return [
        tree("Line", identity, "line"),
        tree("Calendars", calendars, "calendars"),
        tree("Crews", crews, "crews"),
        collection("Materials", meaning("materials"), materials),
        collection("Buffers", meaning("buffers"), _buffers(scenario)),
    ]


def _material(material: MaterialConfig) -> model.SubmodelElement:
    path = material.path
    deviations = [
        leaf(f"{path}.{name}", value, meaning("lot_deviation"))
        for name, value in material.deviations.items()
    ]
    children = [
        leaf(f"{path}.lot", material.lot_size, meaning("lot_size")),
        collection("deviations", meaning("deviations"), deviations),
    ]
    return collection(id_short(path), meaning("material"), children)


def _buffers(scenario: Scenario) -> list[model.SubmodelElement]:
    found: list[model.SubmodelElement] = []
    for path, buffer in scenario.buffers.items():
        is_tank = buffer.kind == "tank"
        means = meaning("tank_capacity" if is_tank else "capacity_lots")
        unit = "kg" if is_tank else "1"
        children = [
            prop("holds", buffer.holds, meaning("buffer.holds")),
            prop("kind", buffer.kind, meaning("buffer.kind")),
            prop("capacity", buffer.capacity, means, unit),
        ]
        found.append(collection(id_short(path), meaning("buffer"), children))
    return found


def structure(
    scenario: Scenario, named: Named, names: Names, stations: Iterable[Station]
) -> model.Submodel:
    """Return HierarchicalStructures: machines as assets of their own, buffers as parts."""
    line = scenario.line.name
    node, name = f"{_TREE}Node/1/0", "HierarchicalStructures"
    structure_id = named.submodel(name)
    nodes: list[model.SubmodelElement] = []
    for station in stations:
        group = names.machine(line, station.path).asset
        inner: list[model.SubmodelElement] = [
            building.entity(id_short(member), node, [], names.machine(line, member).asset)
            for member in station.members
        ]
        short = id_short(station.path)
        parts = _parts(structure_id, ("EntryNode", short), inner)
        nodes.append(building.entity(short, node, parts, group))
    nodes += [building.entity(id_short(f"{path}.buffer"), node) for path in scenario.buffers]
    parts = _parts(structure_id, ("EntryNode",), nodes)
    entry = building.entity("EntryNode", f"{_TREE}EntryNode/1/0", parts, named.asset)
    elements = [entry, prop("ArcheType", "Full", f"{_TREE}ArcheType/1/0")]
    return building.submodel(structure_id, name, SUBMODELS[name], elements)


def _parts(
    structure_id: str, way: tuple[str, ...], nodes: list[model.SubmodelElement]
) -> list[model.SubmodelElement]:
    """Return nodes, and for each the relation that the one above them has it as a part."""
    above = [(KeyTypes.ENTITY, name) for name in way]
    relations: list[model.SubmodelElement] = []
    for node in nodes:
        below = [*above, (KeyTypes.ENTITY, str(node.id_short))]
        whole, part = (building.to_element(structure_id, keys) for keys in (above, below))
        means = f"{_TREE}HasPart/1/0"
        relations.append(building.relationship(f"HasPart_{node.id_short}", whole, part, means))
    return [*nodes, *relations]


def process_parameters(
    scenario: Scenario, named: Named, stations: Iterable[Station], notes: list[str]
) -> model.Submodel:
    """Return ProcessParameters: for each station what the recipe sets, and its proven ranges."""
    processes: list[model.SubmodelElement] = []
    for station in stations:
        values = _of_recipe(station)
        if values:
            number = len(processes) + 1
            processes.append(_process(number, scenario, station, values, notes))
    elements: list[model.SubmodelElement] = [
        collection("Processes", f"{_PROCESSES}Processes/1/0", processes)
    ]
    recipe = scenario.recipe_file
    keys = ("name", "title", "description")
    head = {key: "" if recipe is None else getattr(recipe, key) for key in keys}
    elements.append(tree("Recipe", head, "recipe"))
    name = "ProcessParameters"
    return building.submodel(named.submodel(name), name, SUBMODELS[name], elements)


def _of_recipe(station: Station) -> dict[str, Value]:
    """Return what the recipe sets of a group or station: address -> value.

    A machine of a group that is set otherwise than its group has an address of its own.
    """
    found = {}
    for name, value in station.config.parameters.items():
        if f"{station.path}.{name}" in station.recipe:
            found[f"{station.path}.{name}"] = value
    return found | dict(station.own_values)


def _process(
    number: int,
    scenario: Scenario,
    station: Station,
    values: Mapping[str, Value],
    notes: list[str],
) -> model.SubmodelElement:
    config: StationConfig = station.config
    known = {address: _meaning(address, station) for address in values}
    parameters = [leaf(address, value, known[address]) for address, value in values.items()]
    ranges = [
        _range(address, value, pairs)
        for address, value in values.items()
        if (pairs := _pairs(scenario, station, address, value, notes))
    ]
    parameters.append(collection(ADJUSTABLE, meaning("adjustable_ranges"), ranges))
    materials: list[model.SubmodelElement] = [
        prop(id_short(role), path, meaning("configuration.materials.entry"))
        for role, path in config.materials.items()
    ]
    children: list[model.SubmodelElement] = [
        prop("ProcessId", station.path, f"{_PROCESSES}ProcessId/1/0"),
        prop("ProcessName", config.title, f"{_PROCESSES}ProcessName/1/0"),
        multilingual("ProcessDescription", config.title, f"{_PROCESSES}ProcessDescription/1/0"),
        prop(
            "PlannedProcessTime",
            None,
            f"{_PROCESSES}PlannedProcessTime/1/0",
            value_type=datatypes.Duration,
        ),
        collection("ProductParameters", f"{_PROCESSES}ProductParameters/1/0", []),
        collection("ProcessParameters", f"{_PROCESSES}ProcessParameters/1/0", parameters),
        collection("ResourceParameters", f"{_PROCESSES}ResourceParameters/1/0", []),
        collection("ProcessBoM", f"{_PROCESSES}ProcessBoM/1/0", materials),
    ]
    return collection(f"Process__{number:02}__", f"{_PROCESSES}Process/1/0", children)


def _meaning(address: str, station: Station) -> str:
    return station.meanings.get(address) or meaning(address.rpartition(".")[2])


def _pairs(
    scenario: Scenario, station: Station, address: str, value: Value, notes: list[str]
) -> tuple[tuple[float, float], ...]:
    """Return the proven ranges of a value; none, and a note, where it has left them."""
    first = f"{station.config.path}{address.removeprefix(station.path)}"
    known = scenario.recipe.get(address) or scenario.recipe.get(first)
    if known is None or not known.ranges:
        return ()
    numbers = value.value if isinstance(value.value, tuple) else (value.value,)
    pairs = list(zip(known.ranges, numbers, strict=False))
    inside = len(numbers) == len(known.ranges) and all(
        isinstance(number, (int, float)) and low <= number <= high for (low, high), number in pairs
    )
    if inside:
        return known.ranges
    notes.append(f"{address}: its proven range is left out, as the value has left it")
    return ()


def _range(
    address: str, value: Value, pairs: tuple[tuple[float, float], ...]
) -> model.SubmodelElement:
    means = meaning("adjustable_range")
    spans = [building.span(None, low, high, means, value.unit) for low, high in pairs]
    return building.ranges(id_short(address), spans, means)
