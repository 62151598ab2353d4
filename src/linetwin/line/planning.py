"""What an order still needs: electrode lines stop when the web in process covers it.

Without a plan every station before the cells would run until its buffers are full, and an order of
a thousand cells would leave twice its material in process.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.patches import mean_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.line.lots import Lot
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

OTHER = {"cathode": "anode", "anode": "cathode"}
"""The electrode with which a roll is stacked."""
ALLOWANCE = 1.05
"""Cells planned for over cells wanted: some of the web will be cut out [A]."""
SLURRY_RESERVE = 1.5
"""Slurry a coater asks for before a block, over what it should take: pump and gap may run high."""


class Plan:
    """Looks at the lots in process; keeps no state of its own.

    Machines of a kind and electrode are alike: the first one's settings speak for all.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        stations = list(world.scenario.stations.values())
        self._stackers = [s.path for s in stations if s.kind == "stacker"]
        self._stacker = self._stackers[0] if self._stackers else ""
        self._by_kind: dict[tuple[str, str], str] = {}
        self._coaters: dict[str, list[StationConfig]] = {}
        for station in stations:
            electrode = station.path.split(".")[0]
            self._by_kind.setdefault((station.kind, electrode), station.path)
            if station.kind == "coater":
                self._coaters.setdefault(electrode, []).append(station)

    def is_covered(self, electrode: str) -> bool:
        """Whether the web in process is enough for every cell that is still to be started."""
        return self.missing_metres(electrode) <= 0

    def coater_of(self, electrode: str) -> StationConfig | None:
        """Return the first coater of an electrode, None where the line has none."""
        return next(iter(self._coaters.get(electrode, [])), None)

    def missing_metres(self, electrode: str) -> float:
        """Mother web that is still to be mounted [m]; infinite where no order limits it."""
        wanted = self._world.to_release()
        if wanted is None or not self._stacker:
            return math.inf
        need = wanted * ALLOWANCE * self._lane_metres(electrode)
        have = sum(self._lane_length(lot, electrode) for lot in self._rolls(electrode))
        return (need - have) / self._lanes(electrode)

    def missing_slurry(self, electrode: str) -> float:
        """Slurry that the coater will still take or ask for, less what is in the tank [kg]."""
        metres = self.missing_metres(electrode)
        if not math.isfinite(metres):
            return math.inf
        coater = self._by_kind["coater", electrode]
        roll_length = self._world.value(coater, "roll_length")
        passes = 2 * math.ceil(max(0.0, metres) / roll_length) * roll_length
        passes += sum(self._uncoated(lot) for lot in self._rolls(electrode))
        tanks = {config.takes["slurry"] for config in self._coaters[electrode]}
        need = passes * self._slurry_per_metre(coater) * ALLOWANCE
        if passes > 0:  # before its last block, too, each coater asks for more than it takes
            asked = len(self._coaters[electrode]) * self.largest_draw(electrode)
            need += (1 - 1 / SLURRY_RESERVE) * asked
        return need - sum(self._world.tanks[path].level for path in tanks)

    def largest_draw(self, electrode: str) -> float:
        """Slurry that the coater asks for before a whole block [kg]; 0 where there is none."""
        coater = self._by_kind.get(("coater", electrode))
        if coater is None:
            return 0.0
        block = self._world.value(coater, "block_length")
        mode = self._world.scenario.stations[coater].parameters["coating_mode"].value
        sides = 2 if mode == "tandem" else 1
        return block * self._slurry_per_metre(coater) * sides * SLURRY_RESERVE

    def _slurry_per_metre(self, coater: str) -> float:
        """Slurry on a metre of one side [kg/m]."""
        return (
            self._world.value(coater, "coating_width")
            * self._world.value(coater, "loading_target")
            / self._world.value(coater, "solids_target")
            * mean_fraction(lambda quantity: self._world.value(coater, quantity))
        )

    def _lane_metres(self, electrode: str) -> float:
        """Lane in one cell [m]."""
        sheets = self._world.value(self._stacker, "cathode_sheets") + (electrode == "anode")
        return sheets * self._world.value(self._stacker, f"{electrode}_sheet_length")

    def _lanes(self, electrode: str) -> float:
        return self._world.value(self._by_kind["slitter", electrode], "lane_count")

    def _rolls(self, electrode: str) -> list[Lot]:
        prefix = f"{electrode}.roll-"
        return [lot for lot in self._world.lots.open_lots() if lot.name.startswith(prefix)]

    def _lane_length(self, lot: Lot, electrode: str) -> float:
        """Good lane that a roll will give, or still holds [m]."""
        if lot.kind == "mother_roll":
            lengths = lot.columns["end_m"] - lot.columns["start_m"]
            return float(lengths[lot.columns["defect"] == 0].sum()) * self._lanes(electrode)
        for stacker in self._stackers:
            job = self._world.units[stacker].state.job
            if job.get(electrode) == lot.name:
                if self._is_alone(job, electrode):
                    return 0.0
                return lot.amount - float(job[f"{electrode}_at"])
        return lot.amount

    def _is_alone(self, job: Mapping[str, Any], electrode: str) -> bool:
        """Whether a mounted roll has no partner: none beside it, none on the way, only elsewhere.

        Else two stackers, each with a roll of one electrode, would wait for one another for ever.
        """
        other = OTHER[electrode]
        if other in job:
            return False
        jobs = [self._world.units[stacker].state.job for stacker in self._stackers]
        mounted = {each.get(other) for each in jobs}
        return all(lot.name in mounted for lot in self._rolls(other))

    def _uncoated(self, lot: Lot) -> float:
        """Metres, counted once a side, that a mounted roll still has to be coated on."""
        if lot.kind != "mother_roll":
            return 0.0
        lengths = lot.columns["end_m"] - lot.columns["start_m"]
        sides = (lot.columns.get(f"loading_{side}") for side in ("a", "b"))
        return sum(
            float(lengths.sum() if done is None else lengths[np.isnan(done)].sum())
            for done in sides
        )
