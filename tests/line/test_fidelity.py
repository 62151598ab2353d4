"""Who answers for a process: what a scenario may say, and what of it comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.fidelity import widths
from linetwin.scenario.loading import find_scenario
from linetwin.scenario.text import resolved_text

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.resolved import ProcessConfig, Scenario

FORMATION = "cell.formation"


def scenario(folder: Path, processes: object = None, *, lone: bool = False) -> Path:
    """Write a scenario on a copy of the pilot line, or of its formation; return its file."""
    source = find_scenario("baseline").resolve()
    yaml = YAML(typ="safe")
    line = yaml.load((source.parent / "lines" / "pilot.yaml").read_text("utf-8"))
    if lone:
        line["stations"] = {FORMATION: line["stations"][FORMATION]}
    content = {
        "schema": 1,
        "name": "small",
        "line": "line.yaml",
        "recipe": next((source.parent / "recipes").glob("*.yaml")).as_posix(),
        "duration": "1 h",
        **({"processes": processes} if processes else {}),
    }
    for name, held in (("line", line), ("small", content)):
        with (folder / f"{name}.yaml").open("w", encoding="utf-8") as stream:
            yaml.dump(held, stream)
    return folder / "small.yaml"


def with_process(
    folder: Path, processes: object = None, *, lone: bool = False, **keys: object
) -> Path:
    """Write the same with keys of formation's process in the line file."""
    file = scenario(folder, processes, lone=lone)
    yaml = YAML(typ="safe")
    line = yaml.load((folder / "line.yaml").read_text("utf-8"))
    line["stations"][FORMATION].setdefault("processes", {}).setdefault("formation", {}).update(keys)
    with (folder / "line.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(line, stream)
    return file


def formation_of(found: Scenario) -> ProcessConfig:
    """Return formation's process."""
    return found.stations[FORMATION].processes["formation"]


def test_the_fmu_answers_unless_a_scenario_says_otherwise(tmp_path: Path) -> None:
    """As it always was."""
    own = formation_of(load(scenario(tmp_path)))
    assert (own.fidelity, own.stand_in, own.widest) == ("fmu", "", {})


def test_a_station_names_its_stand_in_from_the_line_file_on(tmp_path: Path) -> None:
    """The path counts from the line file; widths are in canonical units, kelvins differences."""
    (tmp_path / "own.standin").write_bytes(b"")
    keys = {"voltage": "2 mV", "cell_temperature": "2 K", "wetting_saturation": "0.5 %"}
    file = with_process(tmp_path, fidelity="auto", stand_in="own.standin", widest=keys)
    own = formation_of(load(file))
    assert (own.fidelity, own.stand_in) == ("auto", str(tmp_path / "own.standin"))
    assert own.widest == {"voltage": 0.002, "cell_temperature": 2.0, "wetting_saturation": 0.005}
    assert load(file).stations["cell.pre_charge"].processes["formation"].fidelity == "fmu"


def test_a_scenario_names_it_for_all_stations(tmp_path: Path) -> None:
    """Its own section goes before what a line says, and counts from the scenario's file."""
    (tmp_path / "all.standin").write_bytes(b"")
    (tmp_path / "own.standin").write_bytes(b"")
    processes = {"formation": {"fidelity": "surrogate", "stand_in": "all.standin"}}
    file = with_process(tmp_path, processes, fidelity="auto", stand_in="own.standin")
    found = load(file)
    for path in (FORMATION, "cell.pre_charge"):
        own = found.stations[path].processes["formation"]
        assert (own.fidelity, own.stand_in) == ("surrogate", str(tmp_path / "all.standin"))
        assert own.fidelity_key.endswith("processes.formation")


WRONG = {
    "no file": ({"fidelity": "surrogate"}, r"fidelity surrogate needs a stand-in"),
    "missing": ({"stand_in": "none.standin"}, r"stand-in 'none\.standin' does not exist"),
    "empty": ({"stand_in": None}, r"stand_in: it has no value|stand_in"),
    "unknown": ({"fidelity": "guess"}, r"fidelity.*guess"),
    "quantity": ({"widest": {"volts": "1 V"}}, r"widest\.volts: unknown quantity 'volts'"),
    "unit": ({"widest": {"voltage": "1 mm"}}, r"widest\.voltage: "),
    "bare": ({"widest": {"voltage": 1}}, r"widest\.voltage: "),
    "nothing": ({"widest": {"voltage": "0 V"}}, r"widest\.voltage: "),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", ["line", "scenario"])
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, wrong: str, place: str) -> None:
    """In a station of the line, and in the scenario's own section."""
    keys, said = WRONG[wrong]
    if place == "line":
        file = with_process(tmp_path, lone=True, **keys)
    else:
        file = scenario(tmp_path, {"formation": keys}, lone=True)
    with pytest.raises(ScenarioError, match=said) as caught:
        load(file)
    assert ("line.yaml" if place == "line" else "small.yaml") in str(caught.value)
    assert "formation" in str(caught.value)


def test_a_process_that_no_station_has_is_told(tmp_path: Path) -> None:
    """With the nearest name."""
    with pytest.raises(ScenarioError, match=r"no station of the line has a process 'formatoin'"):
        load(scenario(tmp_path, {"formatoin": {"fidelity": "fmu"}}, lone=True))


def test_a_near_name_of_a_file_is_proposed(tmp_path: Path) -> None:
    """Of those that lie where it was looked for."""
    (tmp_path / "formation.standin").write_bytes(b"")
    with pytest.raises(ScenarioError, match=r"formation\.standin"):
        load(scenario(tmp_path, {"formation": {"stand_in": "formaton.standin"}}, lone=True))


def test_the_resolved_text_says_who_answers(tmp_path: Path) -> None:
    """File and widths with their units; a scenario without them reads as before."""
    found = load(scenario(tmp_path))
    assert "stand_in" not in found.text
    own = replace(
        formation_of(found), fidelity="auto", stand_in="/a.standin", widest={"voltage": 0.002}
    )
    station = found.stations[FORMATION]
    changed = replace(
        found,
        stations={**found.stations, FORMATION: replace(station, processes={"formation": own})},
    )
    text = YAML(typ="safe").load(resolved_text(changed))
    process = text["stations"][FORMATION]["processes"]["formation"]
    assert process["fidelity"] == "auto"
    assert process["stand_in"] == "/a.standin"
    assert process["widest"] == {"voltage": {"value": 0.002, "unit": "V"}}


def test_widths_are_written_so_that_they_come_back() -> None:
    """As text of a line file, no digit lost; a ratio has no unit."""
    assert widths({"voltage": 0.1 + 0.2, "porosity": 0.005}) == {
        "voltage": "0.30000000000000004 V",
        "porosity": "0.005",
    }
