"""Capability: indices and the coverage of their intervals; no gauge, no index."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from linetwin.errors import ScenarioError
from linetwin.surrogates.gauges import Gauge
from linetwin.surrogates.review.statistics import capability as cap

GAUGE = Gauge(bias=0.1, linearity=0.0, repeatability=0.3, reproducibility=0.4)
BOTH = cap.Tolerance(4.0, 16.0)


def rolls(draws: np.random.Generator, count: int, size: int, between: float) -> np.ndarray:
    """Return readings (rolls, size) around 10 with unit scatter within."""
    return draws.normal(10, 1, (count, size)) + draws.normal(0, between, count)[:, None]


def names(count: int, size: int) -> list[str]:
    """Return the roll of each reading."""
    return [f"r{i // size}" for i in range(count * size)]


def test_indices_by_hand() -> None:
    """Mean 5.2, sigma 1 of 31 readings: Cpk 0.6 by the nearer limit, Bissell's half-width."""
    found = cap.index((5.2, 1 / np.sqrt(31)), 1.0, 30, cap.Tolerance(3.4, 9.4))
    assert found.worst.value == pytest.approx(0.6)
    assert found.spread is not None
    assert found.spread.value == pytest.approx(1.0)
    half = stats.t.ppf(0.975, 30) * 0.6 * np.sqrt(1 / (9 * 31 * 0.36) + 1 / 60)
    assert found.worst.high - 0.6 == pytest.approx(half)
    bounds = np.sqrt(stats.chi2.ppf([0.025, 0.975], 30) / 30)
    assert (found.spread.low, found.spread.high) == pytest.approx(tuple(bounds))


def test_one_limit() -> None:
    """With an upper limit alone there is no Cp, and Cpk is that of the one side."""
    values = np.random.default_rng(1).normal(10, 1, 400)
    found = cap.capability("x", values, names(80, 5), cap.Tolerance(high=13.0), GAUGE)
    assert found.overall.spread is None
    assert found.overall.worst.value == pytest.approx((13 - values.mean()) / 3 / values.std(ddof=1))


@pytest.mark.parametrize(
    ("between", "rows", "size"),
    [(0.0, 20, 5), (0.8, 30, 10), pytest.param(0.8, 60, 20, marks=pytest.mark.slow)],
)
def test_intervals_hold_what_they_promise(between: float, rows: int, size: int) -> None:
    """Of 300 processes the 95 % intervals of Cpk and Ppk hold the truth in 91 to 99 %.

    With rolls that differ as well: taking readings as independent would hold it in far fewer.
    """
    draws = np.random.default_rng(17)
    kinds = names(rows, size)
    whole = np.sqrt(1 + between**2)
    held = []
    for _ in range(300):
        values = rolls(draws, rows, size, between)
        pooled, overall = cap._scatter(values.ravel(), cap.subgroups(values.ravel(), kinds))
        inner, outer = (
            cap.index((values.mean(), overall.mean_error), each.sigma, each.freedom, BOTH).worst
            for each in (pooled, overall)
        )
        naive = cap.index((values.mean(), overall.sigma / np.sqrt(values.size)), overall.sigma,
                          values.size - 1, BOTH).worst  # fmt: skip
        told = ((inner, 2.0), (outer, 2.0 / whole), (naive, 2.0 / whole))
        held.append([each.low <= truth <= each.high for each, truth in told])
    share = np.mean(held, axis=0)
    assert 0.91 <= share[0] <= 0.99
    assert 0.91 <= share[1] <= 0.99
    if between:
        assert share[2] < 0.85


def test_within_and_overall_stand_apart() -> None:
    """Rolls that differ leave Cpk and lower Ppk; the gauge's part is told, and taken out beside."""
    values = rolls(np.random.default_rng(3), 60, 10, 1.0) + np.random.default_rng(4).normal(
        0, 0.5, (60, 10)
    )
    found = cap.capability("loading", values.ravel(), names(60, 10), BOTH, GAUGE)
    assert found.within is not None
    assert found.corrected_within is not None
    assert found.corrected_overall is not None
    assert found.within.worst.value > 1.2 * found.overall.worst.value
    assert found.within.sigma**2 == pytest.approx(1.25, rel=0.12)
    assert found.corrected_within.sigma**2 == pytest.approx(found.within.sigma**2 - 0.25)
    assert found.corrected_within.worst.value > found.within.worst.value
    assert found.gauge_share == pytest.approx(0.5 / found.overall.sigma)
    assert found.bias == 0.1


@pytest.mark.parametrize(
    ("gauge", "words"),
    [
        (None, "no gauge is stated"),
        (Gauge(repeatability=0.1, reproducibility=0.1), "bias is unknown"),
        (Gauge(bias=0.0, repeatability=0.1), "reproducibility is unknown"),
        (Gauge(), "bias and repeatability and reproducibility are unknown"),
    ],
)
def test_no_gauge_no_capability(gauge: Gauge | None, words: str) -> None:
    """Without bias, repeatability and reproducibility nothing is judged, and it is said why."""
    with pytest.raises(ScenarioError, match=f"no Cpk: .*{words}"):
        cap.capability("porosity", np.arange(40.0), names(8, 5), BOTH, gauge)
    with pytest.raises(ScenarioError, match="no residual alarm"):
        cap.require_gauge(gauge, "residual alarm", "porosity")
    assert words in cap.known(gauge)
    assert not cap.known(GAUGE)


