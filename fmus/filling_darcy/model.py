"""Electrolyte filling with Darcy flow into pores of many sizes: another law than that of `filling`.

Wide pores fill first, pressure outside helps, and the gas that was shut in is compressed until it
dissolves. Chamber and electrolyte are those of that folder.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import casadi as ca
from filling.model import (
    PARAMETERS as WASHBURN_PARAMETERS,
)
from filling.model import (
    SMALLEST_FRONT,
    Filled,
    cell_in_chamber,
    fill_ratio,
    pore_volume,
    porosities,
    present,
    shut_gas,
    viscosity,
)

from linetwin.authoring import Model

__all__ = ["DEVIATES", "build"]

DEVIATES = (-1.2815515655446004, -0.5244005127080407, 0.0, 0.5244005127080407, 1.2815515655446004)
"""Deviates of the normal distribution at 10, 30, 50, 70 and 90 %: classes of a fifth each."""
ANODE_POROSITY = 0.32  # 1 [A] for which the anode's pore radius and tortuosity are given
CATHODE_POROSITY = 0.30  # 1 [A] for which the cathode's are given
LEAST_EMPTY = 0.01  # 1 [A] share of pores that keeps the pressure of the gas finite
LEAST_DRIVING = 1.0  # Pa [A] keeps the time of wetting finite
SHARED = (
    "sheet_length",
    "sheet_width",
    "electrolyte_density",
    "surface_tension",
    "contact_cosine",
    "viscosity_25",
    "viscosity_activation",
    "cathode_pore_radius",
    "cathode_tortuosity",
    "gas_escape_time",
    "pump_time",
    "vapour_pressure_25",
    "vapour_enthalpy",
    "evaporation_speed",
)
"""Parameters that mean the same as in `filling`."""
_SHENG = "K 0.206 mm/s^0.5 of Sheng 2014 (abstract read) for the median pore; porosity assumed"

# name: (unit, value, minimum, maximum, meaning, tag, source)
PARAMETERS = {name: WASHBURN_PARAMETERS[name] for name in SHARED} | {
    "pore_radius": ("m", 0.2e-6, 1e-8, 1e-4, "anode: median, at 32 % porosity", "M",
                    "PHYSICS.md 1.6"),
    "tortuosity": ("1", 4.263, 1.0, 50.0, "anode: length of the pores over the way", "D", _SHENG),
    "radius_spread": ("1", 0.5, 0.0, 1.5, "standard deviation of the logarithm of the radius", "A",
                      "mercury intrusion curves of electrodes span about a decade"),
    "dissolving_time": ("s", 14400.0, 60.0, 1e7, "gas in the pores into the electrolyte", "A",
                        "no source: hours"),
}  # fmt: skip


@dataclass(frozen=True)
class _Pores:
    """The electrode that is slower: median radius (m) and tortuosity of its pores."""

    radius: ca.SX
    tortuosity: ca.SX


def build() -> Model:
    """Return the filling model with Darcy flow; defaults are the pilot cell's."""
    m = Model(
        "filling_darcy",
        title="Electrolyte filling and wetting",
        description="Electrolyte in a cell, its loss, and the filling of pores of many sizes",
        version="1.0",
        validity=(
            "stacks filled open in a chamber; one rate of one calendered graphite anode stands"
            " behind it; distribution of pores and fate of the gas are assumptions"
        ),
    )
    filled = cell_in_chamber(m, PARAMETERS)
    gas, rate = shut_gas(m, filled)
    m.der(gas, rate - gas / filled.p["dissolving_time"] * present(filled.mass))
    _wetting(m, filled, ca.fmax(gas, 0))
    return m


