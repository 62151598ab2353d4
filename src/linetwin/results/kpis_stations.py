"""Key figures of the stations: how busy, what they waited for, which of them held the line back."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from linetwin.results import timeline
from linetwin.results.kpis import Facts, Section, kpi
from linetwin.results.kpis_iso import Budget
from linetwin.results.rows import Rows

FAILED = "Aborted"
_WINDOW = (
    "a station's own window: from the tick at which it had handed over 25 % of what it handed "
    "over in the run to that of 75 %"
)

_NEEDED = (
    "time a station would take for its output of the run if it never had to wait: work, set-up and "
    "repair, over its places and over the share of the week in which it is staffed; for a station "
    "that holds many lots, from its shortest completed stay, and nothing where no lot left it"
)
_FULL = 0.98
_HELD_UP = 0.5
_BOTTLENECK = (
    "the station that sets the pace: one that holds many lots, had at least 98 % of its places "
    "taken in its window and whose input buffer was full, or a station before it blocked, for at "
    "least half of that window (of several the last in the flow, as those before it are held up "
    "by it); where there is none, the station that needs most time for the run's output"
)


def stations(facts: Facts, budget: Budget | None = None) -> Section:
    """Return use, waiting, failures and the bottleneck, by station."""
    budget = budget or Budget(facts)
    windows = timeline.windows(facts.told.get("give", {}), facts.spans_at)
    order = [name for name in timeline.station_order(facts.events) if name in windows]
    inside = {name: timeline.within(facts.spans_at[name], *windows[name]) for name in order}
    busy, active = _busy(facts, windows, inside)
    times = {name: _needed(facts, name, facts.spans_at[name]) for name in order}
    needed = {name: time for name, time in times.items() if time is not None}
    full = [name for name in order if _saturated(facts, name, windows[name], busy[name])]
    waits = {name: _waiting(inside[name]) for name in order}
    for name in order:
        if _many(facts, name):
            spent = budget.times(name, windows[name])
            waits[name] |= {why: spent[why] / spent["PBT"] for why in ("starved", "blocked")}
            busy[name] = spent["APT"] / spent["PBT"]
    return {
        "utilisation": kpi(
            {name: timeline.shares(spans) for name, spans in facts.spans_at.items()},
            "1",
            "share of the run in each PackML state",
        ),
        "utilisation_steady": kpi(
            {name: timeline.shares(inside[name]) for name in order},
            "1",
            f"share of each PackML state in {_WINDOW}",
        ),
        "window": kpi(
            {name: [tick / 1000 for tick in windows[name]] for name in order}, "s", _WINDOW
        ),
        "busy": kpi(
            busy,
            "1",
            "utilization (ISO 22400-2) in the window: share of shift time in Execute; for a "
            "station that holds many lots, mean share of its places with a lot at work",
        ),
        "active_period": kpi(
            active,
            "s",
            "mean uninterrupted active period in the window (active-period method); for a station "
            "that holds many lots, mean period with every place taken",
        ),
        "time_needed": kpi(needed, "s", _NEEDED),
        "starved": kpi(
            {name: wait["starved"] for name, wait in waits.items()},
            "1",
            "share of window starved; of a station that holds many lots, share of places empty",
        ),
        "blocked": kpi(
            {name: wait["blocked"] for name, wait in waits.items()},
            "1",
            "share of window blocked; of a station that holds many lots, share of places with a "
            "finished lot for which there was no room behind",
        ),
        "setting_up": kpi(
            {name: wait["setting up"] for name, wait in waits.items()},
            "1",
            "share of window set up: started, changed over, cleaned or run out",
        ),
        **_bottleneck(full, needed, active),
        **_failures(facts),
    }


def _busy(
    facts: Facts, windows: dict[str, tuple[int, int]], inside: dict[str, Rows]
) -> tuple[dict[str, float], dict[str, float]]:
    busy: dict[str, float] = {}
    active: dict[str, float] = {}
    for name, spans in inside.items():
        places = facts.plan.number(name, "parallel_places")
        if places is not None and places > 1:
            taken = timeline.occupancy(facts.run_times.inside(name), facts.end)
            found = timeline.places_taken(taken, places, windows[name])
            busy[name], active[name] = found["busy"], found["full_s"]
            continue
        lengths = spans["end"] - spans["start"]
        shift = float(lengths[spans["state"] != timeline.OFF_SHIFT].sum())
        worked = float(lengths[spans["state"] == "Execute"].sum())
        busy[name] = worked / shift if shift else 0.0
        periods = timeline.active_periods(spans)
        active[name] = float(periods.mean() / 1000) if len(periods) else 0.0
    return busy, active


def _waiting(spans: Rows) -> dict[str, float]:
    lengths = spans["end"] - spans["start"]
    total = float(lengths.sum())
    return {
        cause: float(lengths[spans["activity"] == cause].sum()) / total if total else 0.0
        for cause in ("starved", "blocked", "setting up")
    }


def _many(facts: Facts, station: str) -> float | None:
    """Return the places of a station that holds many lots, None for any other."""
    places = facts.plan.number(station, "parallel_places")
    return places if places is not None and places > 1 else None


def _needed(facts: Facts, station: str, spans: Rows) -> float | None:
    """Return the time [s] a station would take for its output if it never had to wait."""
    places = _many(facts, station)
    if places is not None:
        stays = facts.run_times.inside(station)
        # A lot still inside tells nothing of the process; one that found no room behind stayed
        # longer: the shortest completed stay is the process itself.
        left = timeline.whole_stays(stays, filled=facts.plan.filled)
        shortest = float((left["out"] - left["in"]).min()) if len(left) else 0.0
        count = int(stays["completed"].sum())
        return shortest * count / 1000 / places if shortest else None
    worked = float((spans["end"] - spans["start"])[timeline.active(spans)].sum()) / 1000
    return worked / facts.plan.staffed_share(station)


def _saturated(facts: Facts, station: str, window: tuple[int, int], busy: float) -> bool:
    """Tell whether a station's places were taken while work piled up before it."""
    if _many(facts, station) is None or busy < _FULL:
        return False
    inputs = set((facts.plan.stations.get(station, {}).get("takes") or {}).values())
    shares = []
    for path, about, ticks, level in facts.levels:
        inside = level[(ticks >= window[0]) & (ticks <= window[1])]
        if path in inputs and about.get("capacity") is not None and len(inside):
            shares.append(float((inside >= about["capacity"]).mean()))
    for name, about in facts.plan.stations.items():
        if inputs & set((about.get("gives") or {}).values()) and name in facts.spans_at:
            spans = timeline.within(facts.spans_at[name], *window)
            shares.append(_waiting(spans)["blocked"])
    return max(shares, default=0.0) >= _HELD_UP


