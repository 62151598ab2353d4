"""Formation in two stages on the compiled model: the state handed on is all that counts."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.contracts import CONTRACTS, Columns, Phase
from linetwin.cosim.library import shipped_folder
from linetwin.cosim.transform import FmuTransform

CELL = {
    "electrode_area": 0.165,
    "cathode_coating_thickness": 60e-6,
    "anode_coating_thickness": 74.6e-6,
    "cathode_active_fraction": 0.632,
    "anode_active_fraction": 0.642,
    "np_ratio": 1.074,
    "wetting_saturation": np.array([1.0, 0.9]),
    "moisture": 1.7e-4,
    "chamber_temperature": 298.15,
    "voltage_setpoint": 4.2,
    "current_setpoint": 0.5,
}
CHARGE, DISCHARGE = 1.0, 2.0


@pytest.fixture(scope="module")
def formation() -> FmuTransform:
    """The formation model."""
    return FmuTransform(shipped_folder() / "formation.fmu", CONTRACTS["formation"])


def form(model: FmuTransform, start: dict[str, np.ndarray]) -> tuple[Columns, Columns]:
    """Charge fully and discharge, from a state."""
    charge = Phase({**CELL, "cutoff_current": 0.1, "mode": CHARGE}, 216000.0)
    empty = {**CELL, "cutoff_current": 0.1, "mode": DISCHARGE, "voltage_setpoint": 2.8}
    first, second = model.apply(start, [charge, Phase(empty, 216000.0)])
    return first, second


def test_a_pre_charged_cell_ends_as_one_charged_in_one_go(formation: FmuTransform) -> None:
    """The same charge, loss, gas and capacity; the pause costs no more than rounding."""
    hours = 1.5
    part = {**CELL, "cutoff_current": 0.5, "mode": CHARGE}
    before = formation.apply({}, [Phase(part, hours * 3600.0)])[-1]
    assert before["charged_capacity"] == pytest.approx(0.5 * hours, rel=1e-6)
    start = {name: before[name] for name in CONTRACTS["formation"].start}
    whole, parts = form(formation, {}), form(formation, start)
    for name in ("charged_capacity", "sei_capacity", "gas_volume", "charge_energy"):
        assert parts[0][name] == pytest.approx(whole[0][name], rel=2e-4), name
    capacity = [
        each[1]["discharged_capacity"] - each[0]["discharged_capacity"] for each in (whole, parts)
    ]
    assert capacity[1] == pytest.approx(capacity[0], rel=1e-5)


def test_most_gas_comes_with_the_pre_charge(formation: FmuTransform) -> None:
    """At 15 % of the charge more than half of the first charge's gas is there."""
    part = {**CELL, "cutoff_current": 0.5, "mode": CHARGE}
    before = formation.apply({}, [Phase(part, 1.5 * 3600.0)])[-1]["gas_volume"]
    assert (before / form(formation, {})[0]["gas_volume"] > 0.5).all()


def test_dry_cells_lose_capacity_and_come_closer_to_plating(formation: FmuTransform) -> None:
    """A tenth of the area less: a tenth of the capacity, and a lower anode potential."""
    charge, discharge = form(formation, {})
    capacity = discharge["discharged_capacity"] - charge["discharged_capacity"]
    assert capacity[1] / capacity[0] == pytest.approx(0.9, abs=0.01)
    assert charge["anode_potential"][1] < charge["anode_potential"][0]
