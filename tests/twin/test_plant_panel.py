"""A panel shows what the line's own tables say, recomputed here from those tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from plant_support import HOUR, MINUTE, of_line, panelled, scenario_of, with_plant

from linetwin.scenario.deviations import Deviation
from linetwin.scenario.hiding import Instrument

if TYPE_CHECKING:
    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.plant.changes import AlarmChange, Change

LENGTH = 18 * HOUR
Readings = list[tuple[str, str, int, np.ndarray]]


class Told:
    """Everything that a panel told while a line ran, and what was so."""

    def __init__(self, scenario: Scenario) -> None:
        self.world, self.panel, self.rows, self.model = panelled(scenario)
        self.readings: Readings = []
        self.changes: list[Change] = []
        self.alarms: list[AlarmChange] = []
        self.world.on_reading = self._read
        self._run(self.world)
        self.last = {change.node: change.value for change in self.changes}

    def of(self, node: str) -> list[tuple[int, Any]]:
        """Return tick and value of all changes of a tag."""
        return [(each.tick, each.value) for each in self.changes if each.node == node]

    def _read(self, station: str, quantity: str, tick: int, readings: np.ndarray) -> None:
        self.readings.append((station, quantity, tick, readings.copy()))
        self.panel.read(station, quantity, tick, readings)

    def _run(self, world: World) -> None:
        self.panel.begin(world)
        world.begin()
        while True:
            goes_on = world.step()
            self.panel.look(world)
            changes, alarms = self.panel.take()
            self.changes += changes
            self.alarms += alarms
            if not goes_on:
                return


def played(*overrides: str, **changes: Any) -> Told:  # noqa: ANN401  fields of a scenario
    """Return what the pilot line told in eighteen hours."""
    fields = {"order_cells": None, "duration_ticks": LENGTH} | changes
    return Told(scenario_of(*overrides, **fields))


@pytest.fixture(scope="module")
def told() -> Told:
    """The pilot line, undisturbed."""
    return played()


def test_states_and_reasons_are_those_of_the_event_log(told: Told) -> None:
    """Each change of state comes at its tick, with PackML's number, its name and the reason."""
    expected = defaultdict(list)
    for row in told.rows.of("events"):
        if row["event"] == "state" and row["station"] in told.model.machines:
            expected[row["station"]].append((row["tick"], row["state"], row["cause"]))
    assert len(expected) > 20
    for station, states in expected.items():
        texts = told.of(f"{station}/Status/StateText")[1:]  # the first is how the line began
        reasons = told.of(f"{station}/Status/StopReason")[1:]
        assert [(tick, text) for tick, text in texts] == [(t, s) for t, s, _ in states]
        assert [value for _, value in reasons] == [cause for _, _, cause in states]


def test_counters_and_lots_are_sums_over_the_event_log(told: Told) -> None:
    """What was handed over and scrapped adds up; the lots are those of the last events."""
    sums: dict[str, float] = defaultdict(float)
    lots: dict[str, str] = {}
    for row in told.rows.of("events"):
        station = row["station"]
        if row["event"] == "give":
            sums[f"{station}/Counters/produced"] += row["amount"]
            sums[f"{station}/Lots/given"] += 1
            lots[f"{station}/Lots/lot_out"] = row["lot"]
        elif row["event"] == "take":
            sums[f"{station}/Lots/taken"] += 1
            lots[f"{station}/Lots/lot_in"] = row["lot"]
        elif row["event"] == "scrap":
            sums[f"{station}/Counters/scrapped"] += row["amount"]
    shown = {tag.node for tag in told.model.tags()}
    for node, total in sums.items():
        if node in shown:
            assert told.last[node] == pytest.approx(total), node
    for node, lot in lots.items():
        if node in shown:
            assert told.last[node] == lot, node
    assert told.last["cathode.coater/Counters/produced"] > 0


def test_a_grader_that_hands_its_trays_on_has_produced_each_cell_once() -> None:
    """Its log has the grades of a tray and then the tray: good cells count once."""
    told = played(order_cells=64, duration_ticks=None)
    good = [row for row in told.rows.of("cells") if row["status"] in {"A", "B"}]
    assert told.last["cell.grading/Counters/produced"] == len(good) > 0


def test_signals_are_those_of_the_table_at_their_ticks(told: Told) -> None:
    """The power of each machine at each record is told as it stands in the table."""
    for station in ("cathode.mixer", "anode.calender", "cell.formation"):
        rows = [row for row in told.rows.of("signals") if row["station"] == station]
        expected = [(row["tick"], row["electric_power"]) for row in rows]
        assert told.of(f"{station}/Energy/electric_power") == expected
    total: dict[int, float] = defaultdict(float)
    for row in told.rows.of("signals"):
        total[row["tick"]] += 0.0 if np.isnan(power := row["electric_power"]) else power
    line = dict(told.of("line/Energy/electric_power"))
    assert line == pytest.approx(total)


def test_a_gauge_shows_the_mean_of_what_it_read_together(told: Told) -> None:
    """Each reading of the coater's gauge is the mean over its block, at the block's tick."""
    own = [each for each in told.readings if each[:2] == ("cathode.coater", "loading")]
    expected = [(tick, float(np.mean(values))) for _, _, tick, values in own]
    assert len(expected) > 5
    assert told.of("cathode.coater/Measurements/loading") == expected


