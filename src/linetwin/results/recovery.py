"""Heat that the dryers' heat recovery saves: what they would draw without it, on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.timeline import within

if TYPE_CHECKING:
    from linetwin.results.kpis import Facts
    from linetwin.results.rows import Rows

ROOM_TEMPERATURE_K = 295.15
AIR_HEAT_CAPACITY = 1.2 * 1006.0
COLD = ("Stopped", "Complete", "Idle")
_NEEDED = (
    "loading_target",
    "solids_target",
    "coating_width",
    "web_speed",
    "exhaust_concentration",
    "heat_recovery",
)


def dryer_heat_recovered(facts: Facts, first: int, last: int) -> float:
    """Return the heat [J] that exhaust gave back between two ticks, from the coaters' parameters.

    Exhaust as set by speed and concentration, times the rise from its inlet (the condenser's
    temperature where solvent is recovered, else the room's) to the hottest zone, while hot.
    """
    return sum(
        _of_coater(facts, station, within(facts.spans_at[station], first, last))
        for station, config in facts.plan.stations.items()
        if config.get("kind") == "coater" and station in facts.spans_at
    )


def _of_coater(facts: Facts, station: str, spans: Rows) -> float:
    number = facts.plan.number
    values = {name: number(station, name) for name in _NEEDED}
    parameters = facts.plan.stations[station].get("parameters") or {}
    zones = (parameters.get("zone_temperatures") or {}).get("value") or ()
    if not zones or any(value is None for value in values.values()):
        return 0.0
    known = {name: value or 0.0 for name, value in values.items()}
    solids = known["solids_target"]
    wet = known["loading_target"] * (1 - solids) / solids
    sides = 2 if (parameters.get("coating_mode") or {}).get("value") == "tandem" else 1
    evaporation = sides * wet * known["coating_width"] * known["web_speed"]
    exhaust = evaporation / known["exhaust_concentration"]
    closed = (number(station, "solvent_recovery") or 0.0) > 0
    cold = (number(station, "condensing_temperature") if closed else None) or ROOM_TEMPERATURE_K
    rise = max(0.0, max(zones) - cold)
    seconds = (spans["end"] - spans["start"]) / 1000
    working = float(seconds[spans["state"] == "Execute"].sum())
    ready = np.array([state not in (*COLD, "Execute") for state in spans["state"]], dtype=bool)
    waiting = float(seconds[ready].sum())
    share = number(station, "idle_air_share")
    hot = working + waiting * (1.0 if share is None else share)
    return float(exhaust * AIR_HEAT_CAPACITY * rise * known["heat_recovery"] * hot)
