"""Amounts that are each in range but cannot belong to one cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.line.equipment import Equipment
    from linetwin.line.world import World

DOSE = (0.5e-3, 10e-3)
"""Electrolyte of a cell [kg/A.h]: practice is 1.5 to 3 g/A.h [A], with room for small cells."""
SPECIFIC_CAPACITY = 170.0
"""Capacity of a cathode active material [A.h/kg]: oxides give 150 to 210 [M]."""
CAPACITY_RATIO = (0.4, 2.5)
"""Nominal over reckoned capacity of the cathode [A]: wider than any design, to catch a slip."""
SEPARATOR_RATIO = (0.98, 3.0)
"""Separator over both faces of the cathodes in a cell [A]: it covers them, with some overhang."""

LOTS_AT_ONCE = 100
"""Lots of a raw material that a batch, a roll or a tray may need [A]: more are a slip of units."""


def plausibility(world: World) -> list[Problem]:
    """Return amounts that contradict each other."""
    found = [*_dose(world), *_capacity(world), *_separator(world), *_lots(world)]
    return list(dict.fromkeys(found))


def _problem(station: Equipment, quantity: str, message: str, hint: str) -> Problem:
    """Return a problem at an address; a group is told once."""
    config = station.config
    origin = config.parameters[quantity].origin
    return Problem(message, f"{config.family}.{quantity}", f"{hint}; set in {origin}")


def _nominal(world: World) -> float | None:
    """Return the nominal capacity of a cell [A.h]; None where nothing forms cells."""
    towers = world.stations_of("formation")
    return towers[0].value("nominal_capacity") if towers else None


def _dose(world: World) -> Iterator[Problem]:
    nominal = _nominal(world)
    for filler in world.stations_of("filler") if nominal else ():
        assert nominal is not None  # noqa: S101  the loop has nothing otherwise
        dose = filler.value("electrolyte_dose")
        low, high = (limit * nominal for limit in DOSE)
        if not low <= dose <= high:
            message = f"{dose * 1000:g} g of electrolyte in a cell of {nominal:g} A.h"
            hint = f"{low * 1000:g} to {high * 1000:g} g"
            yield _problem(filler, "electrolyte_dose", message, hint)


def _cathode_area(world: World, stacker: Equipment) -> float | None:
    """Return both faces of all cathode sheets in a cell [m2]; None where no slitter cuts lanes."""
    slitters = [s for s in world.stations_of("slitter") if s.name.startswith("cathode.")]
    if not slitters:
        return None
    sheet = stacker.value("cathode_sheet_length") * slitters[0].value("lane_width")
    return 2 * stacker.value("cathode_sheets") * sheet


def _capacity(world: World) -> Iterator[Problem]:
    nominal = _nominal(world)
    coaters = [s for s in world.stations_of("coater") if s.name.startswith("cathode.")]
    mixers = [s for s in world.stations_of("mixer") if s.name.startswith("cathode.")]
    for stacker in world.stations_of("stacker") if nominal and coaters and mixers else ():
        assert nominal is not None  # noqa: S101  the loop has nothing otherwise
        area = _cathode_area(world, stacker)
        if area is None:
            return
        active = mixers[0].value("active_material_share") * coaters[0].value("loading_target")
        reckoned = area * active * SPECIFIC_CAPACITY
        low, high = (ratio * reckoned for ratio in CAPACITY_RATIO)
        if not low <= nominal <= high:
            tower = world.stations_of("formation")[0]
            message = f"{nominal:g} A.h, but the cathodes of a cell hold about {reckoned:.3g} A.h"
            yield _problem(tower, "nominal_capacity", message, f"{low:.3g} to {high:.3g} A.h")


def _separator(world: World) -> Iterator[Problem]:
    for stacker in world.stations_of("stacker"):
        area = _cathode_area(world, stacker)
        if area is None:
            continue
        given = stacker.value("separator_area")
        low, high = (ratio * area for ratio in SEPARATOR_RATIO)
        if not low <= given <= high:
            message = f"{given:g} m2 of separator for {area:.3g} m2 of cathode faces in a cell"
            yield _problem(stacker, "separator_area", message, f"{low:.3g} to {high:.3g} m2")


def _lots(world: World) -> Iterator[Problem]:
    """Refuse lots so small that a batch, a roll or a tray of cells would use up too many."""
    for material, what, amount in _needs(world):
        config = world.scenario.materials[material]
        size, least = config.lot_size.number, amount / LOTS_AT_ONCE
        if size < least:
            unit = config.unit
            message = f"lots of {size:g} {unit}, and {what} takes {amount:.3g} {unit}"
            hint = (
                f"at least {_rounded_up(least):g} {unit}, so that it takes at most {LOTS_AT_ONCE}"
            )
            key = f"materials.{material}.lot"
            yield Problem(message, key, f"{hint} lots; set in {config.lot_size.origin}")


def _rounded_up(number: float) -> float:
    """Return a number of two digits, no less than this one."""
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return math.ceil(number / step - 1e-9) * step


def _needs(world: World) -> Iterator[tuple[str, str, float]]:
    """Yield (material, what is made of it at once, how much that takes)."""
    for mixer in world.stations_of("mixer"):
        solids = mixer.value("batch_mass") * mixer.value("solids_target")
        for role, material in mixer.config.materials.items():
            if role == "solvent":
                yield material, "a batch", mixer.value("batch_mass") - solids
            else:
                yield material, "a batch", solids * mixer.value(f"{role}_share")
    for coater in world.stations_of("coater"):
        width = coater.value("coating_width") + coater.value("bare_width")
        yield coater.config.materials["foil"], "a roll", coater.value("roll_length") * width
    for stacker in world.stations_of("stacker"):
        tray = stacker.value("tray_size")
        separator = stacker.config.materials["separator"]
        yield separator, "a tray of cells", tray * stacker.value("separator_area")
        for filler in world.stations_of("filler"):
            electrolyte = filler.config.materials["electrolyte"]
            yield electrolyte, "a tray of cells", tray * filler.value("electrolyte_dose")
