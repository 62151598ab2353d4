"""The station engine: lines drawn in text, and what happens in them told as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from doubles import DoubleContinuous, Doubles
from small_line import HOUR, Setting, draw, play, story, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.contracts import Continuous
    from linetwin.scenario.resolved import StationConfig

DAY_SHIFT = ((6 * HOUR, 14 * HOUR),)


def test_parts_are_done_at_exact_ticks() -> None:
    """Work takes its time to the millisecond; a finished order is said once."""
    world = play("a[0.25 s]", Setting(parts=2))
    assert story(world) == told("""
        0 a Execute
        0.25 a done part-0001
        0.5 a done part-0002
        0.5 a Complete (order covered)
    """)


def test_a_duration_is_the_drivers_answer() -> None:
    """The station asks how long an operation takes; a recorded line may answer otherwise."""
    world = play("a[10 s]", Setting(parts=2, script={("a", "duration.work"): [3000, 0]}))
    assert story(world) == told("""
        0 a Execute
        3 a done part-0001
        3.001 a done part-0002
        3.001 a Complete (order covered)
    """)


def test_starved_and_blocked_are_told_apart() -> None:
    """Without a part a station is starved; with a finished part and no room it is blocked."""
    world = play("a[10 s] -> (1) -> b[25 s]", Setting(parts=4))
    assert story(world) == told("""
        0 a Execute
        0 b Suspended (starved)
        10 a done part-0001
        10 a give part-0001
        10 b Execute
        20 a done part-0002
        20 a give part-0002
        30 a done part-0003
        30 a Suspended (blocked)
        35 b done part-0001
        35 a give part-0003
        35 a Execute
        45 a done part-0004
        45 a Suspended (blocked)
        60 b done part-0002
        60 a give part-0004
        60 a Complete (order covered)
        85 b done part-0003
        110 b done part-0004
        110 b Suspended (starved)
    """)


def test_a_failure_interrupts_and_work_goes_on_with_the_time_left() -> None:
    """Failed after 4 s, repaired in 30 s, the part takes the 6 s that were left."""
    script = {("a", "failure.jam"): [4000], ("a", "repair.jam"): [30_000]}
    world = play("a[10 s]", Setting(parts=1, script=script, failing={"a": ["jam"]}))
    assert story(world) == told("""
        0 a Execute
        4 a failure jam
        4 a Aborted (jam)
        34 a repair jam
        34 a Execute
        40 a done part-0001
        40 a Complete (order covered)
    """)


def test_time_to_failure_is_time_of_work() -> None:
    """A station that waits does not come nearer to its failure: 15 s of work, not of the clock."""
    script = {("b", "failure.jam"): [15_000], ("b", "repair.jam"): [1000]}
    world = play(
        "a[100 s] -> (1) -> b[10 s]", Setting(parts=2, script=script, failing={"b": ["jam"]})
    )
    assert [line for line in story(world).splitlines() if " b " in line][-6:-1] == [
        "205 b failure jam",
        "205 b Aborted (jam)",
        "206 b repair jam",
        "206 b Execute",
        "211 b done part-0002",
    ]
    failures = [line for line in story(world).splitlines() if "failure" in line]
    assert failures == ["205 b failure jam"]


@pytest.mark.parametrize("mode", ["Starting", "Resetting", "Completing"])
def test_only_execute_can_fail(mode: str) -> None:
    """Changeovers and cleaning do not wear a machine."""
    setting = Setting(
        parts=3, script={("a", "failure.jam"): [4000]}, failing={"a": ["jam"]}, modes={"a": mode}
    )
    world = play("a[10 s]", setting)
    assert "failure" not in story(world)
    assert world.units["a"].state.to_failure == {"jam": 4000}


def test_completion_beats_failure() -> None:
    """A failure due at the tick of completion strikes the next part, at once."""
    script = {("a", "failure.jam"): [10_000], ("a", "repair.jam"): [5000]}
    world = play("a[10 s]", Setting(parts=2, script=script, failing={"a": ["jam"]}))
    assert story(world) == told("""
        0 a Execute
        10 a done part-0001
        10 a failure jam
        10 a Aborted (jam)
        15 a repair jam
        15 a Execute
        25 a done part-0002
        25 a Complete (order covered)
    """)


def test_two_causes_at_once_are_repaired_one_after_the_other() -> None:
    """Each cause has its own repair, and work goes on after both."""
    script = {
        ("a", "failure.jam"): [4000],
        ("a", "failure.leak"): [4000],
        ("a", "repair.jam"): [1000],
        ("a", "repair.leak"): [2000],
    }
    world = play("a[10 s]", Setting(parts=1, script=script, failing={"a": ["jam", "leak"]}))
    assert story(world) == told("""
        0 a Execute
        4 a failure jam
        4 a Aborted (jam)
        5 a repair jam
        5 a failure leak
        5 a Aborted (leak)
        7 a repair leak
        7 a Execute
        13 a done part-0001
        13 a Complete (order covered)
    """)


def test_the_end_of_a_shift_stops_work_and_its_beginning_resumes_it() -> None:
    """Six hours of work begun at 06:00 go on next day: two hours missed the shift's end."""
    setting = Setting(
        parts=2,
        calendars={"days": (*DAY_SHIFT, (30 * HOUR, 38 * HOUR))},
        works_by={"a": "days"},
        duration_s=48 * HOUR,
    )
    world = play("a[18000 s]", setting)
    assert story(world) == told("""
        0 a Stopped (off shift)
        21600 calendar:days open
        21600 a Execute
        39600 a done part-0001
        50400 calendar:days closed
        50400 a Stopped (off shift)
        108000 calendar:days open
        108000 a Execute
        115200 a done part-0002
        115200 a Complete (order covered)
        136800 calendar:days closed
        136800 a Stopped (off shift)
    """)


