"""Published figures of a line's energy, and what a run's own figure differs by and why.

Nothing here enters the simulation: no constant is fitted to an anchor. Tags as in PHYSICS.md 1.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MJ_PER_KWH = 3.6
_MOST_IDLE = 3


@dataclass(frozen=True)
class Anchor:
    """A printed figure, kWh per kWh of cells; `fuel` and `electricity` where they are printed.

    `share_of` names groups of the energy table whose share of the total is printed instead.
    """

    name: str
    tag: str
    low: float
    high: float
    about: str
    fuel: float | None = None
    electricity: float | None = None
    share_of: tuple[str, ...] = ()


_DRYING = ("cathode coating and drying", "anode coating and drying")
ANCHORS = (
    Anchor("Jinasena 2021, NMC333 prismatic, 2 GWh/a", "V, abstract", 44.6, 44.6, "theoretical"),
    Anchor("Jinasena 2021, several cell types", "V, abstract", 34.2, 60.26, "47.23 +- 13.03"),
    Anchor(
        "Degen and Schuette 2022",
        "V, secondary; attribution M",
        41.48,
        41.48,
        "21.38 of it gas for drying and dry rooms",
        fuel=21.38,
        electricity=41.48 - 21.38,
    ),
    Anchor("Degen 2023, Nature Energy", "V, secondary", 20.3, 37.5, "present production"),
    Anchor(
        "Dai 2019, China, about 2 GWh/a",
        "V, secondary",
        170 / MJ_PER_KWH,
        170 / MJ_PER_KWH,
        "140 MJ steam and 30 MJ electricity a kWh",
        fuel=140 / MJ_PER_KWH,
        electricity=30 / MJ_PER_KWH,
    ),
    Anchor(
        "Bryntesen 2021, share of all drying",
        "V, abstract",
        0.39,
        0.39,
        "electrode drying, vacuum drying not told apart here",
        share_of=_DRYING,
    ),
    Anchor(
        "Wood 2018, share of electrode drying and NMP recovery",
        "V, secondary",
        0.47,
        0.47,
        "",
        share_of=_DRYING,
    ),
    Anchor(
        "Yuan 2017, share of the dry room",
        "V, secondary",
        0.29,
        0.29,
        "pilot scale",
        share_of=("dry room",),
    ),
)


def compared(
    groups: dict[str, dict[str, float]], idle: dict[str, float], recovered: float
) -> list[dict[str, Any]]:
    """Return a row an anchor: printed, found here, gap, and what the gap consists of.

    `groups`: group -> carrier -> kWh per good kWh; `idle`: what was drawn without anything being
    made there, by what drew it; `recovered`: fuel that the dryers' heat recovery saves; both kWh
    per good kWh.
    """
    return [_row(anchor, groups, idle, recovered) for anchor in ANCHORS]


def _row(
    anchor: Anchor, groups: dict[str, dict[str, float]], idle: dict[str, float], recovered: float
) -> dict[str, Any]:
    total = here = sum(sum(carriers.values()) for carriers in groups.values())
    if anchor.share_of:
        here = sum(sum(groups.get(name, {}).values()) for name in anchor.share_of) / total
    below, above = min(0.0, here - anchor.low), max(0.0, here - anchor.high)
    return {
        "anchor": anchor.name,
        "tag": anchor.tag,
        "about": anchor.about,
        "unit": "share" if anchor.share_of else "kWh/kWh",
        "printed_low": anchor.low,
        "printed_high": anchor.high,
        "here": here,
        "gap": below or above,
        "gap_consists_of": "; ".join([*_printed(anchor, groups, total), *_terms(idle, recovered)]),
    }


def _printed(anchor: Anchor, groups: dict[str, dict[str, float]], total: float) -> list[str]:
    """Put the gap to carriers or groups as far as an anchor prints its parts."""
    fuel = sum(carriers.get("fuel", 0.0) for carriers in groups.values())
    if anchor.fuel is not None and anchor.electricity is not None:
        return [
            f"fuel {fuel:.1f} here, {anchor.fuel:.1f} printed",
            f"electricity {total - fuel:.1f} here, {anchor.electricity:.1f} printed",
        ]
    if anchor.share_of:
        rest = {name: sum(groups[name].values()) for name in groups if name not in anchor.share_of}
        largest = sorted(rest, key=lambda name: -rest[name])[:2]
        return [f"{name} is {rest[name] / total:.0%} here" for name in largest]
    return ["no parts are printed, so the gap cannot be put to stations"]


def _terms(idle: dict[str, float], recovered: float) -> list[str]:
    """Say what in this line's figure depends most on how it is run and equipped."""
    found = []
    if recovered:
        found.append(
            f"without the dryers' heat recovery {recovered:.1f} kWh/kWh of fuel on top of it"
        )
    if idle:
        largest = sorted(idle, key=lambda name: -idle[name])[:_MOST_IDLE]
        shown = ", ".join(f"{name} {idle[name]:.1f}" for name in largest)
        found.append(f"drawn while idle here: {sum(idle.values()):.1f} kWh/kWh ({shown})")
    return found
