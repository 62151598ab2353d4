"""Which tags a machine's shell describes: those of a plant's mapping, else of `linetwin plant`."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from linetwin.cli.plant_command import ENDPOINT
from linetwin.line.readable import load_line_mapping
from linetwin.quantities import vocabulary
from linetwin.quantities.packml import STATES
from linetwin.scenario.mapped import MODES, NUMBERS, UNDEFINED
from linetwin.scenario.mapping_signals import COUNTERS, GRADED, PASSING
from linetwin.scenario.units import linear
from linetwin.shells.describing.interfaces import Endpoint, Tag
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.model import LINE, NAMESPACE
from linetwin.twin.plant.model import Tag as Shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.scenario import Scenario
    from linetwin.scenario.mapped import SignalConfig, SignalKind, SourceConfig
    from linetwin.twin.plant.model import Machine

    Interfaces = Mapping[str, tuple[Endpoint, list[Tag]]]

_COUNTED: Final = frozenset({"Counters", "Lots", "Order"})
_MEASURED: Final = frozenset({"Measurements", "Energy", "Buffers"})


def of_plant(scenario: Scenario) -> Interfaces:
    """Return what `linetwin plant` shows of each machine: path -> server and tags; "": the line."""
    shown = information_model(scenario)
    endpoint = Endpoint(ENDPOINT)
    found: dict[str, tuple[Endpoint, list[Tag]]] = {}
    for path, machine in shown.machines.items():
        addresses = _addresses(machine)
        tags = [_of_plant(tag, addresses[tag.node], scenario) for tag in machine.tags]
        found["" if path == LINE else path] = (endpoint, tags)
    return found


def _of_plant(tag: Shown, address: str, scenario: Scenario) -> Tag:
    return Tag(
        address,
        f"nsu={NAMESPACE};s={tag.node}",
        tag.type,
        tag.unit,
        tag.floor,
        tag.ceiling,
        tag.meaning,
        _kind(tag),
        _quantity(tag, scenario),
    )


def _kind(tag: Shown) -> SignalKind | None:
    """Return what a mapping file calls a tag; None for what it has no place for."""
    if tag.folder == "Status":
        return _STATUS.get(tag.name)
    if tag.folder == "Setpoints":
        return "setpoint"
    if tag.folder in _MEASURED:
        return "measurement"
    if tag.folder == "Lots" and tag.name in PASSING:
        return "lot"
    return "counter" if tag.folder in _COUNTED and tag.name in (*COUNTERS, *GRADED) else None


_STATUS: Final[dict[str, SignalKind]] = {"StateCurrent": "state", "UnitMode": "mode"}


def _quantity(tag: Shown, scenario: Scenario) -> str:
    """Return the quantity of a tag whose name is none: an instrument's, a buffer's, a row's."""
    if tag.folder == "Buffers":
        return "slurry_mass" if scenario.buffers[tag.name].kind == "tank" else "buffer_level"
    if tag.folder == "Setpoints":
        row, _, place = tag.name.rpartition("_")
        return row if place.isdecimal() and tag.name not in vocabulary() else tag.name
    for each in scenario.plant.instruments:
        if (each.station, each.name) == (tag.owner, tag.name):
            return each.quantity
    return ""


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
    mapping = load_line_mapping(file, scenario)
    found: dict[str, tuple[Endpoint, list[Tag]]] = {}
    machines = {*scenario.stations, scenario.building.path if scenario.building else ""}
    for signal in mapping.signals:
        source = mapping.sources[signal.source]
        urls = [url for url in source.endpoints if url.startswith("opc.tcp:")]
        if not urls or signal.node is None:
            notes.append(f"{signal.name}: not of a node of an OPC UA server, and not described")
            continue
        if not _is_plain(signal):
            notes.append(f"{signal.name}: has a scale or offset of its own, and not described")
            continue
        endpoint = _endpoint(urls[0], source, mapping.line_start)
        path = signal.station if signal.station in machines else ""
        own = found.setdefault(path, (endpoint, []))
        tag = _of_signal(signal, {each.address for each in own[1]})
        if own[0].url != urls[0] or tag is None:
            notes.append(f"{signal.name}: a second server or signal of an address, not described")
        else:
            own[1].append(tag)
    return found


def _endpoint(url: str, source: SourceConfig, line_start: int | None) -> Endpoint:
    """Return how a source is described; `line_start` [ns UTC]: None where the mapping has none."""
    start = ""
    if line_start is not None:
        start = datetime.fromtimestamp(line_start / 1e9, UTC).isoformat(timespec="milliseconds")
    return Endpoint(url, source.security.policy, source.played, start)


def _is_plain(signal: SignalConfig) -> bool:
    """Say whether a raw value becomes canonical by its unit alone."""
    if signal.quantity is None or signal.kind not in NUMBERS:
        return True
    factor, offset = linear(signal.unit, signal.quantity)
    return math.isclose(signal.scale, factor) and math.isclose(
        signal.offset, offset, abs_tol=1e-9 * factor
    )


def _of_signal(signal: SignalConfig, taken: set[str]) -> Tag | None:
    """Return the tag of a signal; None where its address is taken."""
    address, path = signal.address, signal.station
    if address in taken:
        address = f"{path}.{_FOLDERS.get(signal.kind, signal.kind)}.{address.rpartition('.')[2]}"
    if address in taken:
        return None
    low, high = _bounds(signal)
    codes, suspends = _codes(signal)
    return Tag(
        address,
        str(signal.node),
        _type(signal),
        signal.unit,
        low,
        high,
        signal.name,
        signal.kind,
        signal.quantity.name if signal.quantity is not None else "",
        codes,
        suspends,
    )


def _bounds(signal: SignalConfig) -> tuple[float, float]:
    """Return from what to what a signal is plausible, in its unit; the vocabulary's is not told."""
    quantity = signal.quantity
    if quantity is None or (signal.minimum, signal.maximum) == (quantity.minimum, quantity.maximum):
        return -math.inf, math.inf
    low, high = ((end - signal.offset) / signal.scale for end in (signal.minimum, signal.maximum))
    return low, high


def _codes(signal: SignalConfig) -> tuple[Mapping[str, str] | None, Mapping[str, str]]:
    """Return what the codes of a state or mode mean, and suspend; None where PackML's are meant."""
    table = signal.codes
    if table is None:
        return None, {}
    known = STATES if signal.kind == "state" else MODES
    names = {UNDEFINED: "UNDEFINED"} | {number: name for name, number in known.items()}
    if all(names.get(number) and code == str(number) for code, number in table.codes.items()):
        return None, {}
    return {code: names[number] for code, number in table.codes.items()}, table.suspends


_FOLDERS: Final = {"measurement": "Measurements", "setpoint": "Setpoints", "counter": "Counters"}


def _type(signal: SignalConfig) -> str:
    if signal.kind in NUMBERS:
        return "Double"
    codes = signal.codes.codes if signal.codes is not None else {"text": 0}
    return "Int64" if all(code.lstrip("-").isdecimal() for code in codes) else "String"
