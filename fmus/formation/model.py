"""Formation of a pouch cell: first charges and discharges of an NMC622/graphite stack.

One phase (rest, charge, discharge) is one step: the limits lie inside the model and end the step.
Equations, sources, calibration and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import casadi as ca
from electrochemistry import (
    COULOMB_PER_AH,
    FARADAY,
    arrhenius,
    declare_electrode,
    declare_geometry,
    softplus,
    wetted_area,
)
from formation.cell import Cell, FilmLaw, FilmSite
from formation.parameters import (
    CELL,
    CHEN2020_CELL,
    CHEN2020_START,
    FILM,
    INPUTS,
    PARAMETER_SETS,
    PLATING,
)
from tables import declare_inputs, declare_parameters

from linetwin.authoring import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.authoring.variables import Facts

__all__ = ["CHEN2020_CELL", "CHEN2020_START", "PARAMETER_SETS", "build", "formation_model"]

REQUESTS = {"rest": 0, "charge": 1, "discharge": 2}
REST, CONSTANT_CURRENT, CONSTANT_VOLTAGE, DISCHARGE = 0, 1, 2, 3

RESIDUAL_RESISTANCE = 4e-3  # Ohm.m2 [A] scales V - V_set to ampere: about the cell's resistance
THINNEST_FILM = 1e-10  # m [A] keeps the growth finite for a film of nothing
ANODE: Facts = {"minimum": 0.0, "maximum": 1.0, "meaning": "mean over the anode"}
CATHODE: Facts = ANODE | {"meaning": "mean over the cathode"}
GRADIENT = "mean gradient in the particle, in maximum concentration per radius"
IDLE = -1e3  # a guard that is not due, in volt
NO_POTENTIAL_YET = 3.0  # V, above any potential of an anode
GAS_MOLAR_VOLUME = 0.02446  # m3/mol, ideal gas at 25 Cel and 1 atm


def build() -> Model:
    """Return the formation model with a film that closes."""
    law = FilmLaw(
        name="formation",
        description="Reduced single-particle model with a self-limiting film and local plating",
        version="1.0",
        validity="rates up to C/2, 10-60 Cel, 2.5-4.3 V; FCE calibrated at C/10 and 25 Cel only",
        parameters=FILM,
        growth=_closing_film,
    )
    return formation_model(law)


def formation_model(law: FilmLaw) -> Model:
    """Return a formation model whose film follows a law."""
    m = Model(
        law.name,
        title="Formation of an NMC622/graphite pouch cell",
        description=law.description,
        version=law.version,
        validity=law.validity,
    )
    request = m.input(
        "mode",
        "1",
        enumeration=REQUESTS,
        meaning="what the channel is asked for",
        tag="A",
        source="order of the line",
    )
    p = {"mode": request} | declare_inputs(m, INPUTS) | declare_geometry(m)
    for rows in (law.parameters, PLATING, CELL):
        p |= declare_parameters(m, rows)
    temperature = m.state(
        "cell_temperature",
        "K",
        start=298.15,
        nominal=10.0,
        minimum=250.0,
        maximum=350.0,
        meaning="temperature of the cell",
    )
    film = m.state(
        "sei_thickness",
        "m",
        start=5e-9,
        nominal=1e-6,
        minimum=0.0,
        maximum=1e-5,
        meaning="thickness of the film per geometric particle area",
    )
    lost = m.state(
        "sei_capacity",
        "A.h",
        nominal=1.0,
        minimum=0.0,
        maximum=100.0,
        meaning="charge lost to the film",
    )
    current = m.algebraic("current", "A", meaning="cell current, discharge positive")
    cell = _cell(m, p, (temperature, film, lost), law)

    _film_equations(m, cell, film, lost, current)
    _particle_equations(m, cell, current)
    regime = _regimes(m, cell, current)
    _counters(m, cell, current, temperature)
    m.residual(current, _current_equation(cell, current, regime))
    _outputs(m, cell, lost)
    return m


def _closing_film(site: FilmSite) -> Callable[[ca.SX], ca.SX]:
    """Return the growth of a film that closes: solvent diffuses, ever less as it gets thick."""
    p, film = site.p, site.film
    onset = (site.anode.potential(site.x) - p["sei_onset_potential"]) / p["sei_onset_width"]
    share = 1.0 / (1.0 + ca.exp(ca.fmin(onset, 100.0)))  # bounded: exp must not overflow
    grown = share * _film_diffusivity(p, film, site.temperature) * p["sei_solvent_concentration"]
    density = FARADAY * (grown / ca.fmax(film, THINNEST_FILM))
    return lambda _current: density


def _film_diffusivity(p: dict[str, ca.SX], film: ca.SX, temperature: ca.SX) -> ca.SX:
    """Return the solvent's effective diffusivity in m2/s: open in the young film, then closed."""
    limit = p["sei_limit_thickness"] * (1.0 + p["moisture_loss"] * p["moisture"])
    limit *= arrhenius(p["sei_limit_energy"], temperature)
    # a film grown in a faster charge is less dense: it closes later
    density = p["current_setpoint"] / wetted_area(p) / p["reference_charge_current"]
    excess = ca.if_else(p["mode"] == REQUESTS["charge"], ca.fmax(density - 1.0, 0.0), 0.0)
    limit *= 1.0 + p["fast_charge_loss"] * excess
    open_share = softplus(1.0 - film / limit, 0.01)
    young = p["sei_diffusivity"] * (1.0 + p["sei_self_limiting"] * (open_share - 1.0))
    return (young + p["sei_ageing_diffusivity"]) * arrhenius(p["sei_growth_energy"], temperature)


