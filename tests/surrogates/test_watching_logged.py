"""`linetwin surrogate watch --log --json`: plain numbers and truth values, the same in both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.special import expit
from surrogates.learners import DATASET, LOADS, TRAINING, compacted, written
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.store import Stored, write
from linetwin.results.audit import entries
from linetwin.results.audit_check import verify
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of
from linetwin.surrogates.watching import watch

if TYPE_CHECKING:
    from pathlib import Path

LAWLESS = "\n".join(line for line in TRAINING.splitlines() if not line.startswith("laws:"))
SCRAP = DATASET.replace('porosity: {column: after, unit: "%"', 'bad: {column: after, unit: "1"')
OF_SCRAP = LAWLESS.replace("porosity", "bad")


def numbers(seed: int, electrodes: int, shift: float = 0.0, scatter: float = 0.3) -> list[str]:
    """Return rows of the law of compaction (% porosity), with what an electrode has of its own."""
    rng = np.random.default_rng(seed)
    found = []
    for electrode in range(electrodes):
        before = rng.uniform(40.0, 48.0)
        own = rng.normal(shift, scatter)
        for load in LOADS:
            after = float(compacted(np.array(load), np.array(before))) + own
            after += rng.normal(0.0, scatter)
            found.append(f"{load:g},{before:.4f},S{seed}E{electrode},{after:.5f},good")
    return found


def straight(seed: int, electrodes: int) -> list[str]:
    """Return rows without any scatter, on a straight line of which intervals have no width."""
    rng = np.random.default_rng(seed)
    return [
        f"{load:g},{before},S{seed}E{electrode},{before - load / 100},good"
        for electrode in range(electrodes)
        for before in rng.integers(40, 48, 1)
        for load in LOADS
    ]


def labels(seed: int, electrodes: int, level: float = 0.0) -> list[str]:
    """Return rows of scrap that grows with the load, 20 of an electrode."""
    rng = np.random.default_rng(seed)
    load = rng.uniform(100.0, 1500.0, 20 * electrodes)
    bad = (rng.random(load.size) < expit((load - 900) / 200 + level)).astype(int)
    return [
        f"{load[at]:.2f},{rng.uniform(40, 48):.3f},S{seed}E{at // 20},{bad[at]},good"
        for at in range(load.size)
    ]


CASES: dict[str, tuple[list[str], str, str, dict[str, list[str]]]] = {
    "with laws": (
        numbers(1, 12), TRAINING, DATASET,
        {"few": numbers(2, 2), "many": numbers(3, 12), "drifted": numbers(4, 12, 4.0)},
    ),
    "without laws, six groups": (
        numbers(5, 6), LAWLESS, DATASET,
        {"few": numbers(6, 2), "many": numbers(7, 12), "drifted": numbers(8, 12, 4.0)},
    ),
    "no scatter": (
        straight(9, 8), LAWLESS, DATASET, {"few": straight(10, 2), "many": straight(11, 8)},
    ),
    "probabilities": (
        labels(12, 15), OF_SCRAP, SCRAP,
        {"few": labels(13, 2), "many": labels(14, 15), "drifted": labels(15, 15, 3.0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_leaves_is_plain_and_the_log_keeps_it(tmp_path: Path, case: str) -> None:
    """Each look ends well, is in the log as it was printed, and its log verifies."""
    rows, training, dataset, watched = CASES[case]
    task = read_training(written(tmp_path, rows, training, dataset))
    file, log = tmp_path / "p.predictor", tmp_path / "watch.log"
    write(stored_of(task, train(task.learning, ("linear",))), file)
    printed = []
    for told in watched.values():
        written(tmp_path, told, training, dataset)
        asked = ["surrogate", "watch", str(file), "--data", str(tmp_path / "data.yaml")]
        done = CliRunner().invoke(app, [*asked, "--log", str(log), "--json"])
        assert done.exit_code == 0, (done.output, done.exception)
        printed.append(json.loads(done.stdout))
        _plain(printed[-1])
    kept = [entry.after for entry in entries(log) if entry.what == "predictor watched"]
    assert kept == [{key: each[key] for key in each if key != "logged"} for each in printed]
    verify(log)
    if "drifted" in watched:
        first = next(iter(printed[-1]["checks"].values()))
        assert first["off"] is first["fails"] is True


def _plain(found: dict[str, Any]) -> None:
    """Hold each value against the kind that it is to be of."""
    assert found["checks"]
    for check in found["checks"].values():
        assert set(check) == {"said", "chance", "off", "fails"}
        assert type(check["off"]) is type(check["fails"]) is bool
        assert check["chance"] is None or type(check["chance"]) is float
        assert "nan" not in check["said"]
    for key in ("look", "rows", "outcomes", "groups"):
        assert type(found[key]) is int
    assert {type(each) for each in found["domain"].values()} == {int}


def test_intervals_without_a_width_give_numbers(tmp_path: Path) -> None:
    """A rule that errs nowhere: what is off by anything is outside, what is not is inside."""
    task = read_training(written(tmp_path, numbers(1, 12), LAWLESS))
    stored = stored_of(task, train(task.learning, ("linear",)))
    bare = [each.model_copy(update={"half_width": 0.0}) for each in stored.card.regions]
    card = stored.card.model_copy(update={"regions": bare, "levels": []})
    written(tmp_path, numbers(3, 12), LAWLESS)
    with Predictor(Stored(card, stored.graph)) as predictor:
        found = watch(predictor, read_dataset(tmp_path / "data.yaml")).content()
    _plain(found)
    json.dumps(found, allow_nan=False)
    assert found["checks"]["intervals"]["said"].startswith("0 of ")
