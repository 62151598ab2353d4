"""Which lots a line can have, by name: what a hold may be on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.scenario.resolved import MaterialConfig, StationConfig

_NAME = re.compile(r"(?P<series>.+?)-\d{4,}(?P<lane>\.\d+)?")
_MADE = {"mixer": ("slurry",), "coater": ("charge", "roll")}
"""Kind of station -> the series of lots that it makes for its electrode."""
ROLL = ".roll"


def wrong_lot(
    lot: str, stations: Mapping[str, StationConfig], materials: Mapping[str, MaterialConfig]
) -> tuple[str, str] | None:
    """Return message and hint where no lot of the line can have this name."""
    series = list(_series(stations.values(), materials))
    found = _NAME.fullmatch(lot)
    if found is None:
        name = lot.rpartition("-")[0] or lot
        near = name if name in series else nearest(name, series)
        return f"'{lot}' is no name of a lot", f"{near}; such as {series[0]}-0001"
    if found["series"] not in series:
        message = f"no lot of this line is called '{found['series']}' and a number"
        return message, nearest(found["series"], series)
    if found["lane"] and not found["series"].endswith(ROLL):
        return f"only a roll has lanes, not '{lot}'", f"such as {found['series']}-0001"
    return None


def roll_length(lot: str, stations: Mapping[str, StationConfig]) -> float | None:
    """Return the length of an electrode's mother rolls [m]; None where it is unknown."""
    electrode = lot.split(".", maxsplit=1)[0]
    lengths = [
        station.parameters["roll_length"].number
        for station in stations.values()
        if station.kind == "coater"
        and station.path.split(".")[0] == electrode
        and "roll_length" in station.parameters
    ]
    return max(lengths, default=None)


def _series(stations: Iterable[StationConfig], materials: Iterable[str]) -> Iterable[str]:
    kinds = [(station.kind, station.path.split(".")[0]) for station in stations]
    yield from materials
    for kind, electrode in dict.fromkeys(kinds):
        for name in _MADE.get(kind, ()):
            yield f"{electrode}.{name}"
    for kind, name in (("stacker", "tray"), ("binning", "box")):
        if any(each == kind for each, _ in kinds):
            yield name
