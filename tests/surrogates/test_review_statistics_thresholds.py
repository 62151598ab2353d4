"""Thresholds: what a ceiling takes, how often it is kept, and what a saving by cost is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.statistics import thresholds as th

ESCAPE, ALARM = 60.0, 12.0


def cells(
    draws: np.random.Generator, lots: int, size: int, between: float = 0.0, sharp: float = 1.5
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return calibrated risks (between lots: shifts that the risks do not know), faults, lots."""
    odds = draws.normal(-3.0, sharp, lots * size)
    shift = np.repeat(draws.normal(0, between, lots), size) if between else 0.0
    bad = draws.random(odds.size) < 1 / (1 + np.exp(-odds - shift))
    return 1 / (1 + np.exp(-odds)), bad.astype(float), [str(i // size) for i in range(odds.size)]


@pytest.mark.parametrize(("ceiling", "needed"), [(10_000.0, 299), (1000.0, 2995), (10.0, 299_572)])
def test_rule_of_three(ceiling: float, needed: int) -> None:
    """Without an escape ln(0.05)/ln(1 - ceiling) cells are needed; with two, the exact count."""
    assert th.cells_needed(ceiling) == needed
    assert math.ceil(math.log(0.05) / math.log1p(-ceiling / 1e6)) == needed
    two = th.cells_needed(ceiling, 2)
    assert (
        stats.binom.cdf(2, two, ceiling / 1e6) <= 0.05 < stats.binom.cdf(2, two - 1, ceiling / 1e6)
    )


def test_too_few_cells_say_so() -> None:
    """Four thousand cells cannot show 10 ppm, whatever the model; the number needed is told."""
    risks, bad, _ = cells(np.random.default_rng(1), 100, 40)
    found = th.safety_threshold(risks, bad, 10.0)
    assert found.threshold is None
    assert found.needed == 299_572
    assert found.reason == "10 ppm takes 299572 cells without an escape, there are 4000"
    assert th.safety_threshold(risks, bad, 5000.0, 3.0).needed == 3 * 598


def test_ceiling_is_kept_with_its_confidence() -> None:
    """Of 80 sets of cells the threshold's true escapes exceed the ceiling in 5 % at most."""
    draws = np.random.default_rng(3)
    above, shown = 0, 0
    for _ in range(80):
        risks, bad, _ = cells(draws, 80, 100, sharp=2.5)
        found = th.safety_threshold(risks, bad, 10_000.0)
        if found.threshold is not None:
            shown += 1
            passed = risks[risks <= found.threshold]
            above += passed.mean() > 0.01  # risks are the true chances
            assert found.passed == passed.size
            assert found.escapes_ppm <= 10_000
            assert found.escapes == bad[risks <= found.threshold].sum()
    assert shown > 60
    assert above / shown <= 0.05


def test_bad_cell_of_least_risk() -> None:
    """Where the safest-looking cells are bad nothing is shown, and that is the reason."""
    risks, bad = np.linspace(0, 1, 2000), np.zeros(2000)
    bad[:40] = 1
    found = th.safety_threshold(risks, bad, 10_000.0)
    assert found.threshold is None
    assert found.reason == "too many of the 408 cells of least risk and more were bad"
    assert th.safety_threshold(risks, np.zeros(2000), 10_000.0).threshold == 1.0


def test_threshold_by_cost_is_that_of_the_odds() -> None:
    """Of true risks the cheapest threshold is alarm / (alarm + escape), the mean its saving."""
    risks, bad, lots = cells(np.random.default_rng(4), 1000, 40)
    found = th.cost_threshold(risks, bad, lots, ESCAPE, ALARM)
    assert found.by_odds == pytest.approx(1 / 6)
    assert found.threshold == pytest.approx(1 / 6, abs=0.03)
    gain = np.maximum(0, risks * ESCAPE - (1 - risks) * ALARM).mean() * 1000
    assert found.saving.low < gain < found.saving.high
    assert found.saving.value == pytest.approx(gain, rel=0.06)
    assert found.escapes + found.false_alarms < 1000


@pytest.mark.slow
def test_saving_interval_is_over_lots() -> None:
    """With lots that fail together 88 % or more of 120 intervals hold the truth; by cells far less.

    The truth is the saving of the threshold by odds over 20,000 lots.
    """
    draws = np.random.default_rng(5)
    whole = cells(draws, 20_000, 40, 1.5)
    stop = whole[0] >= 1 / 6
    truth = float(np.where(stop, np.where(whole[1] > 0, ESCAPE, -ALARM), 0.0).mean() * 1000)
    held = []
    for _ in range(120):
        risks, bad, lots = cells(draws, 60, 40, 1.5)
        gain = np.where(risks >= 1 / 6, np.where(bad > 0, ESCAPE, -ALARM), 0.0) * 1000
        half = 1.96 * gain.std() / np.sqrt(gain.size)
        own = th.bootstrap(np.array(lots), lambda rows, g=gain: float(g[rows].mean()), 250)
        held.append((own[0] <= truth <= own[1], abs(gain.mean() - truth) <= half))
    by_lots, by_cells = np.mean(held, axis=0)
    assert by_lots >= 0.88
    assert by_cells < by_lots - 0.04


def test_saving_is_counted_on_lots_without_a_part_in_the_choice() -> None:
    """Risks that tell nothing save nothing: counted on the same lots they would seem to."""
    draws = np.random.default_rng(6)
    risks, bad = draws.random(600), (draws.random(600) < 1 / 6).astype(float)
    lots = [str(i // 20) for i in range(600)]
    found = th.cost_threshold(risks, bad, lots, ESCAPE, ALARM)
    best = th.cheapest(risks, bad, ESCAPE, ALARM)
    seeming = np.where(risks >= best, np.where(bad > 0, ESCAPE, -ALARM), 0.0).mean() * 1000
    assert seeming > 0
    assert found.saving.value < seeming
    assert found.saving.low < 0


def test_refused() -> None:
    """One lot, costs of nothing and a ceiling of nothing are refused."""
    risks, bad, lots = cells(np.random.default_rng(7), 2, 40)
    for costs, where, words in (((0.0, 1.0), lots, "cost"), ((1.0, 1.0), ["a"] * 80, "one lot")):
        with pytest.raises(ScenarioError, match=words):
            th.cost_threshold(risks, bad, where, *costs)
    with pytest.raises(ScenarioError, match="ceiling of 0 ppm"):
        th.cells_needed(0.0)
