"""Figures of a line that began with stock, worked out by hand from six cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linetwin.results import display, kpis_order, read, report, timeline
from linetwin.results.kpis import Facts
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = """
resolved: 1
name: stocked
start: filled
window: {from: {value: 0, unit: s}, until: {value: 2000, unit: s}}
stations:
  inspection: {kind: inspection, takes: {cells: welded}, gives: {cells: inspected}}
  grading: {kind: grading, takes: {cells: formed}, gives: {cells: graded}}
"""
EVENTS = [
    (100, "inspection", "take", "tray-9", "", 4.0),
    (200, "inspection", "scrap", "tray-9", "cold weld", 1.0),
    (200, "inspection", "give", "tray-9", "", 3.0),
    (300, "grading", "take", "tray-1", "", 4.0),
    (900, "grading", "give", "tray-1", "A", 2.0),
    (900, "grading", "give", "tray-1", "B", 1.0),
    (900, "grading", "give", "tray-1", "", 3.0),
    (1000, "grading", "take", "tray-2", "", 1.0),
    (1500, "grading", "give", "tray-2", "A", 1.0),
    (1500, "grading", "give", "tray-2", "", 1.0),
]
CELLS = [
    ("cell-1", "tray-1", -500, 900, "A", "grading", ""),
    ("cell-2", "tray-1", -500, 900, "A", "grading", ""),
    ("cell-3", "tray-1", -500, 900, "B", "grading", "capacity"),
    ("cell-4", "tray-1", -500, 900, "scrap", "grading", "capacity"),
    ("cell-5", "tray-9", 50, 200, "scrap", "inspection", "cold weld"),
    ("cell-6", "tray-2", -400, 1500, "A", "grading", ""),
]


def _columns(names: str, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    table = {name: [row[at] for row in rows] for at, name in enumerate(names.split())}
    ticks = {"tick", "started", "ended"} & table.keys()
    return table | {name: [value * 1000 for value in table[name]] for name in ticks}


def _stocked(folder: Path, *more: tuple[Any, ...]) -> Path:
    run = RunWriter(folder, {"scenario": "stocked", "seed": 1}, SCENARIO)
    run.add("events", _columns("tick station event lot cause amount", EVENTS))
    names = "cell tray started ended status station reason"
    run.add("cells", _columns(names, [*CELLS, *more]))
    run.update(end_tick=2_000_000)
    run.finish("complete")
    return folder


def test_grades_told_besides_the_hand_over_are_no_second_cells(tmp_path: Path) -> None:
    """Five cells came to grading: three and one handed over, one scrapped."""
    facts = Facts(read(_stocked(tmp_path / "run")))
    given = timeline.hand_overs(facts.events)
    assert given["amount"][given["station"] == "grading"].tolist() == [3.0, 1.0]
    # where grading ships the cells itself, grades are all that is told
    bare = facts.events[(facts.events["cause"] != "") | (facts.events["station"] != "grading")]
    shipped = timeline.hand_overs(bare)
    assert shipped["amount"][shipped["station"] == "grading"].tolist() == [2.0, 1.0, 1.0]


def test_a_yield_counts_the_cells_that_a_station_had(tmp_path: Path) -> None:
    """Of four inspected one was scrapped, of five graded one; the stock was never inspected."""
    found = kpis_order.quality(Facts(read(_stocked(tmp_path / "run"))))
    shares = found["yield_of_stations"]["value"]
    assert shares == pytest.approx({"inspection": 3 / 4, "grading": 4 / 5})
    assert found["rolled_throughput_yield"]["value"] == pytest.approx(3 / 4 * 4 / 5)


def test_the_way_of_a_cell_of_the_stock_begins_with_the_run(tmp_path: Path) -> None:
    """No stretch is negative: 0 s in stock before the run, then it waited and was graded."""
    went = kpis_order.order(Facts(read(_stocked(tmp_path / "run"))))["time_of_last_cell"]["value"]
    assert went == {"in stock before the run": 0.0, "waiting for grading": 1000.0, "grading": 500.0}


def test_the_report_traces_a_cell_that_was_stacked_in_the_run(tmp_path: Path) -> None:
    """Of a cell of the stock no ancestor is known: another is taken where there is one."""
    new = ("cell-7", "tray-3", 600, 1900, "A", "grading", "")
    page = report.write_report(_stocked(tmp_path / "run", new)).read_text("utf-8")
    assert "cell-7, from the middle of the order" in page


def test_a_measured_quantity_has_the_unit_of_the_quantity() -> None:
    """What a gauge read is shown in the unit of what it reads, a side or not."""
    assert display.value(5.0, "measured_capacity") == display.value(5.0, "capacity")
    assert display.scale("measured_loading_a") == display.scale("loading_a")
    assert display.scale("measured_loading_a").unit == "mg/cm²"
