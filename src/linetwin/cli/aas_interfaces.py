"""Which tags a machine's shell describes: those of a plant's mapping, else of `linetwin plant`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.cli.plant_command import ENDPOINT
from linetwin.scenario.mapped import NUMBERS
from linetwin.scenario.mapping import load_mapping
from linetwin.shells.describing.interfaces import Endpoint, Tag
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.model import LINE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.scenario import Scenario
    from linetwin.twin.plant.model import Machine

    Interfaces = Mapping[str, tuple[Endpoint, list[Tag]]]


def of_plant(scenario: Scenario) -> Interfaces:
    """Return what `linetwin plant` shows of each machine: path -> server and tags; "": the line."""
    shown = information_model(scenario)
    endpoint = Endpoint(ENDPOINT)
    found: dict[str, tuple[Endpoint, list[Tag]]] = {}
    for path, machine in shown.machines.items():
        addresses = _addresses(machine)
        tags = [
            Tag(
                addresses[tag.node],
                f"nsu={shown.namespace};s={tag.node}",
                tag.type,
                tag.unit,
                tag.low,
                tag.high,
                tag.meaning,
            )
            for tag in machine.tags
        ]
        found["" if path == LINE else path] = (endpoint, tags)
    return found


def _addresses(machine: Machine) -> dict[str, str]:
    """Return node -> address: of a set value the scenario's, of a measurement its quantity."""
    found = {}
    for each in machine.setpoints:
        index = "" if each.index is None else f".{each.index + 1}"
        found[each.tag.node] = f"{each.address}{index}"
    for tag in machine.tags:
        plain = f"{tag.owner}.{tag.name}"
        is_read = tag.folder == "Measurements" and plain not in found.values()
        found.setdefault(tag.node, plain if is_read else f"{tag.owner}.{tag.folder}.{tag.name}")
    return found


def of_mapping(file: Path, scenario: Scenario, notes: list[str]) -> Interfaces:
    """Return what a mapping binds of each machine; what is of no OPC UA server is noted.

    Raises ScenarioError with everything that is wrong with the mapping.
    """
    mapping = load_mapping(file, scenario)
    found: dict[str, tuple[Endpoint, list[Tag]]] = {}
    for signal in mapping.signals:
        source = mapping.sources[signal.source]
        urls = [url for url in source.endpoints if url.startswith("opc.tcp:")]
        if not urls or signal.node is None:
            notes.append(f"{signal.name}: not of a node of an OPC UA server, and not described")
            continue
        own = found.setdefault(signal.station, (Endpoint(urls[0], source.security.policy), []))
        if own[0].url != urls[0] or any(tag.address == signal.address for tag in own[1]):
            notes.append(f"{signal.name}: a second server or signal of an address, not described")
            continue
        kind = "Double" if signal.kind in NUMBERS else "String"
        own[1].append(Tag(signal.address, str(signal.node), kind, signal.unit, title=signal.name))
    return found
