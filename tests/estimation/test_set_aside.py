"""What is known once a prior is set aside is what a Kalman filter of a wide prior knows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.estimation.causes import causes, stands
from linetwin.estimation.ensemble import WIDER, Ensemble

PRIOR = {"rolls": 0.1, "pump": 0.02, "gauge": 0.016, "hand": 0.02}
WANDERS = np.array([0.004, 0.001, 0.001, 0.0])
BANDS = (0.02, 0.005, 0.016, 0.016)
SEEN = np.array([[1.0, 0.4, 1.0, 0.0], [1.0, 0.4, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]])
NOISE = np.array([0.05, 0.04, 0.005])


def filtered(priors: np.ndarray, rows: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of the exact Kalman filter after one reading a step."""
    mean, covariance = np.zeros(len(priors)), np.diag(priors**2)
    for which, value in rows:
        covariance = covariance + np.diag(WANDERS**2)
        row = SEEN[which]
        gain = covariance @ row / (row @ covariance @ row + NOISE[which] ** 2)
        mean = mean + gain * (value - row @ mean)
        covariance = covariance - np.outer(gain, row @ covariance)
    return mean, covariance


def learnt(rows: list[tuple[int, float]]) -> Ensemble:
    """Return the ensemble after the same."""
    chance = np.random.default_rng(3)
    ensemble = Ensemble.begin(PRIOR, 24, chance)
    for which, value in rows:
        ensemble.forecast(WANDERS, chance)
        predicted = ensemble.values @ SEEN[which]
        ensemble.update(predicted[:, None], [value], np.array([NOISE[which] ** 2]))
    return ensemble


READ = st.lists(st.tuples(st.integers(0, 2), st.floats(-0.5, 0.5)), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(rows=READ, name=st.sampled_from([*PRIOR]))
def test_a_prior_set_aside_is_a_kalman_filter_with_a_wide_prior(
    rows: list[tuple[int, float]], name: str
) -> None:
    """Whatever was read, by whatever instrument, and although all but one wander."""
    wide = np.array([*PRIOR.values()]) * [WIDER if each == name else 1.0 for each in PRIOR]
    mean, covariance = filtered(wide, rows)
    found, spread = learnt(rows).set_aside(name, PRIOR[name])
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found / scale, mean / scale, atol=1e-6)
    np.testing.assert_allclose(
        spread / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=1e-6
    )


def test_a_parameter_that_one_gauge_alone_reads_does_not_stand_without_its_makers_word() -> None:
    """The gauge is off by nine of its deviations: the rolls are blamed, but not beside the gauge.

    Read by hand as well it stands, as both say so.
    """
    alone = learnt([(0, -0.15), (2, 0.0)] * 20)
    assert [each.states for each in causes(alone.mean, alone.covariance, BANDS)] == [(0,)]
    assert not stands(0, [2], *alone.set_aside("gauge", PRIOR["gauge"]), BANDS)
    both = learnt([(0, -0.15), (1, -0.15), (2, 0.0)] * 20)
    for place, name in ((2, "gauge"), (3, "hand")):
        assert stands(0, [place], *both.set_aside(name, PRIOR[name]), BANDS)


def test_what_rests_on_a_prior_is_told_from_chance() -> None:
    """A state rests on what it is read through, and on nothing of another machine."""
    ensemble = learnt([(0, 0.1)] * 30)
    assert ensemble.rests_on("rolls", "gauge")
    assert ensemble.rests_on("rolls", "rolls")
    assert not ensemble.rests_on("rolls", "hand")
    assert not ensemble.rests_on("gauge", "hand")
