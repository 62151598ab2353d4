"""Electrolyte filling and wetting of one cell: evacuate, dose, vent, soak.

The liquid enters from the four edges of the sheets after Lucas and Washburn. Gas that is in the
pores when they are closed by liquid slows the front and stays as bubbles.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import casadi as ca
from tables import Row, declare_parameters

from linetwin.authoring import Model

GAS_CONSTANT = 8.314462618  # J/(mol.K), exact since 2019 [V]
ATMOSPHERE = 101325.0  # Pa [V] standard atmosphere
REFERENCE_TEMPERATURE = 298.15  # K [A] of viscosity and vapour pressure
LOWEST_FITTED = 0.32  # 1 [A] porosity taken for Sheng's 41 um film
HIGHEST_FITTED = 0.5275  # 1 [A] the same solids at 59 um
CATHODE_POROSITY = 0.30  # 1 [A] for which the cathode's pore radius and tortuosity are given
CATHODE_PORE_RATIO = CATHODE_POROSITY / (1 - CATHODE_POROSITY)
SMALLEST_MASS = 1e-6  # kg [A] a milligram: below it there is hardly any liquid to wet or evaporate
SMALLEST_PORES = 1e-9  # m3 [A] keeps the fill ratio finite
SMALLEST_FRONT = 1e-18  # m2 [A] keeps the square root smooth at the start

_SHENG = "fit through the three wetting rates of Sheng 2014 (abstract read), README.md"
_WEYDANZ = "Weydanz 2018 (press texts read): twice the time, 10 % less uptake at ambient pressure"

# name: (unit, value, minimum, maximum, meaning, tag, source)
PARAMETERS = {
    "sheet_length": ("m", 0.1205, 0.01, 2.0, "anode sheet", "A", "pilot cell, 5 A.h"),
    "sheet_width": ("m", 0.0898, 0.01, 2.0, "anode sheet", "A", "pilot cell, 5 A.h"),
    "electrolyte_density": ("kg/m3", 1200.0, 800.0, 2e3, "at filling", "M", "1 M LiPF6"),
    "surface_tension": ("N/m", 0.030, 0.005, 0.1, "of the electrolyte", "M", "PHYSICS.md 1.6"),
    "contact_cosine": ("1", 0.9, 0.05, 1.0, "cosine of contact angle", "M", "PHYSICS.md 1.6"),
    "viscosity_25": ("Pa.s", 3.5e-3, 1e-4, 0.1, "viscosity at 25 Cel", "M", "PHYSICS.md 1.6"),
    "viscosity_activation": ("J/mol", 17e3, 0.0, 6e4, "of the viscosity", "A", "carbonates"),
    "pore_radius": ("m", 0.2e-6, 1e-8, 1e-4, "effective", "M", "PHYSICS.md 1.6"),
    "tortuosity_exponent": ("1", 0.5, 0.0, 3.0, "cathode: tortuosity ~ porosity^-exponent", "M",
                            "Bruggeman 1935"),
    "tortuosity": ("1", 3.0, 1.0, 50.0, "divides the wetting rate", "A", "calendered graphite"),
    "cathode_pore_radius": ("m", 0.2e-6, 1e-8, 1e-4, "effective, at 30 % porosity", "A",
                            "as the generic one of PHYSICS.md 1.6"),
    "cathode_tortuosity": ("1", 4.0, 1.0, 50.0, "divides the wetting rate, at 30 % porosity", "A",
                           "calendered NMC, 3-5"),
    "structure_peak": ("1", 2.1554, 0.01, 100.0, "f at its peak, for tortuosity 3", "D", _SHENG),
    "best_porosity": ("1", 0.44335, 0.1, 0.9, "porosity of the peak of f", "D", _SHENG),
    "porosity_width": ("1", 0.11658, 0.02, 1.0, "width of the peak of f", "D", _SHENG),
    "ambient_slowing": ("1", 0.5, 0.0, 0.95, "part of K^2 that gas at 1 atm takes", "D", _WEYDANZ),
    "ambient_deficit": ("1", 0.10, 0.0, 0.9, "pores that gas at 1 atm keeps", "D", _WEYDANZ),
    "gas_escape_time": ("s", 600.0, 1.0, 1e7, "bubbles, chamber below their pressure", "A",
                        "no source: minutes"),
    "pump_time": ("s", 20.0, 0.1, 1e4, "time constant of the chamber", "A", "PHYSICS.md 1.6: form"),
    "vapour_pressure_25": ("Pa", 3000.0, 0.0, 2e4, "of the electrolyte at 25 Cel", "A",
                           "linear carbonates in a mixture"),
    "vapour_enthalpy": ("J/mol", 38e3, 0.0, 8e4, "of evaporation", "A", "linear carbonates"),
    "evaporation_speed": ("kg/s", 4.5e-7, 0.0, 1e-3, "loss in a high vacuum", "A",
                          "0.5 % of the dose in five minutes at 5 kPa"),
}  # fmt: skip


def build() -> Model:
    """Return the filling model of the pilot cell, with a calendered graphite anode."""
    m = Model(
        "filling",
        title="Electrolyte filling and wetting",
        description="Electrolyte in a cell, its loss, and the wetting of the sheets from all edges",
        version="1.0",
        validity=(
            "stacks filled open in a chamber; graphite anodes of porosity 0.32-0.53 (below that"
            " by the law of the pore radius); vacuum factors are calibrated to one cell type"
        ),
    )
    filled = cell_in_chamber(m, PARAMETERS)
    _wetting(m, filled, _residual_gas(m, filled))
    return m


@dataclass(frozen=True)
class Filled:
    """A cell in the chamber: p parameters, and the symbols that every law of wetting needs."""

    p: dict[str, ca.SX]
    temperature: ca.SX  # K
    dose: ca.SX  # kg/s
    pressure: ca.SX  # of the chamber, Pa
    mass: ca.SX  # of the electrolyte in the cell, kg


def cell_in_chamber(
    m: Model, parameters: dict[str, tuple[str, float, float, float, str, str, str]]
) -> Filled:
    """Declare parameters, inputs and balances of chamber and electrolyte.

    `parameters`: name -> (unit, value, minimum, maximum, meaning, tag, source).
    """
    p = declare_parameters(
        m,
        (
            Row(name, unit, value, low, high, tag, source, meaning)
            for name, (unit, value, low, high, meaning, tag, source) in parameters.items()
        ),
    )
    temperature = m.input("electrolyte_temperature", "K", start=298.15, minimum=253.15,
                          maximum=353.15, meaning="temperature of electrolyte and cell",
                          tag="A", source="dry room, 25 Cel")  # fmt: skip
    dose = m.input("electrolyte_dose_rate", "kg/s", start=0.0, minimum=0.0, maximum=0.1,
                   meaning="electrolyte dosed per second", tag="A",
                   source="1e-4 kg/s: 11 g in two minutes")  # fmt: skip
    pressure = _chamber(m, p)
    mass = _electrolyte(m, p, (temperature, dose, pressure))
    return Filled(p, temperature, dose, pressure, mass)


def arrhenius(energy: ca.SX, temperature: ca.SX) -> ca.SX:
    """Return exp[E/R (1/T - 1/T_ref)]."""
    return ca.exp(energy / GAS_CONSTANT * (1 / temperature - 1 / REFERENCE_TEMPERATURE))


def _chamber(m: Model, p: dict[str, ca.SX]) -> ca.SX:
    """Return the chamber pressure, Pa, which follows its setpoint."""
    setpoint = m.input("pressure_setpoint", "Pa", start=ATMOSPHERE, minimum=100.0, maximum=2e5,
                       meaning="absolute pressure asked of the chamber", tag="A",
                       source="5 kPa to evacuate and dose, 101325 Pa to vent and soak")  # fmt: skip
    pressure = m.state("chamber_pressure", "Pa", start=ATMOSPHERE, nominal=1e4, minimum=0.0,
                       maximum=2e5, meaning="absolute pressure in the chamber")  # fmt: skip
    m.der(pressure, (setpoint - pressure) / p["pump_time"])
    return pressure


def _electrolyte(m: Model, p: dict[str, ca.SX], at: tuple[ca.SX, ca.SX, ca.SX]) -> ca.SX:
    """Balance the electrolyte and return its mass in the cell, kg; at = (T, dose rate, p)."""
    temperature, dose, pressure = at
    mass = m.state("electrolyte_mass", "kg", start=0.0, nominal=1e-2, minimum=0.0, maximum=100.0,
                   meaning="electrolyte in the cell")  # fmt: skip
    dosed = m.state("dosed_electrolyte", "kg", start=0.0, nominal=1e-2, minimum=0.0,
                    maximum=100.0, meaning="electrolyte dosed")  # fmt: skip
    lost = m.state("evaporated_electrolyte", "kg", start=0.0, nominal=1e-4, minimum=0.0,
                   maximum=100.0, meaning="electrolyte drawn off by the pump")  # fmt: skip
    vapour = p["vapour_pressure_25"] * arrhenius(-p["vapour_enthalpy"], temperature)
    # vapour leaves with what the pump draws: nothing once the chamber is vented
    drawn = ca.fmax(1 - pressure / ATMOSPHERE, 0) * vapour / (ca.fmax(pressure, 1) + vapour)
    rate = p["evaporation_speed"] * drawn * present(mass)
    m.der(mass, dose - rate)
    m.der(dosed, dose)
    m.der(lost, rate)
    return mass


def present(mass: ca.SX) -> ca.SX:
    """Return 1 where there is liquid, falling smoothly to 0 with the last milligram."""
    return ca.fmax(mass, 0) / (ca.fmax(mass, 0) + SMALLEST_MASS)


def _residual_gas(m: Model, filled: Filled) -> ca.SX:
    """Return the pressure of the gas shut into the pores, Pa."""
    gas, rate = shut_gas(m, filled)
    m.der(gas, rate)
    return ca.fmin(ca.fmax(gas, 0), ATMOSPHERE)


def shut_gas(m: Model, filled: Filled) -> tuple[ca.SX, ca.SX]:
    """Return the pressure of the gas shut into the pores as a state, Pa, and its rate, Pa/s."""
    gas = m.state("residual_gas_pressure", "Pa", start=ATMOSPHERE, nominal=1e4, minimum=0.0,
                  maximum=2e5, meaning="pressure at which the liquid shut the pores")  # fmt: skip
    # each dose shuts pores at its pressure
    shut = filled.dose / (ca.fmax(filled.mass, 0) + SMALLEST_MASS)
    # bubbles leave, none come back
    escape = ca.fmax(gas - filled.pressure, 0) / filled.p["gas_escape_time"]
    return gas, (filled.pressure - gas) * shut - escape


def porosities(m: Model) -> tuple[ca.SX, ca.SX]:
    """Declare the porosities; return the anode's and the cathode's."""
    porosity = m.input("anode_porosity", "1", start=0.32, minimum=0.05, maximum=0.95,
                       meaning="porosity of the anode", tag="A",
                       source="recipe, calendered")  # fmt: skip
    other = m.input("cathode_porosity", "1", start=0.30, minimum=0.05, maximum=0.95,
                    meaning="porosity of the cathode", tag="A",
                    source="recipe, calendered")  # fmt: skip
    return porosity, other


def viscosity(filled: Filled) -> ca.SX:
    """Return the electrolyte's viscosity, Pa.s."""
    p = filled.p
    return p["viscosity_25"] * arrhenius(p["viscosity_activation"], filled.temperature)


