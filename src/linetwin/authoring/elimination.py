"""The linear systems of implicit steps, eliminated in a fixed order and written out in C.

The matrix of a step, 1 / (h gamma) - df/dz, has few entries, at places that never change. In a good
order of its unknowns hardly any are added (Markowitz, Management Science 3 (1957) 255), and code
without loops and tests does a fraction of the work of a dense elimination. The order is no choice
of pivots by size: whoever uses the factors looks whether they are accurate, and takes the dense
elimination, which does choose, where they are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LARGEST = 4000
"""Multiplications written out at most: beyond, the code no longer fits a processor's cache [A]."""

Entry = tuple[int, int]


@dataclass(frozen=True)
class Pivot:
    """One step: the unknown, and the rows and columns left that its column and row touch."""

    unknown: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Elimination:
    """Pivots in order, and the place of each entry, added ones included, in the array of factors.

    Without pivots the dense elimination is the better one.
    """

    pivots: tuple[Pivot, ...]
    places: dict[Entry, int]


NONE = Elimination((), {})


def eliminate(unknowns: Sequence[int], entries: Iterable[Entry]) -> Elimination:
    """Return the elimination of a square matrix with entries at (row, column).

    NONE where an entry of the diagonal is missing, or where too much would have to be written.
    """
    there, left = set(entries), set(unknowns)
    if any((i, i) not in there for i in left):
        return NONE
    pivots, work = [], 0
    while left:
        chosen = min((_pivot(i, left, there) for i in sorted(left)), key=_fill)
        pivots.append(chosen)
        left.remove(chosen.unknown)
        there.update((row, column) for row in chosen.rows for column in chosen.columns)
        work += _fill(chosen) + 2 * (len(chosen.rows) + len(chosen.columns))
    if work > LARGEST:
        return NONE
    return Elimination(tuple(pivots), {entry: n for n, entry in enumerate(sorted(there))})


def _pivot(unknown: int, left: set[int], there: set[Entry]) -> Pivot:
    others = sorted(left - {unknown})
    rows = tuple(i for i in others if (i, unknown) in there)
    return Pivot(unknown, rows, tuple(i for i in others if (unknown, i) in there))


def _fill(pivot: Pivot) -> int:
    """Return how many entries a pivot touches: as many as may have to be added."""
    return len(pivot.rows) * len(pivot.columns)


def written(elimination: Elimination) -> str:
    """Return the C functions `eliminate`, from entries to factors, and `substitute`."""
    a, down, up = elimination.places, [], []
    body: list[str] = []
    for pivot in elimination.pivots:
        p = pivot.unknown
        own = f"a[{a[p, p]}]"
        body.append(f"{own} = 1.0 / {own};")
        body += [f"a[{a[i, p]}] *= {own};" for i in pivot.rows]
        body += [
            f"a[{a[i, j]}] -= a[{a[i, p]}] * a[{a[p, j]}];"
            for i in pivot.rows
            for j in pivot.columns
        ]
        down += [f"b[{i}] -= a[{a[i, p]}] * b[{p}];" for i in pivot.rows]
    for pivot in reversed(elimination.pivots):
        p = pivot.unknown
        taken = "".join(f" - a[{a[p, j]}] * b[{j}]" for j in pivot.columns)
        up.append(f"b[{p}] = (b[{p}]{taken}) * a[{a[p, p]}];")
    return "\n".join(
        [
            "static inline void eliminate(double *restrict a)\n{",
            *body,
            "}",
            "static inline void substitute(const double *restrict a, double *restrict b)\n{",
            *down,
            *up,
            "}\n",
        ]
    )
