"""The kinds of stations of a battery-cell line, from dosing to grading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.kinds.ageing import Ageing
from linetwin.line.kinds.binning import Binning
from linetwin.line.kinds.calender import Calender
from linetwin.line.kinds.cell_inspection import CellInspection
from linetwin.line.kinds.coater import Coater
from linetwin.line.kinds.degasser import Degasser
from linetwin.line.kinds.filler import Filler
from linetwin.line.kinds.formation import Formation
from linetwin.line.kinds.grading import Grading
from linetwin.line.kinds.mixer import Mixer
from linetwin.line.kinds.notcher import Notcher
from linetwin.line.kinds.ocv_test import OcvTest
from linetwin.line.kinds.pouch_former import PouchFormer
from linetwin.line.kinds.pre_charge import PreCharge
from linetwin.line.kinds.rewinder import Rewinder
from linetwin.line.kinds.slitter import Slitter
from linetwin.line.kinds.soak import Soak
from linetwin.line.kinds.stacker import Stacker
from linetwin.line.kinds.tab_welder import TabWelder
from linetwin.line.kinds.vacuum_dryer import VacuumDryer

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

KINDS: dict[str, type[Equipment]] = {
    "mixer": Mixer,
    "coater": Coater,
    "calender": Calender,
    "rewinder": Rewinder,
    "slitter": Slitter,
    "notcher": Notcher,
    "vacuum_dryer": VacuumDryer,
    "stacker": Stacker,
    "tab_welder": TabWelder,
    "cell_inspection": CellInspection,
    "pouch_former": PouchFormer,
    "filler": Filler,
    "soak": Soak,
    "pre_charge": PreCharge,
    "degasser": Degasser,
    "formation": Formation,
    "ocv_test": OcvTest,
    "ageing": Ageing,
    "grading": Grading,
    "binning": Binning,
}


def make_station(config: StationConfig, world: World) -> Equipment:
    """Make the station that a configuration asks for."""
    return KINDS[config.kind](config, world)


__all__ = ["KINDS", "make_station"]
