"""A scenario that is right: layers, origins, conversions, the resolved text."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.resolved import CalendarConfig, DisturbanceConfig, Scenario, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Workbench

DAY = 86_400


def test_later_layers_win(bench: Workbench) -> None:
    """Default, line, recipe, scenario, --set: the later wins and says who it was."""
    coater = bench.load().stations["cathode.coater"].parameters
    source = "set by the user in lines/line.yaml:36"
    assert coater["roll_length"] == Value(100.0, "m", "A", source, "lines/line.yaml:36")
    assert coater["residual_solvent_limit"].origin == "default"
    assert coater["residual_solvent_limit"].source == "made up"
    assert coater["loading_target"] == Value(0.18, "kg/m2", "V", "a paper", "recipes/recipe.yaml:4")
    assert coater["web_speed"] == Value(
        0.035, "m/s", "A", "set by the user in small.yaml:10", "small.yaml:10"
    )
    over = bench.load(["cathode.coater.web_speed=2.4 m/min"]).stations["cathode.coater"]
    assert over.parameters["web_speed"] == Value(
        0.04, "m/s", "A", "set by the user in --set", "--set"
    )


def test_overrides_take_every_form_of_value(bench: Workbench) -> None:
    """Numbers, lists and evidence are given on the command line as in a file; the last wins."""
    scenario = bench.load(
        [
            "cathode.coater.lane_count=3",
            "cathode.coater.lane_count = 4",
            "cathode.coater.zone_temperatures=[80 degC, 353.15 K, 100 °C]",
            "cathode.mixer.batch_mass={value: 20 kg, tag: D, source: nameplate}",
            "cathode.coater.drying.tortuosity=2.5",
            "cathode.coater.machine.fan_power=3 kW",
            "cathode.mixer.breakdown.time_to_repair=1 h",
            "building.outdoor_temperature=-5 degC",
        ]
    )
    coater = scenario.stations["cathode.coater"]
    mixer = scenario.stations["cathode.mixer"]
    assert coater.parameters["lane_count"].value == 4
    assert isinstance(coater.parameters["lane_count"].value, int)
    assert coater.parameters["zone_temperatures"].value == (353.15, 353.15, 373.15)
    assert mixer.parameters["batch_mass"] == Value(20.0, "kg", "D", "nameplate", "--set")
    assert coater.processes["drying"].parameters["tortuosity"].value == 2.5
    assert coater.machine is not None
    assert coater.machine.parameters["fan_power"].value == 3000.0
    assert mixer.failures[0].time_to_repair.value == 3600.0
    assert scenario.building is not None
    assert scenario.building.parameters["outdoor_temperature"].value == 268.15


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("cathode.coater.web_speed", "has no value (--set ADDRESS=VALUE"),
        ("=3 m/min", "has no value"),
        ("cathode.coater.web_speed=", "empty is no number (a speed such as 1.9 m/min)"),
        ("cathode.coater.web_speed=3", "3 has no unit (a speed such as 1.9 m/min)"),
        ("cathode.coater.web_speed=9 km/s", "plausible range"),
        ("cathode.coater.wep_speed=3 m/min", "did you mean web_speed?"),
        ("cathode.coater.web_speed={a: 1}", "is no value (write {value: 1.9 m/min"),
        ("cathode.coater.web_speed=[1", "cannot be read"),
        ("cathode.coater.web_speed={a: 1, a: 2}", "duplicate key"),
        ("web_speed=3 m/min", "'web_speed' is no address (station.quantity)"),
        ("cathode.coater.drying.po-ro=3", "no name of an FMU's parameter"),
        ("cathode.coater.drying=3", "add a name, as in cathode.coater.drying.parameter"),
        ("cathode.mixer.breakdown.time_to_fail=3 h", "breakdown has no 'time_to_fail'"),
        ("cathode.coater.drying.tortuosity=yes", "does not begin with a number"),
        ("cathode.coater.drying.tortuosity=[1, 2]", "not a value: [1, 2]"),
    ],
)
def test_a_bad_override_is_told(bench: Workbench, override: str, says: str) -> None:
    """Problems of the command line name --set and the address instead of a file."""
    with pytest.raises(ScenarioError) as caught:
        bench.load([override])
    assert says in str(caught.value)
    assert str(caught.value).startswith("--set")


def test_all_problems_come_at_once(bench: Workbench) -> None:
    """Eight mistakes in three files and on the command line give eight problems, in order."""
    bench.edit("scenario", "seed: 7", "seeds: 7")
    bench.edit("scenario", "2.1 m/min", "2.1")
    bench.edit("line", "calendar: days\n    crew", "calender: days\n    crew")
    bench.edit("line", "    title: The coater\n", "    title: 5\n")
    bench.edit("line", "cathode.tank}\n    gives", "cathode.tang}\n    gives")
    bench.edit("line", "    kind: slitter", "    kind: splitter")
    bench.edit("recipe", "18 mg/cm2", "18 mg")
    with pytest.raises(ScenarioError) as caught:
        bench.load(["cathode.coater.web_speed=1 km"])
    found = [
        (problem.file.name if problem.file else "", problem.line)
        for problem in caught.value.problems
    ]
    assert found == [
        ("small.yaml", 7), ("small.yaml", 10), ("line.yaml", 22), ("line.yaml", 23),
        ("line.yaml", 25), ("line.yaml", 39), ("recipe.yaml", 4), ("", None),
    ]  # fmt: skip


def test_a_wrong_value_is_told_once(bench: Workbench) -> None:
    """A required quantity that was set to something wrong is not also missing."""
    bench.edit("line", "      roll_length: 100 m\n", "")
    with pytest.raises(ScenarioError) as caught:
        bench.load(["cathode.coater.roll_length=3 V"])
    assert len(caught.value.problems) == 1


def test_a_station_that_cannot_be_read_brings_no_other_problem(bench: Workbench) -> None:
    """Addresses into it and buffers at it are not reported on top."""
    bench.edit("line", "    kind: coater\n", "")
    with pytest.raises(ScenarioError) as caught:
        bench.load()
    assert [problem.key for problem in caught.value.problems] == ["stations.cathode.coater.kind"]


def test_seed_of_the_command_line_wins(bench: Workbench) -> None:
    """The file's seed counts unless one is given; a negative one is refused."""
    assert bench.load().seed == 7
    assert bench.load(seed=0).seed == 0
    with pytest.raises(ScenarioError, match="-1 is no seed"):
        bench.load(seed=-1)


