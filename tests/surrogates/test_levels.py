"""Kinds of groups: the coarsest is held out, and what was never held out is not promised."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.predictors.evaluating import Predictor
from linetwin.predictors.levels import PROVEN, UNPROVEN, enough, promises
from linetwin.predictors.store import write
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.learning.levels import coarsest, kinds_of
from linetwin.surrogates.learning.reading import read_training
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of
from linetwin.surrogates.predicting import standing_of
from linetwin.surrogates.shipped import cells as cells_module
from linetwin.surrogates.shipped.cells import cells_of

if TYPE_CHECKING:
    from linetwin.predictors.store import Stored

RUN_SPREAD, BATCH_SPREAD, NOISE = 1.0, 0.3, 0.1
TRAINING = """\
schema: 1
name: y
dataset: {dataset}
target: y
score: absolute
candidates: [linear]
"""


def made(seed: int, runs: int, batches: int = 4, rows: int = 10) -> Dataset:
    """Return y = 2 x + an effect of the run + one of the batch + noise, with equal lots' names."""
    draws = np.random.default_rng(seed)
    run, batch = np.repeat(np.arange(runs), batches * rows), np.repeat(
        np.tile(np.arange(batches), runs), rows
    )  # fmt: skip
    x = draws.uniform(0, 1, len(run))
    effect = draws.normal(0, RUN_SPREAD, runs)[run]
    effect += draws.normal(0, BATCH_SPREAD, (runs, batches))[run, batch]
    y = 2 * x + effect + draws.normal(0, NOISE, len(run))
    frame = pd.DataFrame(
        {
            "x": x,
            "y": y,
            "run": [f"s{seed}-{at}" for at in run],
            "batch": [f"b{at}" for at in batch],
        },
        index=pd.Index([f"cell-{at}" for at in range(len(run))]),
    ).astype({"run": object, "batch": object})
    specs = {
        name: ColumnSpec(name, role, unit)  # type: ignore[arg-type]
        for name, role, unit in (
            ("x", "feature", "1"), ("y", "target", "1"), ("run", "group", ""),
            ("batch", "group", ""),
        )
    }  # fmt: skip
    return Dataset("made", "made", frame, specs, "made", "CC0-1.0", str(seed % 10) * 64,
                   Path(f"run{seed}"), within="run")  # fmt: skip


def joined(seed: int, runs: int) -> Dataset:
    """Return the same with lots named by their run, as cells of several runs are."""
    data = made(seed, runs)
    frame = data.frame.assign(batch=data.labels("batch"))
    return replace(data, frame=frame, within="")


def learnt(folder: Path, data: Dataset, more: str = "") -> Stored:
    """Return what is trained on a dataset."""
    file = folder / "y.yaml"
    file.write_text(TRAINING.format(dataset="made") + more, encoding="utf-8")
    training = read_training(file, dataset=data)
    return stored_of(training, train(training.learning, training.file.candidates))


def inside(stored: Stored, data: Dataset, *, told: bool = True) -> np.ndarray:
    """Return which rows lie in their intervals; `told`: whether new groups are looked at."""
    with Predictor(stored) as predictor:
        features, unseen = data.numbers("x")[:, None], standing_of(stored.card, data).unseen
        found = predictor.predict(features, unseen if told else None)
    y = data.numbers("y")
    return np.asarray((y >= found.low) & (y <= found.high))


def test_the_coarsest_kind_is_held_out(tmp_path: Path) -> None:
    """Runs where there are four, else batches; `groups: []` says rows, and all kinds are shared."""
    for runs, group, kinds in ((4, "run", []), (3, "batch", [("run", 3)])):
        card = learnt(tmp_path, joined(1, runs)).card
        assert card.data.group == group
        assert [(level.column, level.groups) for level in card.levels] == kinds
        assert any(f"Held out: each {group}, the coarsest" in text for text in card.said)
    card = learnt(tmp_path, joined(1, 4), "groups: []\n").card
    assert card.data.group == "rows with equal features"
    assert [level.column for level in card.levels] == ["run", "batch"]
    data = joined(1, 4)
    assert coarsest(data, np.arange(40), np.arange(40.0)[:, None]) == "batch"  # of one run


def test_a_kind_counts_where_most_rows_share_it() -> None:
    """By brute force: a row's lot stands in another held-out group; trays hardly do."""
    data = joined(2, 3)
    draws = np.random.default_rng(0)
    crossed = draws.choice(["day", "night"], len(data.frame)).astype(object)
    trays = np.array([f"t{at // 3}" for at in range(len(data.frame))], dtype=object)
    specs = {name: ColumnSpec(name, "group", "") for name in ("shift", "tray")}
    data = replace(
        data,
        frame=data.frame.assign(shift=crossed, tray=trays),
        columns={**data.columns, **specs},
    )
    rows = np.arange(len(data.frame))
    batch = np.unique(data.frame["batch"].to_numpy(str), return_inverse=True)[1]
    found = [kind.column for kind in kinds_of(data, rows, batch)]
    brute = [
        name
        for name in ("shift", "run", "batch", "tray")
        if np.mean([
            any(batch[other] != batch[row] for other in rows[data.frame[name] == own])
            for row, own in enumerate(data.frame[name])
        ]) > 0.5
    ]  # fmt: skip
    assert found == brute == ["shift", "run"]


