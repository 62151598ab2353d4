"""Cp, Cpk and Ppk of what decides a cell's quality, measured by a stated gauge, with intervals.

Cp = (U - L) / 6 s, Cpk = min(U - mean, mean - L) / 3 s with s from within subgroups (rolls, trays),
Ppk the same with the overall s. Intervals of 95 %: Cp by chi-square, Cpk and Ppk by Bissell 1990,
Cpk (1 +- z sqrt(1 / (9 n Cpk^2) + 1 / (2 f))), f the degrees of freedom of s [M]. Neighbouring
metres of a web resemble each other: there the intervals are too narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linetwin.results.inference import CONFIDENCE, chi_square_quantile, normal_quantile
from linetwin.results.kpis import Facts, Kpi, Section, kpi
from linetwin.results.schemas import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator

GRADE = " for grade "
"""Between a quantity and the grade whose limit it is judged by."""
NO_GAUGE = "gauge not stated"
_FEWEST = 10
_FIT, _UNFIT = 0.1, 0.3
_FEWEST_READINGS = 2
"""Readings below which there is no spread to set a gauge against."""
_FEWEST_CATEGORIES = 5
_FAR = 3.0
"""Over this Cpk a limit is nine standard deviations away, and judges nothing."""
_COPIES = (
    "; of cells measured in the run only; cells of the stock are drawn again from few, so n and "
    "the intervals count distinct true values"
)
Limits = tuple[float | None, float | None]


@dataclass(frozen=True)
class Characteristic:
    """One quantity judged: where it is measured, its limits, and its values with subgroups."""

    name: str
    quantity: str
    group: str
    limits: Limits
    said: str
    true: pd.Series
    measured: pd.Series | None
    subgroup: pd.Series


def capability(facts: Facts) -> Section:
    """Return capability by characteristic; those without a stated gauge say so and have none."""
    return {each.name: _judged(facts, each) for each in _characteristics(facts)}


def indices(
    values: np.ndarray, subgroups: np.ndarray, limits: Limits, distinct: int | None = None
) -> dict[str, Any] | None:
    """Return n, mean, both standard deviations, Cp, Cpk and Ppk with intervals.

    `distinct`: how many values are no copies of others; n and the degrees of freedom are those of
    so many. None for fewer than ten values, no spread or no limit; Cp is None where one limit is
    missing.
    """
    count = len(values) if distinct is None else min(distinct, len(values))
    names, codes = np.unique(subgroups, return_inverse=True)
    every = len(values) - len(names)
    freedom = round(every * count / max(1, len(values)))
    if count < _FEWEST or freedom < 1 or limits == (None, None):
        return None
    mean, overall = float(values.mean()), float(values.std(ddof=1))
    means = np.bincount(codes, values) / np.bincount(codes)
    within = math.sqrt(float(((values - means[codes]) ** 2).sum()) / every)
    if not within:
        return None
    low, high = limits
    reach = min(math.inf if high is None else high - mean, math.inf if low is None else mean - low)
    cpk, ppk = reach / 3 / within, reach / 3 / overall
    found: dict[str, Any] = {
        "n": count,
        "subgroups": len(names),
        "mean": mean,
        "within": within,
        "overall": overall,
        "cpk": cpk,
        "cpk_interval": bissell(cpk, count, freedom),
        "ppk": ppk,
        "ppk_interval": bissell(ppk, count, count - 1),
        "cp": None,
        "cp_interval": None,
    }
    if low is not None and high is not None:
        cp = (high - low) / 6 / within
        found |= {"cp": cp, "cp_interval": _chi_square(cp, freedom)}
    return found


def bissell(index: float, count: int, freedom: int) -> list[float]:
    """Return the 95 % interval of Cpk or Ppk after Bissell 1990."""
    half = normal_quantile((1 + CONFIDENCE) / 2) * math.sqrt(
        1 / (9 * count) + index * index / (2 * freedom)
    )
    return [index - half, index + half]


def _chi_square(index: float, freedom: int) -> list[float]:
    shares = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    return [index * math.sqrt(chi_square_quantile(p, freedom) / freedom) for p in shares]


def _judged(facts: Facts, each: Characteristic) -> Kpi:
    gauge = gauge_of(facts, each.group, each.quantity)
    entry: dict[str, Any] = {
        "station": each.group,
        "lower_limit": each.limits[0],
        "upper_limit": each.limits[1],
        "limits": each.said,
        "gauge": NO_GAUGE if gauge is None else "stated",
    }
    values = each.measured
    if gauge is not None and values is not None:
        known = values.notna() & _seen(facts, each)
        # Cells of the stock are drawn again and again from few: a copy tells nothing new.
        cells = facts.plan.filled and each.true.name in facts.cells
        distinct = int(each.true[known].nunique()) if cells else None
        entry |= (
            indices(
                values[known].to_numpy(), each.subgroup[known].to_numpy(), each.limits, distinct
            )
            or {}
        )
        entry |= _gauge_study(gauge, values[known], each.limits)
        entry["remarks"] = _remarks(entry, int(known.sum()), values.notna().sum(), len(values))
    unit = facts.run.units("cells" if each.true.name in facts.cells else "segments")
    return kpi(
        entry,
        unit.get(str(each.true.name), ""),
        f"capability of {each.name} from measured values, against {each.said}; grr: share of the "
        "gauge (repeatability and reproducibility) in the spread of the readings, ndc: distinct "
        "categories, 1.41 x spread of the parts over that of the gauge; over 1 the stated error is "
        "larger than the spread read"
        + (_COPIES if facts.plan.filled and each.true.name in facts.cells else ""),
    )


def _remarks(entry: dict[str, Any], seen: int, read: int, there: int) -> list[str]:
    """Say what Cpk does not tell, and of which of the parts n counts.

    `seen`: values read in the run, `read`: with those of the stock, `there`: parts in all.
    """
    said = []
    if (entry.get("cpk") or 0.0) > _FAR:
        said.append("limit far from the process: judges nothing")
    count = [f"{read:,} of {there:,} have a reading"] if read < there else []
    if seen < read:
        count.append(f"{seen:,} of the run, the others of the stock")
    if entry.get("n", seen) < seen:
        count.append(f"{entry['n']:,} distinct (copies of a stock cell count once)")
    return [*said, f"n: {', '.join(count)}"] if count and "n" in entry else said


def _seen(facts: Facts, each: Characteristic) -> pd.Series:
    """Return which values were read in the run: in a filled line some were read before it."""
    if not facts.plan.filled or each.true.name not in facts.cells:
        return pd.Series(data=True, index=each.true.index)
    place = _gauge_place(facts, each.group, each.quantity)
    events = facts.events
    given = events[events["event"].eq("give") & events["station"].isin(place)]
    return each.subgroup.isin(given["lot"].unique())


def gauge_of(facts: Facts, group: str, quantity: str) -> dict[str, Any] | None:
    """Return the gauge that reads a quantity in the same part of the line, or None.

    Bias, repeatability and reproducibility as the scenario states them; of the station itself
    where it has one, else of the first in its part (capacity is read in formation, judged later).
    """
    for station in _gauge_place(facts, group, quantity):
        return dict(facts.plan.stations[station]["gauges"][quantity])
    return None


def _gauge_place(facts: Facts, group: str, quantity: str) -> list[str]:
    """Return the stations of the group whose gauge reads a quantity; none where there is none."""
    part = group.split(".", maxsplit=1)[0]
    own = facts.plan.members.get(group, [group])
    others = [station for station in facts.plan.stations if station.split(".")[0] == part]
    for station in [*own, *others]:
        found = (facts.plan.stations.get(station, {}).get("gauges") or {}).get(quantity)
        if isinstance(found, dict):
            return facts.plan.members[facts.plan.family(station)]
    return []


def _gauge_study(gauge: dict[str, Any], values: pd.Series, limits: Limits) -> dict[str, Any]:
    if len(values) < _FEWEST_READINGS:
        nothing = dict.fromkeys(("tolerance_share", "bias", "grr", "ndc"))
        return {"verdict": "too few readings to tell", **nothing}
    level, spread = float(values.mean()), float(values.std(ddof=1))
    terms = [_absolute(gauge.get(name), level) for name in ("repeatability", "reproducibility")]
    grr = math.hypot(*terms)
    parts = math.sqrt(max(0.0, spread * spread - grr * grr))
    categories = math.floor(1.41 * parts / grr) if grr else None
    return {
        "verdict": _verdict(
            grr / spread if spread else math.inf, categories, _of_tolerance(grr, level, limits)
        ),
        "tolerance_share": _of_tolerance(grr, level, limits),
        "bias": _absolute(gauge.get("bias"), level),
        "grr": grr / spread if spread else None,
        "ndc": categories,
    }


def _of_tolerance(grr: float, level: float, limits: Limits) -> float | None:
    """Return six standard deviations of the gauge over the tolerance; None for no limit.

    Of one limit three of them over its distance from the mean; None for a mean beyond it.
    """
    low, high = limits
    if low is not None and high is not None:
        return 6 * grr / (high - low)
    room = level - low if low is not None else high - level if high is not None else 0.0
    return 3 * grr / room if room > 0 else None


def _verdict(share: float, categories: int | None, of_tolerance: float | None) -> str:
    """Say what a gauge is good for: to tell parts apart, or only to judge them by their limits.

    Bounds of the automotive handbook on measurement systems, recalled [M].
    """
    if share <= _UNFIT and (categories is None or categories >= _FEWEST_CATEGORIES):
        return "gauge good" if share <= _FIT else "gauge may do"
    apart = "hardly tells the parts of this process apart"
    if share >= 1:
        apart = "tells no part from another: its stated error is larger than the spread it reads"
    if of_tolerance is not None and of_tolerance <= _UNFIT:
        return f"gauge good for the limits ({of_tolerance:.0%} of the tolerance), but {apart}"
    return f"gauge no good: {apart}"


def _absolute(term: dict[str, Any] | None, level: float) -> float:
    """Return a term of a gauge in the quantity's unit: in percent it is relative to the value."""
    if not term:
        return 0.0
    value = float(term["value"])
    return value / 100 * level if term.get("unit") == "%" else value


