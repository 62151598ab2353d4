"""Probabilities of what is 1 or 0: candidates, calibration, intervals and files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss
from surrogates.learners import learning_of, written
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ScenarioError
from linetwin.predictors.evaluating import load, open_graph
from linetwin.predictors.graph import refusal
from linetwin.predictors.links import Link
from linetwin.surrogates.learning.classes import CLASS_CANDIDATES, calibrated, platt
from linetwin.surrogates.learning.classes_bands import bands, between_groups
from linetwin.surrogates.learning.classes_words import sentences
from linetwin.surrogates.learning.comparing import score
from linetwin.surrogates.learning.crossing import Inner, parts
from linetwin.surrogates.learning.exporting import graph_of
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.ridge import Ridge
from linetwin.surrogates.learning.training import train

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.surrogates.learning.task import Learning

BY_NAME = {each.name: each for each in CLASS_CANDIDATES}
DATASET = """\
schema: 1
dataset: cells
file: table.csv
source: made for a test
licence: CC0-1.0
columns:
  line_load: {column: load, unit: N/mm, role: feature}
  porosity_before: {column: before, unit: "%", role: feature}
  roll: {column: electrode, role: group}
  is_scrap: {column: after, unit: "1", role: target}
  opinion: {column: said, role: judgement}
"""
TRAINING = """\
schema: 1
name: scrap
dataset: data.yaml
target: is_scrap
groups: [roll]
laws: {increases: [line_load]}
candidates: [linear, trees]
"""


def _odds(features: np.ndarray) -> np.ndarray:
    return np.asarray(-1.0 + 1.5 * features[:, 0] - features[:, 1])


def _task(seed: int = 1, rows: int = 400, groups: int = 16, spread: float = 0.5) -> Learning:
    """Return rows of known log odds, in groups that differ by a normal amount."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 3))
    which = np.arange(rows) % groups
    odds = _odds(features) + rng.normal(0, spread, groups)[which]
    target = (rng.random(rows) < expit(odds)).astype(float)
    return learning_of(features, target, which, link=Link(kind="logit"), chance=True)


def _table(rows: int = 240, groups: int = 12) -> list[str]:
    rng = np.random.default_rng(4)
    found = []
    for at in range(rows):
        load, before = rng.uniform(100, 900), rng.uniform(40, 48)
        hit = rng.random() < expit((load - 600) / 90)
        found.append(f"{load:g},{before:g},R{at % groups},{int(hit)},fine")
    return found


def test_scores_are_those_of_scikit_learn() -> None:
    """Log loss and Brier score of given log odds."""
    task = _task()
    linked = _odds(task.features)
    found = score("any", linked, task)
    assert found.error == pytest.approx(log_loss(task.target, expit(linked)), rel=1e-12)
    assert found.brier == pytest.approx(brier_score_loss(task.target, expit(linked)), rel=1e-12)


def test_weights_count_as_repeated_rows() -> None:
    """A row of weight 3 is learnt, and scored, as three rows: by straight lines and by logistic."""
    task = _task(rows=60, groups=6)
    often = np.where(np.arange(60) % 4 == 0, 3, 1)
    weighted = replace(task, weights=often / often.mean())
    again = task.cut(np.repeat(np.arange(60), often))
    # a penalty counts against sums over rows, of which the weighted have fewer
    setting = {"ridge": 1e-6}
    features = task.features
    for candidate in (BY_NAME["linear"], BY_NAME["mean"]):
        one = candidate.fit(weighted, setting).linked(features, weighted)
        assert one == pytest.approx(candidate.fit(again, setting).linked(features, again), abs=0.05)
    straight = Ridge(1e-9).fit(features, task.target, weighted.weights).predict(features)
    repeated = Ridge(1e-9).fit(again.features, again.target).predict(features)
    assert straight == pytest.approx(repeated, abs=1e-6)
    linked = _odds(features)
    first = score("any", linked, weighted)
    second = score("any", np.repeat(linked, often), again)
    assert (first.error, first.spread) == pytest.approx((second.error, second.spread), rel=1e-9)


