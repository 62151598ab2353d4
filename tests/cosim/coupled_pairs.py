"""Two coupled pairs with closed forms, and how far each way of stepping is from these.

`python tests/cosim/coupled_pairs.py` draws docs/orders.svg from what it measures.
"""

from __future__ import annotations

import math
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from group_fmus import LAG_MODEL, MASS_MODEL, oscillators, write_group
from small_fmus import build_model

from linetwin.cosim.groups import read_group, simulate_group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from linetwin.cosim.groups import Group

STOP_S = 4.0
STEPS_MS = (80, 40, 20, 10)
FIGURE = Path(__file__).parents[2] / "docs" / "orders.svg"
METHODS: dict[str, dict[str, object]] = {
    "Jacobi": {"order": "jacobi"},
    "Gauss-Seidel": {"order": "gauss-seidel"},
    "Jacobi, linear": {"order": "jacobi", "extrapolate": "linear"},
    "Gauss-Seidel, linear": {"order": "gauss-seidel", "extrapolate": "linear"},
    "iterated, end of the step": {"iterate": {}},
    "iterated, mean": {"iterate": {}, "extrapolate": "linear"},
}


def swinging(times: np.ndarray) -> np.ndarray:
    """Return the left mass's position (m): the mean of both modes."""
    return np.asarray(0.5 * (np.cos(times) + np.cos(math.sqrt(1.4) * times)))


def stiff(folder: Path, fmu: Path, **how: object) -> Group:
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


def relaxing(times: np.ndarray) -> np.ndarray:
    """Return the slow lag's level (K) by the modes of the pair's matrix."""
    # slow.inlet is 0.5 * (fast.level - 273.15) - 0.5 * 273.15 in degC, so in K half of fast.level
    values, vectors = np.linalg.eig(np.array([[-1000.0, 1000.0], [0.5, -1.0]]))
    parts = vectors[1] * np.linalg.solve(vectors, [300.0, 400.0])
    return np.asarray((parts[:, None] * np.exp(values[:, None] * times)).sum(axis=0))


class Pair(NamedTuple):
    """A pair: what is watched, of which FMU it is made and how, its closed form, its unit."""

    title: str
    output: str
    fmu: str
    build: Callable[..., Group]
    exact: Callable[[np.ndarray], np.ndarray]
    unit: str


PAIRS = {
    "masses": Pair("two coupled masses", "left_position", "mass", oscillators, swinging, "m"),
    "stiff": Pair("stiff pair, 1 ms and 1 s", "y", "lag", stiff, relaxing, "K"),
}
_FOUND: dict[tuple[str, str], list[float]] = {}


def errors(folder: Path, fmu: Path, pair: str, method: str) -> list[float]:
    """Return the largest error of a run for each step of STEPS_MS, computed once."""
    if (pair, method) not in _FOUND:
        _, output, _, build, exact, _ = PAIRS[pair]
        found = []
        for step in STEPS_MS:
            table = simulate_group(build(folder, fmu, step=f"{step} ms", **METHODS[method]), STOP_S)
            found.append(float(np.abs(table[output] - exact(table["time"].to_numpy())).max()))
        _FOUND[pair, method] = found
    return _FOUND[pair, method]


def order(found: list[float]) -> float:
    """Return the order of convergence that the two shortest steps show."""
    return math.log2(found[-2] / found[-1])


_WIDTH, _HEIGHT, _LEFT, _TOP, _SIDE, _GAP = 940, 350, 66, 44, 250, 84
_COLOURS = ("#1f6f8b", "#c8553d", "#6fb1c8", "#e59a86", "#2f5d2f", "#4b2f6b")
_DASHED = _COLOURS[4:]


def figure(measured: Mapping[str, Mapping[str, list[float]]]) -> str:
    """Return the errors over the steps as SVG, a part for each pair; titles bear the numbers."""
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12" fill="#222" '
        'aria-label="Largest error over the communication step">'
    )
    parts = [begin, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>']
    for place, (pair, methods) in enumerate(measured.items()):
        parts += _panel(PAIRS[pair], methods, _LEFT + place * (_SIDE + _GAP))
    x = _LEFT + len(measured) * (_SIDE + _GAP) - 56
    for place, method in enumerate(METHODS):
        y = _TOP + 14 + 22 * place
        parts.append(_line([(x, y - 4), (x + 20, y - 4)], _COLOURS[place]))
        parts.append(f'<text x="{x + 26}" y="{y}">{method}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(pair: Pair, methods: Mapping[str, list[float]], left: float) -> list[str]:
    """Return axes, and a line with its observed order for each method."""
    low = math.floor(math.log10(min(min(found) for found in methods.values())))
    high = math.ceil(math.log10(max(max(found) for found in methods.values())))
    bottom = _TOP + _SIDE
    columns = [left + _SIDE * (0.06 + 0.27 * place) for place in range(len(STEPS_MS))]

    def row(error: float) -> float:
        return bottom - _SIDE * (math.log10(error) - low) / (high - low)

    parts = [
        f'<text x="{left}" y="{_TOP - 22}" font-weight="bold">{pair.title}</text>',
        f'<text x="{left}" y="{_TOP - 7}">largest error over 4 s, {pair.unit}</text>',
        f'<rect x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>',
        f'<text x="{left + _SIDE / 2}" y="{bottom + 36}" text-anchor="middle">step, ms</text>',
    ]
    for decade in range(low, high + 1):
        y = row(10.0**decade)
        parts.append(_line([(left, y), (left + _SIDE, y)], "#ddd", 1))
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">1e{decade}</text>')
    for step, x in zip(reversed(STEPS_MS), columns, strict=True):
        parts.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{step}</text>')
    for colour, (method, found) in zip(_COLOURS, methods.items(), strict=True):
        points = list(zip(columns, map(row, reversed(found)), strict=True))
        title = f"{pair.title}; {method}; {' '.join(f'{error:.2e}' for error in found)}"
        parts.append(f"<g><title>{title}; order {order(found):.2f}</title>")
        parts.append(_line(points, colour))
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append("</g>")
    return parts


def _line(points: list[tuple[float, float]], colour: str, width: int = 2) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = ' stroke-dasharray="7 4"' if colour in _DASHED else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
    )


def shown(svg: str) -> dict[tuple[str, str], list[float]]:
    """Return the errors that a figure bears: (title of the pair, method) -> one for each step."""
    found = {}
    for title in re.findall("<title>(.*?)</title>", svg):
        pair, method, numbers, _ = title.split("; ")
        found[pair, method] = [float(number) for number in numbers.split()]
    return found


def measure(folder: Path, fmus: Mapping[str, Path]) -> dict[str, dict[str, list[float]]]:
    """Return the errors of all pairs and methods."""
    return {
        pair: {method: errors(folder, fmus[PAIRS[pair].fmu], pair, method) for method in METHODS}
        for pair in PAIRS
    }


def main() -> None:
    """Build the FMUs, measure and draw."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        models = {"mass": MASS_MODEL, "lag": LAG_MODEL}
        fmus = {name: build_model(text, folder / name) for name, text in models.items()}
        measured = measure(folder, fmus)
    FIGURE.write_text(figure(measured), encoding="utf-8")
    for pair, methods in measured.items():
        for method, found in methods.items():
            numbers = " | ".join(f"{error:.1e}" for error in found)
            sys.stdout.write(f"{PAIRS[pair].title}, {method} | {numbers} | {order(found):.2f}\n")


if __name__ == "__main__":
    main()
