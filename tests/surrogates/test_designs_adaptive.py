"""Adaptive designs: points go where the answer changes, and spare runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

from linetwin.surrogates.designs.adaptive import BATCH, next_shares

HELD_OUT = qmc.Sobol(2, rng=99).random_base2(9)
HILL, WIDTH = np.array([0.72, 0.31]), 0.06


def with_a_bump(places: np.ndarray) -> np.ndarray:
    """Return a plane with a bump of width 0.06, of height 1."""
    away = ((places - HILL) ** 2).sum(axis=1)
    bump = np.exp(-away / (2 * WIDTH**2))
    return np.asarray(0.5 * places[:, 0] + 0.3 * places[:, 1] + bump)


def error_of(places: np.ndarray) -> float:
    """Return the root mean square error, at held-out places, of a process fitted to places."""
    kernel = kernels.ConstantKernel(1.0) * kernels.Matern([0.2, 0.2], (0.02, 20.0), nu=2.5)
    model = GaussianProcessRegressor(kernel, alpha=1e-8, normalize_y=True)
    model.fit(places, with_a_bump(places))
    misses = model.predict(HELD_OUT) - with_a_bump(HELD_OUT)
    return float(np.sqrt(np.mean(misses**2)))


def adaptive(points: int, seed: int) -> np.ndarray:
    """Return an adaptive design on the bump: half of it from Sobol's sequence."""
    places = qmc.Sobol(2, rng=seed).random(points // 2)
    while len(places) < points:
        added = next_shares(places, with_a_bump(places), BATCH, seed)
        places = np.vstack([places, added])
    return places


@pytest.mark.filterwarnings("ignore:The balance properties")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_local_bump_needs_fewer_points_than_sobol(seed: int) -> None:
    """48 points miss held-out places by less than the first 64 of Sobol's sequence."""
    even = qmc.Sobol(2, rng=seed).random_base2(6)
    assert error_of(adaptive(48, seed)) < error_of(even)


@pytest.mark.filterwarnings("ignore:The balance properties")
def test_points_gather_at_the_bump() -> None:
    """Half of what is added lies within three widths of it, which hold a tenth of the area."""
    added = adaptive(48, 0)[24:]
    near = (np.linalg.norm(added - HILL, axis=1) < 3 * WIDTH).mean()
    assert near >= 0.5


def test_places_where_the_model_fails_are_not_tried_again() -> None:
    """No new point lies closer to one that failed than the fourth part of their distance."""
    places = qmc.Sobol(2, rng=1).random_base2(4)
    values = with_a_bump(places)
    values[places[:, 0] > 0.6] = np.nan
    found = next_shares(places, values, 8, 1)
    away = np.linalg.norm(found[:, None] - places[None], axis=2).min()
    assert away > 0.03
    assert len(np.unique(found, axis=0)) == 8


def test_where_nothing_is_known_the_emptiest_place_is_next() -> None:
    """Of failures alone, or of one value everywhere, points keep away from each other."""
    places = np.array([[0.1, 0.1], [0.2, 0.1], [0.1, 0.2], [0.2, 0.2], [0.15, 0.15]])
    for values in (np.full(5, np.nan), np.ones(5)):
        found = next_shares(places, values, 2, 1)
        assert np.linalg.norm(found[0] - [0.15, 0.15]) > 1.0
        assert np.linalg.norm(found[1] - found[0]) > 0.6
