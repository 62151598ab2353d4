"""Stacking: what the sheets of a cell amount to, and the map to the formation model.

Purely algebraic. Electrode properties are means over the sheets of a cell, per coated side.
Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import casadi as ca

from linetwin.authoring import Model

SMALLEST_POROSITY = 0.01  # 1 [A] keeps the resistance of a coating without pores finite
_CELL = "pilot cell, 5 A.h"
_SEPARATOR = "polyolefin separator of a catalogue"
_MASS = "PHYSICS.md 1.2"

# name: (unit, value, minimum, maximum, meaning, tag, source)
_PARAMETERS = {
    "cathode_sheets": ("1", 8.0, 1.0, 500.0, "cathode sheets, coated on both sides", "A", _CELL),
    "cathode_sheet_length": ("m", 0.118, 0.01, 2.0, "coated, along the web", "A", _CELL),
    "cathode_sheet_width": ("m", 0.0873, 0.01, 2.0, "coated, across the web", "A", _CELL),
    "anode_sheet_length": ("m", 0.1205, 0.01, 2.0, "coated, along the web", "A", _CELL),
    "anode_sheet_width": ("m", 0.0898, 0.01, 2.0, "coated, across the web", "A", _CELL),
    "cathode_foil_thickness": ("m", 15e-6, 1e-6, 1e-4, "aluminium foil", "A", _CELL),
    "anode_foil_thickness": ("m", 10e-6, 1e-6, 1e-4, "copper foil", "A", _CELL),
    "separator_thickness": ("m", 16e-6, 1e-6, 1e-4, "one layer", "A", _SEPARATOR),
    "separator_porosity": ("1", 0.41, 0.1, 0.9, "of the separator", "A", _SEPARATOR),
    "separator_length": ("m", 0.1235, 0.01, 2.0, "1.5 mm beyond the anode", "A", _CELL),
    "separator_width": ("m", 0.0928, 0.01, 2.0, "1.5 mm beyond the anode", "A", _CELL),
    "cathode_active_share": ("1", 0.96, 0.5, 1.0, "active over coating mass", "A", _MASS),
    "anode_active_share": ("1", 0.95, 0.5, 1.0, "active over coating mass", "A", _MASS),
    "cathode_active_density": ("kg/m3", 4750.0, 1e3, 8e3, "true, NMC622", "M", "PHYSICS.md 1"),
    "anode_active_density": ("kg/m3", 2260.0, 1e3, 8e3, "true, graphite", "M", "PHYSICS.md 1"),
    "cathode_specific_capacity": ("A.h/kg", 172.0, 10.0, 1e3, "reversible, NMC622", "A", _MASS),
    "anode_specific_capacity": ("A.h/kg", 360.0, 10.0, 4e3, "reversible, graphite", "A", _MASS),
    "tortuosity_exponent": ("1", 0.5, 0.0, 3.0, "tortuosity = porosity^-exponent, electrodes", "M",
                            "Bruggeman 1935"),
    "separator_tortuosity": ("1", 2.5, 1.0, 20.0, "of the separator", "A", _SEPARATOR),
    "reference_path": ("m", 3.54e-4, 1e-6, 1e-2, "electrolyte path of the reference cell", "A",
                       "the pilot cell at its recipe: factor 1"),
    "first_cycle_efficiency": ("1", 0.85, 0.3, 1.0, "reversible over first charge, cathode", "D",
                               "KIproBatt: 0.8517, n = 103, rounded"),
    "anode_utilisation": ("1", 0.85, 0.3, 1.0, "anode capacity that limits the cell", "A",
                          "the first-cycle efficiency: the anode limits from N/P = 1 down"),
}  # fmt: skip


@dataclass(frozen=True)
class _Electrode:
    """Mean electrode of one polarity."""

    loading: ca.SX  # coating per area and side, kg/m2
    porosity: ca.SX
    thickness: ca.SX  # coating per side, m
    share: ca.SX  # active over coating mass
    density: ca.SX  # of the active material, kg/m3
    capacity: ca.SX  # reversible, of the active material, A.h/kg

    @property
    def areal_capacity(self) -> ca.SX:
        """Reversible capacity per area and side, A.h/m2."""
        return self.loading * self.share * self.capacity

    @property
    def active_fraction(self) -> ca.SX:
        """Volume of active material over volume of the coating."""
        return self.loading * self.share / (self.thickness * self.density)


def build() -> Model:
    """Return the stacking model of the pilot cell."""
    m = Model(
        "stacking",
        title="A stack from its sheets",
        description="Overhang, N/P ratio, capacity, pores and dimensions of a stacked cell",
        version="1.0",
        validity="stacks of single sheets, one anode sheet more than cathode sheets, all coated on"
        " both sides; N/P = 1.01-1.10 is the aim, below 1.0 lithium plating must be expected",
    )
    p = {
        name: m.parameter(
            name, unit, value, minimum=low, maximum=high, meaning=meaning, tag=tag, source=source
        )
        for name, (unit, value, low, high, meaning, tag, source) in _PARAMETERS.items()
    }
    cathode = _electrode(m, p, "cathode", (0.185, 0.30, 59.2e-6))
    anode = _electrode(m, p, "anode", (0.112, 0.32, 74.1e-6))
    _overhang(m, p)
    _capacity(m, p, cathode, anode)
    _volumes(m, p, cathode, anode)
    _electrolyte(m, p, cathode, anode)
    return m


def _electrode(
    m: Model, p: dict[str, ca.SX], name: str, start: tuple[float, float, float]
) -> _Electrode:
    """Declare the mean electrode of a polarity; start = loading, porosity, thickness."""
    loading, porosity, thickness = start
    source = f"recipe, calendered {name}"
    return _Electrode(
        loading=m.input(f"{name}_loading", "kg/m2", start=loading, minimum=0.0, maximum=2.0,
                        meaning="coating per area and side", tag="A", source=source),
        porosity=m.input(f"{name}_porosity", "1", start=porosity, minimum=0.0, maximum=0.95,
                         meaning="porosity of the coating", tag="A", source=source),
        thickness=m.input(f"{name}_coating_thickness", "m", start=thickness, minimum=1e-6,
                          maximum=1e-3, meaning="coating per side", tag="A", source=source),
        share=p[f"{name}_active_share"],
        density=p[f"{name}_active_density"],
        capacity=p[f"{name}_specific_capacity"],
    )  # fmt: skip


def _overhang(m: Model, p: dict[str, ca.SX]) -> None:
    """Give the anode overhang that the worst sheet keeps, along or across the web."""
    offset = m.input("stacking_offset", "m", start=0.0, minimum=0.0, maximum=0.05, tag="A",
                     meaning="largest offset of a sheet of the cell, along or across",
                     source="PHYSICS.md 1.5: N(0, 0.2 mm) a sheet")  # fmt: skip
    edges = [
        (p[f"anode_sheet_{side}"] - p[f"cathode_sheet_{side}"]) / 2 for side in ("length", "width")
    ]
    m.output("overhang_margin", "m", ca.fmin(*edges) - ca.fabs(offset), nominal=1e-3,
             meaning="anode overhang left; negative where a cathode edge is bare")  # fmt: skip


def _capacity(m: Model, p: dict[str, ca.SX], cathode: _Electrode, anode: _Electrode) -> None:
    """Give facing area, N/P ratio and capacity."""
    faces = 2 * p["cathode_sheets"]
    area = m.output("electrode_area", "m2",
                    faces * p["cathode_sheet_length"] * p["cathode_sheet_width"],
                    meaning="cathode area that faces an anode")  # fmt: skip
    first_charge = cathode.areal_capacity / p["first_cycle_efficiency"]
    # a bare foil has no ratio; the bound only keeps it finite
    m.output("np_ratio", "1", anode.areal_capacity / ca.fmax(first_charge, 1e-3),
             meaning="anode reversible over cathode first-charge capacity, per area")  # fmt: skip
    usable = ca.fmin(cathode.areal_capacity, anode.areal_capacity * p["anode_utilisation"])
    m.output("design_capacity", "A.h", area * usable,
             meaning="reversible capacity expected from the electrodes")  # fmt: skip
    for name, electrode in (("cathode", cathode), ("anode", anode)):
        m.output(f"{name}_areal_capacity", "A.h/m2", electrode.areal_capacity, nominal=30.0,
                 meaning="reversible capacity per area and side")  # fmt: skip
        m.output(f"{name}_active_fraction", "1", electrode.active_fraction,
                 meaning="volume of active material over volume of the coating")  # fmt: skip


def _volumes(m: Model, p: dict[str, ca.SX], cathode: _Electrode, anode: _Electrode) -> None:
    """Give thickness and pores of the stack, overhang and outer anode faces included."""
    sheets = {"cathode": p["cathode_sheets"], "anode": p["cathode_sheets"] + 1}
    layers = 2 * sheets["anode"]  # one a face of each anode sheet: the outer ones wrap the stack
    thickness = layers * p["separator_thickness"]
    area = p["separator_length"] * p["separator_width"]
    pores = layers * area * p["separator_thickness"] * p["separator_porosity"]
    for name, electrode in (("cathode", cathode), ("anode", anode)):
        foil = p[f"{name}_foil_thickness"]
        thickness += sheets[name] * (2 * electrode.thickness + foil)
        area = p[f"{name}_sheet_length"] * p[f"{name}_sheet_width"]
        pores += 2 * sheets[name] * area * electrode.thickness * electrode.porosity
    m.output("stack_thickness", "m", thickness, nominal=1e-3, meaning="thickness of the stack")
    m.output("pore_volume", "m3", pores, nominal=1e-5,
             meaning="pores of electrodes and separator")  # fmt: skip


def _electrolyte(m: Model, p: dict[str, ca.SX], cathode: _Electrode, anode: _Electrode) -> None:
    """Give the resistance of the electrolyte over that of the reference cell.

    Ions cross a third of each electrode (a current that fades evenly towards the foil) and the
    separator; a layer counts as its thickness times tortuosity over porosity.
    """
    path = p["separator_thickness"] * p["separator_tortuosity"] / p["separator_porosity"]
    for electrode in (cathode, anode):
        open_share = ca.fmax(electrode.porosity, SMALLEST_POROSITY)
        path += electrode.thickness / 3 * open_share ** -(1 + p["tortuosity_exponent"])
    m.output("electrolyte_resistance_factor", "1", path / p["reference_path"],
             meaning="electrolyte in electrodes and separator, over the reference")  # fmt: skip
