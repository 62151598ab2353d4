"""Disturbances as they are written: each kind in canonical units, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.deviations import DEVIATIONS, FAULTS
from linetwin.scenario.entries import begun_at
from linetwin.scenario.kinds import MACHINE_SIGNALS, shipped_kinds

if TYPE_CHECKING:
    from conftest import Workbench

    from linetwin.errors import Problem

HOUR = 3_600_000
ROOT = Path(__file__).resolve().parents[2]
PAGE, SHIPPED = ROOT / "docs" / "scenario.md", (ROOT / "scenarios").as_posix()
AT = "cathode.coater"


def written(bench: Workbench, *items: str) -> None:
    """Write disturbances into the scenario, from line 13 on."""
    text = bench.files["scenario"].read_text("utf-8")
    head = text[: text.index("disturbances:")]
    lines = "".join(f"  - {{{item}}}\n" for item in items)
    bench.files["scenario"].write_text(f"{head}disturbances:\n{lines}", encoding="utf-8")


KINDS = {
    "offset": ("web_speed, kind: offset, offset: 0.6 m/min", {"offset": 0.01}),
    "offset of a temperature": ("zone_temperatures, kind: offset, offset: -5 K", {"offset": -5.0}),
    "drift an hour": ("web_speed, kind: drift, per_hour: 0.6 m/min", {"rate": 0.01 / 3600}),
    "drift a day": ("web_speed, kind: drift, per_day: 0.6 m/min", {"rate": 0.01 / 86_400}),
    "noise": (
        "web_speed, kind: noise, deviation: 0.6 m/min, correlation_time: 10 min",
        {"deviation": 0.01, "correlation_time": 600_000},
    ),
    "stuck": ("web_speed, kind: stuck", {}),
    "dropout": ("web_speed, kind: dropout", {}),
    "delay": ("web_speed, kind: delay, delay: 15 min", {"delay": 900_000}),
}


@pytest.mark.parametrize("name", KINDS)
def test_amounts_are_read_in_canonical_units(bench: Workbench, name: str) -> None:
    """Times in ticks, rates a second; at and for are from and until."""
    text, amounts = KINDS[name]
    written(bench, f"address: {AT}.{text}, at: 1 d, for: 6 h")
    (found,) = bench.load().deviations
    assert dict(found.amounts) == pytest.approx(amounts)
    assert (found.start_tick, found.end_tick) == (24 * HOUR, 30 * HOUR)
    assert (found.name, found.station, found.subject) == ("1", AT, "value")


def test_what_it_acts_on_follows_from_the_address(bench: Workbench) -> None:
    """A live value, an input of a model, a recorded signal; machines by their path."""
    written(
        bench,
        f"address: {AT}.web_speed, kind: stuck, value: 1.2 m/min",
        f"address: {AT}.drying.air_temperature, kind: offset, offset: 3 K",
        f"address: {AT}.measured_machine_temperature, kind: dropout, share: 20 %",
        f"name: cut, address: {AT}, kind: stop, cause: power cut, at: 1 h, for: 1 h",
        "address: cathode.mixer, kind: stop, cause: breakdown, at: 2 h",
        f"address: {AT}, kind: slow, speed: 70 %",
        "address: cathode.mixer, kind: hazard, factor: 5, from: 1 h, until: 2 h",
        "address: building.outdoor_temperature, value: 33 degC",
    )
    scenario = bench.load()
    subjects = [(each.subject, each.what, each.process) for each in scenario.deviations]
    assert subjects == [
        ("value", "web_speed", ""),
        ("input", "air_temperature", "drying"),
        ("signal", "machine_temperature", ""),
    ]
    assert scenario.deviations[0].value == pytest.approx(0.02)
    assert scenario.deviations[2].amounts == {"share": 0.2}
    faults = [(each.name, each.kind, each.cause, each.factor) for each in scenario.faults]
    assert faults == [
        ("cut", "stop", "power cut", 1.0), ("5", "stop", "breakdown", 1.0),
        ("6", "slow", "", 0.7), ("7", "hazard", "", 5.0),
    ]  # fmt: skip
    assert [each.is_instant for each in scenario.faults] == [False, True, False, False]
    assert len(scenario.disturbances) == 1


def test_a_group_deviates_machine_by_machine() -> None:
    """Each with a noise of its own; one machine may be meant alone."""
    base = "disturbances.{}={{address: {}.measured_open_circuit_voltage, kind: noise, {}}}"
    scenario = load("gigafactory_week", [base.format("n", "cell.ocv_test", "deviation: 1 mV")])
    machines = [s.path for s in scenario.stations_of("ocv_test")]
    assert [each.station for each in scenario.deviations] == machines
    assert all(each.subject == "reading" for each in scenario.deviations)


def test_the_command_line_reaches_every_disturbance(bench: Workbench) -> None:
    """One key of one that is written, by name or number; or a new one as a whole."""
    written(bench, f"name: drift, address: {AT}.web_speed, kind: drift, per_day: 1 m/min",
            f"address: {AT}.web_speed, kind: offset, offset: 1 m/min")  # fmt: skip
    scenario = bench.load([
        "disturbances.drift.per_day=2 m/min", "disturbances.drift.from=2 h",
        "disturbances.2.offset=0.5 m/min",
        f"disturbances.new={{address: {AT}, kind: slow, speed: 0.5}}",
    ])  # fmt: skip
    drift, offset = scenario.deviations
    assert drift.amounts["rate"] == pytest.approx(2 / 60 / 86_400)
    assert drift.start_tick == 2 * HOUR
    assert offset.amounts["offset"] == pytest.approx(0.5 / 60)
    assert [(each.name, each.factor) for each in scenario.faults] == [("new", 0.5)]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["one={address: AT, kind: slow, speed: 0.5}"], ("already", "small.yaml:")),
        (["1={address: AT, kind: slow, speed: 0.5}"], ("already", "small.yaml:")),
        (["x={address: AT, kind: slow, speed: 0.5}"] * 2, ("'x' already: --set disturbances.x",)),
        (["x={name: y, address: AT, kind: slow, speed: 0.5}"], ("'y' is a second name", "'x'")),
        (["one.name=two"], ("'two' is a second name", "'one'")),
    ],
)
def test_two_disturbances_never_have_one_name(
    bench: Workbench, settings: list[str], told: tuple[str, ...]
) -> None:
    """A second one would take the first away without a word; both are named."""
    lines = [f"address: {AT}.web_speed, kind: drift, per_day: 1 m/min", "name: one, kind: slow"]
    lines[1] += f", address: {AT}, speed: 0.7"
    written(bench, *lines)
    with pytest.raises(ScenarioError) as caught:
        bench.load([f"disturbances.{text.replace('AT', AT)}" for text in settings])
    assert len(caught.value.problems) == 1
    for words in (*told, "--set disturbances."):
        assert words in str(caught.value)


WRONG = {
    "an address that nobody has": (
        "address: cathode.coatr.web_speed, kind: stuck", "address", ("did you mean", AT)),
    "a quantity that is not measured": (
        f"address: {AT}.measured_porosity, kind: stuck", "address", ("measures no porosity",)),
    "a gauge that the line lacks": (
        f"address: {AT}.measured_loading, kind: stuck", "address", ("has no gauge", "line file")),
    "a term of a gauge": (
        f"address: {AT}.measured, kind: stuck", "address", ("no quantity 'measured'",)),
    "a parameter of an FMU": (
        f"address: {AT}.drying.my_own, kind: stuck", "address",
        ("no input 'my_own'", "a parameter of an FMU holds")),
    "a unit that does not fit": (
        f"address: {AT}.web_speed, kind: offset, offset: 5 K", "offset", ("m/min",)),
    "no unit": (f"address: {AT}.web_speed, kind: offset, offset: 5", "offset", ("has no unit",)),
    "a missing amount": (
        f"address: {AT}.web_speed, kind: offset", "offset", ("missing key", "offset has offset")),
    "an amount of another kind": (
        f"address: {AT}.web_speed, kind: stuck, offset: 1 m/min", "offset",
        ("stuck has no offset", "stuck has value; from, until, at, for")),
    "two rates": (
        f"address: {AT}.web_speed, kind: drift", "per_hour", ("per_hour: 0.1 K",)),
    "noise of a machine without a time": (
        f"address: {AT}.web_speed, kind: noise, deviation: 1 m/min", "correlation_time",
        ("missing key", "10 min")),
    "noise of a whole number": (
        "address: cathode.coater.lane_count, kind: noise, deviation: 1, correlation_time: 1 h",
        "kind", ("whole number", "allowed: offset, stuck")),
    "a share of a value": (
        f"address: {AT}.web_speed, kind: dropout, share: 50 %", "share", ("what is measured",)),
    "from and at": (
        f"address: {AT}.web_speed, kind: stuck, from: 1 d, at: 1 d", "at", ("both at and from",)),
    "until and for": (
        f"address: {AT}.web_speed, kind: stuck, until: 1 d, for: 1 d", "for", ("both for",)),
    "a window outside the run": (
        f"address: {AT}.web_speed, kind: stuck, from: 91 d", "from", ("the run takes 90 d",)),
    "an unknown kind": (
        f"address: {AT}.web_speed, kind: wobble", "kind", ("'offset'", "'hazard'")),
    "a machine that drifts": (
        f"address: {AT}, kind: drift, per_hour: 1 K", "address", (f"{AT}.web_speed", "stop, slow")),
    "a number that breaks": (
        f"address: {AT}.web_speed, kind: tool_break", "address", ("fault of a machine",)),
    "a stop for ever": (
        f"address: {AT}, kind: stop, cause: jam", "cause", ("to be repaired", "for: 2 h")),
    "a coater's tool": (
        f"address: {AT}, kind: tool_break", "address", ("no tool that breaks", "slitter")),
    "a building that stops": (
        "address: building, kind: stop, cause: x, for: 1 h", "address", ("no machine",)),
    "hazard without failures": (
        f"address: {AT}, kind: hazard, factor: 2", "address", ("has no failures",)),
    "a speed above one": (
        f"address: {AT}, kind: slow, speed: 120 %", "speed", ("allowed: 0.01 to 1",)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_with_line_and_hint(bench: Workbench, name: str) -> None:
    """Exit code 2: file, line 14, key path, and what is allowed."""
    text, key, hints = WRONG[name]
    written(bench, "address: building.outdoor_temperature, value: 33 degC", text)
    problem = _only(bench)
    assert problem.file == bench.files["scenario"]
    assert (problem.line, problem.key) == (14, f"disturbances.2.{key}"), str(problem)
    for hint in hints:
        assert hint in str(problem)


def _only(bench: Workbench, overrides: tuple[str, ...] = ()) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        bench.load(overrides)
    (problem,) = caught.value.problems
    return problem


COMMANDS = {
    "disturbances.gone.offset=1 K": "no disturbance is called 'gone'",
    "disturbances.1=3": "which of its keys?",
    "disturbances.1.offst=1 K": "unknown key (did you mean offset",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_is_refused(bench: Workbench, command: str) -> None:
    """With the option as its place."""
    problem = _only(bench, (command,))
    assert problem.key == f"--set {command.partition('=')[0]}"
    assert COMMANDS[command] in str(problem)


def test_text_cannot_deviate_and_a_knife_can_break() -> None:
    """How the coater coats is text; slitter, calender and notcher have tools."""
    with pytest.raises(ScenarioError, match="coating_mode is no number"):
        load("baseline", ["disturbances.x={address: cathode.coater.coating_mode, kind: stuck}"])
    scenario = load("baseline", ["disturbances.x={address: anode.slitter, kind: tool_break}"])
    assert [(each.kind, each.is_instant) for each in scenario.faults] == [("tool_break", True)]


def test_two_of_one_name_are_refused(bench: Workbench) -> None:
    """Nobody could tell which one is meant."""
    item = f"name: twin, address: {AT}.web_speed, kind: stuck"
    written(bench, item, item)
    assert "a second one is called 'twin'" in str(_only(bench))


def test_the_page_shows_one_of_each_kind(tmp_path: Path) -> None:
    """The example of docs/scenario.md is read on the pilot line; every kind is in it."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    example = next(block for block in blocks if block.startswith("disturbances:"))
    head = f"schema: 1\nname: shown\nline: {SHIPPED}/lines/pilot.yaml\nduration: 7 d\n"
    head += f"recipe: {SHIPPED}/recipes/nmc622_graphite_5ah.yaml\n"
    file = tmp_path / "shown.yaml"
    file.write_text(head + example, encoding="utf-8")
    scenario = load(file)
    kinds = {each.kind for each in (*scenario.deviations, *scenario.faults)}
    assert kinds == {*DEVIATIONS, *FAULTS}
    assert len(scenario.disturbances) == 1


