"""A proposed mapping: what names, units and types say surely; all else is commented out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from reading import terms
from ruamel.yaml import YAML
from small_server import URI

from linetwin.scenario import load
from linetwin.scenario.mapped import NodeAddress
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.opcua.browsing import Variable
from linetwin.twin.opcua.drafting import Draft, draft
from linetwin.twin.opcua.proposing import propose, words_of
from linetwin.twin.opcua.visiting import variables_of

if TYPE_CHECKING:
    from small_server import SmallServer

    from linetwin.scenario.resolved import Scenario

ABOUT = Draft("pilot", "tests", "opc.tcp://plc:4840", "baseline", "Basic256Sha256")


@pytest.fixture(scope="module")
def line() -> Scenario:
    """The shipped pilot line."""
    return load("baseline")


def variable(path: str, unit: str = "", type_: str = "Double", code: str = "") -> Variable:
    """A variable of a vendor's server."""
    names = tuple((URI, name) for name in path.split("/"))
    return Variable(NodeAddress(URI, f"s={path}"), names, type_, 1.0, unit, code)


PLANT = [
    variable("Cathode/Coater/WebSpeed", "m/min"),
    variable("Cathode/Coater/Setpoints/web_speed", code="2X"),
    variable("Cathode/Calender/Actual/PorosityActual", "%"),
    variable("Cathode/Mixer/State", type_="Int32"),
    variable("Cathode/Coater/PackML/State", type_="Int32"),
    variable("Cathode/Coater/Loading"),
    variable("Anode/Coater/Loading", "kg"),
    variable("Coater/Loading", "mg/cm2"),
    variable("Cathode/Coater/Lots/Slurry", type_="String"),
    variable("Cathode/Coater/Commands/WebSpeed", "m/min"),
    variable("Cathode/Coater/WebSpeedTrend", "m/min"),
    variable("Cooling/Pump7/Flow", "L/min"),
]


def test_only_what_is_sure_is_proposed(line: Scenario) -> None:
    """In full by name and with a unit that converts; the rest has a doubt, or nothing."""
    found = {each.variable.name: each for each in propose(PLANT, line)}
    sure = {
        name: (each.target.address, each.target.kind, each.unit)
        for name, each in found.items()
        if each.target is not None and not each.doubt
    }
    assert sure == {
        "Cathode/Coater/WebSpeed": ("cathode.coater.web_speed", "measurement", "m/min"),
        "Cathode/Coater/Setpoints/web_speed": ("cathode.coater.web_speed", "setpoint", "m/min"),
        "Cathode/Calender/Actual/PorosityActual": ("cathode.calender.porosity", "measurement", "%"),
        "Cathode/Coater/PackML/State": ("cathode.coater.state", "state", ""),
        "Cathode/Coater/Lots/Slurry": ("cathode.coater.slurry", "lot", ""),
    }
    doubts = {name: each.doubt for name, each in found.items() if each.doubt}
    assert doubts["Cathode/Mixer/State"].startswith("say what its codes mean")
    assert doubts["Cathode/Coater/Loading"] == "the server names no unit"
    assert doubts["Anode/Coater/Loading"] == "its unit kg does not fit"
    assert doubts["Cathode/Coater/WebSpeedTrend"] == "its name says it only in part"
    assert doubts["Coater/Loading"].startswith("fits ")
    left = {name for name, each in found.items() if each.target is None}
    assert left == {"Cathode/Coater/Commands/WebSpeed", "Cooling/Pump7/Flow"}


def test_two_variables_for_one_address_are_both_in_doubt(line: Scenario) -> None:
    """Nothing tells which of them is meant."""
    twins = [variable(f"{hall}/Cathode/Coater/WebSpeed", "m/min") for hall in ("A", "B")]
    assert [each.doubt for each in propose(twins, line)] == [
        "2 variables fit cathode.coater.web_speed"
    ] * 2


