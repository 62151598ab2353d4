"""Which of stand-in and FMU answers a call: by the domain, and by the width of the intervals.

Items of a call that the stand-in does not know, or not well enough, are the FMU's; the others are
not. Both are told, so that of a lot it is known who answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import OutOfDomainError
from linetwin.predictors.stand_in import WHERE, RegimeAtWork, StandIn, joined, some_of
from linetwin.predictors.stand_in_store import settings_digest
from linetwin.results.fidelity import TOO_WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.predictors.links import Link
    from linetwin.predictors.stand_in import Answer, Answered, Part
    from linetwin.predictors.stand_in_card import Learnt
    from linetwin.predictors.stand_in_store import StoredStandIn
    from linetwin.scenario.resolved import ProcessConfig

    Tell = Callable[[str, int], None]

SURROGATE: Final = "surrogate"
FMU: Final = "FMU"
_LOGIT_END: Final = 700.0
"""Of double precision: beyond it a share is 0 or 1."""
_HALVINGS: Final = 60


def stand_in_of(stored: StoredStandIn, process: ProcessConfig, station: str) -> StandIn | None:
    """Return what a file knows of a process with these settings; None where it knows nothing.

    What was recorded at the station itself is asked first.
    """
    wanted = settings_digest(process)
    found = [
        (regime.station != station, number, RegimeAtWork(regime, weights))
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
    OutOfDomainError with the lot. `widest`: quantity -> interval, in its unit.
    """

    station: str
    stand_in: StandIn
    fmu: Transform | None
    widest: Mapping[str, float]
    _limits: dict[int, Limits] = field(default_factory=dict)

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
        if self.fmu is None:
            if found.left is not None:
                raise OutOfDomainError(found.reason)
            good, reason = found.parts, ""
        else:
            good, reason = self._good(found)
        known = [(part.rows, part.columns()) for part in good]
        if not reason:
            results = joined(known)
            return results, [(SURROGATE, len(results[0]["phase_time"]))]
        assert self.fmu is not None  # noqa: S101 - without one no interval is looked at
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

    def _good(self, found: Answered) -> tuple[list[Part], str]:
        """Return the parts of which all intervals are narrow enough, and why others are not."""
        good, reason = [], found.reason
        for part in found.parts:
            regime = part.regime
            limits = self._limits.get(id(regime))
            if limits is None:
                limits = self._limits[id(regime)] = Limits.of(regime.regime.learnt, self.widest)
            if wide := limits.broken(part.answer):
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


@dataclass(frozen=True)
class Limits:
    """Where the intervals of a regime's outputs are narrow enough, on the outputs' scales.

    By region: `never`: the first output that is too wide wherever it lies, "" for none; `rows`: the
    outputs for which it depends, None for none, `names` those of all; `low`, `high`: shape
    (rows, 1): such an output up to `low`, or from `high` on, is narrow enough.
    """

    names: tuple[str, ...]
    never: tuple[str, ...]
    rows: tuple[np.ndarray | None, ...]
    low: tuple[np.ndarray, ...]
    high: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, learnt: Sequence[Learnt], widest: Mapping[str, float]) -> Limits:
        """Return the limits of outputs; `widest`: as `Chosen` has it, else those of the card."""
        names = tuple(each.name for each in learnt)
        never: list[str] = []
        rows: list[np.ndarray | None] = []
        low: list[np.ndarray] = []
        high: list[np.ndarray] = []
        for region in range(len(WHERE)):
            edges = np.array(
                [
                    cls.reach(e.link, e.half_widths[region], widest.get(e.name, e.widest))
                    for e in learnt
                ]
            ).reshape(-1, 2)
            wide = np.flatnonzero((edges == (-np.inf, np.inf)).all(axis=1))
            never.append(names[wide[0]] if len(wide) else "")
            depends = np.flatnonzero(edges[:, 0] < np.inf)
            rows.append(depends if len(depends) else None)
            low.append(edges[depends, :1])
            high.append(edges[depends, 1:])
        return cls(names, tuple(never), tuple(rows), tuple(low), tuple(high))

    @staticmethod
    def reach(link: Link, half: float, widest: float) -> tuple[float, float]:
        """Return up to which number on a scale, and from which, an interval is narrow enough.

        `half`: its half-width there. On a quantity's own scale that is all or nothing, on a
        logarithm all below one number, on a logit all beyond two.
        """
        nothing, everything = (-np.inf, np.inf), (np.inf, np.inf)
        if link.kind == "identity":
            return everything if 2 * half <= widest else nothing
        if half == 0 or (link.kind == "logit" and _spread(link, 0.0, half) <= widest):
            return everything
        if link.kind == "log":
            return float(np.log(widest / (2 * np.sinh(half)))), np.inf
        low, high = 0.0, _LOGIT_END
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if _spread(link, middle, half) <= widest:
                high = middle
            else:
                low = middle
        return -high, high

    def broken(self, answer: Answer) -> str:
        """Return which output is told too widely for some item; "" for none."""
        region = answer.region
        rows, name = self.rows[region], self.never[region]
        if rows is not None and not name:
            learnt = answer.linked[rows]
            good = learnt <= self.low[region]
            if np.count_nonzero(good) == good.size:
                return ""
            good |= learnt >= self.high[region]
            if good.all():
                return ""
            name = self.names[rows[int(np.flatnonzero(~good.all(axis=1))[0])]]
        return f"{TOO_WIDE}{name} is too wide {WHERE[region]}" if name else ""


def _spread(link: Link, linked: float, half: float) -> float:
    """Return the width of an interval around a number on a scale."""
    ends = link.back(np.array([linked + half, linked - half]))
    return float(ends[0] - ends[1])
