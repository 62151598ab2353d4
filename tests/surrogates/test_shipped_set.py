"""The shipped set: files that fit their schema, designs and runs that they learn from."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ScenarioError
from linetwin.predictors.evaluating import load
from linetwin.scenario.validation import read_checked
from linetwin.surrogates import shipped
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.learning.schema import TrainingFile
from linetwin.surrogates.shipped import cells as cells_module
from linetwin.surrogates.shipped import training
from linetwin.surrogates.shipped.cells import cells_of, findings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(str(files(shipped)))


def _cells(seed: int, found: Sequence[str]) -> Dataset:
    """Return cells of a made run: six batches, a loading that tells the grade, findings."""
    rng = np.random.default_rng(seed)
    rows = 120
    loading = rng.normal(0.186, 0.002, rows)
    features = (
        *("anode_loading", "cathode_porosity", "anode_porosity", "moisture", "overhang_margin"),
        *("burr_height", "weld_resistance", "dosed_electrolyte"),
    )
    table: dict[str, object] = {name: rng.normal(1, 0.1, rows) for name in features}
    table |= {"cathode_loading": loading}
    table |= {"is_grade_a": (loading + rng.normal(0, 0.0005, rows) > 0.186).astype(float)}
    table |= {name: (np.arange(rows) % 10 == 0).astype(float) for name in found}
    frame = pd.DataFrame(table, index=pd.Index([f"cell-{at:06d}" for at in range(rows)]))
    columns = {
        name: ColumnSpec(
            name, "feature" if name in {*features, "cathode_loading"} else "target", "1"
        )
        for name in frame
    }
    frame["cathode_batch"] = [f"slurry-{at // 20}" for at in range(rows)]
    columns["cathode_batch"] = ColumnSpec("cathode_batch", "group", "")
    return Dataset(
        name=f"run{seed}", title="", frame=frame, columns=columns, source=f"run, seed {seed}",
        licence="own data", digest=str(seed) * 64, file=Path(f"run{seed}"), simulated=True,
    )  # fmt: skip


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two made runs, of which one has a finding that the other never made."""
    made = {"one": _cells(1, ["found_cold_weld"]), "two": _cells(2, [])}
    monkeypatch.setattr(cells_module, "read_dataset", lambda path: made[path.name])
    return [Path("one"), Path("two")]


@pytest.mark.parametrize("name", [*training.PROCESSES, *training.CELLS, "finding"])
def test_each_file_fits_its_schema(name: str) -> None:
    """It is a training file, and named as it is called; no file is there that none asks for."""
    model = read_checked(FOLDER / f"{name}.yaml", TrainingFile).model
    assert model.name == name.replace("finding", "FINDING")
    known = {*training.PROCESSES, *training.CELLS, "finding"}
    assert {file.stem for file in FOLDER.glob("*.yaml")} == known


def test_lots_of_different_runs_are_different(runs: list[Path]) -> None:
    """Batches of equal name stay apart, rows are named by run; a finding never made is 0."""
    joint = cells_of(runs)
    assert len(joint.frame) == 240
    assert joint.frame["cathode_batch"].nunique() == 12
    assert joint.frame["run"].nunique() == 2
    assert joint.frame.index.is_unique
    assert joint.numbers("found_cold_weld").sum() == 12
    assert findings_of(joint, 5) == ("found_cold_weld",)
    assert findings_of(joint, 13) == ()
    assert joint.source.count("seed") == 2
    with pytest.raises(ScenarioError, match="twice"):
        cells_of([runs[0], runs[0]])


def test_cells_and_a_process_are_trained_into_a_folder(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, designs and predictors lie there; what cannot be learnt is told, not made."""
    few = replace(training.DESIGNS["porosity"], points=16)
    monkeypatch.setitem(training.DESIGNS, "porosity", few)
    learn = training.train
    monkeypatch.setattr(training, "train", lambda task, _, tell: learn(task, ["linear"], tell))
    only = ("porosity", "grade_a", "capacity")
    made = list(training.train_shipped(runs, tmp_path, only, lambda *_: None))
    assert [each.name for each in made] == list(only)
    assert made[2].file is None
    assert "capacity" in made[2].said
    assert made[0].file is not None
    assert made[1].file is not None
    with load(made[0].file) as predictor:
        card = predictor.card
        low, high = predictor.linked(np.array([[2.5e5, 0.48, 300.0], [8.5e5, 0.48, 300.0]]))
    assert card.data.rows == 16
    assert low > high
    with load(made[1].file) as predictor:
        card = predictor.card
    assert card.target.chance
    assert card.winner == "linear"
    assert card.data.group == "cathode_batch"
    assert [(each.column, each.groups) for each in card.levels] == [("run", 2)]
    assert (tmp_path / "designs" / "porosity" / "points.csv").is_file()


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    """Exit code 2, with what there is; without a run there are processes alone."""
    found = CliRunner().invoke(
        app, ["surrogate", "shipped", "-o", str(tmp_path / "out"), "--only", "porosty"]
    )
    assert isinstance(found.exception, ScenarioError)
    assert found.exception.exit_code == 2
    assert "did you mean porosity?" in str(found.exception)
