"""The cell at an instant: its currents, potentials and voltage as functions of the current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electrochemistry import softplus

if TYPE_CHECKING:
    from collections.abc import Callable

    import casadi as ca
    from electrochemistry import Electrode
    from tables import Row


@dataclass(frozen=True)
class FilmSite:
    """What a law of the film may look at."""

    p: dict[str, ca.SX]  # inputs and parameters by name
    anode: Electrode
    x: ca.SX  # mean stoichiometry of the anode
    anode_gradient: ca.SX
    film: ca.SX  # thickness per geometric particle area, m
    temperature: ca.SX  # K


@dataclass(frozen=True)
class FilmLaw:
    """What tells one formation model from another: a law of the film, and what it says of itself.

    `growth` returns the density that grows the film (A/m2 of particle, positive) as a function of
    the cell's current (A, discharge positive).
    """

    name: str
    description: str
    version: str
    validity: str
    parameters: tuple[Row, ...]
    growth: Callable[[FilmSite], Callable[[ca.SX], ca.SX]]


@dataclass(frozen=True)
class Cell:
    """The cell's symbols at an instant, and its currents and voltages as functions of current."""

    p: dict[str, ca.SX]  # inputs and parameters by name
    anode: Electrode
    cathode: Electrode
    x: ca.SX  # mean stoichiometry of the anode
    y: ca.SX  # mean stoichiometry of the cathode
    anode_gradient: ca.SX  # mean over the particle, in maximum concentration per radius
    cathode_gradient: ca.SX
    film_density: Callable[[ca.SX], ca.SX]  # of the current; A/m2 of particle, positive
    resistance: ca.SX  # Ohm, films and electrolyte
    electrolyte_resistance: ca.SX  # Ohm

    def scarcity(self) -> ca.SX:
        """Return local over mean stoichiometry of the anode: above 1 where N/P is scarce."""
        first_charge = self.cathode.capacity * self.p["first_charge_window"]
        return self.anode.capacity / first_charge / self.p["np_ratio"]

    def local_potential(self, current: ca.SX) -> ca.SX:
        """Return the anode's surface potential in V against lithium where it is lowest.

        There the current density is above and the ratio N/P below the mean.
        """
        local = self.p["plating_current_factor"] * current
        density = local / self.anode.surface + self.film_density(current)
        mean = self.anode.surface_stoichiometry(self.x, self.anode_gradient, density)
        surface = mean * self.scarcity()
        # half of the electrolyte's drop is taken to lie before the anode
        drop = 0.5 * local * self.electrolyte_resistance
        return self.anode.potential(surface) + self.anode.overpotential(surface, density) + drop

    def plating_density(self, current: ca.SX) -> ca.SX:
        """Return the plating current in A per m2 of particle, mean over the anode, positive."""
        below_zero = softplus(-self.local_potential(current), self.p["plating_smoothing"])
        return self.p["plating_conductance"] * self.p["plating_area_share"] * below_zero

    def anode_density(self, current: ca.SX) -> ca.SX:
        """Return the current density of the reaction at the anode: the film takes its share.

        Plating is left out here and counted in the balance of lithium only: it is local, and with
        it the voltage would not always fall as the current grows.
        """
        return current / self.anode.surface + self.film_density(current)

    def cathode_density(self, current: ca.SX) -> ca.SX:
        """Return the current density of (de)intercalation at the cathode."""
        return -current / self.cathode.surface

    def rest_voltage(self) -> ca.SX:
        """Return the voltage in V after all gradients have gone."""
        return self.cathode.potential(self.y) - self.anode.potential(self.x)

    def voltage(self, current: ca.SX) -> ca.SX:
        """Return the terminal voltage in V while `current` flows (A, discharge positive)."""
        j_anode, j_cathode = self.anode_density(current), self.cathode_density(current)
        x = self.anode.surface_stoichiometry(self.x, self.anode_gradient, j_anode)
        y = self.cathode.surface_stoichiometry(self.y, self.cathode_gradient, j_cathode)
        anode = self.anode.potential(x) + self.anode.overpotential(x, j_anode)
        cathode = self.cathode.potential(y) + self.cathode.overpotential(y, j_cathode)
        return cathode - anode - current * self.resistance
