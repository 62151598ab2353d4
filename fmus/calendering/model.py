"""Calendering of one coated side of a web segment, by line load or by roll gap.

The line load follows its setpoint at once: a servo settles within a second, a segment takes tens
of seconds. What takes time is the recovery of the coating after the nip, the one state.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import casadi as ca
from tables import declare_parameters, rows

from linetwin.authoring import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

REFERENCE_THICKNESS = 100e-6  # m [A] coating to which compaction resistance is referred
REFERENCE_TEMPERATURE = 298.0  # K [A] PHYSICS.md 1.4
REFERENCE_SHARE = 0.95  # 1 [D] active mass fraction to which the lowest porosity is referred
REFERENCE_PORE_RATIO = 0.3 / 0.7  # 1 [A] eps/(1-eps) to which spring-back is referred
SMALLEST_DRAFT = 1e-18  # m2 [A] keeps the square root of the nip length smooth at no draft

_FIT = "fit to 14 ARTISTIC points (Duquesnoy 2020), README.md"
_DENSITY = "PHYSICS.md 1, true densities of the components"
_PRIMO = "after Primo 2021 (porosity follows load, conductivity temperature)"

# name: (unit, minimum, maximum, meaning)
PARAMETERS = {
    "minimum_porosity": ("1", 0.02, 0.6, "porosity at unlimited load, active share 0.95"),
    "minimum_porosity_slope": ("1", -5.0, 5.0, "its rise with the active mass fraction"),
    "active_mass_fraction": ("1", 0.8, 0.99, "active material over coating mass"),
    "compaction_resistance": ("N/m", 1e4, 5e6, "line load of one e-fold, 100 um coating, 298 K"),
    "resistance_softening": ("1/K", 0.0, 0.005, "relative fall of the resistance with roll heat"),
    "nip_stiffness": ("N/m2", 1e9, 1e12, "line load per displacement of the nip (K_m)"),
    "springback_limit": ("1", 0.0, 0.2, "recovery of thickness, full compaction, porosity 0.3"),
    "springback_time": ("s", 1.0, 1e6, "time constant of the recovery"),
    "solid_density": ("kg/m3", 500.0, 8e3, "density of the solids of the coating"),
    "contact_exponent": ("1", 0.0, 10.0, "conductivity over compaction, exponent"),
    "contact_heating": ("1/K", 0.0, 0.03, "gain of conductivity per kelvin of roll heat"),
    "gap_control": ("1", 0.0, 1.0, "0 line load given, 1 roll gap given"),
    "coated_sides": ("1", 1.0, 2.0, "sides that bear coating in the nip, 1 or 2"),
    "foil_thickness": ("m", 1e-6, 1e-4, "thickness of the foil"),
    "roll_radius": ("m", 0.02, 1.0, "radius of a roll"),
    "lever_arm": ("1", 0.1, 1.0, "lever of the rolling force over the nip length"),
    "roll_heat_loss": ("W/K", 0.0, 1e4, "heat loss of both rolls per kelvin"),
    "surrounding_temperature": ("K", 250.0, 330.0, "air around the rolls"),
}

_COMMON: dict[str, tuple[float, str, str]] = {
    "resistance_softening": (0.004, "M", "Meyer 2019: 0.003-0.005"),
    "nip_stiffness": (1.489e10, "D", "compaction resistance of NMC over 26.86 um: " + _FIT),
    "contact_exponent": (1.5, "A", _PRIMO + "; exponent of an effective medium"),
    "contact_heating": (0.005, "A", _PRIMO),
    "gap_control": (0.0, "A", "pilot line: line load is set"),
    "coated_sides": (2.0, "A", "pilot line: both sides are coated before calendering"),
    "roll_radius": (0.25, "A", "pilot calender"),
    "lever_arm": (0.45, "A", "PHYSICS.md 1.9"),
    "roll_heat_loss": (20.0, "A", "convection and radiation, 1.3 m2 of roll, 15 W/(m2.K)"),
    "surrounding_temperature": (295.15, "A", "hall at 22 Cel"),
}

PARAMETER_SETS: dict[str, dict[str, tuple[float, str, str]]] = {
    "nmc622": _COMMON
    | {  # name: (value in the unit above, tag, source)
        "minimum_porosity": (0.2411, "D", _FIT),
        "minimum_porosity_slope": (1.945, "D", _FIT),
        "active_mass_fraction": (0.96, "A", "recipe 96/2/2"),
        "compaction_resistance": (4e5, "A", "PHYSICS.md 1.4: 400 N/mm; only its ratio is fitted"),
        "springback_limit": (0.02, "M", "PHYSICS.md 1.4"),
        "springback_time": (7200.0, "M", "PHYSICS.md 1.4: hours"),
        "solid_density": (4466.0, "M", _DENSITY),
        "foil_thickness": (15e-6, "A", "aluminium"),
    },
    "graphite": _COMMON
    | {
        "minimum_porosity": (0.20, "A", "PHYSICS.md 1.4"),
        "minimum_porosity_slope": (0.0, "A", "unknown for graphite"),
        "active_mass_fraction": (0.95, "A", "recipe 95/1.5/3.5"),
        "compaction_resistance": (1.5e5, "A", "PHYSICS.md 1.4: only softer than NMC is safe"),
        "springback_limit": (0.06, "M", "PHYSICS.md 1.4"),
        "springback_time": (7200.0, "M", "PHYSICS.md 1.4: hours"),
        "solid_density": (2222.0, "M", _DENSITY),
        "foil_thickness": (10e-6, "A", "copper"),
    },
}


@dataclass(frozen=True)
class Side:
    """Symbols shared by the parts of the model: p parameters, the side before, and the machine.

    Compaction follows Meyer's exponential; a model with another law overrides `compaction`.
    """

    p: dict[str, ca.SX]
    eps_0: ca.SX  # porosity before
    h_0: ca.SX  # coating thickness before, m
    T_r: ca.SX  # roll temperature, K

    @property
    def resistance(self) -> ca.SX:
        """Line load of one e-fold of compaction, N/m; grows with the coating, falls with heat."""
        softening = 1 - self.p["resistance_softening"] * (self.T_r - REFERENCE_TEMPERATURE)
        return self.p["compaction_resistance"] * self.h_0 / REFERENCE_THICKNESS * softening

    @property
    def lowest_porosity(self) -> ca.SX:
        """Porosity at unlimited load; a coating denser than that stays as it is."""
        excess = self.p["active_mass_fraction"] - REFERENCE_SHARE
        limit = self.p["minimum_porosity"] + self.p["minimum_porosity_slope"] * excess
        return ca.fmin(ca.fmax(limit, 0.02), self.eps_0)

    def compaction(self, load: ca.SX) -> ca.SX:
        """Return the share 0..1 of the possible compaction that a line load (N/m) brings."""
        # the bound keeps the exponential finite where Newton's method tries a negative load
        return 1 - ca.exp(-ca.fmax(load, 0) / self.resistance)

    def porosity(self, load: ca.SX) -> ca.SX:
        """Return the porosity after full recovery, as it is measured."""
        return self.eps_0 - (self.eps_0 - self.lowest_porosity) * self.compaction(load)

    def thickness(self, porosity: ca.SX) -> ca.SX:
        """Return the coating thickness (m) at a porosity: solids are conserved."""
        return self.h_0 * (1 - self.eps_0) / (1 - porosity)


@dataclass(frozen=True)
class CompactionLaw:
    """What tells one calendering model from another, and what it says of itself.

    `parameters`: name -> (unit, minimum, maximum, meaning); `defaults`: name -> (value, tag,
    source).
    """

    name: str
    validity: str
    parameters: Mapping[str, tuple[str, float, float, str]]
    defaults: Mapping[str, tuple[float, str, str]]
    side: type[Side] = Side


def build() -> Model:
    """Return the calendering model; defaults are the cathode's (NMC622)."""
    return calendering_model(
        CompactionLaw(
            "calendering",
            "NMC with 94-96 % active material, coatings of 116-158 um, up to 5 m/min"
            " (no effect of speed is known there); graphite parameters are assumptions; the"
            " absolute line load is not identified",
            PARAMETERS,
            PARAMETER_SETS["nmc622"],
        )
    )