def test_the_draft_is_a_mapping_of_what_is_sure(line: Scenario, tmp_path: Path) -> None:
    """It is read and checked against the line; a doubt that is uncommented is read as well."""
    text = draft(ABOUT, propose(PLANT, line))
    file = tmp_path / "pilot.yaml"
    file.write_text(text, encoding="utf-8")
    mapping = load_mapping(file, line)
    assert len(mapping.signals) == 5
    assert "# In doubt" in text
    assert "s=Cooling/Pump7/Flow" in text
    settled = "\n".join(
        row[1:] if row.startswith("#  ") and "Pump7" not in row and "Commands" not in row else row
        for row in text.splitlines()
        if not row.startswith("# In doubt")
    )
    names = ("Loading", "WebSpeedTrend")
    assert all(f"s={'Cathode/Coater/' + name}" in settled for name in names)


def test_a_laboratory_is_added_to_a_proposal_as_the_documents_say(
    line: Scenario, tmp_path: Path
) -> None:
    """Signals that were proposed stay those of their server; the file's columns are its own."""
    page = Path(__file__).resolve().parents[2] / "docs" / "live.md"
    told = page.read_text(encoding="utf-8").partition("**Late truth.**")[2].split("```")
    added, table = YAML(typ="safe").load(told[1].removeprefix("yaml")), told[3].split()
    proposed = draft(ABOUT, propose(PLANT, line))
    for section in ("sources", "signals"):
        name, entry = next(iter(added[section].items()))
        head = f"\n{section}:\n"
        proposed = proposed.replace(head, f"{head}  {name}: {json.dumps(entry)}\n")
    file = tmp_path / "pilot.yaml"
    file.write_text(proposed, encoding="utf-8")
    mapping = load_mapping(file, line)
    assert [each.source for each in mapping.signals] == ["laboratory", *["plant"] * 5]
    source = mapping.sources["laboratory"].table
    assert source is not None
    assert table[1].split(",") == [source.time, source.lot, mapping.signals[0].column]


def test_words_are_those_that_people_read() -> None:
    """Camel case, underscores, dots and numbers."""
    assert words_of("WebSpeed_1") == ("web", "speed", "1")
    assert words_of("cathode.coater") == ("cathode", "coater")
    assert words_of("PLCState") == ("plc", "state")


def test_a_server_is_browsed_with_units_ranges_and_types(
    tmp_path: Path, shared: SmallServer
) -> None:
    """Properties belong to their variable; the server's own nodes are left out."""
    shared.add("speed", "s=speed", 1.0)

    async def describe() -> None:
        node = shared.nodes["speed"]
        unit = ua.EUInformation("", int.from_bytes(b"2X", "big"), ua.LocalizedText("m/min"))
        await node.add_property(0, "EngineeringUnits", unit)
        await node.add_property(0, "EURange", ua.Range(0.0, 30.0))

    shared.do(describe())
    everything = variables_of(shared.endpoint, terms(tmp_path / "security"))
    assert {each.path[0] for each in everything} == {(URI, "Plant")}
    found = next(each for each in everything if each.path[-1] == (URI, "speed"))
    assert str(found.node) == f"nsu={URI};s=speed"
    assert (found.type, found.unit, found.unit_code) == ("Double", "m/min", "2X")
    assert (found.low, found.high, found.writable) == (0.0, 30.0, False)
    assert variables_of(shared.endpoint, terms(tmp_path / "other"), ["Elsewhere"]) == []


ODD = "\x1d\x1b[31m\x85\u2028\ufeff\x00\n  evil: {node: i=1, address: line.produced}\r\t\"': #"


def test_a_draft_of_foreign_signs_is_read_again(line: Scenario, tmp_path: Path) -> None:
    """What steers a terminal, ends a line or has no place in YAML: names come back as they were."""
    speed = replace(variable("Cathode/Coater/WebSpeed", "m/min"), value=ODD)
    names = ((URI, f"Cathode{ODD}"), *speed.path[1:])
    node = NodeAddress(URI, f"s=1{ODD}")
    state = replace(variable(f"{ODD}/Cathode/Mixer/State", type_="Int32"), value=ODD)
    left = [variable(f"Pump{ODD}", type_="String"), variable("Anode/Coater/Loading", ODD)]
    text = draft(ABOUT, propose([replace(speed, path=names, node=node), state, *left], line))
    assert all(sign.isprintable() for row in text.split("\n") for sign in row)
    file = tmp_path / "odd.yaml"
    file.write_text(text, encoding="utf-8")
    (signal,) = load_mapping(file, line).signals
    assert (signal.path, signal.node) == (names, node)
    assert "evil" in text
