"""One regime: recorded items and designed points of one form of call become a card and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.links import Link
from linetwin.predictors.stand_in_asking import inner_ends_of
from linetwin.predictors.stand_in_card import (
    DURATION,
    Constant,
    Copy,
    Learnt,
    Regime,
    Slot,
    Variable,
    Weights,
)
from linetwin.predictors.stand_in_limits import WHERE
from linetwin.predictors.stand_in_rough import ROUGH, width_of
from linetwin.predictors.stand_in_terms import rescaled
from linetwin.quantities import vocabulary
from linetwin.surrogates.standing_in.fitting import GENTLE, fit
from linetwin.surrogates.standing_in.intervals import Intervals
from linetwin.surrogates.standing_in.shaping import alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.standing_in.designing import Design
    from linetwin.surrogates.standing_in.fitting import Fitted
    from linetwin.surrogates.standing_in.intervals import Halves
    from linetwin.surrogates.standing_in.shaping import Shape
    from linetwin.surrogates.standing_in.table import Table

NOTHING: Final = 1e-7
"""Spread of an output, over its own largest amount, that counts as none [A]."""
ROUNDING: Final = 1e-10
"""The same over the largest amount of its unit: what sums of such amounts leave [A]."""
WIDEST_OF_UNIT: Final = 1e-4
"""Interval over the largest amount of its unit that `auto` takes, however rough [A]."""
WIDE: Final = 4.0
"""Ratio of an output's ends from which on its logarithm is tried as well [A]."""


@dataclass(frozen=True)
class Made:
    """A regime with its numbers."""

    regime: Regime
    weights: Weights

    @property
    def too_wide(self) -> int:
        """Number of outputs whose interval is too wide for `auto` even where the line was seen."""
        return sum(width_of(each) > each.widest for each in self.regime.learnt)

    def without(self, left_out: int) -> Made:
        """Return the same of a form of which so many recorded items have no regime at all."""
        return Made(self.regime.model_copy(update={"left_out": left_out}), self.weights)


@dataclass(frozen=True)
class _Tried:
    """An output on one of the scales on which it is learnt; `bounded`: cut to its bounds."""

    slot: Slot
    column: np.ndarray
    link: Link
    bounded: bool


@dataclass(frozen=True)
class Sources:
    """What a regime is made of.

    `station`, `settings`: whose calls they are; `table`: all recorded items, `some`: those that are
    learnt from, with the points of the design; `left_out`: items that meet no condition.
    """

    station: str
    settings: str
    table: Table
    some: Table
    left_out: int
    shape: Shape
    design: Design
    coverage: float

    def made(self) -> Made:
        """Return the regime."""
        values = np.column_stack([self.some.given[slot] for slot in self.shape.varying])
        matrix = np.concatenate([values, self.design.points]).T
        constants, copies, columns = self._sorted(matrix)
        scaled = matrix.copy()
        for at, scale in enumerate(self.design.box.scales):
            scaled[at] = rescaled(matrix[at], scale)
        tried = [each for slot, column in columns.items() for each in scales_of(slot, column)]
        linked = np.array([each.link.to(each.column) for each in tried])
        fitted = fit(scaled, linked.reshape(len(tried), -1), self._groups())
        intervals = Intervals(
            fitted.held_out - fitted.wanted,
            self._groups(),
            self._regions(matrix, scaled),
            fitted.parts,
            len(self.some),
            self.coverage,
        )
        largest = self._largest()
        told = [
            self._learnt(
                each, fitted.chosen[at], intervals.halves(at), intervals.error(at), largest
            )
            for at, each in enumerate(tried)
        ]
        chosen = _narrowest(told)
        regime = self._regime(constants, copies, [told[at] for at in chosen])
        counted = intervals.covered(np.array(chosen, dtype=int))
        cloud = self.design.box.cloud
        places = {
            "axes": cloud.axes.tolist(),
            "low": cloud.low.tolist(),
            "high": cloud.high.tolist(),
        }
        weights = _lean(fitted, chosen).model_copy(update=places)
        return Made(regime.model_copy(update={"covered": counted}), weights)

    def _sorted(
        self, matrix: np.ndarray
    ) -> tuple[list[Constant], list[Copy], dict[Slot, np.ndarray]]:
        """Return what is constant, what copies a variable, and the columns that are learnt."""
        constants: list[Constant] = []
        copies: list[Copy] = []
        learnt: dict[Slot, np.ndarray] = {}
        largest = self._largest()
        for slot, designed in self.design.answers.items():
            column = np.concatenate([self.some.answers[slot], designed])
            least = max(
                NOTHING * float(np.abs(column).max()), ROUNDING * largest[unit_of(slot.name)]
            )
            if np.ptp(column) <= least:
                constants.append(_constant(slot, column))
            elif (copied := self._copied(slot, column, matrix)) is not None:
                copies.append(copied)
            else:
                learnt[slot] = column
        return constants, copies, learnt

    def _groups(self) -> np.ndarray:
        """Return a group for each row: its lot, or a designed point by itself."""
        _, lots = np.unique(self.some.lots, return_inverse=True)
        count = len(self.design.points)
        return np.concatenate([lots, np.arange(count) + lots.max() + 1])

    def _regions(self, matrix: np.ndarray, scaled: np.ndarray) -> np.ndarray:
        """Return the region of each row: as that of a call, see `stand_in_limits.WHERE`."""
        low, high = inner_ends_of(self._variables())
        found = np.full(matrix.shape[1], len(WHERE) - 1)
        found[((matrix >= low) & (matrix <= high)).all(axis=0)] = 1
        found[self.design.box.cloud.holds(scaled)] = 0
        return found

    def _variables(self) -> list[Variable]:
        box = self.design.box
        edges = zip(box.low, box.high, box.seen_low, box.seen_high, box.scales, strict=True)
        return [
            Variable(
                place=slot.place,
                name=slot.name,
                unit=unit_of(slot.name),
                low=float(low),
                high=float(high),
                seen_low=float(seen_low),
                seen_high=float(seen_high),
                scale=scale,
            )
            for slot, (low, high, seen_low, seen_high, scale) in zip(
                self.shape.varying, edges, strict=True
            )
        ]

    def _largest(self) -> dict[str, float]:
        """Return the largest amount of each unit among all that is given and answered."""
        found: dict[str, float] = {}
        for columns in (self.some.given, self.some.answers, self.design.answers):
            for slot, column in columns.items():
                unit = unit_of(slot.name)
                found[unit] = max(found.get(unit, 0.0), float(np.abs(column).max()))
        return found

    def _copied(self, slot: Slot, column: np.ndarray, matrix: np.ndarray) -> Copy | None:
        """Return of which variable an output is a copy, if of any."""
        for at, values in enumerate(matrix):
            used = values != 0.0
            if unit_of(self.shape.varying[at].name) != unit_of(slot.name) or not used.any():
                continue
            factor = float(np.median(column[used] / values[used]))
            if factor != 0.0 and alike(column, factor * values).all():
                factor = round(factor, 12)
                return Copy(phase=slot.place, name=slot.name, variable=at, factor=factor)
        return None

    @staticmethod
    def _learnt(
        tried: _Tried, candidate: str, halves: Halves, error: float, largest: dict[str, float]
    ) -> Learnt:
        unit, column = unit_of(tried.slot.name), tried.column
        return Learnt(
            phase=tried.slot.place,
            name=tried.slot.name,
            unit=unit,
            link=tried.link,
            bounded=tried.bounded,
            candidate=candidate,
            half_widths=halves,
            low=float(column.min()),
            high=float(column.max()),
            error=error,
            widest=max(ROUGH * float(np.ptp(column)), WIDEST_OF_UNIT * largest[unit]),
        )

    def _regime(
        self,
        constants: list[Constant],
        copies: list[Copy],
        learnt: list[Learnt],
    ) -> Regime:
        said = []
        if self.design.drawn_in:
            said.append(f"its box was drawn in by {self.design.drawn_in:.0%} of its margins")
        slots = list(self.table.given)
        return Regime(
            station=self.station,
            settings=self.settings,
            start=sorted(slot.name for slot in slots if slot.place < 0),
            phases=[
                sorted(s.name for s in slots if s.place == at and s.name != DURATION)
                for at in self.table.phases()
            ],
            conditions=list(self.shape.conditions),
            ties=list(self.shape.ties),
            variables=self._variables(),
            constants=constants,
            copies=copies,
            learnt=learnt,
            rows=len(self.some),
            lots=len(np.unique(self.some.lots)),
            designed=len(self.design.points),
            left_out=self.left_out,
            covered=[],
            said=said,
        )