@pytest.mark.parametrize(
    ("values", "tolerance", "words"),
    [
        (np.arange(29.0), BOTH, "29 readings are too few"),
        (np.ones(40), BOTH, "do not scatter"),
        (np.arange(40.0), cap.Tolerance(), "no specification limit"),
        (np.arange(40.0), cap.Tolerance(2.0, 1.0), "wrong order"),
    ],
)
def test_refused(values: np.ndarray, tolerance: cap.Tolerance, words: str) -> None:
    """Too few or equal readings, and limits that are none, are refused in words."""
    with pytest.raises(ScenarioError, match=words):
        cap.capability("x", values, [str(i) for i in range(values.size)], tolerance, GAUGE)


@pytest.mark.parametrize("count", [400, 3000, 5000])
def test_skewed_readings_by_quantiles(count: int) -> None:
    """Of lognormal readings Ppk is that of the true quantiles; the normal formula is far off."""
    values = np.random.default_rng(9).lognormal(0.0, 0.5, count)
    limit = 6.0
    truth = (limit - 1) / (np.exp(0.5 * stats.norm.ppf(1 - 0.00135)) - 1)
    found = cap.capability("burr", values, names(count // 10, 10), cap.Tolerance(high=limit), GAUGE)
    assert found.quantiles is not None
    assert found.quantiles.worst is not None
    assert found.quantiles.worst.value == pytest.approx(truth, rel=0.25)
    assert found.quantiles.worst.low < truth < found.quantiles.worst.high
    assert found.overall.worst.value > 1.4 * truth


def with_an_outlier() -> np.ndarray:
    """Return 1,003 readings like a resistance of 30 mOhm, limit 35, one of them 37.86."""
    values = np.random.default_rng(8).normal(29.93, 0.13, 1003)
    values[500] = 37.86
    return values


def test_a_reading_beyond_the_limit_contradicts_a_high_index() -> None:
    """1 of 1,003 beyond is 997 ppm (25 to 5,543, exact): no process of Cpk 6, and it is said."""
    found = cap.capability(
        "dcir", with_an_outlier(), names(101, 10)[:1003], cap.Tolerance(high=35.0), GAUGE
    )
    assert found.overall.worst.low > 5
    assert found.beyond.count == 1
    assert found.beyond.ppm == pytest.approx((997.0, 25.24, 5542.6), rel=1e-3)
    assert found.contradicted
    assert found.outside.points["S"] == 1
    assert found.quantiles is not None
    assert found.quantiles.worst is None
    assert "1 reading lies farther out" in found.quantiles.how


@pytest.mark.parametrize("between", [0.0, 1.0, 2.0])
def test_sound_processes_are_not_contradicted(between: float) -> None:
    """Of 100 normal processes one at most is, also where subgroups differ; gross ones are."""
    draws, sigma = np.random.default_rng(6), np.sqrt(1 + between**2)
    tolerance, falsely = cap.Tolerance(10 - 2.5 * sigma, 10 + 2.5 * sigma), 0
    for _ in range(100):
        values = rolls(draws, 25, 20, between).ravel()
        _, overall = cap._scatter(values, cap.subgroups(values, names(25, 20)))
        centre = float(values.mean()), overall.mean_error
        low = cap.index(centre, overall.sigma, overall.freedom, tolerance).worst.low
        beyond = cap._beyond(values, (tolerance.low or 0.0, tolerance.high or 0.0), low)
        chance = stats.binom.sf(beyond.count - 1, values.size, beyond.foretold / 1e6)
        falsely += bool(chance < 0.01)
    assert falsely <= 1
    values = np.clip(values, 10 - sigma, 10 + sigma)
    values[::25] = 10 + 2.6 * sigma + np.arange(20) / 100
    assert cap.capability("x", values, names(25, 20), tolerance, GAUGE).contradicted


def test_charts_tell_subgroups_that_are_outside() -> None:
    """A lasting shift, and a subgroup that scatters, are told by chart; too few have no limits."""
    draws = np.random.default_rng(12)
    values = rolls(draws, 40, 5, 0.3)
    values[20] = 10 + 5 * (values[20] - 10)
    values[30] += 6
    found = cap.capability("x", values.ravel(), names(40, 5), BOTH, GAUGE).outside
    assert found.subgroups == 40
    assert found.points["S"] >= 1
    assert sum(many for kind, many in found.points.items() if kind != "S") >= 1
    few = cap.capability("x", values[:8].ravel(), names(8, 5), BOTH, GAUGE).outside
    assert not few.points
    assert "8 subgroups are too few" in few.refused
