"""`ssp export` and `ssp import`, and the `fmu` commands on a package."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Clerk

GROUP = """\
schema: 1
name: machine_in_its_hall
step: 10 s
order: gauss-seidel
members:
  machine:
    fmu: machine
    values: { process_cooling: 0, wear_removed: 0, heat_carried_off: "0.2 kW" }
  hall:
    fmu: building
    every: 6
    values: { occupants: 4, outdoor_humidity: 0.006, dry_room_heat_load: 0 }
connections:
  machine.ambient_temperature: hall.hall_temperature
  hall.hall_heat_load: { from: machine.heat_emission, scale: 12, offset: 500 }
  hall.process_cooling_load: machine.cooling_power
  hall.compressed_air_flow: machine.compressed_air_flow
inputs:
  packml_state: machine.packml_state
  load: machine.load
  process_power: machine.process_power
  process_heat: [machine.process_heat]
  outdoor_temperature: hall.outdoor_temperature
outputs: { electric_power: machine.electric_power, hall_temperature: hall.hall_temperature }
parameters: { standby_power: machine.standby_power, area: hall.hall_area }
"""
"""The group of docs/master.md, of two models of the library."""


@pytest.fixture
def package(tmp_path: Path, clerk: Clerk) -> Path:
    """The group, exported with a stop time of 10 min."""
    file = tmp_path / "hall.yaml"
    file.write_text(GROUP, encoding="utf-8")
    found = tmp_path / "hall.ssp"
    answer = clerk("ssp", "export", file, "-o", found, "--until", "10 min")
    assert answer.code == 0, answer.err
    assert "steps of different length (every) [group-only]" in answer.err
    return found


def test_a_stop_time_that_is_none_names_its_option(package: Path, clerk: Clerk) -> None:
    """The option is the one that was written."""
    file = package.with_suffix(".yaml")
    answer = clerk("ssp", "export", file, "-o", file.with_suffix(".again"), "--until", "1/0 s")
    assert answer.code == 2
    assert "--until: '1/0 s' is no time" in answer.err


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("-1 s", "--until: '-1 s' is no stop time (more than 0 s"),
        ("1/3 s", "--until: a group cannot stop at 0.333333 s (more than 0 s, in whole ms)"),
        ("1e9 s", "--until: 1e+09 s give"),
    ],
)
def test_a_stop_time_that_a_group_cannot_have_names_its_option(
    package: Path, clerk: Clerk, until: str, told: str
) -> None:
    """Negative, between two milliseconds, or with a table beyond memory."""
    answer = clerk("fmu", "simulate", package.with_suffix(".yaml"), "--until", until)
    assert answer.code == 2
    assert told in answer.err


def test_a_package_that_ends_before_it_begins_is_refused(package: Path, clerk: Clerk) -> None:
    """With file, line and element."""
    file = package.with_name("before.ssp")
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'stopTime="600.0"', b'stopTime="-1"'))
    answer = clerk("fmu", "simulate", file)
    assert answer.code == 2
    assert re.search(
        r"before\.ssp/SystemStructure\.ssd:\d+: .*DefaultExperiment: stopTime='-1' is no end "
        r"\(more than 0 s\)",
        answer.err,
    ), answer.err


def test_a_package_runs_as_its_group_does(tmp_path: Path, package: Path, clerk: Clerk) -> None:
    """From the package, from what is imported of it, and from the group: the same numbers."""
    answer = clerk("ssp", "import", package, "-o", tmp_path / "there")
    assert answer.code == 0, answer.err
    there = tmp_path / "there" / "machine_in_its_hall.yaml"
    tables = [
        json.loads(clerk("fmu", "simulate", file, "--until", "600", "--json").out)
        for file in (tmp_path / "hall.yaml", there)
    ]
    tables.append(json.loads(clerk("fmu", "simulate", package, "--json").out))  # its own stop time
    assert tables[0] == tables[1] == tables[2]
    assert len(tables[0]["columns"]["time"]) == 61
    assert clerk("fmu", "validate", package).out.endswith("no findings\n")
    facts = json.loads(clerk("fmu", "info", package, "--json").out)
    assert list(facts["members"]) == ["machine", "hall"]


def test_what_is_wrong_ends_with_code_2(tmp_path: Path, package: Path, clerk: Clerk) -> None:
    """No zip, a folder that is taken, a step that is none, an FMU to export, a package as FMU."""
    noise = tmp_path / "noise.ssp"
    noise.write_bytes(bytes(range(256)))
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").touch()
    copy = tmp_path / "copy.fmu"
    copy.write_bytes(package.read_bytes())
    cases = {
        ("fmu", "info", noise): "an .ssp is a zip file",
        ("ssp", "import", noise, "-o", tmp_path / "new"): "an .ssp is a zip file",
        ("ssp", "import", package, "-o", there): "a folder that is new or empty",
        ("ssp", "import", package, "-o", tmp_path / "new", "--step", "soon"): "no communication",
        ("ssp", "export", package, "-o", tmp_path / "again.ssp"): "is no group file",
        ("fmu", "info", copy): "linetwin ssp import copy.fmu",
    }
    for command, expected in cases.items():
        answer = clerk(*command)
        assert answer.code == 2
        assert expected in answer.err
    assert not (tmp_path / "new").exists()
