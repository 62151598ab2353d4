"""Rows of several phases: a cell is evacuated, filled and soaked, and its wetting measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibrations import fitted, task_of, value_of, write_table

from linetwin.contracts import CONTRACTS, Phase
from linetwin.cosim import FmuTransform, find_fmu
from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

FILLING = """\
schema: 1
name: soak
starts: 2
fit: {pore_radius: {low: 0.05 um, high: 1 um, scale: log}}
set: {electrolyte_temperature: 25 degC, pore_volume: 8 cm3, cathode_porosity: 0.4}
inputs: {anode_porosity: porosity}
phases:
  - {duration: 180 s, set: {pressure_setpoint: 5 kPa, electrolyte_dose_rate: 0 kg/s}}
  - {duration: 120 s, inputs: {electrolyte_dose_rate: {column: dose, unit: g/s}}}
  - duration: {column: soak, unit: h}
    set: {pressure_setpoint: 101.3 kPa, electrolyte_dose_rate: 0 kg/s}
outputs: {wetting_front: {column: front, unit: mm}}
"""
NAMES = ("porosity", "dose", "soak", "front")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Fronts as the line's own interface to the model gives them, with a radius of 0.3 um."""
    porosity, soak = (grid.ravel() for grid in np.meshgrid([0.3, 0.36], [0.5, 1.0, 2.0, 3.0]))
    dose = np.linspace(0.08, 0.11, len(soak))
    model = FmuTransform(find_fmu("filling"), CONTRACTS["filling"], {"pore_radius": 0.3e-6})
    still = {"pressure_setpoint": 5e3, "electrolyte_dose_rate": 0.0}
    first = {
        **still,
        "electrolyte_temperature": 298.15,
        "pore_volume": 8e-6,
        "anode_porosity": porosity,
        "cathode_porosity": 0.4,
    }
    phases = [
        Phase(first, 180.0),
        Phase({"electrolyte_dose_rate": dose * 1e-3}, 120.0),
        Phase({"pressure_setpoint": 101.3e3, "electrolyte_dose_rate": 0.0}, soak * 3600),
    ]
    front = model.apply({}, phases)[-1]["wetting_front"]
    model.close()
    rows = np.column_stack([porosity, dose, soak, front * 1e3])
    return write_table(tmp_path / "table.csv", NAMES, rows)


def test_what_is_measured_after_the_last_phase_is_fitted(tmp_path: Path, data: Path) -> None:
    """The radius with which the fronts were made comes out; derivatives are differences."""
    made = fitted(FILLING, data, tmp_path, "filling")
    assert made.ways == {"wetting_front": "differences"}
    assert value_of(made, "pore_radius") == pytest.approx(0.3e-6, rel=1e-4)
    assert made.scores[0].worst < 1e-6
    assert not made.outside


@pytest.mark.parametrize(
    ("there", "instead", "says"),
    [
        ("starts: 2", "starts: 2\nduration: 5 s", "duration: stands beside phases"),
        ("101.3 kPa,", "101.3 kPa, pore_radius: 1 um,", "phases.2.set.pore_radius"),
        ("column: soak,", "column: soaked,", "phases.2.duration: table.csv has no column"),
        ("duration: 180 s, set", "set", "phases.0.duration: missing key"),
    ],
)
def test_wrong_phases_are_told(
    tmp_path: Path, data: Path, there: str, instead: str, says: str
) -> None:
    """Each phase has its duration, and only inputs change after the first."""
    with pytest.raises(ScenarioError) as caught:
        task_of(FILLING.replace(there, instead, 1), data, tmp_path, "filling")
    assert says in str(caught.value)
