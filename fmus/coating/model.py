"""Slot-die coating of one web segment.

Slurry leaves the die with a lag behind the pump and covers the area that passes; the wet film is
compared with the low-flow limit of the coating window.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

import math

import casadi as ca
from tables import Row, declare_inputs, declare_parameters, rows

from linetwin.authoring import Model

SMALLEST_AREA = 1e-9  # m2 [A] below it nothing was coated and the momentary film is reported
SMALLEST_SPEED = 1e-4  # m/s [A] keeps the film of a web that stands still finite
SMALLEST_STRESS = 1e-6  # Pa [A] keeps the root smooth where nothing flows
SMALLEST_SIZE = 1e-9  # m [A] keeps ratios of sizes finite
SMALLEST_SHEAR = 1e-3  # 1/s [A] keeps the viscosity of a web that stands still finite
LIMIT_CONSTANT = 0.65  # 1 [M] Carvalho & Kheshgi 2000, AIChE J. 46:1907

# name: (unit, minimum, maximum, meaning)
_PARAMETERS = {
    "surface_tension": ("N/m", 0.01, 0.1, "surface tension of the slurry"),
    "flow_lag": ("s", 0.05, 30.0, "lag of the slot's flow behind the pump"),
    "vacuum_reference": ("Pa", 10.0, 1e5, "vacuum that doubles the stabilising term"),
    "slot_height": ("m", 5e-5, 3e-3, "height of the die's slot (shim)"),
    "swelling_ratio": ("1", 0.5, 1.0, "wet film over gap above which the bead swells"),
    "streak_share": ("1", 0.01, 1.0, "agglomerate over wet film that leaves a streak"),
    "agglomerate_spread": ("1", 0.05, 3.0, "standard deviation of ln(size) of agglomerates"),
    "carbon_volume_share": ("1", 0.0, 0.3, "volume of agglomerates over volume of slurry"),
}

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622_nmp": {  # name: (value in the unit above, tag, source)
        "surface_tension": (0.038, "A", "PHYSICS.md 1.2; NMP alone 0.0408 N/m [M]"),
        "flow_lag": (2.0, "A", "PHYSICS.md 1.2: 0.5-5 s"),
        "vacuum_reference": (300.0, "A", "capillary pressure of the film, 0.04 N/m / 130 um"),
        "slot_height": (3e-4, "A", "shims of 0.2-0.5 mm are common"),
        "swelling_ratio": (0.95, "A", "PHYSICS.md 1.2"),
        "streak_share": (0.25, "A", "a particle of a quarter of the film disturbs it; no data"),
        "agglomerate_spread": (0.7, "A", "broad, as laser diffraction shows them; no data"),
        "carbon_volume_share": (0.015, "A", "2 % of the solids, 67 % solids"),
    },
    "graphite_water": {
        "surface_tension": (0.045, "A", "PHYSICS.md 1.2"),
        "flow_lag": (2.0, "A", "as the cathode"),
        "vacuum_reference": (300.0, "A", "as the cathode"),
        "slot_height": (3e-4, "A", "as the cathode"),
        "swelling_ratio": (0.95, "A", "as the cathode"),
        "streak_share": (0.25, "A", "as the cathode"),
        "agglomerate_spread": (0.7, "A", "as the cathode"),
        "carbon_volume_share": (0.005, "A", "1.5 % of the solids, 50 % solids"),
    },
}

_RECIPE = "pilot cathode: 185 g/m2 at 1.9 m/min on 0.25 m, gap 1.2 wet films"
_PLAIN = "none unless the mixing model gives one"
_SLURRY = "mixing model: 96/2/2 at 67 % solids, fully dispersed"

# name, unit, start, minimum, maximum, tag, source, meaning
_INPUTS = [
    Row("pump_flow", "m3/s", 1.03e-6, 0.0, 1e-2, "A", _RECIPE, "volume flow set at the pump"),
    Row("web_speed", "m/s", 0.0317, 0.0, 3.0, "A", _RECIPE, "speed of the web"),
    Row("coating_gap", "m", 1.56e-4, 1e-5, 2e-3, "A", _RECIPE, "distance from die lip to foil"),
    Row("coating_width", "m", 0.25, 0.01, 3.0, "A", _RECIPE, "coated width"),
    Row("vacuum_pressure", "Pa", 300.0, 0.0, 5e3, "A", _RECIPE, "suction of the vacuum box"),
    Row("loading_noise", "1", 0.0, -0.5, 0.5, "A", _RECIPE, "disturbance of this segment's flow"),
    Row("yield_stress", "Pa", 3.48, 0.0, 500.0, "A", _SLURRY, "Herschel-Bulkley yield stress"),
    Row(
        "consistency_index", "Pa.s", 4.14, 0.0, 500.0, "A", _SLURRY, "Herschel-Bulkley consistency"
    ),
    Row("flow_index", "1", 0.7, 0.2, 1.2, "A", _SLURRY, "Herschel-Bulkley flow index"),
    Row("plateau_viscosity", "Pa.s", 0.0, 0.0, 100.0, "A", _PLAIN, "viscosity where thinning ends"),
    Row("agglomerate_size", "m", 0.0, 0.0, 1e-3, "A", _PLAIN, "median of carbon agglomerates"),
    Row("slurry_density", "kg/m3", 2123.0, 700.0, 5e3, "A", _SLURRY, "density of the slurry"),
    Row("solids_fraction", "1", 0.67, 0.0, 1.0, "A", _SLURRY, "mass fraction of solids"),
]


def build() -> Model:
    """Return the coating model; defaults are the cathode's (NMC622 with NMP)."""
    m = Model(
        "coating",
        title="Slot-die coating of a web segment",
        description="Mass balance of the wet film and its place in the coating window",
        version="1.0",
        validity=(
            "continuous stripe, Newtonian window theory with the viscosity at the gap's shear"
            " rate; verified for capillary numbers of 0.1-10, extrapolated up to 60"
        ),
    )
    p = declare_parameters(m, rows(_PARAMETERS, PARAMETER_SETS["nmc622_nmp"]))
    inputs = declare_inputs(m, _INPUTS)
    film = _mass_balance(m, p, inputs)
    _window(m, p, inputs, film)
    _streaks(m, p, inputs, film)
    return m


