"""Observed orders of convergence of both orders of stepping; docs/master.md shows the figures."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import oscillators, write_group
from scipy.linalg import expm

from linetwin.cosim.groups import read_group, simulate_group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group

STOP_S = 4.0
STEPS_MS = (80, 40, 20, 10)
FOUND: dict[tuple[str, str, str], list[float]] = {}


def pendulums(folder: Path, fmu: Path, how: dict[str, str]) -> Group:
    """Return two coupled masses; see `oscillators`."""
    return oscillators(folder, fmu, **how)


def swinging(time: np.ndarray) -> np.ndarray:
    """Return the left mass's position (m): the mean of both modes."""
    return np.asarray(0.5 * (np.cos(time) + np.cos(math.sqrt(1.4) * time)))


def stiff(folder: Path, fmu: Path, how: dict[str, str]) -> Group:
    """Return a fast lag (1 ms) that follows a slow one (1 s), which takes half of it."""
    half = {"from": "fast.level", "scale": 0.5, "offset": 0.5 * -273.15}
    content: dict[str, object] = {
        **how,
        "members": {
            "fast": {"fmu": str(fmu), "values": {"switch": 1, "time_constant": "1 ms"}},
            "slow": {"fmu": str(fmu), "values": {"switch": 1, "level": 400.0}},
        },
        "connections": {"fast.inlet": "slow.level", "slow.inlet": half},
        "outputs": {"y": "slow.level"},
    }
    return read_group(write_group(folder, **content))


def relaxing(time: np.ndarray) -> np.ndarray:
    """Return the slow lag's level (K), by the exponential of the coupled system's matrix."""
    # slow.inlet is 0.5 * (fast.level - 273.15) - 0.5 * 273.15 in degC, so in K half of fast.level
    matrix = np.array([[-1000.0, 1000.0], [0.5, -1.0]])
    return np.array([(expm(matrix * t) @ np.array([300.0, 400.0]))[1] for t in time])


CASES = {
    "pendulums": ("left_position", pendulums, swinging),
    "stiff": ("y", stiff, relaxing),
}


def errors(folder: Path, fmu: Path, case: str, order: str, hold: str = "none") -> list[float]:
    """Return the largest error of a run for each step of STEPS_MS, computed once."""
    if (case, order, hold) in FOUND:
        return FOUND[case, order, hold]
    name, build, exact = CASES[case]
    make: Callable[[Path, Path, dict[str, str]], Group] = build
    found = []
    for step in STEPS_MS:
        how = {"step": f"{step} ms", "order": order, "extrapolate": hold}
        table = simulate_group(make(folder, fmu, how), STOP_S)
        found.append(float(np.abs(table[name] - exact(table["time"].to_numpy())).max()))
    FOUND[case, order, hold] = found
    return found


@pytest.mark.parametrize(
    ("case", "order", "hold", "least"),
    [
        ("pendulums", "jacobi", "none", 0.95),
        ("pendulums", "gauss-seidel", "none", 0.95),
        ("pendulums", "jacobi", "linear", 1.9),
        ("pendulums", "gauss-seidel", "linear", 1.9),
        ("stiff", "jacobi", "none", 0.9),
        ("stiff", "gauss-seidel", "none", 0.9),
    ],
)
def test_observed_orders(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    case: str,
    order: str,
    hold: str,
    least: float,
) -> None:
    """Inputs held over a step cost one order, also of a stiff pair; extrapolation wins it back."""
    fmu = request.getfixturevalue("mass" if case == "pendulums" else "lag")
    found = errors(tmp_path, fmu, case, order, hold)
    orders = [math.log2(a / b) for a, b in pairwise(found)]
    figures = ", ".join(f"{error:.2g}" for error in found)
    print(f"{case}, {order}, {hold}: {figures}; order {orders[-1]:.2f}")  # noqa: T201
    assert orders[-1] > least


def test_gauss_seidel_is_nearer_than_jacobi(tmp_path: Path, mass: Path, lag: Path) -> None:
    """With the value that the first one has reached, the second one has no lag of a step."""
    for case, fmu in (("pendulums", mass), ("stiff", lag)):
        jacobi, seidel = (errors(tmp_path, fmu, case, o) for o in ("jacobi", "gauss-seidel"))
        assert seidel[-1] < 0.6 * jacobi[-1]
