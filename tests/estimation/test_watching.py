"""Watches alarm as rarely as they say, and soon where something has shifted."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.estimation.watching import REFERENCE, Cusum, Window, decision_limit


def run_length(limit: float) -> float:
    """Average run length of a two-sided sum, from a Markov chain (Brook and Evans 1972)."""
    from scipy.stats import norm

    cells = 400
    width = 2 * limit / (2 * cells - 1)
    centers = np.arange(cells) * width
    upper = centers[None, :] + width / 2 - centers[:, None] + REFERENCE
    chances = norm.cdf(upper) - norm.cdf(upper - width)
    chances[:, 0] = norm.cdf(upper[:, 0])
    lengths = np.linalg.solve(np.eye(cells) - chances, np.ones(cells))
    return float(lengths[0] / 2)


@pytest.mark.parametrize("arl", [50.0, 500.0, 5000.0])
def test_the_limit_has_its_average_run_length(arl: float) -> None:
    """Siegmund's limit against a Markov chain of the same sum: within 10 %."""
    assert run_length(decision_limit(arl)) == pytest.approx(arl, rel=0.10)


def test_false_alarms_come_as_rarely_as_stated() -> None:
    """Independent innovations: alarms within four deviations of a Poisson count."""
    chance, arl, count = np.random.default_rng(3), 200.0, 60_000
    cusum, window = Cusum(arl), Window(10, arl)
    values = chance.standard_normal((count, 2))
    shifts = sum(cusum.add(float(value), at) is not None for at, value in enumerate(values[:, 0]))
    excess = sum(window.add(float(row @ row), 2) for row in values)
    assert shifts == pytest.approx(count / arl, abs=0.1 * count / arl + 4 * (count / arl) ** 0.5)
    assert excess == pytest.approx(count / arl, abs=4 * (count / arl) ** 0.5)


def test_a_shift_of_one_deviation_is_found_within_a_score_of_values() -> None:
    """It is told since when, about, and how large it was."""
    chance = np.random.default_rng(4)
    found: list[int] = []
    begun: list[int] = []
    for _ in range(50):
        cusum = Cusum(500.0)
        for at in range(200):
            shift = cusum.add(float(chance.normal(1.0 if at >= 60 else 0.0)), at)
            if shift is not None:
                found.append(at - 60)
                begun.append(shift.since - 60)
                assert shift.since <= at
                assert abs(shift.size) > REFERENCE
                break
    assert abs(np.median(begun)) < 5
    assert 5 < np.median([each for each in found if each >= 0]) < 20


def test_watches_go_on_from_saved_data() -> None:
    """Half a series, save, load, the other half: the same alarms."""
    values = np.random.default_rng(8).normal(0.4, 1.5, 200)
    one, window = Cusum(50.0), Window(7, 50.0)
    alarms = [(one.add(float(v), n), window.add(float(v * v), 1)) for n, v in enumerate(values)]
    again, other = (Cusum(50.0), Window(7, 50.0)), (Cusum(50.0), Window(7, 50.0))
    found = [
        (again[0].add(float(v), n), again[1].add(float(v * v), 1))
        for n, v in enumerate(values[:90])
    ]
    other[0].load(again[0].save())
    other[1].load(again[1].save())
    found += [
        (other[0].add(float(v), n), other[1].add(float(v * v), 1))
        for n, v in enumerate(values[90:], start=90)
    ]
    assert found == alarms


def test_an_arl_that_is_too_short_is_refused() -> None:
    """The approximation does not hold there."""
    with pytest.raises(ValueError, match="20 at least"):
        decision_limit(5.0)
