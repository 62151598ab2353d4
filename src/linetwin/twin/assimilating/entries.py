"""Entries of an estimator's journal: lots that were handed over, readings of them, jumps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from linetwin.twin.assimilating.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Given:
    """A lot that a station has handed over. `means`: quantity -> what the line says of it."""

    tick: int
    station: str
    lot: str
    plant_lot: str
    notes: list[Note]
    means: dict[str, float]


@dataclass(frozen=True)
class Reading:
    """What an instrument read of a lot; `tick`: when the lot was handed over.

    `count`: readings of which `value` is the mean; `arrived`: tick at which the last one came.
    """

    tick: int
    instrument: str
    lot: str
    value: float
    arrived: int
    count: int = 1
    plant_lot: str = ""
    """The plant's name of the lot."""
    rows: tuple[float, ...] = ()
    """Values that each named the lot, as rows of a file do: each is right or wrong by itself."""
    times: tuple[int, ...] = ()
    """Ticks at which these rows say that they were taken."""
    corrected: bool = False
    """Whether a row of it was changed after it had been learnt from."""

    def with_another(self, other: Reading) -> Reading:
        """Return the mean of this and others of the same lot."""
        count = self.count + other.count
        value = (self.count * self.value + other.count * other.value) / count
        arrived = max(self.arrived, other.arrived)
        rows, times = self.rows + other.rows, self.times + other.times
        return replace(self, value=value, count=count, arrived=arrived, rows=rows, times=times)

    def without(self, time: int, row: float) -> Reading | None:
        """Return what is left without rows of a time and value; None where nothing is."""
        pairs = zip(self.times, self.rows, strict=True)
        left = [each for each in pairs if each != (time, row)]
        unnamed = self.count - len(self.rows)
        if not left and not unnamed:
            return None
        rest = self.count * self.value - sum(self.rows) if unnamed else 0.0
        rows = tuple(value for _, value in left)
        count = unnamed + len(left)
        value = (rest + sum(rows)) / count
        times = tuple(each for each, _ in left)
        return replace(self, value=value, count=count, rows=rows, times=times, corrected=True)


@dataclass(frozen=True)
class Widened:
    """What is let loose at a tick, as readings of an instrument have jumped: state -> deviation."""

    tick: int
    instrument: str
    loose: dict[str, float]


@dataclass(frozen=True)
class Judged:
    """What became of a reading. `kept`: what of it can be right, None for nothing.

    `aside`: readings that were set aside, and `why`; `jump`: what it shows to have jumped.
    """

    kept: Reading | None
    aside: int = 0
    why: str = ""
    jump: Widened | None = None


Entry = Given | Reading | Widened


def notes_of(saved: Sequence[dict[str, Any]]) -> list[Note]:
    """Make notes from saved data."""
    return [Note(**each) for each in saved]


def saved(entry: Entry) -> dict[str, Any]:
    """Return an entry as plain data."""
    if not isinstance(entry, Given):
        return dict(vars(entry))
    return vars(entry) | {"notes": [note.save() for note in entry.notes]}


def loaded(data: dict[str, Any]) -> Entry:
    """Make an entry from saved data."""
    if "loose" in data:
        return Widened(**data)
    if "instrument" in data:
        return Reading(**data | {key: tuple(data[key]) for key in ("rows", "times")})
    return Given(**{**data, "notes": notes_of(data["notes"])})