def test_completion_beats_the_end_of_a_shift() -> None:
    """A part that is done as the shift ends is done; the next one waits for the next shift."""
    setting = Setting(parts=2, calendars={"days": DAY_SHIFT}, works_by={"a": "days"})
    world = play("a[28800 s]", setting)
    assert story(world) == told("""
        0 a Stopped (off shift)
        21600 calendar:days open
        21600 a Execute
        50400 calendar:days closed
        50400 a done part-0001
        50400 a Stopped (off shift)
    """)


def test_the_week_begins_again() -> None:
    """Working hours repeat every seven days."""
    setting = Setting(
        parts=9, calendars={"days": DAY_SHIFT}, works_by={"a": "days"}, duration_s=176 * HOUR
    )
    openings = [line for line in story(play("a[7200 s]", setting)).splitlines() if "open" in line]
    assert openings == [f"{6 * HOUR} calendar:days open", f"{(6 + 168) * HOUR} calendar:days open"]


TWO_BROKEN = {
    ("a", "failure.jam"): [4000.0],
    ("a", "repair.jam"): [30_000.0],
    ("b", "failure.jam"): [6000.0],
    ("b", "repair.jam"): [20_000.0],
    ("c", "failure.jam"): [5000.0],
    ("c", "repair.jam"): [10_000.0],
}
ALL_JAM = {"a": ["jam"], "b": ["jam"], "c": ["jam"]}
THREE_ALONE = "a[10 s]\nb[10 s]\nc[10 s]"


def test_a_crew_of_one_serves_first_come_first_served() -> None:
    """a fails first, then c, then b: they are repaired in that order, one at a time."""
    world = play(THREE_ALONE, Setting(parts=1, script=TWO_BROKEN, failing=ALL_JAM))
    kept = [line for line in story(world).splitlines() if "repair" in line or "failure" in line]
    assert "\n".join(kept) == told("""
        4 a failure jam
        5 c failure jam
        6 b failure jam
        34 a repair jam
        44 c repair jam
        64 b repair jam
    """)


def test_a_crew_of_two_repairs_two_at_once() -> None:
    """A second technician takes the second station; the third waits for whoever is free first."""
    setting = Setting(parts=1, script=TWO_BROKEN, failing=ALL_JAM, crew_size=2)
    kept = [line for line in story(play(THREE_ALONE, setting)).splitlines() if "repair" in line]
    assert kept == ["15 c repair jam", "34 a repair jam", "35 b repair jam"]


