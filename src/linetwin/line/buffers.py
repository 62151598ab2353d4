"""Finite buffers of lots, and tanks that blend.

Both are level-triggered: who cannot take or put is written down by name and woken when the level
changes; a spurious wake-up is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.scenario.resolved import BufferConfig

RESIDUE_SHARE = 1e-4
"""A batch of which less than this share is left in a tank counts as a residue [A]."""


class _Queue:
    """Names of units that wait for a change of level."""

    def __init__(self, kick: Callable[[str], None]) -> None:
        self._kick = kick
        self.waiting: list[str] = []

    def wait(self, who: str) -> None:
        if who not in self.waiting:
            self.waiting.append(who)

    def wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for who in waiting:
            self._kick(who)


class LotBuffer:
    """Holds up to `capacity` lots, first in, first out; a lot on hold takes room and stays."""

    def __init__(
        self,
        config: BufferConfig,
        kick: Callable[[str], None],
        is_held: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.path = config.path
        self.capacity = int(config.capacity)
        self._is_held = is_held
        self.lots: list[str] = []
        self._takers = _Queue(kick)
        self._putters = _Queue(kick)

    @property
    def level(self) -> float:
        """How many lots lie here."""
        return float(len(self.lots))

    def has_room(self, who: str) -> bool:
        """Tell whether a lot fits, or note that `who` waits for room."""
        if len(self.lots) >= self.capacity:
            self._putters.wait(who)
            return False
        return True

    def put(self, who: str, lot: str) -> bool:
        """Put a lot, or note that `who` waits for room."""
        if not self.has_room(who):
            return False
        self.lots.append(lot)
        self._takers.wake()
        return True

    def take(self, who: str) -> str | None:
        """Take the oldest lot that is not on hold, or note that `who` waits for one."""
        for lot in self.lots:
            if not self._is_held(lot):
                self.remove(lot)
                return lot
        self._takers.wait(who)
        return None

    def remove(self, lot: str) -> None:
        """Take a lot away, wherever it lies in the row."""
        self.lots.remove(lot)
        self._putters.wake()

    def wake_takers(self) -> None:
        """A lot is no longer on hold: whoever waits for one is woken."""
        self._takers.wake()

    def save(self) -> dict[str, Any]:
        """Return the buffer's state as plain data."""
        return {"lots": self.lots, "takers": self._takers.waiting, "putters": self._putters.waiting}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.lots = list(data["lots"])
        self._takers.waiting = list(data["takers"])
        self._putters.waiting = list(data["putters"])


class Tank:
    """A stirred tank that holds up to `capacity` kg: what leaves is the blend of what is in it.

    What one coater has been promised no other may draw. While one of its batches is on hold nothing
    more is promised: a blend cannot be parted again.
    """

    def __init__(
        self,
        config: BufferConfig,
        kick: Callable[[str], None],
        is_held: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.path = config.path
        self._is_held = is_held
        self.capacity = float(config.capacity)
        self.batches: dict[str, float] = {}
        self.promised: dict[str, float] = {}
        self._takers = _Queue(kick)
        self._putters = _Queue(kick)

    @property
    def level(self) -> float:
        """Mass in the tank [kg]."""
        return sum(self.batches.values())

    def has_room(self, who: str, mass: float) -> bool:
        """Tell whether `mass` [kg] fits, or note that `who` waits for room."""
        if self.level + mass > self.capacity:
            self._putters.wait(who)
            return False
        return True

    def has(self, who: str, mass: float) -> bool:
        """Promise `who` that `mass` [kg] can be drawn, or note that it waits for it."""
        others = sum(kept for name, kept in self.promised.items() if name != who)
        if self.level - others < mass or any(map(self._is_held, self.batches)):
            self._takers.wait(who)
            return False
        self.promised[who] = mass
        return True

    def fill(self, batch: str, mass: float) -> None:
        """Pump a batch in [kg]."""
        self.batches[batch] = self.batches.get(batch, 0.0) + mass
        self._takers.wake()

    def shares(self) -> dict[str, float]:
        """Return the mass share of each batch in the blend; they sum to one."""
        level = self.level
        return {batch: mass / level for batch, mass in self.batches.items()}

    def draw(self, who: str, mass: float) -> dict[str, float]:
        """Draw `mass` [kg] of the blend; return the kg taken of each batch.

        What `who` was promised above that is free again.
        """
        self.promised.pop(who, None)
        drawn = {batch: mass * share for batch, share in self.shares().items()}
        for batch, amount in drawn.items():
            self.batches[batch] -= amount
        self._putters.wake()
        self._takers.wake()
        return drawn

    def discard(self, batch: str) -> float:
        """Drop what is left of a batch; return its mass [kg]."""
        self._putters.wake()
        return self.batches.pop(batch)

    def scaled(self, factor: float) -> dict[str, float]:
        """Bring the level to `factor` times what it was; return the kg that each batch lost."""
        lost = {batch: mass * (1 - factor) for batch, mass in self.batches.items()}
        for batch, mass in lost.items():
            self.batches[batch] -= mass
        self._takers.wake()
        self._putters.wake()
        return lost

    def wake_takers(self) -> None:
        """A batch is no longer on hold: whoever waits for slurry is woken."""
        self._takers.wake()

    def save(self) -> dict[str, Any]:
        """Return the tank's state as plain data."""
        return {
            "batches": self.batches,
            "promised": self.promised,
            "takers": self._takers.waiting,
            "putters": self._putters.waiting,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.batches = dict(data["batches"])
        self.promised = dict(data["promised"])
        self._takers.waiting = list(data["takers"])
        self._putters.waiting = list(data["putters"])
