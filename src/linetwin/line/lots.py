"""Lots: what flows. Items of a lot (web segments, cells) are columns, not objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Lot:
    """One lot.

    `amount` in `unit` (kg, m or 1 for cells); `properties` hold one number per quantity for the
    whole lot, `columns` one per item: float64 arrays of shape (items,); `content` holds kg of each
    raw material for lots that are mixtures.
    """

    name: str
    kind: str
    maker: str
    created: int
    amount: float
    unit: str
    place: str
    properties: dict[str, float] = field(default_factory=dict)
    content: dict[str, float] = field(default_factory=dict)
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def items(self) -> int:
        """How many items the lot holds."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these items (a Boolean mask or row numbers)."""
        self.columns = {name: values[rows] for name, values in self.columns.items()}

    def save(self) -> dict[str, Any]:
        """Return the lot as plain data; columns as little-endian float64 bytes."""
        data = {key: value for key, value in vars(self).items() if key != "columns"}
        data["columns"] = {
            name: values.astype("<f8").tobytes() for name, values in self.columns.items()
        }
        return data

    @classmethod
    def load(cls, data: dict[str, Any]) -> Lot:
        """Make a lot from saved data."""
        columns = {
            name: np.frombuffer(values, dtype="<f8").astype(np.float64)
            for name, values in data["columns"].items()
        }
        return cls(**{**data, "columns": columns})


class LotRegister:
    """Every lot that is still open, and the counters that name new ones."""

    def __init__(self) -> None:
        self._lots: dict[str, Lot] = {}
        self._counters: dict[str, int] = {}

    def __getitem__(self, name: str) -> Lot:
        return self._lots[name]

    def __contains__(self, name: object) -> bool:
        return name in self._lots

    def __len__(self) -> int:
        return len(self._lots)

    def open_lots(self) -> list[Lot]:
        """Return all open lots, oldest first."""
        return list(self._lots.values())

    def number(self, prefix: str, count: int = 1) -> int:
        """Reserve `count` numbers of a series; return the first."""
        first = self._counters.get(prefix, 0) + 1
        self._counters[prefix] = first + count - 1
        return first

    def name(self, prefix: str) -> str:
        """Return the next name of a series, such as `cathode.roll-0007`."""
        return f"{prefix}-{self.number(prefix):04d}"

    def add(self, lot: Lot) -> Lot:
        """Register a new lot."""
        self._lots[lot.name] = lot
        return lot

    def remove(self, name: str) -> Lot:
        """Forget a lot that has ended."""
        return self._lots.pop(name)

    def save(self) -> dict[str, Any]:
        """Return register and counters as plain data."""
        return {"lots": [lot.save() for lot in self._lots.values()], "counters": self._counters}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._lots = {lot["name"]: Lot.load(lot) for lot in data["lots"]}
        self._counters = dict(data["counters"])
