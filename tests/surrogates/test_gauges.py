"""Gauges: a crossed study gives the published figures, and its intervals hold what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from linetwin.errors import ScenarioError
from linetwin.surrogates.gauges import Gauge, crossed_study, verdict

# Example of the automotive handbook on measurement systems: 10 parts (columns), operators A, B
# and C with three trials each (rows).
HANDBOOK = np.array(
    [
        [0.29, -0.56, 1.34, 0.47, -0.80, 0.02, 0.59, -0.31, 2.26, -1.36],
        [0.41, -0.68, 1.17, 0.50, -0.92, -0.11, 0.75, -0.20, 1.99, -1.25],
        [0.64, -0.58, 1.27, 0.64, -0.84, -0.21, 0.66, -0.17, 2.01, -1.31],
        [0.08, -0.47, 1.19, 0.01, -0.56, -0.20, 0.47, -0.63, 1.80, -1.68],
        [0.25, -1.22, 0.94, 1.03, -1.20, 0.22, 0.55, 0.08, 2.12, -1.62],
        [0.07, -0.68, 1.34, 0.20, -1.28, 0.06, 0.83, -0.34, 2.19, -1.50],
        [0.04, -1.38, 0.88, 0.14, -1.46, -0.29, 0.02, -0.46, 1.77, -1.49],
        [-0.11, -1.13, 1.09, 0.20, -1.07, -0.67, 0.01, -0.56, 1.45, -1.77],
        [-0.15, -0.96, 0.67, 0.11, -1.45, -0.49, 0.21, -0.49, 1.87, -2.16],
    ]
)
PARTS = [str(part) for _ in range(9) for part in range(10)]
OPERATORS = ["ABC"[trial // 3] for trial in range(9) for _ in range(10)]


def crossed(cube: np.ndarray) -> tuple[np.ndarray, list[str], list[str]]:
    """Return readings (parts, operators, repeats) as rows."""
    parts, people, repeats = cube.shape
    names = [f"p{p}" for p in range(parts) for _ in range(people * repeats)]
    persons = [f"o{o}" for _ in range(parts) for o in range(people) for _ in range(repeats)]
    return cube.ravel(), names, persons


def test_handbook_example() -> None:
    """The handbook's example has the printed sums of squares, %GRR 27.86 and four categories."""
    found = crossed_study(HANDBOOK.ravel(), PARTS, OPERATORS)
    printed = {"parts": 88.3619, "operators": 3.1673, "parts x operators": 0.3590,
               "repeatability": 2.7589}  # fmt: skip
    assert {s.name: round(s.squares, 4) for s in found.sources} == printed
    assert [s.freedom for s in found.sources] == [9, 2, 18, 60]
    assert found.sources[2].chance == pytest.approx(0.974, abs=5e-4)
    assert found.pooled
    assert found.repeatability.value**2 == pytest.approx(0.03997, abs=1e-5)
    assert found.reproducibility is not None
    assert found.reproducibility.value**2 == pytest.approx(0.05146, abs=1e-5)
    assert found.part.value**2 == pytest.approx(1.08647, abs=5e-5)
    assert found.share.value == pytest.approx(0.2786, abs=5e-5)
    assert found.categories.value == 4
    assert verdict(found.share.value, found.categories.value) == "does not tell the parts apart"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([(4, 1, 3), (5, 3, 2), (6, 2, 4)]))
def test_sums_of_squares_add_up(seed: int, shape: tuple[int, int, int]) -> None:
    """Whatever was read, the sources sum to the total, also when the rows are shuffled."""
    draws = np.random.default_rng(seed)
    cube = draws.normal(3.0, 1.0, shape)
    readings, parts, operators = crossed(cube)
    order = draws.permutation(len(readings))
    found = crossed_study(readings[order], [parts[i] for i in order], [operators[i] for i in order])
    total = float(((readings - readings.mean()) ** 2).sum())
    assert math.fsum(s.squares for s in found.sources) == pytest.approx(total)
    assert sum(s.freedom for s in found.sources) == len(readings) - 1


def test_one_operator_is_a_one_way_analysis() -> None:
    """With one operator the F of the parts is scipy's, and nobody speaks of reproducibility."""
    cube = np.random.default_rng(3).normal(0.0, 1.0, (7, 1, 4)) + np.arange(7)[:, None, None]
    found = crossed_study(*crossed(cube))
    oracle = stats.f_oneway(*(cube[part, 0] for part in range(7)))
    assert found.sources[0].ratio == pytest.approx(oracle.statistic)
    assert found.sources[0].chance == pytest.approx(oracle.pvalue)
    assert found.reproducibility is None
    assert found.gauge.value == found.repeatability.value


