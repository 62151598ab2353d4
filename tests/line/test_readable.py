"""What can be read of a line: a mapping of anything else is refused before anything is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.line.readable import load_line_mapping, readable
from linetwin.quantities import vocabulary
from linetwin.scenario import load
from linetwin.twin.opcua.proposing import targets_of
from linetwin.twin.plant.making import information_model

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import Scenario

HEAD = """\
schema: 1
name: plant
owner: us
version: "1"
sources: {plc: {endpoints: ["opc.tcp://plc:4840"], clock: {owner: us}}}
signals:
"""
SIGNAL = "  one: {{node: 'nsu=urn:plant;i=1', address: {}}}\n"


@pytest.fixture(scope="module")
def line() -> Scenario:
    """A line with instruments that read its lots."""
    return load("live_twin")


def mapped(folder: Path, line: Scenario, signal: str) -> Mapping:
    """Read a mapping of one signal."""
    file = folder / "plant.yaml"
    file.write_text(HEAD + SIGNAL.format(signal), encoding="utf-8")
    return load_line_mapping(file, line)


@pytest.mark.parametrize(
    ("signal", "key", "told"),
    [
        ("cathode.calender.electrolyte_mass, unit: kg", "address", "it has "),
        ("cathode.calender.web_width, unit: m", "address", "no quantity"),
        ("cell.filler.web_speed, unit: m/min", "address", "cell.filler has no web_speed"),
        ("cathode.coater.scale, unit: g, quantity: electrolyte_mass", "quantity", "it has "),
        ("cathode.tank.web_speed, unit: m/min", "address", "it has slurry_mass"),
        ("building.web_speed, unit: m/min", "address", "building has no web_speed"),
        ("cathode.calender.good, kind: counter, quantity: grade_a", "quantity", "no grade_a"),
    ],
)
def test_what_a_station_does_not_have_is_refused(
    tmp_path: Path, line: Scenario, signal: str, key: str, told: str
) -> None:
    """One problem, by file, line and key, with what the station has."""
    with pytest.raises(ScenarioError) as caught:
        mapped(tmp_path, line, signal)
    (problem,) = caught.value.problems
    assert problem.key == f"signals.one.{key}"
    assert problem.line == 7
    assert told in f"{problem.message}: {problem.hint}"


@pytest.mark.parametrize(
    "signal",
    [
        "cathode.calender.coating_thickness, unit: um",  # of its model
        "cathode.coater.web_speed, unit: m/min",  # set, and recorded
        "cathode.coater.loading_scale, unit: mg/cm2, quantity: loading",  # another reader
        "cell.filler.moisture, unit: '%'",  # handed on with every lot
        "cathode.tank.slurry_mass, unit: kg",
        "cathode.calender.produced, kind: counter",
    ],
)
def test_what_a_station_has_is_read(tmp_path: Path, line: Scenario, signal: str) -> None:
    """Measured, computed, set or counted: each may be mapped."""
    assert len(mapped(tmp_path, line, signal).signals) == 1


def test_all_that_our_own_plant_shows_and_a_proposal_names_may_be_mapped(line: Scenario) -> None:
    """Nothing that the virtual plant measures is refused, nor anything that is proposed."""
    known = readable(line)
    read = {each.signal for each in line.twin.instruments} if line.twin else set()
    shown = {
        (tag.owner, tag.name)
        for tag in information_model(load("live_plant")).tags()
        if tag.folder == "Measurements" and tag.name in vocabulary()
    }
    proposed = {
        (path, name)
        for target in targets_of(line)
        if target.kind == "measurement"
        for path, _, name in [target.address.rpartition(".")]
    }
    assert shown
    assert [
        each for each in sorted(shown | proposed)
        if each[0] in known and each[1] not in known[each[0]] and ".".join(each) not in read
    ] == []  # fmt: skip
