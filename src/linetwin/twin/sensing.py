"""Virtual sensors: what no instrument of the plant reads, from the twin's line and its estimates.

Porosity behind the calender, the solvent behind each zone of a dryer and the place where the film
is dry are the newest predictions of those lots. How far trays in soak are wetted is computed for
this moment by the line's model of filling: from how the tray was filled and how long it has lain.
What is not known there is how fast it goes; so the bounds are the wetting at a time that is shorter
or longer by the doubt in the wetting time, exact where one rate sets it all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.kinds.filler import fill_phases, soak_phase
from linetwin.line.kinds.soak import Soak

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linetwin.contracts import Transform
    from linetwin.line.lots import Lot
    from linetwin.line.world import Models, World
    from linetwin.twin.assimilating.rows import Prediction

SENSED = ("porosity", "solvent_loading", "drying_length")
"""Predicted quantities that are shown as sensors."""
_SHORTEST_S = 0.001
WETTING, WETTING_TIME = "wetting_saturation", "wetting_time"


@dataclass(frozen=True)
class Sensed:
    """What a virtual sensor reads; canonical unit, 95 % interval, NaN bounds where not known.

    `place`: behind which zone of the process, 0 for the lot. `made_age_s`: since the lot's
    conditions were taken into it; `data_age_s`: of the newest data worked in.
    """

    station: str
    lot: str
    quantity: str
    unit: str
    median: float
    low: float
    high: float
    made_age_s: float
    data_age_s: float
    place: int = 0


def virtual(
    world: World, models: Models, newest: Iterable[Prediction], age_s: float
) -> list[Sensed]:
    """Return what all virtual sensors read now; `age_s`: of the newest data worked in [s].

    `models`: those that the assimilator wraps: what is asked here is no work on a lot. `newest`:
    the newest prediction of each station, quantity and place. Trays stand in the order in which
    they went in.
    """
    now, rows = world.now, list(newest)
    found = [
        Sensed(
            each.station,
            each.lot,
            each.quantity,
            each.unit,
            each.median,
            each.low,
            each.high,
            max(0, now - each.made_tick) / 1000,
            age_s,
            each.place,
        )
        for each in rows
        if each.quantity in SENSED
    ]
    doubts = {each.station: each for each in rows if each.quantity == WETTING_TIME}
    for unit in world.equipment():
        if isinstance(unit, Soak):
            filling = models.transform(unit.config, "filling")
            found += _wetting(unit, filling, age_s, doubts.get(unit.name))
    return found


def _wetting(
    soak: Soak, filling: Transform, data_age_s: float, doubt: Prediction | None
) -> list[Sensed]:
    """Return how far each tray in soak is wetted: the mean of its cells.

    `doubt`: the newest wetting time; its relative doubt is taken for every tray.
    """
    found = []
    stretches = [1.0]
    if doubt is not None and doubt.low > 0:
        stretches += [doubt.median / doubt.high, doubt.median / doubt.low]
    for name, _, entered, _ in soak.places:
        lot = soak.world.lots[str(name)]
        stayed_s = (soak.world.now - int(entered)) / 1000
        rest = soak_phase(lot, soak.value("storage_temperature"), 0.0)
        times = [stayed_s * each for each in stretches]
        wetted = _saturations(filling, lot, [*fill_phases(lot), rest], times)
        low, high = wetted[1:] if len(wetted) > 1 else (math.nan, math.nan)
        found.append(
            Sensed(
                soak.name,
                lot.name,
                WETTING,
                "1",
                wetted[0],
                low,
                high,
                0.0,
                data_age_s,
            )
        )
    return found


def _saturations(
    filling: Transform, lot: Lot, phases: Sequence[Phase], seconds: Sequence[float]
) -> list[float]:
    """Return the mean wetting of a tray's cells with each of these times in the last phase [s]."""
    tiled = [_tiled(phase, len(seconds)) for phase in phases]
    stays = np.repeat([max(_SHORTEST_S, each) for each in seconds], lot.items)
    tiled[-1] = Phase(tiled[-1].inputs, stays)
    result = filling.apply({}, tiled)[-1][WETTING]
    means: list[float] = result.reshape(len(seconds), lot.items).mean(axis=1).tolist()
    return means


def _tiled(phase: Phase, times: int) -> Phase:
    """Return a phase for the same items several times over."""
    inputs = {
        name: np.tile(value, times) if isinstance(value, np.ndarray) else value
        for name, value in phase.inputs.items()
    }
    return Phase(inputs, phase.duration_s)