def test_plan_and_disturbances_in_ticks(bench: Workbench) -> None:
    """Times are ticks of 1 ms, the limit 90 days unless written."""
    scenario = bench.load()
    assert (scenario.order_cells, scenario.duration_ticks) == (10, None)
    assert (scenario.limit_ticks, scenario.recording_ticks) == (90 * DAY * 1000, 120_000)
    assert scenario.disturbances == (
        DisturbanceConfig("building.outdoor_temperature", 306.15, DAY * 1000, 3 * DAY * 1000),
    )
    bench.edit("scenario", "order: {cells: 10}", "duration: 1.5 d")
    bench.edit("scenario", ", until: 3 d", "")
    scenario = bench.load()
    assert (scenario.order_cells, scenario.duration_ticks) == (None, 129_600_000)
    assert scenario.limit_ticks == 129_600_000
    assert scenario.disturbances[0].end_tick is None


def test_every_form_of_a_map(bench: Workbench) -> None:
    """Nothing for an input that the FMU does without, a start variable, an enumeration table."""
    old = "map: {web_speed: v_web, pump_flow: {variable: flow, scale: 0.001}}"
    new = (
        "map: {web_speed: , pump_flow: {variable: q, start: q0},"
        " mode: {variable: m, enumeration: {0: off, 1: 2}}}"
    )
    bench.edit("line", old, new)
    assert bench.load().stations["cathode.coater"].processes["coating"].map == {
        "web_speed": "",
        "pump_flow": {"variable": "q", "start": "q0"},
        "mode": {"variable": "m", "enumeration": {"0": "off", "1": 2.0}},
    }


def test_stations_buffers_and_materials(bench: Workbench) -> None:
    """What the line says arrives in canonical units; what it leaves out has its default."""
    scenario = bench.load()
    coater = scenario.stations["cathode.coater"]
    assert (coater.title, coater.room, coater.calendar) == ("The coater", "hall", "days")
    assert coater.takes == {"slurry": "cathode.tank"}
    assert coater.gives == {"rolls": "cathode.coated_rolls"}
    assert coater.materials == {"foil": "cathode.foil"}
    assert coater.processes["coating"].map == {
        "web_speed": "v_web",
        "pump_flow": {"variable": "flow", "scale": 0.001},
    }
    assert coater.processes["coating"].fixed == {"mode": 1.0}
    assert coater.processes["coating"].parameters["slot_width"].unit == "m"
    assert coater.processes["coating"].parameters["shape"].unit == ""
    mixer = scenario.stations["cathode.mixer"]
    assert (mixer.title, mixer.calendar) == ("Mixer", "always")
    assert mixer.processes["mixing"].model == "mixing"
    assert mixer.failures[0].time_to_repair_variation.number == 1.0
    assert scenario.stations["cathode.slitter"].machine is None
    assert scenario.buffers["cathode.tank"].capacity == 40.0
    assert scenario.materials["cathode.foil"].unit == "m"
    assert scenario.materials["cathode.foil"].lot_size.source == "a supplier"
    assert scenario.materials["cathode.binder"].deviations["particle_size_factor"].value == 0.02
    assert scenario.files == ("small.yaml", "lines/line.yaml", "recipes/recipe.yaml")


def test_a_failure_lends_its_evidence_to_its_times(bench: Workbench) -> None:
    """Tag and source beside the times hold for each that brings none."""
    bench.edit("line", "30 min}", "{value: 30 min, tag: M, source: log}, tag: D, source: book}")
    failure = bench.load().stations["cathode.mixer"].failures[0]
    assert (failure.time_between_failures.tag, failure.time_between_failures.source) == (
        "D",
        "book",
    )
    assert (failure.time_to_repair.tag, failure.time_to_repair.source) == ("M", "log")


