"""The slot die of a coater: slurry out of the hold tank becomes a wet film on a block of web."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line import slurry
from linetwin.line.buffers import RESIDUE_SHARE
from linetwin.line.kinds.cross_web import PROFILE
from linetwin.line.kinds.web import WET, add_content, link, link_many
from linetwin.line.patches import pattern
from linetwin.line.start_up import settling

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.kinds.coater import Coater
    from linetwin.line.lots import Lot

KEPT = ("loading", "wet_film_thickness", "coating_window_margin", "edge_ratio")
LEAST_GAP_M = 1e-5
CAPACITY = "specific_capacity_factor"


class Die:
    """Coats blocks for a coater; keeps no state of its own."""

    def __init__(self, coater: Coater) -> None:
        self._coater = coater

    def coat(self, lot: Lot, rows: np.ndarray, side: str) -> Columns:
        """Coat segments, in the order in which they pass: columns, content, slurry drawn."""
        shape = pattern(
            self._coater.value, lot.columns["start_m"][rows], lot.columns["end_m"][rows]
        )
        fraction = lot.columns.setdefault("coated_fraction", np.full(lot.items, np.nan))
        fraction[rows] = shape.coated_fraction
        coated = self._film(lot, rows, side)
        coated["loading"] = coated["loading"] * shape.loading_factor
        coated["solvent_loading"] = coated["solvent_loading"] * shape.loading_factor
        for name in KEPT:
            column = lot.columns.setdefault(f"{name}_{side}", np.full(lot.items, np.nan))
            column[rows] = coated[name]
        for name, deviation in zip(PROFILE, self._profile(side), strict=True):
            column = lot.columns.setdefault(f"{name}_{side}", np.full(lot.items, np.nan))
            column[rows] = deviation
        self._draw(lot, rows, side, coated)
        return coated

    def clean(self) -> None:
        """Rinse die and hoses: what was in them is lost."""
        coater = self._coater
        tank = coater.world.tanks[coater.config.takes["slurry"]]
        others = sum(kept for who, kept in tank.promised.items() if who != coater.name)
        mass = min(coater.value("die_slurry_mass"), tank.level - others)
        coater.job["die"] = coater.job.get("die", 1) + 1
        coater.job.pop("lips", None)
        if mass <= 0:
            return
        charge = self._charge(mass)
        world = coater.world
        world.ledger.book(charge.content, coater.name, "lost", world.material_units)
        world.log_event(coater.name, "scrap", lot=charge.name, cause="die cleaning", amount=mass)
        world.end_lot(charge.name, "scrap", coater.name)
        self._discard_residues()

    def _profile(self, side: str) -> tuple[float, float]:
        """Return tilt and rise across the web: as set, and as the die was last put together.

        In two passes one die coats both sides. The web turns about an axis across it, so what lies
        at the left of side A lies at the left of side B.
        """
        coater = self._coater
        die = "b" if coater.is_tandem and side == "b" else "a"
        lips = coater.job.setdefault("lips", {})
        if die not in lips:
            cause = f"set-up of die {die}"
            lips[die] = coater.world.driver.normal(coater.name, cause, len(PROFILE)).tolist()
        spread = coater.value("die_setup_deviation")
        tilt, rise = (
            coater.value(name) + spread * draw
            for name, draw in zip(PROFILE, lips[die], strict=True)
        )
        return tilt, rise

    def _wander(self, cause: str, count: int, spread: float, correlation_m: float) -> np.ndarray:
        """First-order autoregressive noise along the web, of standard deviation `spread`."""
        coater = self._coater
        keep = math.exp(-coater.value("segment_length") / correlation_m)
        draws = coater.world.driver.normal(coater.name, cause, count) * math.sqrt(1 - keep * keep)
        value = float(coater.job.get(cause, 0.0))
        values = np.empty(count)
        for i, draw in enumerate(draws.tolist()):
            value = keep * value + draw
            values[i] = value
        coater.job[cause] = value
        return values * spread

    def _starts(self, side: str) -> list[float]:
        """Metres at which the die of a side stood when the coater started."""
        coater = self._coater
        behind = coater.dryer.die_distance() if side == "b" else 0.0
        return [at - behind for at in coater.job["starts"]]

    def _slot_flow(self, lot: Lot, rows: np.ndarray, side: str, flow: float) -> np.ndarray:
        """Flow out of the slot as each segment begins: none where the coater was started."""
        slot_flow = np.full(len(rows), flow)
        low, high = self._coater.at(lot, rows)
        for start in self._starts(side):
            if low[0] - 1e-9 <= start < high[-1]:
                slot_flow[max(0, int(np.searchsorted(low, start + 1e-9, "right")) - 1)] = 0.0
        return slot_flow

    def _settling(self, lot: Lot, rows: np.ndarray, side: str) -> np.ndarray:
        """What the flow still lacks on each segment since the coater last started."""
        low, high = self._coater.at(lot, rows)
        return settling(self._coater.value, low, high, self._starts(side))

    def _film(self, lot: Lot, rows: np.ndarray, side: str) -> Columns:
        coater = self._coater
        value = coater.value
        blend = self._blend()
        speed, width = coater.job["speed"], value("coating_width")
        wet_target = value("loading_target") / value("solids_target") / blend["slurry_density"]
        flow = wet_target * width * speed
        die = " of die b" if coater.is_tandem and side == "b" else ""
        ripple = self._wander(
            f"pump ripple{die}", len(rows), value("pump_ripple"), value("pump_ripple_length")
        )
        drift = self._wander(
            f"gap drift{die}", len(rows), value("gap_drift"), value("gap_drift_length")
        )
        inputs: dict[str, float | np.ndarray] = {
            "pump_flow": flow,
            "web_speed": speed,
            "coating_gap": np.maximum(LEAST_GAP_M, wet_target * value("gap_ratio") + drift),
            "coating_width": width,
            "vacuum_pressure": value("vacuum_pressure"),
            "loading_noise": ripple + self._settling(lot, rows, side),
            **blend,
        }
        lengths = lot.columns["end_m"][rows] - lot.columns["start_m"][rows]
        result = coater.transform("coating", lot.name).apply(
            {"slot_flow": self._slot_flow(lot, rows, side, flow)}, [Phase(inputs, lengths / speed)]
        )[-1]
        coater.note_validity(result)
        return result

    def _blend(self) -> dict[str, float]:
        """What the tank holds now, thickened by waiting."""
        coater = self._coater
        drift = coater.value("viscosity_drift")
        return slurry.blend(coater.world, coater.config.takes["slurry"], drift)

    def _charge(self, mass: float) -> Lot:
        """Draw slurry [kg] from the tank as a lot of its own, linked to its batches."""
        coater = self._coater
        world, tank = coater.world, coater.world.tanks[coater.config.takes["slurry"]]
        drawn = tank.draw(coater.name, mass)
        total = sum(drawn.values())
        electrode = coater.name.split(".")[0]
        charge = world.new_lot(f"{electrode}.charge", "tank_charge", tank.path, total, "kg")
        for batch, part in drawn.items():
            for material, content in world.lots[batch].content.items():
                amount = content * part / world.lots[batch].amount
                charge.content[material] = charge.content.get(material, 0.0) + amount
        charge.properties[CAPACITY] = sum(
            part / total * world.lots[batch].properties.get(CAPACITY, 1.0)
            for batch, part in drawn.items()
        )
        masses = np.array(list(drawn.values()))
        link_many(
            world,
            [charge.name] * len(drawn),
            list(drawn),
            "slurry",
            share=masses / total,
            amount=masses,
            amount_unit="kg",
        )
        return charge

    def _draw(self, lot: Lot, rows: np.ndarray, side: str, coated: Columns) -> None:
        """Take the slurry that is on the web from the tank; its solvent is still wet."""
        coater = self._coater
        world, solvent = coater.world, coater.config.materials["solvent"]
        areas = coater.areas(lot, rows)
        masses = coated["loading"] * areas / self._blend()["solids_fraction"]
        if masses.sum() <= 0:  # a block that lies in one gap between two patches
            lot.columns.setdefault(f"{WET}{side}", np.full(lot.items, np.nan))[rows] = 0.0
            lot.columns.setdefault(f"solvent_loading_{side}", np.zeros(lot.items))
            return
        charge = self._charge(float(masses.sum()))
        parts = masses / masses.sum()
        for material, content in charge.content.items():
            add_content(lot, material, rows, content * parts)
        laid = charge.content[solvent] * parts
        for name, values in (
            (f"{WET}{side}", laid),
            (f"solvent_loading_{side}", laid / np.where(areas > 0, areas, 1.0)),
            (f"{CAPACITY}_{side}", np.full(len(rows), charge.properties[CAPACITY])),
        ):
            lot.columns.setdefault(name, np.full(lot.items, np.nan))[rows] = values
        start, end = lot.columns["start_m"][rows].min(), lot.columns["end_m"][rows].max()
        link(
            world,
            lot.name,
            charge.name,
            f"slurry side {side}",
            share=float(end - start) / lot.amount,
            amount=charge.amount,
            amount_unit="kg",
            child_start_m=float(start),
            child_end_m=float(end),
        )
        world.end_lot(charge.name, "used", coater.name)
        self._discard_residues()

    def _discard_residues(self) -> None:
        """Drop what is too little of a batch to be pumped."""
        coater = self._coater
        world, tank = coater.world, coater.world.tanks[coater.config.takes["slurry"]]
        for batch in [
            name
            for name, mass in tank.batches.items()
            if mass < RESIDUE_SHARE * world.lots[name].amount
        ]:
            self._discard(batch, "used")

    def discard_expired(self) -> bool:
        """Drop batches past their pot life; return whether there were any."""
        coater = self._coater
        world, tank = coater.world, coater.config.takes["slurry"]
        old = slurry.expired(world, tank, coater.value("pot_life"))
        for batch in old:
            mass = world.tanks[tank].batches[batch]
            world.log_event(coater.name, "scrap", lot=batch, cause="pot life", amount=mass)
            self._discard(batch, "scrap")
        return bool(old)

    def _discard(self, batch: str, status: str) -> None:
        coater = self._coater
        world, tank = coater.world, coater.world.tanks[coater.config.takes["slurry"]]
        lot, mass = world.lots[batch], tank.discard(batch)
        rest = {name: part * mass / lot.amount for name, part in lot.content.items()}
        world.ledger.book(rest, tank.path, "lost", world.material_units)
        world.end_lot(batch, status, tank.path)
