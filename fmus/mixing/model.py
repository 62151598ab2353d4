"""Mixing of a batch of electrode slurry in a dissolver.

Powders and solvent are dosed into a vessel, the tool heats and shears them, carbon agglomerates
break; what leaves is a slurry with a Herschel-Bulkley law.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import casadi as ca
from mixing.parameters import PARAMETER_SETS, PARAMETERS
from mixing.rheology import MEDIUM_BEND, PACKING_BEND, Rheology, rheology, saturate
from tables import declare_parameters, rows

from linetwin.authoring import Model

__all__ = ["PARAMETER_SETS", "build"]

HEEL = 1e-12  # kg [A] of solvent, in ratios only: an empty vessel has the properties of solvent
CARBON_HEEL = 1e-3  # kg [A] keeps the mixing of fresh with dispersed carbon finite
REFERENCE_TIP_SPEED = 10.0  # m/s [A] PHYSICS.md 1.1
SMALLEST_TIP_SPEED = 0.1  # m/s [A] keeps the final agglomerate of a resting tool finite
SMALLEST_SIZE = 1e-9  # m [A] keeps ratios of agglomerate sizes finite
HIGHEST_MEASURED = 1000.0  # 1/s [A] up to which the 24 rows are taken to hold
SMALLEST_SHEAR = 1e-2  # 1/s [A] keeps the derivative of the stress finite at rest

COMPONENTS = ("active_material", "conductive_additive", "binder", "solvent")


@dataclass(frozen=True)
class _Batch:
    """Symbols shared by the parts of the model; masses and feeds in the order of COMPONENTS."""

    p: dict[str, ca.SX]
    masses: list[ca.SX]  # kg
    feeds: list[ca.SX]  # kg/s
    size: ca.SX  # agglomerates, m
    temperature: ca.SX  # K
    rotor_speed: ca.SX  # 1/s

    @property
    def mass(self) -> ca.SX:
        """Mass in the vessel, kg."""
        return ca.sum1(ca.vertcat(*self.masses))

    def total(self, quantity: str, amounts: list[ca.SX]) -> ca.SX:
        """Return the sum over components of amount times a property."""
        values = [self.p[f"{component}_{quantity}"] for component in COMPONENTS]
        return ca.dot(ca.vertcat(*values), ca.vertcat(*amounts))

    @property
    def volume(self) -> ca.SX:
        """Volume in the vessel, m3."""
        densities = [self.p[f"{component}_density"] for component in COMPONENTS]
        return ca.sum1(ca.vertcat(*self.masses) / ca.vertcat(*densities))


def build() -> Model:
    """Return the mixing model; defaults are the cathode's (NMC622 with NMP)."""
    m = Model(
        "mixing",
        title="Mixing of electrode slurry",
        description="Composition, dispersion, temperature and rheology of a batch",
        version="1.0",
        validity=(
            "active material below 0.9 of its packing limit, carbon and binder below 12 % of the"
            " medium (output rheology_valid); shear rates of 10-1000 1/s, extrapolated to 10000"
        ),
    )
    p = declare_parameters(m, rows(PARAMETERS, PARAMETER_SETS["nmc622_nmp"]))
    batch = _batch(m, p)
    law = _slurry(m, batch)
    power = _power(m, batch, law)
    _balances(m, batch, power)
    return m