def test_calendars_are_seconds_of_the_week(bench: Workbench) -> None:
    """Days in a row, nights that cross midnight and the week's end, touching hours joined."""
    bench.edit(
        "line", "  days:", '  night: {"sat, sun": "22:00-06:00", mon: [06:00-24:00]}\n  days:'
    )
    bench.edit("line", "  days:", '  whole: {mon-sun: "00:00-24:00"}\n  days:')
    calendars = bench.load().calendars
    assert calendars["always"] == CalendarConfig("always", ())
    assert calendars["whole"].open_s == ()
    assert calendars["night"].open_s == (
        (0, DAY),
        (5 * DAY + 22 * 3600, 6 * DAY + 6 * 3600),
        (6 * DAY + 22 * 3600, 7 * DAY),
    )
    assert calendars["days"].open_s[0] == (6 * 3600, 22 * 3600)
    assert calendars["days"].open_s[5] == (5 * DAY + 6 * 3600, 5 * DAY + 14 * 3600)


def test_a_calendar_names_its_shifts(bench: Workbench) -> None:
    """In the order of the day; without days it is always open, without shifts there are three."""
    bench.edit("line", "  days:", '  two: {shifts: {dark: "18:00", day: "06:30"}}\n  days:')
    calendars = bench.load().calendars
    assert calendars["two"].open_s == ()
    assert calendars["two"].shifts == (("day", 6 * 3600 + 1800), ("dark", 18 * 3600))
    assert [name for name, _ in calendars["days"].shifts] == ["early", "late", "night"]


def test_an_fmu_beside_the_line_is_found(bench: Workbench) -> None:
    """A path counts from the file that names it and arrives absolute."""
    fmu = bench.folder / "lines" / "own.fmu"
    fmu.write_bytes(b"")
    bench.edit("line", "drying: {model: drying}", "drying: {model: own.fmu}")
    drying = bench.load().stations["cathode.coater"].processes["drying"]
    assert drying.model == str(fmu.resolve())
    assert drying.key == "lines/line.yaml:33: stations.cathode.coater.processes.drying"


def _values(item: object) -> Iterator[Value]:
    if isinstance(item, Value):
        yield item
    elif is_dataclass(item):
        for part in fields(item):
            yield from _values(getattr(item, part.name))
    elif isinstance(item, dict):
        for part in item.values():
            yield from _values(part)
    elif isinstance(item, tuple):
        for part in item:
            yield from _values(part)


def _tables(item: object) -> Iterator[tuple[Any, ...]]:
    if isinstance(item, dict):
        if item.keys() == {"value", "unit", "tag", "source", "origin"}:
            value = tuple(item["value"]) if isinstance(item["value"], list) else item["value"]
            yield (value, item["unit"], item["tag"], item["source"], item["origin"])
        for part in item.values():
            yield from _tables(part)


def test_the_resolved_text_is_complete(bench: Workbench) -> None:
    """Valid YAML with every value of the scenario, its unit, tag, source and origin."""
    scenario = bench.load(["cathode.coater.drying.tortuosity=1.5"])
    data = YAML(typ="safe", pure=True).load(scenario.text)
    written = {(v.value, v.unit, v.tag, v.source, v.origin) for v in _values(scenario)}
    assert set(_tables(data)) == written
    assert len(written) > 15
    assert data.keys() > {field.name for field in fields(Scenario)} - {
        "text", "duration_ticks", "limit_ticks", "recording_ticks", "window_ticks",
        "good_energy_per_day", "deviations", "faults", "twin", "recipe", "line", "recipe_file",
    }  # fmt: skip
    assert data["limit"] == {"value": 7_776_000.0, "unit": "s"}
    assert data["disturbances"][0]["unit"] == "K"
    assert data["stations"]["cathode.coater"]["takes"] == {"slurry": "cathode.tank"}
    assert data["calendars"]["always"] == "always"


def test_the_same_files_give_the_same_text(bench: Workbench) -> None:
    """The resolved text depends on the files alone."""
    assert bench.load().text == bench.load().text


def test_without_building_and_recipe(bench: Workbench) -> None:
    """Both may be left out."""
    text = bench.files["line"].read_text("utf-8")
    bench.files["line"].write_text(text[: text.index("building:")], encoding="utf-8")
    scenario = (
        bench.files["scenario"].read_text("utf-8").replace("recipe: recipes/recipe.yaml\n", "")
    )
    bench.files["scenario"].write_text(scenario[: scenario.index("disturb")], encoding="utf-8")
    resolved = bench.load()
    assert resolved.building is None
    assert resolved.files == ("small.yaml", "lines/line.yaml")


def test_shipped_scenarios_load() -> None:
    """Every scenario that ships is found by its name and is right."""
    assert load("baseline").name == "baseline"