def scales_of(slot: Slot, column: np.ndarray) -> list[_Tried]:
    """Return the scales on which an output is tried.

    A share between 0 and 1 by the vocabulary stays there by construction; what is positive and wide
    is tried as logarithm too; what may be 0 is cut there.
    """
    words = vocabulary()
    if slot.name not in words or words[slot.name].minimum != 0.0:
        return [_Tried(slot, column, Link(), bounded=False)]
    own = words[slot.name]
    within = bool(((column > 0.0) & (column < 1.0)).all())
    if own.unit == "1" and own.maximum == 1.0 and within:
        return [_Tried(slot, column, Link(kind="logit"), bounded=False)]
    found = [_Tried(slot, column, Link(), bounded=True)]
    if column.min() > 0.0 and column.max() > WIDE * column.min():
        found.append(_Tried(slot, column, Link(kind="log"), bounded=False))
    return found


def unit_of(name: str) -> str:
    """Return the canonical unit of a quantity, of a phase's time, or "1"."""
    words = vocabulary()
    if name in {DURATION, "phase_time"}:
        return "s"
    return words[name].unit if name in words else "1"


def _narrowest(told: Sequence[Learnt]) -> list[int]:
    """Return for each output the scale on which its interval is the narrowest."""
    best: dict[Slot, int] = {}
    for at, each in enumerate(told):
        slot = Slot(each.phase, each.name)
        if slot not in best or width_of(each) < width_of(told[best[slot]]):
            best[slot] = at
    return list(best.values())


def _constant(slot: Slot, column: np.ndarray) -> Constant:
    value = float(np.median(column))
    scatter = float(np.abs(column - value).max())
    return Constant(phase=slot.place, name=slot.name, value=value, scatter=scatter)


def _lean(fitted: Fitted, outputs: list[int]) -> Weights:
    """Return the numbers of some outputs, without terms that none of them uses."""
    used = {fitted.chosen[at] for at in outputs}
    count = len(fitted.weights.centres)
    products = 1 + count + count * (count + 1) // 2
    bends = len(fitted.weights.hidden) if "network" in used else 0
    if "bends" in used:
        bends = max(bends, min(GENTLE, len(fitted.weights.hidden)))
    quadratic = not used <= {"linear"}
    end = products + bends if quadratic else 1 + count
    return fitted.weights.model_copy(
        update={
            "quadratic": quadratic,
            "hidden": fitted.weights.hidden[:bends],
            "offsets": fitted.weights.offsets[:bends],
            "coefficients": fitted.coefficients[outputs, :end].tolist(),
        }
    )
