"""Amounts that are each in range but cannot belong to one cell."""

from __future__ import annotations

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


def plausibility(world: World) -> list[Problem]:
    """Return amounts that contradict each other."""
    found = [*_dose(world), *_capacity(world), *_separator(world)]
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
