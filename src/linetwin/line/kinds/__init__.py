"""The kinds of stations of a battery-cell line, from dosing to grading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.kinds.ageing import Ageing
from linetwin.line.kinds.calender import Calender
from linetwin.line.kinds.coater import Coater
from linetwin.line.kinds.filler import Filler
from linetwin.line.kinds.formation import Formation
from linetwin.line.kinds.grading import Grading
from linetwin.line.kinds.mixer import Mixer
from linetwin.line.kinds.slitter import Slitter
from linetwin.line.kinds.soak import Soak
from linetwin.line.kinds.stacker import Stacker
from linetwin.line.kinds.vacuum_dryer import VacuumDryer

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

KINDS: dict[str, type[Equipment]] = {
    "mixer": Mixer,
    "coater": Coater,
    "calender": Calender,
    "slitter": Slitter,
    "vacuum_dryer": VacuumDryer,
    "stacker": Stacker,
    "filler": Filler,
    "soak": Soak,
    "formation": Formation,
    "ageing": Ageing,
    "grading": Grading,
}


def make_station(config: StationConfig, world: World) -> Equipment:
    """Make the station that a configuration asks for."""
    return KINDS[config.kind](config, world)


__all__ = ["KINDS", "make_station"]
