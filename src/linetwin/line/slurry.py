"""Slurry that waits: what a tank's blend is like now, and which batches are past their pot life.

A waiting batch thickens by a constant share of its viscosity per hour; a blend has the
mass-weighted mean of its batches. Both [A], PHYSICS.md 1.1: pot life, slow viscosity drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linetwin.line.lots import Lot
    from linetwin.line.world import World

STEADY = ("flow_index", "slurry_density", "solids_fraction")
DRIFTING = ("yield_stress", "consistency_index")
TOLD = ("plateau_viscosity", "agglomerate_size")
"""What a batch may lack, and a coating model may do without."""


def age(world: World, lot: Lot) -> float:
    """Return the time since a batch was dispersed [s]; since it was begun where nobody noted it."""
    return world.now / 1000 - lot.properties.get("mixed_at", lot.created / 1000)


def blend(world: World, tank: str, drift: float) -> dict[str, float]:
    """Return the properties of what a tank holds now; `drift`: relative thickening [1/s]."""
    mixed = dict.fromkeys((*STEADY, *DRIFTING, *TOLD), 0.0)
    for batch, share in world.tanks[tank].shares().items():
        lot = world.lots[batch]
        thickened = max(0.0, 1 + drift * age(world, lot))
        for name in mixed:
            value = lot.properties.get(name, 0.0) if name in TOLD else lot.properties[name]
            drifts = name in DRIFTING or name == "plateau_viscosity"
            mixed[name] += share * value * (thickened if drifts else 1.0)
    return mixed


def expired(world: World, tank: str, pot_life_s: float) -> list[str]:
    """Return the batches in a tank that are older than their pot life and not on hold."""
    return [
        batch
        for batch in world.tanks[tank].batches
        if age(world, world.lots[batch]) > pot_life_s and not world.lots[batch].held
    ]
