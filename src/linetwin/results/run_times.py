"""Planned run time (PRI of ISO 22400-2): what a station's own settings say that its work takes.

Of a machine that works on one thing at a time, from its speed or cycle; of one that holds many
lots, the planned stay. Settings are those in force while the work was done, the fastest where they
changed in between, so planned time is never more than was used, but for ticks of 1 ms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.results import timeline
from linetwin.results.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from linetwin.results.assumptions import Plan
    from linetwin.results.kpis import Facts

_REEL = ("calender", "slitter", "notcher", "rewinder")
_BY_TRAY = {
    "tab_welder": (),
    "cell_inspection": (),
    "pouch_former": (),
    "filler": ("evacuating_time", "dosing_time"),
    "degasser": ("degassing_time",),
    "grading": (),
    "binning": (),
}
_NEEDS: dict[str, tuple[str, ...]] = {
    "mixer": ("dosing_time", "dispersing_time", "discharge_time"),
    "coater": ("web_speed",),
    **dict.fromkeys(_REEL, ("web_speed",)),
    "stacker": ("cathode_sheets", "sheet_cycle_time"),
    **{kind: ("cycle_time", "parallel_heads", *fixed) for kind, fixed in _BY_TRAY.items()},
    "vacuum_dryer": ("process_time",),
    "soak": ("soak_time",),
    "pre_charge": ("pre_charge_share", "pre_charge_rate"),
    "ocv_test": ("rest_time", "cycle_time"),
    "ageing": ("ageing_time",),
    "formation": (),
}
_FASTER = {"web_speed", "parallel_heads", "pre_charge_rate"}
_FORK = "fork: "


def planned(kind: str, of: Mapping[str, float], amount: float, passes: int = 1) -> float:
    """Return the planned time [s] of one piece of work, of settings in canonical units.

    `amount`: m of web that runs in (of the coater, that comes out), or cells; of a mixer any.
    """
    if "web_speed" in of:
        return passes * amount / of["web_speed"]
    if kind == "stacker":
        return amount * (2 * int(of["cathode_sheets"]) + 1) * of["sheet_cycle_time"]
    if kind in _BY_TRAY:
        rounds = math.ceil(amount / int(of["parallel_heads"]))
        return sum(of[name] for name in _BY_TRAY[kind]) + rounds * of["cycle_time"]
    if kind == "pre_charge":
        return of["pre_charge_share"] / of["pre_charge_rate"] * 3600.0
    if kind == "ocv_test":
        return of["rest_time"] + amount * of["cycle_time"]
    return sum(of.values())


def settings(plan: Plan, station: str) -> dict[str, float]:
    """Return the settings that a station's planned time follows from, as the scenario has them."""
    values = {name: plan.number(station, name) for name in _NEEDS.get(plan.kind(station), ())}
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class RunTimes:
    """Planned and used run times of every station of a run."""

    facts: Facts

    def reason(self, station: str) -> str:
        """Say why a station's planned run time cannot be known; "" where it can."""
        kind = self.facts.plan.kind(station)
        if kind not in _NEEDS:
            return f"no rule for a station of kind {kind or 'unknown'}"
        missing = [name for name in _NEEDS[kind] if self.facts.plan.number(station, name) is None]
        if missing:
            return f"the scenario sets no {', '.join(missing)}"
        if kind == "formation" and "formation_time" not in self.facts.cells:
            return "its model tells no formation_time"
        return ""

    def work(self, station: str) -> Rows:
        """Return start, end, planned [ms] of every piece of work of a machine, in their order.

        From one thing taken to the next; where many things become one (slurry, a coated roll, a
        tray of cells stacked), from one handed over to the next. Work in hand at the end is none;
        nothing at all where `reason` says why.
        """
        kind = self.facts.plan.kind(station)
        if self.reason(station):
            return Rows(dict.fromkeys(("start", "end", "planned"), np.zeros(0)))
        by_take = kind in _REEL or kind in _BY_TRAY
        pieces = self._taken(station) if by_take else self._given(station)
        passes = 1 if kind != "coater" or self._text(station, "coating_mode") == "tandem" else 2
        each = (pieces[name].tolist() for name in ("start", "end", "amount"))
        times = [
            1000 * self._fastest(station, kind, start, end, amount, passes)
            for start, end, amount in zip(*each, strict=True)
        ]
        return pieces.assign(planned=np.array(times, dtype=np.float64))

    def stays(self, station: str) -> pd.DataFrame:
        """Return in, out, due [ms] of every lot that lay in a station, by lot.

        Due is when its planned stay and the failures in it were over; NaN where that is not known:
        nobody saw it come in, or its cells are not formed yet.
        """
        if station not in self._due:
            self._due[station] = self._with_due(station)
        return self._due[station]

    @cached_property
    def _due(self) -> dict[str, pd.DataFrame]:
        return {}

    def inside(self, station: str) -> pd.DataFrame:
        """Return in, out [ms], completed of every lot that lay in a station, by lot."""
        if station not in self._inside:
            facts = self.facts
            takes, gives = (self._events(event, station) for event in ("take", "give"))
            found = timeline.stays(takes, gives, self._lots, station, facts.end)
            self._inside[station] = found
        return self._inside[station]

    @cached_property
    def _inside(self) -> dict[str, pd.DataFrame]:
        return {}

    def _with_due(self, station: str) -> pd.DataFrame:
        found = self.inside(station)
        begun = found["in"].to_numpy(np.float64)
        taken, entered = {*self._events("take", station)["lot"]}, self._entered(station)
        for row, lot in enumerate(found.index):
            if lot not in taken:
                begun[row] = entered.get(lot, math.nan)
        stay = self._planned_stays(station, found, begun)
        spans = self.facts.spans_at.get(station)
        due = begun + stay
        known = ~np.isnan(due)
        failed = None if spans is None else spans[spans["activity"] == "failed"]
        if failed is not None and len(failed):
            cover = timeline.Cover(failed)
            before = cover.until(begun[known])
            for _ in range(len(failed)):
                later = begun[known] + stay[known] + (cover.until(due[known]) - before)
                if (later == due[known]).all():
                    break
                due[known] = later
        return found.assign(due=due)

    def _planned_stays(self, station: str, found: pd.DataFrame, begun: np.ndarray) -> np.ndarray:
        """Return the planned stay [ms] of each lot; of formation its slowest cell's own time."""
        if self.reason(station):
            return np.full(len(found), math.nan)
        kind = self.facts.plan.kind(station)
        if kind == "formation":
            return np.array([1000 * self._slowest.get(lot, math.nan) for lot in found.index])
        takes = self._events("take", station)
        told = takes[~np.isnan(takes["amount"])]
        sizes = dict(zip(told["lot"], told["amount"].tolist(), strict=True))
        middle = float(np.median([*sizes.values()])) if sizes else 0.0
        times = [
            1000 * self._fastest(station, kind, tick, tick, sizes.get(lot, middle))
            for tick, lot in zip(np.nan_to_num(begun).tolist(), found.index, strict=True)
        ]
        return np.array(times, dtype=np.float64)

    @cached_property
    def _slowest(self) -> dict[str, float]:
        """Time of the formation protocol of each tray's slowest cell [s], by tray."""
        times = self.facts.cells.groupby("tray", sort=False)["formation_time"].max()
        return dict(zip(times.index, times.tolist(), strict=True))

    @cached_property
    def _operations(self) -> dict[str, Rows]:
        """Lot and begin of operations, by station; only a filled line has lots nobody saw come."""
        if not self.facts.plan.filled:
            return {}
        return Rows.of(self.facts.run.objects("operations", ["lot", "station", "start"])).by(
            "station"
        )

    def _entered(self, station: str) -> dict[str, float]:
        """Return when lots of the stock came in [ms], before the run, as their operation tells."""
        own = self._operations.get(station)
        return {} if own is None else dict(zip(own["lot"], own["start"].tolist(), strict=True))

    @cached_property
    def _lots(self) -> Rows:
        return Rows.of(self.facts.lots[["lot", "station", "place", "ended"]])

    def _events(self, event: str, station: str) -> Rows:
        """Return takes, or hand-overs, each thing once."""
        moves = self.facts.given if event == "give" else self.facts.told.get(event, {})
        none = {"tick": np.zeros(0, np.int64), "lot": np.zeros(0, object), "amount": np.zeros(0)}
        return moves.get(station) or Rows(none)

    def _taken(self, station: str) -> Rows:
        """Return start, end, amount from one take to the next; the last where it was finished."""
        takes, gives = self._events("take", station), self._events("give", station)
        start = takes["tick"]
        end = np.append(start[1:], self.facts.end)[: len(start)]
        pieces = Rows({"start": start, "end": end, "amount": takes["amount"]})
        finished = self._finished(station, gives["tick"])
        return pieces if len(pieces) and finished > start[-1] else pieces[:-1]

    def _finished(self, station: str, given: np.ndarray) -> int:
        """Return the last tick at which a station handed something over or scrapped all of it."""
        ended = self._lots["ended"][self._lots["place"] == station]
        return max((int(ticks.max()) for ticks in (given, ended) if len(ticks)), default=-1)

    def _given(self, station: str) -> Rows:
        """Return start, end, amount from one hand-over to the next, cells scrapped there too."""
        gives = self._events("give", station)
        ends, codes = np.unique(gives["tick"], return_inverse=True)
        amounts = np.bincount(codes, np.nan_to_num(gives["amount"]), minlength=len(ends))
        scrapped = np.searchsorted(ends, self.scrapped.get(station, np.zeros(0)), "left")
        more = np.bincount(scrapped[scrapped < len(ends)], minlength=len(ends))
        start = np.append(0, ends[:-1])[: len(ends)]
        return Rows({"start": start, "end": ends, "amount": amounts + more})

    @cached_property
    def scrapped(self) -> dict[str, np.ndarray]:
        """Ticks at which cells were scrapped, by station."""
        cells = self.facts.cells
        scrap = cells[cells["status"] == "scrap"]
        parts = Rows.of(scrap[["station", "ended"]]).by("station")
        return {name: rows["ended"] for name, rows in parts.items()}

    def _text(self, station: str, quantity: str) -> str:
        parameters = self.facts.plan.stations.get(station, {}).get("parameters") or {}
        return str((parameters.get(quantity) or {}).get("value", ""))

    @cached_property
    def _changes(self) -> dict[str, list[tuple[int, float]]]:
        """Address -> ticks and values set while the line ran."""
        events = self.facts.events
        rows = events[events["event"] == "disturbance"]
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for tick, address, value in zip(rows["tick"], rows["cause"], rows["amount"], strict=True):
            found[str(address).removeprefix(_FORK)].append((int(tick), float(value)))
        return dict(found)

    def _in_force(self, address: str, stated: float, start: float, end: float) -> list[float]:
        """Return the values that an address had between two ticks."""
        changes = self._changes.get(address, [])
        before = [stated, *(value for tick, value in changes if tick <= start)][-1]
        return [before, *(value for tick, value in changes if start < tick < end)]

    def _fastest(
        self, station: str, kind: str, start: float, end: float, amount: float, passes: int = 1
    ) -> float:
        """Return the planned time [s] of a piece of work with the fastest settings in it."""
        of = dict(self._stated(station))
        for name, stated in self._stated(station).items():
            if (address := f"{station}.{name}") in self._changes:
                choose = max if name in _FASTER else min
                of[name] = choose(self._in_force(address, stated, start, end))
        return planned(kind, of, amount, passes)

    def _stated(self, station: str) -> dict[str, float]:
        if station not in self._known:
            self._known[station] = settings(self.facts.plan, station)
        return self._known[station]

    @cached_property
    def _known(self) -> dict[str, dict[str, float]]:
        """Settings by station, as they are asked for: a long run asks for each tray."""
        return {}
