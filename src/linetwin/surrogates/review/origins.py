"""Where a feature of a cell comes from: the station that settles it, and the cell's own lot there.

A feature belongs to the kind of station that settles it last [A]; which machine and which lot it
was tells the genealogy: of the cell's ancestors and carriers, the one that was worked on there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.results.assumptions import plan
from linetwin.results.display import name as worded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.results.genealogy import Ancestor, Genealogy
    from linetwin.results.reader import Run

ELECTRODES: Final = ("cathode", "anode")
_SETTLED: Final = {
    "mixer": (
        "solids_fraction", "viscosity", "slurry_density", "yield_stress", "consistency_index",
        "flow_index", "agglomerate_size", "slurry_temperature", "specific_energy",
    ),
    "coater": ("loading", "adhesion_index", "active_fraction"),
    "calender": ("porosity", "coating_thickness"),
    "slitter": ("burr_height", "cathode_lane", "anode_lane"),
    "notcher": ("bare_edge_share", "misplaced_tabs"),
    "vacuum_dryer": ("moisture",),
    "stacker": (
        "design_capacity", "np_ratio", "pore_volume", "stack_thickness", "electrode_area",
        "overhang_margin", "stacking_offset",
    ),
    "tab_welder": ("weld_resistance", "particle_size"),
    "filler": ("dosed_electrolyte", "electrolyte_mass", "fill_ratio"),
    "soak": ("wetting_time", "wetting_saturation"),
    "degasser": ("electrolyte_loss",),
    "formation": ("position",),
}  # fmt: skip
_KINDS: Final = {name: kind for kind, names in _SETTLED.items() for name in names}
_POWDER: Final = "specific_capacity_factor"
_POWDER_ROLE: Final = "active_material"


@dataclass(frozen=True)
class Origin:
    """The station that settled a feature, and the lot it worked on; "" where not known.

    `share`: of the lot in the cell's material of that role, 1 of a carrier.
    """

    station: str
    lot: str
    share: float

    @property
    def text(self) -> str:
        """Station and lot as people read them."""
        return ", ".join(each for each in (worded(self.station), self.lot) if each)


class Origins:
    """Where the features of cells come from; ancestors of a cell are walked once."""

    def __init__(self, run: Run, genealogy: Genealogy) -> None:
        """Take a run and its genealogy."""
        self._plan, self._genealogy = plan(run), genealogy
        self._worked: dict[str, set[str]] = {}
        for name in ("operations", "lots"):  # worked on, or made at
            done = run.objects(name, ["lot", "station"])
            for lot, station in zip(done["lot"], done["station"], strict=True):
                self._worked.setdefault(str(lot), set()).add(str(station))

    def of(self, cell: str, features: Sequence[str]) -> dict[str, Origin]:
        """Return the origin of each feature of a cell."""
        above = self._genealogy.backward(cell)
        return {name: self._origin(name, above) for name in features}

    def _origin(self, feature: str, above: list[Ancestor]) -> Origin:
        electrode = feature.split("_", 1)[0]
        electrode = electrode if electrode in ELECTRODES else ""
        quantity = feature.removeprefix(f"{electrode}_") if electrode else feature
        if quantity == _POWDER:
            return self._powder(electrode, above)
        kind = _KINDS.get(quantity) or _KINDS.get(feature, "")
        stations = [
            path
            for path, about in self._plan.stations.items()
            if about.get("kind") == kind and (not electrode or path.startswith(f"{electrode}."))
        ]
        best = Origin("", "", 0.0)
        for each in above:
            share = 1.0 if each.relation == "carried_in" else each.share
            here = self._worked.get(each.lot, set()).intersection(stations)
            own = not electrode or each.relation == "carried_in" or _is_of(each, electrode)
            if here and own and share > best.share:
                best = Origin(min(here), each.lot, share)
        return best if best.lot else Origin(stations[0] if len(stations) == 1 else kind, "", 0.0)

    def _powder(self, electrode: str, above: list[Ancestor]) -> Origin:
        """Return the lot of powder that has most of the cell, and the mixer that took it."""
        lots = [each for each in above if _is_of(each, electrode)
                and each.path.rsplit(".", 1)[-1] == _POWDER_ROLE]  # fmt: skip
        if not lots:
            return Origin("", "", 0.0)
        most = max(lots, key=lambda each: each.share)
        return Origin(f"{electrode}.{_POWDER_ROLE}", most.lot, most.share)


def _is_of(ancestor: Ancestor, electrode: str) -> bool:
    return ancestor.path.split(".", 1)[0] == electrode
