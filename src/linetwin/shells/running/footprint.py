"""Carbon footprint of cells, cradle to gate: materials in them and energy of what was done to them.

Own view: a cell carries the materials in it, and of each station that it has passed the energy by
the active material in it (of the station's electrode, the cathode's for cells), as the value of
scrap is reckoned. Whatever carries something is a good cell, a scrapped one, one in process, or
material scrapped, lost or in process elsewhere; together they carry what the run emitted.

Charged view: good cells carry all but what is in process, materials and energy each by one factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from linetwin.results.costs import J_PER_KWH, Costs, PriceList, price_list
from linetwin.results.kpis import GRADES, Facts
from linetwin.results.meters import DRY_ROOM, UTILITIES, purchases
from linetwin.results.value import OUTCOMES, ValueFlow
from linetwin.results.value import STOCK as OPENING

if TYPE_CHECKING:
    from linetwin.results.reader import Run
    from linetwin.shells.running.inside import Inside

GOOD = OUTCOMES[0]
_ADDED = {"in": 1.0, OPENING: 1.0, "recovered": -1.0}


@dataclass(frozen=True)
class Carried:
    """Emissions [kg of CO2 equivalents]: of materials, and of the energy of production."""

    materials: float
    energy: float

    @property
    def whole(self) -> float:
        """Return both together."""
        return self.materials + self.energy

    def __mul__(self, factor: Carried) -> Carried:
        """Return each part times that of a factor."""
        return Carried(self.materials * factor.materials, self.energy * factor.energy)


@dataclass(frozen=True)
class OfCells:
    """Own footprints [kg]: `materials`, shape (cells, materials); `energy`, (cells, stations)."""

    materials: pd.DataFrame
    energy: pd.DataFrame

    def carried(self, cells: pd.Index | None = None) -> Carried:
        """Return the sum over cells, over all unless some are named."""
        tables = (self.materials, self.energy)
        chosen = tables if cells is None else tuple(each.loc[cells] for each in tables)
        return Carried(*(float(each.to_numpy().sum()) for each in chosen))

    def of_one(self, cell: str) -> Carried:
        """Return what one cell carries."""
        return Carried(*(float(each.loc[cell].sum()) for each in (self.materials, self.energy)))


class Footprints:
    """Emissions of a run, by what carries them; `known` is false where it has no price table."""

    def __init__(self, run: Run) -> None:
        self.facts = Facts(run)
        listed = price_list(self.facts)
        self.known = listed is not None
        content = {} if listed is None else listed.content
        self._entries = {each: content.get(each) or {} for each in ("energy", "materials")}

    @cached_property
    def factors(self) -> PriceList:
        """Emission factors in the place of prices [kg per kWh, or per unit of a material]."""
        sections = {
            section: {
                name: {"price": entry["emission"]}
                for name, entry in entries.items()
                if "emission" in entry
            }
            for section, entries in self._entries.items()
        }
        return PriceList({"currency": "kg", **sections})

    @cached_property
    def electric(self) -> dict[str, float]:
        """Station -> part of its emissions, with its shares of rooms, that is of electricity."""
        costs = self.flow.costs
        by_owner: dict[str, dict[str, float]] = {"electricity": {}, "gas": {}}
        for bought in purchases(self.facts, self.facts.meters, 0, self.facts.end):
            carrier = "gas" if bought.carrier == "fuel" else "electricity"
            emitted = bought.joule / J_PER_KWH * self.factors.asked("energy", carrier)
            owners = by_owner[carrier]
            owners[bought.owner] = owners.get(bought.owner, 0.0) + emitted
        found = {}
        for station, (room, common) in costs.shares.items():
            electricity, gas = (
                owners.get(station, 0.0)
                + room * owners.get(DRY_ROOM, 0.0)
                + common * owners.get(UTILITIES, 0.0)
                for owners in by_owner.values()
            )
            found[station] = electricity / (electricity + gas) if electricity + gas else 0.0
        return found

    @cached_property
    def flow(self) -> ValueFlow:
        """Emissions as they flow with what is made."""
        return ValueFlow(Costs(self.facts, self.factors, self.facts.meters, 0, self.facts.end))

    @property
    def missing(self) -> list[str]:
        """Return what counts as nothing for want of an emission factor."""
        booked = self.facts.ledger
        items = booked.loc[booked["account"] == "material", "item"].unique()
        found = [f"materials.{each}" for each in items]
        found += [f"energy.{each}" for each in ("electricity", "gas")]
        return [each for each in found if self.factors.number(*each.split(".", 1)) is None]

    def factor(self, material: str) -> float:
        """Return the emission factor of a material [kg per unit]; 0 where none is known."""
        return self.factors.number("materials", material) or 0.0

    def of(self, inside: Inside) -> OfCells:
        """Return the own footprints of cells."""
        amounts = inside.amounts
        materials = amounts * [self.factor(str(name)) for name in amounts]
        about = self.facts.run.table("cells", ["cell", "station", "status"]).set_index("cell")
        about = about.loc[amounts.index]
        energy = {}
        for station, each in self.flow.unit_costs.items():
            measure = self.flow.measure(station)
            there = about["station"].isin(self.flow.after[station])
            onward = about["station"].isin(self.flow.before(station))
            there |= about["status"].isin(GRADES) & onward
            processed = amounts.get(measure, 0.0)
            energy[station] = processed * there * each
        return OfCells(materials, pd.DataFrame(energy, index=amounts.index))

    @cached_property
    def by_outcome(self) -> dict[str, Carried]:
        """Outcome (good cells, scrap, losses, in process) -> what it carries; `unused` stations."""
        found = {}
        for entry in OUTCOMES:
            materials = self._booked({entry: 1.0})
            found[entry] = Carried(materials, self.flow.total(entry) - materials)
        found["unused"] = Carried(0.0, self.flow.unused)
        return found

    @cached_property
    def charge(self) -> Carried:
        """Factors by which good cells carry scrap, losses and unused stations, too; 1 without."""
        good = self.by_outcome[GOOD]
        borne = [each for name, each in self.by_outcome.items() if name != "in_process"]
        return Carried(
            sum(each.materials for each in borne) / good.materials if good.materials else 1.0,
            sum(each.energy for each in borne) / good.energy if good.energy else 1.0,
        )

    @cached_property
    def emitted(self) -> Carried:
        """Emissions of the run by its meters and by what it took: the sum of all that carries.

        Stock with which a line began counts as if it had been made in this run.
        """
        energy = sum(self.by_carrier.values())
        stock = self.flow.opening_stock - self._booked({OPENING: 1.0})
        return Carried(self._booked(_ADDED), energy + stock)

    @cached_property
    def by_carrier(self) -> dict[str, float]:
        """Carrier -> emissions of the energy that the run drew [kg]."""
        booked = self.facts.ledger[self.facts.ledger["account"] == "energy"]
        found = {}
        for item, carrier in (("electricity", "electricity"), ("heat", "gas")):
            joule = float(booked.loc[booked["item"] == item, "amount"].sum())
            found[carrier] = joule / J_PER_KWH * self.factors.asked("energy", carrier)
        return found

    def _booked(self, entries: dict[str, float]) -> float:
        """Return the emissions of materials in entries of the ledger, each with its sign."""
        ledger = self.facts.ledger
        rows = ledger[(ledger["account"] == "material") & ledger["entry"].isin(entries)]
        factors = rows["item"].map(self.factor).astype(float)
        return float((rows["amount"] * rows["entry"].map(entries).astype(float) * factors).sum())
