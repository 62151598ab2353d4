"""Each served signal of a run, beside a recomputation from the Parquet files of its folder."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from serving_support import NAMES
from small_runs import BASELINE, DEFECTS, support

from linetwin.cli import aas_interfaces
from linetwin.quantities.packml import STATES
from linetwin.results.reader import Run
from linetwin.scenario import load
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.naming import name_of
from linetwin.shells.running import describe_run
from linetwin.shells.running.values import told
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.recorded import RecordedValues
from linetwin.shells.serving.roles import Role, read_roles
from linetwin.shells.serving.view import View
from linetwin.shells.writing import as_tree
from linetwin.twin.plant.making import information_model, panels

if TYPE_CHECKING:
    from small_runs import SmallRun

    from linetwin.scenario import Scenario
    from linetwin.shells.environment import Environment

NEVER = re.compile(r"Identification\.|Commands\.|Clock\.(pace|begun)$")
"""Of a server, not of a run: no table has them."""
UNRECORDED = {"cell.degasser.electrolyte_mass"}
"""A gauge whose readings the line keeps to itself."""
GRADERS = {"cell.grading"}
Expected = dict[str, tuple[Any, int | None]]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The small run's scenario."""
    found: Scenario = support.pilot(40, *DEFECTS)
    return found


@pytest.fixture(scope="module")
def whole(scenario: Scenario) -> Environment:
    """The shells of its line, with the tags of the plant."""
    interfaces = aas_interfaces.of_plant(scenario)
    wanted = Wanted(NAMES.base, with_ports=False, with_files=False, interfaces=interfaces)
    return describe(scenario, wanted)


@pytest.fixture(scope="module")
def tables(small_run: SmallRun) -> dict[str, pd.DataFrame]:
    """The run's tables, without the product's reader."""
    names = ("signals", "events", "cells", "segments", "lots")
    return {name: pd.read_parquet(small_run.run.path / f"{name}.parquet") for name in names}


def _signals(tables: dict[str, pd.DataFrame], scenario: Scenario) -> Expected:
    """Return what instruments and meters showed last."""
    found: Expected = {}
    for station, rows in tables["signals"].groupby("station"):
        for name in rows.columns.drop(["tick", "station"]):
            seen = rows[["tick", name]].dropna()
            if len(seen):
                last = float(seen[name].iloc[-1]), int(seen["tick"].iloc[-1])
                for way in ("", "Measurements.", "Energy."):
                    found[f"{station}.{way}{name}"] = last
                if station in scenario.buffers:
                    found[f"line.Buffers.{station}"] = last
    rows = tables["signals"]
    tick = int(rows["tick"].max())
    power = rows[rows["tick"] == tick]["electric_power"].sum()
    return found | {"line.Energy.electric_power": (power, tick)}


def _events(tables: dict[str, pd.DataFrame], scenario: Scenario) -> Expected:
    """Return states, counts and lots by going through the events one by one."""
    found: Expected = {}
    for path in scenario.stations:
        for name in ("Counters.produced", "Counters.scrapped", "Lots.taken", "Lots.given"):
            found[f"{path}.{name}"] = 0, 0
        found[f"{path}.Lots.lot_in"] = found[f"{path}.Lots.lot_out"] = "", 0
        inside = tables["lots"].drop_duplicates("lot", keep="last")
        here = (inside["place"] == path) & (inside["ended"] < 0)
        found[f"{path}.Counters.in_process"] = int(here.sum()), None
    for row in tables["events"].itertuples():
        path, tick = str(row.station), int(row.tick)
        if path in scenario.stations:
            _take(found, path, tick, row)
    return found


