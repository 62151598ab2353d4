"""Designs: which points they have, against scipy, SALib and counting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from linetwin.study.designs import points_of, size
from linetwin.study.factors import Factor
from linetwin.study.schema import Design

LOAD = Factor("a.load", "N/m", 500.0, 300.0, 900.0)
LANES = Factor("a.lanes", "1", 2, 1.0, 4.0, whole=True)
MODE = Factor("a.mode", "", "soft", levels=("soft", "hard"))
RATE = Factor("a.rate", "1/s", 0.1, 0.01, 1.0, log=True)
ALL = (LOAD, LANES, MODE, RATE)


def design(kind: str, **keys: object) -> Design:
    """Return a design."""
    return Design.model_validate({"kind": kind, **keys})


def test_a_full_design_has_every_combination() -> None:
    """Levels of numbers reach from bound to bound; levels that are named count as they are."""
    points = points_of(design("full", levels=3), ALL, 1)
    expected = itertools.product([300, 600, 900], [1, 2, 4], ["soft", "hard"], [0.01, 0.1, 1.0])
    assert [tuple(p[:3]) for p in points] == [e[:3] for e in expected]
    assert {round(p[3], 12) for p in points} == {0.01, 0.1, 1.0}
    assert len(points) == size(design("full", levels=3), ALL) == 54


def test_one_at_a_time_varies_one_factor_and_begins_with_the_scenario() -> None:
    """Every point differs from the first, which is the scenario's own, in one factor at most."""
    first, *others = points_of(design("one_at_a_time", levels=3), ALL, 1)
    assert first == (500.0, 2, "soft", 0.1)
    assert len(others) == 3 + 3 + 2 + 3
    assert all(sum(a != b for a, b in zip(first, each, strict=True)) <= 1 for each in others)


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "morris", "sobol_indices"])
def test_points_are_as_many_and_of_the_kind_as_was_said(kind: str) -> None:
    """Numbers lie within bounds, whole ones are whole, levels are those that were named."""
    keys = {"trajectories": 3} if kind == "morris" else {"points": 8}
    found = points_of(design(kind, **keys), ALL, 4)
    assert len(found) == size(design(kind, **keys), ALL)
    for load, lanes, mode, rate in found:
        assert 300 <= load <= 900
        assert lanes in {1, 2, 3, 4}
        assert isinstance(lanes, int)
        assert mode in {"soft", "hard"}
        assert 0.01 <= rate <= 1.0


@given(
    share=st.floats(0, 1),
    bounds=st.lists(st.floats(1e-9, 1e9), min_size=2, max_size=2, unique=True).map(sorted),
    log=st.booleans(),
)
def test_a_share_of_the_span_lies_within_bounds(
    share: float, bounds: list[float], *, log: bool
) -> None:
    """Whatever the bounds: never outside of them, and both are met to the last bit."""
    factor = Factor("a.b", "m", None, *bounds, log=log)
    assert factor.low <= factor.at(share) <= factor.high
    assert (factor.at(0.0), factor.at(1.0)) == tuple(bounds)


def test_whole_numbers_and_levels_come_equally_often() -> None:
    """Of many even shares each whole number and level has an equal part."""
    shares = (np.arange(1200) + 0.5) / 1200
    counts = np.unique([LANES.at(share) for share in shares], return_counts=True)[1]
    assert list(counts) == [300] * 4
    assert sum(MODE.at(share) == "hard" for share in shares) == 600


def test_latin_hypercube_and_sobol_are_those_of_scipy() -> None:
    """Each stratum of a hypercube holds one point; the sequence is scipy's, also when cut."""
    factors = (LOAD, RATE)
    cube = points_of(design("latin_hypercube", points=20), factors, 5)
    strata = sorted(int((load - 300) / 600 * 20) for load, _ in cube)
    assert strata == list(range(20))
    found = points_of(design("sobol", points=11), factors, 5)
    oracle = qmc.Sobol(2, rng=5).random_base2(4)[:11]
    assert [load for load, _ in found] == pytest.approx(list(300 + 600 * oracle[:, 0]))


@pytest.mark.parametrize(("kind", "few", "many"), [("sobol", 8, 23), ("sobol_indices", 8, 32)])
def test_a_longer_sequence_begins_with_the_shorter(kind: str, few: int, many: int) -> None:
    """What an extended study has run already stays part of it."""
    factors = (LOAD, RATE)
    short = points_of(design(kind, points=few), factors, 3)
    assert points_of(design(kind, points=many), factors, 3)[: len(short)] == short


def test_morris_moves_one_factor_at_each_step() -> None:
    """A trajectory of SALib: k + 1 points, each differs from the one before in one factor."""
    factors = (LOAD, RATE, Factor("a.gap", "m", 1.0, 0.0, 3.0))
    points = points_of(design("morris", trajectories=5), factors, 2)
    assert len(points) == 5 * 4
    for start in range(0, 20, 4):
        for one, other in itertools.pairwise(points[start : start + 4]):
            assert sum(a != b for a, b in zip(one, other, strict=True)) == 1
