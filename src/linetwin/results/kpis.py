"""The key figures of a run, each with value, unit and meaning; names of ISO 22400-2 where they fit.

`compute()` returns section -> name -> {"value", "unit", "meaning"}; a value is a number, text,
None where there is nothing to tell, or a table (a mapping by station, state, material, ...).
Units are canonical; times are counted from the start of the run.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from linetwin.results import timeline
from linetwin.results.assumptions import Plan, plan
from linetwin.results.manifest import write_atomically
from linetwin.results.rows import Rows
from linetwin.results.schemas import MEASURED, TABLES

if TYPE_CHECKING:
    import pandas as pd

    from linetwin.results.critical_path import CriticalPath
    from linetwin.results.kpis_stations import Levels
    from linetwin.results.meters import Meters
    from linetwin.results.reader import Run
    from linetwin.results.run_times import RunTimes

Kpi = dict[str, Any]
Section = dict[str, Kpi]
Kpis = dict[str, Section]

GRADES = ("A", "B")
_JUDGED = ("capacity", "dcir", "fill_ratio")
_CELLS = (
    *_JUDGED,
    *(f"{MEASURED}{name}" for name in _JUDGED),
    *("ocv_drift", "first_cycle_efficiency", "discharge_energy", "formation_time"),
)
_WEBS = ("loading_a", "loading_b", "porosity_a", "porosity_b")
_SEGMENTS = (*_WEBS, *(f"{MEASURED}{name}" for name in _WEBS))
MS_PER_HOUR = 3_600_000


def kpi(value: Any, unit: str, meaning: str) -> Kpi:  # noqa: ANN401 - a number or a table
    """Return one key figure; numbers that are not finite become None."""
    return {"value": _plain(value), "unit": unit, "meaning": meaning}


def _plain(value: Any) -> Any:  # noqa: ANN401 - recursion over JSON
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (np.integer, np.floating)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@dataclass(frozen=True)
class Facts:
    """The tables of a run that several sections look at, read once."""

    run: Run

    @cached_property
    def plan(self) -> Plan:
        """The resolved scenario."""
        return plan(self.run)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The cells table, without what no key figure and no figure needs."""
        return self._narrow("cells", _CELLS)

    @cached_property
    def events(self) -> pd.DataFrame:
        """The events table."""
        return self.run.objects("events")

    @cached_property
    def lots(self) -> pd.DataFrame:
        """The lots table, without properties."""
        return self._narrow("lots", ())

    @cached_property
    def segments(self) -> pd.DataFrame:
        """The segments table: loading and porosity of both sides; `web`, the electrode, added."""
        segments = self._narrow("segments", _SEGMENTS)
        # Rolls are few, segments many: each name is split once.
        webs = {roll: str(roll).split(".", 1)[0] for roll in segments["roll"].unique()}
        segments["web"] = segments["roll"].map(webs).astype("object")
        return segments

    def _narrow(self, name: str, quantities: tuple[str, ...]) -> pd.DataFrame:
        """Read the fixed columns and those quantities: a long run must fit into memory."""
        fixed = [column.name for column in TABLES[name].columns]
        recorded = set(self.run.columns(name))
        return self.run.objects(name, [*fixed, *(q for q in quantities if q in recorded)])

    @property
    def started(self) -> int:
        """Cells whose stacking began; of a killed run as its manifest last counted them."""
        progress = self.run.manifest.get("progress") or {}
        counted = (progress.get("counts") or {}).get("started", 0)
        killed = self.run.manifest["status"] == "running"
        return max(len(self.cells), int(counted)) if killed else len(self.cells)

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The ledger table."""
        return self.run.objects("ledger")

    @cached_property
    def end(self) -> int:
        """The last tick."""
        return timeline.end_tick(self.run)

    @property
    def begin(self) -> int:
        """The tick at which the books begin: 0, or that of the fork from a twin."""
        from linetwin.results.ahead import begin

        return begin(self.run)

    @cached_property
    def spans(self) -> pd.DataFrame:
        """Intervals of PackML state, with the activity; once an order is done nobody waits."""
        spans = timeline.intervals(self.events, self.end)
        spans["activity"] = timeline.activities(spans)
        if self.run.manifest.get("ended_by") == "order":
            worked = ~spans["activity"].isin(["starved", "off shift", ""])
            last = spans["end"].where(worked, 0).groupby(spans["station"]).transform("max")
            spans.loc[(spans["start"] >= last) & (last > 0), "activity"] = ""
        return spans

    @cached_property
    def spans_at(self) -> dict[str, Rows]:
        """The intervals of each station."""
        return Rows.of(self.spans).by("station")

    @cached_property
    def told(self) -> dict[str, dict[str, Rows]]:
        """The events of each kind, by station."""
        kinds = Rows.of(self.events).by("event")
        return {kind: rows.by("station") for kind, rows in kinds.items()}

    @cached_property
    def given(self) -> dict[str, Rows]:
        """What each station handed over, each thing once."""
        return Rows.of(timeline.hand_overs(self.events)).by("station")

    @cached_property
    def levels(self) -> list[Levels]:
        """The recorded levels of each buffer that has any."""
        from linetwin.results.kpis_stations import levels

        return levels(self)

    @cached_property
    def good(self) -> pd.DataFrame:
        """Cells graded A or B."""
        return self.cells[self.cells["status"].isin(GRADES)]

    @cached_property
    def grading(self) -> set[str]:
        """The stations that grade: where good cells ended, or by name."""
        named = {s for s in self.cells["station"].unique() if str(s).split(".")[-1] == "grading"}
        return set(self.good["station"].unique()) | named

    @cached_property
    def graded(self) -> pd.DataFrame:
        """Cells that were given a grade, scrap at grading included, in the order of grading."""
        scrap = (self.cells["status"] == "scrap") & self.cells["station"].isin(self.grading)
        return self.cells[self.cells["status"].isin(GRADES) | scrap].sort_values(
            "ended", kind="stable"
        )

    @cached_property
    def window(self) -> tuple[int, int] | None:
        """Ticks of the steady-state window: the scenario's, else the middle half of the grades."""
        stated = self.plan.window_ms
        if stated is not None:
            first, last = stated[0], min(stated[1], self.end)
            return (first, last) if last > first else None
        ticks = self.graded["ended"].to_numpy()
        if len(ticks) < 4:  # noqa: PLR2004 - fewer have no middle half
            return None
        first, last = (
            int(ticks[min(math.ceil(at * len(ticks)), len(ticks)) - 1]) for at in timeline.WINDOW
        )
        return (first, last) if last > first else None

    @property
    def steady(self) -> bool:
        """Whether the run was made to be judged in steady state: a stated window, or stock."""
        return self.window is not None and (self.plan.window_ms is not None or self.plan.filled)

    @cached_property
    def path(self) -> CriticalPath:
        """What an order took its time with."""
        from linetwin.results.critical_path import CriticalPath

        return CriticalPath(self, self.run_times)

    @cached_property
    def run_times(self) -> RunTimes:
        """Planned run times of the stations, and what lay in them."""
        from linetwin.results.run_times import RunTimes

        return RunTimes(self)

    @cached_property
    def meters(self) -> Meters:
        """Readings of the counters of energy and utilities."""
        from linetwin.results.meters import read_meters

        return read_meters(self)

    @property
    def good_energy_j(self) -> float | None:
        """Energy that the good cells give in their first full discharge [J]; None if not known."""
        if "discharge_energy" not in self.good:
            return None
        return float(self.good["discharge_energy"].sum())


