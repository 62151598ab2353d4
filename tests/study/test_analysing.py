"""Effects and indices against closed forms; intervals hold what they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.study.analysing.effects import effects
from linetwin.study.analysing.following import course, tornado
from linetwin.study.analysing.inferring import mean_of, noise, share_within
from linetwin.study.analysing.sensitivity import morris, sobol

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.study.analysing.inferring import Estimate


def within(estimate: Estimate, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return estimate.low <= truth <= estimate.high


def ishigami(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return the function of Ishigami and Homma (1990), a = 7, b = 0.1; and g of Sobol."""
    del seed
    x, y, z = np.pi * (2 * shares - 1)
    g = np.prod((np.abs(4 * shares - 2) + G) / (1 + G))
    return {FIGURE: float(np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)), SECOND: g}


G = np.array([0.0, 1.0, 9.0])


def test_sobol_indices_of_closed_forms_lie_within_their_intervals(tmp_path: Path) -> None:
    """Ishigami: variances by its formula; Sobol's g: products of 1 / (3 (1 + a)^2)."""
    text = study_text(3, "{kind: sobol_indices, points: 256, second_order: true}")
    observed = carried(tmp_path, text, ishigami)
    a, b, pi = 7.0, 0.1, np.pi
    alone = np.array([0.5 * (1 + b * pi**4 / 5) ** 2, a**2 / 8, 0.0])
    together = b**2 * pi**8 * (1 / 18 - 1 / 50)
    total = alone.sum() + together
    found = sobol(observed, FIGURE)
    assert found is not None
    assert (found.samples, found.left_out) == (256, 0)
    assert all(within(*pair) for pair in zip(found.first, alone / total, strict=True))
    true_totals = (alone + together * np.array([1, 0, 1])) / total
    assert all(within(*pair) for pair in zip(found.total, true_totals, strict=True))
    assert within(found.second[0, 2], together / total)
    assert within(found.second[0, 1], 0.0)
    of_g = sobol(observed, SECOND)
    assert of_g is not None
    parts = 1 / (3 * (1 + G) ** 2)
    whole = np.prod(1 + parts) - 1
    assert all(within(*pair) for pair in zip(of_g.first, parts / whole, strict=True))
    totals = parts * np.prod(1 + parts) / (1 + parts) / whole
    assert all(within(*pair) for pair in zip(of_g.total, totals, strict=True))
    settled = course(observed, FIGURE)
    assert settled is not None
    widths = [each.high - each.low for each in settled.lines[ADDRESSES[0]]]
    assert settled.runs[-1] == 256 * 8
    assert widths[-1] < 0.5 * widths[0]


