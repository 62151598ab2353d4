"""What was made: loading, porosity and adhesion of webs, and what cells owe to the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from linetwin.results.kpis import Facts, Section, kpi

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEB = {
    "loading": "coated mass of a side",
    "coating_window_margin": "distance of the wet film from air entrainment",
    "adhesion_index": "binder at the foil over an even distribution",
    "porosity": "porosity of a side",
}
_CELL = {
    "moisture": "water in the electrodes at filling",
    "wetting_time": "time of the electrolyte to the middle of the sheets",
    "wetting_saturation": "wetted part of the pores after the soak",
}
_FORMED = {
    "formation_time": "time of the protocol of formation",
    "plated_capacity": "lithium plated",
    "anode_potential": "lowest potential of the anode against lithium in formation",
}


def product(facts: Facts) -> Section:
    """Return mean and standard deviation of what decides a cell's quality before its grade."""
    return {**dict(_webs(facts)), **dict(_cells(facts)), **_outside(facts)}


def _webs(facts: Facts) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield figures of each electrode, both sides together, without start-up."""
    recorded, units = set(facts.run.columns("segments")), facts.run.units("segments")
    names = {q: [f"{q}{s}" for s in ("_a", "_b") if f"{q}{s}" in recorded] for q in _WEB}
    wanted = [name for sides in names.values() for name in sides if name not in facts.segments]
    extra = facts.run.objects("segments", wanted) if wanted else pd.DataFrame()
    segments = facts.segments
    running = ~segments["reason"].str.startswith("start-up")
    for web in dict.fromkeys(segments["web"]):
        own = running & (segments["web"] == web)
        for quantity, sides in names.items():
            if not sides:
                continue
            found = [(segments if name in segments else extra).loc[own, name] for name in sides]
            spread = _spread(pd.concat(found, ignore_index=True))
            if spread and quantity == "loading":
                spread["variation"] = spread["standard_deviation"] / spread["mean"]
            said = f"{_WEB[quantity]}, {web}, without start-up"
            entry = kpi(spread, units[sides[0]], said)
            if "variation" in spread:
                entry["units"] = {"variation": "1"}
            yield f"{web}_{quantity}", entry


def _cells(facts: Facts) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield figures of all cells that came so far, scrap included."""
    recorded, units = set(facts.run.columns("cells")), facts.run.units("cells")
    said = _CELL | (_FORMED if "formation_time" in recorded else {})
    names = [name for name in said if name in recorded]
    cells = facts.run.objects("cells", names) if names else pd.DataFrame()
    for name in names:
        # pre-charge writes some of these as well: only what formation has done with counts
        values = (
            cells.loc[cells["formation_time"].notna(), name] if name in _FORMED else cells[name]
        )
        yield (
            name,
            kpi(_spread(values), units[name], f"{said[name]}, of all cells that came so far"),
        )


def _outside(facts: Facts) -> Section:
    told = facts.run.manifest.get("outside_validity") or {}
    meaning = "items whose model was asked outside of the range it holds for, by station"
    return {"outside_range": kpi(dict(told), "1", meaning)}


def _spread(values: pd.Series) -> dict[str, float]:
    known = values.dropna()
    if known.empty:
        return {}
    spread = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
    return {"mean": float(known.mean()), "standard_deviation": spread}
