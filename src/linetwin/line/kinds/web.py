"""Web that flows: rolls as lots of segments, their defects, and the rows of the segments table.

Positions on a mother roll are metres counted as side A was coated; rewinding reverses the order in
which segments are worked, never their positions (`winding.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.line.lots import Lot
    from linetwin.line.world import World

DEFECTS = (
    "",
    "start-up of the coater",
    "loading below its window",
    "loading above its window",
    "air entrainment",
    "swelling out of the gap",
    "residual solvent",
    "porosity below its window",
    "porosity above its window",
    "scrapped after a hold",
    "splice",
    "batch change",
    "web break",
    "delamination",
    "streak of agglomerates",
)
"""Reasons for cutting a segment out, by code; the first one found stays."""
OF_STOPS = ("start-up of the coater", "splice", "batch change", "web break")
"""Reasons that follow from what the machine did, not from what its coating was like."""

CONTENT = "content:"
"""Columns so prefixed hold the kg (or m2) of a raw material in each item."""
WET = "wet:"
"""Columns so prefixed are of web that has not left the dryer yet."""
ZONE = "@"
"""Columns so named are of a zone of the dryer: only instruments look at them."""


def mark(lot: Lot, rows: np.ndarray, where: np.ndarray, reason: str) -> None:
    """Give segments `rows[where]` a defect unless they have one already."""
    hit = rows[where]
    clean = hit[lot.columns["defect"][hit] == 0]
    lot.columns["defect"][clean] = DEFECTS.index(reason)


def kept_as_led(world: World, lot: Lot) -> None:
    """Keep a roll that would be scrapped whole while a leader decides what is handed over.

    Only what stops of the coater have spoilt is cut out then: what else the leader's machine has
    cut out of it is not known.
    """
    defects = lot.columns["defect"]
    if world.leader is not None and defects.all():
        defects[~np.isin(defects, [DEFECTS.index(each) for each in OF_STOPS])] = 0


def add_content(lot: Lot, material: str, rows: np.ndarray, amounts: np.ndarray) -> None:
    """Add a raw material to segments."""
    column = lot.columns.setdefault(CONTENT + material, np.zeros(lot.items))
    column[rows] += amounts


def write_segments(world: World, lot: Lot, station: str) -> None:
    """Write a mother roll's segments: every quantity that they hold, and their status."""
    count = lot.items
    defects = lot.columns["defect"].astype(int)
    row: dict[str, Any] = {
        "roll": [lot.name] * count,
        "segment": list(range(count)),
        "start_m": lot.columns["start_m"],
        "end_m": lot.columns["end_m"],
        "status": ["scrap" if code else "good" for code in defects],
        "reason": [DEFECTS[code] for code in defects],
        "station": [station] * count,
        "tick": [world.now] * count,
    }
    hidden = {"start_m", "end_m", "defect"}
    quantities = {
        name: values
        for name, values in lot.columns.items()
        if name not in hidden and not name.startswith((CONTENT, WET)) and ZONE not in name
    }
    world.sink.add("segments", row | quantities)


def link(world: World, child: str, parent: str, role: str, **details: Any) -> None:  # noqa: ANN401
    """Write one made_from link; details as those of `link_many`."""
    link_many(world, [child], parent, role, **details)


def link_many(
    world: World,
    children: Sequence[str],
    parents: str | Sequence[str],
    role: str,
    **details: Any,  # noqa: ANN401
) -> None:
    """Write a made_from link for each child, to its own parent or to the one that all share.

    `details`, one for all or one for each: relation, share (1 unless given), amount and
    amount_unit, the stretch on the parent (start_m, end_m) and the stretch of the child that it
    became (child_start_m, child_end_m), in m.
    """
    count = len(children)
    if not count:
        return
    row = {"parent": parents, "relation": "made_from", "share": 1.0, "role": role} | details
    columns: dict[str, Any] = {
        name: [value] * count if isinstance(value, (str, int, float)) else value
        for name, value in row.items()
    }
    world.sink.add("links", {"child": children, **columns})
    if world.holds is not None:
        world.holds.pass_on(children, parents, details)
