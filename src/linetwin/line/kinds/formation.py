"""Formation: first charge, rest, first discharge, rest, and a charge to the storage voltage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line import quality
from linetwin.line.kinds.cells import PENDING
from linetwin.line.kinds.charging import CHARGE, DISCHARGE, LONGEST_PHASE_S, REST, STATES, Charger

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot


class Formation(Charger):
    """The slowest cell holds its tray.

    A cap of power per tower is shared evenly by its places: a tray whose charge would draw more
    than its place's share at the upper voltage is charged and discharged with less current.
    """

    operation = "formation"

    def tool(self, place: int) -> str:
        """Name of the tower, each of `tower_places`."""
        return f"tower-{self._tower(place):03d}"

    def _tower(self, place: int) -> int:
        return (place - 1) // int(self.value("tower_places")) + 1

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Compute the whole protocol; its results are the cells' once the tray has left."""
        place = self.occupy(lot)
        factors = self.current_factors(lot, place)
        brought = lot.columns.get("charge_energy", np.zeros(lot.items))
        results = self.charge(lot, self._protocol(lot, factors))
        outcome = self._outcome(lot, results)
        read = outcome["capacity"] / factors
        outcome["measured_capacity"] = quality.measure(self, "capacity", read, shown=False)
        for name, values in outcome.items():
            lot.columns[PENDING + name] = values
        self.world.counts["in formation or past it"] += lot.items
        slowest = float(outcome["formation_time"].max())
        longest = slowest + self._channel_repairs(lot, slowest)
        given = float((outcome["charge_energy"] - brought).sum())
        power = self._mean_power(given, float(outcome["discharge_energy"].sum()), longest)
        return round(longest * 1000), power

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """The results become the cells', and their capacity is told; now they are in store."""
        super().discharge(lot, stayed_s)
        quality.show(self, "capacity", lot.columns["measured_capacity"])
        lot.columns["stored_at"] = np.full(lot.items, float(self.world.now))

    def _outcome(self, lot: Lot, results: list[Columns]) -> Columns:
        """Return what the protocol makes of the cells."""
        charge, _, discharge, _, storage = results
        outcome = {name: storage[name] for name in (*STATES, "film_resistance")}
        del outcome["charged_capacity"]
        first = charge["charged_capacity"]
        bare = lot.columns["bare_edge_share"] * first  # plates where no anode faces the cathode
        outcome |= {
            "first_charge_capacity": first,
            "capacity": discharge["discharged_capacity"] - charge["discharged_capacity"] - bare,
            "plated_capacity": storage["plated_capacity"] + bare,
            "discharge_energy": discharge["discharge_energy"],
            "anode_potential": charge["anode_potential"],
            "gas_volume": storage["gas_volume"],
            "storage_time": np.zeros(lot.items),
            "formation_time": np.sum([result["phase_time"] for result in results], axis=0),
        }
        outcome["first_cycle_efficiency"] = outcome["capacity"] / first
        if "removed_gas" in lot.columns:  # the model counts all gas since the first charge
            outcome["gas_volume"] = outcome["gas_volume"] - lot.columns["removed_gas"]
        if "anode_potential" in lot.columns:
            lowest = np.minimum(outcome["anode_potential"], lot.columns["anode_potential"])
            outcome["anode_potential"] = lowest
        return outcome

    def _protocol(self, lot: Lot, factors: np.ndarray) -> list[Phase]:
        capacity = self.value("nominal_capacity")
        common = self.conditions(lot) | {"cutoff_current": self.value("cutoff_rate") * capacity}

        def phase(mode: float, rate: str, voltage: str, seconds: float) -> Phase:
            current = min(self.value(rate), self._highest_rate(lot)) * capacity
            settings: dict[str, float | np.ndarray] = {
                "mode": mode,
                "current_setpoint": current * factors,
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

    def _highest_rate(self, lot: Lot) -> float:
        """Rate at which a tray draws its place's share of the tower's power [1/h]."""
        share = self.value("tower_power_limit") / self.value("tower_places")
        watts_per_ampere = (
            lot.items * self.value("upper_voltage") / self.value("charger_efficiency")
        )
        return share / watts_per_ampere / self.value("nominal_capacity")

    def _channel_repairs(self, lot: Lot, seconds: float) -> float:
        """Time that failed channels cost the tray [s]; each is repaired, then goes on."""
        wait = 0.0
        for written in self.config.failures:
            failure = self.failure(written.cause)
            mean = failure.time_between_failures.number / self.world.disturbances.hazard(self.name)
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

    def _mean_power(self, charged: float, discharged: float, seconds: float) -> float:
        """Mean electric power of the tray, with what discharging gives back [W]; energies in J."""
        drawn = charged / self.value("charger_efficiency")
        returned = discharged * self.value("recovery_efficiency")
        return (drawn - returned) / seconds
