"""Stated uncertainties of a target: certain rows count for more in fits, and for no more after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from surrogates.learners import DATASET, TRAINING, learning_of, rows, written

from linetwin.errors import ScenarioError
from linetwin.predictors.links import Link
from linetwin.surrogates.learning.candidates import CANDIDATES
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.surrogates.learning.candidates import Candidate
    from linetwin.surrogates.learning.task import Learning

FINE, COARSE = 0.05, 1.0
STATED = """\
  scatter: {column: sd, unit: "%", role: uncertainty, of: porosity}
  other: {column: sd, unit: N/mm, role: uncertainty, of: line_load}
"""


def measured(seed: int, count: int = 60) -> Learning:
    """Return y = 2 x, of which every third row is measured finely; groups of four."""
    draws = np.random.default_rng(seed)
    x, own = draws.uniform(-1, 1, (count, 1)), np.where(np.arange(count) % 3, COARSE, FINE)
    target = 2 * x[:, 0] + draws.normal(0, own)
    return learning_of(x, target, np.arange(count) // 4, variances=own**2)


def candidate(name: str) -> Candidate:
    """Return a candidate by its name."""
    (found,) = (each for each in CANDIDATES if each.name == name)
    return found


@pytest.mark.parametrize(
    ("name", "setting", "better"),
    [("linear", {"ridge": 1e-3}, 0.35), ("gaussian", {}, 0.5)],
)
def test_certain_rows_tell_the_slope(name: str, setting: dict[str, float], better: float) -> None:
    """Over data sets a slope errs by what least squares by certainty leave, not by all rows'."""
    ends = np.array([[-0.8], [0.8]])
    errors: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(12):
        task = measured(seed)
        for stated in (True, False):
            own = task if stated else replace(task, variances=None)
            low, high = candidate(name).fit(own, setting).linked(ends, own)
            errors[stated].append((high - low) / 1.6 - 2)
    root = {key: float(np.sqrt(np.mean(np.square(each)))) for key, each in errors.items()}
    assert root[True] < better * root[False]


def test_weights_are_those_of_both_variances() -> None:
    """1 / (own + model variance), of a line's residuals beyond the own: here about none."""
    task = measured(3, 600)
    weights = task.precise().weight
    fine, coarse = weights[0], weights[1]
    assert weights.mean() == pytest.approx(1)
    assert fine / coarse > 20  # without a model's variance it would be 400
    curved = replace(task, target=task.target + 5 * task.features[:, 0] ** 2)
    bent = curved.precise().weight
    assert bent[0] / bent[1] == pytest.approx((COARSE**2 + 2.2) / (FINE**2 + 2.2), rel=0.2)
    assert task.cut(np.arange(5)).variances is not None
    assert replace(task, variances=None).precise().weights is None


def test_equal_uncertainties_change_nothing() -> None:
    """All rows as certain: the same fit, to rounding."""
    task = replace(measured(1), variances=np.full(60, 0.04))
    for name in ("mean", "linear", "trees"):
        setting = candidate(name).settings[0]
        fits = [candidate(name).fit(each, setting).linked(task.features, task)
                for each in (task, replace(task, variances=None))]  # fmt: skip
        assert fits[0] == pytest.approx(fits[1], abs=1e-9)


@pytest.mark.parametrize(
    "link", [Link(), Link(kind="log"), Link(kind="logit", low=0.1, high=0.7)], ids=lambda e: e.kind
)
def test_the_slope_of_a_scale(link: Link) -> None:
    """Against finite differences."""
    values, step = np.array([0.2, 0.4, 0.6]), 1e-6
    numeric = (link.to(values + step) - link.to(values - step)) / (2 * step)
    assert link.slope(values) == pytest.approx(numeric, rel=1e-6)


def _table() -> list[str]:
    """Return rows with a last column, of which the second says nothing."""
    return [f"{line},{'' if at == 1 else 0.3 + at % 3}" for at, line in enumerate(rows())]


def _read(folder: Path, more: str) -> Path:
    file = written(folder, _table(), TRAINING + more, DATASET + STATED)
    text = (folder / "table.csv").read_text(encoding="utf-8")
    (folder / "table.csv").write_text(text.replace("after,said", "after,said,sd"), encoding="utf-8")
    return file


def test_a_training_names_the_uncertainty(tmp_path: Path) -> None:
    """On the learnt scale, the median where a row says none; without the key nothing is used."""
    learning = read_training(_read(tmp_path, "uncertainty: scatter\n")).learning
    assert learning.variances is not None
    stated = np.sqrt(learning.variances) / learning.link.slope(learning.target)
    assert stated[[0, 2, 3]] == pytest.approx([0.003, 0.023, 0.003])
    assert stated[1] == pytest.approx(0.013)
    training = read_training(_read(tmp_path, "uncertainty: scatter\n"))
    said = stored_of(training, train(training.learning, ["linear"])).card.said
    assert any("1 / (their own variance + that of models)" in text for text in said)
    assert read_training(_read(tmp_path, "")).learning.variances is None


@pytest.mark.parametrize(
    ("name", "said"),
    [("other", "is that of line_load"), ("porosity", "is target, not uncertainty"),
     ("nothing", "has no column")],
)  # fmt: skip
def test_an_uncertainty_of_something_else_is_refused(tmp_path: Path, name: str, said: str) -> None:
    """With the key, and what there is."""
    with pytest.raises(ScenarioError, match=said):
        read_training(_read(tmp_path, f"uncertainty: {name}\n"))


def test_an_uncertainty_is_of_its_target_s_kind(tmp_path: Path) -> None:
    """Millimetres of a voltage, whose name no vocabulary knows, are refused."""
    dataset = DATASET.replace(
        'porosity: {column: after, unit: "%", role: target}',
        "swing: {column: after, unit: V, role: target}\n"
        "  doubt: {column: load, unit: mm, role: uncertainty, of: swing}",
    )
    training = TRAINING.replace("target: porosity", "target: swing\nuncertainty: doubt")
    training = training.replace("laws: {between: [0 %, 100 %], decreases: [line_load]}\n", "")
    with pytest.raises(ScenarioError, match="'doubt' is in m, swing in V"):
        read_training(written(tmp_path, rows(), training, dataset))
