"""Drying of one web element that is carried through the zones of a dryer.

The electrode is a film of solids and solvent on a foil. While its surface is wet the film shrinks
and carries binder upwards; then pores open and the vapour has to diffuse out of them.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import casadi as ca
from drying.parameters import INPUTS, PARAMETER_SETS, PARAMETERS
from drying.peaks import remember_rate, remember_temperature
from tables import declare_inputs, declare_parameters, rows

from linetwin.authoring import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PARAMETER_SETS", "build"]

CELLS = 10
GAS_CONSTANT = 8.314462618  # J/(mol.K), exact since 2019 [V]
AIR_MOLAR_MASS = 0.028965  # kg/mol [M] dry air
ATMOSPHERE = 101325.0  # Pa [A] the dryer stands at standard pressure
SMALLEST_LOADING = 1e-6  # kg/m2 [A] keeps divisions finite where there is no coating
SMALLEST_SOLVENT = 1e-4  # kg/m2 [A] as above, for an element that arrives dry


@dataclass(frozen=True)
class Film:
    """Symbols shared by the parts of the model: p parameters, then the element and its air.

    Vapour has to cross the empty pores, and the binder stays where it is but for diffusion; a
    model with other laws overrides the methods.
    """

    p: dict[str, ca.SX]
    X: ca.SX  # solvent, kg/m2
    T: ca.SX  # film temperature, K
    X0: ca.SX  # solvent at the start, kg/m2
    begun: ca.SX  # 0 until X0 is known, then 1
    M_s: ca.SX  # dry coating, kg/m2
    T_a: ca.SX  # air temperature, K
    h: ca.SX  # heat transfer coefficient of one face, W/(m2.K)
    p_inf: ca.SX  # partial pressure of the solvent in the air, Pa
    below: ca.SX  # dry coating on the other side, kg/m2

    @property
    def dry_thickness(self) -> ca.SX:
        """Thickness of the dry porous coating, m."""
        solids = ca.fmax(self.M_s, SMALLEST_LOADING)
        return solids / (self.p["solid_density"] * (1 - self.p["dry_porosity"]))

    @property
    def pore_solvent(self) -> ca.SX:
        """Solvent that just fills the pores of the dry coating, kg/m2."""
        return self.p["dry_porosity"] * self.dry_thickness * self.p["solvent_density"]

    @property
    def binder_rests_below(self) -> ca.SX:
        """Solvent below which the binder stays where it is, kg/m2."""
        return self.pore_solvent

    @property
    def solids_and_liquid(self) -> ca.SX:
        """Volume of solids and solvent per area, m: the film's thickness while it shrinks."""
        solids = self.dry_thickness * (1 - self.p["dry_porosity"])
        return solids + ca.fmax(self.X, 0) / self.p["solvent_density"]

    @property
    def binder_layer(self) -> ca.SX:
        """Thickness through which the binder is spread, m."""
        return self.solids_and_liquid

    def dry_share(self, saturation: ca.SX) -> ca.SX:
        """Return the share of the thickness whose pores the vapour has to cross."""
        return 1 - saturation

    def activity(self) -> ca.SX:
        """Return the solvent's activity."""
        # the exponential is 0.99995 at a tenth of X0, where PHYSICS.md begins to apply it;
        # the bound keeps it finite should an error estimate try X < 0
        initial = ca.fmax(ca.if_else(self.begun > 0.5, self.X0, self.X), SMALLEST_SOLVENT)
        return 1 - ca.exp(ca.fmin(-self.X / (self.p["sorption_fraction"] * initial), 5.0))

    def upward_speed(self, falling: ca.SX) -> ca.SX:
        """Return the binder's speed at the surface over the layer's faces, m/s."""
        return falling

    def binder_diffusivity(self) -> ca.SX:
        """Return the binder's diffusivity, m2/s."""
        return self.p["binder_diffusivity"]

    def at_the_foil(self, mobile: ca.SX) -> ca.SX:
        """Return all binder at the foil over its mean, from that of the binder that moves."""
        return mobile


