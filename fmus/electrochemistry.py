"""Electrodes as single particles: what the formation model and the ageing model have in common.

Open-circuit potentials and particle data are those of Chen et al. 2020 (J. Electrochem. Soc.
167:080534), the polynomial profile is that of Subramanian et al. 2005. A current density is per
particle area and positive where it oxidises (a discharging anode, a charging cathode).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import casadi as ca
from tables import Row, declare_inputs, declare_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.authoring import Model

FARADAY = 96485.33212  # C/mol, exact by definition of the SI
GAS_CONSTANT = 8.314462618  # J/(mol.K), exact by definition of the SI
REFERENCE_TEMPERATURE = 298.15  # K, where temperature-dependent parameters are given
COULOMB_PER_AH = 3600.0  # C/A.h
CHEN = "Chen et al. 2020, J. Electrochem. Soc. 167:080534, as used by PyBaMM"

# Beyond these stoichiometries the potentials run off linearly, as an empty or full particle does:
# the published curves stay flat there, so that no voltage limit would ever be met.
_EMPTY, _FULL = 0.002, 0.9995
_CORNER = 2e-4  # stoichiometry over which the run-off is rounded
_RUN_OFF = 20.0  # V per unit of stoichiometry


def positive_part(value: ca.SX, width: float) -> ca.SX:
    """Return max(value, 0) rounded over `width`, so that it has a derivative everywhere."""
    return 0.5 * (value + ca.sqrt(value * value + width * width))


def softplus(value: ca.SX, width: float | ca.SX) -> ca.SX:
    """Return max(value, 0) rounded over `width`, with an exponential tail below 0."""
    # log takes half the time of log1p; what rounds away is below 1e-16 of the width
    return ca.fmax(value, 0.0) + width * ca.log(1.0 + ca.exp(-ca.fabs(value) / width))


def inverse_sinh(value: ca.SX) -> ca.SX:
    """Return asinh(value) by a logarithm, a third of the library's time; nothing cancels."""
    sign = ca.if_else(value >= 0.0, 1.0, -1.0)
    return sign * ca.log(sign * value + ca.sqrt(value * value + 1.0))


def step_shape(value: ca.SX) -> ca.SX:
    """Return tanh(value) for moderate values; exp takes half the time of the library's tanh."""
    return 1.0 - 2.0 / (1.0 + ca.exp(2.0 * value))


def arrhenius(activation_energy: ca.SX, temperature: ca.SX) -> ca.SX:
    """Return the factor on a rate, 1 at 298.15 K; energy in J/mol, temperature in K."""
    difference = 1.0 / temperature - 1.0 / REFERENCE_TEMPERATURE
    return ca.exp(-activation_energy / GAS_CONSTANT * difference)


def anode_curve(s: ca.SX) -> ca.SX:
    """Return the potential of graphite against lithium in V at stoichiometry s (Chen 2020)."""
    return (
        1.9793 * ca.exp(-39.3631 * s)
        + 0.2482
        - 0.0909 * step_shape(29.8538 * (s - 0.1234))
        - 0.04478 * step_shape(14.9159 * (s - 0.2769))
        - 0.0205 * step_shape(30.4444 * (s - 0.6103))
    )


def cathode_curve(s: ca.SX) -> ca.SX:
    """Return the potential of NMC against lithium in V at stoichiometry s (Chen 2020)."""
    return (
        -0.8090 * s
        + 4.4875
        - 0.0428 * step_shape(18.5138 * (s - 0.5542))
        - 17.7326 * step_shape(15.7890 * (s - 0.3117))
        + 17.5842 * step_shape(15.9308 * (s - 0.3120))
    )


def bounded(s: ca.SX) -> tuple[ca.SX, ca.SX]:
    """Return a stoichiometry kept inside (0, 1), and by how much it was moved up (or down, < 0)."""
    below, above = positive_part(_EMPTY - s, _CORNER), positive_part(s - _FULL, _CORNER)
    return s + below - above, below - above


@dataclass(frozen=True)
class Electrode:
    """One electrode as one particle with a quartic concentration profile, at one temperature.

    `surface` is the wetted particle area of the whole cell in m2; the other fields are in SI.
    """

    curve: Callable[[ca.SX], ca.SX]
    radius: ca.SX
    diffusivity: ca.SX
    maximum_concentration: ca.SX
    exchange_current: ca.SX
    surface: ca.SX
    temperature: ca.SX

    @property
    def capacity(self) -> ca.SX:
        """Charge in A.h that takes the stoichiometry from 0 to 1."""
        volume = self.surface * self.radius / 3.0
        return FARADAY * volume * self.maximum_concentration / COULOMB_PER_AH

    def potential(self, stoichiometry: ca.SX) -> ca.SX:
        """Return the equilibrium potential against lithium in V; finite for any stoichiometry."""
        inside, moved = bounded(stoichiometry)
        return self.curve(inside) + _RUN_OFF * moved

    def stoichiometry_rate(self, density: ca.SX) -> ca.SX:
        """Return d(mean stoichiometry)/dt in 1/s."""
        return -3.0 / (FARADAY * self.radius * self.maximum_concentration) * density

    def gradient_rate(self, gradient: ca.SX, density: ca.SX) -> ca.SX:
        """Return d(mean gradient)/dt in 1/s; the gradient counts in maximum concentration/radius.

        Subramanian's flux state q (mol/m4) times radius over maximum concentration: a number near
        1, where q itself would be 1e8 and spoil the integrator's linear systems.
        """
        flux = 22.5 / (FARADAY * self.radius * self.maximum_concentration) * density
        return -30.0 / self.radius**2 * self.diffusivity * gradient - flux

    def surface_stoichiometry(self, mean: ca.SX, gradient: ca.SX, density: ca.SX) -> ca.SX:
        """Return the stoichiometry at the particle's surface."""
        scale = FARADAY * self.maximum_concentration / self.radius * self.diffusivity
        return mean + (8.0 * gradient - density / scale) / 35.0

    def overpotential(self, surface_stoichiometry: ca.SX, density: ca.SX) -> ca.SX:
        """Return the overpotential in V of a symmetric Butler-Volmer reaction."""
        inside, _ = bounded(surface_stoichiometry)
        exchange = 2.0 * self.exchange_current * ca.sqrt(inside * (1.0 - inside))
        thermal = 2.0 * GAS_CONSTANT * self.temperature / FARADAY
        return thermal * inverse_sinh(density / (2.0 * exchange))