def _bottleneck(full: list[str], needed: dict[str, float], active: dict[str, float]) -> Section:
    slowest = max(needed, key=lambda name: needed[name]) if needed else None
    if full:
        slowest = full[-1]
    longest = max(active, key=lambda name: active[name]) if active else None
    return {
        "bottleneck": kpi(slowest, "", _BOTTLENECK),
        "bottleneck_by_active_period": kpi(
            longest, "", "the station with the longest mean active period; a cross-check"
        ),
    }


def _failures(facts: Facts) -> Section:
    """Counts and times of failures, down time with the wait for a technician."""
    found: dict[str, dict[str, Any]] = {}
    for station, rows in facts.told.get("failure", {}).items():
        spans = facts.spans_at.get(station)
        lost, work = (_length(spans, state) for state in (FAILED, "Execute"))
        count = len(rows)
        found[station] = {
            "count": count,
            "down_time": lost,
            "mean_time_to_restore": lost / count,
            "mean_time_between_failures": work / count,
            "availability": work / (work + lost) if work + lost else np.nan,
            "causes": dict(Counter(rows["cause"]).most_common()),
        }
    return {
        "failures": kpi(
            found,
            "s",
            "failures by station: count and availability are 1, times in s; down time holds the "
            "wait for a technician; time between failures counts Execute only",
        )
    }


def _length(spans: Rows | None, state: str) -> float:
    """Return how long [s] a station was in a state."""
    if spans is None:
        return 0.0
    return float((spans["end"] - spans["start"])[spans["state"] == state].sum()) / 1000


class Levels(NamedTuple):
    """Levels of a buffer, lots or kg in a tank, at recorded ticks."""

    path: str
    about: dict[str, Any]
    ticks: np.ndarray
    level: np.ndarray


def levels(facts: Facts) -> list[Levels]:
    """Return the recorded levels of every buffer that has any."""
    recorded = set(facts.run.columns("signals"))
    columns = [name for name in ("buffer_level", "slurry_mass") if name in recorded]
    signals = facts.run.objects("signals", ["tick", "station", *columns])
    known = Rows.of(signals[signals[columns].notna().any(axis=1)])
    found = []
    for path, rows in known.by("station").items():
        about = facts.plan.buffers.get(path, {})
        column = "slurry_mass" if about.get("kind") == "tank" else "buffer_level"
        if column in columns:
            told = ~np.isnan(rows[column])
            if told.any():
                found.append(Levels(path, about, rows["tick"][told], rows[column][told]))
    return found


def buffers(facts: Facts) -> Section:
    """Return levels of the buffers over the run."""
    section: Section = {}
    for path, about, _, level in facts.levels:
        capacity = about.get("capacity")
        entry = kpi(
            {
                "mean": float(level.mean()),
                "maximum": float(level.max()),
                "empty": float((level <= 0).mean()),
                "full": None if capacity is None else float((level >= capacity).mean()),
                "capacity": capacity,
            },
            "kg" if about.get("kind") == "tank" else "1",
            "level at the recording instants; empty and full are shares of them",
        )
        section[path] = {**entry, "units": {"empty": "1", "full": "1"}}
    return section