def compute(run: Run, facts: Facts | None = None) -> Kpis:
    """Compute all key figures of a run; those it cannot tell have the value None.

    `facts`: the run's tables, for who looks at them afterwards too.
    """
    from linetwin.results import (
        causes,
        kpis_capability,
        kpis_cost,
        kpis_energy,
        kpis_holds,
        kpis_iso,
        kpis_levers,
        kpis_limits,
        kpis_order,
        kpis_product,
        kpis_stations,
        kpis_window,
    )
    from linetwin.results.ahead import order_ahead

    facts = facts or Facts(run)
    budget = kpis_iso.Budget(facts)
    found: Kpis = {
        "order": order_ahead(facts, kpis_order.order(facts)),
        "quality": kpis_order.quality(facts) | kpis_product.product(facts) | causes.causes(facts),
        "energy": kpis_energy.energy(facts),
        "cost": kpis_cost.cost(facts),
        "stations": kpis_stations.stations(facts, budget),
        "iso": kpis_iso.iso(facts, (facts.begin, facts.end), budget),
        "iso_steady": kpis_iso.iso(facts, facts.window, budget),
        "buffers": kpis_stations.buffers(facts),
        "materials": kpis_energy.materials(facts),
        "stock": kpis_order.stock(facts),
        "capability": kpis_capability.capability(facts),
        "holds": kpis_holds.holds(facts),
    }
    found["window"] = kpis_window.window(facts, found)
    found["limits"] = kpis_limits.limits(facts, found)
    if facts.steady and found["limits"]:
        # In steady state there is one answer to what limits: the order's rule is for orders.
        found["stations"]["bottleneck"] = found["limits"]["bottleneck"]
    found["levers"] = kpis_levers.levers(facts, found)
    return found


def write(run: Run, facts: Facts | None = None) -> Kpis:
    """Compute the key figures and put them into the run folder as kpis.json.

    `facts`: as in `compute`.
    """
    # What the line took while it ran is free, but not yet given back.
    pa.default_memory_pool().release_unused()
    found = compute(run, facts)
    text = json.dumps(found, indent=2, allow_nan=False, ensure_ascii=False)
    write_atomically(run.path / "kpis.json", text + "\n")
    return found
