"""What a cell weighs, and of what: masses of the raw materials in it.

A material that is not counted in kg weighs what the scenario's table of prices says of a unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.shells.building import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.assumptions import Plan
    from linetwin.shells.running.inside import Inside

TRACE_KG = 1e-9
"""A microgram: what is left of a solvent after drying is no part of a cell [A]."""


@dataclass(frozen=True)
class Part:
    """A raw material in a cell: mass [kg], None where a unit's mass is not known.

    `substance`, `cas`, `critical` (strategic raw materials in it): "" where not stated.
    """

    material: str
    mass: float | None
    substance: str
    cas: str
    critical: str
    evidence: Evidence


def composition(inside: Inside, cell: str, plan: Plan) -> list[Part]:
    """Return what is in a cell, the heaviest first; what is less than a microgram is left out."""
    entries = (plan.content.get("prices") or {}).get("materials") or {}
    parts = []
    for material, amount in inside.amounts.loc[cell].items():
        entry: Mapping[str, Any] = entries.get(str(material)) or {}
        unit = inside.units.get(str(material), "kg")
        each = 1.0 if unit == "kg" else _of(entry, "mass")
        mass = None if each is None else float(amount) * each
        if not amount or (mass is not None and mass < TRACE_KG):
            continue
        substance, cas, critical = (
            str(_of(entry, name) or "") for name in ("substance", "cas", "critical")
        )
        evidence = _evidence(entry, weighed=unit == "kg")
        parts.append(Part(str(material), mass, substance, cas, critical, evidence))
    return sorted(parts, key=lambda part: -(part.mass or 0.0))


def mass_of(parts: list[Part]) -> float | None:
    """Return the mass of a cell [kg]; None where that of a part is not known."""
    masses = [part.mass for part in parts]
    known = [mass for mass in masses if mass is not None]
    return sum(known) if known and len(known) == len(masses) else None


def _of(entry: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a number or a text
    return (entry.get(name) or {}).get("value")


def _evidence(entry: Mapping[str, Any], *, weighed: bool) -> Evidence:
    """Return how sure a mass is: computed of the run's own, or by a stated mass of a unit."""
    stated = entry.get("mass") or {}
    if weighed or not stated:
        return Evidence("D", "genealogy of the run")
    return Evidence(str(stated["tag"]), f"genealogy of the run; {stated['source']}")