def test_the_order_counts_cells(told: Told) -> None:
    """Cells started and in process at the last record are those of the table of cells."""
    last = max(row["tick"] for row in told.rows.of("signals"))
    assert told.last["line/Order/started"] == told.world.counts["started"]
    trays = [lot for lot in told.world.lots.open_lots() if lot.kind == "tray"]
    assert told.last["line/Status/cells_in_process"] == sum(lot.items for lot in trays)
    assert last == LENGTH - 10 * MINUTE


def test_a_failure_is_an_alarm_from_break_to_repair(told: Told) -> None:
    """The condition is active exactly while the machine is Aborted."""
    for station in ("cathode.coater", "cathode.slitter"):
        expected, aborted = [], False
        for row in told.rows.of("events"):
            is_state = row["station"] == station and row["event"] == "state"
            if is_state and (row["state"] == "Aborted") != aborted:
                aborted = not aborted
                expected.append((row["tick"], aborted))
        shown = [each for each in told.alarms if each.node == f"{station}/Alarms/failure"]
        assert [(each.tick, each.active) for each in shown] == expected
        assert all(each.message for each in shown if each.active)


def test_waiting_too_long_is_an_alarm_at_the_next_record_and_ends_with_the_wait() -> None:
    """A stacker that nothing has reached yet is starved from the start of its shift."""
    seen = played(duration_ticks=8 * HOUR)
    node = "cell.stacker/Alarms/starved"
    (raised,) = [each for each in seen.alarms if each.node == node]
    waits = [
        row["tick"]
        for row in seen.rows.of("events")
        if row["station"] == "cell.stacker" and row["cause"] == "starved"
    ]
    assert raised.active
    assert 15 * MINUTE <= raised.tick - waits[0] < 25 * MINUTE + 1


def biased(by: float) -> Deviation:
    """Return a loading gauge that reads too much."""
    return Deviation(
        "bias", "cathode.coater.measured_loading", "cathode.coater", "reading", "loading",
        "offset", 0, None, {"offset": by}, unit="kg/m2",
    )  # fmt: skip


def test_a_biased_gauge_is_shown_wrong_by_exactly_its_bias(told: Told) -> None:
    """The panel shows the reading, and nothing tells it that the reading is wrong."""
    scenario = scenario_of(order_cells=None, duration_ticks=12 * HOUR)
    seen = Told(replace(scenario, deviations=(biased(0.002),)))
    node = "cathode.coater/Measurements/loading"
    true = dict(told.of(node))
    first = [(tick, value - true[tick]) for tick, value in seen.of(node)[:5]]
    assert first
    assert [away for _, away in first] == pytest.approx([0.002] * len(first), abs=1e-12)


def test_a_stuck_sensor_is_shown_stuck_and_a_lost_one_as_none() -> None:
    """A disturbed signal is shown as it is recorded in its `measured_` column; the truth is not."""
    common: dict[str, Any] = {"unit": "K", "subject": "signal", "what": "machine_temperature"}
    stuck = Deviation(
        "stuck", "cathode.mixer.measured_machine_temperature", "cathode.mixer",
        kind="stuck", start_tick=0, end_tick=2 * HOUR, value=333.0, **common,
    )  # fmt: skip
    lost = replace(stuck, name="lost", kind="dropout", start_tick=2 * HOUR, end_tick=None)
    scenario = scenario_of(order_cells=None, duration_ticks=3 * HOUR)
    seen = Told(replace(scenario, deviations=(stuck, lost)))
    node = "cathode.mixer/Measurements/machine_temperature"
    shown = [each for each in seen.changes if each.node == node]
    for each in shown:
        expected = (333.0, "") if each.tick < 2 * HOUR else (None, "sensor")
        assert (each.value, each.fault) == expected


def test_an_instrument_reads_each_lot_that_is_handed_over() -> None:
    """A scale shows the mean of a roll and its bias; scatter and line are as without it."""
    scenario = scenario_of(order_cells=None, duration_ticks=LENGTH)
    scale = Instrument("scale", "cathode.coater", "loading", bias=0.01)
    rough = Instrument("rough", "cathode.coater", "loading", repeatability=1.0, percent=True)
    world, panel, rows, _ = panelled(with_plant(scenario, instruments=(scale, rough)))
    panel.begin(world)
    world.begin()
    true, shown = [], defaultdict(list)
    given = 0
    while world.step():
        events = [row for row in rows.of("events")[given:] if row["event"] == "give"]
        given = len(rows.of("events"))
        for row in events:
            if row["station"] == "cathode.coater":
                columns = world.lots[row["lot"]].columns
                both = np.concatenate([columns["loading_a"], columns["loading_b"]])
                true.append((row["tick"], float(np.nanmean(both))))
        panel.look(world)
        for change in panel.take()[0]:
            if change.node.startswith("cathode.coater/Measurements/"):
                shown[change.node.rpartition("/")[2]].append((change.tick, change.value))
    assert true
    assert [tick for tick, _ in shown["scale"]] == [tick for tick, _ in true]
    values = [value for _, value in true]
    assert [value for _, value in shown["scale"]] == pytest.approx([v + 0.01 for v in values])
    away = [read / value - 1 for (_, read), value in zip(shown["rough"], values, strict=True)]
    assert all(0 < abs(each) < 0.05 for each in away)


def test_showing_a_line_changes_nothing_in_it() -> None:
    """A line with a panel before its sink does, event by event, what it does without."""
    support = of_line("line_support")
    scenario = scenario_of(order_cells=None, duration_ticks=11 * HOUR)
    told = Told(scenario)
    memory = support.Memory()
    world = support.make_world(scenario, memory)
    world.begin()
    while world.step():
        pass
    assert memory.rows["events"] == told.rows.of("events")
    assert world.events == told.world.events
