"""Key figures of the order: how many cells, when, of what quality, and what is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linetwin.results.kpis import GRADES, MS_PER_HOUR, Facts, Section, kpi
from linetwin.results.kpis_holds import lanes_scrapped
from linetwin.results.started_anew import started_anew
from linetwin.results.timeline import hand_overs, middle_rate, station_order

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a grade is decided on, and what tells how the line spreads.
GRADED_ON = ("capacity", "dcir", "ocv_drift", "first_cycle_efficiency")
_RANKS = {"A": 0, "B": 1, "scrap": 2}


def _misgraded(graded: pd.DataFrame) -> Section:
    """Return how many cells measured values have graded otherwise than true ones would."""
    known = graded[graded["true_grade"] != ""]
    # Of no cell at all pandas would keep text, which cannot be subtracted.
    given, true = (known[name].map(_RANKS).astype(float) for name in ("status", "true_grade"))
    steps = (given - true).to_numpy(float)
    return {
        "cells_graded_too_well": kpi(
            int((steps < 0).sum()) if len(known) else None,
            "1",
            "cells graded better by measured values than they are (misses)",
        ),
        "cells_graded_too_poorly": kpi(
            int((steps > 0).sum()) if len(known) else None,
            "1",
            "cells graded worse by measured values than they are (false alarms)",
        ),
    }


def order(facts: Facts) -> Section:
    """Return counts, dates and rates of cells."""
    cells, graded = facts.cells, facts.graded
    scrap = cells[cells["status"] == "scrap"]
    upstream = scrap[~scrap["station"].isin(facts.grading)]
    counts = cells["status"].value_counts()
    sampled = int(counts.get("sample", 0))
    judged = len(graded) + len(upstream)
    good = len(facts.good)
    started = facts.started
    ended = graded["ended"]
    return {
        "cells_started": kpi(started, "1", "cells whose stacking began"),
        "cells_graded": kpi(len(graded), "1", "cells graded A, B or scrap (produced quantity)"),
        "cells_good": kpi(good, "1", "cells graded A or B (good quantity)"),
        "cells_ordered": kpi(
            facts.plan.ordered,
            "1",
            "cells of the order, which ends when so many are graded, good or not",
        ),
        "cells_short": kpi(
            None if facts.plan.ordered is None else max(0, facts.plan.ordered - good),
            "1",
            "good cells missing from those ordered",
        ),
        "cells_a": kpi(int(counts.get("A", 0)), "1", "cells graded A"),
        "cells_b": kpi(int(counts.get("B", 0)), "1", "cells graded B"),
        "cells_scrap_at_grading": kpi(len(scrap) - len(upstream), "1", "cells scrapped at grading"),
        "cells_scrap_upstream": kpi(len(upstream), "1", "cells scrapped before grading"),
        "cells_sampled": kpi(sampled, "1", "cells taken apart in destructive tests"),
        "cells_in_process": kpi(
            started - judged - sampled,
            "1",
            "cells started and neither graded, scrapped nor sampled at the end",
        ),
        **_misgraded(graded),
        "first_cell_graded": kpi(_seconds(ended.min()), "s", "when the first cell was graded"),
        "last_cell_graded": kpi(_seconds(ended.max()), "s", "when the last cell was graded"),
        "duration": kpi((facts.end - facts.begin) / 1000, "s", "simulated time of the run"),
        "throughput": kpi(_throughput(facts), "1/h", _THROUGHPUT),
        "stacking_rate": kpi(
            middle_rate(facts.cells["started"]),
            "1/h",
            "cells an hour while the middle half of the started ones was stacked",
        ),
        "steady_window": kpi(
            None if facts.window is None else [tick / 1000 for tick in facts.window],
            "s",
            "the window of the throughput, from and to",
        ),
        "time_of_last_cell": kpi(
            _itinerary(facts), "s", "where the time until the last grade went, for that cell's tray"
        ),
        "critical_path": kpi(
            None if facts.steady else facts.path.times(),
            "s",
            "of an order that starts empty: group -> what it did -> time on the critical path, "
            "followed back from the last grade (where a station had waited, at the one that it "
            "waited for); the times sum to the time of that grade",
        ),
        "started_anew": kpi(
            started_anew(facts),
            "",
            "cells started beyond the order and its reserve, because of scrap and samples: how "
            "many, when first [s], how long the order waited for their grade after the others' "
            "[s], the reserve [1], and the cells lost before grading",
        ),
        "lead_time": kpi(
            _seconds((graded["ended"] - graded["started"]).median()),
            "s",
            "median time from stacking to grade",
        ),
        "quality_ratio": kpi(
            good / judged if judged else None,
            "1",
            "quality ratio (ISO 22400-2): good cells over cells graded or scrapped before",
        ),
        "share_a": kpi(
            counts.get("A", 0) / judged if judged else None,
            "1",
            "cells graded A over cells graded or scrapped before",
        ),
    }


_THROUGHPUT = (
    "graded cells an hour while the middle half of them (25 % to 75 %) was graded "
    "(throughput rate, ISO 22400-2)"
)


def _seconds(tick: float) -> float | None:
    return None if pd.isna(tick) else float(tick) / 1000


def _itinerary(facts: Facts) -> dict[str, float] | None:
    """Split the time until the last graded cell: before its stacking, in stations, waiting."""
    if facts.graded.empty:
        return None
    last = facts.graded.iloc[-1]
    # A cell of the stock was stacked before the run began: its way begins where it lay then.
    begun = max(0, int(last["started"]))
    stock = last["started"] < 0
    found = {"in stock before the run" if stock else "before stacking": begun / 1000}
    own = facts.events[facts.events["lot"] == last["tray"]]
    moves = own[own["event"].isin(["take", "give"]) & (own["tick"] < last["ended"])]
    since, inside = begun, not stock
    for station, event, tick in zip(moves["station"], moves["event"], moves["tick"], strict=True):
        name = station if inside or event == "give" else f"waiting for {station}"
        found[name] = found.get(name, 0.0) + (tick - since) / 1000
        since, inside = int(tick), event == "take"
    found[last["station"]] = found.get(last["station"], 0.0) + (int(last["ended"]) - since) / 1000
    return found


def _throughput(facts: Facts) -> float | None:
    if facts.window is None:
        return None
    first, last = facts.window
    ticks = facts.graded["ended"]
    count = int(((ticks > first) & (ticks <= last)).sum())
    return count / ((last - first) / MS_PER_HOUR)


def quality(facts: Facts) -> Section:
    """Return yields by station, defects and the distributions that decide the grade."""
    cells = _cell_yields(facts)
    webs = _web_yields(facts)
    product = float(np.prod([*cells.values(), *webs.values()]))
    scrap = facts.cells[facts.cells["status"] == "scrap"]
    lesser = facts.cells[facts.cells["status"] == "B"]
    webs_begun = _webs_begun(facts)
    bad = webs_begun[webs_begun["status"] == "scrap"]
    lengths = bad.assign(length=bad["end_m"] - bad["start_m"])
    lost_later = lanes_scrapped(facts)
    if len(lost_later):
        lengths = pd.concat([lengths, lost_later], ignore_index=True)
    section = {
        "yield_of_stations": kpi(
            cells,
            "1",
            "throughput yield: cells that a station passed on over cells it was given"
            + (", those still in it left out" if facts.plan.filled else ""),
        ),
        "yield_of_webs": kpi(
            webs,
            "1",
            "good metres of web over coated metres, per electrode; what a hold has scrapped of "
            "slit web is not good",
        ),
        "rolled_throughput_yield": kpi(
            product if len(facts.cells) else None, "1", "product of the yields of stations and webs"
        ),
        "cell_scrap": kpi(_counted(scrap, len), "1", "cells scrapped, by station and reason"),
        "cell_grade_b": kpi(_counted(lesser, len), "1", "cells graded B, by station and reason"),
        "web_scrap": kpi(
            _counted(lengths, lambda part: float(part["length"].sum()), "web"),
            "m",
            "web cut out, and slit web scrapped after a hold (as metres of the web it was slit "
            "from), by electrode and reason",
        ),
        "roll_scrap": kpi(
            _roll_scrap(facts), "m", "slit rolls scrapped whole, by station and cause"
        ),
    }
    units = facts.run.units("cells")
    for name in GRADED_ON:
        if name in facts.cells:
            section[name] = kpi(
                _distribution(facts.graded[name]), units[name], f"{name} of all graded cells"
            )
    return section


def _roll_scrap(facts: Facts) -> dict[str, Any]:
    """Return station -> cause -> m of rolls refused as too moist."""
    events = facts.events
    moist = events[(events["event"] == "scrap") & (events["cause"] == "moisture")]
    return _counted(
        moist.rename(columns={"cause": "reason"}), lambda part: float(part["amount"].sum())
    )


def _counted(frame: pd.DataFrame, measure: Any, by: str = "station") -> dict[str, Any]:  # noqa: ANN401
    """Return station -> reason -> measure, the largest first."""
    if frame.empty:
        return {}
    sums = {key: measure(part) for key, part in frame.groupby([by, "reason"], sort=False)}
    found: dict[str, Any] = {}
    for (station, reason), amount in sorted(sums.items(), key=lambda entry: -entry[1]):
        found.setdefault(str(station), {})[str(reason) or "not stated"] = amount
    return found


def _cell_yields(facts: Facts) -> dict[str, float]:
    """Throughput yield of each station that scrapped cells, over the finished cells.

    In a line that began with stock each station has seen other cells: there, over those that it
    has handed over or scrapped.
    """
    scrap = facts.cells[facts.cells["status"] == "scrap"]
    lost: Mapping[str, int] = scrap["station"].value_counts().to_dict()
    alive = len(scrap) + int(facts.cells["status"].isin(GRADES).sum())
    places = [*facts.plan.stations, *station_order(facts.events), *lost]
    found: dict[str, float] = {}
    if facts.plan.filled:
        given = hand_overs(facts.events).groupby("station", sort=False)["amount"].sum()
        for station in dict.fromkeys(places):
            if lost.get(station):
                seen = float(given.get(station, 0.0)) + lost[station]
                found[station] = 1 - lost[station] / seen
        return found
    for station in dict.fromkeys(places):
        if lost.get(station):
            found[station] = 1 - lost[station] / alive
            alive -= lost[station]
    return found


def _webs_begun(facts: Facts) -> pd.DataFrame:
    """Return the segments of webs; of those that were begun before a fork none: they are stock."""
    if not facts.begin:
        return facts.segments
    begun = facts.segments["roll"].map(facts.lots.set_index("lot")["created"])
    return facts.segments[begun >= facts.begin]


def _web_yields(facts: Facts) -> dict[str, float]:
    segments = _webs_begun(facts)
    if segments.empty:
        return {}
    lengths = pd.DataFrame(
        {
            "web": segments["web"],
            "all": segments["end_m"] - segments["start_m"],
            "good": (segments["end_m"] - segments["start_m"]) * (segments["status"] != "scrap"),
        }
    )
    sums = lengths.groupby("web", sort=False).sum()
    later = lanes_scrapped(facts).groupby("web", sort=False)["length"].sum()
    good = sums["good"] - later.reindex(sums.index, fill_value=0.0)
    # of a line that began with stock more may be scrapped than was coated
    return {str(web): max(0.0, float(good[web] / sums["all"][web])) for web in sums.index}


def _distribution(values: pd.Series) -> dict[str, float | int]:
    known = values.dropna()
    if known.empty:
        return {"count": 0}
    quantiles = known.quantile([0.05, 0.5, 0.95]).to_list()
    return {
        "count": len(known),
        "mean": float(known.mean()),
        "standard_deviation": float(known.std(ddof=1)) if len(known) > 1 else float("nan"),
        "minimum": float(known.min()),
        "p05": quantiles[0],
        "median": quantiles[1],
        "p95": quantiles[2],
        "maximum": float(known.max()),
    }


def stock(facts: Facts) -> Section:
    """Return what lies in the line at the end (work in process)."""
    open_lots = facts.lots[facts.lots["status"] == "in_process"]
    by_place: dict[str, dict[str, int]] = {}
    for (place, kind), part in open_lots.groupby(["place", "kind"], sort=False):
        by_place.setdefault(str(place), {})[str(kind)] = len(part)
    inside = facts.cells.loc[facts.cells["status"] == "in_process", "station"]
    return {
        "lots": kpi(by_place, "1", "open lots at the end, by place and kind"),
        "cells": kpi(inside.value_counts().to_dict(), "1", "cells in process at the end, by place"),
    }
