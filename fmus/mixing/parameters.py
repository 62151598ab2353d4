"""What a mixer has to be told about powders, solvent, rheology and tool, for both electrodes."""

from __future__ import annotations

_DENSITY = "PHYSICS.md 1, true density"
_FIT = "fit to 24 rows of graphite/carbon black/CMC/water, README.md; source undocumented"
_POWER = "PHYSICS.md 1.1"
_FORM = "PHYSICS.md 1.1, form after Griessl 2021, Dreger 2017, Mayer 2020"
_TARGET = "PHYSICS.md 1.1: 0.5-5 Pa.s at 100 1/s for the recipe"
_TOOL = "laboratory planetary dissolver, PHYSICS.md 0"

# name: (unit, minimum, maximum, meaning)
PARAMETERS = {
    "active_material_density": ("kg/m3", 500.0, 1e4, "density of the active material"),
    "conductive_additive_density": ("kg/m3", 500.0, 5e3, "density of the conductive additive"),
    "binder_density": ("kg/m3", 500.0, 5e3, "density of the binder"),
    "solvent_density": ("kg/m3", 500.0, 2e3, "density of the solvent"),
    "active_material_heat_capacity": ("J/(kg.K)", 200.0, 3e3, "of the active material"),
    "conductive_additive_heat_capacity": ("J/(kg.K)", 200.0, 3e3, "of the conductive additive"),
    "binder_heat_capacity": ("J/(kg.K)", 200.0, 4e3, "of the binder"),
    "solvent_heat_capacity": ("J/(kg.K)", 500.0, 6e3, "of the solvent"),
    "solvent_viscosity": ("Pa.s", 1e-4, 1.0, "of the pure solvent at 25 Cel"),
    "packing_limit": ("1", 0.3, 0.75, "volume fraction of active material that still flows"),
    "packing_size_exponent": ("1", 0.0, 0.5, "packing limit over particle size factor, exponent"),
    "intrinsic_viscosity": ("1", 2.0, 10.0, "intrinsic viscosity of the active material"),
    "medium_consistency": ("Pa.s", 1e-3, 100.0, "consistency of the medium at the reference"),
    "reference_carbon": ("1", 1e-3, 0.1, "carbon over medium mass at the reference"),
    "reference_binder": ("1", 1e-3, 0.1, "binder over medium mass at the reference"),
    "carbon_exponent": ("1", 1.0, 5.0, "consistency over carbon fraction, exponent"),
    "binder_exponent": ("1", 1.0, 5.0, "consistency over binder fraction, exponent"),
    "medium_flow_index": ("1", 0.3, 1.0, "flow index at the reference"),
    "flow_index_slope": ("1", -3.0, 3.0, "rise of the flow index with the carbon fraction"),
    "medium_yield_stress": ("Pa", 0.0, 50.0, "yield stress where carbon is one reference above"),
    "yield_threshold": ("1", 0.0, 0.1, "carbon over medium mass where a network forms"),
    "yield_exponent": ("1", 1.0, 6.0, "yield stress over carbon fraction, exponent"),
    "dispersion_exponent": ("1", 0.0, 2.0, "yield stress over agglomerate size, exponent"),
    "activation_energy": ("J/mol", 0.0, 6e4, "of the viscosity"),
    "dispersion_rate": ("kg/J", 0.0, 1e-2, "break-up of agglomerates per specific energy"),
    "reference_agglomerate": ("m", 1e-8, 1e-5, "agglomerate that 10 m/s of tip speed leaves"),
    "tip_speed_exponent": ("1", 0.0, 3.0, "final agglomerate over tip speed, exponent (negative)"),
    "fed_agglomerate": ("m", 1e-7, 1e-3, "agglomerate size of the carbon as it is fed"),
    "laminar_power": ("1", 1.0, 1e3, "power number times Reynolds number, laminar"),
    "turbulent_power": ("1", 0.01, 10.0, "power number, turbulent"),
    "shear_factor": ("1", 1.0, 50.0, "shear rate at the tool over rotor speed (Metzner-Otto)"),
    "tool_diameter": ("m", 0.01, 3.0, "diameter of the tool"),
    "covering_volume": ("m3", 1e-5, 5.0, "slurry volume that covers the tool"),
    "motor_power": ("W", 10.0, 1e6, "greatest mechanical power of the drive"),
    "jacket_conductance": ("W/K", 0.0, 1e5, "heat transfer from slurry to jacket"),
    "vessel_heat_capacity": ("J/K", 10.0, 1e7, "of tool and inner wall"),
    "feed_temperature": ("K", 263.15, 353.15, "temperature of all that is dosed"),
}

