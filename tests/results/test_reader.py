from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ResultsError
from linetwin.results import parts, read
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run with a few rows."""
    run = RunWriter(tmp_path / "run", {"scenario": "tiny", "seed": 1}, "schema: 1\n")
    run.add("cells", {"cell": ["c1", "c2"], "started": [0, 1], "status": ["in_process"] * 2})
    run.add(
        "cells",
        {"cell": ["c1"], "started": [0], "ended": [9], "status": ["A"], "capacity": [5.1]},
    )
    run.finish("complete")
    return tmp_path / "run"


def test_units_come_back_with_the_tables(folder: Path) -> None:
    """Units stand in the Parquet fields and reach the frame."""
    run = read(folder)
    assert run.units("cells")["capacity"] == "A.h"
    assert run.units("cells")["started"] == "ms"
    assert run.units("cells")["status"] == ""
    assert run.table("cells", ["capacity"]).attrs["units"] == {"capacity": "A.h"}
    assert run.units("links")["start_m"] == "m"  # an empty table has units too


def test_the_last_row_about_a_cell_counts(folder: Path) -> None:
    """A later row replaces the earlier one, also when its key is not asked for."""
    run = read(folder)
    assert run.table("cells")["cell"].tolist() == ["c2", "c1"]
    assert run.table("cells", ["status"])["status"].tolist() == ["in_process", "A"]
    assert run.table("cells", ["status"]).columns.tolist() == ["status"]


def test_rows_can_be_chosen_while_reading(folder: Path) -> None:
    """Only the rows asked for come back, with the columns asked for."""
    run = read(folder)
    chosen = run.table("cells", ["capacity"], only={"cell": ["c1", "c9"]})
    assert chosen.columns.tolist() == ["capacity"]
    assert chosen["capacity"].tolist() == [5.1]


def test_rows_are_chosen_from_many_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first, the last and none of the groups; by two columns both count."""
    monkeypatch.setattr(parts, "ROWS_PER_GROUP", 8)
    run = RunWriter(tmp_path / "run", {"scenario": "tiny", "seed": 1}, "schema: 1\n")
    lots = [f"lot-{number}" for number in range(50)]
    run.add("links", {"child": lots, "parent": ["a", "b"] * 25, "relation": ["made_from"] * 50})
    run.add("lots", {"lot": lots[1:49], "kind": ["tray"] * 48, "created": [0] * 48})
    run.finish("complete")
    found = read(tmp_path / "run")
    asked = {"child": ["lot-1", "lot-48", "lot-49", "nobody"]}
    for reading in (found.table, found.objects):
        links = reading("links", ["parent", "child"], asked)
        assert links["child"].tolist() == ["lot-1", "lot-48", "lot-49"]
        assert reading("links", ["child"], {**asked, "parent": ["b"]})["child"].tolist() == [
            "lot-1",
            "lot-49",
        ]
        assert reading("links", only={"child": ["nobody"]}).empty
    assert found.only_in(("links", "child"), ("lots", "lot")) == {"lot-0", "lot-49"}


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    """Missing folder, foreign folder, unknown version, unknown names."""
    with pytest.raises(ResultsError, match="no run folder at"):
        read(tmp_path / "nowhere")
    (tmp_path / "foreign").mkdir()
    with pytest.raises(ResultsError, match="is not a run folder"):
        read(tmp_path / "foreign")
    with pytest.raises(ResultsError, match="no table 'cell'"):
        read(folder).table("cell")
    with pytest.raises(ResultsError, match="no columns \\['colour'\\]"):
        read(folder).table("cells", ["colour"])
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}))
    with pytest.raises(ResultsError, match="tables of version 99"):
        read(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        read(folder)


def test_a_damaged_table_is_named(folder: Path) -> None:
    """Half a file gives its name, not a traceback of the Parquet library."""
    file = folder / "cells.parquet"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(ResultsError, match=r"cells\.parquet is damaged"):
        read(folder).table("cells")
    # The footer is whole, a page is not.
    file.write_bytes(data[:4] + bytes(len(data) // 2) + data[4 + len(data) // 2 :])
    with pytest.raises(ResultsError, match=r"cells\.parquet is damaged"):
        read(folder).table("cells")


def test_kpis_are_empty_until_computed(folder: Path) -> None:
    """An interrupted run has none; a damaged file is named."""
    assert read(folder).kpis == {}
    (folder / "kpis.json").write_text('{"a": 1}')
    assert read(folder).kpis == {"a": 1}
    (folder / "kpis.json").write_text("{")
    with pytest.raises(ResultsError, match=r"kpis\.json is damaged"):
        read(folder).kpis  # noqa: B018