def calendering_model(law: CompactionLaw) -> Model:
    """Return a calendering model whose coating follows a law of compaction."""
    m = Model(
        law.name,
        title="Calendering of a coated side",
        description="Porosity, thickness, spring-back and power of one coated side in the nip",
        version="1.0",
        validity=law.validity,
    )
    side = _side(m, declare_parameters(m, rows(law.parameters, law.defaults)), law.side)
    load = _nip_load(m, side)
    nip_thickness = _recovery(m, side, load)
    _power(m, side, load, nip_thickness)
    return m


def _side(m: Model, p: dict[str, ca.SX], law: type[Side]) -> Side:
    """Declare the side as it comes from the dryer, and the roll temperature."""
    return law(
        p=p,
        eps_0=m.input("porosity_before", "1", start=0.45, minimum=0.05, maximum=0.95,
                      meaning="porosity of the dried coating", tag="A", source="recipe"),
        h_0=m.input("coating_thickness_before", "m", start=75e-6, minimum=1e-6, maximum=1e-3,
                    meaning="thickness of the dried coating, this side", tag="A",
                    source="18.5 mg/cm2 at porosity 0.45"),
        T_r=m.input("roll_temperature", "K", start=323.15, minimum=273.15, maximum=433.15,
                    meaning="temperature of both rolls", tag="A", source="recipe"),
    )  # fmt: skip


