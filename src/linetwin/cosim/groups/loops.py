"""Solving an algebraic loop at one instant, by Newton's method on the inputs it goes through.

The derivatives are those of finite differences: setting inputs and reading outputs needs no step.
The compiled kernel (group.c) does the same, to the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from linetwin.cosim.groups.definition import Loops
    from linetwin.cosim.groups.running import PlannedVisit

_NUDGE: Final = 1e-6
"""Change of an input (relative to it, but at least to 1) by which a derivative is found."""
_SINGULAR: Final = 1e-8
"""Pivot, relative to the largest slope, that is no more than the rounding of a difference."""


def evaluate(visit: PlannedVisit) -> list[float]:
    """Set the inputs of a loop's members, read their outputs; return what these make of the inputs.

    Raises FmuError where a member fails.
    """
    for member in visit.members:
        member.running.set(member.taken.table)
        member.running.get(member.outputs.table)
    return [copy.converted(copy.source.read()) for copy in visit.copies]


def solve_loop(visit: PlannedVisit, loops: Loops) -> float:
    """Look for inputs that the outputs confirm; return 0 or, where none are found, what is left.

    The members' inputs hold the first guess. Raises FmuError where a member fails.
    """
    targets = [copy.target for copy in visit.copies]
    made = evaluate(visit)
    rests: list[float] = []
    for iteration in range(loops.most + 1):
        inputs = [target.read() for target in targets]
        rests = [new - old for new, old in zip(made, inputs, strict=True)]
        limits = [loops.tolerance * max(1.0, abs(old)) for old in inputs]
        if all(abs(rest) <= most for rest, most in zip(rests, limits, strict=True)):
            return 0.0
        if iteration == loops.most:
            break
        slopes = _slopes(visit, inputs, made)
        change = solved(slopes, list(rests))
        if change is None:
            break
        for target, old, step in zip(targets, inputs, change, strict=True):
            target.write(old + step)
        made = evaluate(visit)
    left = 0.0
    for rest in rests:
        if not abs(rest) <= left:  # also where it is no number
            left = abs(rest)
    return left


def unsolved(visit: PlannedVisit, left: float) -> NoReturn:
    """Let a loop's first member fail."""
    visit.members[0].running.fail(
        f"the algebraic loop through {visit.title} has no solution: {left:g} is left"
    )


def _slopes(visit: PlannedVisit, inputs: list[float], made: list[float]) -> list[list[float]]:
    """Return the rows of d(input - what the outputs make of it) / d(input)."""
    columns = []
    for place, copy in enumerate(visit.copies):
        nudge = _NUDGE * max(1.0, abs(inputs[place]))
        copy.target.write(inputs[place] + nudge)
        columns.append(
            [(new - old) / nudge for new, old in zip(evaluate(visit), made, strict=True)]
        )
        copy.target.write(inputs[place])
    size = range(len(inputs))
    return [[(1.0 if i == j else 0.0) - columns[j][i] for j in size] for i in size]


def solved(matrix: list[list[float]], right: list[float]) -> list[float] | None:
    """Return x of matrix x = right, by elimination with the largest pivot; None where singular."""
    size = len(right)
    largest = 0.0
    for number in (abs(number) for row in matrix for number in row):
        largest = max(largest, number)  # what is no number is left out
    least = largest * _SINGULAR
    for step in range(size):
        pivot = step
        for row in range(step + 1, size):
            if abs(matrix[row][step]) > abs(matrix[pivot][step]):
                pivot = row
        if not abs(matrix[pivot][step]) > least:
            return None
        matrix[step], matrix[pivot] = matrix[pivot], matrix[step]
        right[step], right[pivot] = right[pivot], right[step]
        for row in range(step + 1, size):
            factor = matrix[row][step] / matrix[step][step]
            for column in range(step, size):
                matrix[row][column] -= factor * matrix[step][column]
            right[row] -= factor * right[step]
    for step in reversed(range(size)):
        for column in range(step + 1, size):
            right[step] -= matrix[step][column] * right[column]
        right[step] /= matrix[step][step]
    return right
