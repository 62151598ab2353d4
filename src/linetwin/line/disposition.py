"""What a hold condemns is scrapped: cells one by one, metres of a web, tanks and shelves whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.chamber import Chamber
from linetwin.line.descent import CARRIERS, NEAR
from linetwin.line.kinds.binning import Binning
from linetwin.line.kinds.cells import scrap_cells
from linetwin.line.kinds.regrading import revoke
from linetwin.line.kinds.web import mark, write_segments
from linetwin.line.materials import contents_of

if TYPE_CHECKING:
    from linetwin.line.descent import Descent
    from linetwin.line.lots import Lot
    from linetwin.line.world import World

ROLLS = ("mother_roll", "daughter_roll")
SCRAPPED = "scrapped after a hold"
"""Defect of the segments of a mother roll that a hold has scrapped."""


def is_at_hand(world: World, lot: Lot) -> bool:
    """Whether a lot lies where it can be got at: not in a machine, nor promised to a coater."""
    tank = world.tanks.get(lot.place)
    if tank is not None and tank.promised:
        return False
    unit = world.units.get(lot.place)
    return unit is None or isinstance(unit, Chamber) or lot.kind == "box"


def scrap(world: World, descent: Descent, track: str, lot: Lot, reason: str) -> float:
    """Scrap what a track concerns of a lot; return how much, in the lot's unit."""
    if lot.kind in CARRIERS:
        return _scrap_cells(world, lot, descent.cells_of(track, lot), reason)
    if lot.kind in ROLLS:
        return _scrap_web(world, descent, track, lot)
    if lot.place in world.tanks:
        return _empty_tank(world, lot.place)
    left = lot.amount
    if lot.maker in world.supplies:
        left = world.supplies[lot.maker].discard(lot.name)
    _take_away(world, lot)
    return left


def _scrap_cells(world: World, lot: Lot, bad: np.ndarray, reason: str) -> float:
    if lot.kind == "tray":
        scrap_cells(world, lot, bad, lot.place, [reason] * int(bad.sum()))
    else:
        unit = world.units.get(lot.place)
        sorter = unit if isinstance(unit, Binning) else None
        lost = sorter.scrap(lot, bad, reason) if sorter else revoke(world, lot, bad, reason)
        for grade, count in lost.items():
            cause = f"grade {grade} becomes scrap: {reason}"
            world.log_event(lot.place, "scrap", lot=lot.name, cause=cause, amount=float(count))
    if not lot.items and lot.name in world.lots:
        _take_away(world, lot)
    return float(bad.sum())


def _scrap_web(world: World, descent: Descent, track: str, lot: Lot) -> float:
    columns, metres = lot.columns, descent.metres_of(track, lot)
    lot.sources.pop(track, None)
    bad = np.full(lot.items, not metres)
    for start, end in metres:
        bad |= (columns["end_m"] > start + NEAR) & (columns["start_m"] < end - NEAR)
    if lot.kind == "mother_roll" and metres:
        bad &= columns["defect"] == 0
    lengths = columns["end_m"] - columns["start_m"]
    amount = float(lengths[bad].sum())
    if lot.kind == "mother_roll":
        mark(lot, np.arange(lot.items), bad, SCRAPPED)
        if metres:
            return amount
        write_segments(world, lot, lot.place)
    world.ledger.book(contents_of(lot, bad), lot.place, "scrap", world.material_units)
    lot.keep(~bad)
    lot.amount -= amount
    if not lot.items:
        _take_away(world, lot)
    return amount


def _empty_tank(world: World, path: str) -> float:
    """Scrap the blend in a tank; return its mass [kg]."""
    tank, lots = world.tanks[path], world.lots
    level = tank.level
    for batch in list(tank.batches):
        share = tank.discard(batch) / lots[batch].amount
        contents = {name: kg * share for name, kg in lots[batch].content.items()}
        world.ledger.book(contents, path, "scrap", world.material_units)
        world.end_lot(batch, "scrap", path)
    world.wake_finished()
    return level


def _take_away(world: World, lot: Lot) -> None:
    """End a lot of which nothing is left, and free its place."""
    place = lot.place
    if place in world.buffers:
        world.buffers[place].remove(lot.name)
    unit = world.units.get(place)
    if isinstance(unit, Chamber):
        unit.withdraw(lot.name)
    world.end_lot(lot.name, "scrap", place)
    world.wake_finished()
