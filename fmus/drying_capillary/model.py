"""Drying with capillary flow to the surface: other laws than those of `drying`.

Binder is dissolved and moves with the liquid, the surface stays wet until the liquid's network
breaks, and the last solvent is held by the binder. All else is the model of that folder.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import casadi as ca
from drying.model import SMALLEST_LOADING, DryingLaw, Film, drying_model
from drying.parameters import PARAMETER_SETS as PLAIN_SETS
from drying.parameters import PARAMETERS as PLAIN_PARAMETERS

if TYPE_CHECKING:
    from linetwin.authoring import Model

__all__ = ["PARAMETER_SETS", "build"]

LEAST_LIQUID = 1e-3  # 1 [A] share of liquid that keeps the speed of what it carries finite
_NETWORK = "irreducible saturation of packed beds, 0.2-0.4; Scherer 1990 for the form"
_ADSORBED = "the rest clings; set such that a web of the pilot recipe stays on its foil, README.md"

PARAMETERS = {
    name: facts for name, facts in PLAIN_PARAMETERS.items() if name != "sorption_fraction"
} | {  # name: (unit, minimum, maximum, meaning)
    "binder_share": ("1", 0.001, 0.2, "mass of binder over that of the dry coating"),
    "binder_density": ("kg/m3", 500.0, 3e3, "density of the binder"),
    "interaction": ("1", 0.0, 0.5, "Flory-Huggins parameter of solvent and binder"),
    "network_saturation": (
        "1",
        0.05,
        0.95,
        "saturation below which no liquid flows to the surface",
    ),
    "mobile_share": ("1", 0.0, 1.0, "binder that is dissolved, over all binder"),
}

_LAW: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622_nmp": {  # name: (value in the unit above, tag, source)
        "binder_share": (0.02, "A", "recipe 96/2/2"),
        "binder_density": (1770.0, "M", "PVDF, PHYSICS.md 1"),
        "interaction": (0.3, "A", "NMP is a good solvent of PVDF"),
        "network_saturation": (0.3, "M", _NETWORK),
        "mobile_share": (0.4, "A", _ADSORBED),
    },
    "graphite_water": {
        "binder_share": (0.035, "A", "recipe 95/1.5/3.5"),
        "binder_density": (1300.0, "A", "CMC of 1600 and SBR of 1000 kg/m3"),
        "interaction": (0.45, "A", "CMC takes up water, SBR hardly"),
        "network_saturation": (0.3, "M", _NETWORK),
        "mobile_share": (0.4, "A", _ADSORBED),
    },
}
PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    name: {key: row for key, row in (PLAIN_SETS[name] | law).items() if key in PARAMETERS}
    for name, law in _LAW.items()
}


@dataclass(frozen=True)
class WettedFilm(Film):
    """A film whose liquid is one network, through which the surface is fed."""

    @property
    def binder_rests_below(self) -> ca.SX:
        """Solvent below which the binder stays where it is, kg/m2."""
        return self.p["network_saturation"] * self.pore_solvent

    @property
    def binder_layer(self) -> ca.SX:
        """Thickness through which the binder is spread, m."""
        return ca.fmax(self.solids_and_liquid, self.dry_thickness)

    @property
    def liquid_share(self) -> ca.SX:
        """Volume of liquid over that of the layer."""
        liquid = self.X / self.p["solvent_density"]
        return ca.fmax(liquid / self.binder_layer, LEAST_LIQUID)

    def dry_share(self, saturation: ca.SX) -> ca.SX:
        """Return the share of the thickness that has fallen dry: none while liquid flows."""
        return ca.fmax(1 - saturation / self.p["network_saturation"], 0)

    def activity(self) -> ca.SX:
        """Return the solvent's activity in the binder after Flory and Huggins."""
        binder = ca.fmax(self.M_s, SMALLEST_LOADING) * self.p["binder_share"]
        binder /= self.p["binder_density"]
        liquid = self.X / self.p["solvent_density"]
        # an error estimate may try X < 0: the activity then draws it back, and stays finite
        share = ca.fmax(liquid, -binder) / (ca.fmax(liquid, 0) + binder)
        other = 1 - share
        return share * ca.exp(other + self.p["interaction"] * other**2)

    def upward_speed(self, falling: ca.SX) -> ca.SX:
        """Return the speed of the liquid through the layer's faces, m/s at the surface."""
        return falling / self.liquid_share

    def binder_diffusivity(self) -> ca.SX:
        """Return the diffusivity of the dissolved binder, m2/s, hindered after Bruggeman."""
        return self.p["binder_diffusivity"] * ca.sqrt(self.liquid_share)

    def at_the_foil(self, mobile: ca.SX) -> ca.SX:
        """Return all binder at the foil over its mean: what clings has stayed."""
        return 1 - self.p["mobile_share"] * (1 - mobile)


def build() -> Model:
    """Return the drying model with capillary flow; defaults are the cathode's (NMC622, NMP)."""
    return drying_model(
        DryingLaw(
            "drying_capillary",
            "Film temperature, solvent and dissolved binder of one web element in a dryer zone",
            "thin films in impinging air at standard pressure; film well below the solvent's"
            " boiling point; the tail of drying and binder migration are not validated",
            PARAMETERS,
            PARAMETER_SETS["nmc622_nmp"],
            WettedFilm,
        )
    )
