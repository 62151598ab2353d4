"""Ageing: the power of K-value limits against drawn trays and against the ageing model."""

from __future__ import annotations

import math

import numpy as np
import pytest

from linetwin.contracts import CONTRACTS, Phase
from linetwin.cosim import FmuTransform, find_fmu
from linetwin.errors import ScenarioError
from linetwin.surrogates.review.statistics import ageing as ag
from linetwin.surrogates.review.statistics.ageing import DAY, DriftTest

LEAK = 20e3
"""A particle that just pierces the separator [Ohm], as in the line's kinds."""


def trays(
    test: DriftTest, days: float, count: int, leak_resistance: float
) -> np.ndarray:  # fmt: skip
    """Return K-values (trays, cells) read by a meter in store; the first cell leaks."""
    draws = np.random.default_rng(4)
    shape, seconds = (count, test.cells), days * DAY
    own = draws.normal(2e-5, test.own_current, shape)
    own[:, 0] += test.voltage / leak_resistance
    amplitude = draws.normal(5e-3, test.relaxation, shape)

    def read(since: float) -> np.ndarray:
        left = amplitude * np.log1p(test.relaxation_end / (since + test.relaxation_onset))
        warm = draws.normal(0, test.temperature, shape) * test.entropic
        fallen = test.slope * own * (since - test.first_reading)
        return 3.7 + left + warm - fallen + draws.normal(0, test.meter, shape)

    first, second = read(test.first_reading), read(test.first_reading + seconds)
    return np.asarray((first - second) / seconds)


@pytest.mark.parametrize(
    ("cells", "days", "leak"), [(40, 1.0, 30e3), (40, 3.0, 35e3), (20, 2.0, 25e3)]
)
def test_power_is_that_of_drawn_trays(cells: int, days: float, leak: float) -> None:
    """Of 6,000 drawn trays the leaky cell is found as often as stated, within 4 %.

    Sound cells are called leaky no more often than the 0.5 % stated, and not less than a
    third: the leak widens its tray's limit.
    """
    test = DriftTest(cells=cells)
    factor = ag.limit_factor(0.005, cells)
    found = ag.power_curve(test, leak, [days], factor)
    values = trays(test, days, 6000, leak)
    assert values[:, 1:].std() == pytest.approx(found.scatter[0], rel=0.02)
    over = np.array([row > ag.tray_limit(row, factor).limit for row in values])
    assert 0.2 < found.power[0] < 0.98
    assert over[:, 0].mean() == pytest.approx(found.power[0], abs=0.04)
    assert found.false_alarm[0] == pytest.approx(0.005)
    assert 0.0015 < over[:, 1:].mean() < 0.0055


def test_power_of_a_stated_drift_limit() -> None:
    """Grading's 0.5 mV a day above the median: power and false alarms as drawn trays have them."""
    test = DriftTest(meter=2e-4)
    limit = 0.5e-3 / DAY
    found = ag.power_curve(test, 28e3, [1.0], drift_limit=limit)
    values = trays(test, 1.0, 6000, 28e3)
    over = values > (np.median(values, axis=1) + limit)[:, None]
    assert over[:, 0].mean() == pytest.approx(found.power[0], abs=0.02)
    assert over[:, 1:].mean() == pytest.approx(found.false_alarm[0], rel=0.1)


def test_scatter_by_hand() -> None:
    """A meter alone: sqrt(2) meter / t; own currents alone: slope x current at all times."""
    meter = DriftTest(temperature=0.0, own_current=0.0, relaxation=0.0)
    assert meter.scatter(2 * DAY) == pytest.approx(math.sqrt(2) * 2.8e-5 / (2 * DAY))
    own = DriftTest(meter=0.0, temperature=0.0, relaxation=0.0)
    assert own.scatter(DAY) == own.scatter(9 * DAY) == pytest.approx(own.slope * 2e-6)
    soon, late = (DriftTest(first_reading=days * DAY) for days in (0.05, 5.0))
    assert soon.scatter(DAY) > 2 * late.scatter(DAY)
    with pytest.raises(ScenarioError, match="no time between"):
        own.scatter(0.0)


def test_days_and_resistance_are_inverse() -> None:
    """After the days needed the largest leak found is the one asked; small leaks never show."""
    test, factor = DriftTest(), ag.limit_factor(1e-3, 40)
    days = ag.days_needed(test, 100e3, factor)
    assert ag.largest_resistance(test, days, factor) == pytest.approx(100e3, rel=1e-3)
    assert ag.power_curve(test, 100e3, [days], factor).power[0] == pytest.approx(0.95, abs=1e-3)
    power = ag.power_curve(test, 100e3, [1, 2, 4, 8, 16], factor).power
    assert (np.diff(power) > 0).all()
    assert ag.days_needed(test, LEAK, factor) < days
    assert math.isinf(ag.days_needed(test, 2e6, factor))


def test_limit_of_a_tray_holds_out_against_leaks() -> None:
    """Four leaks of forty move the limit by about a sigma; mean and deviation would hide them."""
    values = np.random.default_rng(9).normal(0.0, 1.0, 40)
    clean = ag.tray_limit(values, 4.0)
    values[:4] += 12.0
    values[5] = np.nan
    assert ag.tray_limit(values, 4.0).limit < clean.limit + 1.2
    assert values[:4].min() > ag.tray_limit(values, 4.0).limit
    assert np.nanmean(values) + 4 * np.nanstd(values) > values[:4].max() - 2
    with pytest.raises(ScenarioError, match="a tray of 7 readings"):
        ag.tray_limit(values[:7][np.arange(7) != 5].repeat(2)[:7], 4.0)
    with pytest.raises(ScenarioError, match="a tray of 7 cells"):
        ag.limit_factor(0.01, 7)


def test_robust_sigma_is_unbiased() -> None:
    """Of 2,000 trays of 10, 20 and 40 normal values the mean robust sigma is 1 within 2 %."""
    draws = np.random.default_rng(10)
    for cells in (10, 20, 40):
        found = [ag.tray_limit(row, 1.0).sigma for row in draws.standard_normal((2000, cells))]
        assert np.mean(found) == pytest.approx(1.0, abs=0.02)


def test_leak_drifts_as_in_the_ageing_model() -> None:
    """Between day 1 and day 4 leaks of 20 and 100 kOhm add the ageing model's drift, to 3 %."""
    leaks = np.array([1e9, LEAK, 100e3])
    model = FmuTransform(find_fmu("ageing"), CONTRACTS["ageing"])
    cell = {name: float(wire.variable.start) for name, wire in model.wiring.inputs.items()}
    start = {name: float(wire.variable.start) for name, wire in model.wiring.start.items()}
    inputs = {**cell, "leak_resistance": leaks}
    phases = [Phase(inputs, wait) for wait in (DAY, 3 * DAY)]
    first, second = (each["voltage"] for each in model.apply(start, phases))
    values = (first - second) / (3 * DAY)
    for row in (1, 2):
        own = DriftTest().leak_drift(float(leaks[row]))
        assert values[row] - values[0] == pytest.approx(own, rel=0.03)