def test_logistic_is_that_of_scikit_learn() -> None:
    """Log odds equal those of its own classifier on standardised features."""
    task = _task()
    scaled = (task.features - task.features.mean(axis=0)) / task.features.std(axis=0)
    oracle = LogisticRegression(C=0.1).fit(scaled, task.target).decision_function(scaled)
    fitted = BY_NAME["linear"].fit(task, {"ridge": 10.0})
    assert fitted.linked(task.features, task) == pytest.approx(oracle, abs=1e-3)


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_graph_says_what_the_candidate_says(name: str) -> None:
    """Log odds of the file equal those of the candidate, calibrated too; operators are allowed."""
    task = _task(rows=200, groups=8)
    setting = {**BY_NAME[name].settings[0], "level": -0.2, "slope": 0.7}
    with threadpool_limits(1):
        fitted = BY_NAME[name].fit(task, setting)
    graph = graph_of(fitted, 3)
    assert not refusal(graph, 3)
    found = open_graph(graph).run(None, {"x": task.features})[0][:, 0]
    assert found == pytest.approx(fitted.linked(task.features, task), abs=1e-9)


def test_rows_that_are_all_the_same_give_the_rate() -> None:
    """Groups without a single 1 are met within folds: the rate with half a row to either side."""
    task = _task(rows=50, groups=5)
    none = replace(task, target=np.zeros(50))
    linked = BY_NAME["trees"].fit(none, BY_NAME["trees"].settings[0]).linked(none.features, none)
    assert expit(linked) == pytest.approx(np.full(50, 0.5 / 51), rel=1e-9)


def test_log_odds_that_are_too_bold_are_calibrated() -> None:
    """Log odds stretched by 3 and moved by 1 are brought back; sound ones lose nothing."""
    task = _task(rows=4000, groups=40, spread=0.0)
    folds = parts(task.groups, 5)
    bold = 1 + 3 * _odds(task.features)
    level, slope = platt(bold, task)
    assert (level, slope) == pytest.approx((-1 / 3, 1 / 3), abs=0.1)
    inner = Inner({"ridge": 1.0}, bold, task.mean(task.losses(bold)))
    found = calibrated(inner, task, folds)
    assert found.setting["slope"] == pytest.approx(slope)
    assert found.error < inner.error - 0.1
    assert found.error == pytest.approx(task.mean(task.losses(_odds(task.features))), abs=0.005)


def test_the_spread_of_groups_is_found_again() -> None:
    """With many groups their variance comes out as it was made, and as none where it was none."""
    wide = _task(rows=20_000, groups=200, spread=0.7)
    found = between_groups(_odds(wide.features), wide)
    assert found == pytest.approx(0.49 * (1 + np.sqrt(2 / 199)), rel=0.25)
    none = _task(rows=20_000, groups=200, spread=0.0)
    assert between_groups(_odds(none.features), none) < 0.02


def test_intervals_hold_the_true_probability_of_unseen_groups() -> None:
    """Of 90 %: over six data sets of 20 groups 80 to 100 % of new groups' probabilities lie inside.

    Within one data set all new rows share what was learnt, so its share wanders.
    """
    inside = []
    for seed in range(6):
        task = _task(seed + 10, rows=400, groups=20)
        with threadpool_limits(1):
            trained = train(task, ["linear"])
        rng = np.random.default_rng(seed + 900)
        asked = rng.normal(size=(1000, 3))
        truth = _odds(asked) + rng.normal(0, 0.5, 1000)
        linked = trained.fitted.linked(asked, task)
        edges = [region.below for region in trained.regions if region.below is not None]
        halves = np.array([region.half_width for region in trained.regions])
        inside.append(np.mean(np.abs(linked - truth) <= halves[np.searchsorted(edges, linked)]))
    assert 0.8 <= np.mean(inside) <= 1.0


def test_a_region_of_its_own_needs_rows_of_both_kinds() -> None:
    """Where ones are rare there are fewer regions, and each holds five that are foretold."""
    task = _task(rows=2000, groups=20)
    rare = replace(task, target=(np.arange(2000) % 250 == 0).astype(float))
    linked = np.full(2000, np.log(8 / 1992)) + 0.1 * task.features[:, 0]
    assert len(bands(linked, rare, np.zeros(2000))) == 1
    many = bands(_odds(task.features), task, np.zeros(2000))
    assert len(many) == 3
    assert {region.how for region in many} == {"groups"}


