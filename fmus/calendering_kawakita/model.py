"""Calendering with compaction after Kawakita: another law than that of `calendering`.

All but the law of compaction is the model of that folder. Equations, sources, the fit and what is
uncertain: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import casadi as ca
from calendering.model import (
    PARAMETER_SETS as MEYER_SETS,
)
from calendering.model import (
    PARAMETERS as MEYER_PARAMETERS,
)
from calendering.model import (
    REFERENCE_TEMPERATURE,
    CompactionLaw,
    Side,
    calendering_model,
)

if TYPE_CHECKING:
    from linetwin.authoring import Model

__all__ = ["PARAMETER_SETS", "build"]

SHORTEST_CONTACT = 1e-12  # m2 [A] square of a contact of 1 um: keeps the pressure finite
_FIT = "fit to 14 ARTISTIC points (Duquesnoy 2020), README.md"
_SCALE = "the pilot recipe's load gives the recipe's porosity; the load is not identified by data"

PARAMETERS = {
    name: facts for name, facts in MEYER_PARAMETERS.items() if name != "compaction_resistance"
} | {"half_pressure": ("Pa", 1e5, 1e10, "pressure of half the possible compaction, 298 K")}

_LAW: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622": {  # name: (value in the unit above, tag, source)
        "minimum_porosity": (0.1983, "D", _FIT),
        "minimum_porosity_slope": (4.215, "D", _FIT),
        "half_pressure": (31.10e6, "A", "0.006149 of the stiffness (fit); " + _SCALE),
        "nip_stiffness": (5.057e9, "A", _SCALE),
    },
    "graphite": {
        "minimum_porosity": (0.20, "A", "PHYSICS.md 1.4"),
        "half_pressure": (1.425e7, "A", _SCALE),
        "nip_stiffness": (5.057e9, "A", "the same machine"),
    },
}
PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    name: {key: row for key, row in (MEYER_SETS[name] | law).items() if key in PARAMETERS}
    for name, law in _LAW.items()
}


@dataclass(frozen=True)
class PressedSide(Side):
    """A coated side whose thickness yields to the mean pressure in the nip."""

    @property
    def highest_compaction(self) -> ca.SX:
        """Share of the thickness that unlimited pressure takes away."""
        return (self.eps_0 - self.lowest_porosity) / (1 - self.lowest_porosity)

    @property
    def contact_length(self) -> ca.SX:
        """Length of the nip at the highest compaction of all coated sides, m."""
        draft = self.p["coated_sides"] * self.h_0 * self.highest_compaction
        return ca.sqrt(self.p["roll_radius"] * draft + SHORTEST_CONTACT)

    def compaction(self, load: ca.SX) -> ca.SX:
        """Return the share 0..1 of the possible fall in porosity that a line load (N/m) brings."""
        softening = 1 - self.p["resistance_softening"] * (self.T_r - REFERENCE_TEMPERATURE)
        # the bound keeps the quotient finite where Newton's method tries a negative load
        pressure = ca.fmax(load, 0) / self.contact_length
        reached = pressure / (pressure + self.p["half_pressure"] * softening)  # of the thickness
        highest = self.highest_compaction
        return (1 - highest) * reached / (1 - highest * reached)


def build() -> Model:
    """Return the calendering model with Kawakita's law; defaults are the cathode's (NMC622)."""
    return calendering_model(
        CompactionLaw(
            "calendering_kawakita",
            "NMC with 94-96 % active material, coatings of 116-158 um, up to 5 m/min"
            " (no effect of speed is known there); graphite parameters are assumptions; the"
            " scale of line loads is set by one recipe",
            PARAMETERS,
            PARAMETER_SETS["nmc622"],
            PressedSide,
        )
    )