def test_a_repair_waits_for_the_crews_shift_and_is_then_finished() -> None:
    """Nobody repairs at night; a repair that has begun is finished after the shift's end."""
    setting = Setting(
        parts=1,
        script={
            ("a", "failure.jam"): [4000],
            ("a", "repair.jam"): [9.0 * HOUR * 1000],
        },
        failing={"a": ["jam"]},
        calendars={"days": DAY_SHIFT},
        crew_calendar="days",
    )
    assert story(play("a[10 s]", setting)) == told("""
        0 a Execute
        4 a failure jam
        4 a Aborted (jam)
        21600 calendar:days open
        50400 calendar:days closed
        54000 a repair jam
        54000 a Execute
        54006 a done part-0001
        54006 a Complete (order covered)
    """)


def test_a_repair_that_ends_off_shift_leaves_the_station_stopped() -> None:
    """The crew may work when the station's people are gone: work goes on in their next shift."""
    setting = Setting(
        parts=1,
        script={
            ("a", "failure.jam"): [7.0 * HOUR * 1000],
            ("a", "repair.jam"): [2.0 * HOUR * 1000],
        },
        failing={"a": ["jam"]},
        calendars={"days": (*DAY_SHIFT, (30 * HOUR, 38 * HOUR))},
        works_by={"a": "days"},
        duration_s=33 * HOUR,
    )
    assert story(play(f"a[{8 * HOUR} s]", setting)) == told("""
        0 a Stopped (off shift)
        21600 calendar:days open
        21600 a Execute
        46800 a failure jam
        46800 a Aborted (jam)
        50400 calendar:days closed
        54000 a repair jam
        54000 a Stopped (off shift)
        108000 calendar:days open
        108000 a Execute
        111600 a done part-0001
        111600 a Complete (order covered)
    """)


class WornMachine(DoubleContinuous):
    """A machine whose wear doubles the rate of failure."""

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs."""
        return super().read(names) | {"hazard_factor": 2.0}


class WornModels(Doubles):
    """Every station has a worn machine."""

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return the worn machine."""
        del config
        return WornMachine("machine")


def test_wear_brings_the_failure_nearer() -> None:
    """At twice the rate of a new machine, 8 s to failure are used up in 4 s of work."""
    setting = Setting(
        parts=1,
        script={("a", "failure.jam"): [8000]},
        failing={"a": ["jam"]},
        models=WornModels(),
    )
    assert "4 a failure jam" in story(play("a[10 s]", setting))


@pytest.mark.parametrize("when", [0, 3, 4, 10, 20, 34, 36])
def test_a_spurious_wake_changes_nothing(when: int) -> None:
    """Woken for no reason, working, starved, blocked or broken, a station goes on as it was."""
    drawing = "a[10 s] -> (1) -> b[17 s]"
    script = {("b", "failure.jam"): [9000], ("b", "repair.jam"): [15_000]}
    setting = Setting(parts=4, script=script, failing={"b": ["jam"]})
    expected = story(play(drawing, setting))
    world = draw(drawing, setting)
    for name in ("a", "b", "a", "b"):
        world.calendar.at(when * 1000, name, -1)
    world.begin()
    while world.step():
        pass
    assert story(world) == expected


def test_a_shift_calendar_a_recorder_and_the_end_ignore_spurious_wakes() -> None:
    """Units around the stations are level-triggered too: nothing is recorded or planned twice."""
    setting = Setting(parts=9, calendars={"days": DAY_SHIFT}, works_by={"a": "days"})
    drawing = "a[7200 s]"
    expected = story(play(drawing, setting))
    world = draw(drawing, setting)
    world.begin()
    for name in world.units:
        world.calendar.at(7 * HOUR * 1000, name, -1)
    while world.step():
        pass
    assert story(world) == expected
    assert world.now == setting.duration_s * 1000
    assert len(world.calendar.save()) == len(play(drawing, setting).calendar.save())
