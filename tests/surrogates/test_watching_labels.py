"""`watch` of labels that err: held against what such labels read, not against faults."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from linetwin.predictors.evaluating import Predictor
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of
from linetwin.surrogates.watching import KEEP, LOOK, RETRAIN, sentences, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from linetwin.surrogates.watching import Watched

    Learnt = Callable[[tuple[float, float]], Predictor]

DATASET = """\
schema: 1
dataset: labels
file: table.csv
source: made for a test
licence: CC0-1.0
columns:
  x: {{column: x, unit: "1", role: feature}}
  lot: {{column: lot, role: group}}
  found: {{column: found, unit: "1", role: target{stated}}}
"""
TRAINING = "schema: 1\nname: found\ndataset: data.yaml\ntarget: found\ncandidates: [linear]\n"
LOTS = 30
ROWS = 1200
SETTINGS = ((0.4, 0.05), (0.15, 0.08), (0.3, 0.15), (0.05, 0.3))  # missed, false alarms
LEVEL, SLOPE = -1.5, 2.0  # log odds of a fault


def drawn(
    rng: np.random.Generator, errs: tuple[float, float], level: float = LEVEL, how: str = ""
) -> tuple[np.ndarray, ...]:
    """Return features, faults, and labels of these that err, each of shape (rows,)."""
    x = np.round(rng.normal(0, 1, ROWS), 6)
    fault = rng.random(ROWS) < expit(level + SLOPE * x)
    if how == "shuffled":
        fault = rng.permutation(fault)
    missed, false = (rng.random(ROWS) < share for share in errs)
    return x, fault, np.where(fault, ~missed, false).astype(int)


def written(
    folder: Path,
    rng: np.random.Generator,
    errs: tuple[float, float],
    lot: str,
    how: str = "",
    stated: tuple[float, float] | None = None,
) -> np.ndarray:
    """Write rows of 30 lots with labels that err; return the faults behind them, shape (rows,)."""
    x, fault, label = drawn(rng, errs, LEVEL, how)
    rows = [f"{x[at]:.6f},{lot}{at % LOTS},{label[at]}" for at in range(ROWS)]
    (folder / "table.csv").write_text("\n".join(["x,lot,found", *rows]) + "\n", encoding="utf-8")
    miss, alarm = stated or errs
    told = f", label_error: {{missed: {100 * miss:g} %, false_alarm: {100 * alarm:g} %}}"
    text = DATASET.format(stated=told if miss + alarm > 0 else "")
    (folder / "data.yaml").write_text(text, encoding="utf-8")
    (folder / "training.yaml").write_text(TRAINING, encoding="utf-8")
    return fault


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learnt]:
    """Predictors of the fault, learnt once from labels that err so: missed, false alarms."""
    folder = tmp_path_factory.mktemp("learnt")
    with ExitStack() as stack:

        @cache
        def ready(errs: tuple[float, float]) -> Predictor:
            written(folder, np.random.default_rng(300), errs, "T")
            training = read_training(folder / "training.yaml")
            stored = stored_of(training, train(training.learning, ("linear",)))
            return stack.enter_context(Predictor(stored))

        yield ready


def looked(predictor: Predictor, folder: Path) -> Watched:
    """Hold the predictor against what is written."""
    return watch(predictor, read_dataset(folder / "data.yaml"))


@pytest.mark.parametrize("errs", SETTINGS)
def test_sound_data_are_left_alone_and_changes_are_found(
    tmp_path: Path, learnt: Learnt, errs: tuple[float, float]
) -> None:
    """Of 20 sound data sets none is proposed, most are kept.

    Odds of a fault 4.5 times as large, or faults that have nothing to do with what was said, are.
    """
    rng = np.random.default_rng(7)
    written(tmp_path, rng, errs, "N")
    data = read_dataset(tmp_path / "data.yaml")

    def verdict(level: float = LEVEL, how: str = "") -> str:
        x, _, label = drawn(rng, errs, level, how)
        found = data.frame.assign(x=x, found=label.astype(float))
        return watch(learnt(errs), replace(data, frame=found)).verdict

    same = Counter(verdict() for _ in range(20))
    assert same[RETRAIN] == 0
    assert same[KEEP] >= 16
    assert verdict(LEVEL + 1.5) == RETRAIN
    assert verdict(how="shuffled") == RETRAIN


def test_shares_and_slope_are_those_behind_the_labels(tmp_path: Path, learnt: Learnt) -> None:
    """The corrected share by hand (Rogan and Gladen), a slope of 1, and what labels alone say."""
    errs = (0.4, 0.05)
    fault = written(tmp_path, np.random.default_rng(2), errs, "N")
    data = read_dataset(tmp_path / "data.yaml")
    found = watch(learnt(errs), data)
    share = data.numbers("found")[
        learnt(errs).predict(data.numbers("x")[:, None]).domain < 2
    ].mean()
    by_hand = 100 * (share - 0.05) / 0.55
    said = found.checks[0].said
    assert said.startswith(f"{by_hand:.1f} % came true, corrected for labels that err")
    assert f"({100 * share:.1f} % read 1)" in said
    assert by_hand == pytest.approx(100 * fault.mean(), abs=5.0)
    assert _slope(found) == pytest.approx(1.0, abs=0.35)
    assert found.content()["label_error"] == {"missed": 0.4, "false_alarm": 0.05}


@pytest.mark.parametrize(("how", "least", "most"), [("", 0.85, 1.15), ("shuffled", -0.1, 0.1)])
def test_a_slope_is_that_of_another_library(
    tmp_path: Path, learnt: Learnt, how: str, least: float, most: float
) -> None:
    """Labels that do not err: maximum likelihood over the stated log odds by scikit-learn."""
    written(tmp_path, np.random.default_rng(2), (0.0, 0.0), "N", how=how)
    data = read_dataset(tmp_path / "data.yaml")
    found = watch(learnt((0.0, 0.0)), data)
    told = learnt((0.0, 0.0)).predict(data.numbers("x")[:, None]).value
    own = np.isfinite(told)
    line = LogisticRegression(C=np.inf, tol=1e-9)
    line.fit(logit(told[own])[:, None], data.numbers("found")[own])
    assert _slope(found) == pytest.approx(float(line.coef_[0, 0]), abs=0.012)
    assert least < _slope(found) < most
    assert found.content()["label_error"] is None


def test_the_errors_of_the_watched_data_count(tmp_path: Path, learnt: Learnt) -> None:
    """Learnt from labels of one inspection, watched with another's: sound.

    As if the other erred like the first, or not at all: proposed.
    """
    verdicts = {}
    for stated in ((0.05, 0.2), (0.4, 0.05), (0.0, 0.0)):
        written(tmp_path, np.random.default_rng(6), (0.05, 0.2), "N", stated=stated)
        verdicts[stated] = looked(learnt((0.4, 0.05)), tmp_path).verdict
    assert verdicts == {(0.05, 0.2): KEEP, (0.4, 0.05): RETRAIN, (0.0, 0.0): RETRAIN}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ((0.1, 0.6), "fewer than the 60 % of stated false alarms alone"),
        ((0.9, 0.01), "more than the 10 % that are stated to be found at most"),
    ],
)
def test_labels_that_their_stated_errors_do_not_allow_are_strange(
    tmp_path: Path, learnt: Learnt, stated: tuple[float, float], said: str
) -> None:
    """Told as such, and nothing is held against the predictor."""
    written(tmp_path, np.random.default_rng(2), (0.15, 0.08), "N", stated=stated)
    found = looked(learnt((0.15, 0.08)), tmp_path)
    assert (found.verdict, found.known, found.checks) == (LOOK, 0, ())
    assert said in found.strange[0]
    assert said in " ".join(sentences(found))


def _slope(found: Watched) -> float:
    """Return the slope that the relation's sentence tells."""
    return float(re.findall(r"by about (\S+)", found.checks[1].said)[0])