def _cell(m: Model, p: dict[str, ca.SX], at: tuple[ca.SX, ca.SX, ca.SX], law: FilmLaw) -> Cell:
    """Declare electrodes and their states, return the cell; at = (temperature, film, lost)."""
    temperature, film, lost = at
    anode = declare_electrode(m, "anode", p, temperature)
    cathode = declare_electrode(m, "cathode", p, temperature)
    x = m.state("anode_stoichiometry", "1", start=0.0279, **ANODE)
    y = m.state("cathode_stoichiometry", "1", start=0.998, **CATHODE)
    area = wetted_area(p)
    film_resistance = m.output(
        "film_resistance",
        "Ohm",
        _film_resistance(p, lost),
        nominal=0.01,
        meaning="films that count in a pulse, at 25 Cel",
    )
    films = film_resistance / arrhenius(p["film_resistance_energy"], temperature)
    electrolyte = p["electrolyte_area_resistance"] / area
    electrolyte /= arrhenius(p["electrolyte_energy"], temperature)
    gradient = m.state("anode_gradient", "1", nominal=10.0, meaning=GRADIENT)
    return Cell(
        p=p,
        anode=anode,
        cathode=cathode,
        x=x,
        y=y,
        anode_gradient=gradient,
        cathode_gradient=m.state("cathode_gradient", "1", nominal=10.0, meaning=GRADIENT),
        film_density=law.growth(FilmSite(p, anode, x, gradient, film, temperature)),
        resistance=films + electrolyte + p["sei_resistivity"] * film / anode.surface,
        electrolyte_resistance=electrolyte,
    )


def _film_resistance(p: dict[str, ca.SX], lost: ca.SX) -> ca.SX:
    """Return the films' resistance in Ohm at 25 Cel: proportional to the charge that made them."""
    made = lost / wetted_area(p) / p["film_reference_charge"]
    wet = 1.0 + p["moisture_resistance"] * p["moisture"]
    return p["film_area_resistance"] / wetted_area(p) * made * wet


def _film_equations(m: Model, cell: Cell, film: ca.SX, lost: ca.SX, current: ca.SX) -> None:
    p, density = cell.p, cell.film_density(current)
    m.der(film, density * p["sei_molar_volume"] / (p["sei_electrons"] * FARADAY))
    m.der(lost, density * cell.anode.surface / COULOMB_PER_AH)


def _particle_equations(m: Model, cell: Cell, current: ca.SX) -> None:
    plating = cell.plating_density(current)
    j_anode, j_cathode = cell.anode_density(current) + plating, cell.cathode_density(current)
    m.der(cell.x, cell.anode.stoichiometry_rate(j_anode))
    m.der(cell.y, cell.cathode.stoichiometry_rate(j_cathode))
    m.der(cell.anode_gradient, cell.anode.gradient_rate(cell.anode_gradient, j_anode))
    m.der(cell.cathode_gradient, cell.cathode.gradient_rate(cell.cathode_gradient, j_cathode))
    plated = m.state(
        "plated_capacity",
        "A.h",
        nominal=0.1,
        minimum=0.0,
        maximum=100.0,
        meaning="charge lost to plating",
    )
    m.der(plated, plating * cell.anode.surface / COULOMB_PER_AH)


