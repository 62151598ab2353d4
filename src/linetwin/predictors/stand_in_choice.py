"""Which of stand-in and FMU answers a call: by the domain, and by the width of the intervals.

Items of a call that the stand-in does not know, or not well enough, are the FMU's; the others are
not. Both are told, so that of a lot it is known who answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import OutOfDomainError
from linetwin.predictors.stand_in import RegimeAtWork, StandIn, joined, some_of
from linetwin.predictors.stand_in_store import settings_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.predictors.stand_in import Answered, Part
    from linetwin.predictors.stand_in_store import StoredStandIn
    from linetwin.scenario.resolved import ProcessConfig

    Tell = Callable[[str, int], None]

SURROGATE: Final = "surrogate"
FMU: Final = "FMU"


def knows(stored: StoredStandIn, process: ProcessConfig) -> bool:
    """Whether a file knows anything of a process with these settings."""
    wanted = settings_digest(process)
    return any(regime.settings == wanted for regime in stored.card.regimes)


def stand_in_of(
    stored: StoredStandIn,
    process: ProcessConfig,
    station: str,
    widest: Mapping[str, float] | None = None,
) -> StandIn | None:
    """Return what a file knows of a process with these settings; None where it knows nothing.

    What was recorded at the station itself is asked first. `widest`: as `Limits.of` has it.
    """
    wanted = settings_digest(process)
    found = [
        (regime.station != station, number, RegimeAtWork(regime, weights, widest))
        for number, (regime, weights) in enumerate(
            zip(stored.card.regimes, stored.weights.regimes, strict=True)
        )
        if regime.settings == wanted
    ]
    return StandIn([each for *_, each in sorted(found, key=lambda e: e[:2])]) if found else None


@dataclass
class Chosen:
    """A station's Transform: the stand-in, or with `auto` whoever fits the call.

    `fmu` answers what the stand-in does not; None where nobody else may, and what is outside is an
    OutOfDomainError with the lot, and no interval is too wide.
    """

    station: str
    stand_in: StandIn
    fmu: Transform | None

    def of_lot(self, lot: str, tell: Tell) -> OfLot:
        """Return the same for a lot; `tell` hears who answered, and why, for how many items."""
        return OfLot(self, lot, tell)

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases; an OutOfDomainError names the station."""
        return self.of_lot("", _unheard).apply(start, phases)

    def answer(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> tuple[list[Columns], list[tuple[str, int]]]:
        """Return what comes of a call, and who answered, for how many items."""
        if not phases:
            return [], []
        try:
            found = self.stand_in.answered(start, phases)
        except OutOfDomainError as error:
            if self.fmu is None:
                raise
            return self._by_fmu(self.fmu, start, phases, str(error))
        if self.fmu is None and found.left is not None:
            raise OutOfDomainError(found.reason)
        good, reason = self._good(found)
        known = [(part.rows, part.columns()) for part in good]
        if not reason:
            results = joined(known)
            return results, [(SURROGATE, len(results[0]["phase_time"]))]
        assert self.fmu is not None  # noqa: S101 - without one no interval is too wide
        if not known:
            return self._by_fmu(self.fmu, start, phases, reason)
        left = ~np.logical_or.reduce([rows for rows, _ in known if rows is not None])
        others, told = self._by_fmu(self.fmu, *some_of(start, phases, left), reason)
        return joined([*known, (left, others)]), [(SURROGATE, int((~left).sum())), *told]

    @staticmethod
    def _by_fmu(
        fmu: Transform,
        start: Mapping[str, float | np.ndarray],
        phases: Sequence[Phase],
        reason: str,
    ) -> tuple[list[Columns], list[tuple[str, int]]]:
        results = fmu.apply(start, phases)
        return results, [(f"{FMU}: {reason}", len(results[0]["phase_time"]))]

    @staticmethod
    def _good(found: Answered) -> tuple[list[Part], str]:
        """Return the parts of which all intervals are narrow enough, and why others are not."""
        good, reason = [], found.reason
        for part in found.parts:
            if wide := part.too_wide:
                reason = reason or wide
            else:
                good.append(part)
        return good, reason


@dataclass(frozen=True)
class OfLot:
    """Answers for one lot, and tells who did."""

    chosen: Chosen
    lot: str
    tell: Tell

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases; an OutOfDomainError names the lot."""
        try:
            results, told = self.chosen.answer(start, phases)
        except OutOfDomainError as error:
            text = f"{self.lot}: {error}" if self.lot else str(error)
            message = f"the stand-in does not know {text}; `fidelity: auto` lets the FMU answer"
            raise OutOfDomainError(message, self.chosen.station) from error
        if self.chosen.fmu is not None:
            for who, items in told:
                self.tell(who, items)
        return results


def _unheard(who: str, items: int) -> None:
    """Nobody asks who answered."""