_COMMON: dict[str, tuple[float, str, str]] = {
    "packing_size_exponent": (0.05, "A", "finer powder packs worse: 3.5 % at half the size"),
    "binder_exponent": (1.0, "A", "dissolved polymer, dilute side; no data"),
    "dispersion_exponent": (0.3, "A", _FORM + ": yield term times (x_ref/x)^q"),
    "activation_energy": (17e3, "A", _POWER),
    "dispersion_rate": (0.15e-3, "A", _FORM),
    "reference_agglomerate": (0.25e-6, "A", _FORM),
    "tip_speed_exponent": (0.7, "A", _FORM),
    "fed_agglomerate": (20e-6, "A", "carbon black pearls break to tens of um at once"),
    "laminar_power": (80.0, "A", _POWER),
    "turbulent_power": (0.4, "A", _POWER),
    "shear_factor": (11.0, "A", _POWER + ", Metzner-Otto"),
    "tool_diameter": (0.12, "A", _TOOL),
    "covering_volume": (5e-3, "A", _TOOL),
    "motor_power": (2000.0, "A", _TOOL),
    "jacket_conductance": (40.0, "A", "0.3 m2 of wall at 130 W/(m2.K)"),
    "vessel_heat_capacity": (4000.0, "A", "8 kg of steel in contact with the slurry"),
    "feed_temperature": (295.15, "A", "hall at 22 Cel"),
}

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622_nmp": _COMMON  # name: (value in the unit above, tag, source)
    | {
        "active_material_density": (4750.0, "M", _DENSITY),
        "conductive_additive_density": (1900.0, "M", _DENSITY),
        "binder_density": (1770.0, "M", _DENSITY),
        "solvent_density": (1028.0, "M", _DENSITY),
        "active_material_heat_capacity": (750.0, "A", "layered oxides, 25 Cel"),
        "conductive_additive_heat_capacity": (720.0, "M", "carbon, 25 Cel"),
        "binder_heat_capacity": (1200.0, "M", "PVDF"),
        "solvent_heat_capacity": (1760.0, "M", "PHYSICS.md 1, NMP"),
        "solvent_viscosity": (1.67e-3, "M", "PHYSICS.md 1, NMP"),
        "packing_limit": (0.63, "M", "PHYSICS.md 1.1: 0.62-0.64"),
        "intrinsic_viscosity": (2.65, "M", "PHYSICS.md 1.1: 2.5-2.8"),
        "medium_consistency": (1.5, "A", _TARGET),
        "reference_carbon": (0.0376, "A", "recipe 96/2/2 at 67 % solids"),
        "reference_binder": (0.0376, "A", "recipe 96/2/2 at 67 % solids"),
        "carbon_exponent": (1.6, "A", "as found for the anode"),
        "medium_flow_index": (0.70, "A", "as found for the anode"),
        "flow_index_slope": (0.0, "A", "no data"),
        "medium_yield_stress": (3.0, "A", "about 1-2 Pa for the recipe; no data"),
        "yield_threshold": (0.01, "A", "percolation of carbon black, no data"),
        "yield_exponent": (2.8, "A", "fractal networks: 2.5-4.5"),
    },
    "graphite_water": _COMMON
    | {
        "active_material_density": (2260.0, "M", _DENSITY),
        "conductive_additive_density": (1900.0, "M", _DENSITY),
        "binder_density": (1600.0, "M", _DENSITY + " of CMC"),
        "solvent_density": (997.0, "M", "water at 25 Cel"),
        "active_material_heat_capacity": (720.0, "M", "graphite, 25 Cel"),
        "conductive_additive_heat_capacity": (720.0, "M", "carbon, 25 Cel"),
        "binder_heat_capacity": (1400.0, "A", "cellulose and rubber"),
        "solvent_heat_capacity": (4180.0, "M", "water"),
        "solvent_viscosity": (0.89e-3, "M", "water at 25 Cel"),
        "packing_limit": (0.53, "M", "PHYSICS.md 1.1: 0.52-0.55"),
        "intrinsic_viscosity": (3.6, "M", "PHYSICS.md 1.1: 3.2-4"),
        "medium_consistency": (2.9313, "D", _FIT),
        "reference_carbon": (0.04, "D", "middle of the 24 rows"),
        "reference_binder": (0.0155, "D", "CMC of the 24 rows"),
        "carbon_exponent": (1.6251, "D", _FIT),
        "medium_flow_index": (0.69351, "D", _FIT),
        "flow_index_slope": (-0.69811, "D", _FIT),
        "medium_yield_stress": (0.73841, "D", _FIT),
        "yield_threshold": (0.0032725, "D", _FIT),
        "yield_exponent": (4.5774, "D", _FIT),
    },
}