# fmt: off
_GEOMETRY = (
    Row("electrode_area", "m2", 0.1648, 0.005, 20.0, "A", "recipe cell of 5 A.h",
        "facing electrode area of the cell"),
    Row("anode_coating_thickness", "m", 78.8e-6, 10e-6, 300e-6, "A", "11.3 mg/cm2 at porosity 0.35",
        "anode coating per side"),
    Row("cathode_coating_thickness", "m", 59.2e-6, 10e-6, 300e-6, "A", "18.5 mg/cm2, porosity 0.30",
        "cathode coating per side"),
    Row("anode_active_fraction", "1", 0.603, 0.2, 0.9, "A", "95 % graphite of 2260 kg/m3",
        "volume share of graphite in the anode"),
    Row("cathode_active_fraction", "1", 0.632, 0.2, 0.9, "A", "96 % NMC622 of 4750 kg/m3",
        "volume share of NMC in the cathode"),
    Row("wetting_saturation", "1", 1.0, 0.3, 1.0, "A", "fully wetted",
        "share of the pores that is wetted; scales the electrode area"),
)
_ANODE = (
    Row("anode_particle_radius", "m", 5.86e-6, 1e-7, 5e-5, "V", CHEN, "radius of graphite"),
    Row("anode_diffusivity", "m2/s", 3.3e-14, 1e-16, 1e-11, "V", CHEN, "lithium in graphite"),
    Row("anode_diffusion_energy", "J/mol", 30e3, 0.0, 1e5, "M", "usual for graphite; Chen has none",
        "activation energy of that diffusion"),
    Row("anode_maximum_concentration", "mol/m3", 30358.0, 1e3, 1e5, "A",
        "360 mA.h/g of 2260 kg/m3; Chen 2020 has 33133", "lithium in full graphite"),
    Row("anode_exchange_current", "A/m2", 0.33947, 1e-4, 1e3, "V", CHEN,
        "exchange current density of half-full graphite"),
    Row("anode_reaction_energy", "J/mol", 35e3, 0.0, 1e5, "M", CHEN, "activation energy of it"),
)
_CATHODE = (
    Row("cathode_particle_radius", "m", 5.22e-6, 1e-7, 5e-5, "V", CHEN, "radius of NMC"),
    Row("cathode_diffusivity", "m2/s", 4e-15, 1e-17, 1e-11, "V", CHEN, "lithium in NMC"),
    Row("cathode_diffusion_energy", "J/mol", 30e3, 0.0, 1e5, "M", "usual for NMC; Chen has none",
        "activation energy of that diffusion"),
    Row("cathode_maximum_concentration", "mol/m3", 49005.0, 1e3, 1e5, "D",
        "4750 kg/m3 over 96.93 g/mol of NMC622; Chen 2020 (NMC811) has 63104",
        "lithium in full NMC"),
    Row("cathode_exchange_current", "A/m2", 3.41235, 1e-4, 1e3, "V", CHEN,
        "exchange current density of half-full NMC"),
    Row("cathode_reaction_energy", "J/mol", 17.8e3, 0.0, 1e5, "M", CHEN, "activation energy of it"),
)
# fmt: on


def declare_geometry(model: Model) -> dict[str, ca.SX]:
    """Declare the inputs that say how much electrode a cell has; return them by name."""
    return declare_inputs(model, _GEOMETRY)


def wetted_area(geometry: dict[str, ca.SX]) -> ca.SX:
    """Return the facing area in m2 that takes part; what is dry carries no current."""
    return geometry["electrode_area"] * ca.fmax(geometry["wetting_saturation"], 0.01)


def declare_electrode(
    model: Model, side: str, geometry: dict[str, ca.SX], temperature: ca.SX
) -> Electrode:
    """Declare the particle parameters of "anode" or "cathode"; return it at `temperature`."""
    p = declare_parameters(model, _ANODE if side == "anode" else _CATHODE)
    active = geometry[f"{side}_coating_thickness"] * geometry[f"{side}_active_fraction"]
    radius = p[f"{side}_particle_radius"]
    reaction = arrhenius(p[f"{side}_reaction_energy"], temperature)
    diffusion = arrhenius(p[f"{side}_diffusion_energy"], temperature)
    return Electrode(
        curve=anode_curve if side == "anode" else cathode_curve,
        radius=radius,
        diffusivity=p[f"{side}_diffusivity"] * diffusion,
        maximum_concentration=p[f"{side}_maximum_concentration"],
        exchange_current=p[f"{side}_exchange_current"] * reaction,
        surface=3.0 * wetted_area(geometry) * active / radius,
        temperature=temperature,
    )
