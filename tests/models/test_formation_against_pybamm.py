"""Formation with the corrections off against PyBaMM, solved here and now.

Two codes that share nothing but published parameters: a quartic profile in an FMU, and PyBaMM's
Fickian particles (SPM) or its porous electrodes with electrolyte (DFN).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cycler import LONG, Values, charge, cycler, discharge, rest
from support import module, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

CURRENT = 0.5  # A, C/10
STEPS = (
    "Charge at 0.5 A until 4.2 V",
    "Hold at 4.2 V until 0.1 A",
    "Rest for 1 hour",
    "Discharge at 0.5 A until 2.5 V",
    "Rest for 1 hour",
)
SHELLS = 80  # in a particle; with PyBaMM's usual 20 the charge at constant voltage is 0.2 % short
VOLTAGE_TOLERANCE = {"SPM": 5e-3, "DFN": 10e-3}  # V


@dataclass(frozen=True)
class Cycle:
    """A first cycle: times in s since the step's start, V; A.h; m."""

    charging: tuple[np.ndarray, np.ndarray]
    discharging: tuple[np.ndarray, np.ndarray]
    constant_current: float
    constant_voltage: float
    discharged: float
    thickness: float

    @property
    def charged(self) -> float:
        """Capacity of the whole charge in A.h."""
        return self.constant_current + self.constant_voltage

    @property
    def efficiency(self) -> float:
        """First-cycle efficiency."""
        return self.discharged / self.charged


@pytest.fixture(scope="module")
def pybamm() -> Iterator[Any]:
    """PyBaMM, which sends no telemetry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYBAMM_DISABLE_TELEMETRY", "true")
        yield pytest.importorskip("pybamm", reason="PyBaMM is not installed (extra `dev`)")


@pytest.fixture(scope="module", params=["SPM", "DFN"])
def solved(request: pytest.FixtureRequest, pybamm: Any) -> tuple[str, Cycle]:  # noqa: ANN401
    """A model of PyBaMM with the settings of PHYSICS.md section 2, and its first cycle."""
    kind = getattr(pybamm.lithium_ion, request.param)
    values = pybamm.ParameterValues("Chen2020")
    values.update(
        {
            "SEI solvent diffusivity [m2.s-1]": 4e-18,
            "Initial SEI thickness [m]": 5e-9,
            "Initial concentration in negative electrode [mol.m-3]": 0.0279 * 33133.0,
            "Initial concentration in positive electrode [mol.m-3]": 0.9084 * 63104.0,
        }
    )
    simulation = pybamm.Simulation(
        kind({"SEI": "solvent-diffusion limited"}),
        parameter_values=values,
        experiment=pybamm.Experiment(list(STEPS), period="1 minute"),
        var_pts={"x_n": 20, "x_s": 20, "x_p": 20, "r_n": SHELLS, "r_p": SHELLS},
        solver=pybamm.IDAKLUSolver(rtol=1e-9, atol=1e-9),
    )
    steps = [cycle.steps[0] for cycle in simulation.solve().cycles]
    curves = [(step.t - step.t[0], step["Voltage [V]"].entries) for step in steps]
    taken = [step["Discharge capacity [A.h]"].entries for step in steps]
    moved = [abs(float(each[-1] - each[0])) for each in taken]
    thickness = steps[-1]["X-averaged negative SEI thickness [m]"].entries[-1]
    cycle = Cycle(curves[0], curves[3], moved[0], moved[1], moved[3], float(thickness))
    return request.param, cycle


@pytest.fixture(scope="module")
def own() -> Cycle:
    """The FMU's first cycle, with the voltage at nine points of charge and discharge."""
    model, values = module("formation"), parameters("formation", "chen2020")

    def run(phases: list[tuple[Values, float]]) -> list[Values]:
        return cycler("formation").run(model.CHEN2020_START, phases, values)

    whole = [charge(CURRENT, **model.CHEN2020_CELL), rest(), discharge(CURRENT, 2.5), rest()]
    results = run(whole)
    # a cut-off at the charging current ends the charge where it would begin to be held
    held_off = [({**whole[0][0], "cutoff_current": CURRENT}, LONG)]
    constant_current = run(held_off)[0]["charged_capacity"]
    discharged = results[2]["discharged_capacity"]
    curves = []
    for phase, capacity in ((0, constant_current), (2, discharged)):
        times = np.linspace(0.1, 0.9, 9) * capacity / CURRENT * 3600
        cuts = [[*whole[:phase], (whole[phase][0], float(time))] for time in times]
        curves.append((times, np.array([run(cut)[-1]["voltage"] for cut in cuts])))
    charged = results[0]["charged_capacity"]
    return Cycle(
        curves[0],
        curves[1],
        constant_current,
        charged - constant_current,
        discharged,
        results[3]["sei_thickness"],
    )


@pytest.mark.parametrize("step", ["charging", "discharging"])
def test_voltage_follows(solved: tuple[str, Cycle], own: Cycle, step: str) -> None:
    """Within 5 mV of SPM and 10 mV of DFN, at 10 to 90 % of the charge that each step moves."""
    name, expected = solved
    times, voltages = getattr(expected, step)
    points = np.linspace(0.1, 0.9, 9) * times[-1]
    difference = getattr(own, step)[1] - np.interp(points, times, voltages)
    assert np.abs(difference).max() <= VOLTAGE_TOLERANCE[name]


def test_capacities_efficiency_and_film_follow(solved: tuple[str, Cycle], own: Cycle) -> None:
    """Capacities within 0.2 %, FCE within 0.002, film within 0.5 %, of SPM and of DFN."""
    _, expected = solved
    assert own.charged == pytest.approx(expected.charged, rel=2e-3)
    assert own.discharged == pytest.approx(expected.discharged, rel=2e-3)
    assert own.efficiency == pytest.approx(expected.efficiency, abs=2e-3)
    assert own.thickness == pytest.approx(expected.thickness, rel=5e-3)


def test_both_parts_of_the_charge_follow_the_single_particle(
    solved: tuple[str, Cycle], own: Cycle
) -> None:
    """Charge at constant current and at constant voltage, each within 0.2 % of SPM.

    Not of DFN: without polarisation in the electrolyte the limit is reached later, and less is
    left to do at constant voltage. README.md states the miss; here it is held to its size.
    """
    name, expected = solved
    current = own.constant_current / expected.constant_current - 1
    voltage = own.constant_voltage / expected.constant_voltage - 1
    if name == "SPM":
        assert abs(current) <= 2e-3
        assert abs(voltage) <= 2e-3
    else:
        assert 2e-3 < current < 4e-3
        assert -0.14 < voltage < -0.10