@dataclass(frozen=True)
class DryingLaw:
    """What tells one drying model from another, and what it says of itself.

    `parameters`: name -> (unit, minimum, maximum, meaning); `defaults`: name -> (value, tag,
    source).
    """

    name: str
    description: str
    validity: str
    parameters: Mapping[str, tuple[str, float, float, str]]
    defaults: Mapping[str, tuple[float, str, str]]
    film: type[Film] = Film


def build() -> Model:
    """Return the drying model; defaults are the cathode's (NMC622 with NMP)."""
    return drying_model(
        DryingLaw(
            "drying",
            "Film temperature, solvent and binder of one web element in a dryer zone",
            "thin films in impinging air at standard pressure; film well below the solvent's"
            " boiling point; the tail of drying and binder migration are not validated",
            PARAMETERS,
            PARAMETER_SETS["nmc622_nmp"],
        )
    )


def drying_model(law: DryingLaw) -> Model:
    """Return a drying model whose film follows a law."""
    m = Model(
        law.name,
        title="Convective drying of a web element",
        description=law.description,
        version="1.0",
        validity=law.validity,
    )
    film = _element(m, declare_parameters(m, rows(law.parameters, law.defaults)), law.film)
    rate = _evaporation(m, film)
    _balances(m, film, rate)
    _binder(m, film, rate)
    return m


def _element(m: Model, p: dict[str, ca.SX], law: type[Film]) -> Film:
    """Declare the element's states and the conditions of the zone."""
    u = declare_inputs(m, INPUTS)
    return law(
        p=p,
        X=m.state(
            "solvent_loading",
            "kg/m2",
            start=0.0985,
            nominal=1.0,
            minimum=0.0,
            maximum=5.0,
            meaning="solvent per area of the side being dried",
        ),
        T=m.state(
            "film_temperature",
            "K",
            start=298.15,
            nominal=10.0,
            minimum=250.0,
            maximum=500.0,
            meaning="temperature of coating and foil",
        ),
        X0=m.discrete(
            "initial_solvent",
            "kg/m2",
            start=0.0,
            minimum=0.0,
            maximum=5.0,
            meaning="solvent when drying began",
        ),
        begun=m.discrete(
            "drying_begun",
            "1",
            start=0,
            minimum=0,
            maximum=1,
            meaning="1 once the solvent at the start has been noted",
        ),
        M_s=u["loading"],
        T_a=u["air_temperature"],
        h=u["heat_transfer_coefficient"],
        p_inf=u["solvent_pressure"],
        below=u["dry_mass_below"],
    )


def _evaporation(m: Model, f: Film) -> ca.SX:
    """Return the evaporation rate, kg/(m2.s); negative where vapour condenses."""
    T_mean = (f.T + f.T_a) / 2
    # dry air, 300-400 K [M] Incropera, table A.4: within 0.5 % there
    conductivity = 0.0263 + 7.5e-5 * (T_mean - 300)
    heat_capacity = 1007 + 7e-4 * (T_mean - 300) ** 2
    density = ATMOSPHERE * AIR_MOLAR_MASS / (GAS_CONSTANT * T_mean)
    diffusivity = f.p["vapour_diffusivity"] * _to_seven_quarters(T_mean / 298)
    lewis = conductivity / (density * heat_capacity * diffusivity)
    beta = f.h / (density * heat_capacity * lewis ** (2 / 3))
    saturation = m.output(
        "pore_saturation",
        "1",
        ca.fmin(ca.fmax(f.X, 0) / f.pore_solvent, 1),
        minimum=0.0,
        maximum=1.0,
        meaning="share of pores filled; 1 while the film shrinks",
    )
    pores = f.dry_share(saturation) * f.dry_thickness * f.p["tortuosity"]
    # the pores have the film's temperature, the boundary layer the mean of film and air
    in_pores = f.p["vapour_diffusivity"] * _to_seven_quarters(f.T / 298)
    pore_resistance = pores / (f.p["dry_porosity"] * in_pores)
    beta_total = beta / (1 + beta * pore_resistance)
    vapour = ca.exp(math.log(10.0) * (f.p["vapour_a"] - f.p["vapour_b"] / (f.T + f.p["vapour_c"])))
    driving = f.activity() * vapour / f.T - f.p_inf / f.T_a
    return m.output(
        "evaporation_rate",
        "kg/(m2.s)",
        beta_total * f.p["solvent_molar_mass"] / GAS_CONSTANT * driving,
        nominal=1e-3,
        meaning="solvent that leaves the film",
    )


