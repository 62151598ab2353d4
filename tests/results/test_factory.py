"""Figures that a plant is run by, worked out by hand from the tables in conftest.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.results import (
    kpis,
    kpis_capability,
    kpis_stations,
    read,
    report_factory,
    timeline,
)
from linetwin.results.kpis import Facts
from linetwin.results.shifts import WEEK_MS, after_staffed, open_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEADY = "window: {from: {value: 0, unit: s}, until: {value: 1500, unit: s}}\n"


@pytest.fixture
def found(tiny: Path) -> dict[str, dict[str, Any]]:
    """Section -> name -> value."""
    return _values(tiny)


def _values(folder: Path) -> dict[str, dict[str, Any]]:
    computed = kpis.compute(read(folder))
    return {
        section: {name: entry["value"] for name, entry in entries.items()}
        for section, entries in computed.items()
    }


def test_iso_terms_of_a_coater(found: dict[str, dict[str, Any]]) -> None:
    """800 s at work, 100 s failed, 100 s starved of 1,000 s: done, it is planned no more."""
    iso = found["iso"]
    coater = "cathode.coater"
    assert iso["availability"][coater] == pytest.approx(800 / 1000)
    assert iso["technical_efficiency"][coater] == pytest.approx(800 / 900)
    assert iso["allocation_efficiency"][coater] == pytest.approx(900 / 1000)
    assert iso["allocation_ratio"][coater] == pytest.approx(900 / 2000)
    assert (iso["mtbf"][coater], iso["mttr"][coater]) == (800.0, 100.0)
    # no speed is set: what the work was planned to take is not known, and counts as one
    assert iso["effectiveness"][coater] is None
    # 10 m of 100 m cut out
    assert iso["quality_ratio"][coater] == pytest.approx(0.9)
    assert iso["oee"][coater] == pytest.approx(0.8 * 0.9)
    assert iso["throughput_rate"][coater] == pytest.approx(200 / (2000 / 3600))


def test_iso_terms_of_formation(found: dict[str, dict[str, Any]]) -> None:
    """Two places hold lots for 400 s and 500 s of 2,000 s each."""
    assert found["iso"]["availability"]["formation"] == pytest.approx(900 / 2 / 2000)


def test_the_window_and_what_lies_outside(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """Five good cells by 1,500 s, one scrapped; of eight started two are in process at 1,100 s."""
    folder = tiny_writer(tmp_path / "steady")
    text = (folder / "scenario.yaml").read_text()
    (folder / "scenario.yaml").write_text(text + STEADY.replace("value: 0", "value: 1100"))
    found = _values(folder)
    totals = found["window"]["totals"]
    assert (totals["good cells"]["window"], totals["good cells"]["outside"]) == (3, 2)
    assert found["window"]["work_in_process"]["begin"]["cells"] == 5
    assert found["window"]["work_in_process"]["end"]["cells"] == 1


def test_a_point_is_worth_its_share_of_the_output(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Good cells a day over OEE and yield of the bottleneck; the plan stands beside it."""
    folder = tiny_writer(tmp_path / "steady")
    text = (folder / "scenario.yaml").read_text() + STEADY
    text += "plan: {good_energy_per_day: {value: 3.0e+7, unit: J}}\n"
    (folder / "scenario.yaml").write_text(text)
    found = _values(folder)
    limits = found["limits"]
    per_day = 5 * 86_400 / 1500
    assert limits["basis"] == "steady"
    assert limits["good_cells_per_day"] == pytest.approx(per_day)
    assert limits["share_of_plan"] == pytest.approx(per_day * 60e3 / 3.0e7)
    group = limits["bottleneck"]
    oee = found["iso_steady"]["oee"][group]
    assert limits["value_of_oee_point"]["cells_per_day"] == pytest.approx(per_day * 0.01 / oee)
    assert limits["value_of_oee_point"]["money_per_day"] is None


def test_an_order_gains_time_from_a_point(found: dict[str, dict[str, Any]]) -> None:
    """The last tray left formation at 700 s, where it came from nobody told: no machine to blame.

    What a point and a lever bring on a path is in tests/line/test_critical_path.py.
    """
    limits = found["limits"]
    assert (limits["basis"], limits["bottleneck"]) == ("order", "formation")
    path = {"grading": {"waiting": 800.0}, "formation": {"working": 500.0, "waiting": 200.0}}
    assert found["order"]["critical_path"] == path
    assert "value_of_oee_point" not in limits
    # 500 s / 11 are under a minute: nothing to try
    assert not [lever for lever in found["levers"]["ranked"] if lever["sooner"]]


