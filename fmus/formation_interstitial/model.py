"""Formation with a film that neutral lithium feeds: another law than that of `formation`.

All but the growth of the film is the model of that folder. Equations, sources, calibration and
what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import casadi as ca
from electrochemistry import FARADAY, GAS_CONSTANT, arrhenius, softplus
from formation.cell import FilmLaw
from formation.model import THINNEST_FILM, formation_model
from formation.parameters import FILM
from tables import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from formation.cell import FilmSite

    from linetwin.authoring import Model

__all__ = ["PARAMETER_SETS", "build"]

METAL_CORNER = 1e-3  # V, over which the concentration stops rising below the potential of lithium
SHARED = (
    "sei_growth_energy",
    "sei_molar_volume",
    "sei_electrons",
    "sei_resistivity",
    "moisture_loss",
    "moisture_resistance",
    "film_area_resistance",
    "film_reference_charge",
    "film_resistance_energy",
)
"""Parameters that mean the same as in `formation`; its limit, onset and solvent have no part."""
_FITTED = "fit to FCE 0.8517 (KIproBatt, n = 103) at C/10, 25 Cel, 4.2-2.8 V, 300 ppm (README.md)"
_PYBAMM = "Chen2020 set of PyBaMM, as read in a repository; FCE depends on the product only"
_LIMIT = "form after von Kolzenberg 2020; none at all: FCE -0.001"
_REFERENCE = "set-up of the comparison with PyBaMM"

# fmt: off
OWN = (
    Row("interstitial_diffusivity", "m2/s", 7.53e-14, 0.0, 1e-9, "D", _FITTED,
        "neutral lithium through the film"),
    Row("interstitial_concentration", "mol/m3", 15.0, 0.0, 1e4, "V", _PYBAMM,
        "neutral lithium in the film where the anode is at the potential of lithium"),
    Row("film_reaction_limit", "A/m2", 1.0, 1e-3, 1e9, "A", _LIMIT,
        "current density of the film's own reaction, with lithium in plenty"),
)
# fmt: on
PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622": {},  # the defaults
    "chen2020": {  # name: (value, tag, source); what PyBaMM does not have is switched off
        "anode_maximum_concentration": (33133.0, "V", "Chen2020 set of PyBaMM"),
        "cathode_maximum_concentration": (63104.0, "V", "Chen2020 set of PyBaMM"),
        "sei_resistivity": (2e5, "V", "Chen2020 set of PyBaMM"),
        "film_area_resistance": (0.0, "D", _REFERENCE),
        "plating_conductance": (0.0, "D", _REFERENCE),
        "electrolyte_area_resistance": (0.0, "D", "a single-particle model has no electrolyte"),
        "moisture_loss": (0.0, "D", _REFERENCE),
        "film_reaction_limit": (1e9, "D", _REFERENCE),
    },
}


def build() -> Model:
    """Return the formation model with a film fed by lithium interstitials."""
    return formation_model(
        FilmLaw(
            name="formation_interstitial",
            description="Reduced single-particle model, film by diffusion of neutral lithium",
            version="1.0",
            validity="rates up to C/2, 10-60 Cel, 2.5-4.3 V; FCE calibrated at C/10, 25 Cel only",
            parameters=(*OWN, *(row for row in FILM if row.name in SHARED)),
            growth=_fed_by_interstitials,
        )
    )


def _fed_by_interstitials(site: FilmSite) -> Callable[[ca.SX], ca.SX]:
    """Return the growth by lithium that diffuses outwards; it rises as the anode gets full."""
    p = site.p
    # one electron per water takes (1 + k w) of the loss, which grows as the root of the diffusivity
    wet = (1.0 + p["moisture_loss"] * p["moisture"]) ** 2
    flux = p["interstitial_diffusivity"] * p["interstitial_concentration"] * wet
    flux *= arrhenius(p["sei_growth_energy"], site.temperature)
    flux /= ca.fmax(site.film, THINNEST_FILM)

    def density(current: ca.SX) -> ca.SX:
        taken = current / site.anode.surface
        surface = site.anode.surface_stoichiometry(site.x, site.anode_gradient, taken)
        potential = site.anode.potential(surface) + site.anode.overpotential(surface, taken)
        potential += taken * p["sei_resistivity"] * site.film
        # lithium metal would hold the concentration at its reference value
        above = softplus(potential, METAL_CORNER)
        diffusing = FARADAY * flux * ca.exp(-FARADAY / GAS_CONSTANT * above / site.temperature)
        return diffusing / (1.0 + diffusing / p["film_reaction_limit"])

    return density
