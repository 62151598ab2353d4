"""Where a model is least known: the next points of an adaptive design.

A Gaussian process (Matern 5/2, a length for each factor) is fitted to what was read. Of 2,048
places the one with the largest expected improvement for global fit is taken (Lam and Notz, Journal
of Statistics and Applications 3, 2008): predictive variance plus the squared difference of the
prediction from what was read at the nearest point. The variance alone does not look at what was
read: it spreads points evenly. Of a batch, places already chosen count as read with their
prediction (kriging believer: Ginsbourger, Le Riche and Carraro, 2010).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import qmc

if TYPE_CHECKING:
    from sklearn.gaussian_process import GaussianProcessRegressor

PLACES: Final = 2048
BATCH: Final = 4
_LEAST: Final = 4
"""Points that a Gaussian process needs; with fewer the emptiest place is taken."""
_NOISE: Final = 1e-8
"""Variance, of that of the target, that keeps the factorisation regular [A]."""
_LENGTHS: Final = (0.02, 20.0)
"""Bounds of the lengths, in spans of a factor [A]."""


def next_shares(shares: np.ndarray, values: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the next points, shape (count, factors), as shares of the spans.

    `shares`: points so far, (points, factors); `values`: what the target was there, NaN where the
    model failed: such a place is taken to be as foretold, so that it is not tried again.
    """
    places = qmc.Sobol(shares.shape[1], rng=seed + len(shares)).random(PLACES)
    taken, known = shares, np.isfinite(values)
    if known.sum() < _LEAST or np.ptp(values[known]) == 0.0:
        return _emptiest(taken, places, count)
    mean, scale = values[known].mean(), values[known].std()
    model = _fitted(shares[known], (values[known] - mean) / scale, seed)
    told = np.where(known, (values - mean) / scale, 0.0)
    told[~known] = model.predict(shares[~known]) if (~known).any() else 0.0
    found = []
    for _ in range(count):
        model = _refitted(model, taken, told)
        prediction, spread = model.predict(places, return_std=True)
        near = cKDTree(taken).query(places)[1]
        best = int(np.argmax(spread**2 + (prediction - told[near]) ** 2))
        found.append(places[best])
        taken = np.vstack([taken, places[best]])
        told = np.append(told, prediction[best])
    return np.array(found)


def _emptiest(taken: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Return the places that are farthest from all points, one after another."""
    found: list[np.ndarray] = []
    for _ in range(count):
        away = cKDTree(taken).query(places)[0]
        found.append(places[int(np.argmax(away))])
        taken = np.vstack([taken, found[-1]])
    return np.array(found)


def _fitted(shares: np.ndarray, values: np.ndarray, seed: int) -> GaussianProcessRegressor:
    """Return the process with the lengths of largest likelihood."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels

    start = np.full(shares.shape[1], 0.5)
    kernel = kernels.ConstantKernel(1.0, (1e-2, 1e3)) * kernels.Matern(start, _LENGTHS, nu=2.5)
    model = GaussianProcessRegressor(
        kernel, alpha=_NOISE, n_restarts_optimizer=1, random_state=seed
    )
    with warnings.catch_warnings():  # a factor without effect has a length at its bound
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(shares, values)


def _refitted(
    model: GaussianProcessRegressor, shares: np.ndarray, values: np.ndarray
) -> GaussianProcessRegressor:
    """Return a process of the same lengths on other points."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    again = GaussianProcessRegressor(model.kernel_, alpha=_NOISE, optimizer=None)
    return again.fit(shares, values)
