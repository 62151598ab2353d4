"""The numbers expected here were worked out by hand from the tables in conftest.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from linetwin.results import kpis, read
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def found(tiny: Path) -> dict[str, dict[str, Any]]:
    """Section -> name -> value."""
    computed = kpis.write(read(tiny))
    assert json.loads((tiny / "kpis.json").read_text()) == computed
    assert read(tiny).kpis == computed
    return {
        section: {name: entry["value"] for name, entry in entries.items()}
        for section, entries in computed.items()
    }


def test_order(found: dict[str, dict[str, Any]]) -> None:
    """Eight cells: 4 A, 1 B, 1 scrap at grading, 1 before, 1 still there."""
    order = found["order"]
    assert order["cells_started"] == 8
    assert (order["cells_graded"], order["cells_good"]) == (6, 5)
    assert (order["cells_a"], order["cells_b"]) == (4, 1)
    assert (order["cells_scrap_at_grading"], order["cells_scrap_upstream"]) == (1, 1)
    assert order["cells_in_process"] == 1
    assert (order["first_cell_graded"], order["last_cell_graded"]) == (1000.0, 1500.0)
    assert order["duration"] == 2000.0
    # 2nd to 5th of six: three more cells in 300 s
    assert order["steady_window"] == [1100.0, 1400.0]
    assert order["throughput"] == pytest.approx(36.0)
    # cells 3 to 6 of eight started 10 s apart
    assert order["stacking_rate"] == pytest.approx(360.0)
    assert order["time_of_last_cell"] == {
        "before stacking": 60.0,
        "stacker": 90.0,
        "waiting for formation": 50.0,
        "formation": 500.0,
        "grading": 800.0,
    }
    assert order["quality_ratio"] == pytest.approx(5 / 7)


def test_quality(found: dict[str, dict[str, Any]]) -> None:
    """Yields multiply along the flow; defects are counted by place and reason."""
    quality = found["quality"]
    assert quality["yield_of_stations"] == pytest.approx({"filler": 6 / 7, "grading": 5 / 6})
    assert quality["yield_of_webs"] == pytest.approx({"cathode": 0.9, "anode": 0.6})
    assert quality["rolled_throughput_yield"] == pytest.approx(5 / 7 * 0.9 * 0.6)
    assert quality["cell_scrap"] == {"grading": {"capacity": 1}, "filler": {"under-filled": 1}}
    assert quality["web_scrap"] == {
        "anode": {"loading below its window": 20.0},
        "cathode": {"loading below its window": 10.0},
    }
    assert quality["capacity"]["count"] == 6
    assert quality["capacity"]["mean"] == pytest.approx(28.7 / 6)


def test_rolls_refused_at_the_stacker_are_scrap(tmp_path: Path) -> None:
    """Metres of rolls that were too moist are counted by station."""
    run = RunWriter(tmp_path / "run", {"scenario": "moist", "seed": 1}, "")
    rows = {"tick": [0, 1, 2], "station": ["stacker"] * 2 + ["slitter"], "event": ["scrap"] * 3}
    causes = ["moisture", "moisture", "web defects"]
    run.add("events", {**rows, "cause": causes, "amount": [20.0, 30.0, 5.0]})
    run.finish("complete")
    quality = kpis.compute(read(tmp_path / "run"))["quality"]
    assert quality["roll_scrap"]["value"] == {"stacker": {"moisture": 50.0}}
    assert quality["roll_scrap"]["unit"] == "m"


def test_energy(found: dict[str, dict[str, Any]]) -> None:
    """600 kJ for five cells of 60 kJ; a third is the building's."""
    energy = found["energy"]
    assert energy["good_energy"] == 300e3
    assert energy["energy_per_good_energy"] == pytest.approx(2.0)
    assert energy["building_share"] == pytest.approx(1 / 3)
    assert energy["energy_by_station"]["cathode.coater"] == {"electricity": 100e3, "heat": 300e3}
    # 50 J a second over 300 s, for three cells of 60 kJ
    assert energy["energy_per_good_energy_steady"] == pytest.approx(15e3 / 180e3)


