"""Labels that err: their likelihood enters the training of a probability."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import expit
from surrogates.learners import learning_of

from linetwin.errors import ScenarioError
from linetwin.predictors.links import Link
from linetwin.surrogates.learning.classes import candidates_of, platt
from linetwin.surrogates.learning.labels import Inspection
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.surrogates.learning.task import Learning

ERRS = Inspection(0.15, 0.08)
DATASET = """\
schema: 1
dataset: labels
file: table.csv
source: made for a test
licence: CC0-1.0
columns:
  x: {{column: x, unit: "1", role: feature}}
  lot: {{column: lot, role: group}}
  found: {{column: found, unit: "1", role: target, label_error: {stated}}}
"""
TRAINING = """\
schema: 1
name: found
dataset: data.yaml
target: found
candidates: [linear, trees]
"""


def labelled(seed: int, rows: int = 1500, inspection: Inspection = ERRS) -> tuple[Learning, ...]:
    """Return a task with labels that err, and the same with the truth; log odds 2 x - 1.5."""
    draws = np.random.default_rng(seed)
    x = draws.normal(0, 1, (rows, 1))
    truth = draws.random(rows) < expit(2 * x[:, 0] - 1.5)
    missed, false = (draws.random(rows) < share for share in (inspection.miss,
                                                              inspection.false_alarm))  # fmt: skip
    labels = np.where(truth, ~missed, false).astype(float)
    made = learning_of(
        x, labels, np.arange(rows) % 20, link=Link(kind="logit"), chance=True, inspection=inspection
    )
    return made, replace(made, target=truth.astype(float), inspection=None)


def test_the_fault_is_learnt_and_not_the_label() -> None:
    """Over ten data sets the corrected curve is unbiased where the label's own is flat."""
    at = np.array([[-1.5], [0.0], [1.5]])
    known = expit(2 * at[:, 0] - 1.5)
    found: dict[bool, list[np.ndarray]] = {True: [], False: []}
    (linear,) = (each for each in candidates_of(labelled(0)[0]) if each.name == "linear")
    for seed in range(10):
        told, _ = labelled(seed)
        for corrected in (True, False):
            task = told if corrected else replace(told, inspection=None)
            fitted = linear.fit(task, {"ridge": 1.0})
            found[corrected].append(expit(fitted.linked(at, task)))
    errors = {key: np.mean(values, axis=0) - known for key, values in found.items()}
    spread = np.std(found[True], axis=0, ddof=1) / np.sqrt(10)
    assert (np.abs(errors[True]) < 3 * spread + 0.005).all()
    assert np.abs(errors[False]).max() > 0.06  # what a missed fault costs


def test_without_errors_all_is_as_before() -> None:
    """An inspection that never errs gives the losses, scores and lines of the truth."""
    told, plain = labelled(3, 300, Inspection(0.0, 0.0))
    odds = told.features[:, 0] - 0.5
    assert told.losses(odds) == pytest.approx(plain.losses(odds), abs=1e-10)
    for own, other in zip(told.scores(odds), plain.scores(odds), strict=True):
        assert own == pytest.approx(other, abs=1e-10)
    assert platt(odds, told) == pytest.approx(platt(odds, plain), abs=1e-4)
    for each in candidates_of(told)[:2]:
        lines = [each.fit(task, {"ridge": 1.0}).linked(told.features, task)
                 for task in (told, plain)]  # fmt: skip
        assert lines[0] == pytest.approx(lines[1], abs=1e-3)


def test_scores_are_the_slopes_of_the_losses() -> None:
    """Against finite differences, and the information against their expected square."""
    told, _ = labelled(4, 200)
    odds, step = told.features[:, 0], 1e-5
    slopes, information = told.scores(odds)
    numeric = -(told.losses(odds + step) - told.losses(odds - step)) / (2 * step)
    assert slopes == pytest.approx(numeric, abs=1e-6)
    chance = ERRS.false_alarm + ERRS.power * expit(odds)
    squares = [replace(told, target=np.full(200, label)).scores(odds)[0] ** 2 for label in (0, 1)]
    assert information == pytest.approx(chance * squares[1] + (1 - chance) * squares[0], abs=1e-9)


def test_calibration_and_intervals_are_of_the_truth() -> None:
    """What the card sets beside a prediction is the share of the truth, within its interval."""
    told, truth = labelled(5, 2000)
    found = train(told, ["linear"])
    (whole, *_) = found.calibrated
    assert whole.low <= truth.target.mean() <= whole.high
    assert abs(whole.predicted - truth.target.mean()) < 0.03
    assert told.target.mean() - truth.target.mean() > 0.01  # the labels' own share
    with_truth = train(truth, ["linear"])
    assert found.regions[0].half_width > with_truth.regions[0].half_width  # less is known


def _written(folder: Path, stated: str, labels: np.ndarray) -> Path:
    rows = [f"{at % 7},{at % 8},{label}" for at, label in enumerate(labels.astype(int).tolist())]
    (folder / "table.csv").write_text("\n".join(["x,lot,found", *rows]) + "\n", encoding="utf-8")
    (folder / "data.yaml").write_text(DATASET.format(stated=stated), encoding="utf-8")
    file = folder / "training.yaml"
    file.write_text(TRAINING, encoding="utf-8")
    return file


def test_a_dataset_states_how_labels_err(tmp_path: Path) -> None:
    """The card says so; trees know no such likelihood, and are not tried."""
    labels = np.random.default_rng(1).random(160) < 0.3
    file = _written(tmp_path, "{missed: 5 %, false_alarm: 1 %}", labels)
    training = read_training(file)
    assert training.learning.inspection == Inspection(0.05, 0.01)
    trained = train(training.learning, training.file.candidates)
    assert trained.crossing.skipped == {"trees": "it takes no labels that err"}
    said = stored_of(training, trained).card.said
    assert any("Labels err: 5 % of 1 read 0, 1 % of 0 read 1" in text for text in said)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("{missed: 60 %, false_alarm: 50 %}", "are no such shares"),
        ("{missed: -1 %, false_alarm: 1 %}", "are no such shares"),
        ("{missed: 5 %}", "false_alarm"),
        ("{missed: 5 %, false_alarm: 40 %}", "no more than their label_error alone gives"),
    ],
)
def test_errors_that_tell_nothing_are_refused(tmp_path: Path, stated: str, said: str) -> None:
    """With file and key: rates that are none, and labels that errors alone explain."""
    labels = np.random.default_rng(1).random(160) < 0.3
    with pytest.raises(ScenarioError, match=said):
        read_training(_written(tmp_path, stated, labels))
