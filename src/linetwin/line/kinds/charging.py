"""What pre-charge and formation have in common: channels, phases and the states handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import CONTRACTS, Phase
from linetwin.line.chamber import Chamber
from linetwin.line.kinds.cells import settle
from linetwin.line.kinds.pouch_former import moisture_now

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot

REST, CHARGE, DISCHARGE = 0.0, 1.0, 2.0
LONGEST_PHASE_S = 60 * 3600.0
"""A phase that has not met its limit after this time is ended by the cycler [A]."""
STATES = CONTRACTS["formation"].start
"""What a cell brings from one charge to the next."""
CELL_INPUTS = (
    "electrode_area",
    "cathode_coating_thickness",
    "anode_coating_thickness",
    "cathode_active_fraction",
    "anode_active_fraction",
    "np_ratio",
    "wetting_saturation",
)


class Charger(Chamber):
    """Each place holds one tray and has a channel for each position on it.

    A channel sets its current with an error of its own, which it keeps: drawn when its place is
    first used. A tray's place and a cell's position name the channel that the cell was charged on.
    `state.job`: `place_of` (tray -> place) and `channels` (place -> errors, float64 bytes).
    """

    role = "cells"
    operation = "charge"
    fails_as_one = False

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """What was computed when the tray came in becomes the cells'."""
        settle(lot)
        start = self.world.now - round(stayed_s * 1000)
        place = self._numbered().pop(lot.name)
        self.log_operation(lot.name, self.operation, start, self.tool(place), place)

    def withdraw(self, name: str) -> None:
        """Take a tray out before it is due: its channels are free."""
        self._numbered().pop(name)
        super().withdraw(name)

    def tool(self, place: int) -> str:
        """Name of the equipment that a place belongs to."""
        return f"place-{place:03d}"

    def _numbered(self) -> dict[str, int]:
        """Return the place of each tray, counted from 1.

        Trays of the first stock get theirs here; one that a hold has taken away gives its up.
        """
        found: dict[str, int] = self.state.job.setdefault("place_of", {})
        inside = [str(place[0]) for place in self.places]
        if found.keys() != set(inside):
            for tray in found.keys() - set(inside):
                del found[tray]
            for tray in inside:
                found.setdefault(tray, _first_free(found))
        return found

    def occupy(self, lot: Lot) -> int:
        """Give a tray the first free place."""
        places = self._numbered()
        places[lot.name] = _first_free(places)
        return places[lot.name]

    def current_factors(self, lot: Lot, place: int) -> np.ndarray:
        """Return set over nominal current of each cell's channel."""
        position = lot.columns["position"].astype(int) - 1
        known: dict[str, bytes] = self.state.job.setdefault("channels", {})
        errors = np.frombuffer(known.get(str(place), b""), dtype="<f8")
        missing = int(position.max(initial=-1)) + 1 - len(errors)
        if missing > 0:
            more = self.world.driver.normal(self.name, f"channels of place {place}", missing)
            errors = np.concatenate([errors, more])
            known[str(place)] = errors.astype("<f8").tobytes()
        factors: np.ndarray = 1 + self.value("channel_accuracy") * errors[position]
        return factors

    def conditions(self, lot: Lot) -> dict[str, float | np.ndarray]:
        """Return what the cells bring, and the temperature of their tray."""
        spread = float(self.world.driver.normal(self.name, "tray temperature", 1)[0])
        deviation = self.value("tray_temperature_spread") * spread
        found: dict[str, float | np.ndarray] = {name: lot.columns[name] for name in CELL_INPUTS}
        found["moisture"] = moisture_now(lot, self.world.now)
        found["chamber_temperature"] = self.value("chamber_temperature") + deviation
        return found

    def charge(self, lot: Lot, phases: list[Phase]) -> list[Columns]:
        """Take the cells through phases, from the state that they bring."""
        start = {name: lot.columns[name] for name in STATES if name in lot.columns}
        if "sei_thickness" not in start:  # never charged before
            start = {}
        results = self.transform("formation", lot.name).apply(start, phases)
        for result in results:
            result["valid"] = np.minimum(result["valid"], result["within_fit"])
            self.note_validity(result)
        return results


def _first_free(places: dict[str, int]) -> int:
    taken = set(places.values())
    return next(number for number in range(1, len(taken) + 2) if number not in taken)
