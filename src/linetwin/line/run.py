"""Running a line to its end, saving it after any event, and continuing it."""

from __future__ import annotations

import copy
import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np

from linetwin.errors import SimulationError
from linetwin.line.kinds.cells import write_open_cells
from linetwin.line.kinds.web import CONTENT, write_segments
from linetwin.line.lots import alike
from linetwin.line.unit import UnitState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.contracts import Continuous
    from linetwin.line.buffers import LotBuffer, Tank
    from linetwin.line.crew import Crew
    from linetwin.line.lots import Lot
    from linetwin.line.materials import Supply
    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario

FORMAT = 4
"""Version of a snapshot; one of another version is refused."""
TRAYS_AT_ONCE = 64
"""Trays whose cells in process are written together when a run ends."""
MAGIC = b"linetwin snapshot\n"
"""How a snapshot begins; the SHA-256 of the rest follows, so that damage is noticed."""


def save(world: World, mark: dict[str, Any], made_with: Mapping[str, Any] | None = None) -> bytes:
    """Return the whole state of a line; `mark` is where its run folder stood.

    `made_with`: versions and hashes on which its bits depend, for whoever continues it.
    A snapshot is MessagePack of plain data: nothing in it is executed when it is read.
    """
    world.stay()
    models = {name: model.save() for name, model in _models(world).items()}
    return seal(
        {
            "format": FORMAT,
            "scenario": _digest(world.scenario),
            "mark": mark,
            "made_with": dict(made_with or {}),
            "now": world.now,
            "calendar": world.calendar.save(),
            "units": {name: vars(unit.state) for name, unit in world.units.items()},
            "lots": world.lots.save(),
            "ledger": world.ledger.save(),
            "counts": dict(world.counts),
            "outside_validity": world.outside_validity,
            "parameters": world.parameters,
            "given_off": {unit.name: unit.given_off for unit in world.equipment()},
            "events": world.events,
            "ended": world.ended,
            "crews": {name: crew.save() for name, crew in world.crews.items()},
            "supplies": {path: supply.save() for path, supply in world.supplies.items()},
            "buffers": {path: buffer.save() for path, buffer in world.buffers.items()},
            "tanks": {path: tank.save() for path, tank in world.tanks.items()},
            "driver": world.driver.save(),
            "models": models,
        }
    )