def _batch(m: Model, p: dict[str, ca.SX]) -> _Batch:
    """Declare what is in the vessel and what is done to it."""
    masses = [
        m.state(
            f"{component}_mass",
            "kg",
            start=0.0,
            nominal=1.0,
            minimum=0.0,
            maximum=20000.0,
            meaning=f"{component.replace('_', ' ')} in the vessel",
        )
        for component in COMPONENTS
    ]
    feeds = [
        m.input(
            f"{component}_feed",
            "kg/s",
            start=0.0,
            minimum=0.0,
            maximum=10.0,
            meaning=f"{component.replace('_', ' ')} dosed per second",
            tag="A",
            source="nothing is dosed until told",
        )
        for component in COMPONENTS
    ]
    size = m.state(
        "agglomerate_size",
        "m",
        start=20e-6,
        nominal=1e-6,
        minimum=0.0,
        maximum=1e-3,
        meaning="size of carbon agglomerates",
    )
    temperature = m.state(
        "slurry_temperature",
        "K",
        start=295.15,
        nominal=10.0,
        minimum=250.0,
        maximum=400.0,
        meaning="temperature of the slurry",
    )
    rotor_speed = m.input(
        "rotor_speed",
        "1/s",
        start=25.0,
        minimum=0.0,
        maximum=100.0,
        meaning="revolutions of the tool per second",
        tag="A",
        source="9.4 m/s at the tip of a tool of 0.12 m",
    )
    return _Batch(p, masses, feeds, size, temperature, rotor_speed)


def _slurry(m: Model, b: _Batch) -> Rheology:
    """Report composition and rheology; return the law."""
    active, carbon, binder, solvent = b.masses
    particle_size = m.input(
        "particle_size_factor",
        "1",
        start=1.0,
        minimum=0.5,
        maximum=2.0,
        meaning="median particle size of the active material's lot over its nominal value",
        tag="A",
        source="nominal lot",
    )
    heel_volume = HEEL / b.p["solvent_density"]
    volume = b.volume + heel_volume
    fraction = ca.fmax(active, 0) / b.p["active_material_density"] / volume
    limit = b.p["packing_limit"] * particle_size ** b.p["packing_size_exponent"]
    medium = ca.fmax(carbon + binder + solvent, 0) + HEEL
    carbon_share, binder_share = ca.fmax(carbon, 0) / medium, ca.fmax(binder, 0) / medium
    size = ca.fmax(b.size, SMALLEST_SIZE)
    moisture = m.input(
        "moisture_factor",
        "1",
        start=1.0,
        minimum=0.0,
        maximum=10.0,
        meaning="water in the active material's lot over its nominal value",
        tag="A",
        source="nominal lot",
    )
    shares, now = (carbon_share, binder_share), (size, b.temperature)
    law = rheology(b.p, fraction / limit, limit, shares, now, moisture)
    m.output("slurry_mass", "kg", b.mass, meaning="mass of slurry in the vessel")
    _report(m, "slurry_density", "kg/m3", (b.mass + HEEL) / volume, "density of the slurry")
    solids = (active + carbon + binder) / (b.mass + HEEL)
    _report(m, "solids_fraction", "1", solids, "solids over slurry mass")
    _report(m, "packing_ratio", "1", fraction / limit, "active material over its packing limit")
    _report(m, "yield_stress", "Pa", law.yield_stress, "Herschel-Bulkley yield stress")
    _report(m, "consistency_index", "Pa.s", law.consistency, "Herschel-Bulkley consistency")
    _report(m, "flow_index", "1", law.flow_index, "Herschel-Bulkley flow index")
    _report(m, "viscosity", "Pa.s", law.stress(100.0) / 100, "viscosity at 100 1/s")
    _report(m, "viscosity_low_shear", "Pa.s", law.stress(10.0) / 10, "viscosity at 10 1/s")
    _report_die(m, b, law)
    strained = ca.fmax(
        fraction / limit / PACKING_BEND, ca.fmax(carbon_share, binder_share) / MEDIUM_BEND
    )
    _report(
        m, "rheology_valid", "1", ca.if_else(strained < 1, 1.0, 0.0), "1 where the rheology holds"
    )
    return law


