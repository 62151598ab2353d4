"""What a dryer has to be told about solvent, solids and foil, for both electrodes."""

from __future__ import annotations

from tables import Row

_NMP = "PHYSICS.md 1: fit to `thermo`, 293-413 K, 1.7 %"
_WATER = "Antoine equation for water, 1-100 Cel, after the Dortmund Data Bank"
_FULLER = "Fuller-Schettler-Giddings at 298 K"

# name, unit, start, minimum, maximum, tag, source, meaning
INPUTS = [
    Row(
        "loading",
        "kg/m2",
        0.2,
        0.0,
        2.0,
        "A",
        "PHYSICS.md 1.3: cathode film",
        "dry coating mass per area of the side being dried",
    ),
    Row(
        "air_temperature",
        "K",
        393.15,
        273.15,
        453.15,
        "A",
        "PHYSICS.md 1.3",
        "temperature of the zone's air",
    ),
    Row(
        "heat_transfer_coefficient",
        "W/(m2.K)",
        40.0,
        0.0,
        200.0,
        "A",
        "PHYSICS.md 1.3: 20-60",
        "air to web, each face",
    ),
    Row(
        "solvent_pressure",
        "Pa",
        0.0,
        0.0,
        2e4,
        "A",
        "dry air",
        "partial pressure of the solvent in the zone's air",
    ),
    Row(
        "dry_mass_below",
        "kg/m2",
        0.0,
        0.0,
        2.0,
        "A",
        "first pass; second pass: loading of side A",
        "dry coating on the other side of the foil",
    ),
]

# name: (unit, minimum, maximum, meaning)
PARAMETERS = {
    "vapour_a": ("1", 5.0, 15.0, "A in log10(p/Pa) = A - B/(T + C)"),
    "vapour_b": ("K", 500.0, 5000.0, "B in log10(p/Pa) = A - B/(T + C)"),
    "vapour_c": ("K", -150.0, 50.0, "C in log10(p/Pa) = A - B/(T + C)"),
    "latent_heat": ("J/kg", 1e5, 4e6, "latent heat of the solvent at 298 K"),
    "latent_heat_slope": ("J/(kg.K)", 0.0, 5e3, "fall of the latent heat with temperature"),
    "vapour_diffusivity": ("m2/s", 1e-6, 1e-4, "diffusivity of the vapour in air at 298 K"),
    "solvent_molar_mass": ("kg/mol", 0.01, 0.5, "molar mass of the solvent"),
    "solvent_density": ("kg/m3", 500.0, 2000.0, "density of the liquid solvent"),
    "solvent_heat_capacity": ("J/(kg.K)", 500.0, 6e3, "heat capacity of the liquid solvent"),
    "solid_density": ("kg/m3", 500.0, 8e3, "density of the solids, mass-weighted"),
    "solid_heat_capacity": ("J/(kg.K)", 200.0, 3e3, "heat capacity of the solids"),
    "foil_mass": ("kg/m2", 0.005, 1.0, "mass of the foil per area"),
    "foil_heat_capacity": ("J/(kg.K)", 100.0, 3e3, "heat capacity of the foil"),
    "dry_porosity": ("1", 0.1, 0.9, "porosity of the dry coating before calendering"),
    "tortuosity": ("1", 1.0, 100.0, "lumped tortuosity of the pores for vapour"),
    "sorption_fraction": ("1", 1e-3, 0.2, "solvent over its initial mass where sorption begins"),
    "binder_diffusivity": ("m2/s", 1e-12, 1e-8, "diffusivity of the binder in the wet film"),
    "adhesion_exponent": ("1", 0.0, 5.0, "m in adhesion = (bottom binder over mean)^m"),
}

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622_nmp": {  # name: (value in the unit above, tag, source)
        "vapour_a": (9.7496, "D", _NMP),
        "vapour_b": (2001.27, "D", _NMP),
        "vapour_c": (-51.83, "D", _NMP),
        "latent_heat": (556.3e3, "D", "PHYSICS.md 1: fit to `thermo`"),
        "latent_heat_slope": (660.0, "D", "PHYSICS.md 1: fit to `thermo`"),
        "vapour_diffusivity": (8.64e-6, "M", _FULLER),
        "solvent_molar_mass": (0.09913, "M", "C5H9NO"),
        "solvent_density": (1028.0, "M", "PHYSICS.md 1"),
        "solvent_heat_capacity": (1760.0, "M", "PHYSICS.md 1"),
        "solid_density": (4462.0, "M", "96/2/2 of NMC 4750, carbon black 1900, PVDF 1770 kg/m3"),
        "solid_heat_capacity": (900.0, "A", "PHYSICS.md 1.3"),
        "foil_mass": (0.0405, "A", "15 um aluminium of 2700 kg/m3"),
        "foil_heat_capacity": (900.0, "M", "aluminium"),
        "dry_porosity": (0.50, "A", "PHYSICS.md 1.3"),
        "tortuosity": (2.0, "A", "PHYSICS.md 1.3: 2-10, lumped, to be fitted"),
        "sorption_fraction": (0.01, "A", "PHYSICS.md 1.3"),
        "binder_diffusivity": (1e-10, "A", "PHYSICS.md 1.3: 1e-11 to 1e-10"),
        "adhesion_exponent": (1.0, "A", "PHYSICS.md 1.3"),
    },
    "graphite_water": {
        "vapour_a": (10.19621, "M", _WATER),
        "vapour_b": (1730.63, "M", _WATER),
        "vapour_c": (-39.724, "M", _WATER),
        "latent_heat": (2442.3e3, "M", "steam table at 25 Cel"),
        "latent_heat_slope": (2400.0, "M", "steam table, 25-100 Cel"),
        "vapour_diffusivity": (2.5e-5, "M", _FULLER),
        "solvent_molar_mass": (0.018015, "M", "H2O"),
        "solvent_density": (997.0, "M", "water at 25 Cel"),
        "solvent_heat_capacity": (4180.0, "M", "water at 25 Cel"),
        "solid_density": (2223.0, "M", "95/1.5/3.5 of graphite 2260, carbon black 1900, CMC 1600"),
        "solid_heat_capacity": (720.0, "M", "graphite at 25 Cel"),
        "foil_mass": (0.0896, "A", "10 um copper of 8960 kg/m3"),
        "foil_heat_capacity": (385.0, "M", "copper"),
        "dry_porosity": (0.50, "A", "as the cathode"),
        "tortuosity": (2.0, "A", "as the cathode"),
        "sorption_fraction": (0.01, "A", "as the cathode"),
        "binder_diffusivity": (1e-10, "A", "as the cathode"),
        "adhesion_exponent": (1.0, "A", "as the cathode"),
    },
}
