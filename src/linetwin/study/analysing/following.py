"""One factor at a time, and how a result settles as runs are added."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.study.analysing.effects import effects
from linetwin.study.analysing.inferring import Estimate, mean_of
from linetwin.study.analysing.sensitivity import morris, sobol

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.study.analysing.observing import Observed

STEPS = 12
_SHOWN = 6


class Swing(NamedTuple):
    """What a factor does when all others stay as the scenario has them.

    `changes`: value of the factor, and the change of the figure against the scenario as it is.
    """

    factor: int
    changes: tuple[tuple[object, Estimate], ...]

    @property
    def widest(self) -> float:
        """The largest change to either side."""
        known = [abs(c.value) for _, c in self.changes if math.isfinite(c.value)]
        return max(known, default=0.0)


class Course(NamedTuple):
    """How estimates settle: so many runs -> an estimate of each name."""

    what: str
    runs: tuple[int, ...]
    lines: dict[str, tuple[Estimate, ...]]


def tornado(observed: Observed, figure: str) -> tuple[Swing, ...]:
    """Return the swings of factors varied one at a time, widest first; seeds are paired."""
    values, points = observed.values(figure), observed.study.points
    found = []
    for number, factor in enumerate(observed.factors):
        own = observed.shares[:, number]
        rows = np.flatnonzero(np.isfinite(own) & ~np.isclose(own, own[0], rtol=0, atol=1e-12))
        changes = [
            (points[factor.address].iloc[row], mean_of(values[row] - values[0]))
            for row in rows.tolist()
        ]
        found.append(Swing(number, tuple(changes)))
    return tuple(sorted(found, key=lambda each: -each.widest))


def course(observed: Observed, figure: str) -> Course | None:
    """Return how the main result of a design settled; None for too few runs."""
    kind = observed.design.kind
    if kind == "sobol_indices":
        return _of_indices(observed, figure)
    if kind == "morris":
        return _of_screening(observed, figure)
    if kind in {"latin_hypercube", "sobol"}:
        return _of_effects(observed, figure)
    return _of_mean(observed, figure) if kind == "replications" else None


def _of_indices(observed: Observed, figure: str) -> Course | None:
    whole = sobol(observed, figure)
    if whole is None:
        return None
    size = (1 + bool(observed.design.second_order)) * len(observed.factors) + 2
    counts = [2**n for n in range(3, whole.samples.bit_length()) if 2**n <= whole.samples]

    def told(count: int) -> dict[int, Estimate]:
        found = sobol(observed, figure, count)
        return dict(enumerate(found.total)) if found else {}

    return _course(observed, "total index", counts, size, told)


def _of_screening(observed: Observed, figure: str) -> Course | None:
    whole = morris(observed, figure)
    if whole is None:
        return None

    def told(count: int) -> dict[int, Estimate]:
        found = morris(observed, figure, count)
        return dict(enumerate(found.mu_star)) if found else {}

    counts = _counts(2, whole.trajectories)
    return _course(observed, "mu*", counts, len(observed.factors) + 1, told)


def _of_effects(observed: Observed, figure: str) -> Course | None:
    shares, values = observed.shares, observed.values(figure)

    def told(count: int) -> dict[int, Estimate]:
        found = effects(shares[:count], values[:count]).effects
        return {e.factors[0]: e.change for e in found if len(e.factors) == 1}

    first = shares.shape[1] + 3
    return _course(observed, "effect", _counts(first, len(values)), values.shape[1], told)


def _of_mean(observed: Observed, figure: str) -> Course | None:
    values = observed.values(figure)[0]
    counts = _counts(2, len(values))
    if len(counts) < 2:  # noqa: PLR2004
        return None
    line = tuple(mean_of(values[:count]) for count in counts)
    return Course("mean", tuple(counts), {"mean": line})


def _counts(first: int, last: int) -> list[int]:
    if last < first:
        return []
    steps = np.geomspace(first, last, STEPS)
    return sorted({round(step) for step in steps})


def _course(
    observed: Observed,
    what: str,
    counts: list[int],
    size: int,
    told: Callable[[int], dict[int, Estimate]],
) -> Course | None:
    """Return the course of the factors that count most in the end."""
    steps = [(count * size, told(count)) for count in counts]
    steps = [step for step in steps if step[1]]
    if len(steps) < 2:  # noqa: PLR2004
        return None
    last = steps[-1][1]
    chosen = sorted(last, key=lambda number: -abs(last[number].value))[:_SHOWN]
    lines = {
        observed.factors[number].address: tuple(
            found.get(number, Estimate(math.nan)) for _, found in steps
        )
        for number in chosen
    }
    return Course(what, tuple(count for count, _ in steps), lines)
