"""Ageing and end of line: a charged cell in store, its soft shorts, and the pulse that grades it.

Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

import casadi as ca
from electrochemistry import (
    CHEN,
    COULOMB_PER_AH,
    FARADAY,
    Electrode,
    arrhenius,
    declare_electrode,
    declare_geometry,
    wetted_area,
)
from tables import Row, declare_inputs, declare_parameters

from linetwin.authoring import Model

GRADIENT = "mean gradient in the particle, in maximum concentration per radius"
THINNEST_FILM = 1e-10  # m [A] keeps the growth finite for a film of nothing
LOWEST_LEAK = 1e-3  # Ohm [A] keeps the leak finite
EMPTY_VOLTAGE = 0.5  # V [A] below which self-discharge fades: an empty cell loses nothing more
_FILM = "as in the formation model, PHYSICS.md 1.7"
_OHMIC = "6.5 mOhm between SPM and SPMe of Chen 2020, times 0.1027 m2"

# fmt: off
INPUTS = (
    Row("storage_temperature", "K", 298.15, 253.15, 343.15, "A", "25 Cel",
        "temperature of the store"),
    Row("load_current", "A", 0.0, -300.0, 300.0, "A", "at rest", "current drawn in a test"),
    Row("leak_resistance", "Ohm", 1e9, 1.0, 1e12, "A", "no soft short",
        "resistance of an internal soft short"),
    Row("film_resistance", "Ohm", 5.75e-3, 0.0, 10.0, "D", "result of the formation model",
        "films that count in a pulse, at 25 Cel"),
    Row("electrolyte_resistance_factor", "1", 1.0, 0.0, 100.0, "A", "the reference cell",
        "resistance of the electrolyte over that of the reference cell, from stacking"),
)
SELF_DISCHARGE = (
    Row("shuttle_current_density", "A/m2", 1.2e-4, 0.0, 1.0, "A", "20 uA in a cell of 5 A.h",
        "self-discharge without a short at 25 Cel, per facing area"),
    Row("shuttle_energy", "J/mol", 50e3, 0.0, 1.5e5, "A", "as for side reactions in general",
        "activation energy of that current"),
    Row("sei_ageing_diffusivity", "m2/s", 1.5e-20, 0.0, 1e-14, "A", "14 d at 25 Cel cost < 1 %",
        "solvent through the closed film"),
    Row("sei_growth_energy", "J/mol", 40e3, 0.0, 1e5, "A", "within 30-60 kJ/mol as published",
        "activation energy of the film's growth"),
    Row("sei_molar_volume", "m3/mol", 9.585e-5, 1e-6, 1e-3, "V", _FILM, "volume of the film"),
    Row("sei_solvent_concentration", "mol/m3", 2636.0, 1.0, 1e5, "V", _FILM,
        "solvent at the film's outside"),
    Row("sei_electrons", "1", 2.0, 1.0, 4.0, "V", _FILM, "electrons per formula of film"),
)
RELAXATION = (
    Row("relaxation_amplitude", "V", 5e-3, -0.05, 0.05, "A", "15 mV on the first day",
        "A of the drift A/(t + t0); positive after a charge, negative after a discharge"),
    Row("relaxation_onset", "s", 3600.0, 10.0, 1e6, "A", "an hour", "t0 of the drift A/(t + t0)"),
    Row("relaxation_end", "s", 2.592e6, 1e4, 1e9, "A", "30 d",
        "time after which the drift dies away"),
)
RESISTANCE = (
    Row("film_resistance_energy", "J/mol", 30e3, 0.0, 1e5, "A", "usual for conduction in films",
        "activation energy of the films' conductivity"),
    Row("electrolyte_area_resistance", "Ohm.m2", 6.7e-4, 0.0, 0.1, "D", _OHMIC,
        "resistance of electrolyte and separator per facing area"),
    Row("electrolyte_energy", "J/mol", 17e3, 0.0, 1e5, "M", "usual for carbonate electrolytes",
        "activation energy of its conductivity"),
)
# fmt: on

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622": {},  # the defaults above
    "chen2020": {  # name: (value, tag, source)
        "anode_maximum_concentration": (33133.0, "V", CHEN),
        "cathode_maximum_concentration": (63104.0, "V", CHEN),
        "relaxation_amplitude": (0.0, "A", "PyBaMM has no slow relaxation"),
    },
}


def build() -> Model:
    """Return the ageing model."""
    m = Model(
        "ageing",
        title="Store and end-of-line test of an NMC622/graphite pouch cell",
        description="Open-circuit voltage with soft shorts, film growth, relaxation and pulses",
        version="1.0",
        validity="-20 to 70 Cel, 5 to 95 % state of charge, pulses up to 2C and a minute",
    )
    p = declare_inputs(m, INPUTS) | declare_geometry(m)
    for rows in (SELF_DISCHARGE, RELAXATION, RESISTANCE):
        p |= declare_parameters(m, rows)
    temperature = p["storage_temperature"]
    anode = declare_electrode(m, "anode", p, temperature)
    cathode = declare_electrode(m, "cathode", p, temperature)
    x = m.state("anode_stoichiometry", "1", start=0.39, meaning="mean over the anode")
    y = m.state("cathode_stoichiometry", "1", start=0.595, meaning="mean over the cathode")
    rest_voltage = cathode.potential(y) - anode.potential(x)
    voltage_now = m.output(
        "open_circuit_voltage", "V", rest_voltage + _relaxation(m, p), meaning="voltage at no load"
    )
    through, film = _self_discharge(m, p, anode, voltage_now)
    _electrodes(m, p, (anode, cathode), (x, y), (through, film))
    return m


def _relaxation(m: Model, p: dict[str, ca.SX]) -> ca.SX:
    """Return what is left of the voltage's relaxation in V, which falls as A/(t + t0)."""
    stored = m.state("storage_time", "s", nominal=1e5, meaning="time since the charge to storage")
    m.der(stored, 1.0)
    since = ca.fmax(stored, 0.0) + p["relaxation_onset"]
    return m.output(
        "relaxation",
        "V",
        p["relaxation_amplitude"] * ca.log1p(p["relaxation_end"] / since),
        nominal=0.01,
        meaning="voltage above that of the relaxed cell",
    )


