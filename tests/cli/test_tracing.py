"""`linetwin trace` told to people and to a file."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from linetwin.cli.tracing import Question, trace
from linetwin.errors import ResultsError, ScenarioError
from linetwin.results import read
from linetwin.results.genealogy import Work
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Order


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
    trace(folder, Question(None, "roll-1"), tmp_path / "found.csv", as_json=False)
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
    trace(folder, Question("cell-2"), as_json=False)
    assert "1.00 to 2.00 m (within 0.80 to 2.20 m, positions +-0.20 m)" in capsys.readouterr().out


@pytest.mark.parametrize(("cell", "name"), [("cell-1", "x.csv"), (None, "no/such/folder/x.csv")])
def test_a_file_that_cannot_be_written_is_a_message(
    folder: Path, tmp_path: Path, cell: str | None, name: str
) -> None:
    """Only descendants go to a file, and its folder must be there."""
    lot = None if cell else "roll-1"
    with pytest.raises(ScenarioError, match=r"only descendants|cannot be written"):
        trace(folder, Question(cell, lot), tmp_path / name, as_json=False)


def told(name: str, saved: Order, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is printed of a cell or lot of a small order."""
    trace(saved.run, Question(name), as_json=False)
    return capsys.readouterr().out


def test_every_kind_of_lot_says_something(saved: Order, capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, where, since when; and its parents, its contents or that it was delivered."""
    lots = read(saved.run).table("lots")
    for _, row in lots.drop_duplicates("kind").iterrows():
        text = told(row["lot"], saved, capsys)
        first = text.splitlines()[0]
        assert first.startswith(f"{row['lot']}: {row['kind'].replace('_', ' ')}, ")
        assert " on day " in first
        assert "made from" in text or "delivered" in text, text
        if row["kind"] in {"box", "graded_tray"}:
            links = read(saved.run).table("links")
            inside = links[(links["parent"] == row["lot"]) & (links["relation"] == "carried_in")]
            assert f"carried {len(inside)} cells" in text
            assert f"electrolyte: cell.electrolyte-0001 ({len(inside)})" in text


def test_a_tool_is_followed_to_its_cells(saved: Order, capsys: pytest.CaptureFixture[str]) -> None:
    """One knife has slit every lane: every cell with a cathode."""
    work = Work(station="cathode.slitter", tool="knife-001")
    trace(saved.run, Question(None, work=work), as_json=False)
    cells = len(read(saved.run).table("cells"))
    assert f"and {cells} cells" in capsys.readouterr().out.splitlines()[0]
    with pytest.raises(ResultsError, match="tool knife-099"):
        trace(saved.run, Question(None, work=Work(tool="knife-099")), as_json=False)


def test_one_thing_is_asked_at_a_time(saved: Order) -> None:
    """A cell and a lot at once, or nothing at all, is refused."""
    for question in (Question(None), Question("cell-000001", "tray-0001")):
        with pytest.raises(ScenarioError, match="--lot"):
            trace(saved.run, question, as_json=False)
