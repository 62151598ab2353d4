"""What can be read of a line: the quantities that its stations and buffers have.

    mapping = load_line_mapping(Path("plant.yaml"), scenario)

A station has what it measures, what it is set to, and what its models take and give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.contracts import CONTRACTS
from linetwin.scenario.kinds import shipped_kinds
from linetwin.scenario.mapping import load_mapping
from linetwin.scenario.zones import ZONED

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import BufferConfig, Scenario, StationConfig

HANDED_ON = ("moisture",)
"""Goes on with a lot from any station: all may read it."""


def load_line_mapping(file: Path, scenario: Scenario) -> Mapping:
    """Return a mapping file, checked against a line: its stations have what the signals stand for.

    Raises ScenarioError with every problem found.
    """
    return load_mapping(file, scenario, readable(scenario))


def doubts_of(mapping: Mapping, scenario: Scenario) -> list[str]:
    """Return what a mapping leaves out of a line, or tells to nobody: a remark each, for people.

    Instruments of the twin that no signal feeds; measurements that no station and no instrument
    has.
    """
    found, has = [], readable(scenario)
    read = scenario.twin.instruments if scenario.twin is not None else ()
    told = [each for each in mapping.signals if each.kind == "measurement"]
    fed = {each.address for each in told}
    if deaf := [f"{each.name} ({each.signal})" for each in read if each.signal not in fed]:
        found.append(f"no signal of {mapping.file.name} feeds {', '.join(deaf)}")
    known = {f"{path}.{name}" for path, names in has.items() for name in names}
    known |= {each.signal for each in read}
    if idle := [each for each in told if each.station in has and each.address not in known]:
        names = ", ".join(f"{each.name} ({each.address})" for each in idle)
        found.append(f"nothing of the line reads {names}")
    return found


def readable(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """Return the quantities of each station, of the building and of each buffer, by path."""
    stations = [*scenario.stations.values()]
    stations += [scenario.building] if scenario.building is not None else []
    found = {each.path: quantities_of(each) for each in stations}
    return found | {path: (level_of(buffer),) for path, buffer in scenario.buffers.items()}


def quantities_of(station: StationConfig) -> tuple[str, ...]:
    """Return the quantities that a station has: measured, of its models, set; each once."""
    kind = shipped_kinds().get(station.kind)
    found = dict.fromkeys(station.gauges)
    machine = ("machine",) if station.machine else ()
    for process in (*(kind.processes if kind else ()), *machine):
        contract = CONTRACTS[process]
        found |= dict.fromkeys((*contract.outputs, *contract.inputs, *contract.start))
    if "drying" in station.processes:
        found[ZONED] = None
    found |= dict.fromkeys(station.parameters)
    if kind is not None:
        found |= dict.fromkeys((*kind.gauges, *kind.signals, *kind.parameters))
    return tuple(found | dict.fromkeys(HANDED_ON))


def level_of(buffer: BufferConfig) -> str:
    """Return the quantity that says how full a buffer is."""
    return "slurry_mass" if buffer.kind == "tank" else "buffer_level"