def _mass_balance(m: Model, p: dict[str, ca.SX], u: dict[str, ca.SX]) -> ca.SX:
    """Integrate slurry and area since the start; return the mean wet film, m."""
    flow = m.state(
        "slot_flow",
        "m3/s",
        start=1.03e-6,
        nominal=1e-6,
        minimum=0.0,
        maximum=1e-2,
        meaning="volume flow that leaves the slot",
    )
    area = m.state(
        "coated_area",
        "m2",
        start=0.0,
        nominal=1e-2,
        minimum=0.0,
        meaning="web area coated since the start",
    )
    volume = m.state(
        "coated_volume",
        "m3",
        start=0.0,
        nominal=1e-6,
        minimum=0.0,
        meaning="slurry laid on the web since the start",
    )
    solids = m.state(
        "coated_solids",
        "kg",
        start=0.0,
        nominal=1e-3,
        minimum=0.0,
        meaning="solids laid on the web since the start",
    )
    solvent = m.state(
        "coated_solvent",
        "kg",
        start=0.0,
        nominal=1e-3,
        minimum=0.0,
        meaning="solvent laid on the web since the start",
    )
    covering = u["web_speed"] * u["coating_width"]
    delivered = flow * (1 + u["loading_noise"])
    solids_flow = delivered * u["slurry_density"] * u["solids_fraction"]
    solvent_flow = delivered * u["slurry_density"] * (1 - u["solids_fraction"])
    m.der(flow, (u["pump_flow"] - flow) / p["flow_lag"])
    m.der(area, covering)
    m.der(volume, delivered)
    m.der(solids, solids_flow)
    m.der(solvent, solvent_flow)
    momentary = ca.fmax(u["web_speed"], SMALLEST_SPEED) * u["coating_width"]

    def mean(amount: ca.SX, rate: ca.SX) -> ca.SX:
        covered = amount / ca.fmax(area, SMALLEST_AREA)
        return ca.if_else(area > SMALLEST_AREA, covered, rate / momentary)

    m.output(
        "loading",
        "kg/m2",
        mean(solids, solids_flow),
        nominal=0.1,
        meaning="dry coating mass per area, mean since the start",
    )
    m.output(
        "solvent_loading",
        "kg/m2",
        mean(solvent, solvent_flow),
        nominal=0.1,
        meaning="solvent mass per area, mean since the start",
    )
    return m.output(
        "wet_film_thickness",
        "m",
        mean(volume, delivered),
        nominal=1e-4,
        meaning="thickness of the wet film, mean since the start",
    )


