"""Machines of other makers join a line: what is matched, what is asked, what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import foreign_calender
import numpy as np
import pytest
import three_machines
from neighbours import module_of
from ruamel.yaml import YAML

from linetwin.cli import running
from linetwin.cli.aas_import import Asked, import_machines
from linetwin.cli.running import Request
from linetwin.errors import ScenarioError
from linetwin.results import read
from linetwin.scenario import load
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity

if TYPE_CHECKING:
    from collections.abc import Iterator

STATIONS = ("cathode.mixer", "cathode.coater", "cathode.calender")
small_server = module_of("twin", "small_server")
reading = module_of("twin", "reading")
TAGS = ("cal.v", "cal.T", "cal.q", "cal.oil", "coat.v", "coat.m", "mix.T", "mix.n")
ENDPOINT = "Schnittstellen/Leitstand/EndpointMetadata"
PROPERTIES = "Schnittstellen/Leitstand/InteractionMetadata/properties"
OPEN = {
    "cathode.mixer.security." + ENDPOINT,
    "cathode.mixer.owner.mapping",
    "cathode.calender.security." + ENDPOINT,
    "cathode.calender.parameters.Datenblatt/Werte/Gewicht",
    "cathode.calender.ports.calendering.conductivity_index",
    f"cathode.calender.signals.{PROPERTIES}/Schmierdruck",
    "cathode.calender.namespaces.2",
}
"""What no id says: it is asked, never guessed; of mixer and coater, which say the same, once."""
INSECURE = {"security": {ENDPOINT: "None"}}
ANSWERS: dict[str, Any] = {
    "schema": 1,
    "cathode.mixer": {**INSECURE, "owner": {"mapping": "process engineering"}},
    "cathode.calender": {
        **INSECURE,
        "parameters": {"Datenblatt/Werte/Gewicht": "ignore"},
        "ports": {"calendering.conductivity_index": "leit"},
        "signals": {"*": "ignore"},
        "namespaces": {"2": "urn:test:plant"},
    },
}
yaml = YAML(typ="safe", pure=True)


@pytest.fixture(scope="module")
def fmu(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The calender's FMU."""
    return foreign_calender.build(tmp_path_factory.mktemp("kalander"))


def decided(folder: Path, answers: dict[str, Any]) -> Path:
    """Write a file of decisions."""
    file = folder / "answers.yaml"
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(answers, stream)
    return file


@dataclass
class Plant:
    """A server with the machines' tags, the joined line, and what was asked on the way."""

    server: Any
    folder: Path
    asked: set[str]
    told: str


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, fmu: bytes) -> Iterator[Plant]:
    """Three machines of three makers in the baseline's line: first asked, then decided."""
    folder = tmp_path_factory.mktemp("makers")
    with small_server.SmallServer(TAGS) as server:
        shells = three_machines.written(folder, server.endpoint, fmu)
        asked = Asked(shells, STATIONS, "baseline", folder / "plant")
        with pytest.raises(ScenarioError) as error:
            import_machines(asked)
        assert not (folder / "plant" / "line.yaml").exists()
        keys = {problem.key for problem in error.value.problems}
        answers = decided(folder, ANSWERS)
        with pytest.MonkeyPatch.context() as patch:
            lines: list[str] = []
            patch.setattr("typer.echo", lambda text, **_: lines.append(text))
            import_machines(Asked(shells, STATIONS, "baseline", folder / "plant", answers))
        yield Plant(server, folder / "plant", keys, "\n".join(lines))


def test_what_ids_do_not_say_is_asked_all_at_once(plant: Plant) -> None:
    """The file of decisions has each open question with null; nothing else was written."""
    assert plant.asked == OPEN


def test_technical_data_are_parameters_in_their_units(plant: Plant) -> None:
    """Hours, codes, degrees by an IRDI; with maker and tag; where a recipe counts is said."""
    stations = load(plant.folder / "scenario.yaml").stations
    mixer, coater, calender = (stations[name] for name in STATIONS)
    assert mixer.parameters["dispersing_time"].number == 9000.0
    assert coater.parameters["dryer_length"].number == 2.5
    assert calender.parameters["changeover_time"].number == 900.0
    temperature = calender.parameters["roll_temperature"]
    assert temperature.number == pytest.approx(313.15, rel=1e-15)
    assert (temperature.tag, temperature.unit) == ("V", "K")
    assert "Walzwerk Nord GmbH: Datenblatt/Werte/T_Walze_Nenn" in temperature.source
    assert calender.title == "Electrode calender K7 (Walzwerk Nord GmbH)"
    assert coater.title == "Schlitzdüsenbeschichter B2 (Bahn und Band AG)"
    assert coater.parameters["web_speed"].number == pytest.approx(1.9 / 60)
    assert "web_speed is 30.0 m/min here; recipe.yaml" in plant.told
    assert "inputs that keep their start: reserve" in plant.told