def test_a_file_gives_probabilities_with_intervals(tmp_path: Path) -> None:
    """From a table of 0 and 1 to `predict`: calibrated, lawful, between 0 and 1, and so said."""
    file = written(tmp_path, _table(), TRAINING, DATASET)
    output = tmp_path / "scrap.predictor"
    runner = CliRunner()
    made = runner.invoke(app, ["surrogate", "train", str(file), "-o", str(output)])
    assert made.exit_code == 0, made.output
    assert "its probability is learnt" in made.output
    assert "Brier" in made.output
    with load(output) as predictor:
        card = predictor.card
        asked = np.array([[3e5, 0.44], [6e5, 0.44], [8.5e5, 0.44]])
        found = predictor.predict(asked)
    assert card.target.chance
    assert card.score == "log_loss"
    assert card.winner in {"linear", "trees"}
    truth = expit((asked[:, 0] / 1e3 - 600) / 90)
    assert np.all(np.diff(found.value) > 0)
    assert np.all((found.low < truth) & (truth < found.high))
    assert np.all((found.low > 0) & (found.high < 1))
    whole = card.calibrated[0]
    assert whole.predicted == pytest.approx(whole.observed, abs=0.05)
    assert binom.cdf(whole.ones, whole.rows, whole.high) < 0.5
    row = ["--set", "line_load=600 N/mm", "--set", "porosity_before=44 %"]
    told = runner.invoke(app, ["surrogate", "predict", str(output), *row])
    assert "probability of is_scrap" in told.output
    assert " %" in told.output
    content = runner.invoke(app, ["surrogate", "predict", str(output), *row, "--json"])
    assert json.loads(content.output)["probability"] is True


def test_a_weight_of_nothing_leaves_a_row_out(tmp_path: Path) -> None:
    """A column of role weight is used by itself; rows that weigh nothing are not learnt from."""
    dataset = DATASET.replace(
        "opinion: {column: said, role: judgement}", "share: {column: said, role: weight}"
    )
    rows = [line.replace("fine", str(at % 3)) for at, line in enumerate(_table())]
    learning = read_training(written(tmp_path, rows, TRAINING, dataset)).learning
    assert learning.rows == 160
    assert sorted({*np.round(learning.weight, 9)}) == pytest.approx([2 / 3, 4 / 3])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("laws: {between: [0, 1]}", "lies between 0 and 1 by itself"),
        ("score: absolute", "is not for 'is_scrap'"),
        ("target: is_scrap", "is 1 in 3 of 240 rows"),
    ],
)
def test_what_a_probability_cannot_have_is_refused(tmp_path: Path, change: str, said: str) -> None:
    """Limits of amounts, a score of amounts, and three rows of 1; exit code 2."""
    key = change.split(":", 1)[0]
    lines = [line for line in TRAINING.splitlines() if not line.startswith(f"{key}:")]
    rows = _table()
    if key == "target":
        parts_of = [line.split(",") for line in rows]
        rows = [
            ",".join([*each[:3], str(int(at < 3)), each[4]]) for at, each in enumerate(parts_of)
        ]
    with pytest.raises(ScenarioError) as caught:
        read_training(written(tmp_path, rows, "\n".join([*lines, change]), DATASET))
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_stray_label_is_refused_and_an_amount_is_not(tmp_path: Path) -> None:
    """One 0.5 among 0 and 1 is named by its line; more than 5 % of them, or a word, are amounts."""
    training = "\n".join(line for line in TRAINING.splitlines() if not line.startswith("laws"))

    def strayed(count: int) -> list[str]:
        parts_of = [line.split(",") for line in _table()]
        return [
            ",".join([*each[:3], "0.5" if 4 <= at < 4 + count else each[3], each[4]])
            for at, each in enumerate(parts_of)
        ]

    with pytest.raises(ScenarioError, match="1 of 240 rows is neither 0 nor 1: line 6") as caught:
        read_training(written(tmp_path, strayed(1), training, DATASET))
    assert caught.value.exit_code == 2
    with pytest.raises(ScenarioError, match="12 of 240 rows are neither 0 nor 1: line 6"):
        read_training(written(tmp_path, strayed(12), training, DATASET))
    assert not read_training(written(tmp_path, strayed(13), training, DATASET)).learning.chance
    told = f"{training}\nscore: absolute\n"
    assert not read_training(written(tmp_path, strayed(1), told, DATASET)).learning.chance


def test_losses_stand_beside_that_of_the_rate(tmp_path: Path) -> None:
    """Of groups that differ the held-out loss of the rate is above that of all rows: both said."""
    lines = [f"{100 + 7 * (row % 9)},{40 + row % 5},E{row // 20},{int(row % 20 < 2 + row // 20)},"
             for row in range(160)]  # fmt: skip
    text = TRAINING.replace("[linear, trees]", "[linear]")
    training = read_training(written(tmp_path, lines, text, DATASET))
    said = " ".join(sentences(training, train(training.learning, ["linear"])))
    ones = training.learning.target
    alone = log_loss(ones, np.full(len(ones), ones.mean()))
    assert f"% more than the {alone:.4f} of the rate of all rows" in said