def plane(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return 10 + 4 x - 2 y + 3 xy of coded factors, and noise of the seed that is half common."""
    x, y = 2 * shares[:2] - 1
    common = np.random.default_rng(seed).normal()
    own = np.random.default_rng([seed, *(shares * 1e6).astype(int)]).normal()
    value = 10 + 4 * x - 2 * y + 3 * x * y
    return {FIGURE: float(value + 2 * common + own), SECOND: float(value)}


@pytest.mark.parametrize(
    "design", ["{kind: full, levels: 2}", "{kind: latin_hypercube, points: 20}"]
)
def test_effects_are_those_of_the_plane(tmp_path: Path, design: str) -> None:
    """From low to high 8 and -4, together 6; without noise to the last digits, else in interval."""
    observed = carried(tmp_path, study_text(2, design, "replications: 6"), plane)
    exact = effects(observed.shares, observed.values(SECOND))
    assert [e.factors for e in exact.effects] == [(0,), (0, 1), (1,)]
    assert [e.change.value for e in exact.effects] == pytest.approx([8, 6, -4])
    assert exact.explained == pytest.approx(1.0)
    found = effects(observed.shares, observed.values(FIGURE))
    truth = {(0,): 8.0, (1,): -4.0, (0, 1): 6.0}
    assert all(within(e.change, truth[e.factors]) for e in found.effects)
    assert all(e.change.high - e.change.low < 7 for e in found.effects)


def test_more_factors_than_points_are_fitted_each_alone() -> None:
    """Forty factors, thirty points: the one that acts comes first, its effect in its interval."""
    shares = np.random.default_rng(3).random((30, 40))
    found = effects(shares, (5 * shares[:, 17] + 0.1 * shares[:, 3])[:, None])
    assert found.alone
    assert found.effects[0].factors == (17,)
    assert found.effects[0].change.clear
    assert within(found.effects[0].change, 5.0)
    assert len(found.effects) == 40


def test_screening_tells_what_is_linear_from_what_is_not(tmp_path: Path) -> None:
    """A plane with a product: mu* of the rest is its slope; a factor that does nothing has none."""
    text = study_text(3, "{kind: morris, trajectories: 20}")
    observed = carried(tmp_path, text, lambda s, seed: {FIGURE: 3 * s[0] + s[1] ** 2, SECOND: seed})
    found = morris(observed, FIGURE)
    assert found is not None
    assert found.mu_star[0].value == pytest.approx(3.0)
    assert found.sigma[0] == pytest.approx(0.0, abs=1e-9)
    assert within(found.mu_star[1], 1.0)
    assert found.sigma[1] > 0.1
    assert found.mu_star[2].value == pytest.approx(0.0, abs=1e-12)
    settled = course(observed, FIGURE)
    assert settled is not None
    assert settled.runs[-1] == 80


def test_one_factor_at_a_time_swings_about_the_scenario(tmp_path: Path) -> None:
    """Changes are against the scenario as it is, with common seeds: the seed's share is gone."""
    text = study_text(2, "{kind: one_at_a_time, levels: 3}", "replications: 4")
    observed = carried(tmp_path, text, lambda s, seed: {FIGURE: 6 * s[0] - s[1] + seed, SECOND: 1})
    base = observed.shares[0]
    first, second = tornado(observed, FIGURE)
    assert (first.factor, second.factor) == (0, 1)
    expected = [6 * (share - base[0]) for share in (0.0, 0.5, 1.0) if abs(share - base[0]) > 1e-9]
    assert [c.value for _, c in first.changes] == pytest.approx(expected)
    assert all(c.high - c.low < 1e-6 for _, c in first.changes)


def test_common_seeds_save_what_the_model_says() -> None:
    """Values a + b + e with known variances: within / left = (b + e) / e, and the seed's share."""
    draw = np.random.default_rng(8)
    values = (
        3 * draw.normal(size=(400, 1))
        + 2 * draw.normal(size=(1, 300))
        + draw.normal(size=(400, 300))
    )
    found = noise(values)
    assert found.saved == pytest.approx(5.0, rel=0.1)
    assert found.seed_share == pytest.approx(5 / 14, rel=0.1)
    values[:5, 0] = np.nan
    assert noise(values).points == 395
    assert np.isnan(noise(values[:, :1]).saved)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 4,000 means and shares 95 % of intervals hold the true value, within chance."""
    draw = np.random.default_rng(1)
    means = [within(mean_of(draw.normal(2.0, 3.0, 6)), 2.0) for _ in range(2000)]
    assert np.mean(means) == pytest.approx(0.95, abs=0.015)
    shares = [within(share_within(int(draw.binomial(30, 0.8)), 30), 0.8) for _ in range(2000)]
    assert 0.92 < np.mean(shares) < 0.98
    assert share_within(20, 20).high == 1.0
    assert share_within(20, 20).low == pytest.approx(20 / (20 + 1.959964**2), rel=1e-6)


def test_failed_runs_are_counted_and_located(tmp_path: Path) -> None:
    """A corner where runs fail: analysis leaves it out, says how many and where."""

    def fragile(shares: np.ndarray, seed: int) -> dict[str, float]:
        return {FIGURE: float("nan") if shares[0] > 0.9 else shares[0] + seed, SECOND: 1.0}

    text = study_text(2, "{kind: sobol_indices, points: 32}")
    observed = carried(tmp_path, text, fragile, fails=True)
    lost = observed.failures
    assert lost.runs == int((observed.shares[:, 0] > 0.9).sum()) > 0
    assert lost.of == 128
    assert lost.where is not None
    assert lost.where[0].address == ADDRESSES[0]
    assert lost.where[1] > 0.9
    found = sobol(observed, FIGURE)
    assert found is not None
    assert found.samples + found.left_out == 32
    assert found.left_out > 0
