"""Rolls wound and unwound: which end comes first, which metres became which, and how surely.

A mother roll keeps the metres of the coater. Every unwinding begins at the outer end, which is
where the last winding stopped, so each machine works the web in the opposite order. What a machine
cuts or notches is a new lot whose metres count from its own outer end; links say which stretch of
the parent each stretch became, reversed where it was rewound, longer where the calender stretched
it, and none for what was cut out.

Rule for the standard uncertainty of a position [A, all three in quadrature]: `THREADING_M` for each
threading of the web, `JOINT_M` for each splice, tear or cut-out in the roll, and `STRETCH_DOUBT` of
the metres that the calender added. A roll's property counts all of it since the coater; a link from
one daughter roll to the next only what was added between the two.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.web import CONTENT, link_many

if TYPE_CHECKING:
    from linetwin.line.lots import Lot
    from linetwin.line.world import World

THREADING_M = 0.1
"""Where a threaded web begins is known to about a hand's width [A]."""
JOINT_M = 0.05
"""Length lost or gained at a splice, tear or cut-out [A]."""
STRETCH_DOUBT = 0.1
"""Part of the web's elongation that is not known [A]."""
NEAR = 1e-9
FORWARD, BACKWARD = 1.0, -1.0


def note_threading(lot: Lot) -> None:
    """One more winding: the outer end is now the other one, and positions are less sure."""
    lot.properties["winding_direction"] = -lot.properties.get("winding_direction", FORWARD)
    doubt(lot, THREADING_M)


def doubt(lot: Lot, term_m: float, count: int = 1) -> None:
    """Add an independent error [m], met `count` times, to the uncertainty of a lot's positions."""
    before = lot.properties.get("position_uncertainty", 0.0)
    lot.properties["position_uncertainty"] = math.hypot(before, term_m * math.sqrt(count))


def turn_over(lot: Lot, swap: float) -> None:
    """Turn the web over where `swap` is 1."""
    before = lot.properties.get("sides_swapped", 0.0)
    lot.properties["sides_swapped"] = float((before > 0) != (swap > 0))


def unwinding(lot: Lot, rows: np.ndarray) -> np.ndarray:
    """Return segments in the order in which they leave the roll."""
    backward = lot.properties.get("winding_direction", FORWARD) < 0
    return rows[::-1] if backward else rows


def wound(lot: Lot, rows: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return rows of a lot from the outer end of the roll they are wound up to.

    Also whether metres run downwards in it. Unwound from one end, the other end lies outside.
    """
    order = unwinding(lot, rows)[::-1]
    return order, lot.properties.get("winding_direction", FORWARD) > 0


def wind_up(parent: Lot, child: Lot, rows: np.ndarray, stretch: float = 0.0) -> None:
    """Give `child` the segments `rows` of `parent`: its own metres, from its outer end.

    `stretch`: a metre of the parent is 1 + `stretch` metres now. Other columns are the caller's.
    """
    lengths = (parent.columns["end_m"][rows] - parent.columns["start_m"][rows]) * (1 + stretch)
    ends = np.cumsum(lengths)
    child.columns = {"start_m": ends - lengths, "end_m": ends}
    child.amount = float(ends[-1])
    child.properties["winding_direction"] = FORWARD


def link_web(world: World, child: Lot, parent: Lot, rows: np.ndarray, *, downwards: bool) -> None:
    """Link each stretch of `parent` that is in one piece in `child` to the metres it became.

    `rows`: segments of the parent in the order in which the child holds them.
    """
    start, end = parent.columns["start_m"][rows], parent.columns["end_m"][rows]
    first_met, last_met = (end, start) if downwards else (start, end)
    joints = np.abs(first_met[1:] - last_met[:-1]) > NEAR * max(1.0, parent.amount)
    first = np.flatnonzero(np.append(True, joints))
    last = np.append(first[1:], len(rows)) - 1
    doubt(child, JOINT_M, len(first) - 1)
    known = parent.properties["position_uncertainty"] if parent.kind == child.kind else 0.0
    child_start = child.columns["start_m"][first]
    child_end = child.columns["end_m"][last]
    link_many(
        world,
        [child.name] * len(first),
        parent.name,
        "web",
        share=(child_end - child_start) / child.amount,
        amount=np.abs(last_met[last] - first_met[first]),
        amount_unit="m",
        start_m=first_met[first],
        end_m=last_met[last],
        child_start_m=child_start,
        child_end_m=child_end,
        position_uncertainty=math.sqrt(child.properties["position_uncertainty"] ** 2 - known**2),
    )


def contents(lot: Lot, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the raw materials in each of these segments: material -> amounts, shape (rows,)."""
    return {
        name.removeprefix(CONTENT): values[rows]
        for name, values in lot.columns.items()
        if name.startswith(CONTENT)
    }
