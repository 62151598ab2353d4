"""Key figures of stations as ISO 22400-2 defines them, over the run and over the steady window.

The standard is sold, so its definitions are recalled [M]; each meaning says what was computed.
Times are planned ones: what lies outside of a station's calendar does not count.

PBT planned busy time: staffed time less preventive maintenance and less the time after the order
was covered. APT production: Execute. AUST set-up. ADET delay: failures and micro-stops. ADOT down
time in the standard's sense: available and without work (starved or blocked). AUPT = APT + AUST,
AUBT = AUPT + ADET. PQ produced, GQ good quantity.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from linetwin.results import timeline
from linetwin.results.kpis import Facts, Section, kpi
from linetwin.results.kpis_holds import SLIT, lanes_scrapped
from linetwin.results.shifts import open_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linetwin.results.rows import Rows
    from linetwin.results.run_times import RunTimes

Times = defaultdict[str, float]
Period = tuple[int, int]

_TERM = {
    "working": "APT",
    "setting up": "AUST",
    "failed": "failed",
    "micro-stop": "micro-stop",
    "maintenance": "PMT",
    "starved": "ADOT",
    "blocked": "ADOT",
}
_HOUR_MS = 3_600_000


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


_FORMULAS: dict[str, tuple[str, str, Callable[[Times], float | None]]] = {
    "availability": ("1", "APT / PBT", lambda t: _over(t["APT"], t["PBT"])),
    "effectiveness": (
        "1",
        (
            "PRI PQ / APT of the work that was handed over, the part of both inside the period; "
            "PRI, the planned run time of a unit, from the station's own speed or cycle, of a "
            "station that holds many lots the planned stay (formation: the protocol of its slowest "
            "cell) over its places. At most 1, but for ticks of 1 ms"
        ),
        lambda t: _over(t["planned_run"], t["used_run"]),
    ),
    "quality_ratio": ("1", "GQ / PQ", lambda t: _over(t["GQ"], t["PQ"])),
    "oee": ("1", "availability x effectiveness x quality ratio", lambda t: _index(t, t["APT"])),
    "nee": (
        "1",
        "net equipment effectiveness: AUPT / PBT x effectiveness x quality ratio",
        lambda t: _index(t, t["APT"] + t["AUST"]),
    ),
    "throughput_rate": (
        "1/h",
        "PQ / order execution time; in cells, m of web or kg of slurry",
        lambda t: _over(t["PQ"] * _HOUR_MS, t["AOET"]),
    ),
    "allocation_ratio": ("1", "AUBT / order execution time", lambda t: _over(_busy(t), t["all"])),
    "allocation_efficiency": ("1", "AUBT / PBT", lambda t: _over(_busy(t), t["PBT"])),
    "utilization_efficiency": ("1", "APT / AUBT", lambda t: _over(t["APT"], _busy(t))),
    "technical_efficiency": (
        "1",
        "APT / (APT + ADET)",
        lambda t: _over(t["APT"], t["APT"] + t["failed"] + t["micro-stop"]),
    ),
    "setup_ratio": ("1", "AUST / AUPT", lambda t: _over(t["AUST"], t["APT"] + t["AUST"])),
    "scrap_ratio": ("1", "scrap quantity / PQ", lambda t: _over(t["PQ"] - t["GQ"], t["PQ"])),
    "corrective_maintenance_ratio": (
        "1",
        "repair / (repair + preventive maintenance)",
        lambda t: _over(t["failed"], t["failed"] + t["PMT"]),
    ),
    "mtbf": (
        "s",
        "operating time (APT) / failures; the standard divides by failures + 1",
        lambda t: _over(t["APT"] / 1000, t["failures"]),
    ),
    "mttr": (
        "s",
        "time failed, wait for a technician included / failures; the standard: failures + 1",
        lambda t: _over(t["failed"] / 1000, t["failures"]),
    ),
}


def _busy(t: Times) -> float:
    return t["APT"] + t["AUST"] + t["failed"] + t["micro-stop"]


def _index(t: Times, worked: float) -> float | None:
    """Return worked / PBT x effectiveness x quality; what is not known counts as one."""
    share = _over(worked, t["PBT"])
    if share is None:
        return None
    for name in ("effectiveness", "quality_ratio"):
        factor = _FORMULAS[name][2](t)
        share *= 1.0 if factor is None else factor
    return share


def iso(facts: Facts, period: Period | None, budget: Budget | None = None) -> Section:
    """Return the key figures by group of stations over a period; {} for no period."""
    if period is None or facts.spans.empty:
        return {}
    budget = budget or Budget(facts)
    found = budget.by_group(period)
    members = facts.plan.members
    section: Section = {
        name: kpi({group: formula(sum_) for group, (sum_, _) in found.items()}, unit, meaning)
        for name, (unit, meaning, formula) in _FORMULAS.items()
    }
    section["machines"] = kpi(
        {group: len(members.get(group, [group])) for group in found}, "1", "machines in the group"
    )
    section["spread_of_oee"] = kpi(
        {group: _spread(each) for group, (_, each) in found.items() if len(each) > 1},
        "1",
        "OEE of the machines of a group: lowest and highest",
    )
    section["not_known"] = kpi(
        {
            group: budget.run_times.reason(members.get(group, [group])[0])
            or "no work of known begin and end in the period"
            for group, value in section["effectiveness"]["value"].items()
            if value is None
        },
        "",
        "why a group has no effectiveness; its OEE and NEE count it as one",
    )
    section["time_shares"] = kpi(
        {group: _shares(sum_) for group, (sum_, _) in found.items()},
        "1",
        "planned busy time by what was done in it; of a station that holds many lots by places: "
        "working with a lot that is not due yet, blocked with a finished one without room behind "
        "(at least: of lots that were there when the run began it may not be known), else starved",
    )
    section["period"] = kpi([tick / 1000 for tick in period], "s", "from and until")
    return section


def _sum(each: Iterable[Times]) -> Times:
    total: Times = defaultdict(float)
    for times in each:
        for name, amount in times.items():
            total[name] += amount
    return total


def _spread(each: Iterable[Times]) -> list[float]:
    known = [value for value in map(_FORMULAS["oee"][2], each) if value is not None]
    return [min(known), max(known)] if known else []


def _shares(t: Times) -> dict[str, float]:
    names = ("APT", "AUST", "failed", "micro-stop", "starved", "blocked")
    said = ("working", "setting up", "failed", "micro-stop", "starved", "blocked")
    return {
        word: t[name] / t["PBT"] if t["PBT"] else 0.0
        for word, name in zip(said, names, strict=True)
    }


@dataclass(frozen=True)
class Budget:
    """The times and quantities of every station, for any period."""

    facts: Facts

    @property
    def run_times(self) -> RunTimes:
        """Planned run times of the stations."""
        return self.facts.run_times

    @cached_property
    def stays(self) -> dict[str, pd.DataFrame]:
        """Stays of lots in stations that hold many, with the ticks at which they were due."""
        many = [
            name
            for name in self.facts.spans_at
            if (self.facts.plan.number(name, "parallel_places") or 1) > 1
        ]
        return {name: self.run_times.stays(name) for name in many}

    @cached_property
    def work(self) -> dict[str, Rows]:
        """Start, end, planned and used [ms] of each piece of work, of the other stations."""
        found = {}
        for name in self.facts.spans_at.keys() - self.stays.keys():
            pieces = self.run_times.work(name)
            used = self._worked(name, pieces["end"]) - self._worked(name, pieces["start"])
            found[name] = pieces.assign(used=used)[used > 0]
        return found

    def _worked(self, station: str, ticks: np.ndarray) -> np.ndarray:
        """Return the time in Execute until each tick [ms]."""
        return self._at_work[station].until(ticks)

    @cached_property
    def _at_work(self) -> dict[str, timeline.Cover]:
        """When each station was working."""
        return {
            name: timeline.Cover(spans[spans["activity"] == "working"])
            for name, spans in self.facts.spans_at.items()
        }

    def by_group(self, period: Period) -> dict[str, tuple[Times, list[Times]]]:
        """Return group -> sum and machines, in the order of the line file."""
        found: dict[str, list[Times]] = {}
        for station in dict.fromkeys([*self.facts.plan.stations, *self.facts.spans_at]):
            if station in self.facts.spans_at:
                group = self.facts.plan.family(station)
                found.setdefault(group, []).append(self.times(station, period))
        webs = _web_quality(self.facts, period)
        sums: dict[str, tuple[Times, list[Times]]] = {}
        for group, each in found.items():
            for times in each:
                times["GQ"] = times["PQ"] * webs.get(group, 1.0) - times.pop("cell_scrap")
            total = _sum(each)
            total["AOET"] = period[1] - period[0]
            sums[group] = total, each
        return sums

    def times(self, station: str, period: Period) -> Times:
        """Return the terms of one station [ms], its quantities and its counts."""
        week = self.facts.plan.week(station)
        spans = timeline.within(self.facts.spans_at[station], *period)
        begun, ended = (open_until(week, spans[name]) for name in ("start", "end"))
        codes, names = pd.factorize(spans["activity"])
        sums: Times = defaultdict(float)
        for name, length in zip(names, np.bincount(codes, ended - begun), strict=True):
            sums[_TERM.get(name, name)] += float(length)
            if name in {"starved", "blocked"}:
                sums[name] += float(length)
        staffed = float(np.diff(open_until(week, np.array([*period])))[0])
        sums["AOET"] = sums["all"] = period[1] - period[0]
        sums["PBT"] = max(0.0, staffed - sums["PMT"] - sums[""])
        if station in self.stays:
            self._places(station, period, sums)
        else:
            self._pieces(station, period, sums)
        self._quantities(station, period, sums)
        return sums

    def _places(self, station: str, period: Period, sums: Times) -> None:
        """Count places by what is in them: lots at work, finished lots without room behind, none.

        A finished lot is past its planned stay while its station finds no room; where nobody saw
        it come in it counts as at work, so the share blocked is at least what it says.
        """
        places = self.facts.plan.number(station, "parallel_places") or 1.0
        stays, spans = self.stays[station], self.facts.spans_at[station]
        failed, held = (
            timeline.Cover(spans[spans["activity"] == name]) for name in ("failed", "blocked")
        )
        first, last, due = (
            np.clip(stays[name].to_numpy(), *period) for name in ("in", "out", "due")
        )
        due = np.where(np.isnan(due), period[1], due)
        done = np.minimum(np.maximum(due, first), last)
        down = _covered(failed, first, last)
        blocked = _covered(held, done, last)
        at_work = last - first - down - blocked
        known = stays["due"].notna().to_numpy()
        sums["PBT"] = period[1] - period[0]
        sums["APT"] = float(at_work.sum()) / places
        sums["blocked"] = float(blocked.sum()) / places
        left = sums["PBT"] - sums["APT"] - sums["blocked"]
        sums["failed"] = max(0.0, min(sums["failed"], left))
        rest = sums["PBT"] - sums["APT"] - sums["blocked"] - sums["failed"]
        sums["starved"] = max(0.0, rest)
        sums["ADOT"] = sums["starved"] + sums["blocked"]
        sums["used_run"] = float(at_work[known].sum()) / places
        planned = done - first - _covered(failed, first, done)
        sums["planned_run"] = float(planned[known].sum()) / places

    def _pieces(self, station: str, period: Period, sums: Times) -> None:
        """Count planned and used run time of the pieces of work, by the share in the period."""
        work = self.work[station]
        start, end = (np.clip(work[name], *period) for name in ("start", "end"))
        inside = self._worked(station, end) - self._worked(station, start)
        sums["used_run"] = float(inside.sum())
        sums["planned_run"] = float((work["planned"] * inside / work["used"]).sum())

    def _quantities(self, station: str, period: Period, sums: Times) -> None:
        gives = self.facts.given.get(station)
        if gives is not None:
            ticks = gives["tick"]
            inside = (ticks > period[0]) & (ticks <= period[1])
            sums["PQ"] = float(gives["amount"][inside].sum())
        sums["cell_scrap"] = _within(self._scrap.get(station), period)
        sums["PQ"] += sums["cell_scrap"]
        sums["failures"] = _within(self._failures.get(station), period)

    @cached_property
    def _scrap(self) -> dict[str, np.ndarray]:
        """Sorted ticks at which cells were scrapped, by station."""
        return {name: np.sort(ticks) for name, ticks in self.run_times.scrapped.items()}

    @cached_property
    def _failures(self) -> dict[str, np.ndarray]:
        """Sorted ticks at which stations failed."""
        failures = self.facts.told.get("failure", {})
        return {name: np.sort(rows["tick"]) for name, rows in failures.items()}


def _covered(spans: timeline.Cover, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return how long [ms] intervals cover each stretch."""
    return np.asarray(spans.until(end) - spans.until(start))