def test_no_capability_without_a_gauge(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """What nobody measures has no Cpk; the table says so and keeps the limits."""
    found = _values(tiny_writer(tmp_path / "run"))["capability"]
    assert found["cathode loading"]["gauge"] == "gauge not stated"
    assert "cpk" not in found["cathode loading"]
    assert found["cathode loading"]["lower_limit"] == pytest.approx(0.19)


def test_capability_of_known_spread() -> None:
    """Two trays 1 apart, spread 0.1 within: Cp by the spread within, Ppk by that of all."""
    rng = np.random.default_rng(1)
    subgroups = np.repeat(["tray-1", "tray-2"], 500)
    values = rng.normal(np.where(subgroups == "tray-1", 9.5, 10.5), 0.1)
    found = kpis_capability.indices(values, subgroups, (9.0, 11.0))
    assert found is not None
    low, high = found["cp_interval"]
    assert low < 2 / 6 / 0.1 < high
    low, high = found["cpk_interval"]
    assert low < 1 / 3 / 0.1 < high
    assert found["ppk"] == pytest.approx(1 / 3 / values.std(ddof=1), rel=0.02)
    assert kpis_capability.indices(values[:5], subgroups[:5], (9.0, 11.0)) is None
    one_sided = kpis_capability.indices(values, subgroups, (9.0, None))
    assert one_sided is not None
    assert one_sided["cp"] is None


def test_bissell_covers_as_often_as_it_says() -> None:
    """Of 2,000 samples of 60 about 95 % have the true Cpk of 1.33 in their interval."""
    rng = np.random.default_rng(2)
    truth, inside = 4 / 3, 0
    names = np.array(["one"] * 60)
    for _ in range(2000):
        found = kpis_capability.indices(rng.normal(0.0, 1.0, 60), names, (None, 4.0))
        assert found is not None
        low, high = found["cpk_interval"]
        inside += low <= truth <= high
    assert inside / 2000 == pytest.approx(0.95, abs=0.02)


@given(
    week=st.lists(st.integers(0, 168), min_size=2, max_size=8, unique=True),
    tick=st.integers(0, 3 * WEEK_MS),
)
def test_staffed_time_is_that_of_a_count(week: list[int], tick: int) -> None:
    """Hours of the weekly calendar, counted one by one, agree with the sum in closed form."""
    marks = sorted(week)[: len(week) // 2 * 2]
    hour = WEEK_MS // 168
    spans = [(a * hour, b * hour) for a, b in zip(marks[0::2], marks[1::2], strict=True)]
    expected = 0
    for at in range(0, tick, hour):
        inside = at % WEEK_MS
        if any(a <= inside < b for a, b in spans):
            expected += min(hour, tick - at)
    assert open_until(spans, np.array([tick]))[0] == expected
    assert open_until(None, np.array([tick]))[0] == tick


@given(
    week=st.lists(st.integers(0, 168), min_size=2, max_size=8, unique=True),
    begin=st.integers(0, 2 * WEEK_MS),
    staffed=st.integers(1, 3 * WEEK_MS),
)
def test_staffed_time_is_over_when_it_has_gone_by(
    week: list[int], begin: int, staffed: int
) -> None:
    """The inverse of staffed time: so much of it lies between begin and end, and not before."""
    marks = sorted(week)[: len(week) // 2 * 2]
    hour = WEEK_MS // 168
    spans = [(a * hour, b * hour) for a, b in zip(marks[0::2], marks[1::2], strict=True)]
    end = after_staffed(spans, begin, staffed)
    at = open_until(spans, np.array([begin, end, end - 1]))
    assert at[1] - at[0] == staffed
    assert at[2] < at[1]
    opens = after_staffed(spans, begin, 0)
    at = open_until(spans, np.array([begin, opens, opens + 1]))
    assert (at[1] - at[0], at[2] - at[1]) == (0, 1)
    assert after_staffed(None, begin, staffed) == begin + staffed


def test_a_finished_station_does_not_wait(tiny: Path) -> None:
    """Once an order is done a station that has nothing more to do counts as complete."""
    run = read(tiny)
    run.manifest["ended_by"] = "order"
    spans = Facts(run).spans
    last = spans[spans["station"] == "cathode.coater"].iloc[-1]
    assert (last["state"], last["activity"]) == ("Complete", "")
    assert not (spans.groupby("station")["activity"].last() == "starved").any()


def test_stays_of_the_stock_tell_nothing_of_the_process() -> None:
    """A tray that was inside when the run began is seen for a part of its stay only."""
    stays = pd.DataFrame(
        {"in": [0, 5, 9], "out": [2, 105, 20], "completed": [True, True, False]},
        index=["stock", "tray-1", "tray-2"],
    )
    assert list(timeline.whole_stays(stays, filled=True).index) == ["tray-1"]
    assert list(timeline.whole_stays(stays, filled=False).index) == ["stock", "tray-1"]


def test_copies_of_cells_tell_no_more_than_the_cells() -> None:
    """Ten copies of each of 100 values: the same index, the interval of 100 values."""
    values = np.random.default_rng(4).normal(0.0, 1.0, 100)
    tray = np.array(["one"] * 1000)
    once = kpis_capability.indices(values, tray[:100], (None, 4.0))
    copied = kpis_capability.indices(np.tile(values, 10), tray, (None, 4.0), 100)
    assert once is not None
    assert copied is not None
    assert (copied["n"], copied["mean"]) == (100, pytest.approx(once["mean"]))
    assert copied["cpk"] == pytest.approx(once["cpk"], rel=0.01)
    assert copied["cpk_interval"] == pytest.approx(once["cpk_interval"], rel=0.02)


def test_tables_of_mixed_units_state_each(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """Totals, rates and the value of a point name the unit of every entry."""
    folder = tiny_writer(tmp_path / "steady")
    text = (folder / "scenario.yaml").read_text() + STEADY
    (folder / "scenario.yaml").write_text(text)
    found = kpis.compute(read(folder))
    point = found["limits"]["value_of_oee_point"]
    assert point["units"]["energy_per_day"] == "J/d"
    for entry in (found["window"]["totals"], found["window"]["rates"], point):
        assert entry["units"].keys() == entry["value"].keys()


def test_capability_is_judged_by_the_limits_of_both_grades(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Capacity has a row for A and one for B, each with its limit; the mean is the same."""
    path = tiny_writer(tmp_path / "run")
    found = _values(path)["capability"]
    rows = {name: found[f"capacity for grade {name}"] for name in "AB"}
    assert rows["A"]["lower_limit"] > rows["B"]["lower_limit"]
    assert rows["A"]["limits"] == "the least capacity of grade A; subgroups: tray"


def test_a_capability_says_what_it_does_not_tell() -> None:
    """A limit many standard deviations away judges nothing; n tells of which parts it counts."""
    said = kpis_capability._remarks({"cpk": 50.0, "n": 80}, 90, 100, 120)
    assert said == [
        "limit far from the process: judges nothing",
        (
            "n: 100 of 120 have a reading, 90 of the run, the others of the stock, 80 distinct "
            "(copies of a stock cell count once)"
        ),
    ]
    assert kpis_capability._remarks({"cpk": 1.0, "n": 90}, 90, 90, 90) == []


def test_the_path_of_an_order_sums_to_its_time() -> None:
    """Fourteen groups of an hour: twelve are listed, then the others and the sum."""
    path = {f"station_{n}": {"working": 1800.0, "micro-stop": 1800.0} for n in range(14)}
    meaning = {"value": path, "unit": "s", "meaning": "the path"}
    html = report_factory._order({"order": {"critical_path": meaning}, "limits": {}})
    assert "<td>others (2)</td><td class='n'>2 h</td><td class='n'>60 min</td>" in html
    assert "<td>sum</td><td class='n'>14 h</td><td class='n'>7 h</td>" in html


def test_set_up_stands_beside_waiting(tmp_path: Path, tiny_writer: Callable[..., Path]) -> None:
    """The coater is set up for 90 of the 540 s in which it is judged: a share of its own."""
    facts = kpis.Facts(read(tiny_writer(tmp_path / "run")))
    held = facts.spans["station"].eq("cathode.coater") & facts.spans["activity"].eq("failed")
    end = facts.spans["end"].where(~held, facts.spans["start"] + 90_000)
    facts.__dict__["spans"] = facts.spans.assign(
        activity=facts.spans["activity"].where(~held, "setting up"), end=end
    )
    shares = kpis_stations.stations(facts)["setting_up"]["value"]
    assert shares["cathode.coater"] == pytest.approx(90 / 540)