def test_stations(found: dict[str, dict[str, Any]]) -> None:
    """The coater is judged from 250 s (a quarter of its metres) to 800 s, formation by places."""
    stations = found["stations"]
    assert stations["window"]["cathode.coater"] == [250.0, 800.0]
    assert stations["utilisation"]["cathode.coater"]["Execute"] == pytest.approx(800 / 2000)
    assert stations["busy"]["cathode.coater"] == pytest.approx(350 / 550)
    assert stations["starved"]["cathode.coater"] == pytest.approx(100 / 550)
    assert stations["active_period"]["cathode.coater"] == pytest.approx((350 + 100) / 2)
    # 1 lot for 100 s, 2 for 300 s, 1 for 200 s, of 2 places over 600 s
    assert stations["busy"]["formation"] == pytest.approx(0.75)
    assert stations["active_period"]["formation"] == pytest.approx(300.0)
    # work and repair of the coater, staffed 80 h of the 168 h of a week, against 2 x 400 / 2 s
    assert stations["time_needed"]["cathode.coater"] == pytest.approx((800 + 100) * 168 / 80)
    assert stations["time_needed"]["formation"] == pytest.approx(400.0)
    assert stations["bottleneck"] == "cathode.coater"
    assert stations["bottleneck_by_active_period"] == "formation"
    failure = stations["failures"]["cathode.coater"]
    assert failure["down_time"] == 100.0
    assert failure["mean_time_between_failures"] == 800.0
    assert failure["availability"] == pytest.approx(800 / 900)
    assert failure["causes"] == {"web break": 1}


@pytest.mark.parametrize(("level", "setter"), [(4.0, "formation"), (1.0, "cathode.coater")])
def test_full_places_with_work_before_them_set_the_pace(
    tmp_path: Path, level: float, setter: str
) -> None:
    """Stays cut off at the end are no measure; full places behind a full buffer are the limit."""
    text = """
buffers: {filled: {kind: lots, holds: tray, capacity: 4}}
stations:
  cathode.coater: {kind: coater}
  formation:
    {kind: formation, takes: {cells: filled}, parameters: {parallel_places: {value: 2}}}
"""
    run = RunWriter(tmp_path / "run", {"scenario": "full", "seed": 1}, text)
    rows = [(0, "cathode.coater", "state", "Execute", "")]
    rows += [(0, "formation", "state", "Execute", "")]
    rows += [(at, "formation", "take", "", f"tray-{n}") for n, at in enumerate((0, 0, 100, 100))]
    rows += [(100, "formation", "give", "", f"tray-{n}") for n in (0, 1)]
    names = ("tick", "station", "event", "state", "lot")
    events = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    events["tick"] = [int(tick) * 1000 for tick in events["tick"]]
    run.add("events", events)
    for tick in (0, 50_000, 100_000):
        run.add("signals", {"tick": [tick], "station": ["filled"], "buffer_level": [level]})
    run.update(end_tick=110_000)
    run.finish("complete")
    stations = kpis.compute(read(tmp_path / "run"))["stations"]
    # two lots of 100 s in two places; the two of 10 s had not left
    assert stations["time_needed"]["value"]["formation"] == pytest.approx(100.0)
    assert stations["time_needed"]["value"]["cathode.coater"] == pytest.approx(110.0)
    assert stations["bottleneck"]["value"] == setter


def test_buffers_and_stock(found: dict[str, dict[str, Any]]) -> None:
    """Levels at recording instants; what lies in the line at the end."""
    rolls = found["buffers"]["cathode.coated_rolls"]
    assert rolls["mean"] == pytest.approx(4 / 3)
    assert (rolls["maximum"], rolls["capacity"]) == (3.0, 3)
    assert (rolls["empty"], rolls["full"]) == pytest.approx((1 / 3, 1 / 3))
    assert found["stock"]["lots"] == {"cathode.tank": {"slurry_batch": 1}}
    assert found["stock"]["cells"] == {"stacked": 1}


def test_material_balance(found: dict[str, dict[str, Any]]) -> None:
    """What went in is in cells, scrap, lost or still there."""
    balance = found["materials"]["cathode.active_material"]
    assert balance["in"] == 10.0
    assert balance["relative_error"] == pytest.approx(0.0, abs=1e-12)


def test_an_empty_run_has_kpis(tmp_path: Path) -> None:
    """A run stopped at once says None where there is nothing to tell, and stays valid JSON."""
    RunWriter(tmp_path / "run", {"scenario": "none", "seed": 1}, "").finish("interrupted")
    found = kpis.write(read(tmp_path / "run"))
    assert found["order"]["cells_started"]["value"] == 0
    assert found["order"]["throughput"]["value"] is None
    assert found["stations"]["bottleneck"]["value"] is None
    assert found["energy"]["energy_per_good_energy"]["value"] is None
