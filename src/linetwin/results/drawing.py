"""The line as a drawing: stations, buffers and flows, coloured by how busy the stations were."""

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


@dataclass(frozen=True)
class Busy:
    """What the drawing shows of the stations: share busy, the bottleneck, mean buffer levels."""

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
    """Return station -> (row, column): groups by first word, in the order of the line file."""
    groups: dict[str, list[str]] = {}
    for path in plan.stations:
        groups.setdefault(path.split(".", 1)[0], []).append(path)
    return {
        path: (row, column)
        for row, members in enumerate(groups.values())
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
    about = escape(str(plan.stations[path].get("title") or path))
    kind = "box bottleneck" if path == busy.bottleneck else "box"
    said = "not used" if share is None else f"{display.share(share)} busy"
    return (
        f'<g class="station"><title>{about}: {said}</title>'
        f'<rect class="{kind}" x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="7"/>'
        f'<rect class="fill" x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="7" '
        f'fill-opacity="{strength:.3f}"/>'
        f'<text x="{x + 10}" y="{y + 18}" class="group">{escape(group if label else "")}</text>'
        f'<text x="{x + 10}" y="{y + 34}" class="name">'
        f"{escape(display.name(label or group))}</text>"
        f'<text x="{x + 10}" y="{y + 50}" class="share">{said}</text></g>'
    )


def _flows(plan: Plan, places: dict[str, tuple[int, int]], busy: Busy) -> list[str]:
    """Draw an arrow from each giver to each taker of a buffer, with the buffer on it."""
    givers: dict[str, list[str]] = {}
    for path, about in plan.stations.items():
        for buffer in (about.get("gives") or {}).values():
            givers.setdefault(str(buffer), []).append(path)
    parts = []
    turn = 0
    for path, about in plan.stations.items():
        for buffer in (about.get("takes") or {}).values():
            for giver in givers.get(str(buffer), []):
                start, end = places[giver], places[path]
                turn += start[0] != end[0]
                parts.append(_flow(start, end, str(buffer), busy, turn))
    return parts


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
    level = busy.levels.get(buffer)
    said = "" if level is None else _level(*level)
    return (
        f'<g class="flow"><title>{escape(display.name(buffer))}: {said or "not recorded"}</title>'
        f'<path d="{line}"/><path d="{head}"/>'
        f'<text x="{at[0]}" y="{at[1] - 7}">{escape(said)}</text></g>'
    )


def _level(mean: float, capacity: float | None) -> str:
    limit = "" if capacity is None else f"/{display.plain(capacity)}"
    return f"{mean:.1f}{limit}"