def pore_volume(m: Model) -> ca.SX:
    """Declare the volume of the cell's pores, m3."""
    return m.input("pore_volume", "m3", start=8.9e-6, minimum=0.0, maximum=1.0,
                   meaning="pores of electrodes and separator", tag="A",
                   source="pilot cell, stacking model")  # fmt: skip


def fill_ratio(m: Model, filled: Filled, pores: ca.SX) -> ca.SX:
    """Return the electrolyte's volume over that of the pores (m3)."""
    volume = ca.fmax(filled.mass, 0) / filled.p["electrolyte_density"]
    return m.output("fill_ratio", "1", volume / ca.fmax(pores, SMALLEST_PORES),
                    meaning="electrolyte over pore volume")  # fmt: skip


def _wetting_rate(m: Model, filled: Filled, gas: ca.SX) -> ca.SX:
    """Return K^2 (m2/s) of the front x = K sqrt(t)."""
    p = filled.p
    porosity, other = porosities(m)
    suction = p["surface_tension"] * p["contact_cosine"] / (2 * viscosity(filled))
    fitted = ca.fmin(ca.fmax(porosity, LOWEST_FITTED), HIGHEST_FITTED)
    peak = ca.exp(-(((fitted - p["best_porosity"]) / p["porosity_width"]) ** 2))
    structure = p["structure_peak"] * peak / p["tortuosity"]
    # denser than the films measured: effective pore radius ~ eps/(1-eps)
    lowest_ratio = LOWEST_FITTED / (1 - LOWEST_FITTED)
    denser = ca.fmin(porosity / (1 - porosity) / lowest_ratio, 1)
    anode = p["pore_radius"] * structure**2 * denser
    # no rate of a cathode is at hand: pore radius ~ eps/(1-eps), Bruggeman's tortuosity
    radius = p["cathode_pore_radius"] * other / (1 - other) / CATHODE_PORE_RATIO
    winding = p["cathode_tortuosity"] * (CATHODE_POROSITY / other) ** p["tortuosity_exponent"]
    cathode = radius / winding**2
    m.output("cathode_lags", "1", ca.if_else(cathode < anode, 1.0, 0.0), minimum=0.0, maximum=1.0,
             meaning="1 where the cathode is the slower electrode")  # fmt: skip
    slowing = 1 - p["ambient_slowing"] * gas / ATMOSPHERE
    return m.output("wetting_rate_squared", "m2/s", suction * ca.fmin(anode, cathode) * slowing,
                    nominal=1e-8, meaning="K^2 in x = K sqrt(t), slower electrode")  # fmt: skip