def _report_die(m: Model, b: _Batch, law: Rheology) -> None:
    """Report what a slot die meets, and how far it can be trusted."""
    rate = b.p["die_shear_rate"]
    _report(m, "plateau_viscosity", "Pa.s", law.plateau, "viscosity at which thinning ends")
    _report(m, "viscosity_die", "Pa.s", law.stress(rate) / rate, "viscosity in a slot die")
    beyond = b.p["scatter_per_decade"] * ca.fmax(ca.log10(rate / HIGHEST_MEASURED), 0)
    scatter = ca.sqrt(b.p["viscosity_scatter"] ** 2 + beyond**2)
    _report(m, "viscosity_die_uncertainty", "1", scatter, "relative, one standard deviation")


def _report(m: Model, name: str, unit: str, value: ca.SX, meaning: str) -> None:
    nominal = 1000.0 if unit == "kg/m3" else 1.0
    m.output(name, unit, value, nominal=nominal, meaning=meaning)


def _power(m: Model, b: _Batch, law: Rheology) -> ca.SX:
    """Return the mechanical power of the tool, W."""
    shear_rate = ca.sqrt((b.p["shear_factor"] * b.rotor_speed) ** 2 + SMALLEST_SHEAR**2)
    # K_P/Re rho N^3 D^5 with eta = stress / shear rate: nothing is divided by the speed
    laminar = (
        b.p["laminar_power"]
        * law.stress(shear_rate)
        / b.p["shear_factor"]
        * b.rotor_speed
        * b.p["tool_diameter"] ** 3
    )
    density = (b.mass + HEEL) / (b.volume + HEEL / b.p["solvent_density"])
    turbulent = b.p["turbulent_power"] * density * b.rotor_speed**3 * b.p["tool_diameter"] ** 5
    # a tool that is only partly covered shears only that part
    covered = ca.fmin(ca.fmax(b.volume, 0) / b.p["covering_volume"], 1)
    power = saturate((laminar + turbulent) * covered, 0.9 * b.p["motor_power"], b.p["motor_power"])
    return m.output(
        "rotor_power", "W", power, nominal=100.0, meaning="mechanical power of the mixing tool"
    )


def _balances(m: Model, b: _Batch, power: ca.SX) -> None:
    """Balance mass, heat, mechanical energy and agglomerates."""
    jacket = m.input(
        "jacket_temperature",
        "K",
        start=291.15,
        minimum=263.15,
        maximum=363.15,
        meaning="temperature of the cooling jacket",
        tag="A",
        source="cooling water of 18 Cel",
    )
    for mass, feed in zip(b.masses, b.feeds, strict=True):
        m.der(mass, feed)
    energy = m.state(
        "rotor_energy",
        "J",
        start=0.0,
        nominal=1e5,
        minimum=0.0,
        meaning="mechanical energy brought in since the start",
    )
    m.der(energy, power)
    m.output(
        "specific_energy",
        "J/kg",
        energy / (b.mass + HEEL),
        nominal=1e4,
        meaning="mechanical energy brought in over mass in the vessel",
    )
    capacity = b.total("heat_capacity", b.masses) + b.p["vessel_heat_capacity"]
    fed = b.total("heat_capacity", b.feeds) * (b.p["feed_temperature"] - b.temperature)
    lost = b.p["jacket_conductance"] * (b.temperature - jacket)
    m.der(b.temperature, (power + fed - lost) / capacity)
    tip_speed = math.pi * b.rotor_speed * b.p["tool_diameter"]
    relative = ca.fmax(tip_speed, SMALLEST_TIP_SPEED) / REFERENCE_TIP_SPEED
    final = b.p["reference_agglomerate"] * relative ** -b.p["tip_speed_exponent"]
    # a slow tool breaks nothing further, it does not let agglomerates grow
    broken = b.p["dispersion_rate"] * power / (b.mass + HEEL) * ca.fmax(b.size - final, 0)
    carbon, fresh = ca.fmax(b.masses[1], 0), b.feeds[1]
    diluted = fresh / (carbon + CARBON_HEEL) * (b.p["fed_agglomerate"] - b.size)
    m.der(b.size, diluted - broken)