def _nip_load(m: Model, s: Side) -> ca.SX:
    """Return the line load, N/m: the one set, or the one at which web and gap agree."""
    line_load = m.input("line_load", "N/m", start=4.5e5, minimum=0.0, maximum=3e6,
                        meaning="line load set; counts while gap_control is 0",
                        tag="A", source="porosity near 0.30")  # fmt: skip
    gap = m.input("roll_gap", "m", start=100e-6, minimum=0.0, maximum=2e-3,
                  meaning="gap between the rolls; counts while gap_control is 1",
                  tag="A", source="recipe")  # fmt: skip
    load = m.algebraic("nip_line_load", "N/m", start=0.0, nominal=1e5, minimum=0.0,
                       meaning="line load in the nip")  # fmt: skip
    web = s.p["coated_sides"] * s.thickness(s.porosity(load)) + s.p["foil_thickness"]
    held = s.p["nip_stiffness"] * ca.fmax(web - gap, 0)
    m.residual(load, load - ca.if_else(s.p["gap_control"] > 0.5, held, line_load))
    return load


def _recovery(m: Model, s: Side, load: ca.SX) -> ca.SX:
    """Let the coating recover after the nip; return its thickness in the nip, m."""
    compaction, settled = s.compaction(load), s.porosity(load)
    pore_ratio = settled / (1 - settled) / REFERENCE_PORE_RATIO
    limit = s.p["springback_limit"] * compaction * pore_ratio
    recovered = m.state("springback", "1", start=0.0, nominal=0.01, minimum=0.0, maximum=1.0,
                        meaning="relative recovery of thickness since the nip")  # fmt: skip
    m.der(recovered, (limit - recovered) / s.p["springback_time"])
    nip_thickness = s.thickness(settled) / (1 + limit)
    thickness = m.output("coating_thickness", "m", nip_thickness * (1 + recovered), nominal=1e-4,
                         meaning="coating thickness of this side, now")  # fmt: skip
    solids = s.h_0 * (1 - s.eps_0) / thickness
    m.output("porosity", "1", 1 - solids, meaning="porosity of the coating, now")
    m.output("settled_porosity", "1", settled, meaning="porosity once recovery has ended")
    m.output("coating_density", "kg/m3", s.p["solid_density"] * solids, nominal=1e3,
             meaning="mass per volume of the coating, now")  # fmt: skip
    heating = 1 + s.p["contact_heating"] * (s.T_r - REFERENCE_TEMPERATURE) * compaction
    dense = (1 - settled) / (1 - s.eps_0)
    m.output("conductivity_index", "1", dense ** s.p["contact_exponent"] * heating,
             meaning="electronic conductivity over that before calendering")  # fmt: skip
    return nip_thickness


def _power(m: Model, s: Side, load: ca.SX, nip_thickness: ca.SX) -> None:
    """Give the mechanical power of the nip and the heat that keeps the rolls warm."""
    speed = m.input("web_speed", "m/s", start=1.9 / 60, minimum=0.0, maximum=3.0,
                    meaning="speed of the web", tag="A", source="1.9 m/min")  # fmt: skip
    width = m.input("coating_width", "m", start=0.25, minimum=0.01, maximum=3.0,
                    meaning="coated width in the nip", tag="A", source="pilot line")  # fmt: skip
    radius = s.p["roll_radius"]
    draft = s.p["coated_sides"] * ca.fmax(s.h_0 - nip_thickness, 0)
    nip_length = ca.sqrt(radius * draft + SMALLEST_DRAFT)
    torque = 2 * s.p["lever_arm"] * load * width * nip_length  # of both rolls, N.m
    m.output("rolling_power", "W", torque * speed / radius, nominal=100.0,
             meaning="mechanical power of both rolls, for all coated sides")  # fmt: skip
    warmth = s.T_r - s.p["surrounding_temperature"]
    m.output("roll_heating_power", "W", s.p["roll_heat_loss"] * ca.fmax(warmth, 0), nominal=1e3,
             meaning="heat that keeps both rolls at temperature")  # fmt: skip