def _wetting(m: Model, filled: Filled, gas: ca.SX) -> None:
    """Move the front inwards and give wetting and filling; gas pressure in Pa."""
    p = filled.p
    pores = pore_volume(m)
    # the square of the front is the state: the front itself starts with infinite speed
    squared = m.state("wetting_front_squared", "m2", start=0.0, nominal=1e-4, minimum=0.0,
                      meaning="square of the front's way in an endless sheet")  # fmt: skip
    rate = _wetting_rate(m, filled, gas)
    m.der(squared, rate * present(filled.mass))
    travelled = ca.sqrt(ca.fmax(squared, 0) + SMALLEST_FRONT)
    half = (p["sheet_length"] / 2, p["sheet_width"] / 2)
    m.output("wetting_time", "s", ca.fmin(*half) ** 2 / rate, nominal=1e4,
             meaning="time of the front from the edges to the middle, as things are")  # fmt: skip
    m.output("wetting_front", "m", ca.fmin(travelled, ca.fmax(*half)), nominal=1e-2,
             meaning="distance of the front from an edge, up to the middle")  # fmt: skip
    along, across = (1 - ca.fmin(travelled / distance, 1) for distance in half)
    limit = 1 - p["ambient_deficit"] * gas / ATMOSPHERE
    ratio = fill_ratio(m, filled, pores)
    m.output("wetting_saturation", "1", ca.fmin(limit * (1 - along * across), ratio),
             meaning="wetted part of the pores")  # fmt: skip
