"""Formation: first charge, rest, first discharge, rest, and a charge to the storage voltage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.chamber import Chamber
from linetwin.line.kinds.cells import PENDING

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot

REST, CHARGE, DISCHARGE = 0.0, 1.0, 2.0
LONGEST_PHASE_S = 60 * 3600.0
"""A phase that has not met its limit after this time is ended by the cycler [A]."""
CELL_INPUTS = (
    "electrode_area",
    "cathode_coating_thickness",
    "anode_coating_thickness",
    "cathode_active_fraction",
    "anode_active_fraction",
    "np_ratio",
    "wetting_saturation",
    "moisture",
)


class Formation(Chamber):
    """Each place holds one tray, a channel per cell; the slowest cell holds the tray."""

    role = "cells"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Compute the whole protocol; its results are the cells' once the tray has left."""
        phases = self._protocol(lot)
        results = self.transform("formation").apply({}, phases)
        for result in results:
            result["valid"] = np.minimum(result["valid"], result["within_fit"])
            self.note_validity(result)
        charge, _, discharge, _, storage = results
        outcome = {
            "capacity": discharge["discharged_capacity"] - charge["discharged_capacity"],
            "first_charge_capacity": charge["charged_capacity"],
            "discharge_energy": discharge["discharge_energy"],
            "charge_energy": storage["charge_energy"],
            "anode_potential": charge["anode_potential"],
        }
        outcome["first_cycle_efficiency"] = outcome["capacity"] / outcome["first_charge_capacity"]
        for name in (
            "sei_capacity",
            "plated_capacity",
            "film_resistance",
            "anode_stoichiometry",
            "cathode_stoichiometry",
        ):
            outcome[name] = storage[name]
        times = np.sum([result["phase_time"] for result in results], axis=0)
        outcome["formation_time"] = times
        for name, values in outcome.items():
            lot.columns[PENDING + name] = values
        self.world.counts["in formation or past it"] += lot.items
        longest = float(times.max()) + self._channel_repairs(lot, float(times.max()))
        return round(longest * 1000), self._mean_power(outcome, longest)

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """The results become the cells'."""
        del stayed_s
        for name in [name for name in lot.columns if name.startswith(PENDING)]:
            lot.columns[name.removeprefix(PENDING)] = lot.columns.pop(name)

    def _protocol(self, lot: Lot) -> list[Phase]:
        capacity = self.value("nominal_capacity")
        draws = self.world.driver.normal(self.name, "channel", lot.items)
        accuracy = 1 + self.value("channel_accuracy") * draws
        spread = float(self.world.driver.normal(self.name, "tray temperature", 1)[0])
        deviation = self.value("tray_temperature_spread") * spread
        temperature = self.value("chamber_temperature") + deviation
        common: dict[str, float | np.ndarray] = {name: lot.columns[name] for name in CELL_INPUTS}
        common |= {
            "chamber_temperature": temperature,
            "cutoff_current": self.value("cutoff_rate") * capacity,
        }

        def phase(mode: float, rate: str, voltage: str, seconds: float) -> Phase:
            current = self.value(rate) * capacity * accuracy
            settings: dict[str, float | np.ndarray] = {
                "mode": mode,
                "current_setpoint": current,
                "voltage_setpoint": self.value(voltage),
            }
            return Phase(common | settings, seconds)

        rest = self.value("rest_time")
        return [
            phase(CHARGE, "charge_rate", "upper_voltage", LONGEST_PHASE_S),
            phase(REST, "charge_rate", "upper_voltage", rest),
            phase(DISCHARGE, "discharge_rate", "lower_voltage", LONGEST_PHASE_S),
            phase(REST, "charge_rate", "lower_voltage", rest),
            phase(CHARGE, "storage_charge_rate", "storage_voltage", LONGEST_PHASE_S),
        ]

    def _channel_repairs(self, lot: Lot, seconds: float) -> float:
        """Time that failed channels cost the tray [s]; each is repaired, then goes on."""
        wait = 0.0
        for failure in self.config.failures:
            mean = failure.time_between_failures.number
            draws = self.world.driver.uniform(self.name, failure.cause, lot.items)
            failed = int((draws < 1 - np.exp(-seconds / mean)).sum())
            for _ in range(failed):
                wait = max(wait, self.world.driver.time_to_repair(self.name, failure) / 1000)
            if failed:
                # A channel stops its cell, not the station: no state of the station changes.
                cause = f"{failure.cause} repaired"
                self.world.log_event(
                    self.name, "note", lot=lot.name, cause=cause, amount=float(failed)
                )
        return wait

    def _mean_power(self, outcome: Columns, seconds: float) -> float:
        """Mean electric power of the tray, with what discharging gives back [W]."""
        drawn = float(outcome["charge_energy"].sum()) / self.value("charger_efficiency")
        returned = float(outcome["discharge_energy"].sum()) * self.value("recovery_efficiency")
        return (drawn - returned) / seconds