def test_intervals_hold_the_truth() -> None:
    """Of 120 simulated studies about 95 % have the true %GRR and repeatability inside.

    Fewer than 105 of 120 would come by chance once in 10,000 times.
    """
    draws = np.random.default_rng(11)
    part, person, both, noise = 1.0, 0.25, 0.1, 0.2
    true = math.sqrt((person**2 + both**2 + noise**2) / (part**2 + person**2 + both**2 + noise**2))
    inside = [0, 0]
    for _ in range(120):
        cube = (
            part * draws.normal(size=(10, 1, 1))
            + person * draws.normal(size=(1, 3, 1))
            + both * draws.normal(size=(10, 3, 1))
            + noise * draws.normal(size=(10, 3, 3))
        )
        found = crossed_study(*crossed(cube))
        inside[0] += found.share.low <= true <= found.share.high
        inside[1] += found.pooled or found.repeatability.low <= noise <= found.repeatability.high
    assert min(inside) >= 105


def test_bias_and_linearity() -> None:
    """A gauge that reads 2 % too much plus 0.1 is found so; the t-interval is scipy's."""
    true = np.repeat(np.array([2.0, 4.0, 6.0, 8.0, 10.0]), 6)
    noise = np.random.default_rng(5).normal(0.0, 0.05, len(true))
    readings = true * 1.02 + 0.1 + noise
    found = crossed_study(readings, [f"{value:g}" for value in true], ["x"] * len(true), true)
    assert found.linearity is not None
    assert found.bias is not None
    assert found.linearity.low < 0.02 < found.linearity.high
    assert found.bias.value == pytest.approx(0.1 + 0.02 * 6.0, abs=0.03)
    means = (readings - true).reshape(5, 6).mean(axis=1)
    oracle = stats.linregress(np.array([2.0, 4.0, 6.0, 8.0, 10.0]), means)
    half = stats.t.ppf(0.975, 3) * oracle.stderr
    assert found.linearity.value == pytest.approx(oracle.slope)
    assert found.linearity.high - found.linearity.value == pytest.approx(half)


def test_a_part_has_one_reference_value() -> None:
    """Two for one part are no matter of averaging."""
    true = np.array([10.0, 10.2, 9.0, 9.0])
    with pytest.raises(ScenarioError, match="part 'a' has several reference values"):
        crossed_study(np.array([10.1, 10.0, 9.1, 8.9]), ["a", "a", "b", "b"], ["x"] * 4, true)


@pytest.mark.parametrize(("people", "scatter"), [(3, 0.3), (3, 0.0), (6, 0.3)])
def test_the_interval_of_a_bias_holds_what_operators_share(people: int, scatter: float) -> None:
    """A bias of 0.5 with operators that differ: 86 or more of 100 intervals of 95 % hold it."""
    rng = np.random.default_rng(people)
    hits = 0
    for _ in range(100):
        true, own = rng.uniform(20.0, 40.0, 10), rng.normal(0.0, scatter, people)
        at, who = (axis.ravel() for axis in np.indices((10, people, 3))[:2])
        readings = true[at] + 0.5 + own[who] + rng.normal(0.0, 0.1, at.size)
        names = [f"p{part}" for part in at], [f"o{person}" for person in who]
        found = crossed_study(readings, *names, true[at]).bias
        assert found is not None
        hits += found.low <= 0.5 <= found.high
    assert hits >= 86


def test_reference_order_does_not_matter() -> None:
    """Parts named 10 and 9 get their own reference value, not that of their place in the list."""
    true = np.array([10.0, 10.0, 9.0, 9.0, 11.0, 11.0])
    found = crossed_study(true + 0.5 + np.array([0.1, -0.1] * 3),
                          ["10", "10", "9", "9", "11", "11"], ["x"] * 6, true)  # fmt: skip
    assert found.bias is not None
    assert found.bias.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("readings", "parts", "said"),
    [
        ([1.0, 2.0, 3.0], ["a", "a", "b"], "part 'b' has 1 readings of operator 'x', not 2"),
        ([1.0, 2.0], ["a", "b"], "2 parts with 1 readings each"),
        ([1.0, 1.0, 1.0, 1.0], ["a", "a", "b", "b"], "all readings are equal"),
        ([1.0, math.nan, 1.0, 2.0], ["a", "a", "b", "b"], "a reading is missing"),
    ],
)
def test_a_study_that_tells_nothing(readings: list[float], parts: list[str], said: str) -> None:
    """What is no crossed study is refused with the reason."""
    with pytest.raises(ScenarioError, match=said):
        crossed_study(np.array(readings), parts, ["x"] * len(readings))


def test_a_gauge_as_stated() -> None:
    """Scatter adds in squares; share and categories are those of the spread that is read."""
    gauge = Gauge(repeatability=3.0, reproducibility=4.0)
    assert gauge.scatter == 5.0
    assert gauge.share(25.0) == 0.2
    assert gauge.categories(25.0) == math.floor(1.41 * math.sqrt(600.0) / 5.0)
    assert Gauge(repeatability=0.0).categories(1.0) is None
