"""Which readings can be right: the same are learnt from, shown, and scored on the board."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from linetwin.twin.assimilating.entries import Judged
from linetwin.twin.assimilating.readings import Corrected, agreeing

if TYPE_CHECKING:
    from linetwin.estimation.ensemble import Ensemble
    from linetwin.scenario.twin import ReaderConfig
    from linetwin.twin.assimilating.entries import Reading
    from linetwin.twin.assimilating.watch import Watchman

IMPLAUSIBLE = 100.0
"""One reading that is so many deviations from what is expected is none of its lot [A]."""

OTHER_THING = 5.0
"""A reading that is so many times what is expected, or such a part of it, is of another unit or of
another thing, and no jump [A]: no bias and no process does that to what every lot has."""
_MAY_VANISH = frozenset({"solvent_loading", "evaporated_solvent", "peak_evaporation_rate"})
"""What a dryer that fails multiplies or takes away."""


class Judge:
    """Judges readings one after the other; what it sets aside the watchman tells."""

    def __init__(self, watchman: Watchman) -> None:
        self._watchman = watchman
        self.readings = watchman.readings

    def of_unknown(self, instrument: ReaderConfig, reading: Reading, ensemble: Ensemble) -> Judged:
        """Judge a reading of a lot of which the twin knows nothing: by its rows alone."""
        scale = abs(float(np.median(reading.rows or reading.value))) if instrument.relative else 1.0
        return self._agreeing(instrument, reading, instrument.repeatability * scale, ensemble)

    def of_known(
        self,
        instrument: ReaderConfig,
        reading: Reading,
        expected: tuple[np.ndarray, float],
        ensemble: Ensemble,
    ) -> Judged:
        """Judge a reading of a lot; `expected`: of each member, and the variance of its scatter.

        One that is farther away than any that belongs to the lot is implausible, unless it is the
        second in a row: then it may be a jump. One of another unit or thing is so each time.
        """
        predicted, variance = expected
        judged = self._agreeing(instrument, reading, math.sqrt(variance), ensemble)
        kept = judged.kept
        if kept is None:
            return judged
        away = abs(kept.value - float(predicted.mean()))
        deviations = away / math.sqrt(float(predicted.var(ddof=1)) + variance)
        misread = ""
        if deviations > self._watchman.farthest:
            misread = _times_off(instrument, kept.value, float(predicted.mean()))
        if misread:
            why = self._watchman.misread(instrument, kept, misread, ensemble)
        elif deviations > IMPLAUSIBLE and self.readings.is_first(instrument.name):
            why = self._watchman.implausible(instrument, kept, deviations, ensemble)
        else:
            why = self._odd(instrument, kept, ensemble)
        if not why:
            return judged
        both = "; ".join(each for each in (judged.why, why) if each)
        return Judged(None, judged.aside + kept.count, both)

    def _agreeing(
        self, instrument: ReaderConfig, reading: Reading, deviation: float, ensemble: Ensemble
    ) -> Judged:
        """Return a reading less its rows that cannot be right; None where none is believed."""
        rows = reading.rows
        if len(rows) < 2:  # noqa: PLR2004  one agrees with itself
            return Judged(reading)
        agree = agreeing(rows, [deviation] * len(rows), self._watchman.farthest)
        if len(agree) == len(rows):
            return Judged(reading)
        why = self._watchman.rows_contradict(instrument, reading, agree, ensemble)
        if not agree:
            return Judged(None, len(rows), why)
        kept = replace(reading, value=float(np.mean(agree)), count=len(agree), rows=agree)
        return Judged(kept, len(rows) - len(agree), why)

    def _odd(self, instrument: ReaderConfig, reading: Reading, ensemble: Ensemble) -> str:
        """Tell readings of a lot that cannot all be right; return why this one is set aside, or "".

        That is an odd one out, once: a second one in a row may be a jump.
        """
        bias = ensemble.of(instrument.name)
        scale = abs(reading.value) if instrument.relative else 1.0
        known = float(bias.mean())
        value = reading.value / (1 + known) if instrument.relative else reading.value - known
        # let loose, it is still a misreading
        doubt = min(instrument.prior, float(bias.std(ddof=1)))
        spread = scale * math.hypot(instrument.repeatability, doubt)
        corrected = Corrected(instrument.name, value, spread)
        limit = self._watchman.farthest
        found = self.readings.meet(instrument, reading.lot, corrected, limit)
        if found is None:
            return ""
        called = reading.plant_lot or f"twin's {reading.lot}"
        why = self._watchman.contradicted(found, called, reading.tick, ensemble)
        return why if found.odd == instrument.name and self.readings.is_first(found.odd) else ""


def _times_off(instrument: ReaderConfig, value: float, expected: float) -> str:
    """Return in words how many times a reading is off; "" where it may be of its lot."""
    if instrument.quantity in _MAY_VANISH or expected <= 0:
        return ""
    if value <= 0:
        return "zero or less"
    more, less = value / expected, expected / value
    if max(more, less) < OTHER_THING:
        return ""
    return f"{max(more, less):,.0f} times too {'much' if more > 1 else 'little'}"
