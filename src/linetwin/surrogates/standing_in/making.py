"""From a line's calls to a stand-in: each form of call at each station becomes a regime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.links import Link
from linetwin.predictors.stand_in import rescaled
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
from linetwin.quantities import vocabulary
from linetwin.surrogates.learning.conforming import covered, half_width
from linetwin.surrogates.standing_in.designing import design
from linetwin.surrogates.standing_in.fitting import PARTS, Fitted, fit
from linetwin.surrogates.standing_in.shaping import ALWAYS, RULE, alike, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.contracts import Transform
    from linetwin.predictors.card import Covered
    from linetwin.surrogates.standing_in.designing import Design
    from linetwin.surrogates.standing_in.shaping import Shape
    from linetwin.surrogates.standing_in.table import Table

MOST_ROWS: Final = 2_000
"""Recorded items of a regime that are learnt from; of more, evenly so many."""
NOTHING: Final = 1e-7
"""Spread of an output, over the largest amount of its unit, that counts as none [A]."""
WIDEST: Final = 0.05
"""Interval of an output over its range in training up to which `auto` takes it [A]."""
WIDEST_OF_UNIT: Final = 1e-4
"""The same over the largest amount of its unit, where that is more [A]."""
WIDE: Final = 4.0
"""Ratio of an output's ends from which on its logarithm is learnt [A]."""
_LEAST_ROWS: Final = 8


@dataclass(frozen=True)
class Made:
    """A regime with its numbers."""

    regime: Regime
    weights: Weights

    @property
    def too_wide(self) -> int:
        """Number of outputs whose interval is too wide for `auto` even where the line was seen."""
        return sum(_width(each) > each.widest for each in self.regime.learnt)


@dataclass(frozen=True)
class Asked:
    """What is to stand in: the FMU of a station, for calls of one form.

    `wanted`: ranges that its box is to hold, by quantity; `points`: designed points;
    `coverage`: of the intervals.
    """

    kind: str
    station: str
    settings: str
    model: Transform
    wanted: Mapping[str, tuple[float, float]]
    points: int
    coverage: float


def make(asked: Asked, table: Table) -> Made | str:
    """Return the regime of a table of calls, or why the FMU has no stand-in there.

    First all that ever varied is varied. Where that cannot be learnt well enough, values that
    nearly all items share become conditions, and the others are left to the FMU.
    """
    valid = table.some(np.minimum.reduce([_valid(table, at) for at in _phases(table)]) >= 1.0)
    if not len(valid):
        return "all that was asked lay outside of the range that the FMU declares"
    whole = _made(asked, table, valid, shape_of(valid, ALWAYS))
    if isinstance(whole, Made) and not whole.too_wide:
        return whole
    narrow = shape_of(valid, RULE)
    if not narrow.kept.all():
        lean = _made(asked, table, valid, narrow)
        if isinstance(whole, str) or (isinstance(lean, Made) and lean.too_wide < whole.too_wide):
            return lean
    return whole


def _phases(table: Table) -> list[int]:
    return sorted({slot.place for slot in table.answers})


def _valid(table: Table, phase: int) -> np.ndarray:
    return table.answers[Slot(phase, "valid")]


def _made(asked: Asked, table: Table, valid: Table, shape: Shape) -> Made | str:
    kept = valid.some(shape.kept)
    if len(kept) < _LEAST_ROWS:
        return f"only {len(kept)} items, {_LEAST_ROWS} are needed"
    if not shape.varying:
        return "nothing of it varies"
    wanted = {slot: asked.wanted[slot.name] for slot in shape.varying if slot.name in asked.wanted}
    found = design(asked.model, shape, kept, wanted, asked.points)
    if isinstance(found, str):
        return found
    some = kept.some(np.unique(np.linspace(0, len(kept) - 1, MOST_ROWS).astype(int)))
    return _Making(asked, table, kept, some, shape, found).made()


