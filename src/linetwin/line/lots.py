"""Lots: what flows. Items of a lot (web segments, cells) are columns, not objects.

A lot that lay in the line when the run began is drawn from a pool of template items. Its columns
are made when somebody first looks at them: a store of 400,000 cells costs four bytes a cell until
its trays are due. The error of a reading is not the drawn item's but that of any item of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence

Stretches = list[list[float]]
"""[from, to] in metres of the mother roll; an empty list means the whole lot."""


MEASURED = "measured_"
"""How a column begins that holds the readings of another; `pending:` may stand before it."""
CLOCKS = ("started", "sealed_at", "stored_at")
"""Columns of a tray that hold simulated time [ticks]."""


@dataclass(frozen=True)
class Dormant:
    """Items of a lot as rows of a shared pool.

    `rows`: little-endian int32; `first`: number of the first cell; `shift`: ticks added to the
    pool's `CLOCKS`, which count from the instant of the template.
    """

    pool: str
    rows: bytes
    first: int
    shift: int

    @property
    def items(self) -> int:
        """How many items the lot holds."""
        return len(self.rows) // 4

    def columns(self, pool: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the items' columns."""
        return _awake([self], pool)


def _awake(trays: Sequence[Dormant], pool: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns of items drawn from one pool, those of one lot after another's."""
    rows = np.frombuffer(b"".join([each.rows for each in trays]), dtype="<i4")
    counts = [each.items for each in trays]
    place = np.concatenate([np.arange(count, dtype=np.float64) for count in counts])
    found = {name: values.take(rows) for name, values in pool.items()}
    found["number"] = np.repeat([float(each.first) for each in trays], counts) + place
    for name in CLOCKS:
        if name in found:
            found[name] += np.repeat([float(each.shift) for each in trays], counts)
    if "position" in found:
        found["position"] = place + 1
    _read_anew(found, pool)
    return found


def _read_anew(items: dict[str, np.ndarray], pool: dict[str, np.ndarray]) -> None:
    """Give each item's readings the errors of another item of the pool, chosen by its number."""
    readings = [name for name in pool if name.replace(MEASURED, "", 1) in pool.keys() - {name}]
    if not readings:
        return
    others = (_scrambled(items["number"]) % np.uint64(len(pool["number"]))).astype(np.intp)
    for name in readings:
        true = name.replace(MEASURED, "", 1)
        items[name] = items[true] + (pool[name].take(others) - pool[true].take(others))


def _scrambled(numbers: np.ndarray) -> np.ndarray:
    """Return whole numbers that look drawn by chance: splitmix64 (Steele, Lea, Flood 2014)."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scrambled: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return scrambled


@dataclass
class Lot:
    """One lot.

    `amount` in `unit` (kg, m or 1 for cells); `properties` hold one number per quantity for the
    whole lot, `columns` one per item: float64 arrays of shape (items,); `content` holds kg of each
    raw material for lots that are mixtures. `held` is the reason of a hold, "" for none: a held lot
    is not taken from its buffer and does not leave its chamber. `rework` counts how often it went
    back. `sources`: which holds' lots went into it, and where (`line/holds.py`).
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
    held: str = ""
    rework: int = 0
    sources: dict[str, Stretches] = field(default_factory=dict)
    _columns: dict[str, np.ndarray] = field(default_factory=dict)
    _dormant: Dormant | None = None
    _pool: dict[str, np.ndarray] | None = None

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """One array per quantity of the items."""
        if self._dormant is not None and self._pool is not None:
            self._columns = self._dormant.columns(self._pool)
            self._dormant = self._pool = None
        return self._columns

    @columns.setter
    def columns(self, columns: dict[str, np.ndarray]) -> None:
        self._columns = columns
        self._dormant = self._pool = None

    def put_to_sleep(self, dormant: Dormant, pool: dict[str, np.ndarray]) -> None:
        """Let the items be rows of a pool until somebody looks at them."""
        self._columns, self._dormant, self._pool = {}, dormant, pool

    @property
    def is_asleep(self) -> bool:
        """Whether nobody has looked at the items of this stock lot yet."""
        return self._dormant is not None

    @property
    def items(self) -> int:
        """How many items the lot holds."""
        if self._dormant is not None:
            return self._dormant.items
        return len(next(iter(self._columns.values()))) if self._columns else 0

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these items (a Boolean mask or row numbers)."""
        self.columns = {name: values[rows] for name, values in self.columns.items()}

    def save(self) -> dict[str, Any]:
        """Return the lot as plain data; columns as little-endian float64 bytes."""
        data = {key: value for key, value in vars(self).items() if not key.startswith("_")}
        data["columns"] = {
            name: values.astype("<f8").tobytes() for name, values in self._columns.items()
        }
        data["dormant"] = vars(self._dormant) if self._dormant else {}
        return data

    @classmethod
    def load(cls, data: dict[str, Any], pools: dict[str, dict[str, np.ndarray]]) -> Lot:
        """Make a lot from saved data."""
        plain = {key: value for key, value in data.items() if key not in ("columns", "dormant")}
        lot = cls(**plain, _columns=_thawed(data["columns"]))
        if data["dormant"]:
            dormant = Dormant(**data["dormant"])
            lot.put_to_sleep(dormant, pools[dormant.pool])
        return lot


def alike(lot: Lot) -> tuple[str, ...]:
    """Return what lots must share to be `joined`: a pool, or the names of their columns."""
    dormant = lot._dormant  # noqa: SLF001 - of this module
    return ("", dormant.pool) if dormant else tuple(lot.columns)


def joined(lots: Sequence[Lot]) -> dict[str, np.ndarray]:
    """Return the columns of lots that are `alike`, one after another; who sleeps sleeps on."""
    asleep = [lot._dormant for lot in lots if lot._dormant is not None]  # noqa: SLF001
    pool = lots[0]._pool  # noqa: SLF001
    if asleep and pool is not None:
        return _awake(asleep, pool)
    return {name: np.concatenate([lot.columns[name] for lot in lots]) for name in lots[0].columns}


class LotRegister:
    """Every lot that is still open, and the counters that name new ones.

    `pools`: name -> columns of template items that dormant lots are rows of.
    """

    def __init__(self) -> None:
        self._lots: dict[str, Lot] = {}
        self._counters: dict[str, int] = {}
        self.pools: dict[str, dict[str, np.ndarray]] = {}

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
        if lot.name in self._lots:
            message = f"there is a lot called {lot.name} already"
            raise SimulationError(message)
        self._lots[lot.name] = lot
        return lot

    def remove(self, name: str) -> Lot:
        """Forget a lot that has ended."""
        return self._lots.pop(name)

    def save(self) -> dict[str, Any]:
        """Return register, pools and counters as plain data."""
        return {
            "lots": [lot.save() for lot in self._lots.values()],
            "counters": self._counters,
            "pools": {
                name: {column: values.astype("<f8").tobytes() for column, values in pool.items()}
                for name, pool in self.pools.items()
            },
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.pools = {name: _thawed(pool) for name, pool in data["pools"].items()}
        self._lots = {lot["name"]: Lot.load(lot, self.pools) for lot in data["lots"]}
        self._counters = dict(data["counters"])


def _thawed(columns: dict[str, bytes]) -> dict[str, np.ndarray]:
    return {
        name: np.frombuffer(values, dtype="<f8").astype(np.float64)
        for name, values in columns.items()
    }
