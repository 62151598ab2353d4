"""Who answers for a process goes through shells and comes back: fidelity, file and widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from neighbours import module_of
from ruamel.yaml import YAML

from linetwin.scenario import load
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from pathlib import Path

fidelity = module_of("line", "test_fidelity")
yaml = YAML(typ="safe", pure=True)
WIDEST = {"voltage": "2 mV", "cell_temperature": "1.5 K", "charged_capacity": "123.456789 mA.h"}


def _again(file: Path, ending: str) -> Path:
    """Write a scenario's line and recipe as shells, and the scenario that takes them from there."""
    shells = file.with_name(f"shells{ending}")
    write(describe(load(file), Wanted(with_ports=False, with_files=False, base=file)), shells)
    order = yaml.load(file.read_text("utf-8"))
    order["line"] = order["recipe"] = shells.name
    with file.with_name("again.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(order, stream)
    return file.with_name("again.yaml")


@pytest.mark.parametrize("who", ["auto", "surrogate"])
@pytest.mark.parametrize("ending", [".json", ".xml"])
def test_a_stand_in_comes_back(tmp_path: Path, ending: str, who: str) -> None:
    """The file's name, beside the shells; widths to the last digit; others the FMU's."""
    (tmp_path / "own.standin").write_bytes(b"")
    file = fidelity.with_process(tmp_path, fidelity=who, stand_in="own.standin", widest=WIDEST)
    before = fidelity.formation_of(load(file))
    found = load(_again(file, ending))
    after = fidelity.formation_of(found)
    assert (after.fidelity, after.stand_in) == (who, str(tmp_path / "own.standin"))
    assert after.widest == before.widest
    assert after.widest["charged_capacity"] == pytest.approx(0.123456789, rel=1e-15)
    other = found.stations["cell.pre_charge"].processes["formation"]
    assert (other.fidelity, other.stand_in, other.widest) == ("fmu", "", {})