def load(world: World, blob: bytes, origin: Scenario | None = None) -> dict[str, Any]:
    """Put a newly made world into a saved state; return the mark of its run folder.

    `origin`: the scenario under which it was saved, the world's own unless given.
    SimulationError where the snapshot is of another version, scenario or set of models.
    """
    data = unseal(blob)
    _check(world, data, origin or world.scenario)
    try:
        _put(world, data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        message = f"its state is not one of this version of linetwin: {error!r}"
        raise SimulationError(message) from error
    mark: dict[str, Any] = data["mark"]
    return mark


def _put(world: World, data: dict[str, Any]) -> None:
    world.calendar.reset(data["now"])
    world.driver.load(data["driver"])
    world.lots.load(data["lots"])
    world.ledger.load(data["ledger"])
    world.counts.clear()
    world.counts.update(data["counts"])
    world.outside_validity = dict(data["outside_validity"])
    world.parameters = dict(data["parameters"])
    world.events, world.ended = data["events"], data["ended"]
    for kind, parts in _parts(world).items():
        for name, part in parts.items():
            part.load(data[kind][name])
    for name, state in data["units"].items():
        world.units[name].state = UnitState(**state)
    for unit in world.equipment():
        unit.given_off = data["given_off"][unit.name]
    for name, model in _models(world).items():
        model.restore(data["models"][name])
    world.calendar.load([(tick, who, token) for tick, who, token in data["calendar"]])


def seal(data: dict[str, Any]) -> bytes:
    """Pack the content of a snapshot."""
    body = bytes(msgpack.packb(data))
    return MAGIC + hashlib.sha256(body).digest() + body


def unseal(blob: bytes) -> dict[str, Any]:
    """Return the content of a snapshot; SimulationError where it is none, or damaged."""
    start = len(MAGIC) + hashlib.sha256().digest_size
    body = blob[start:]
    if blob[:start] != MAGIC + hashlib.sha256(body).digest():
        message = "this is no snapshot of linetwin, or it is damaged"
        raise SimulationError(message)
    data: dict[str, Any] = msgpack.unpackb(body, strict_map_key=False)
    return data


def close(world: World) -> None:
    """Write what is still open when a run ends: energies, lots, cells and segments in process."""
    world.stay()
    world.recorder.record()
    if world.holds is not None:
        world.holds.tell_end()
    _book_energy(world)
    held = _tank_contents(world)
    contents: list[tuple[str, dict[str, float]]] = []
    for lot in world.lots.open_lots():
        if lot.kind != "tray":
            contents.append((lot.place, _content_of(lot, world)))
        if lot.kind == "mother_roll":
            write_segments(world, lot, lot.place)
        world.write_lot(lot, "store" if lot.kind == "box" else "in_process", lot.place, -1)
    for place, content in contents + _open_trays(world):
        for material, amount in content.items():
            held.setdefault(place, {}).setdefault(material, 0.0)
            held[place][material] += amount
    for place, content in held.items():
        world.ledger.book(content, place, "in_process", world.material_units)
    world.sink.add("ledger", world.ledger.rows())


def _models(world: World) -> dict[str, Continuous]:
    return {
        unit.name if process == unit.name else f"{unit.name}/{process}": model
        for unit in world.units.values()
        for process, model in unit.models().items()
    }


def _parts(world: World) -> dict[str, Mapping[str, Crew | Supply | LotBuffer | Tank]]:
    return {
        "crews": world.crews,
        "supplies": world.supplies,
        "buffers": world.buffers,
        "tanks": world.tanks,
    }


def _digest(scenario: Scenario) -> str:
    return hashlib.sha256(scenario.text.encode()).hexdigest()


def _check(world: World, data: dict[str, Any], scenario: Scenario) -> None:
    if data.get("format") != FORMAT:
        message = f"snapshot of format {data.get('format')}; this version reads format {FORMAT}"
        raise SimulationError(message)
    if data["scenario"] != _digest(scenario):
        message = "the snapshot belongs to another scenario than the one given"
        raise SimulationError(message)
    expected: dict[str, Mapping[str, object]] = {
        "units": world.units,
        "models": _models(world),
        **_parts(world),
    }
    for kind, parts in expected.items():
        differing = data[kind].keys() ^ parts.keys()
        if not scenario.holds:  # a branch may be the first to hold something
            differing -= {"holds"}
        if differing:
            message = f"the snapshot and the line differ in {kind}: {', '.join(sorted(differing))}"
            raise SimulationError(message)


def _book_energy(world: World) -> None:
    """Book electricity and heat drawn; the boiler's loss; and what machines took of utilities."""
    owners: list[tuple[str, str, Continuous]] = [
        (unit.name, "machine", unit.machine)
        for unit in world.equipment()
        if unit.machine is not None
    ]
    if world.building is not None:
        owners.append((world.building.name, "building", world.building.model))
    heat = 0.0
    for name, entry, model in owners:
        values = model.read(("electric_energy", "thermal_energy"))
        heat += values["thermal_energy"]
        for carrier, quantity in (("electricity", "electric_energy"), ("heat", "thermal_energy")):
            world.ledger.add("energy", carrier, name, entry, values[quantity], "J")
        if entry == "machine":
            taken = model.read(("cooling_energy", "compressed_air_volume"))
            world.ledger.add("utility", "cooling", name, entry, taken["cooling_energy"], "J")
            volume = taken["compressed_air_volume"]
            world.ledger.add("utility", "compressed air", name, entry, volume, "m3")
    if world.building is not None:
        loss = heat * (1 / world.value(world.building.name, "boiler_efficiency") - 1)
        world.ledger.add("energy", "heat", world.building.name, "boiler", loss, "J")


def _tank_contents(world: World) -> dict[str, dict[str, float]]:
    held: dict[str, dict[str, float]] = {}
    for path, tank in world.tanks.items():
        for batch, mass in tank.batches.items():
            lot = world.lots[batch]
            for material, content in lot.content.items():
                held.setdefault(path, {}).setdefault(material, 0.0)
                held[path][material] += content * mass / lot.amount
    return held


def _content_of(lot: Lot, world: World) -> dict[str, float]:
    """Raw material in an open lot, outside of tanks and of what is still on the shelf."""
    if lot.kind == "slurry_batch":
        return {} if lot.place in world.tanks else dict(lot.content)
    used = {name: 0.0 for name in lot.columns if name.startswith(CONTENT)}
    for unit in world.equipment():
        for role in ("cathode", "anode"):
            if unit.state.job.get(role) == lot.name:
                at = float(unit.state.job[f"{role}_at"])
                edges = np.concatenate(
                    [[0.0], np.cumsum(lot.columns["end_m"] - lot.columns["start_m"])]
                )
                for name in used:
                    sums = np.concatenate([[0.0], np.cumsum(lot.columns[name])])
                    used[name] = float(np.interp(at, edges, sums))
    return {
        name.removeprefix(CONTENT): float(lot.columns[name].sum()) - gone
        for name, gone in used.items()
    }


def _open_trays(world: World) -> list[tuple[str, dict[str, float]]]:
    """Write the cells in process; return the raw materials in them by place."""
    trays = [lot for lot in world.lots.open_lots() if lot.kind == "tray" and lot.items]
    found = []
    for (place, _), alike_trays in groupby(trays, key=lambda lot: (lot.place, alike(lot))):
        group = list(alike_trays)
        for begin in range(0, len(group), TRAYS_AT_ONCE):
            together = group[begin : begin + TRAYS_AT_ONCE]
            reasons = [reason for lot in together for reason in _holds_of(world, lot)]
            found.append((place, write_open_cells(world, together, reasons)))
    return found


def _holds_of(world: World, tray: Lot) -> list[str]:
    """Return for each cell why it is held, or ""."""
    if not tray.held or world.holds is None:
        return [""] * tray.items
    return world.holds.reasons(copy.copy(tray))  # stock that is asleep stays so
