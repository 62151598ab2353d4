"""Vacuum drying of electrode rolls: the water that is left goes to an equilibrium.

Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

import casadi as ca

from linetwin.authoring import Model

GAS_CONSTANT = 8.314462618  # J/(mol.K), exact since 2019 [V]
REFERENCE_TEMPERATURE = 383.15  # K [D] 110 Cel, the recipe of KIproBatt
SMALLEST_HUMIDITY = 1e-9  # 1 [A] keeps the power law smooth in a perfectly dry gas

_ASSUMED = "no open figure; recipe of KIproBatt dries a roll to a few hundred ppm"
_WATER = "Antoine equation for water, 1-100 Cel, after the Dortmund Data Bank"

# name: (unit, minimum, maximum, meaning)
_PARAMETERS = {
    "drying_rate_110": ("1/s", 1e-7, 1e-1, "rate constant at 110 Cel in a high vacuum"),
    "drying_activation": ("J/mol", 0.0, 1e5, "activation energy of the rate constant"),
    "half_rate_pressure": ("Pa", 100.0, 1e6, "pressure at which gas halves the rate constant"),
    "sorption_capacity": ("1", 1e-5, 0.05, "water over electrode mass in saturated gas"),
    "sorption_exponent": ("1", 0.1, 2.0, "exponent of the Freundlich isotherm"),
    "vapour_a": ("1", 5.0, 15.0, "A in log10(p/Pa) = A - B/(T + C), water"),
    "vapour_b": ("K", 500.0, 5000.0, "B in log10(p/Pa) = A - B/(T + C), water"),
    "vapour_c": ("K", -150.0, 50.0, "C in log10(p/Pa) = A - B/(T + C), water"),
}

_COMMON: dict[str, tuple[float, str, str]] = {
    "drying_activation": (40e3, "A", "about the heat of desorption of water"),
    "half_rate_pressure": (2e4, "A", "diffusion in gas, slower at higher pressure"),
    "sorption_exponent": (0.5, "A", "usual for water on polar binders"),
    "vapour_a": (10.19621, "M", _WATER),
    "vapour_b": (1730.63, "M", _WATER),
    "vapour_c": (-39.724, "M", _WATER),
}

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622": _COMMON
    | {  # name: (value in the unit above, tag, source)
        "drying_rate_110": (1.0e-4, "A", _ASSUMED),
        "sorption_capacity": (2000e-6, "A", "PVDF takes up little; a cathode arrives with 800 ppm"),
    },
    "graphite": _COMMON
    | {
        "drying_rate_110": (0.8e-4, "A", _ASSUMED),
        "sorption_capacity": (6000e-6, "A", "CMC takes up much; an anode arrives with 2,400 ppm"),
    },
}


def build() -> Model:
    """Return the vacuum drying model; defaults are the cathode's (NMC622)."""
    m = Model(
        "vacuum_drying",
        title="Vacuum drying of electrode rolls",
        description="Water left in an electrode that is heated in a vacuum",
        version="1.0",
        validity=(
            "rolls or magazines at an even temperature, 60-150 Cel, 0.1-10 kPa; all constants are"
            " assumptions. Not meant for the uptake of water from a room"
        ),
    )
    defaults = PARAMETER_SETS["nmc622"]
    p = {
        name: m.parameter(
            name,
            unit,
            defaults[name][0],
            minimum=minimum,
            maximum=maximum,
            meaning=meaning,
            tag=defaults[name][1],
            source=defaults[name][2],
        )
        for name, (unit, minimum, maximum, meaning) in _PARAMETERS.items()
    }
    temperature = m.input("chamber_temperature", "K", start=383.15, minimum=273.15, maximum=473.15,
                          meaning="temperature of chamber and electrode", tag="D",
                          source="KIproBatt recipe, 110 Cel")  # fmt: skip
    pressure = m.input("chamber_pressure", "Pa", start=1500.0, minimum=1.0, maximum=1.2e5,
                       meaning="absolute pressure in the chamber", tag="D",
                       source="KIproBatt recipe, 1.5 or 5 kPa")  # fmt: skip
    fraction = m.input("vapour_fraction", "1", start=0.1, minimum=0.0, maximum=1.0,
                       meaning="mole fraction of water vapour in the chamber's gas", tag="A",
                       source="ventilated with dry gas five times in twelve hours")  # fmt: skip
    moisture = m.state("moisture", "1", start=800e-6, nominal=1e-4, minimum=0.0, maximum=0.1,
                       meaning="water over electrode mass")  # fmt: skip
    saturation = 10 ** (p["vapour_a"] - p["vapour_b"] / (temperature + p["vapour_c"]))
    humidity = ca.fmin(ca.fmax(fraction * pressure / saturation, SMALLEST_HUMIDITY), 1)
    equilibrium = m.output("equilibrium_moisture", "1",
                           p["sorption_capacity"] * humidity ** p["sorption_exponent"],
                           nominal=1e-4, meaning="water that stays in the end")  # fmt: skip
    warming = 1 / REFERENCE_TEMPERATURE - 1 / temperature
    rate = m.output("drying_rate_constant", "1/s",
                    p["drying_rate_110"]
                    * ca.exp(p["drying_activation"] / GAS_CONSTANT * warming)
                    / (1 + pressure / p["half_rate_pressure"]),
                    nominal=1e-4, meaning="k in dX/dt = -k (X - X_eq)")  # fmt: skip
    m.der(moisture, -rate * (moisture - equilibrium))
    return m
