"""Faults of machines that a scenario orders, as stories worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from line_support import HOUR, imbalance, in_memory, pilot
from small_line import Setting, draw, play, story, told

from linetwin.line import run
from linetwin.scenario.deviations import Fault

if TYPE_CHECKING:
    from linetwin.line.world import World


def fault(kind: str, start_s: float, end_s: float | None = None, **more: Any) -> Fault:  # noqa: ANN401
    """Return a fault of station `a`."""
    end = None if end_s is None else round(end_s * 1000)
    return Fault(kind, "a", kind, round(start_s * 1000), end, **more)


def with_faults(*faults: Fault, **more: Any) -> Setting:  # noqa: ANN401
    """Return a setting with these faults, two parts and a minute."""
    return Setting(parts=2, duration_s=60, disturbing={"faults": faults}, **more)


def _told(world: World) -> str:
    return "\n".join(each for each in story(world).splitlines() if "disturbance" not in each)


def test_a_forced_stop_costs_exactly_its_time() -> None:
    """Work of 10 s, stopped from 4 s to 9 s, is done at 15 s; no crew comes, nothing is drawn."""
    world = play("a[10 s]", with_faults(fault("stop", 4, 9, cause="power cut")))
    assert _told(world) == told("""
        0 a Execute
        4 a Aborted (power cut)
        9 a Execute
        15 a done part-0001
        25 a done part-0002
        25 a Complete (order covered)
    """)
    assert world.driver.save() == {}


def test_a_stop_of_an_idle_machine_keeps_it_from_beginning() -> None:
    """Nothing is obtained or handed over while it lasts; completion beats a stop that begins."""
    world = play("a[10 s]", with_faults(fault("stop", 10, 13, cause="power cut")))
    assert "10 a done part-0001\n10 a Aborted (power cut)\n13 a Execute" in _told(world)


def test_a_stop_until_repaired_calls_the_crew() -> None:
    """The failure strikes at its time, the repair takes what its cause says (here 60 s)."""
    setting = with_faults(fault("stop", 4, cause="jam"), failing={"a": ["jam"]})
    assert _told(play("a[10 s]", setting)).startswith(
        told("""
        0 a Execute
        4 a failure jam
        4 a Aborted (jam)
    """)
    )
    setting = with_faults(
        fault("stop", 4, cause="jam"), failing={"a": ["jam"]}, script={("a", "repair.jam"): [7000]}
    )
    assert "11 a repair jam\n11 a Execute\n17 a done part-0001" in _told(play("a[10 s]", setting))


def test_a_repair_goes_on_during_a_stop() -> None:
    """Failed at 4 s, repaired at 11 s, but the power is back at 20 s only."""
    setting = with_faults(
        fault("stop", 4, cause="jam"), fault("stop", 6, 20, cause="power cut"),
        failing={"a": ["jam"]}, script={("a", "repair.jam"): [7000]},
    )  # fmt: skip
    assert _told(play("a[10 s]", setting)).startswith(
        told("""
        0 a Execute
        4 a failure jam
        4 a Aborted (jam)
        11 a repair jam
        11 a Aborted (power cut)
        20 a Execute
        26 a done part-0001
    """)
    )


def test_a_slow_machine_takes_as_much_longer() -> None:
    """At half its speed an operation that begins meanwhile takes twice as long."""
    world = play("a[10 s]", with_faults(fault("slow", 5, 30, factor=0.5)))
    assert "10 a done part-0001\n30 a done part-0002" in _told(world)


def test_a_hazard_brings_failures_as_much_sooner() -> None:
    """Due after 8 s of work; 4 s of it at four times the hazard are 16: it strikes at 3 + 1.25."""
    setting = with_faults(
        fault("hazard", 3, 30, factor=4.0),
        failing={"a": ["jam"]}, script={("a", "failure.jam"): [8000]},
    )  # fmt: skip
    assert "4.25 a failure jam" in _told(play("a[10 s]", setting))


@pytest.mark.parametrize("at_s", [2, 5, 12, 17, 26, 40])
def test_a_line_with_faults_can_be_frozen(at_s: int) -> None:
    """Before, during and after each of them: the same story."""
    faults = (
        fault("stop", 4, cause="jam"), fault("stop", 16, 20, cause="power cut"),
        fault("slow", 22, 50, factor=0.5),
    )  # fmt: skip
    setting = with_faults(*faults, failing={"a": ["jam"]}, script={("a", "repair.jam"): [7000]})
    whole = play("a[10 s]", setting)
    frozen, thawed = (draw("a[10 s]", setting) for _ in "ab")
    frozen.begin()
    while frozen.now < at_s * 1000:
        frozen.step()
    run.load(thawed, run.save(frozen, {}))
    while thawed.step():
        pass
    assert "\n".join(filter(None, (story(frozen), story(thawed)))) == story(whole)


@pytest.mark.parametrize("runs", [True, False])
def test_a_broken_knife_is_changed(runs: bool) -> None:  # noqa: FBT001
    """Where the slitter runs (from 15.14 to 15.29 h) at once, else before the next roll: 30 min."""
    at = round(15.2 * HOUR) if runs else 8 * HOUR
    broken = Fault("knife", "cathode.slitter", "tool_break", at, None)
    scenario = pilot(10, faults=(broken,), duration_ticks=20 * HOUR, order_cells=None)
    world, sink = in_memory(scenario)
    rows = [row for row in sink.rows["events"] if row["station"] == "cathode.slitter"]
    found = {(row["event"], row["cause"]): row["tick"] for row in rows}
    changed = found["note", "new knife"]
    if runs:
        assert found["failure", "broken knife"] == at
        assert found["repair", "broken knife"] == changed == at + HOUR // 2
    else:
        assert ("failure", "broken knife") not in found
        assert changed == at + HOUR // 2
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_a_slow_coater_moves_the_web_slower() -> None:
    """Speed is what the coating and drying models see: half of it."""
    slow = Fault("slow", "cathode.coater", "slow", 0, None, factor=0.5)
    fastest = {}
    for faults in ((), (slow,)):
        scenario = pilot(10, faults=faults, duration_ticks=14 * HOUR, order_cells=None)
        _, sink = in_memory(scenario)
        rows = [row for row in sink.rows["signals"] if row["station"] == "cathode.coater"]
        fastest[bool(faults)] = max(row["web_speed"] for row in rows)
    assert fastest[True] == fastest[False] / 2 > 0
