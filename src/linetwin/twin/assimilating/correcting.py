"""Rows of a file that were changed after they had been learnt from.

A row is known by its time and its lot. Where a person has changed one of these, it is the row of
the same value and of what was left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from linetwin.quantities import vocabulary
from linetwin.scenario.units import display
from linetwin.twin.assimilating.belonging import Heard
from linetwin.twin.assimilating.entries import Reading
from linetwin.twin.lot_ids import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linetwin.scenario.twin import ReaderConfig
    from linetwin.twin.assimilating.acceptance import Acceptance
    from linetwin.twin.assimilating.belonging import Belonging
    from linetwin.twin.assimilating.journal import Journal


class Row(NamedTuple):
    """One row that named its lot; `place`: of its reading in the journal."""

    place: int
    lot: str
    time: int
    value: float


@dataclass(frozen=True)
class Correcting:
    """Puts changed rows into the places of those that were wrong."""

    journal: Journal
    belonging: Belonging
    acceptance: Acceptance

    def meet(self, instrument: ReaderConfig, changed: Heard) -> bool:
        """Let a changed row stand for the one that was wrong; return whether that is all.

        Else it is to be learnt from like a new one: the wrong one was of another lot, has waited
        for its lot, or was never learnt from.
        """
        waiting = self.belonging.waiting_of(instrument.name)
        held = [Row(0, each.name, each.tick, each.value) for each in waiting]
        if len(wrong := _wrong(held, changed)) == 1:
            self._forget(instrument, wrong[0])
            return False
        wrong = _wrong(self._rows(instrument.name), changed)
        if not wrong:
            return False
        if len(wrong) > 1:
            self.acceptance.tell(
                f"{instrument.name}: a row of {changed.name} was changed to "
                f"{_shown(instrument, changed.value)}; {_which(wrong, changed)}"
            )
            return True
        return self._replaced(instrument, wrong[0], changed)

    def _replaced(self, instrument: ReaderConfig, wrong: Row, changed: Heard) -> bool:
        """Take a wrong row out; put the changed one into its place where it is of the same lot."""
        same_lot = normalised(wrong.lot) == normalised(changed.name)
        if same_lot and (wrong.time, wrong.value) == (changed.tick, changed.value):
            return True
        self._forget(instrument, wrong)
        known = self.journal.entries[wrong.place]
        assert isinstance(known, Reading)  # noqa: S101  as `_rows` has found it
        corrected = known.without(wrong.time, wrong.value)
        if same_lot:
            row = _of_lot(known, changed)
            corrected = row if corrected is None else corrected.with_another(row)
        said = self.acceptance.why(known)
        judged = self.journal.correct(wrong.place, corrected)
        if corrected is None or judged is None:
            self.acceptance.withdraw(known)
        else:
            self.acceptance.judged(corrected, judged)
        before, after = (_shown(instrument, each) for each in (wrong.value, changed.value))
        gone = said and (judged is None or judged.why != said)
        self.acceptance.tell(
            f"{instrument.name}: {before} of {wrong.lot} corrected to {after} of {changed.name}; "
            "learnt again from there"
            + (", what was said of it is withdrawn" if gone else "")
            + "; published predictions stay"
        )
        return same_lot

    def _forget(self, instrument: ReaderConfig, wrong: Row) -> None:
        self.belonging.forget(instrument.name, Heard(wrong.time, wrong.value, 0, wrong.lot))

    def _rows(self, instrument: str) -> list[Row]:
        """Return the rows of an instrument that the journal holds."""
        return [
            Row(place, each.plant_lot, time, value)
            for place, each in enumerate(self.journal.entries)
            if isinstance(each, Reading) and each.instrument == instrument
            for time, value in zip(each.times, each.rows, strict=True)
        ]

    def tell_too_late(self, instrument: ReaderConfig, changed: Heard) -> None:
        """Tell that what was learnt of a row cannot be corrected any more."""
        self.acceptance.tell(
            f"{instrument.name}: a row of {changed.name} was changed to "
            f"{_shown(instrument, changed.value)}, of a time beyond what is remembered: what was "
            "learnt from it stays"
        )


def _of_lot(known: Reading, changed: Heard) -> Reading:
    """Return a changed row as a reading of the lot of a known one."""
    return Reading(
        known.tick,
        known.instrument,
        known.lot,
        changed.value,
        changed.arrived,
        plant_lot=known.plant_lot,
        rows=(changed.value,),
        times=(changed.tick,),
        corrected=True,
    )


def _wrong(rows: Iterable[Row], changed: Heard) -> list[Row]:
    """Return the rows, each once, that a changed one may stand for; none where there is none."""
    own, spelling = dict.fromkeys(rows), normalised(changed.name)
    same_lot = [each for each in own if normalised(each.lot) == spelling]
    if at_once := [each for each in same_lot if each.time == changed.tick]:
        return at_once
    other_lot = [e for e in own if (e.time, e.value) == (changed.tick, changed.value)]
    return other_lot or [each for each in same_lot if each.value == changed.value]


def _which(wrong: Sequence[Row], changed: Heard) -> str:
    """Return why nobody knows which of several rows was changed, and what follows."""
    if all(each.time == changed.tick for each in wrong):
        return (
            f"{len(wrong)} rows have its lot and time, so which one is not known and it is not "
            "learnt from: give rows times of their own"
        )
    return (
        f"{len(wrong)} rows of its lot have that value, so which one had another time is not "
        "known; each is learnt from with that value, and stays"
    )


def _shown(instrument: ReaderConfig, value: float) -> str:
    return display(value, vocabulary()[instrument.quantity])