def _within(ticks: np.ndarray | None, period: Period) -> int:
    """Return how many sorted ticks lie in a period, its begin left out."""
    if ticks is None:
        return 0
    first, last = np.searchsorted(ticks, period, "right")
    return int(last - first)


def _web_quality(facts: Facts, period: Period) -> dict[str, float]:
    """Return group -> good share of the web, for the stations at which defects arise.

    Defects are found where the web is cut, or by a hold when it was slit already, but belong to
    who made them: porosity to the calender, what names a kind of station to that, the rest to the
    coater.
    """
    segments = facts.segments[facts.segments["tick"].between(*period, inclusive="right")]
    if segments.empty:
        return {}
    length = segments["end_m"] - segments["start_m"]
    electrode = segments["web"]
    total = length.groupby(electrode).sum()
    bad = segments["status"] == "scrap"
    lost: Times = defaultdict(float)
    sums = length[bad].groupby([electrode[bad], segments["reason"][bad]]).sum()
    later = lanes_scrapped(facts)
    inside = later[
        later["tick"].between(*period, inclusive="right") & later["web"].isin(total.index)
    ]
    for web, metres in inside.groupby("web", sort=False)["length"].sum().items():
        # in a short period more may be scrapped than is slit
        lost[origin(facts, str(web), SLIT)] += min(1.0, metres / total[web])
    for (web, reason), metres in sums.items():
        lost[origin(facts, str(web), str(reason))] += metres / total[web]
    return {group: max(0.0, 1.0 - share) for group, share in lost.items()}


def origin(facts: Facts, electrode: str, reason: str) -> str:
    """Return the group of stations at which a defect of the web arose."""
    groups = [g for g in facts.plan.members if g.split(".")[0] == electrode]
    kinds = {facts.plan.kind(group): group for group in groups}
    for kind, group in kinds.items():
        if kind and kind.split("_")[-1].removesuffix("er") in reason and kind != "coater":
            return group
    wanted = "calender" if reason.startswith("porosity") else "coater"
    return kinds.get(wanted, f"{electrode}.{wanted}")
