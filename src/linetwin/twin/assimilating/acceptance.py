"""What became of the readings of each lot: what is told of it, and why something was set aside.

Rows of a file come one after the other, and only together they show which of them are right: so
what is told of a lot waits until all that came with it has been judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.quantities import vocabulary
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection

    from linetwin.scenario.twin import ReaderConfig
    from linetwin.twin.assimilating.entries import Judged, Reading
    from linetwin.twin.events import PlantEvent

KEPT = 1024
"""Lots by instrument of which it is kept what was told, and remarks that wait, the last ones."""
_NAMED = 3
"""Readings that are named in a remark; the others are counted."""


@dataclass
class _Known:
    """Readings of a lot by an instrument: how many were used and set aside, and what was told."""

    used: int = 0
    aside: int = 0
    value: float | None = None
    why: str = ""


class Acceptance:
    """Counts readings that are used and set aside; `last`: what was said of the newest of these."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._known: dict[str, _Known] = {}
        self._fresh: dict[str, Judged] = {}
        """What is to be told of a lot, by instrument and lot."""
        self._refused: dict[tuple[str, str], list[str]] = {}
        """Instrument, and why its readings are refused -> which of them."""
        self._doubted: set[str] = set()
        """Instruments whose last reading was refused, and named no lot: that is told once."""
        self._remarks: list[str] = []
        self.last = ""

    def judged(self, reading: Reading, judged: Judged) -> None:
        """Take what became of all readings of a lot by an instrument; `reading`: the last of them.

        Of a signal the first reading of a lot is told, of rows of a file what all come to.
        """
        key = _key(reading)
        self._doubted.discard(reading.instrument)
        known = self._known.setdefault(key, _Known())
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        used = 0 if judged.kept is None else judged.kept.count
        self._counts["used"] += used - known.used
        self._counts["set aside"] += judged.aside - known.aside
        known.used, known.aside = used, judged.aside
        before = self._fresh.get(key)
        if reading.rows or before is None or before.kept is None:
            self._fresh[key] = judged

    def why(self, reading: Reading) -> str:
        """Return why some of the readings of a lot were set aside, "" where none were."""
        known = self._known.get(_key(reading))
        return known.why if known is not None else ""

    def withdraw(self, reading: Reading) -> None:
        """Take back what was counted and said of all readings of a lot by an instrument."""
        self._fresh.pop(_key(reading), None)
        known = self._known.get(_key(reading))
        if known is not None:
            self._counts["used"] -= known.used
            self._counts["set aside"] -= known.aside
            known.used = known.aside = 0
            self._unsay(known)

    def _unsay(self, known: _Known) -> None:
        """Take back why readings of a lot were set aside: they have been corrected."""
        self.last = "" if self.last == known.why else self.last
        known.why = ""

    def tell(self, remark: str) -> None:
        """Note what a person should know."""
        self._remarks.append(remark)

    def refuse(self, instrument: ReaderConfig, event: PlantEvent) -> None:
        """Count a reading that is not usable, and tell why where that is not the usual."""
        if not event.doubt:
            self._counts["not usable"] += 1
            return
        self._counts["set aside"] += 1
        if not event.text and instrument.name in self._doubted:
            return
        if not event.text:
            self._doubted.add(instrument.name)
        shown = "no value"
        if not math.isnan(event.value):
            shown = display(event.value, vocabulary()[instrument.quantity])
        lot = f" of {event.text}" if event.text else ""
        what = f"{instrument.name} read {instrument.quantity}"
        self._refused.setdefault((what, event.doubt), []).append(f"{shown}{lot}")

    def settle(self, findings: Collection[str]) -> list[Reading]:
        """Return what is to be told of lots, now that all has come that came together.

        `findings`: what is told as findings, and needs no remark.
        """
        told: list[Reading] = []
        fresh, self._fresh = self._fresh, {}
        for key, each in fresh.items():
            known, kept = self._known.setdefault(key, _Known()), each.kept
            if kept is not None and (
                known.value is None or (kept.rows and kept.value != known.value)
            ):
                known.value = kept.value
                told.append(kept)
            if not each.why and known.why:
                self._unsay(known)
            elif each.why and each.why != known.why:
                known.why = self.last = each.why
                self._remarks += [each.why] if each.why not in findings else []
        refused, self._refused = self._refused, {}
        for (what, why), read in refused.items():
            more = f" and {len(read) - _NAMED:,} more" if len(read) > _NAMED else ""
            self.last = f"{what} {', '.join(read[:_NAMED])}{more}: {why}, not learnt from"
            self._remarks.append(self.last)
        del self._remarks[:-KEPT]
        return told

    def remarks(self) -> list[str]:
        """Return what is to be told to people since this was asked last."""
        found, self._remarks = self._remarks, []
        return found

    def save(self) -> dict[str, Any]:
        """Return everything that is settled as plain data."""
        known = {key: dict(vars(each)) for key, each in self._known.items()}
        return {"known": known, "remarks": list(self._remarks), "last": self.last}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._known = {key: _Known(**each) for key, each in data["known"].items()}
        self._remarks, self.last = list(data["remarks"]), data["last"]


def _key(reading: Reading) -> str:
    return f"{reading.instrument}|{reading.lot}"
