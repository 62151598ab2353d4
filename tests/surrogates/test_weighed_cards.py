"""Trainings whose rows are weighed, and those whose features hold the answer: what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from neighbours import module_of
from scipy.stats import binomtest

from linetwin.errors import ScenarioError
from linetwin.predictors import store
from linetwin.surrogates.learning.conforming import covered
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.words import coverage_text
from linetwin.surrogates.shares import effective_rows

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.surrogates.learning.reading import Training

learners = module_of("surrogates", "learners")
UNUSED = "opinion: {column: said, role: judgement}"
WEIGHT = 'counts: {column: said, role: weight, unit: "1"}'
COPY = 'copied: {column: said, role: feature, unit: "1"}'


def _last(rows: list[str], values: list[float]) -> list[str]:
    """Return lines with numbers in their last column."""
    return [f"{line.rsplit(',', 1)[0]},{value!r}" for line, value in zip(rows, values, strict=True)]


def _read(folder: Path, rows: list[str], column: str) -> Training:
    dataset = learners.DATASET.replace(UNUSED, column)
    found: Training = read_training(learners.written(folder, rows, dataset=dataset))
    return found


def test_a_weighted_share_counts_as_repeated_rows() -> None:
    """Rows of weight 0.001 hardly count; equal weights give the plain binomial interval."""
    inside = np.array([True] * 8 + [False] * 2 + [False] * 30)
    weights = np.array([1.0] * 10 + [1e-3] * 30)
    found = covered("all", inside, weights)
    assert found.share == pytest.approx(8 / 10.03)
    assert found.effective == pytest.approx(10.03**2 / (10 + 30e-6))
    wanted = binomtest(8, 10).proportion_ci(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.01)
    plain, even = covered("all", inside), covered("all", inside, np.full(40, 2.5))
    assert even.effective == pytest.approx(40)
    assert (even.low, even.high) == pytest.approx((plain.low, plain.high))
    assert "80 % of the weight of held-out rows inside (8 of 40 rows;" in coverage_text(found)
    assert effective_rows(np.array([3.0, 1.0])) == pytest.approx(1.6)
    assert covered("all", np.ones(5, dtype=bool), np.array([0.1, 0.2, 0.3, 0.7, 0.1])).high == 1.0


def test_a_card_says_by_what_rows_are_weighed(tmp_path: Path) -> None:
    """Column and effective rows, in file and words; noisy rows of no weight hardly count outside.

    An unweighted card says nothing of weights.
    """
    rng = np.random.default_rng(4)
    parts = [line.split(",") for line in learners.rows()]
    light = np.arange(len(parts)) % 2 == 1
    for row in np.flatnonzero(light):
        parts[row][3] = f"{float(parts[row][3]) + rng.normal(0, 12):.6f}"
    rows = _last([",".join(each) for each in parts], np.where(light, 1e-3, 1.0).tolist())
    training = _read(tmp_path, rows, WEIGHT)
    trained = learners.train(training.learning, ("linear",))
    store.write(learners.stored_of(training, trained), tmp_path / "made.predictor")
    card = store.read(tmp_path / "made.predictor").card
    assert card.data.weight == "counts"
    assert card.data.effective == pytest.approx(24, abs=0.1)
    assert any("weighed by 'counts': 48 rows tell as much as 24" in said for said in card.said)
    whole = card.covered[0]
    assert whole.share is not None
    assert whole.share > 0.8 > whole.inside / whole.rows
    assert any("% of the weight of held-out rows inside" in said for said in card.said)
    _, plain = learners.trained(tmp_path, learners.rows())
    assert (plain.card.data.weight, plain.card.data.effective) == ("", None)
    assert plain.card.covered[0].share is None
    assert not any("weigh" in said for said in plain.card.said)


def test_weighted_shares_of_a_chance_are_called_so(tmp_path: Path) -> None:
    """Nine ones in ten by weight, one in two by count: both are said, and which is which."""
    rng = np.random.default_rng(6)
    ones = np.arange(96) % 2 == 0
    rows = [
        f"{rng.uniform(100, 900):g},{rng.uniform(40, 50):g},E{at // 8},{int(one)},{9 if one else 1}"
        for at, one in enumerate(ones)
    ]
    dataset = learners.DATASET.replace(UNUSED, WEIGHT).replace(
        'porosity: {column: after, unit: "%"', 'is_scrap: {column: after, unit: "1"'
    )
    text = learners.TRAINING.replace("target: porosity", "target: is_scrap")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("laws"))
    training = read_training(learners.written(tmp_path, rows, text, dataset))
    card = learners.stored_of(training, learners.train(training.learning, ("mean",))).card
    assert card.said[0].startswith("is_scrap is 1 in 48 of 96 rows (90 % of their weight)")
    assert card.calibrated[0].weighed
    assert any(
        "90 % were, both weighted (" in said and "48 of 96 rows" in said for said in card.said
    )


def test_a_feature_that_is_the_target_is_refused(tmp_path: Path) -> None:
    """On another scale, or times another one: named with what to do; ignored, it is learnt."""
    rows = learners.rows()
    target, load = ([float(line.split(",")[at]) for line in rows] for at in (3, 0))
    scaled = _last(rows, [3 * value + 2 for value in target])
    with pytest.raises(ScenarioError, match="porosity is copied but for its scale") as caught:
        _read(tmp_path, scaled, COPY)
    assert caught.value.exit_code == 2
    assert "columns.copied" in str(caught.value)
    assert "give 'copied' `role: ignore`" in str(caught.value)
    factor = _last(rows, [value / one for value, one in zip(target, load, strict=True)])
    with pytest.raises(ScenarioError, match="porosity is line_load x copied but for its scale"):
        _read(tmp_path, factor, COPY)
    ignored = COPY.replace('feature, unit: "1"', "ignore")
    assert _read(tmp_path, scaled, ignored).warnings == ()


def test_what_models_computed_is_a_warning(tmp_path: Path) -> None:
    """A straight law of a simulated table is learnt, with a warning: models may well have it."""
    rows = learners.rows()
    scaled = _last(rows, [3 * float(line.split(",")[3]) + 2 for line in rows])
    training = _read(tmp_path, scaled, f"{COPY}\nsimulated: true")
    assert training.warnings[0].startswith("porosity is copied but for its scale")


def test_equal_rows_in_two_groups_stay_in_the_card(tmp_path: Path) -> None:
    """A table pasted under other electrodes' names is learnt with a warning that stays."""
    rows = learners.rows(electrodes=6)
    pasted = [line.replace(",E", ",F") for line in rows]
    training, stored = learners.trained(tmp_path, [*rows, *pasted])
    assert "in several groups by electrode: line 2" in training.warnings[0]
    assert any(said.startswith("Warning: equal rows") for said in stored.card.said)