def test_signals_of_the_kinds_are_those_that_are_recorded() -> None:
    """Of every machine the outputs of its model, of the building what it takes and gives."""
    from linetwin.line import surroundings

    assert shipped_kinds()["building"].signals == surroundings.BUILDING_SIGNALS
    assert shipped_kinds()["coater"].signals == ("web_speed", *MACHINE_SIGNALS)


@pytest.mark.parametrize(
    ("name", "inputs", "told"),
    [
        ("air_temperture", ("air_temperature", "web_speed"), "did you mean air_temperature?"),
        ("air_temperture", ("air_temperature", "web_speed"), "inputs: air_temperature, web_speed"),
        ("tortuosity", ("air_temperature",), "(inputs: air_temperature; a parameter of an FMU"),
        ("air_temperture", (), "did you mean air_temperature"),
    ],
)
def test_an_input_that_is_misspelled_is_told_with_those_there_are(
    name: str, inputs: tuple[str, ...], told: str
) -> None:
    """Beside the nearest name stand all of the model's inputs, where the caller knows them."""
    text = f"disturbances.x={{address: {AT}.drying.{name}, kind: offset, offset: 3 K}}"
    with pytest.raises(ScenarioError) as raised:
        load("baseline", [text], inputs={"drying": inputs} if inputs else None)
    assert f"the model of {AT}.drying has no input '{name}'" in str(raised.value)
    assert told in str(raised.value)


def test_what_has_no_begin_is_given_one() -> None:
    """A new disturbance without `from` and `at`, however it is written; nothing else."""
    x, y, z = (f"disturbances.{name}" for name in "xyz")
    texts = [
        f"{x}={{address: {AT}, kind: stop, cause: 'a, b', for: 1 h}}",
        f"{y}=address: {AT}.web_speed\nkind: offset\noffset: 0.1 m/min\n",
        f"{z}={{address: {AT}, kind: tool_break, at: 3 d}}",
    ]
    others = ["cathode.coater.web_speed=2 m/min", f"{z}.kind=slow", f"{z}={{", "disturbances.a=3"]
    split = [f"disturbances.b={{address: {AT}, kind: tool_break}}", "disturbances.b.from=2 d"]
    given = begun_at([*texts, *others, *split], 86_400_001)
    assert [*given[2:]] == [texts[2], *others, *split]
    begun = load("pilot_week", given[:2])
    found = {each.name: each for each in (*begun.faults, *begun.deviations)}
    assert found["x"].start_tick == found["y"].start_tick == 86_400_001
    assert found["x"].end_tick == 86_400_001 + HOUR
    (fault,) = [each for each in begun.faults if each.name == "x"]
    assert fault.cause == "a, b"
