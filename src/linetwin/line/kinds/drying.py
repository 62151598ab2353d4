"""The dryer of a coater: takes wet blocks through the zones that they really passed.

A segment stays in a zone for its length over the speed, and longer where the web stood still while
it lay there. In tandem a second dryer of the same length follows the second die. The side coated
first dries a second time while the other one dries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.dryer_air import ROOM_TEMPERATURE_K
from linetwin.line.kinds.web import CONTENT, WET, ZONE, mark

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.kinds.coater import Coater
    from linetwin.line.lots import Lot

DRIED = (
    "solvent_loading",
    "peak_evaporation_rate",
    "peak_film_temperature",
    "binder_bottom_ratio",
    "adhesion_index",
)
EVAPORATED = f"evaporated_solvent{ZONE}"
"""Columns of what left each zone's exhaust begin so [kg/m2]."""
NEAR = 1e-9
DRY = 1e-9
"""Solvent on a side that is dry, a microgram on a square metre: it is not dried again [kg/m2]."""


class _Path(NamedTuple):
    """How segments went through one dryer."""

    rows: np.ndarray
    durations: list[np.ndarray]


class Dryer:
    """Dries blocks for a coater; keeps no state of its own."""

    def __init__(self, coater: Coater) -> None:
        self._coater = coater

    def reach(self) -> float:
        """Length of web between the first die and the end of the last dryer [m]."""
        return self._coater.value("dryer_length") + self.die_distance()

    def die_distance(self) -> float:
        """Length of web between the dies: in tandem the first dryer lies there, else 0 [m]."""
        return self._coater.value("dryer_length") if self._coater.is_tandem else 0.0

    def release(self, position: float) -> None:
        """Dry every block that has left the dryer with the die at metre `position` of the pass."""
        job = self._coater.job
        lot = self._coater.world.lots[job["roll"]]
        still_wet = []
        for first, last, speed in job["wet"]:
            rows = np.arange(first, last + 1)
            if self._coater.at(lot, rows)[1].max() + self.reach() <= position + NEAR:
                self._dry(lot, rows, speed)
            else:
                still_wet.append([first, last, speed])
        job["wet"] = still_wet
        begun = min((self._coater.at(lot, np.array(b[:2]))[0].min() for b in still_wet), default=0)
        job["stops"] = [stop for stop in job["stops"] if still_wet and stop[0] >= begun]

    def _dry(self, lot: Lot, rows: np.ndarray, speed: float) -> None:
        length = self._coater.value("dryer_length")
        if self._coater.is_tandem:
            first, second = (self._path(lot, rows, speed, at) for at in (0.0, length))
            self._first_time(lot, "a", first)
            self._first_time(lot, "b", second)
            self._again(lot, "a", second)
        else:
            path = self._path(lot, rows, speed, 0.0)
            self._first_time(lot, self._coater.sides, path)
            if self._coater.sides == "b":
                self._again(lot, "a", path)
        if "b" in self._coater.sides:
            for side in "ab":
                self._judge(lot, rows, side)

    def _path(self, lot: Lot, rows: np.ndarray, speed: float, begins: float) -> _Path:
        """Time of segments in each zone of a dryer that begins so many metres after the die [s]."""
        count = len(self._coater.zones())
        zone = self._coater.value("dryer_length") / count
        low, high = self._coater.at(lot, rows)
        durations = [np.full(len(rows), zone / speed) for _ in range(count)]
        for position, seconds in self._coater.job["stops"]:
            inside = np.floor((position - (low + high) / 2 - begins) / zone)
            for index, duration in enumerate(durations):
                duration[inside == index] += seconds
        return _Path(rows, durations)

    def _apply(self, lot: Lot, side: str, path: _Path, solvent: np.ndarray) -> list[Columns]:
        """Return what a side is after each zone."""
        coater, rows = self._coater, path.rows
        below = lot.columns.get(f"loading_{'b' if side == 'a' else 'a'}")
        conditions: dict[str, float | np.ndarray] = {
            "loading": lot.columns[f"loading_{side}"][rows],
            "heat_transfer_coefficient": coater.value("heat_transfer_coefficient"),
            "solvent_pressure": coater.value("solvent_pressure"),
            "dry_mass_below": np.zeros(len(rows)) if below is None else np.nan_to_num(below[rows]),
        }
        phases = [
            Phase(conditions | {"air_temperature": temperature}, duration)
            for temperature, duration in zip(coater.zones(), path.durations, strict=True)
        ]
        start: dict[str, float | np.ndarray] = {
            "solvent_loading": solvent,
            "film_temperature": ROOM_TEMPERATURE_K,
        }
        results = coater.transform("drying", lot.name).apply(start, phases)
        coater.note_validity(results[-1])
        for result in results:
            # an integrator leaves a dry film some 1e-20 kg/m2 on either side of nothing
            result["solvent_loading"] = np.clip(result["solvent_loading"], 0.0, None)
        return results

    def _first_time(self, lot: Lot, side: str, path: _Path) -> None:
        rows, laid = path.rows, lot.columns[f"{WET}{side}"]
        wet = lot.columns[f"solvent_loading_{side}"][rows]
        zones = self._apply(lot, side, path, wet)
        result, before = zones[-1], wet
        for name in DRIED:
            column = lot.columns.setdefault(f"{name}_{side}", np.full(lot.items, np.nan))
            column[rows] = result[name]
        for number, zone in enumerate(zones, start=1):
            name = f"{EVAPORATED}{number}_{side}"
            column = lot.columns.setdefault(name, np.full(lot.items, np.nan))
            column[rows] = before - zone["solvent_loading"]
            before = zone["solvent_loading"]
        self._lose(lot, rows, laid[rows], result["solvent_loading"])

    def _again(self, lot: Lot, side: str, path: _Path) -> None:
        """Dry a side that is dry already: only its solvent goes on falling."""
        left = lot.columns[f"solvent_loading_{side}"]
        damp = left[path.rows] > DRY
        if not damp.any():
            return
        rows = path.rows[damp]
        path = _Path(rows, [duration[damp] for duration in path.durations])
        before = left[rows]
        after = np.minimum(before, self._apply(lot, side, path, before)[-1]["solvent_loading"])
        self._lose(lot, rows, before * self._coater.areas(lot, rows), after)
        left[rows] = after

    def _lose(self, lot: Lot, rows: np.ndarray, before: np.ndarray, left: np.ndarray) -> None:
        """Book what evaporated: `before` [kg] less `left` [kg/m2] on each segment."""
        coater, solvent = self._coater, self._coater.config.materials["solvent"]
        evaporated = before - left * coater.areas(lot, rows)
        column = lot.columns.setdefault(CONTENT + solvent, np.zeros(lot.items))
        column[rows] -= evaporated
        total, recovery = float(evaporated.sum()), coater.value("solvent_recovery")
        for entry, share in (("recovered", recovery), ("lost", 1 - recovery)):
            coater.world.ledger.add("material", solvent, coater.name, entry, total * share, "kg")

    def _judge(self, lot: Lot, rows: np.ndarray, side: str) -> None:
        areas = self._coater.areas(lot, rows)
        laid = lot.columns[f"{WET}{side}"][rows] / np.where(areas > 0, areas, 1.0)
        limit = self._coater.value("residual_solvent_limit") * laid
        mark(lot, rows, lot.columns[f"solvent_loading_{side}"][rows] > limit, "residual solvent")
