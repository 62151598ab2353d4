"""The level of capacities against closed forms and quadrature; trays and readings meet once."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.stats import binom, norm

from linetwin.twin.board.formed import TOGETHER_TICKS, WAITING, Formed, Read, Tray
from linetwin.twin.board.level import ALIKE, WANDERS, Level

DAY = 86_400_000
SCATTER = 0.006


@given(st.lists(st.floats(-0.012, 0.012), max_size=40))
def test_readings_give_the_posterior_of_a_normal_mean(away: list[float]) -> None:
    """Each tray counts as one of `ALIKE` that say the same; the prior is as wide as trays are."""
    level = Level(SCATTER)
    for each in away:
        level.read(each, 0)
    weight = 1 + len(away) / ALIKE
    assert level.mean == pytest.approx(sum(away) / ALIKE / weight, abs=2e-6)
    assert level.deviation == pytest.approx(SCATTER / math.sqrt(weight), rel=2e-3)


def test_without_readings_a_level_wanders() -> None:
    """Variance grows with time; what is too little for the grid is not lost."""
    level = Level(SCATTER)
    for _ in range(800):
        level.read(0.001, 0)
    before = level.deviation
    for day in np.linspace(0.05, 40, 800).tolist():
        level.graded(0, 0, 0.0, 0.007, round(day * DAY))  # of no cells: time passes
    assert level.deviation**2 - before**2 == pytest.approx(40 * WANDERS**2, rel=0.05)


@pytest.mark.parametrize(("good", "cells"), [(40, 40), (31, 40), (0, 38)])
def test_grades_give_the_posterior_of_their_chances(good: int, cells: int) -> None:
    """Against quadrature over the tray and the level: a binomial number of good cells."""
    level, margin, spread = Level(SCATTER), 0.011, 0.0074
    level.graded(good, cells, margin, spread, 0)

    trays = np.linspace(-0.05, 0.05, 4001)
    dense = norm.pdf(trays, scale=SCATTER)

    def chance(mean: float) -> float:
        share = norm.cdf((margin + mean + trays) / spread)
        found = trapezoid(binom.pmf(good, cells, share) * dense, trays)
        return float(found ** (1 / ALIKE) * norm.pdf(mean, scale=SCATTER))

    grid = np.linspace(-0.04, 0.04, 161)
    weights = np.array([chance(float(each)) for each in grid])
    expected = float(weights @ grid / weights.sum())
    assert level.mean == pytest.approx(expected, abs=1.5e-5)


def test_a_level_goes_on_with_the_same_bits() -> None:
    """It is plain data; what lies off the grid says nothing."""
    level, again = Level(SCATTER), Level(SCATTER)
    level.read(0.004, DAY)
    again.load(json.loads(json.dumps(level.save())))
    for each in (level, again):
        each.read(0.3, DAY)
        each.graded(20, 40, 0.01, 0.007, 2 * DAY)
        each.read(-0.002, 3 * DAY)
    assert level.save() == again.save()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=60))
def test_a_tray_and_a_reading_meet_once(events: list[tuple[bool, int]]) -> None:
    """In whatever order they come, near enough in time, none twice; the rest waits."""
    formed, met = Formed(), list[Read]()
    for number, (is_tray, minutes) in enumerate(events):
        tick = minutes * TOGETHER_TICKS // 2
        if is_tray:
            met += formed.gave(Tray(tick, f"tray-{number}"))
        else:
            met += formed.told(tick, float(number))
        again = Formed()
        again.load(json.loads(json.dumps(formed.save())))
        assert again.save() == formed.save()
    assert len({each.tray.name for each in met}) == len(met)
    assert len({each.capacity for each in met}) == len(met)
    for each in met:
        read = events[int(each.capacity)][1] * TOGETHER_TICKS // 2
        assert abs(read - each.tray.tick) <= TOGETHER_TICKS
    left = formed.save()
    near = [
        (tray, read)
        for tray, _ in left["trays"]
        for read, _ in left["readings"]
        if abs(tray - read) <= TOGETHER_TICKS
    ]
    assert not near
    assert max(len(left["trays"]), len(left["readings"])) <= WAITING