def _take(found: Expected, path: str, tick: int, row: Any) -> None:  # noqa: ANN401 - of pandas
    """Let an event count."""

    def add(name: str, amount: float) -> None:
        found[f"{path}.{name}"] = found[f"{path}.{name}"][0] + amount, tick

    if row.event == "state":
        mode = (2, "Maintenance") if row.cause.startswith("maintenance") else (1, "Production")
        said = (STATES[row.state], row.state, row.cause, *mode)
        names = ("StateCurrent", "StateText", "StopReason", "UnitMode", "UnitModeText")
        for name, value in zip(names, said, strict=True):
            found[f"{path}.Status.{name}"] = value, tick
    elif row.event == "take":
        add("Lots.taken", 1)
        found[f"{path}.Lots.lot_in"] = row.lot, tick
    elif row.event == "give" and not (path in GRADERS and row.cause):
        add("Lots.given", int(found[f"{path}.Lots.lot_out"][0] != row.lot))
        add("Counters.produced", row.amount)
        found[f"{path}.Lots.lot_out"] = row.lot, tick
    elif row.event == "scrap":
        add("Counters.scrapped", row.amount)


def _gauges(tables: dict[str, pd.DataFrame], last: Expected) -> Expected:
    """Return the mean of what gauges read of the lot that left last."""
    found: Expected = {}
    cells, segments = tables["cells"].drop_duplicates("cell", keep="last"), tables["segments"]
    for path, gauge, column in (
        ("cell.formation", "capacity", "measured_capacity"),
        ("cell.ocv_test", "open_circuit_voltage", "measured_first_open_circuit_voltage"),
        ("cell.grading", "open_circuit_voltage", "measured_open_circuit_voltage"),
        ("cell.grading", "dcir", "measured_dcir"),
    ):
        lot, tick = last[f"{path}.Lots.lot_out"]
        found[f"{path}.{gauge}"] = cells[cells["tray"] == lot][column].mean(), tick
    for electrode in ("cathode", "anode"):
        lot, tick = last[f"{electrode}.coater.Lots.lot_out"]
        rows = segments[segments["roll"] == lot]
        both = pd.concat([rows["measured_loading_a"], rows["measured_loading_b"]])
        found[f"{electrode}.coater.loading"] = both.mean(), tick
    return found


def _order(tables: dict[str, pd.DataFrame], end: int, ordered: int) -> Expected:
    cells = tables["cells"].drop_duplicates("cell", keep="last")
    counts = cells["status"].value_counts()
    at_grading = (cells["status"] == "scrap") & (cells["station"] == "cell.grading")
    graded = counts.get("A", 0) + counts.get("B", 0) + at_grading.sum()
    told = {
        "Order.ordered": ordered,
        "Order.started": len(cells),
        "Order.graded": graded,
        "Order.grade_a": counts.get("A", 0),
        "Order.grade_b": counts.get("B", 0),
        "Order.scrapped": counts.get("scrap", 0) + counts.get("sample", 0),
        "Status.cells_in_process": (cells["ended"] < 0).sum(),
        "Clock.line_time": end / 1000,
    }
    return {f"line.{name}": (value, end) for name, value in told.items()}


def _set_values(scenario: Scenario) -> Expected:
    found: Expected = {}
    for each in information_model(scenario).setpoints():
        value = scenario.stations[each.tag.owner].parameters[each.tag.name.rpartition("_")[0]
                if each.index is not None else each.tag.name].value  # fmt: skip
        row = value if isinstance(value, tuple) else (value,)
        index = "" if each.index is None else f".{each.index + 1}"
        found[f"{each.address}{index}"] = row[each.index or 0], 0
    return found


