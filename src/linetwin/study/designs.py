"""Designs: which points of the factors are run, in an order that analysis relies on."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from linetwin.errors import LinetwinError
from linetwin.study.schema import DESIGN_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import Scalar
    from linetwin.study.factors import Factor
    from linetwin.study.schema import Design

Point = tuple["Scalar | None", ...]
"""A value of each factor, in their order; None leaves one as the scenario has it."""
MOST_RUNS = 1_000_000
MORRIS_LEVELS = 4
"""Levels of a grid for Morris screening, as in Campolongo, Cariboni and Saltelli 2007 [M]."""
ADAPTIVE = ("optimise", "compare", "screen")
"""Kinds that choose their points as they go."""
_FEWEST = {"morris": 2, "screen": 2, "sobol_indices": 2}
_FACTORLESS = ("replications", "compare")


def check(
    design: Design, factors: Sequence[Factor], replications: int, place: Place, problems: Problems
) -> None:
    """Note what contradicts itself in a design, or is too much of it."""
    needs, may = DESIGN_KEYS[design.kind]
    given = design.model_fields_set - {"kind"}
    hint = f"{design.kind} has {', '.join((*needs, *may)) or 'no keys of its own'}"
    for key in needs:
        if key not in given:
            problems.add(place.below(key), "missing key", hint)
    for key in sorted(given - {*needs, *may}):
        problems.add(place.below(key), f"{design.kind} has no {key}", hint)
    if design.kind in _FACTORLESS and factors:
        hint = "latin_hypercube, full, one_at_a_time, ... vary factors"
        problems.add(place.below("kind"), f"{design.kind} varies no factors", hint)
    elif not problems and len(factors) < (fewest := _fewest(design)):  # else factors went wrong
        message = f"the design is empty: {design.kind} needs {fewest} factors or more"
        problems.add(place, message, "factors: {ADDRESS: {low: ..., high: ...}}")
    points = design.points or 1
    if design.kind == "sobol_indices" and points & (points - 1):
        near = 1 << (points.bit_length() - 1)
        problems.add(place.below("points"), f"{points} is no power of two", f"{near} or {2 * near}")
    if problems or design.kind in ADAPTIVE:
        return
    runs = size(design, factors) * replications
    if runs > MOST_RUNS:
        hint = f"{MOST_RUNS:,} at most: fewer levels, points, factors or replications"
        problems.add(place, f"{runs:,} runs are too many", hint)


def _fewest(design: Design) -> int:
    return 0 if design.kind in _FACTORLESS else _FEWEST.get(design.kind, 1)


def size(design: Design, factors: Sequence[Factor]) -> int:
    """Return how many points a design has, before any is made."""
    count, points = len(factors), design.points or 0
    if design.kind == "full":
        return math.prod(_grid_size(factor, _levels(design)) for factor in factors)
    if design.kind == "one_at_a_time":
        return 1 + sum(_grid_size(factor, _levels(design)) for factor in factors)
    if design.kind == "morris":
        return (design.trajectories or 0) * (count + 1)
    if design.kind == "sobol_indices":
        return points * ((2 * count if design.second_order else count) + 2)
    return points if design.kind in {"latin_hypercube", "sobol"} else 1


def points_of(design: Design, factors: Sequence[Factor], seed: int) -> list[Point]:
    """Return the points of a design that is fixed beforehand.

    Designs with chance draw it from `seed`. A longer `sobol`, `sobol_indices` begins with the
    points of a shorter one. Those of `morris` and `sobol_indices` stand in the order in which SALib
    analyses them.
    """
    kind = design.kind
    if kind == "replications":
        return [()]
    if kind == "full":
        return list(itertools.product(*(factor.grid(_levels(design)) for factor in factors)))
    if kind == "one_at_a_time":
        return list(_one_at_a_time(factors, _levels(design)))
    shares = shares_of(design, len(factors), seed)
    return [
        tuple(factor.at(float(share)) for factor, share in zip(factors, row, strict=True))
        for row in shares
    ]


def _grid_size(factor: Factor, levels: int) -> int:
    """Return how many values `Factor.grid` has, without making them; of whole numbers the most."""
    if factor.levels:
        return len(factor.levels)
    return min(levels, round(factor.high - factor.low) + 1) if factor.whole else levels


def _levels(design: Design) -> int:
    return design.levels or 2


def _one_at_a_time(factors: Sequence[Factor], levels: int) -> Iterable[Point]:
    """Yield the scenario as it is, then each factor varied while all others stay."""
    base: list[Scalar | None] = [factor.base for factor in factors]
    yield tuple(base)
    for number, factor in enumerate(factors):
        for value in factor.grid(levels):
            yield (*base[:number], value, *base[number + 1 :])


def shares_of(design: Design, count: int, seed: int) -> np.ndarray:
    """Return points of the unit cube: one row a point, one column a factor."""
    needed("scipy")
    from scipy.stats import qmc

    points = design.points or 0
    found: np.ndarray
    if design.kind == "latin_hypercube":
        found = qmc.LatinHypercube(count, rng=seed).random(points)
    elif design.kind == "sobol":
        # A whole power of two is drawn: the sequence is balanced there, and begins alike.
        exponent = math.ceil(math.log2(max(points, 2)))
        found = qmc.Sobol(count, rng=seed).random_base2(exponent)[:points]
    else:
        found = _of_salib(design, count, seed)
    return found


def _of_salib(design: Design, count: int, seed: int) -> np.ndarray:
    needed("SALib")
    from SALib.sample import morris, sobol

    problem = unit_problem(count)
    found: np.ndarray
    if design.kind == "morris":
        levels = design.levels or MORRIS_LEVELS
        found = morris.sample(problem, design.trajectories, num_levels=levels, seed=seed)
    else:
        second = bool(design.second_order)
        found = sobol.sample(problem, design.points, calc_second_order=second, seed=seed)
    return found


def unit_problem(count: int) -> dict[str, Any]:
    """Return what SALib calls the problem: so many factors between 0 and 1."""
    names = [f"x{number}" for number in range(count)]
    return {"num_vars": count, "names": names, "bounds": [[0.0, 1.0]] * count}


def needed(package: str) -> None:
    """Raise a LinetwinError that says how to install a package that is missing."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        message = f"this design needs {package}: pip install linetwin[study]"
        raise LinetwinError(message)