def _streaks(m: Model, p: dict[str, ca.SX], u: dict[str, ca.SX], film: ca.SX) -> None:
    """Count agglomerates too coarse for the film: sizes by volume are lognormal about a median."""
    coarse = p["streak_share"] * ca.fmax(film, SMALLEST_SIZE)
    away = ca.log(coarse / ca.fmax(u["agglomerate_size"], SMALLEST_SIZE)) / p["agglomerate_spread"]
    tail = 0.5 * (1 - ca.erf(away / math.sqrt(2)))
    carbon = p["carbon_volume_share"] * film
    m.output(
        "streak_density",
        "1/m2",
        carbon * tail / (math.pi / 6 * coarse**3),
        minimum=0.0,
        meaning="agglomerates per area that are coarse enough to leave a streak",
    )


def _window(m: Model, p: dict[str, ca.SX], u: dict[str, ca.SX], film: ca.SX) -> None:
    """Compare the wet film with the limits of the coating window."""
    gap = u["coating_gap"]
    shear_rate = ca.fmax(u["web_speed"] / gap, SMALLEST_SHEAR)
    thinning = u["consistency_index"] * shear_rate ** u["flow_index"]
    plateau = u["plateau_viscosity"] * shear_rate
    stress = u["yield_stress"] + ca.sqrt(thinning**2 + plateau**2 + SMALLEST_STRESS**2)
    # eta u = stress * gap, so the number stays finite when the web stands still
    capillary = m.output(
        "capillary_number",
        "1",
        stress * gap / p["surface_tension"],
        nominal=1.0,
        meaning="viscous over capillary forces at the shear rate of the gap",
    )
    stabilising = 2 * (LIMIT_CONSTANT / ca.fmax(capillary, 1e-6)) ** (2 / 3)
    vacuum = 1 + u["vacuum_pressure"] / p["vacuum_reference"]
    limit = m.output(
        "minimum_wet_film_thickness",
        "m",
        gap / (1 + stabilising * vacuum),
        nominal=1e-4,
        meaning="low-flow limit of the window",
    )
    m.output(
        "coating_window_margin",
        "1",
        film / limit - 1,
        meaning="wet film over its low-flow limit, minus one",
    )
    m.output(
        "air_entrainment",
        "1",
        ca.if_else(film < limit, 1.0, 0.0),
        minimum=0.0,
        maximum=1.0,
        meaning="1 where the wet film is below its low-flow limit",
    )
    m.output(
        "swelling",
        "1",
        ca.if_else(film > p["swelling_ratio"] * gap, 1.0, 0.0),
        minimum=0.0,
        maximum=1.0,
        meaning="1 where the wet film swells out of the gap",
    )
    # sqrt(u/u_slot) with u_slot = flow / (width * slot height) is sqrt(slot height / wet film)
    stretch = p["slot_height"] / ca.fmax(film, p["slot_height"] / 100)
    m.output(
        "edge_ratio",
        "1",
        ca.sqrt(ca.fmax(stretch, 1)),
        minimum=1.0,
        maximum=10.0,
        meaning="height of the coating's edge over its middle",
    )
    verified = ca.if_else(capillary < 0.1, 0.0, ca.if_else(capillary > 10, 0.0, 1.0))
    m.output(
        "window_verified",
        "1",
        verified,
        minimum=0.0,
        maximum=1.0,
        meaning="1 where the capillary number lies in 0.1-10, the range of the theory",
    )