def test_every_signal_of_a_run_is_what_its_tables_say(
    small_run: SmallRun,
    scenario: Scenario,
    whole: Environment,
    tables: dict[str, pd.DataFrame],
) -> None:
    """Set values, readings, meters, states, counters, lots, order, buffers: value and time."""
    end = int(max(tables["signals"]["tick"].max(), tables["events"]["tick"].max()))
    ordered = int(small_run.run.scenario.partition("order_cells: ")[2].split()[0])
    expected = _signals(tables, scenario) | _events(tables, scenario) | _order(tables, end, ordered)
    expected |= _gauges(tables, expected) | _set_values(scenario)
    values = RecordedValues(small_run.run, panels())
    view = View(Catalogue(whole), read_roles()["engineer"], values)
    seen, nothing = 0, set()
    for tree in as_tree(whole)["submodels"]:
        if tree["idShort"] != "Signals":
            continue
        for element in view.submodel(tree["id"])["submodelElements"]:
            address = name_of(element["idShort"])
            if "value" not in element:
                nothing.add(address)
                continue
            if address == "line.Status.shift":
                assert re.fullmatch(r"day \d+ (early|late|night)", element["value"])
                continue
            value, tick = expected[address]
            is_number = element["valueType"] in {"xs:double", "xs:long"}
            shown = float(element["value"]) if is_number else element["value"]
            assert shown == (pytest.approx(value, rel=1e-12) if is_number else value), address
            said = {each["type"]: each["value"] for each in element["qualifiers"]}
            assert said["Quality"] == "recorded"
            assert tick is None or said["Time"] == told(tick), address
            seen += 1
    assert seen > 600
    assert {each for each in nothing if not NEVER.search(each)} <= UNRECORDED


def test_a_set_value_is_that_of_the_end(small_run: SmallRun, scenario: Scenario) -> None:
    """A change of a set value counts while it lasts, and the time says since when."""
    change = {
        "address": "cathode.calender.web_speed", "kind": "value", "acts_on": "value",
        "value": 0.05, "from": {"value": 3600.0}, "until": None,
    }  # fmt: skip
    values = RecordedValues(small_run.run, panels())
    values._plan = replace(values._plan, content={**values._plan.content, "disturbances": [change]})
    found = values.value("cathode.calender.web_speed")
    assert found is not None
    assert (found.value, found.tick) == (0.05, 3_600_000)
    change["until"] = {"value": 7200.0}
    back = values.value("cathode.calender.web_speed")
    assert back is not None
    written = scenario.stations["cathode.calender"].parameters["web_speed"].number
    assert (back.value, back.tick) == (written, 7_200_000)


def test_time_and_quality_are_hidden_where_a_role_says_so(
    small_run: SmallRun, scenario: Scenario, whole: Environment
) -> None:
    """Qualifiers that a role does not see are left out of values too."""
    role = Role("guest", qualifiers=frozenset({"Quality"}))
    view = View(Catalogue(whole), role, RecordedValues(small_run.run, panels()))
    named = NAMES.machine(scenario.line.name, "cathode.calender").submodel("Signals")
    found = view.element(named, "cathode__calender__web_speed")
    assert {each["type"] for each in found["qualifiers"]} == {"Unit", "Time"}


def test_a_run_that_is_not_finished_is_told_so(small_run: SmallRun) -> None:
    """Quality, name of the shell and a note say it of a run still written; of no other one."""
    own, address = small_run.run, "cathode.calender.web_speed"
    running = Run(own.path)
    running.manifest = own.manifest | {"status": "running", "finished": None, "end_tick": None}
    for run, is_open in ((own, False), (running, True)):
        found = RecordedValues(run, panels()).value(address)
        assert found is not None
        assert found.quality == ("recorded, not finished: running" if is_open else "recorded")
        whole = describe_run(run, NAMES)
        names = [str(dict(each.display_name or {})) for each in whole.shells()]
        assert any("not finished" in each for each in names) == is_open
        assert any("not finished" in each for each in whole.notes) == is_open


def test_what_is_no_address_has_no_value(small_run: SmallRun) -> None:
    """Names of nobody, of no folder, of a row's number that is none."""
    values = RecordedValues(small_run.run, panels())
    for address in ("", "nothing", "nothing.speed", "cell.filler", "cell.filler.none.of.these",
                    "cathode.calender.web_speed.7", "line.Nothing.x", "line.Buffers.none",
                    "cell.filler.Counters.none", "building.Status.StateCurrent"):  # fmt: skip
        assert values.value(address) is None, address


def test_the_baseline_s_panel_is_known() -> None:
    """A set value of the shipped line is shown by its panel, so its address is not a reading's."""
    station = load(BASELINE, (), None).stations["cathode.calender"]
    assert "web_speed" in {name for names in panels()[station.kind].values() for name in names}
