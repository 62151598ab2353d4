"""Line time is held to wall time: never early, late only where computing takes too long."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from cli_support import COMMAND
from hypothesis import given
from hypothesis import strategies as st
from test_resuming import assert_same_tables

from linetwin.cli.pacing import LAG_LIMIT_S, LONGEST_SLEEP_S, Clock, Pace
from linetwin.cosim.groups import FmuGroup, read_group
from linetwin.results import read
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order


class Wall:
    """A wall clock that moves only when somebody sleeps or works."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []
        self._oversleep = oversleep

    def sleep(self, seconds: float) -> None:
        """Let time pass, a little more than asked, as systems do."""
        assert seconds > 0
        self.sleeps.append(seconds)
        self.now += seconds + self._oversleep

    def clock(self) -> Clock:
        """Return what a pace takes."""
        return Clock(lambda: self.now, self.sleep)


EVENTS = st.lists(
    st.tuples(st.integers(0, 3_600_000), st.floats(0.0, 3.0)), min_size=1, max_size=40
)
"""For each event: ticks since the one before, and the wall time that serving it takes [s]."""


@given(events=EVENTS, factor=st.sampled_from([0.5, 1.0, 60.0, 1000.0, 12_345.6]))
def test_an_event_is_served_when_due_or_as_soon_as_those_before_are_done(
    events: list[tuple[int, float]], factor: float
) -> None:
    """Recomputed by hand: served at max(due, done before); lag is the rest; nothing is skipped."""
    wall = Wall()
    told: list[str] = []
    pace = Pace(factor, told.append, wall.clock())
    pace.begin(7)
    tick, done, lags = 7, wall.now, []
    begin = wall.now
    for gap, work in events:
        tick += gap
        due = begin + (tick - 7) / 1000 / factor
        pace.wait_for(tick, lambda: True)
        assert wall.now == pytest.approx(max(due, done), abs=1e-6)
        lags.append(max(0.0, wall.now - due))
        wall.now += work
        done = wall.now
    found = pace.report()
    assert found["events"] == len(events)
    assert found["lag_max_s"] == pytest.approx(max(lags), abs=1e-6)
    assert found["lag_mean_s"] == pytest.approx(sum(lags) / len(lags), abs=1e-6)
    assert found["lag_end_s"] == pytest.approx(lags[-1], abs=1e-6)
    assert found["wall_s"] == pytest.approx(done - begin, abs=1e-6)
    assert (found["times_over_limit"] > 0) == (max(lags) > LAG_LIMIT_S)
    assert len(told) == found["times_over_limit"]


@given(wait=st.floats(0.0, 1000.0))
def test_there_is_no_busy_waiting(wait: float) -> None:
    """As many sleeps as a tenth of a second each needs, and two more for the rounding at most."""
    wall = Wall(oversleep=1e-4)
    Pace(1.0, lambda _: None, wall.clock()).wait_for(round(wait * 1000), lambda: True)
    assert len(wall.sleeps) <= math.ceil(wait / LONGEST_SLEEP_S) + 2


def test_a_late_line_is_told_once_until_it_has_caught_up() -> None:
    """Two stalls of 5 s: two warnings, each with the lag; in between the lag goes to zero."""
    wall = Wall()
    told: list[str] = []
    pace = Pace(1.0, told.append, wall.clock())
    pace.begin(0)
    for tick in range(0, 60_000, 500):
        pace.wait_for(tick, lambda: True)
        wall.now += 5.0 if tick in (10_000, 40_000) else 0.1
    assert len(told) == 2
    assert "4.5 s late at 10 s of its time" in told[0]
    assert pace.report()["lag_max_s"] == pytest.approx(4.5)
    assert pace.report()["lag_end_s"] == 0.0


def test_a_wait_ends_when_the_user_asks() -> None:
    """Ctrl-C during a wait of an hour is heeded within one sleep."""
    wall = Wall()
    goes_on = iter([True, True, False])
    pace = Pace(1.0, lambda _: None, wall.clock())
    pace.wait_for(3_600_000, lambda: next(goes_on))
    assert len(wall.sleeps) == 2
    assert pace.report()["events"] == 0


def test_a_paced_run_is_the_same_run_and_says_how_late_it_was(
    saved: Order, finished: tuple[Order, Answer], clerk: Clerk, tmp_path: Path
) -> None:
    """A million times as fast as time: tables as ever; factor and lag in manifest and summary."""
    answer = clerk("run", saved.file, "-o", tmp_path / "run", "--pace", "1e6")
    assert answer.code == 0, answer.err
    assert_same_tables(finished[0].run, tmp_path / "run")
    found = read(tmp_path / "run").manifest
    assert found["pace"]["factor"] == 1e6
    assert found["pace"]["events"] == found["events"]
    assert 0.0 <= found["pace"]["lag_mean_s"] <= found["pace"]["lag_max_s"]
    assert found["pace"]["wall_s"] >= found["end_tick"] / 1000 / 1e6
    assert "pace    1e+06 times real time" in answer.out
    assert "pace" not in read(saved.run).manifest