def _to_seven_quarters(x: ca.SX) -> ca.SX:
    """Return x**1.75 by square roots, which cost a fifth of a power."""
    root = ca.sqrt(x)
    return x * root * ca.sqrt(root)


def _balances(m: Model, f: Film, rate: ca.SX) -> None:
    """Balance solvent and heat, and remember the peaks."""
    latent = f.p["latent_heat"] - f.p["latent_heat_slope"] * (f.T - 298)
    coating = (f.M_s + f.below) * f.p["solid_heat_capacity"]
    solvent = ca.fmax(f.X, 0) * f.p["solvent_heat_capacity"]
    capacity = coating + solvent + f.p["foil_mass"] * f.p["foil_heat_capacity"]
    heat_flux = m.output(
        "heat_flux",
        "W/m2",
        2 * f.h * (f.T_a - f.T),
        nominal=1e3,
        meaning="heat from the air to both faces of the web",
    )
    warming = (heat_flux - rate * latent) / capacity
    m.der(f.X, -rate)
    m.der(f.T, warming)
    m.when("drying_begins", ca.if_else(f.begun > 0.5, -1.0, 1.0), {f.X0: f.X, f.begun: 1})
    m.output(
        "evaporated_solvent",
        "kg/m2",
        ca.if_else(f.begun > 0.5, f.X0 - f.X, 0),
        nominal=0.1,
        meaning="solvent given off since drying began",
    )
    remember_temperature(m, f.T, warming)
    change = ca.jtimes(rate, ca.vertcat(f.X, f.T), ca.vertcat(-rate, warming))
    remember_rate(m, rate, change)


def _binder(m: Model, f: Film, rate: ca.SX) -> None:
    """Let the binder diffuse in the shrinking film, on cells that shrink with it."""
    shrinking = m.discrete(
        "shrinking",
        "1",
        start=1,
        minimum=0,
        maximum=1,
        meaning="1 until pores open; then the binder rests",
    )
    m.when(
        "pores_open", ca.if_else(shrinking > 0.5, f.binder_rests_below - f.X, -1.0), {shrinking: 0}
    )
    thickness = f.binder_layer
    falling = rate / f.p["solvent_density"]  # speed of the film's surface, m/s
    m.output(
        "film_thickness",
        "m",
        ca.fmax(f.solids_and_liquid, f.dry_thickness),
        nominal=1e-4,
        meaning="thickness of the coating",
    )
    b = [
        m.state(
            f"binder_{k}",
            "1",
            start=1.0,
            nominal=1.0,
            minimum=0.0,
            maximum=float(CELLS),
            meaning=f"binder in layer {k} of {CELLS} from the foil, over the mean",
        )
        for k in range(1, CELLS + 1)
    ]
    upward_speed, molecular = f.upward_speed(falling), f.binder_diffusivity()
    upward = [ca.SX(0)]
    for face in range(1, CELLS):
        # The face falls with the film, so binder crosses it upwards. Diffusivity is raised just
        # enough that no wiggles arise where a cell is too coarse for the boundary layer.
        speed = upward_speed * face / CELLS
        peclet = speed * thickness / CELLS / molecular
        diffusivity = molecular * ca.sqrt(1 + (peclet / 2) ** 2)
        below, above = b[face - 1], b[face]
        carried = speed * (below + above) / 2 * CELLS / thickness
        spread = diffusivity * (above - below) * (CELLS / thickness) ** 2
        upward.append(ca.if_else(shrinking > 0.5, carried - spread, 0))
    upward.append(ca.SX(0))
    for k in range(CELLS):
        m.der(b[k], upward[k] - upward[k + 1])
    # even gradient towards a wall without flux: the value at the foil from two cell means
    bottom = m.output(
        "binder_bottom_ratio",
        "1",
        f.at_the_foil(ca.fmax(b[0] - (b[1] - b[0]) / 6, 0)),
        meaning="binder concentration at the foil over its mean",
    )
    m.output(
        "adhesion_index",
        "1",
        ca.fmax(bottom, 1e-9) ** f.p["adhesion_exponent"],
        meaning="adhesion over that of an even binder distribution",
    )
