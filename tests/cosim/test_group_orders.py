"""Observed orders of convergence of all ways of stepping; docs/master.md shows the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from coupled_pairs import (
    FIGURE,
    METHODS,
    PAIRS,
    errors,
    figure,
    measure,
    order,
    relaxing,
    shown,
)
from scipy.linalg import expm

if TYPE_CHECKING:
    from pathlib import Path


def test_the_closed_form_of_the_stiff_pair() -> None:
    """It is the exponential of the coupled system's matrix."""
    matrix = np.array([[-1000.0, 1000.0], [0.5, -1.0]])
    times = np.array([0.0, 1e-3, 0.1, 4.0])
    exact = [(expm(matrix * time) @ np.array([300.0, 400.0]))[1] for time in times]
    assert relaxing(times) == pytest.approx(np.array(exact), rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_observed_orders(tmp_path: Path, mass: Path, lag: Path, method: str) -> None:
    """Inputs held over a step cost one order; extrapolated, or of the mean, they have it back.

    Steps far longer than what the fast one of a stiff pair needs stay of first order.
    """
    second = "linear" in method or "mean" in method
    found = errors(tmp_path, mass, "masses", method)
    assert order(found) > (1.9 if second else 0.95)
    assert order(errors(tmp_path, lag, "stiff", method)) > 0.85


def test_gauss_seidel_is_nearer_than_jacobi(tmp_path: Path, mass: Path, lag: Path) -> None:
    """With the value that the first one has reached, the second one has no lag of a step."""
    for pair, fmu in (("masses", mass), ("stiff", lag)):
        jacobi, seidel = (errors(tmp_path, fmu, pair, way) for way in ("Jacobi", "Gauss-Seidel"))
        assert seidel[-1] < 0.6 * jacobi[-1]


def test_the_figure_shows_what_is_measured(tmp_path: Path, mass: Path, lag: Path) -> None:
    """docs/orders.svg bears the errors of today, but for the last digits of another processor."""
    measured = measure(tmp_path, {"mass": mass, "lag": lag})
    drawn = shown(FIGURE.read_text(encoding="utf-8"))
    assert drawn.keys() == shown(figure(measured)).keys()
    for pair, methods in measured.items():
        for method, found in methods.items():
            assert drawn[PAIRS[pair].title, method] == pytest.approx(found, rel=0.02), method
