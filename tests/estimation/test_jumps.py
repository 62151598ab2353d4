"""What may have jumped, and how far it is let loose."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.estimation.ensemble import Ensemble
from linetwin.estimation.jumps import FARTHEST, loosened, sensitivities


def test_sensitivities_are_those_of_a_linear_prediction() -> None:
    """Correlated states of different sizes, and a part that none of them makes."""
    chance = np.random.default_rng(1)
    mixing = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
    values = chance.standard_normal((64, 3)) @ mixing * [1.0, 1e-6, 10.0]
    basis = np.linalg.qr(np.column_stack([np.ones(64), values]))[0]
    other = chance.standard_normal(64)
    other -= basis @ (basis.T @ other)
    predicted = 3 + values @ [2.0, -5e5, 0.0] + other
    assert sensitivities(values, predicted) == pytest.approx([2.0, -5e5, 0.0], abs=1e-6)


def test_all_that_may_have_jumped_is_let_loose_alike() -> None:
    """By what each would need alone; the far-fetched is not, and the instrument always is."""
    found = loosened(np.array([2.0, 0.01, 1.0, 4.0]), -0.6, [0.1, 1.0, 0.001, 0.02], own=2)
    assert found == pytest.approx({0: 0.3, 2: 0.6, 3: FARTHEST * 0.02})


def test_a_filter_that_is_let_loose_finds_a_jump_and_is_not_sure_too_early() -> None:
    """A gain and a bias read by one instrument, and the gain by another one that comes later."""
    chance = np.random.default_rng(2)
    members = Ensemble.begin({"gain": 0.02, "bias": 0.005}, 64, chance)
    read = members.values @ np.array([1.0, 1.0])
    free = loosened(sensitivities(members.values, read), 0.05, [0.02, 0.005], own=1)
    members.forecast(np.array([free[0], free[1]]), chance)
    for _ in range(20):
        members.update(members.values.sum(axis=1)[:, None], [0.05], np.array([1e-6]))
    deviation = np.sqrt(np.diag(members.covariance))
    assert deviation.min() > 0.02
    for _ in range(20):
        members.update(members.of("gain")[:, None], [0.0], np.array([1e-6]))
    assert members.mean == pytest.approx([0.0, 0.05], abs=2e-3)
