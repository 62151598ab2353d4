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
import pandas as pd

from linetwin.results import timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def work(self, station: str) -> pd.DataFrame:
        """Return start, end, planned [ms] of every piece of work of a machine, in their order.

        From one thing taken to the next; where many things become one (slurry, a coated roll, a
        tray of cells stacked), from one handed over to the next. Work in hand at the end is none;
        nothing at all where `reason` says why.
        """
        kind = self.facts.plan.kind(station)
        if self.reason(station):
            return pd.DataFrame({"start": [], "end": [], "planned": []}, dtype="float64")
        by_take = kind in _REEL or kind in _BY_TRAY
        pieces = self._taken(station) if by_take else self._given(station)
        passes = 1 if kind != "coater" or self._text(station, "coating_mode") == "tandem" else 2
        times = [
            1000 * self._fastest(station, kind, start, end, amount, passes)
            for start, end, amount in pieces.itertuples(index=False)
        ]
        return pieces[["start", "end"]].assign(planned=np.array(times, dtype=np.float64))

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
            found = timeline.stays(facts.events, facts.lots, station, facts.end)
            self._inside[station] = found
        return self._inside[station]

    @cached_property
    def _inside(self) -> dict[str, pd.DataFrame]:
        return {}

    def _with_due(self, station: str) -> pd.DataFrame:
        facts, found = self.facts, self.inside(station)
        begun = found["in"].astype("float64")
        stock = ~found.index.isin(self._taken_lots(station))
        begun[stock] = self._entered(station).reindex(found.index[stock])
        stay = self._planned_stays(station, found, begun)
        spans = facts.spans
        failed = spans[(spans["station"] == station) & (spans["activity"] == "failed")]
        due = begun + stay
        known = due.notna().to_numpy()
        for _ in range(len(failed)):
            down = timeline.covered_until(failed, due[known].to_numpy())
            down -= timeline.covered_until(failed, begun[known].to_numpy())
            later = begun[known] + stay[known] + down
            if (later == due[known]).all():
                break
            due[known] = later
        return found.assign(due=due)

    def _planned_stays(self, station: str, found: pd.DataFrame, begun: pd.Series) -> pd.Series:
        """Return the planned stay [ms] of each lot; of formation its slowest cell's own time."""
        if self.reason(station):
            return pd.Series(np.nan, index=found.index)
        kind = self.facts.plan.kind(station)
        if kind == "formation":
            return 1000 * self._slowest.reindex(found.index)
        takes = self._events("take", station).drop_duplicates("lot", keep="last")
        sizes = takes.set_index("lot")["amount"].reindex(found.index)
        sizes = sizes.fillna(takes["amount"].median() if len(takes) else 0.0)
        times = [
            1000 * self._fastest(station, kind, tick, tick, amount)
            for tick, amount in zip(begun.fillna(0.0), sizes, strict=True)
        ]
        return pd.Series(times, index=found.index, dtype="float64")

    @cached_property
    def _slowest(self) -> pd.Series:
        """Time of the formation protocol of each tray's slowest cell [s], by tray."""
        return self.facts.cells.groupby("tray", sort=False)["formation_time"].max()

    @cached_property
    def _operations(self) -> pd.DataFrame:
        """Lot, station and begin of operations; only a filled line has lots nobody saw come."""
        names = ["lot", "station", "start"]
        if not self.facts.plan.filled:
            return pd.DataFrame(columns=names)
        return self.facts.run.objects("operations", names)

    def _entered(self, station: str) -> pd.Series:
        """Return when lots of the stock came in [ms], before the run, as their operation tells."""
        own = self._operations[self._operations["station"] == station]
        return own.drop_duplicates("lot", keep="last").set_index("lot")["start"].astype("float64")

    @cached_property
    def _moves(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Takes and hand-overs, by event and station."""
        events = self.facts.events
        moves = pd.concat([events[events["event"] == "take"], timeline.hand_overs(events)])
        moves = moves[["event", "station", "tick", "lot", "amount"]]
        return {
            (str(event), str(station)): part
            for (event, station), part in moves.groupby(["event", "station"], sort=False)
        }

    def _events(self, event: str, station: str) -> pd.DataFrame:
        none = pd.DataFrame({"tick": [], "lot": [], "amount": []})
        return self._moves.get((event, station), none)

    def _taken_lots(self, station: str) -> pd.Index:
        return pd.Index(self._events("take", station)["lot"])

    def _taken(self, station: str) -> pd.DataFrame:
        """Return start, end, amount from one take to the next; the last where it was finished."""
        takes, gives = self._events("take", station), self._events("give", station)
        start = takes["tick"].to_numpy(np.int64)
        frame = pd.DataFrame(
            {"start": start, "end": np.append(start[1:], self.facts.end)[: len(start)],
             "amount": takes["amount"].to_numpy(np.float64)}
        )  # fmt: skip
        finished = self._finished(station, gives)
        return frame if len(frame) and finished > start[-1] else frame.iloc[:-1]

    def _finished(self, station: str, gives: pd.DataFrame) -> int:
        """Return the last tick at which a station handed something over or scrapped all of it."""
        given = int(gives["tick"].max()) if len(gives) else -1
        lots = self.facts.lots
        ended = lots.loc[lots["place"] == station, "ended"]
        return max(given, int(ended.max()) if len(ended) else -1)

    def _given(self, station: str) -> pd.DataFrame:
        """Return start, end, amount from one hand-over to the next, cells scrapped there too."""
        gives = self._events("give", station).groupby("tick", sort=True)["amount"].sum()
        ends = gives.index.to_numpy(np.int64)
        scrapped = np.searchsorted(ends, self._scrapped.get(station, np.zeros(0)), "left")
        more = np.bincount(scrapped[scrapped < len(ends)], minlength=len(ends))
        return pd.DataFrame(
            {"start": np.append(0, ends[:-1])[: len(ends)], "end": ends, "amount": gives + more}
        )

    @cached_property
    def _scrapped(self) -> dict[str, np.ndarray]:
        """Ticks at which cells were scrapped, by station."""
        cells = self.facts.cells
        scrap = cells[cells["status"] == "scrap"]
        return {
            str(name): part.to_numpy()
            for name, part in scrap.groupby("station", sort=False)["ended"]
        }

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