def _slower_electrode(m: Model, p: dict[str, ca.SX]) -> _Pores:
    """Return the pores of the slower electrode; the radius goes with porosity as Kozeny has it."""
    porosity, other = porosities(m)
    anode = _Pores(p["pore_radius"] * _scaled(porosity, ANODE_POROSITY), p["tortuosity"])
    radius = p["cathode_pore_radius"] * _scaled(other, CATHODE_POROSITY)
    cathode = _Pores(radius, p["cathode_tortuosity"])
    lags = cathode.radius / cathode.tortuosity**2 < anode.radius / anode.tortuosity**2
    m.output("cathode_lags", "1", ca.if_else(lags, 1.0, 0.0), minimum=0.0, maximum=1.0,
             meaning="1 where the cathode is the slower electrode")  # fmt: skip
    return _Pores(
        ca.if_else(lags, cathode.radius, anode.radius),
        ca.if_else(lags, cathode.tortuosity, anode.tortuosity),
    )


def _scaled(porosity: ca.SX, reference: float) -> ca.SX:
    """Return the hydraulic radius eps/(1-eps) over that at the reference porosity."""
    return porosity / (1 - porosity) / (reference / (1 - reference))


def _wetting(m: Model, filled: Filled, gas: ca.SX) -> None:
    """Fill each class of pores from the edges; gas: what it would press with in all pores, Pa."""
    p = filled.p
    pores = _slower_electrode(m, p)
    volume = pore_volume(m)
    half = (p["sheet_length"] / 2, p["sheet_width"] / 2)
    conductance = 1 / (4 * viscosity(filled) * pores.tortuosity**2)
    radii = [pores.radius * ca.exp(p["radius_spread"] * deviate) for deviate in DEVIATES]
    squares = [
        m.state(f"wetting_front_squared_{k}", "m2", start=0.0, nominal=1e-4, minimum=0.0,
                meaning=f"square of the way of the front in pores of class {k} of 5, narrow first")
        for k in range(1, len(DEVIATES) + 1)
    ]  # fmt: skip
    reached = [_reached(square, half) for square in squares]
    wetted = m.output("wetted_share", "1", sum(reached, ca.SX(0)) / len(reached), minimum=0.0,
                      maximum=1.0, meaning="pores behind the fronts")  # fmt: skip
    compressed = m.output("gas_pressure", "Pa", gas / ca.fmax(1 - wetted, LEAST_EMPTY),
                          nominal=1e4, meaning="of the gas in the pores that are left")  # fmt: skip
    for square, radius in zip(squares, radii, strict=True):
        driving = ca.fmax(_suction(p, radius) + filled.pressure - compressed, 0)
        m.der(square, conductance * radius**2 * driving * present(filled.mass))
    median = len(radii) // 2
    driving = ca.fmax(_suction(p, radii[median]) + filled.pressure - gas, LEAST_DRIVING)
    rate = m.output("wetting_rate_squared", "m2/s", conductance * radii[median] ** 2 * driving,
                    nominal=1e-8, meaning="K^2 in x = K sqrt(t) of the median pore, gas not yet"
                    " compressed")  # fmt: skip
    m.output("wetting_time", "s", ca.fmin(*half) ** 2 / rate, nominal=1e4,
             meaning="time of that front from the edges to the middle, as things are")  # fmt: skip
    m.output("wetting_front", "m", ca.fmin(_way(squares[median]), ca.fmax(*half)), nominal=1e-2,
             meaning="distance of the median front from an edge, up to the middle")  # fmt: skip
    ratio = fill_ratio(m, filled, volume)
    m.output("wetting_saturation", "1", ca.fmin(wetted, ratio),
             meaning="wetted part of the pores")  # fmt: skip


def _suction(p: dict[str, ca.SX], radius: ca.SX) -> ca.SX:
    """Return the capillary pressure of a pore after Young and Laplace, Pa."""
    return 2 * p["surface_tension"] * p["contact_cosine"] / radius


def _way(square: ca.SX) -> ca.SX:
    """Return the way of a front, m."""
    return ca.sqrt(ca.fmax(square, 0) + SMALLEST_FRONT)


def _reached(square: ca.SX, half: tuple[ca.SX, ca.SX]) -> ca.SX:
    """Return the share of a sheet behind a front that comes from four edges."""
    along, across = (1 - ca.fmin(_way(square) / distance, 1) for distance in half)
    return 1 - along * across