def _regimes(m: Model, cell: Cell, current: ca.SX) -> ca.SX:
    """Declare what the channel is doing, and the transitions; return the regime.

    A phase begins when the request or one of its set-points differs from the one served last.
    The guards hold no algebraic variable: each asks for the voltage at a current that is known.
    The anode's lowest potential is noted where the current stops rising or changes: within a
    charge at constant current it falls all the time.
    """
    p = cell.p
    regime = m.discrete(
        "regime",
        "1",
        start=REST,
        meaning="0 rest, 1 constant current, 2 constant voltage, 3 discharge",
    )
    lowest = m.discrete(
        "lowest_anode_potential",
        "V",
        start=NO_POTENTIAL_YET,
        meaning="lowest local anode potential up to the last transition",
    )
    served = {
        m.discrete(f"served_{name}", unit, meaning=f"{name} of the phase served"): p[name]
        for name, unit in (
            ("mode", "1"),
            ("current_setpoint", "A"),
            ("voltage_setpoint", "V"),
            ("cutoff_current", "A"),
        )
    }
    asked = ca.if_else(
        p["mode"] == REQUESTS["charge"],
        CONSTANT_CURRENT,
        ca.if_else(p["mode"] == REQUESTS["discharge"], DISCHARGE, REST),
    )
    difference = sum((ca.fabs(wanted - last) for last, wanted in served.items()), ca.SX(0.0))
    changed = ca.if_else(difference > 0.0, 1.0, IDLE)
    last_current = next(last for last, wanted in served.items() if wanted is p["current_setpoint"])
    charged_until_now = ca.fmin(lowest, cell.local_potential(-last_current))
    noted = ca.if_else(regime == CONSTANT_CURRENT, charged_until_now, lowest)
    m.when("new phase", changed, {regime: asked, lowest: noted, **served})

    def due(active: int, excess: ca.SX) -> ca.SX:
        return ca.if_else(regime == active, excess, IDLE)

    limit, demand, cutoff = p["voltage_setpoint"], p["current_setpoint"], p["cutoff_current"]
    charged_at = ca.if_else(regime == CONSTANT_VOLTAGE, -cutoff, -demand)
    # one voltage for all guards: each looks at it in its own regime only
    excess = cell.voltage(ca.if_else(regime == DISCHARGE, demand, charged_at)) - limit
    upper_limit = due(CONSTANT_CURRENT, excess)
    m.when(
        "upper limit reached",
        upper_limit,
        {
            regime: CONSTANT_VOLTAGE,
            lowest: ca.fmin(lowest, cell.local_potential(-demand)),
        },
    )
    # at constant voltage the current has fallen to the cut-off where the cut-off would exceed it
    charged = due(CONSTANT_VOLTAGE, excess)
    m.when("charge complete", charged, {regime: REST}, stop=True)
    lower_limit = due(DISCHARGE, -excess)
    m.when("discharge complete", lower_limit, {regime: REST}, stop=True)
    charging = ca.logic_or(regime == CONSTANT_CURRENT, regime == CONSTANT_VOLTAGE)
    now = ca.if_else(charging, ca.fmin(lowest, cell.local_potential(current)), lowest)
    m.output(
        "anode_potential",
        "V",
        now,
        nominal=0.1,
        meaning="lowest local anode potential against lithium while charging",
    )
    return regime


def _current_equation(cell: Cell, current: ca.SX, regime: ca.SX) -> ca.SX:
    """Return the residual in A that gives the current in the present regime."""
    demand = cell.p["current_setpoint"]
    excess = cell.voltage(current) - cell.p["voltage_setpoint"]
    held = excess * wetted_area(cell.p) / RESIDUAL_RESISTANCE
    other = ca.if_else(regime == DISCHARGE, current - demand, current)
    charging = ca.if_else(regime == CONSTANT_VOLTAGE, held, other)
    return ca.if_else(regime == CONSTANT_CURRENT, current + demand, charging)


def _counters(m: Model, cell: Cell, current: ca.SX, temperature: ca.SX) -> None:
    charging, discharging = ca.fmax(-current, 0.0), ca.fmax(current, 0.0)
    voltage = m.output("voltage", "V", cell.voltage(current), meaning="terminal voltage")
    for name, unit, nominal, rate, meaning in (
        ("charged_capacity", "A.h", 10.0, charging / COULOMB_PER_AH, "charge put in"),
        ("discharged_capacity", "A.h", 10.0, discharging / COULOMB_PER_AH, "charge taken out"),
        ("charge_energy", "J", 1e5, charging * voltage, "energy put in"),
        ("discharge_energy", "J", 1e5, discharging * voltage, "energy taken out"),
    ):
        counter = m.state(name, unit, nominal=nominal, meaning=f"{meaning} since the start")
        m.der(counter, rate)
    heat = m.output(
        "heat_flow",
        "W",
        current * (cell.rest_voltage() - voltage),
        nominal=0.1,
        meaning="heat of polarisation",
    )
    area = cell.p["electrode_area"]
    exchanged = cell.p["areal_heat_transfer"] * area * (temperature - cell.p["chamber_temperature"])
    m.der(temperature, (heat - exchanged) / (cell.p["areal_heat_capacity"] * area))


def _outputs(m: Model, cell: Cell, lost: ca.SX) -> None:
    p = cell.p
    m.output("open_circuit_voltage", "V", cell.rest_voltage(), meaning="voltage at rest, relaxed")
    m.output(
        "first_charge_capacity",
        "A.h",
        cell.cathode.capacity * p["first_charge_window"],
        meaning="capacity of the first charge from the electrodes",
    )
    rate = p["current_setpoint"] / (cell.cathode.capacity * p["first_charge_window"])
    m.output("charge_rate", "1/h", rate, meaning="set current over first-charge capacity")
    m.output(
        "within_fit",
        "1",
        ca.if_else(rate <= p["highest_rate"], 1.0, 0.0),
        meaning="1 where the rate lies in the range that the model was fitted for",
    )
    gas = p["gas_yield"] * lost * COULOMB_PER_AH / (2.0 * FARADAY) * GAS_MOLAR_VOLUME
    m.output("gas_volume", "m3", gas, nominal=1e-6, meaning="free gas from the film's formation")