def test_intervals_hold_in_new_runs(tmp_path: Path) -> None:
    """Trained on 12 runs 90 % or more of rows of runs never seen lie inside.

    Where batches are named a new run has wider intervals, which hold like those of runs held out.
    """
    by_run, by_batch, narrow = [], [], []
    for seed in range(1, 7):
        data, fresh = joined(seed, 12), joined(100 + seed, 60)
        by_run.append(inside(learnt(tmp_path, data), fresh).mean())
        named = learnt(tmp_path, data, "groups: [batch]\n")
        by_batch.append(inside(named, fresh).mean())
        narrow.append(inside(named, fresh, told=False).mean())
        known = joined(seed, 12)  # rows of runs that were seen keep the intervals of a new batch
        assert (inside(named, known) == inside(named, known, told=False)).all()
    error = np.std(by_run, ddof=1) / np.sqrt(len(by_run))
    assert 0.9 - 2 * error <= np.mean(by_run) < 1
    assert abs(np.mean(by_batch) - np.mean(by_run)) < 0.02
    assert np.mean(narrow) <= np.mean(by_batch)


def test_one_run_promises_nothing_of_the_next(tmp_path: Path) -> None:
    """Rows of the run are proven, of another unproven, though lots there have the same names."""
    data = made(1, 1, batches=12)
    stored = learnt(tmp_path, data)
    assert stored.card.data.group == "batch"
    (level,) = stored.card.levels
    assert (level.column, level.groups, level.seen, level.regions) == ("run", 1, ["s1-0"], [])
    assert promises(stored.card)[-1] == (
        "Of a new run (1 seen: s1-0) nothing is promised: that takes 9 of them, or 4 with errors"
        " taken as normal."
    )
    assert set(standing_of(stored.card, data).words) == {PROVEN}
    other = standing_of(stored.card, made(2, 1, batches=12))
    assert set(other.words) == {UNPROVEN}
    assert (other.new(0), other.said(0)) == (("run",), "unproven level: new run")
    (note,) = other.notes(0.9)
    assert note.startswith("unproven level: 120 of 120 rows (new run)")
    held = [inside(stored, made(seed, 1, batches=12)).mean() for seed in range(2, 14)]
    assert np.mean(held) < 0.7  # for good reason


@pytest.mark.parametrize(("coverage", "groups"), [(0.9, 9), (0.8, 4), (0.95, 19), (0.5, 1)])
def test_groups_that_need_no_assumption(coverage: float, groups: int) -> None:
    """coverage <= n / (n + 1), as conformal intervals need."""
    assert enough(coverage) == groups
    assert groups / (groups + 1) >= coverage - 1e-12 > (groups - 1) / groups - 1e-12


def test_answers_say_what_is_not_known(tmp_path: Path) -> None:
    """Table and JSON mark rows of a new run; where the run is not told it is said once; exit 0."""
    file = tmp_path / "y.predictor"
    write(learnt(tmp_path, made(1, 1, batches=12)), file)
    table = tmp_path / "asked.csv"
    table.write_text("x,run\n0.2,s1-0\n0.5,other\n0.7,\n", encoding="utf-8")

    def asked(command: str, *more: str) -> str:
        found = CliRunner().invoke(app, ["surrogate", command, str(file), *more])
        assert found.exit_code == 0, found.exception
        return found.output

    told = json.loads(asked("predict", "--data", str(table), "--json"))
    assert [row["level"] for row in told["rows"]] == ["proven", "unproven", "not told"]
    assert [row["new"] for row in told["rows"]] == [[], ["run"], []]
    assert len(told["notes"]) == 2
    said = asked("predict", "--data", str(table))
    assert "unproven level: 1 of 3 rows (new run)" in said
    assert "which run is not told of 1 of 3 rows: of a new one these are no 90 % intervals" in said
    assert said.count("unproven level: new run") == 1
    said = asked("explain", "--data", str(table), "--row", "line 3")
    assert "(unproven level: new run:" in said
    assert "90%" not in said
    said = asked("invert", "--target", "y=at least 0", "--limits", "x", "--chance", "0.1")
    assert said.count("which run is not told") == 1
    assert "Of a new run (1 seen: s1-0) nothing is promised" in asked("card")


def test_cells_of_joined_runs_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was joined is known when it is asked about alone; its namesake lots are others."""
    parts = {f"r{seed}": made(seed, 1) for seed in (1, 2, 3, 4)}
    twin = made(1, 1, rows=9)  # the same run by name, with another history
    parts["twin"] = replace(twin, digest="f" * 64)
    monkeypatch.setattr(cells_module, "read_dataset", lambda path: parts[path.name])
    data = cells_of([Path(name) for name in parts])
    assert data.frame["run"].nunique() == 5
    assert data.frame["batch"].nunique() == 20
    assert {*parts["r2"].labels("batch")} <= {*data.labels("batch")}
    assert not {*made(9, 1).labels("batch")} & {*data.labels("batch")}


def test_few_runs_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run: nothing of the next order; four: an assumption; nine: not a word."""
    from linetwin.surrogates.shipped import training

    monkeypatch.setattr(training, "train_shipped", lambda *_: iter(()))
    for runs, said in ((1, "of the next order nothing is promised"), (4, "taken as normal"),
                       (9, "")):  # fmt: skip
        names = [f"run{at}" for at in range(runs)]
        found = CliRunner().invoke(app, ["surrogate", "shipped", *names, "-o", str(tmp_path)])
        assert ("warning" in found.output) == bool(said)
        assert said in found.output
