"""Value added: what something is worth at the place where it is, or was scrapped.

Materials in it at their price, and the conversion cost of every station that it has passed. A
station's conversion cost is put to what it processed by the active material in it: that of its own
electrode before the cells, the cathode's for cells. So the value of good cells, scrap, losses and
of the stock at the end sums to that of the stock at the begin, materials drawn and conversion cost.
A stock at the begin is worth what it would have cost in this run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from linetwin.results.held import LEADS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.results.costs import Costs

GOOD = "cells"
OUTCOMES = (GOOD, "scrap", "lost", "in_process")
STOCK = "stock"
ROUNDING = 1e-9
"""Share of what lay behind a station when the run began below which nothing went through it."""


class _Booked:
    """Rows of the ledger as arrays: each station is asked of all of them."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._place, self._places = pd.factorize(rows["station"])
        self.item = rows["item"].to_numpy(dtype=object)
        self.good = rows["entry"].to_numpy(dtype=object) == GOOD
        self.amount = rows["amount"].to_numpy(dtype=np.float64)

    def at(self, places: Collection[str]) -> np.ndarray:
        """Return which rows were booked at one of these places."""
        meant = np.array([place in places for place in self._places], dtype=bool)
        return np.asarray(meant[self._place])


@dataclass(frozen=True)
class ValueFlow:
    """Values of the whole run; `costs` must span it.

    `conversion`: station -> cost put to what it processed, where that is not all conversion cost.
    """

    costs: Costs
    conversion: Mapping[str, float] | None = None

    @property
    def _conversion(self) -> Mapping[str, float]:
        return self.costs.conversion if self.conversion is None else self.conversion

    @cached_property
    def _booked(self) -> pd.DataFrame:
        ledger = self.costs.facts.ledger
        return ledger[(ledger["account"] == "material") & ledger["entry"].isin(OUTCOMES)]

    @cached_property
    def _stock(self) -> pd.DataFrame:
        """Return what the line was filled with when the run began."""
        ledger = self.costs.facts.ledger
        return ledger[(ledger["account"] == "material") & (ledger["entry"] == STOCK)]

    @cached_property
    def after(self) -> dict[str, set[str]]:
        """Station -> places that what it made can reach: itself, buffers and stations after it."""
        onward: dict[str, set[str]] = {}
        for name, config in self.costs.facts.plan.stations.items():
            onward.setdefault(name, set()).update((config.get("gives") or {}).values())
            for buffer in (config.get("takes") or {}).values():
                onward.setdefault(buffer, set()).add(name)
        return {name: _reachable(name, onward) for name in self.costs.facts.plan.stations}

    def before(self, station: str) -> set[str]:
        """Return the stations from which what is good goes on to a station, itself included."""
        return {name for name, places in self.after.items() if station in places}

    def measure(self, station: str) -> str:
        """Return the material by whose amount a station's cost is put to what it processed."""
        electrode = station.partition(".")[0]
        stations = self.costs.facts.plan.stations
        mixers = {
            name.partition(".")[0]: str((config.get("materials") or {}).get("active_material", ""))
            for name, config in stations.items()
            if config.get("kind") == "mixer"
        }
        first = next(iter(mixers.values()), "")
        return mixers.get(electrode) or mixers.get("cathode", first)

    def _passed(self, rows: _Booked, station: str) -> np.ndarray:
        """Return the amounts of rows that had passed a station, by its measure; 0 elsewhere.

        What lies behind it has, and good cells that were booked before it and go on to it.
        """
        there = rows.at(self.after[station]) | (rows.good & rows.at(self.before(station)))
        return np.where((rows.item == self.measure(station)) & there, rows.amount, 0.0)

    @cached_property
    def unit_costs(self) -> dict[str, float]:
        """Station -> conversion cost per kg of its measure that it processed; 0 for nothing."""
        # what lay behind a station when the run began was not processed in it
        stock = self._stock.assign(amount=-self._stock["amount"])
        rows = _Booked(pd.concat([self._booked, stock]))
        found = {}
        for station, cost in self._conversion.items():
            passed = self._passed(rows, station)
            done = float(passed.sum())
            found[station] = cost / done if done > ROUNDING * np.abs(passed).sum() else 0.0
        return found

    @property
    def unused(self) -> float:
        """Conversion cost of stations through which nothing went."""
        return sum(cost for name, cost in self._conversion.items() if not self.unit_costs[name])

    @cached_property
    def values(self) -> pd.DataFrame:
        """Return entry, station and value: outcomes of the run by place."""
        table = self._booked.assign(value=self._worth(self._booked))
        return table.groupby(["entry", "station"], sort=False)["value"].sum().reset_index()

    def _worth(self, rows: pd.DataFrame) -> pd.Series:
        """Return the value of rows of the ledger: material, and every station that it passed."""
        items = rows["item"].unique()
        price = {item: self.costs.prices.asked("materials", item) for item in items}
        # Where nothing was booked pandas would keep text.
        value = rows["amount"] * rows["item"].map(price).astype(float)
        booked = _Booked(rows)
        for station, each in self.unit_costs.items():
            value += self._passed(booked, station) * each
        return value

    @property
    def opening_stock(self) -> float:
        """Value of what the line was filled with when the run began; 0 for an empty line."""
        return float(self._worth(self._stock).sum())

    @property
    def drawn(self) -> float:
        """Materials that the run drew from the store at their price, less what was recovered."""
        ledger = self.costs.facts.ledger
        rows = ledger[(ledger["account"] == "material") & ledger["entry"].isin(["in", "recovered"])]
        signed = rows["amount"].where(rows["entry"] == "in", -rows["amount"])
        sums = signed.groupby(rows["item"], sort=False).sum()
        return sum(
            float(amount) * self.costs.prices.asked("materials", str(item))
            for item, amount in sums.items()
        )

    @cached_property
    def scrap(self) -> dict[str, dict[str, float]]:
        """Station or group -> reason -> value of what was scrapped there, the largest first."""
        rows = self.values[(self.values["entry"] == "scrap") & (self.values["value"] > 0)]
        found: dict[str, dict[str, float]] = {}
        for station, value in zip(rows["station"], rows["value"], strict=True):
            reasons = self._reasons(str(station))
            total = sum(reasons.values())
            row = found.setdefault(self.costs.facts.plan.family(str(station)), {})
            for reason, amount in reasons.items():
                row[reason] = row.get(reason, 0.0) + float(value) * amount / total
        return by_size({station: by_size(row) for station, row in found.items()})

    def total(self, entry: str) -> float:
        """Return the value of an outcome over all places."""
        return float(self.values.loc[self.values["entry"] == entry, "value"].sum())

    def _reasons(self, station: str) -> dict[str, float]:
        """Return reason -> how much was scrapped at a station: cells, else metres, else events."""
        cells = self._scrapped.get(station)
        if cells is not None:
            return _counted(cells["reason"], None)
        web = self._webs.get(station, self.costs.facts.segments[:0])
        bad = web[web["status"] == "scrap"]
        if len(bad):
            lengths = bad["end_m"] - bad["start_m"]
            kept = float((web["end_m"] - web["start_m"]).sum()) - float(lengths.sum())
            trim = {"edges trimmed": kept * self._trim(station)}
            return _counted(bad["reason"], lengths) | {k: v for k, v in trim.items() if v > 0}
        told = self._told.get(station)
        if told is not None and float(told["amount"].sum()) > 0:
            return _counted(told["cause"].str.removeprefix(LEADS["disposition"]), told["amount"])
        return {"offcuts and remainders": 1.0}

    @cached_property
    def _scrapped(self) -> dict[str, pd.DataFrame]:
        """Station -> cells scrapped there."""
        cells = self.costs.facts.cells
        return _by_station(cells[cells["status"] == "scrap"])

    @cached_property
    def _webs(self) -> dict[str, pd.DataFrame]:
        """Station -> segments that ended there."""
        return _by_station(self.costs.facts.segments)

    @cached_property
    def _told(self) -> dict[str, pd.DataFrame]:
        """Station -> events of scrap; a hold scraps tanks and rolls."""
        events = self.costs.facts.events
        return _by_station(events[events["event"].isin(["scrap", "disposition"])])

    def _trim(self, station: str) -> float:
        """Return the share of the web's width that a station cuts off, where it is a slitter."""
        plan = self.costs.facts.plan
        numbers = [plan.number(station, n) for n in ("lane_count", "lane_width", "coating_width")]
        lanes, width, whole = (number or 0.0 for number in numbers)
        return max(0.0, 1 - lanes * width / whole) if lanes and width and whole else 0.0


Table = TypeVar("Table", dict[str, float], dict[str, dict[str, float]])


def by_size(table: Table) -> Table:
    """Return a table with its largest entries first."""

    def size(value: float | dict[str, float]) -> float:
        return sum(value.values()) if isinstance(value, dict) else value

    return dict(sorted(table.items(), key=lambda entry: -size(entry[1])))


def _by_station(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): part for name, part in rows.groupby("station", sort=False)}


def _reachable(start: str, onward: dict[str, set[str]]) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        for place in onward.get(ahead.pop(), set()) - found:
            found.add(place)
            ahead.append(place)
    return found


def _counted(reasons: pd.Series, amounts: Any) -> dict[str, float]:  # noqa: ANN401 - a series or None
    """Return reason -> sum of amounts, or how often."""
    ones = amounts if amounts is not None else reasons.map(lambda _: 1.0)
    sums = ones.groupby(reasons.replace("", "not stated"), sort=False).sum()
    return {str(reason): float(amount) for reason, amount in sums.items()}
