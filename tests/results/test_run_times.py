"""Planned run time and blocked places, against counts by hand and place by place."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.results import kpis, read, timeline
from linetwin.results.assumptions import Plan
from linetwin.results.kpis import Facts
from linetwin.results.kpis_iso import Budget
from linetwin.results.run_times import _NEEDS, RunTimes, planned

if TYPE_CHECKING:
    from pathlib import Path


def _number(value: float) -> dict[str, Any]:
    return {"value": value, "unit": "", "tag": "A"}


def _facts(folder: Path, stations: dict[str, Any], rows: list[tuple[Any, ...]], end: int) -> Facts:
    """Return facts of stations with only those events: tick, station, event, lot, amount, cause."""
    facts = Facts(read(folder))
    names = ["tick", "station", "event", "lot", "amount", "cause"]
    events = pd.DataFrame(rows, columns=names)
    events["state"] = events["lot"].where(events["event"] == "state", "")
    vars(facts).update(
        plan=Plan({"stations": stations}),
        events=events,
        end=end,
        lots=pd.DataFrame({"lot": [], "place": [], "station": [], "ended": [], "kind": []}),
        cells=facts.cells.iloc[:0],
        segments=facts.segments.iloc[:0],
    )
    spans = timeline.intervals(events, end)
    spans["activity"] = timeline.activities(spans)
    vars(facts)["spans"] = spans
    return facts


def _store(stay_s: float, places: int) -> dict[str, Any]:
    parameters = {"ageing_time": _number(stay_s), "parallel_places": _number(places)}
    return {"store": {"kind": "ageing", "parameters": parameters}}


def test_each_kind_of_work_takes_what_its_settings_say() -> None:
    """Worked out by hand: seconds of one piece of work."""
    assert planned("coater", {"web_speed": 0.5}, 100.0, passes=2) == 400.0
    assert planned("slitter", {"web_speed": 2.0}, 100.0) == 50.0
    assert planned("stacker", {"cathode_sheets": 8.0, "sheet_cycle_time": 1.5}, 40.0) == 1020.0
    filler = {"cycle_time": 12.0, "parallel_heads": 3.0} | {
        "evacuating_time": 5.0,
        "dosing_time": 7.0,
    }
    assert planned("filler", filler, 40.0) == 12.0 + 14 * 12.0
    assert planned(
        "pre_charge", {"pre_charge_share": 0.15, "pre_charge_rate": 0.1}, 40
    ) == pytest.approx(5400)
    assert planned("ocv_test", {"rest_time": 60.0, "cycle_time": 5.0}, 4.0) == 80.0
    mixer = {"dosing_time": 10.0, "dispersing_time": 20.0, "discharge_time": 5.0}
    assert planned("mixer", mixer, 31.0) == 35.0


def test_a_roll_across_the_edge_of_the_period_counts_by_its_part(tiny: Path) -> None:
    """Rolls of 100 m at 1 m/s that took 125 s: 0.8 in any period, for work in hand counts none."""
    cutter = {"cutter": {"kind": "slitter", "parameters": {"web_speed": _number(1.0)}}}
    rows: list[tuple[Any, ...]] = [(0, "cutter", "state", "Execute", 0.0, "")]
    for number in range(4):
        rows.append((125_000 * number, "cutter", "take", f"roll-{number}", 100.0, ""))
        if number:
            rows.append((125_000 * number, "cutter", "give", f"roll-{number - 1}.1", 90.0, ""))
    facts = _facts(tiny, cutter, rows, 430_000)
    for period in ((0, 430_000), (60_000, 130_000), (200_000, 380_000)):
        times = Budget(facts).times("cutter", period)
        assert times["planned_run"] / times["used_run"] == pytest.approx(0.8)
    # The fourth roll was in hand when the run ended: 375 s of work are told, 300 s were planned.
    whole = Budget(facts).times("cutter", (0, 430_000))
    assert (whole["planned_run"], whole["used_run"]) == (300_000, 375_000)


def test_a_faster_setting_counts_from_when_it_held(tiny: Path) -> None:
    """Half the stay from tick 1,000 on: a lot that came later was due sooner."""
    rows = [
        (0, "store", "state", "Execute", 0.0, ""),
        (0, "store", "take", "a", 1.0, ""),
        (1000, "store", "disturbance", "", 5.0, "store.ageing_time"),
        (2000, "store", "take", "b", 1.0, ""),
        (9000, "store", "give", "b", 1.0, ""),
        (10_000, "store", "give", "a", 1.0, ""),
    ]
    stays = RunTimes(_facts(tiny, _store(10.0, 2), rows, 20_000)).stays("store")
    assert stays["due"].to_dict() == {"a": 10_000.0, "b": 7000.0}


def test_finished_trays_without_room_block_their_places(tiny: Path) -> None:
    """Of four places one tray waits 20 s and one 10 s past their 100 s: 30 of 800 place-seconds."""
    rows: list[tuple[Any, ...]] = [
        (0, "store", "state", "Execute", 0.0, ""),
        (0, "store", "take", "a", 1.0, ""),
        (20_000, "store", "take", "b", 1.0, ""),
        (100_000, "store", "state", "Execute", 0.0, "blocked"),
        (120_000, "store", "give", "a", 1.0, ""),
        (130_000, "store", "give", "b", 1.0, ""),
        (130_000, "store", "state", "Suspended", 0.0, "starved"),
    ]
    facts = _facts(tiny, _store(100.0, 4), rows, 200_000)
    budget = Budget(facts)
    times = budget.times("store", (0, 200_000))
    assert times["blocked"] == pytest.approx(30_000 / 4)
    assert times["APT"] == pytest.approx(200_000 / 4)
    assert times["starved"] == pytest.approx(200_000 - 230_000 / 4)
    assert times["planned_run"] == times["used_run"]


def test_a_repair_moves_the_due_tick_and_is_no_work(tiny: Path) -> None:
    """A store that stands still for 40 s keeps its tray so much longer: planned is planned."""
    rows: list[tuple[Any, ...]] = [
        (0, "store", "state", "Execute", 0.0, ""),
        (0, "store", "take", "a", 1.0, ""),
        (50_000, "store", "state", "Aborted", 0.0, "fan"),
        (90_000, "store", "state", "Execute", 0.0, ""),
        (140_000, "store", "give", "a", 1.0, ""),
    ]
    facts = _facts(tiny, _store(100.0, 2), rows, 200_000)
    assert RunTimes(facts).stays("store")["due"]["a"] == 140_000
    times = Budget(facts).times("store", (0, 200_000))
    assert (times["APT"], times["failed"], times["blocked"]) == (50_000, 40_000, 0)
    assert times["planned_run"] == times["used_run"] == 50_000


lots = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 30), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lots=lots, window=st.tuples(st.integers(0, 40), st.integers(41, 120)))
def test_places_are_counted_as_place_by_place_and_tick_by_tick(
    tiny: Path,
    lots: list[tuple[int, int, bool]],
    window: tuple[int, int],
) -> None:
    """At work, blocked and empty add up, effectiveness is at most one, and a count agrees."""
    stay, places = 20, len(lots)
    entered = [begin for begin, _, _ in lots]
    left = [begin + stay + wait for begin, wait, _ in lots]
    waits = {t for (begin, wait, _) in lots for t in range(begin + stay, begin + stay + wait)}
    rows: list[tuple[Any, ...]] = [
        (tick, "store", "state", "Execute", 0.0, "blocked" if tick in waits else "")
        for tick in range(120)
    ]
    for number, (begin, out) in enumerate(zip(entered, left, strict=True)):
        rows += [(begin, "store", "take", str(number), 1.0, "")]
        rows += [(out, "store", "give", str(number), 1.0, "")]
    rows.sort(key=lambda row: row[0])
    facts = _facts(tiny, _store(stay / 1000, places), rows, 120)
    times = Budget(facts).times("store", window)
    ticks = range(*window)
    at_work = sum(b <= t < b + stay for t in ticks for b in entered)
    held = sum(b + stay <= t < o for t in ticks for b, o in zip(entered, left, strict=True))
    if places > 1:
        assert times["APT"] * places == pytest.approx(at_work)
        assert times["blocked"] * places == pytest.approx(held)
        total = times["APT"] + times["blocked"] + times["starved"]
        assert total == pytest.approx(window[1] - window[0])
        assert times["planned_run"] <= times["used_run"] + 1e-9


def test_what_cannot_be_known_says_why(tiny: Path) -> None:
    """The tiny coater states no speed, formation no time of its cells: no number, a reason."""
    found = kpis.compute(read(tiny))["iso"]
    assert found["effectiveness"]["value"]["cathode.coater"] is None
    reasons = found["not_known"]["value"]
    assert reasons["cathode.coater"] == "the scenario sets no web_speed"
    assert reasons["formation"] == "its model tells no formation_time"
    assert found["oee"]["value"]["cathode.coater"] == pytest.approx(0.8 * 0.9)


def test_formation_is_planned_by_its_slowest_cell(tiny: Path) -> None:
    """Two cells of 90 s and 100 s: a stay of 110 s held a repair, 100 s of it were planned."""
    parameters = {"parallel_places": _number(2)}
    rows: list[tuple[Any, ...]] = [
        (0, "tower", "state", "Execute", 0.0, ""),
        (0, "tower", "take", "tray-1", 2.0, ""),
        (110_000, "tower", "give", "tray-1", 2.0, ""),
    ]
    facts = _facts(tiny, {"tower": {"kind": "formation", "parameters": parameters}}, rows, 110_000)
    cells = pd.DataFrame({"tray": ["tray-1"] * 2, "formation_time": [90.0, 100.0]})
    cells["status"], cells["station"], cells["ended"] = "A", "grading", np.int64(1)
    vars(facts)["cells"] = cells
    times = Budget(facts).times("tower", (0, 110_000))
    assert times["planned_run"] / times["used_run"] == pytest.approx(100 / 110)


def test_every_kind_of_station_has_a_planned_run_time() -> None:
    """A new kind must say what its work is planned to take, or be named here as doing none."""
    kinds = tomllib.loads((resources.files("linetwin.scenario") / "kinds.toml").read_text("utf-8"))
    assert set(kinds) - set(_NEEDS) == {"building"}
    assert all(set(names) <= set(kinds[kind]["parameters"]) for kind, names in _NEEDS.items())
