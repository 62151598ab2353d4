"""The folder of a study is a dataset by itself: factors are features, figures are targets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from linetwin.errors import ResultsError, ScenarioError
from linetwin.study.tasks import run_id
from linetwin.surrogates.data.checks.replicates import noises
from linetwin.surrogates.data.reading import read_dataset

if TYPE_CHECKING:
    from pathlib import Path

SEED = 5
SPEED = "cathode.coater.web_speed"
MODE = "cathode.coater.coating_mode"
FIGURE = "order.last_cell_graded"
POINTS = {"key": ["p0", "p1", "p2"], SPEED: [0.03, 0.04, None], MODE: ["slot", "slot", "comma"]}
TIMES = {("p0", 0): 100.0, ("p0", 1): 104.0, ("p1", 0): 90.0, ("p1", 1): None, ("p2", 0): 95.0}


def study_folder(folder: Path) -> Path:
    """Write the folder of a study of three points and two factors, of which one run failed."""
    factors = [
        {"address": SPEED, "unit": "m/s", "base": 0.035, "low": 0.03, "high": 0.04, "levels": [],
         "log": False, "whole": False, "meaning": ""},
        {"address": MODE, "unit": "", "base": "slot", "low": None, "high": None,
         "levels": ["slot", "comma"], "log": False, "whole": False, "meaning": ""},
    ]  # fmt: skip
    manifest = {
        "study_schema": 1, "study": "speed", "title": "How fast", "status": "complete",
        "scenario": "baseline", "design": "full", "seed": SEED, "factors": factors,
        "figures": [FIGURE], "units": {FIGURE: "s"},
    }  # fmt: skip
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "study.yaml").write_text("schema: 1\nstudy: speed\n", encoding="utf-8")
    points = pd.DataFrame({"point": range(3), "name": "", "replications": [2, 2, 1], **POINTS})
    points.to_parquet(folder / "points.parquet")
    rows = [
        {"run": run_id(key, SEED + replication), "point": 0, "replication": replication,
         "seed": SEED + replication, "status": "failed" if value is None else "done", "error": "",
         "wall_s": 1.0, "wanted": "", FIGURE: value}
        for (key, replication), value in TIMES.items()
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(folder / "runs.parquet")
    return folder


def test_a_study_is_a_dataset(tmp_path: Path) -> None:
    """A row a run that ended; untouched factors have the scenario's value; points are groups."""
    data = read_dataset(study_folder(tmp_path / "study"))
    assert data.simulated
    assert data.left_out == {"runs that failed": 1}
    assert (data.features, data.targets, data.groups) == ((SPEED,), (FIGURE,), (MODE, "point"))
    assert data.numbers(SPEED).tolist() == [0.03, 0.03, 0.04, 0.035]
    assert data.numbers(FIGURE).tolist() == [100.0, 104.0, 90.0, 95.0]
    assert data.frame["point"].tolist() == ["0", "0", "1", "2"]
    assert data.frame[MODE].tolist() == ["slot", "slot", "slot", "comma"]
    assert data.columns[SPEED].shown(0.03) == "1.8 m/min"
    assert data.row(3) == "run 4"
    (noise,) = noises(data)
    assert (noise.freedom, noise.deviation) == (1, pytest.approx(np.sqrt(8.0)))


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    """The same rows have the same digest, another value another one."""
    one = read_dataset(study_folder(tmp_path / "one"))
    assert one.digest == read_dataset(study_folder(tmp_path / "two")).digest
    file = study_folder(tmp_path / "three") / "runs.parquet"
    rows = pd.read_parquet(file)
    rows.loc[0, FIGURE] = 100.5
    rows.to_parquet(file)
    assert read_dataset(tmp_path / "three").digest != one.digest


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    """A study without a run that ended, an empty folder, and --data beside a folder are told."""
    folder = study_folder(tmp_path / "study")
    with pytest.raises(ScenarioError, match="a folder is a dataset by itself"):
        read_dataset(folder, tmp_path)
    rows = pd.read_parquet(folder / "runs.parquet")
    rows.assign(**{FIGURE: np.nan}, status="given up").to_parquet(folder / "runs.parquet")
    with pytest.raises(ScenarioError, match=r"none of 5 runs tells a figure.*given up"):
        read_dataset(folder)
    rows = rows.assign(status="failed")
    rows.to_parquet(folder / "runs.parquet")
    with pytest.raises(ScenarioError, match="no run has come to an end"):
        read_dataset(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError):
        read_dataset(tmp_path / "empty")