def test_the_tour_of_the_documents_is_as_told(tmp_path: Path) -> None:
    """The mixer printed there asks one thing; answered in the file that asked, it joins."""
    text = (Path(__file__).parents[2] / "docs" / "shells.md").read_text("utf-8")
    (tmp_path / "mixer.json").write_text(text.split("```json\n")[1].split("```")[0], "utf-8")
    shells, stations, folder = [tmp_path / "mixer.json"], ["cathode.mixer"], tmp_path / "plant"
    with pytest.raises(ScenarioError) as error:
        import_machines(Asked(shells, stations, "baseline", folder, owner="me"))
    assert [each.key for each in error.value.problems] == [
        "cathode.mixer.parameters.DataSheet/Weight"
    ]
    decisions = folder / "decisions.yaml"
    decisions.write_text(decisions.read_text("utf-8").replace("null", "ignore", 2), "utf-8")
    import_machines(Asked(shells, stations, "baseline", folder, decisions, "me"))
    scenario = load(folder / "scenario.yaml")
    assert scenario.stations["cathode.mixer"].parameters["dispersing_time"].number == 9000.0
    (signal,) = load_mapping(folder / "mapping.yaml", scenario).signals
    assert (signal.address, signal.scale, signal.offset) == (
        "cathode.mixer.jacket_temperature", 1.0, 273.15,
    )  # fmt: skip
    assert "Weight: ignore" in decisions.read_text("utf-8")


def test_the_line_runs_with_the_foreign_model(plant: Plant, tmp_path: Path) -> None:
    """A calendered roll has porosity and thickness by the maker's law, reckoned here in SI.

    The data sheet has the law's modulus in another unit than the model.
    """
    request = Request(str(plant.folder / "scenario.yaml"), (), 1, None, until="15 h")
    running.run(request, tmp_path / "run", 1, as_json=True)
    rows = read(tmp_path / "run").table("segments")
    roll = rows[(rows["roll"] == "cathode.roll-0001") & rows["porosity_a"].notna()]
    porosity = foreign_calender.porosity(before=0.5, line_load=6e5, modulus=5.46e5)
    assert len(roll) > 100
    assert porosity == pytest.approx(0.3, abs=1e-4)
    for side in "ab":
        np.testing.assert_allclose(roll[f"porosity_{side}"], porosity, rtol=1e-12)
        thickness = roll[f"loading_{side}"] / (4466.0 * (1 - porosity))
        np.testing.assert_allclose(roll[f"coating_thickness_{side}"], thickness, rtol=1e-12)


def test_the_feed_reads_the_machines_in_the_lines_units(plant: Plant, tmp_path: Path) -> None:
    """What the servers say in metres a minute, degrees and words arrives in canonical units."""
    create_identity(SecurityFolder(tmp_path / "security"), Wish("test"))
    raw = {"cal.v": 30.0, "cal.T": 60.0, "cal.q": 0.6, "coat.v": 12.0, "coat.m": 180.0}
    plant.server.write(raw | {"mix.T": 20.0, "mix.n": 600.0})
    expected = {
        "cathode.calender.web_speed": 0.5,
        "cathode.calender.roll_temperature": 333.15,
        "cathode.calender.line_load": 6e5,
        "cathode.coater.web_speed": 0.2,
        "cathode.coater.loading": 0.18,
        "cathode.mixer.jacket_temperature": 293.15,
        "cathode.mixer.rotor_speed": 10.0,
    }
    feed = LiveFeed(FeedOrder(plant.folder / "mapping.yaml", tmp_path / "security"))
    try:
        latest = Latest(feed.mapping)

        def values() -> dict[str, float]:
            parcel = feed.take(0.05)
            if parcel is not None:
                latest.take(parcel)
            addresses = [signal.address for signal in feed.mapping.signals]
            return dict(zip(addresses, map(float, latest.value), strict=True))

        reading.wait_until(lambda: not any(math.isnan(each) for each in values().values()))
        assert values() == pytest.approx(expected, rel=1e-12)
    finally:
        feed.close()
    load_signal = next(s for s in feed.mapping.signals if s.address == "cathode.calender.line_load")
    assert (load_signal.minimum, load_signal.maximum) == (0.0, 3e6)
    assert feed.mapping.owner == "process engineering"