def _characteristics(facts: Facts) -> Iterator[Characteristic]:
    for group in facts.plan.members:
        kind = facts.plan.kind(group)
        if kind in {"coater", "calender"}:
            yield from _web(facts, group, kind)
        elif kind in {"grading", "filler"}:
            yield from _cells(facts, group, kind)


def _web(facts: Facts, group: str, kind: str) -> Iterator[Characteristic]:
    from linetwin.results.report_sections import window_of

    quantity = "loading" if kind == "coater" else "porosity"
    electrode = group.split(".", maxsplit=1)[0]
    limits = window_of(facts.plan, electrode, quantity)
    segments = facts.segments
    own = segments[segments["web"] == electrode]
    own = own[~own["reason"].str.startswith("start-up")]
    sides = [side for side in ("_a", "_b") if f"{quantity}{side}" in own]
    if limits is None or own.empty or not sides:
        return
    true = pd.concat([own[f"{quantity}{side}"] for side in sides], ignore_index=True)
    read = [f"{MEASURED}{quantity}{side}" for side in sides]
    measured = (
        pd.concat([own[name] for name in read], ignore_index=True)
        if all(name in own for name in read)
        else None
    )
    rolls = pd.concat([own["roll"] + side for side in sides], ignore_index=True)
    said = f"the window of the {kind}, without start-up; subgroups: roll and side"
    yield Characteristic(
        f"{electrode} {quantity}", quantity, group, limits, said,
        true.rename(f"{quantity}_a"), measured, rolls,
    )  # fmt: skip