@dataclass(frozen=True)
class _Making:
    """What a regime is made of; `some` of the rows `kept` are learnt from, with the design."""

    asked: Asked
    table: Table
    kept: Table
    some: Table
    shape: Shape
    design: Design

    def made(self) -> Made:
        """Return the regime."""
        values = np.column_stack([self.some.given[slot] for slot in self.shape.varying])
        matrix = np.concatenate([values, self.design.points]).T
        constants: list[Constant] = []
        copies: list[Copy] = []
        learnt: dict[Slot, np.ndarray] = {}
        largest = self._largest()
        for slot in self.design.answers:
            column = np.concatenate([self.some.answers[slot], self.design.answers[slot]])
            copied = self._copied(slot, column, matrix)
            if np.ptp(column) <= NOTHING * largest[_unit(slot.name)]:
                constants.append(_constant(slot, column))
            elif copied is not None:
                copies.append(copied)
            else:
                learnt[slot] = column
        scaled = matrix.copy()
        for at, scale in enumerate(self.design.box.scales):
            scaled[at] = rescaled(matrix[at], scale)
        links = {slot: link_of(slot.name, column) for slot, column in learnt.items()}
        linked = np.array([links[slot][0].to(column) for slot, column in learnt.items()])
        fitted = fit(scaled, linked.reshape(len(learnt), -1), self._groups())
        intervals = _Intervals(fitted.held_out - linked, self._groups(), self._inner(matrix), self)
        told = [
            self._learnt(slot, links[slot], column, fitted.chosen[at], intervals.of(at), largest)
            for at, (slot, column) in enumerate(learnt.items())
        ]
        return Made(self._regime(constants, copies, told, intervals.covered(fitted)), _lean(fitted))

    def _groups(self) -> np.ndarray:
        """Return a group for each row: its lot, or a designed point by itself."""
        _, lots = np.unique(self.some.lots, return_inverse=True)
        count = len(self.design.points)
        return np.concatenate([lots, np.arange(count) + lots.max() + 1])

    def _inner(self, matrix: np.ndarray) -> np.ndarray:
        """Tell which rows lie where the line itself was seen."""
        box = self.design.box
        good = (matrix >= box.seen_low[:, None]) & (matrix <= box.seen_high[:, None])
        return np.asarray(good.all(axis=0))

    def _largest(self) -> dict[str, float]:
        """Return the largest amount of each unit among all that is given and answered."""
        found: dict[str, float] = {}
        for columns in (self.some.given, self.some.answers, self.design.answers):
            for slot, column in columns.items():
                unit = _unit(slot.name)
                found[unit] = max(found.get(unit, 0.0), float(np.abs(column).max()))
        return found

    def _copied(self, slot: Slot, column: np.ndarray, matrix: np.ndarray) -> Copy | None:
        """Return of which variable an output is a copy, if of any."""
        for at, values in enumerate(matrix):
            used = values != 0.0
            if _unit(self.shape.varying[at].name) != _unit(slot.name) or not used.any():
                continue
            factor = float(np.median(column[used] / values[used]))
            if factor != 0.0 and alike(column, factor * values).all():
                factor = round(factor, 12)
                return Copy(phase=slot.place, name=slot.name, variable=at, factor=factor)
        return None

    def _learnt(
        self,
        slot: Slot,
        link: tuple[Link, bool],
        column: np.ndarray,
        candidate: str,
        found: tuple[float, float, float],
        largest: Mapping[str, float],
    ) -> Learnt:
        unit = _unit(slot.name)
        widest = max(WIDEST * float(np.ptp(column)), WIDEST_OF_UNIT * largest[unit])
        return Learnt(
            phase=slot.place,
            name=slot.name,
            unit=unit,
            link=link[0],
            bounded=link[1],
            candidate=candidate,
            half_widths=found[:2],
            low=float(column.min()),
            high=float(column.max()),
            error=found[2],
            widest=widest,
        )

    def _regime(
        self,
        constants: list[Constant],
        copies: list[Copy],
        learnt: list[Learnt],
        counted: list[Covered],
    ) -> Regime:
        asked, box = self.asked, self.design.box
        edges = zip(box.low, box.high, box.seen_low, box.seen_high, box.scales, strict=True)
        variables = [
            Variable(
                place=slot.place,
                name=slot.name,
                unit=_unit(slot.name),
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
        said = []
        if self.design.drawn_in:
            said.append(f"its box was drawn in by {self.design.drawn_in:.0%} of its margins")
        slots = list(self.table.given)
        return Regime(
            station=asked.station,
            settings=asked.settings,
            start=sorted(slot.name for slot in slots if slot.place < 0),
            phases=[
                sorted(s.name for s in slots if s.place == at and s.name != DURATION)
                for at in _phases(self.table)
            ],
            conditions=list(self.shape.conditions),
            ties=list(self.shape.ties),
            variables=variables,
            constants=constants,
            copies=copies,
            learnt=learnt,
            rows=len(self.some),
            lots=len(np.unique(self.some.lots)),
            designed=len(self.design.points),
            left_out=len(self.table) - len(self.kept),
            covered=counted,
            said=said,
        )


@dataclass(frozen=True)
class _Intervals:
    """Held-out errors of shape (outputs, rows) on the outputs' scales, and what they promise.

    `inner`: rows where the line was seen; of the designed points among them, and of the recorded
    lots, the wider interval counts.
    """

    errors: np.ndarray
    groups: np.ndarray
    inner: np.ndarray
    making: _Making

    def of(self, output: int) -> tuple[float, float, float]:
        """Return the half-widths where the line was seen and elsewhere, and the rms error."""
        every = np.ones(self.errors.shape[1], dtype=bool)
        seen, rest = self._halves(self.errors[output], every)
        return seen, rest, float(np.sqrt((self.errors[output] ** 2).mean()))

    def covered(self, fitted: Fitted) -> list[Covered]:
        """Return how many rows lay in intervals that other parts made, of the worst output."""
        if not len(self.errors):
            return []
        inside = np.zeros(self.errors.shape, dtype=bool)
        for part in range(PARTS):
            own = fitted.parts == part
            for output, errors in enumerate(self.errors):
                seen, rest = self._halves(errors, ~own)
                inside[output, own] = np.abs(errors[own]) <= np.where(self.inner[own], seen, rest)
        recorded = np.arange(inside.shape[1]) < len(self.making.some)
        return [
            covered(where, inside[inside[:, chosen].mean(axis=1).argmin()][chosen])
            for where, chosen in (("recorded items", recorded), ("designed points", ~recorded))
        ]

    def _halves(self, errors: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
        recorded = np.arange(len(errors)) < len(self.making.some)
        coverage = self.making.asked.coverage
        found = []
        for chosen in (recorded & rows, ~recorded & self.inner & rows, ~self.inner & rows):
            some = chosen.any()
            half = half_width(errors[chosen], self.groups[chosen], coverage)[0] if some else 0.0
            found.append(half)
        seen = max(found[:2])
        return seen, max(seen, found[2])


def link_of(name: str, column: np.ndarray) -> tuple[Link, bool]:
    """Return the scale on which an output is learnt, and whether it is cut to its bounds.

    What lies between 0 and 1 by the vocabulary does so by construction; what is positive and wide
    is learnt as logarithm; what may be 0 is cut there.
    """
    words = vocabulary()
    if name not in words or words[name].minimum != 0.0:
        return Link(), False
    if words[name].maximum == 1.0 and ((column > 0.0) & (column < 1.0)).all():
        return Link(kind="logit"), False
    if column.min() > 0.0 and column.max() > WIDE * column.min():
        return Link(kind="log"), False
    return Link(), True


def _constant(slot: Slot, column: np.ndarray) -> Constant:
    value = float(np.median(column))
    scatter = float(np.abs(column - value).max())
    return Constant(phase=slot.place, name=slot.name, value=value, scatter=scatter)


def _unit(name: str) -> str:
    words = vocabulary()
    if name in {DURATION, "phase_time"}:
        return "s"
    return words[name].unit if name in words else "1"


def _width(each: Learnt) -> float:
    """Return the widest interval of an output within its range in training, in its unit."""
    ends = each.link.to(np.array([each.low, each.high, (each.low + each.high) / 2]))
    half = each.half_widths[0]
    return float((each.link.back(ends + half) - each.link.back(ends - half)).max())


def _lean(fitted: Fitted) -> Weights:
    """Return the numbers without terms that no output uses."""
    count = len(fitted.weights.centres)
    quadratic = bool({"quadratic", "network"} & set(fitted.chosen))
    bends = "network" in fitted.chosen
    products = 1 + count + count * (count + 1) // 2
    end = len(fitted.coefficients[0]) if bends else products if quadratic else 1 + count
    return fitted.weights.model_copy(
        update={
            "quadratic": quadratic,
            "hidden": fitted.weights.hidden if bends else [],
            "offsets": fitted.weights.offsets if bends else [],
            "coefficients": fitted.coefficients[:, :end].tolist(),
        }
    )