def test_a_resume_keeps_the_pace_or_takes_another(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """The run's own unless another is asked for; 0 is none, and then none is told."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    last = max((copy / "snapshots").iterdir())
    paces = []
    for pace in (["--pace", "1e7"], ["--pace", "0"]):
        answer = clerk("resume", last, *pace)
        assert answer.code == 0, answer.err
        paces.append(read(copy).manifest.get("pace", {}).get("factor"))
    assert paces == [1e7, None]
    manifest = read(copy).manifest
    manifest["request"]["pace"] = 2e7
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert clerk("resume", last).code == 0
    assert read(copy).manifest["pace"]["factor"] == 2e7


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "1e-9", "inf", "fast"])
def test_a_factor_that_is_none_is_refused(clerk: Clerk, tmp_path: Path, factor: str) -> None:
    """Exit code 2, and no folder; one so slow that the run would look hung is none."""
    answer = clerk("run", "baseline", "-o", tmp_path / "run", "--pace", factor)
    assert answer.code == 2
    assert "--pace" in answer.err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_day_of_the_pilot_line_at_a_thousand_times(tmp_path: Path) -> None:
    """86.4 s: the lag stays bounded, is gone at the end, and waiting takes no processor time."""
    resource = pytest.importorskip("resource", reason="processor time of a child, on POSIX")
    week = find_scenario("pilot_week").resolve()
    text = week.read_text("utf-8").replace("duration: 7 d", "duration: 1 d")
    text = text.replace("window: {from: 0 d, until: 7 d}", "window: {from: 6 h, until: 1 d}")
    for folder in ("lines/", "recipes/", "prices/"):
        text = text.replace(f" {folder}", f" {week.parent.as_posix()}/{folder}")
    day = tmp_path / "day.yaml"
    day.write_text(text, encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*COMMAND, "run", str(day), "-o", str(tmp_path / "run"), "--pace", "1000"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr.decode()
    found = read(tmp_path / "run").manifest["pace"]
    assert found["wall_s"] == pytest.approx(86.4, abs=2.0)
    assert found["lag_max_s"] < 5.0
    assert found["lag_mean_s"] < 0.5
    assert found["lag_end_s"] < 1.0
    assert found["waited_s"] > 43.2
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 86.4 - found["waited_s"] + 30.0


SHIFT_S = 8 * 3600


def plant_of_eight(folder: Path) -> Path:
    """Write a group: seven machines in one hall, each feels its air and heats it."""
    names = [f"m{number}" for number in range(1, 8)]
    values = {"process_cooling": 0, "wear_removed": 0, "heat_carried_off": 0, "load": 1}
    values |= {"process_power": 2000, "process_heat": 0}
    members: dict[str, object] = {name: {"fmu": "machine", "values": values} for name in names}
    held = ("occupants", "outdoor_humidity", "dry_room_heat_load", "process_cooling_load")
    hall = dict.fromkeys((*held, "compressed_air_flow"), 0)
    members["hall"] = {"fmu": "building", "values": hall}
    connections = {f"{name}.ambient_temperature": "hall.hall_temperature" for name in names}
    content = {
        "schema": 1, "name": "plant", "step": "10 s", "order": "gauss-seidel",
        "members": members,
        "connections": {**connections, "hall.hall_heat_load": "m1.heat_emission"},
        "inputs": {
            "packml_state": [f"{name}.packml_state" for name in names],
            "outdoor_temperature": "hall.outdoor_temperature",
        },
        "outputs": {"temperature": "hall.hall_temperature", "energy": "m1.electric_energy"},
    }  # fmt: skip
    file = folder / "plant.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.slow
def test_a_month_of_a_group_at_ten_thousand_times(tmp_path: Path) -> None:
    """259.2 s: eight FMUs looked at every minute of line time, never early, the lag bounded.

    The paced month is the month: what it ends with is, bit by bit, what it ends with unpaced.
    """
    ends = []
    minutes = 30 * 24 * 60
    for pace in (None, Pace(10_000.0, lambda _: None)):
        group = FmuGroup(read_group(plant_of_eight(tmp_path)))
        began = time.process_time()
        group.start(0, {"packml_state": 6, "outdoor_temperature": 283.15})
        if pace is not None:
            pace.begin(0)
        for minute in range(1, minutes + 1):
            if pace is not None:
                pace.wait_for(minute * 60_000, lambda: True)
            working = minute * 60 // SHIFT_S % 3 < 2
            group.advance(minute * 60_000, {"packml_state": 6 if working else 2})
        used = time.process_time() - began
        ends.append([group.plan.members[-1].outputs.slots["hall_temperature"].read(), group.tick])
        group.close()
    assert pace is not None
    found = pace.report()
    assert ends[0] == ends[1]
    assert ends[1][1] == 30 * 86_400_000
    assert found["events"] == minutes
    assert found["wall_s"] == pytest.approx(259.2, abs=2.0)
    assert found["lag_max_s"] < 2.0
    assert found["lag_mean_s"] < 0.1
    assert found["lag_end_s"] < 1.0
    assert used < 0.5 * found["wall_s"], "waiting takes no processor time"
