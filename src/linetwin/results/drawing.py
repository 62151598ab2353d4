"""The line as a drawing: stations, buffers and flows, coloured by how busy the stations were.

A group of like machines is one box; rows that are too long for a page go on below.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from linetwin.results import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.assumptions import Plan

_BOX = (132.0, 58.0)
_STEP = (186.0, 112.0)
_MARGIN = (14.0, 16.0)
_STRONGEST = 0.62
_ROW = 7
_MANY, _THOUSAND = 100, 1000
_WIDEST = 14


@dataclass(frozen=True)
class Busy:
    """What the drawing shows by group: share busy, the bottleneck; and mean buffer levels."""

    share: Mapping[str, float]
    bottleneck: str
    levels: Mapping[str, tuple[float, float | None]]


def line_drawing(plan: Plan, busy: Busy) -> str:
    """Return the line as SVG; a row for each first part of the station paths."""
    places = _places(plan)
    if not places:
        return ""
    columns = max(column for _, column in places.values()) + 1
    lines = max(row for row, _ in places.values()) + 1
    width = 2 * _MARGIN[0] + (columns - 1) * _STEP[0] + _BOX[0] + 30
    height = 2 * _MARGIN[1] + (lines - 1) * _STEP[1] + _BOX[1] + 6
    size = f"0 0 {width:.0f} {height:.0f}"
    label = "The line: stations, buffers and flows"
    parts = [f'<svg viewBox="{size}" class="line" role="img" aria-label="{label}">']
    parts += _flows(plan, places, busy)
    parts += [_station(plan, path, _corner(place), busy) for path, place in places.items()]
    return "\n".join([*parts, "</svg>"])


def _places(plan: Plan) -> dict[str, tuple[int, int]]:
    """Return group -> (row, column): rows by first word, in the order of the line file."""
    parts: dict[str, list[str]] = {}
    for group in plan.members:
        parts.setdefault(group.split(".", 1)[0], []).append(group)
    rows = [
        members[first : first + _ROW]
        for members in parts.values()
        for first in range(0, len(members), _ROW)
    ]
    return {
        path: (row, column)
        for row, members in enumerate(rows)
        for column, path in enumerate(members)
    }


def _corner(place: tuple[int, int]) -> tuple[float, float]:
    row, column = place
    return _MARGIN[0] + column * _STEP[0], _MARGIN[1] + row * _STEP[1]


def _station(plan: Plan, path: str, corner: tuple[float, float], busy: Busy) -> str:
    x, y = corner
    share = busy.share.get(path)
    strength = 0.0 if share is None else _STRONGEST * min(1.0, share)
    group, _, label = path.partition(".")
    members = plan.members[path]
    about = escape(str(plan.stations[members[0]].get("title") or path))
    count = f" x {len(members)}" if len(members) > 1 else ""
    words = display.name(label or group) + count
    fitted = f' textLength="{_BOX[0] - 18:.0f}"' if len(words) > _WIDEST else ""
    kind = "box bottleneck" if path == busy.bottleneck else "box"
    said = "not used" if share is None else f"{display.share(share)} busy"
    return (
        f'<g class="station"><title>{about}: {said}</title>'
        f'<rect class="{kind}" x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="7"/>'
        f'<rect class="fill" x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="7" '
        f'fill-opacity="{strength:.3f}"/>'
        f'<text x="{x + 10}" y="{y + 18}" class="group">{escape(group if label else "")}</text>'
        f'<text x="{x + 10}" y="{y + 34}" class="name"{fitted} '
        f'lengthAdjust="spacingAndGlyphs">{escape(words)}</text>'
        f'<text x="{x + 10}" y="{y + 50}" class="share">{said}</text></g>'
    )


def _flows(plan: Plan, places: dict[str, tuple[int, int]], busy: Busy) -> list[str]:
    """Draw an arrow from each giver to each taker of a buffer, with the buffer on it."""
    wires = {
        group: {
            side: dict.fromkeys(
                str(buffer)
                for path in members
                for buffer in (plan.stations[path].get(side) or {}).values()
            )
            for side in ("takes", "gives")
        }
        for group, members in plan.members.items()
    }
    parts = []
    turn = 0
    for taker, wire in wires.items():
        for buffer in wire["takes"]:
            for giver in (name for name, each in wires.items() if buffer in each["gives"]):
                start, end = places[giver], places[taker]
                below = giver.split(".")[0] == taker.split(".")[0] and start[0] != end[0]
                turn += start[0] != end[0] and not below
                draw = _below if below else _flow
                parts.append(draw(start, end, buffer, busy, turn))
    return parts


def _below(start: tuple[int, int], end: tuple[int, int], buffer: str, busy: Busy, turn: int) -> str:
    """Draw the arrow from the end of a row to where the row goes on below."""
    del turn
    (x0, y0), (x1, y1) = _corner(start), _corner(end)
    right, middle, into = x0 + _BOX[0], y0 + _BOX[1] / 2, x1 + _BOX[0] / 2
    between = (y0 + _BOX[1] + y1) / 2 + 6
    line = f"M{right} {middle}H{right + 14}V{between}H{into}V{y1 - 5}"
    head = f"M{into - 4} {y1 - 6}L{into} {y1}L{into + 4} {y1 - 6}"
    return _arrow(buffer, busy, line, head, (right - 20, between))


def _flow(start: tuple[int, int], end: tuple[int, int], buffer: str, busy: Busy, turn: int) -> str:
    (x0, y0), (x1, y1) = _corner(start), _corner(end)
    right, middle = x0 + _BOX[0], y0 + _BOX[1] / 2
    if start[0] == end[0]:
        line = f"M{right} {middle}H{x1 - 5}"
        head = f"M{x1 - 6} {middle - 4}L{x1} {middle}L{x1 - 6} {middle + 4}"
        at = ((right + x1) / 2 - 2, middle)
    else:
        # Beside the last station, then between the rows, then onto the taker from above; what
        # comes from further up runs outside of and below what joins it, so lines do not cross.
        side, between = right + (56 if turn == 1 else 14), y1 - 2 - 13 * turn
        into = x1 + _BOX[0] * (0.85 - 0.25 * turn)
        line = f"M{right} {middle}H{side}V{between}H{into}V{y1 - 5}"
        head = f"M{into - 4} {y1 - 6}L{into} {y1}L{into + 4} {y1 - 6}"
        at = (right + 35, middle if turn == 1 else middle + 25)
    return _arrow(buffer, busy, line, head, at)


def _arrow(buffer: str, busy: Busy, line: str, head: str, at: tuple[float, float]) -> str:
    level = busy.levels.get(buffer)
    said = "" if level is None else _level(*level)
    return (
        f'<g class="flow"><title>{escape(display.name(buffer))}: {said or "not recorded"}</title>'
        f'<path d="{line}"/><path d="{head}"/>'
        f'<text x="{at[0]}" y="{at[1] - 7}">{escape(said)}</text></g>'
    )


def _level(mean: float, capacity: float | None) -> str:
    limit = "" if capacity is None else f"/{_short(capacity)}"
    return f"{mean:.1f}{limit}" if mean < _MANY else f"{_short(mean)}{limit}"


def _short(number: float) -> str:
    """Return a level that fits between two boxes: thousands as k."""
    if number < _THOUSAND:
        return display.plain(number)
    return f"{display.plain(number / _THOUSAND, 2)}k"
