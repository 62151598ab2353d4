"""Steps repeated until the inputs that were held fit what came of them (implicit steps).

The inputs of a step are its unknowns: each is to be what its source gives at the end of the step,
or, where inputs are extrapolated, the mean of both ends. They are found by Broyden's method
(Math. Comp. 19 (1965)), which begins as a fixed-point iteration and learns from each repetition; if
that does not settle, derivatives from differences begin it anew, as in Newton's method. What it has
learnt serves the next step, and is part of a saved state.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import numpy as np

from linetwin.cosim.groups.engine import EarlyError, PythonEngine
from linetwin.cosim.groups.loops import solved
from linetwin.cosim.groups.rollback import Snapshot
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from linetwin.cosim.groups.course import Iterate
    from linetwin.cosim.groups.running import Copy, Plan

Matrix = list[list[float]]
_REAL: Final = {np.float64, np.float32}
_NUDGE: Final = 1e-3
"""Change of an input (of itself, or of its nominal value) by which a derivative is found.

FMUs integrate with errors of some 1e-6; the square root of that is where both errors balance.
"""
_FLAT: Final = 1e-12
"""Cosine below which a repetition has taught nothing."""


class UnsettledError(FmuError):
    """A step whose inputs do not settle; a shorter one may."""


class _Step(NamedTuple):
    """A step that is tried: to `time` (s), a `point` of the grid or none.

    `sources`: what the unknowns' sources gave at its beginning.
    """

    time: float
    point: int | None
    sources: list[float]


class IteratedEngine(PythonEngine):
    """Takes steps whose inputs fit what comes of them; all members must be able to go back."""

    def __init__(self, plan: Plan, begin: int, rule: Iterate) -> None:
        """Step the members of `plan`, which stand at tick `begin`."""
        super().__init__(plan, None, begin)
        self._rule = rule
        found = [(m, copy) for m in plan.members for copy in m.copies if _real(copy)]
        self._unknowns = [copy for _, copy in found]
        self._scales = [m.member.variables[copy.variable].nominal for m, copy in found]
        self._title = ", ".join(f"{m.member.name}.{copy.variable}" for m, copy in found)
        self._snapshot = Snapshot(plan, self)
        self.inverse = _identity(len(found))
        self.passes = 0

    def move(self, time: float, index: int | None) -> float | None:
        """Take one communication step of all members to `time` (s); see `Mover`.

        Raises UnsettledError where the inputs do not settle.
        """
        first = self._plan.members[0]
        begin = first.at
        self._snapshot.keep(begin, first.index)
        step = _Step(time, index, [copy.source.read() for copy in self._unknowns])
        guess = [copy.converted(value) for copy, value in self._pairs(step.sources)]
        try:
            if not self._settled(step, guess):
                self._differentiate(step, guess)
                settled = self._settled(step, guess)
                self._check()
                if not settled:
                    self._give_up(time - begin, begin)
            self._check()
        except EarlyError as early:
            return early.time
        except UnsettledError:
            raise
        except FmuError as error:
            raise self._named(error) from error
        return None

    def _check(self) -> None:
        for member in self._plan.members:
            member.check()

    def close(self) -> None:
        """Give back the states inside the members."""
        self._snapshot.free()

    def _settled(self, step: _Step, guess: list[float]) -> bool:
        """Repeat a step until its inputs fit; False where they do not, or are no numbers."""
        rests = self._rests(step, guess)
        for repetition in range(self._rule.most + 1):
            fits = zip(rests, self._scales, guess, strict=True)
            if all(abs(r) <= self._rule.tolerance * max(s, abs(g)) for r, s, g in fits):
                return True
            if repetition == self._rule.most or not all(map(math.isfinite, rests)):
                break
            change = [-number for number in _times(self.inverse, rests)]
            guess = [old + new for old, new in zip(guess, change, strict=True)]
            before, rests = rests, self._rests(step, guess)
            self._learn(change, [new - old for new, old in zip(rests, before, strict=True)])
        return False

    def _rests(self, step: _Step, guess: list[float]) -> list[float]:
        """Take a step with these inputs; return by how much what comes of it differs from them."""
        self._snapshot.back()
        self.arrived.clear()
        self.passes += 1
        members = self._plan.members
        for member in members:
            for copy in member.copies:
                member.copy(member.running, copy)
            for text in member.text_copies:
                member.copy_text(member.running, text)
        for copy, number in self._pairs(guess):
            copy.target.write(number)
        for member in members:
            member.running.set(member.taken.table)
        for member in members:
            self._step(member, step.point, step.time)
            member.running.get(member.outputs.table)
        self._visit(self._plan.visits)
        rests = []
        for (copy, before), held in zip(self._pairs(step.sources), guess, strict=True):
            after = copy.source.read()
            rests.append(
                copy.converted((before + after) / 2 if self._plan.linear else after) - held
            )
        return rests

    def _pairs(self, numbers: list[float]) -> zip[tuple[Copy, float]]:
        return zip(self._unknowns, numbers, strict=True)

    def _learn(self, change: list[float], taught: list[float]) -> None:
        """Let the inverse know by how much the rests changed with the inputs (Broyden's update)."""
        moved = _times(self.inverse, taught)
        along = sum(a * b for a, b in zip(change, moved, strict=True))
        if not abs(along) > _FLAT * math.hypot(*change) * math.hypot(*moved):
            return
        columns = zip(*self.inverse, strict=True)
        row = [
            sum(a * b for a, b in zip(change, column, strict=True)) / along for column in columns
        ]
        for line, wanted, had in zip(self.inverse, change, moved, strict=True):
            for place, number in enumerate(row):
                line[place] += (wanted - had) * number

    def _differentiate(self, step: _Step, guess: list[float]) -> None:
        """Begin anew with the inverse of the rests' derivatives, found by differences."""
        base = self._rests(step, guess)
        columns = []
        for place, scale in enumerate(self._scales):
            nudge = _NUDGE * max(scale, abs(guess[place]))
            other = [n + nudge if i == place else n for i, n in enumerate(guess)]
            rests = self._rests(step, other)
            columns.append([(new - old) / nudge for new, old in zip(rests, base, strict=True)])
        size = range(len(base))
        found = []
        for place in size:
            rows = [list(row) for row in zip(*columns, strict=True)]
            found.append(solved(rows, [1.0 if place == i else 0.0 for i in size]))
        known = [column for column in found if column is not None]
        complete = len(known) == len(base)
        self.inverse = (
            [list(row) for row in zip(*known, strict=True)] if complete else _identity(len(base))
        )

    def _give_up(self, length: float, begin: float) -> NoReturn:
        offset = self._plan.members[0].running.offset_s
        raise UnsettledError(
            f"the inputs {self._title} of a step of {length:g} s do not settle in"
            f" {self._rule.most} repetitions; it may need a shorter step",
            self._plan.name,
            offset + begin,
        )


def _real(copy: Copy) -> bool:
    """Tell whether a copy carries a real number into a real input, by a factor and an offset."""
    kinds = {slot.cell.block.type for slot in (copy.source, copy.target)}
    return kinds <= _REAL and not copy.table


def _identity(size: int) -> Matrix:
    """Return what a fixed-point iteration would know: an input less, and its rest is one more."""
    return [[-1.0 if row == column else 0.0 for column in range(size)] for row in range(size)]


def _times(matrix: Matrix, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]
