"""Coater with dryer: coats and dries a foil on side A, turns the roll, then side B."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.buffers import RESIDUE_SHARE
from linetwin.line.dryer_air import ROOM_TEMPERATURE_K, AirDemand, dryer_air
from linetwin.line.kinds.web import add_content, link, mark
from linetwin.line.planning import SLURRY_RESERVE
from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot

RHEOLOGY = ("yield_stress", "consistency_index", "flow_index", "slurry_density")
KEPT = ("loading", "wet_film_thickness", "coating_window_margin", "edge_ratio")
DRIED = ("solvent_loading", "peak_film_temperature", "binder_bottom_ratio", "adhesion_index")


class Coater(Station):
    """Two passes of one machine; the dryer is part of the web path."""

    @property
    def job(self) -> dict[str, Any]:
        """`roll`, `side`, `position` and `block` [m], its `stops` [[m, s], ...], `discard` [m]."""
        return self.state.job

    def has_finished(self) -> bool:
        """Whether no roll is mounted and the web in process covers the order."""
        return "roll" not in self.job and self.world.plan.is_covered(self.name.split(".")[0])

    def prepare(self) -> Operation | None:
        """Mount a foil, coat it block by block, turn it, coat the other side."""
        if "roll" not in self.job:
            return Operation("mount", round(self.value("changeover_time") * 1000), "Starting")
        if self.job["position"] >= self.world.lots[self.job["roll"]].amount - 1e-9:
            if self.job["side"] == "b":
                return Operation("unload", round(self.value("unload_time") * 1000), "Completing")
            return Operation("turn", round(self.value("changeover_time") * 1000), "Starting")
        tank = self.world.tanks[self.config.takes["slurry"]]
        length = self._next_block()
        wet = (
            self.value("loading_target") / self.value("solids_target") * self.value("coating_width")
        )
        if not tank.has(self.name, length * wet * SLURRY_RESERVE):
            self.job["restart"] = True
            self.world.wake_finished()  # a mixer that thought it had made enough
            return None
        self.job.update(speed=self.value("web_speed"), block=length)
        return Operation("coat", round(length / self.job["speed"] * 1000))

    def complete(self) -> None:
        """Compute the block, or set up the next pass."""
        match self.state.operation:
            case "mount":
                self._mount()
            case "turn":
                self.job.update(side="b", position=0.0, restart=True, stops=[], discard=0.0)
            case "coat":
                self._coat()
            case "unload":
                self.job["done"] = self.job.pop("roll")

    def deliver(self) -> bool:
        """Hand over a roll that is coated on both sides."""
        if "done" in self.job:
            if not self.give("rolls", self.job["done"]):
                return False
            del self.job["done"]
        return True

    def resumed(self, done: float, stopped_s: float) -> None:
        """The web stood still: what was in the dryer stayed longer, and the coater starts anew."""
        if self.state.operation == "coat":
            self.job["stops"].append([done * self.job["block"], stopped_s])

    def process_draw(self) -> dict[str, float]:
        """What the dryer's air draws and carries off [W]."""
        air = self._air()
        return {
            "process_power": air.fans,
            "process_heat": air.heat,
            "process_cooling": air.cooling,
            "heat_carried_off": air.carried_off,
        }

    def _air(self) -> AirDemand:
        """What the dryer's air draws now; its exhaust is set for the speed that is set."""
        solids, width = self.value("solids_target"), self.value("coating_width")
        wet = self.value("loading_target") * (1 - solids) / solids
        return dryer_air(
            self.value,
            self.state.mode,
            max(self._zones()),
            wet * width * self.value("web_speed"),
            self.value("dryer_length") * width,
        )

    def signals(self) -> dict[str, float]:
        """Speed of the web now."""
        return {"web_speed": self.job.get("speed", 0.0) if self.state.mode == "Execute" else 0.0}

    def _zones(self) -> tuple[float, ...]:
        return tuple(self.values("zone_temperatures"))

    def _next_block(self) -> float:
        left = self.world.lots[self.job["roll"]].amount - float(self.job["position"])
        return min(self.value("block_length"), left)

    def _mount(self) -> None:
        length, width = self.value("roll_length"), self.value("coating_width")
        electrode = self.name.split(".")[0]
        lot = self.world.new_lot(f"{electrode}.roll", "mother_roll", self.name, length, "m")
        count = max(1, math.ceil(length / self.value("segment_length") - 1e-9))
        edges = np.minimum(np.arange(count + 1) * self.value("segment_length"), length)
        lot.columns = {"start_m": edges[:-1], "end_m": edges[1:], "defect": np.zeros(count)}
        foil = self.config.materials["foil"]
        rows = np.arange(count)
        add_content(lot, foil, rows, np.diff(edges) * width)
        for drawn in self.world.supplies[foil].draw(length * width):
            share = drawn.amount / (length * width)
            link(
                self.world,
                lot.name,
                drawn.lot,
                "foil",
                share=share,
                amount=drawn.amount,
                amount_unit="m2",
            )
        lot.properties["initial_porosity"] = self.value("initial_porosity")
        self.job.update(roll=lot.name, side="a", position=0.0, restart=True, stops=[], discard=0.0)
        self.world.wake_finished()
        self.world.log_event(self.name, "take", lot=lot.name, amount=length)

    def _rows(self, lot: Lot) -> np.ndarray:
        """Segments of the block, in the order in which they pass the die."""
        start, end = self.job["position"], self.job["position"] + self.job["block"]
        middle = (lot.columns["start_m"] + lot.columns["end_m"]) / 2
        if self.job["side"] == "b":
            middle = lot.amount - middle
        rows = np.flatnonzero((middle >= start) & (middle < end))
        return rows[np.argsort(middle[rows])]

    def _coat(self) -> None:
        lot = self.world.lots[self.job["roll"]]
        rows = self._rows(lot)
        if rows.size == 0:  # a last block shorter than half a segment holds no middle
            self.job["position"] = float(self.job["position"]) + self.job["block"]
            return
        lengths = lot.columns["end_m"][rows] - lot.columns["start_m"][rows]
        coated = self._apply_coating(rows, lengths)
        below = lot.columns["loading_a"][rows] if self.job["side"] == "b" else np.zeros(len(rows))
        dried = self._apply_drying(lengths, coated, below)
        side = self.job["side"]
        for names, result in ((KEPT, coated), (DRIED, dried)):
            for name in names:
                column = lot.columns.setdefault(f"{name}_{side}", np.full(lot.items, np.nan))
                column[rows] = result[name]
        self._draw_slurry(lot, rows, coated["loading"], dried["solvent_loading"])
        self._judge(lot, rows, lengths, coated, dried)
        self.job["position"] = float(self.job["position"]) + self.job["block"]
        self.job.update(restart=False, stops=[])

    def _starts(self) -> list[float]:
        """Metres of the block at which the coater was started."""
        first = [0.0] if self.job["restart"] else []
        return first + [float(position) for position, _ in self.job["stops"]]

    def _discarded(self, offsets: np.ndarray, length: float) -> np.ndarray:
        """Which segments of the block are web of a start-up; what reaches beyond is carried on."""
        carried = float(self.job["discard"])
        hit = offsets < carried - 1e-9
        until = carried
        for start in self._starts():
            end = start + self.value("startup_length")
            hit |= (offsets >= start - 1e-9) & (offsets < end - 1e-9)
            until = max(until, end)
        self.job["discard"] = max(0.0, until - length)
        return hit

    def _wander(self, cause: str, count: int, spread: float, correlation_m: float) -> np.ndarray:
        """First-order autoregressive noise along the web, of standard deviation `spread`."""
        keep = math.exp(-self.value("segment_length") / correlation_m)
        draws = self.world.driver.normal(self.name, cause, count) * math.sqrt(1 - keep * keep)
        value = float(self.job.get(cause, 0.0))
        values = np.empty(count)
        for i, draw in enumerate(draws):
            value = keep * value + float(draw)
            values[i] = value
        self.job[cause] = value
        return values * spread

    def _apply_coating(self, rows: np.ndarray, lengths: np.ndarray) -> Columns:
        tank = self.world.tanks[self.config.takes["slurry"]]
        blend = self._blend(tank.shares())
        speed, width = self.job["speed"], self.value("coating_width")
        wet_target = (
            self.value("loading_target") / self.value("solids_target") / blend["slurry_density"]
        )
        flow = wet_target * width * speed
        ripple = self._wander(
            "pump ripple", len(rows), self.value("pump_ripple"), self.value("pump_ripple_length")
        )
        drift = self._wander(
            "gap drift", len(rows), self.value("gap_drift"), self.value("gap_drift_length")
        )
        slot_flow = np.full(len(rows), flow)
        offsets = np.cumsum(lengths) - lengths
        for position in self._starts():
            slot_flow[min(len(rows) - 1, int(np.searchsorted(offsets, position, "right")) - 1)] = (
                0.0
            )
        inputs: dict[str, float | np.ndarray] = {
            "pump_flow": flow,
            "web_speed": speed,
            "coating_gap": np.maximum(1e-5, wet_target * self.value("gap_ratio") + drift),
            "coating_width": width,
            "vacuum_pressure": self.value("vacuum_pressure"),
            "solids_fraction": blend["solids_fraction"],
            "loading_noise": ripple,
            **{name: blend[name] for name in RHEOLOGY},
        }
        result = self.transform("coating").apply(
            {"slot_flow": slot_flow}, [Phase(inputs, lengths / speed)]
        )[-1]
        self.note_validity(result)
        return result

    def _blend(self, shares: dict[str, float]) -> dict[str, float]:
        """Mass-weighted means over the batches in the tank [A for the rheology of a blend]."""
        names = (*RHEOLOGY, "solids_fraction")
        lots = self.world.lots
        return {
            name: sum(share * lots[batch].properties[name] for batch, share in shares.items())
            for name in names
        }

    def _apply_drying(self, lengths: np.ndarray, coated: Columns, below: np.ndarray) -> Columns:
        zones = self._zones()
        zone_length = self.value("dryer_length") / len(zones)
        middles = np.cumsum(lengths) - lengths / 2
        phases = []
        for index, temperature in enumerate(zones):
            duration = np.full(len(lengths), zone_length / self.job["speed"])
            for position, seconds in self.job["stops"]:
                distance = position - middles
                inside = (distance >= index * zone_length) & (distance < (index + 1) * zone_length)
                duration[inside] += seconds
            conditions: dict[str, float | np.ndarray] = {
                "loading": coated["loading"],
                "air_temperature": temperature,
                "heat_transfer_coefficient": self.value("heat_transfer_coefficient"),
                "solvent_pressure": self.value("solvent_pressure"),
                "dry_mass_below": below,
            }
            phases.append(Phase(conditions, duration))
        start: dict[str, float | np.ndarray] = {
            "solvent_loading": coated["solvent_loading"],
            "film_temperature": ROOM_TEMPERATURE_K,
        }
        result = self.transform("drying").apply(start, phases)[-1]
        self.note_validity(result)
        return result

    def _draw_slurry(
        self, lot: Lot, rows: np.ndarray, loading: np.ndarray, residual: np.ndarray
    ) -> None:
        """Take the slurry that is on the web from the tank; what the dryer removed is lost."""
        world, tank = self.world, self.world.tanks[self.config.takes["slurry"]]
        width, solvent = self.value("coating_width"), self.config.materials["solvent"]
        areas = (lot.columns["end_m"][rows] - lot.columns["start_m"][rows]) * width
        solids = self._blend(tank.shares())["solids_fraction"]
        masses = loading * areas / solids
        drawn = tank.draw(self.name, float(masses.sum()))
        total = sum(drawn.values())
        electrode = self.name.split(".")[0]
        charge = world.new_lot(f"{electrode}.charge", "tank_charge", tank.path, total, "kg")
        for batch, mass in drawn.items():
            link(
                world,
                charge.name,
                batch,
                "slurry",
                share=mass / total,
                amount=mass,
                amount_unit="kg",
            )
            for material, content in world.lots[batch].content.items():
                part = content * mass / world.lots[batch].amount
                charge.content[material] = charge.content.get(material, 0.0) + part
        for material, content in charge.content.items():
            add_content(lot, material, rows, content * masses / masses.sum())
        kept = residual * areas
        column = lot.columns[f"content:{solvent}"]
        before = charge.content[solvent] * masses / masses.sum()
        column[rows] += kept - before
        evaporated, recovery = float((before - kept).sum()), self.value("solvent_recovery")
        for entry, share in (("recovered", recovery), ("lost", 1 - recovery)):
            world.ledger.add("material", solvent, self.name, entry, evaporated * share, "kg")
        start = float(lot.columns["start_m"][rows].min())
        end = float(lot.columns["end_m"][rows].max())
        link(
            world,
            lot.name,
            charge.name,
            f"slurry side {self.job['side']}",
            share=(end - start) / lot.amount,
            amount=total,
            amount_unit="kg",
            child_start_m=start,
            child_end_m=end,
        )
        world.end_lot(charge.name, "used", self.name)
        for batch in [
            name
            for name, mass in tank.batches.items()
            if mass < RESIDUE_SHARE * world.lots[name].amount
        ]:
            self._discard_residue(batch)

    def _discard_residue(self, batch: str) -> None:
        tank, lot = self.world.tanks[self.config.takes["slurry"]], self.world.lots[batch]
        mass = tank.discard(batch)
        residue = {
            material: content * mass / lot.amount for material, content in lot.content.items()
        }
        self.world.ledger.book(residue, tank.path, "lost", self.world.material_units)
        self.world.end_lot(batch, "used", tank.path)

    def _judge(
        self, lot: Lot, rows: np.ndarray, lengths: np.ndarray, coated: Columns, dried: Columns
    ) -> None:
        target, tolerance = self.value("loading_target"), self.value("loading_tolerance")
        startup = self._discarded(np.cumsum(lengths) - lengths, float(lengths.sum()))
        mark(lot, rows, startup, "start-up of the coater")
        mark(lot, rows, coated["loading"] < target * (1 - tolerance), "loading below its window")
        mark(lot, rows, coated["loading"] > target * (1 + tolerance), "loading above its window")
        mark(lot, rows, coated["air_entrainment"] > 0.5, "air entrainment")  # noqa: PLR2004  a flag
        mark(lot, rows, coated["swelling"] > 0.5, "swelling out of the gap")  # noqa: PLR2004  a flag
        limit = self.value("residual_solvent_limit") * coated["solvent_loading"]
        mark(lot, rows, dried["solvent_loading"] > limit, "residual solvent")
