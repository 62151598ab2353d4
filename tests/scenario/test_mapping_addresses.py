"""What a mapping says of a line that has it, nearly has it, or never hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError
from linetwin.line.readable import doubts_of, load_line_mapping
from linetwin.scenario import load

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.resolved import Scenario

HEAD = """\
schema: 1
name: addresses
owner: tests
version: "1"
sources:
  lab: {file: lab.csv, clock: {owner: tests}}
signals:
"""


@pytest.fixture(scope="module")
def line() -> Scenario:
    """A line with a twin that has instruments."""
    return load("live_twin")


def written(folder: Path, addresses: dict[str, str]) -> Path:
    """A mapping file of addresses, each with what it reads."""
    file = folder / "plant.yaml"
    rows = [
        f"  s{number}: {{column: c{number}, address: {address}, {about}}}\n"
        for number, (address, about) in enumerate(addresses.items())
    ]
    file.write_text(HEAD + "".join(rows), encoding="utf-8")
    return file


THICKNESS = "quantity: coating_thickness, unit: um"


@pytest.mark.parametrize(
    ("name", "meant"), [("thicknes", "thickness"), ("thicknes_micrometer", "thickness_micrometer")]
)
def test_an_address_that_is_a_slip_is_refused_with_what_is_near(
    tmp_path: Path, line: Scenario, name: str, meant: str
) -> None:
    """`quantity` says what it is, and no longer hides that no instrument has the name."""
    file = written(tmp_path, {f"cathode.calender.{name}": THICKNESS})
    with pytest.raises(ScenarioError) as caught:
        load_line_mapping(file, line)
    (problem,) = caught.value.problems
    assert problem.key == "signals.s0.address"
    assert f"did you mean {meant}?" in problem.hint


@pytest.mark.parametrize("name", ["thickness_left", "thickness_2", "thickness2", "gauge_of_edge"])
def test_a_name_of_its_own_is_none(tmp_path: Path, line: Scenario, name: str) -> None:
    """A plant may have more of an instrument than the twin reads: told, not refused."""
    file = written(tmp_path, {f"cathode.calender.{name}": THICKNESS})
    remarks = doubts_of(load_line_mapping(file, line), line)
    assert remarks[-1] == f"nothing of the line reads s0 (cathode.calender.{name})"


def test_instruments_that_nothing_feeds_are_named(tmp_path: Path, line: Scenario) -> None:
    """All of the twin's but those that the mapping has; none where it has them all."""
    assert line.twin is not None
    units = {"coating_thickness": "um", "loading": "mg/cm2"}
    known = {
        each.signal: f"quantity: {each.quantity}, unit: {units[each.quantity]}"
        for each in line.twin.instruments
        if each.quantity in units
    }
    left = known.pop("cathode.coater.loading")
    (remark,) = doubts_of(load_line_mapping(written(tmp_path, known), line), line)
    deaf = [each for each in line.twin.instruments if each.signal not in known]
    assert remark.startswith("no signal of plant.yaml feeds cathode_gauge (cathode.coater.loading)")
    assert all(f"{each.name} ({each.signal})" in remark for each in deaf)
    whole = known | {"cathode.coater.loading": left}
    (remark,) = doubts_of(load_line_mapping(written(tmp_path, whole), line), line)
    assert "cathode_gauge" not in remark