def _self_discharge(
    m: Model, p: dict[str, ca.SX], anode: Electrode, voltage: ca.SX
) -> tuple[ca.SX, ca.SX]:
    """Return the currents in A that discharge both electrodes, and the anode alone (the film)."""
    temperature, area = p["storage_temperature"], wetted_area(p)
    leak = voltage / ca.fmax(p["leak_resistance"], LOWEST_LEAK)
    shuttle = p["shuttle_current_density"] * area * arrhenius(p["shuttle_energy"], temperature)
    charged = 0.5 * (1.0 + ca.tanh(voltage / EMPTY_VOLTAGE - 2.0))
    thickness = m.state("sei_thickness", "m", start=340e-9, nominal=1e-6, meaning="film")
    growth = p["sei_ageing_diffusivity"] * arrhenius(p["sei_growth_energy"], temperature)
    grown = growth * p["sei_solvent_concentration"] / ca.fmax(thickness, THINNEST_FILM) * charged
    m.der(thickness, grown * p["sei_molar_volume"] / p["sei_electrons"])
    film = FARADAY * grown * anode.surface
    total = m.output(
        "self_discharge_current",
        "A",
        leak + shuttle * charged + film,
        nominal=1e-5,
        meaning="current that discharges the cell without load: leak, side reactions, film",
    )
    lost = m.state("lost_capacity", "A.h", meaning="charge lost since the store began")
    irreversible = m.state("film_capacity", "A.h", meaning="part of it that the film keeps")
    m.der(lost, total / COULOMB_PER_AH)
    m.der(irreversible, film / COULOMB_PER_AH)
    return leak + shuttle * charged, film


def _electrodes(
    m: Model,
    p: dict[str, ca.SX],
    electrodes: tuple[Electrode, Electrode],
    stoichiometries: tuple[ca.SX, ca.SX],
    losses: tuple[ca.SX, ca.SX],
) -> None:
    """State the balances of both electrodes and the terminal voltage."""
    (anode, cathode), (x, y), (through, film) = electrodes, stoichiometries, losses
    load, temperature, area = p["load_current"], p["storage_temperature"], wetted_area(p)
    x_gradient = m.state("anode_gradient", "1", nominal=10.0, meaning=GRADIENT)
    y_gradient = m.state("cathode_gradient", "1", nominal=10.0, meaning=GRADIENT)
    j_anode, j_cathode = (
        (load + through + film) / anode.surface,
        -(load + through) / cathode.surface,
    )
    for electrode, mean, gradient, density in (
        (anode, x, x_gradient, j_anode),
        (cathode, y, y_gradient, j_cathode),
    ):
        m.der(mean, electrode.stoichiometry_rate(density))
        m.der(gradient, electrode.gradient_rate(gradient, density))
    x_surface = anode.surface_stoichiometry(x, x_gradient, j_anode)
    y_surface = cathode.surface_stoichiometry(y, y_gradient, j_cathode)
    positive = cathode.potential(y_surface) + cathode.overpotential(y_surface, j_cathode)
    negative = anode.potential(x_surface) + anode.overpotential(x_surface, j_anode)
    ohmic = m.output(
        "ohmic_resistance",
        "Ohm",
        p["film_resistance"] / arrhenius(p["film_resistance_energy"], temperature)
        + p["electrolyte_resistance_factor"]
        * p["electrolyte_area_resistance"]
        / area
        / arrhenius(p["electrolyte_energy"], temperature),
        nominal=0.01,
        meaning="films, electrolyte and separator at the storage temperature",
    )
    relaxation = m.outputs["relaxation"]
    m.output(
        "voltage",
        "V",
        positive - negative + relaxation - load * ohmic,
        meaning="terminal voltage under the load",
    )