def _cells(facts: Facts, group: str, kind: str) -> Iterator[Characteristic]:
    station = facts.plan.members[group][0]

    def number(name: str) -> float | None:
        return facts.plan.number(station, name)

    judged: list[tuple[str, str, Limits, str]] = []
    if kind == "filler":
        least = _product(number("fill_limit"), 1.0)
        judged.append(("fill_ratio", "", (least, None), "the least fill of the pores"))
    else:
        for grade in ("A", "B"):
            least = _product(number("nominal_capacity"), number(f"capacity_limit_{grade.lower()}"))
            said = f"the least capacity of grade {grade}"
            judged.append(("capacity", grade, (least, None), said))
        for grade in ("A", "B"):
            most = number(f"resistance_limit_{grade.lower()}")
            said = f"the greatest resistance of grade {grade}"
            judged.append(("dcir", grade, (None, most), said))
    for quantity, grade, limits, said in judged:
        if quantity in facts.cells and limits != (None, None):
            read = facts.cells.get(f"{MEASURED}{quantity}")
            name = quantity.replace("_", " ") + (f"{GRADE}{grade}" if grade else "")
            yield Characteristic(
                name, quantity, group, limits, f"{said}; subgroups: tray",
                facts.cells[quantity], read, facts.cells["tray"],
            )  # fmt: skip


def _product(*factors: float | None) -> float | None:
    return None if None in factors else math.prod(f for f in factors if f is not None)
