"""`linetwin trace` told to people and to a file."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from linetwin.cli.tracing import trace
from linetwin.errors import ScenarioError
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of a lane that became two cells, cut to within 0.1 m."""
    run = RunWriter(tmp_path / "run", {"scenario": "lane", "seed": 1}, "schema: 1\n")
    run.add(
        "links",
        {
            "child": ["lane-1", "cell-1", "cell-2"],
            "parent": ["roll-1", "lane-1", "lane-1"],
            "relation": ["made_from"] * 3,
            "role": ["web", "cathode", "cathode"],
            "share": [1.0, 1.0, 1.0],
            "start_m": [0.0, 0.0, 1.0],
            "end_m": [20.0, 1.0, 2.0],
            "child_start_m": [0.0, float("nan"), float("nan")],
            "child_end_m": [20.0, float("nan"), float("nan")],
            "position_uncertainty": [0.1, float("nan"), float("nan")],
        },
    )
    cells = {"cell": ["cell-1", "cell-2"], "status": ["A", "scrap"], "station": ["end", "filler"]}
    run.add("cells", {**cells, "started": [1, 2]})
    run.finish("complete")
    return tmp_path / "run"


def test_all_descendants_go_to_a_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row per descendant with place and status; people read counts by place."""
    trace(folder, None, "roll-1", tmp_path / "found.csv", as_json=False)
    with (tmp_path / "found.csv").open(encoding="utf-8") as file:
        rows = {
            row["lot"]: (row["kind"], row["status"], row["where"]) for row in csv.DictReader(file)
        }
    assert rows["cell-1"] == ("cell", "A", "store")
    assert rows["cell-2"] == ("cell", "scrap", "scrap")
    assert rows.keys() == {"lane-1", "cell-1", "cell-2"}
    assert "1 cells: store\n    1: A at end" in capsys.readouterr().out


def test_a_stretch_says_how_surely_it_is_known(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two standard deviations on either side, but no metre before the first."""
    trace(folder, "cell-2", None, as_json=False)
    assert "1.00 to 2.00 m (within 0.80 to 2.20 m, positions +-0.20 m)" in capsys.readouterr().out


@pytest.mark.parametrize(("cell", "name"), [("cell-1", "x.csv"), (None, "no/such/folder/x.csv")])
def test_a_file_that_cannot_be_written_is_a_message(
    folder: Path, tmp_path: Path, cell: str | None, name: str
) -> None:
    """Only descendants go to a file, and its folder must be there."""
    lot = None if cell else "roll-1"
    with pytest.raises(ScenarioError, match=r"only descendants|cannot be written"):
        trace(folder, cell, lot, tmp_path / name, as_json=False)
