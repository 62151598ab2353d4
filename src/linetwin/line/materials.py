"""Raw materials that come in lots, and the ledger of what went where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from linetwin.line.drivers import Driver
    from linetwin.line.lots import Lot
    from linetwin.line.world import World
    from linetwin.scenario.resolved import MaterialConfig


ROUNDING = 1e-12
"""Share of a withdrawal below which a piece is a rounding error, not material."""


@dataclass(frozen=True)
class Drawn:
    """What one withdrawal took of one material lot."""

    lot: str
    amount: float
    properties: dict[str, float]


@dataclass(frozen=True)
class Withdrawals:
    """What a series of withdrawals took, piece by piece: which one, of which lot, how much."""

    rows: np.ndarray
    lots: list[str]
    amounts: np.ndarray


class Supply:
    """Opens a new lot of a raw material whenever the last one is used up.

    The properties of a lot vary from lot to lot: 1 + deviation * standard normal, no less than
    a tenth.
    """

    def __init__(self, config: MaterialConfig, world: World, driver: Driver) -> None:
        self.config = config
        self._world = world
        self._driver = driver
        self.lot = ""
        self.remaining = 0.0
        self._aside: dict[str, float] = {}

    def draw(self, amount: float) -> list[Drawn]:
        """Take `amount` (kg, m or m2, as the material is counted), of one lot or several."""
        taken: list[Drawn] = []
        while amount > 0:
            self._turn_to_lot()
            part = min(amount, self.remaining)
            lot = self._world.lots[self.lot]
            taken.append(Drawn(lot.name, part, dict(lot.properties)))
            self.remaining -= part
            amount -= part
            if self.remaining <= 0:
                self._world.end_lot(self.lot, "used", self.config.path)
        total = sum(drawn.amount for drawn in taken)
        self._world.ledger.add(
            "material", self.config.path, self.config.path, "in", total, self.config.unit
        )
        return taken

    def draw_each(self, amounts: np.ndarray) -> Withdrawals:
        """Take `amounts`, shape (rows,), one after another; a piece ends with its lot."""
        ends = np.cumsum(amounts)
        at, total = 0.0, float(ends[-1]) if ends.size else 0.0
        names, bounds = [], []
        while at < total:
            self._turn_to_lot()
            names.append(self.lot)
            if self.remaining > total - at:
                self.remaining -= total - at
                at = total
            else:
                at += self.remaining
                self.remaining = 0.0
                self._world.end_lot(self.lot, "used", self.config.path)
            bounds.append(at)
        self._world.ledger.add(
            "material", self.config.path, self.config.path, "in", total, self.config.unit
        )
        edges = np.unique(np.concatenate([[0.0], ends, bounds[:-1]]))
        edges = edges[edges <= total]
        # a lot that ends with a piece, but for rounding, gives nothing to the next
        edges = edges[np.diff(edges, append=np.inf) > ROUNDING * total]
        if edges.size:
            edges[0] = 0.0
        middles = (edges[:-1] + edges[1:]) / 2
        lots = np.searchsorted(bounds, middles, "right")
        return Withdrawals(
            rows=np.searchsorted(ends, middles, "right"),
            lots=[names[index] for index in lots.tolist()],
            amounts=np.diff(edges),
        )

    def discard(self, lot: str) -> float:
        """Scrap what is left of a lot: it was delivered, and nothing is made of it."""
        left = self._aside.pop(lot, 0.0)
        if lot == self.lot:
            left, self.remaining = left + self.remaining, 0.0
        path, unit = self.config.path, self.config.unit
        for entry in ("in", "scrap"):
            self._world.ledger.add("material", path, path, entry, left, unit)
        return left

    def _turn_to_lot(self) -> None:
        """Have a lot at hand that is not on hold; one that is waits on its shelf."""
        lots = self._world.lots
        # a lot may be scrapped after a hold, even as it is opened
        while self.remaining <= 0 or self.lot not in lots or lots[self.lot].held:
            if self.remaining > 0 and self.lot in lots:
                self._aside[self.lot] = self.remaining
            self._aside = {name: left for name, left in self._aside.items() if name in lots}
            free = next((name for name in self._aside if not lots[name].held), None)
            if free is None:
                self._open()
            else:
                self.lot, self.remaining = free, self._aside.pop(free)

    def _open(self) -> None:
        size = self.config.lot_size.number
        properties = {}
        for name, deviation in self.config.deviations.items():
            draw = float(self._driver.normal(self.config.path, name, 1)[0])
            properties[name] = max(0.1, 1.0 + deviation.number * draw)
        lot = self._world.new_lot(
            self.config.path, "material", self.config.path, size, self.config.unit
        )
        lot.properties = properties | dict(self.config.exceptions.get(lot.name, {}))
        self.lot = lot.name
        self.remaining = size
        if self._world.holds is not None:
            self._world.holds.handed_over(lot)

    def save(self) -> dict[str, Any]:
        """Return the supply's state as plain data."""
        return {"lot": self.lot, "remaining": self.remaining, "aside": self._aside}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.lot = data["lot"]
        self.remaining = data["remaining"]
        self._aside = dict(data["aside"])


class Ledger:
    """Sums by (account, item, station, entry); the unit is fixed by the first entry."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str, str], float] = {}
        self._units: dict[tuple[str, str], str] = {}

    def add(
        self, account: str, item: str, station: str, entry: str, amount: float, unit: str
    ) -> None:
        """Book `amount` [`unit`]."""
        key = (account, item, station, entry)
        self._sums[key] = self._sums.get(key, 0.0) + amount
        self._units.setdefault((account, item), unit)

    def book(
        self, contents: dict[str, float], station: str, entry: str, units: dict[str, str]
    ) -> None:
        """Book a mixture: raw material -> amount."""
        for material, amount in contents.items():
            self.add("material", material, station, entry, amount, units[material])

    def total(self, item: str, entry: str) -> float:
        """Return the sum over stations of one entry of a material."""
        return sum(
            amount
            for (account, name, _, kind), amount in self._sums.items()
            if account == "material" and name == item and kind == entry
        )

    def rows(self) -> dict[str, list[str] | list[float]]:
        """Return the ledger as columns."""
        keys = list(self._sums)
        return {
            "account": [key[0] for key in keys],
            "item": [key[1] for key in keys],
            "station": [key[2] for key in keys],
            "entry": [key[3] for key in keys],
            "amount": [self._sums[key] for key in keys],
            "unit": [self._units[key[0], key[1]] for key in keys],
        }

    def save(self) -> list[Any]:
        """Return the ledger as plain data."""
        return [
            [[*key, amount] for key, amount in self._sums.items()],
            [[*key, unit] for key, unit in self._units.items()],
        ]

    def load(self, data: list[Any]) -> None:
        """Continue from saved data."""
        self._sums = {(a, b, c, d): amount for a, b, c, d, amount in data[0]}
        self._units = {(a, b): unit for a, b, unit in data[1]}


def contents_of(lot: Lot, rows: np.ndarray | slice = slice(None)) -> dict[str, float]:
    """Return the raw materials in a lot's items: columns named `content:<material>`, summed."""
    return {
        name.removeprefix("content:"): float(np.sum(values[rows]))
        for name, values in lot.columns.items()
        if name.startswith("content:")
    }
