"""Key figures of holds and rework: what was set aside, what became of it, what escaped."""

from __future__ import annotations

from typing import Any

import pandas as pd

from linetwin.results import display
from linetwin.results.held import LEADS, NOTHING, POSSIBLE, STILL, names_of
from linetwin.results.kpis import Facts, Section, kpi

LANE = "daughter_roll"
SLIT = "slit web after a hold: "
"""How the reason begins for which slit web has been scrapped, before the name of the hold."""
_CARRIERS = ("tray", "graded_tray", "box")
_WORDS = {"hold": "held", "release": "released", "disposition": "scrapped", "recall": "escaped"}
_STUFF = {
    "mother_roll": "web",
    LANE: "slit web",
    "slurry_batch": "slurry",
    "material": "raw material",
}
"""What a lot that is not cells is of, by kind."""
_UNITS = {"web": "m", "slit web": "m", "slurry": "kg"}
_MEANING = (
    "by hold: lots and cells set aside, of the cells those that only perhaps contain the lot, how "
    "many cells were then released or scrapped, were on hold when the run had ended, or had left "
    "the line before (to be recalled); metres of web and of slit web, kg of slurry and raw "
    "material (in its own unit) that were scrapped; `lot` is what was held, and `nothing` is true "
    "where it concerned no lot"
)
_DISPOSED = "scrapped after a hold, by station and hold"


def holds(facts: Facts) -> Section:
    """Return what holds have kept; cells that went back are counted beside."""
    section = {"holds": kpi(_holds(facts), "1", _MEANING)}
    for name, unit in (("web", "m"), ("slit web", "m"), ("slurry", "kg")):
        if table := _by_station(facts, name):
            section[f"{name.replace(' ', '_')}_scrapped"] = kpi(table, unit, f"{name} {_DISPOSED}")
    if "rework_count" in facts.run.columns("cells"):
        counts = facts.run.objects("cells", ["rework_count"])["rework_count"].fillna(0.0)
        section["cells_reworked"] = kpi(
            int((counts > 0).sum()), "1", "cells that were soaked or measured once more"
        )
        section["rework_rounds"] = kpi(int(counts.sum()), "1", "how often, over all cells")
    return section


def disposed(facts: Facts) -> pd.DataFrame:
    """Return what holds have scrapped beside cells: tick, station, lot, kind, hold, amount."""
    rows = facts.events[facts.events["event"] == "disposition"]
    kinds = facts.lots.set_index("lot")["kind"]
    rows = rows.assign(
        kind=rows["lot"].map(kinds),
        hold=rows["cause"].str.removeprefix(LEADS["disposition"]).str.removesuffix(POSSIBLE),
    )
    return rows[rows["kind"].isin(_STUFF)]


def lanes_scrapped(facts: Facts) -> pd.DataFrame:
    """Return what holds have scrapped of slit rolls as metres of web: tick, web, reason, length.

    The lanes of a web together count as the web that they were slit from.
    """
    rows = disposed(facts)
    rows = rows[rows["kind"] == LANE]
    webs = rows["lot"].astype(str).str.split(".", n=1).str[0]
    scale = {web: _web_of_lanes(facts, web) for web in webs.unique()}
    return pd.DataFrame(
        {
            "tick": rows["tick"],
            "web": webs,
            "reason": SLIT + rows["hold"],
            "length": rows["amount"] * webs.map(scale).astype(float),
        }
    )


def _web_of_lanes(facts: Facts, web: str) -> float:
    """Return metres of web over metres of its lanes: 1 / lanes, but for how it was stretched."""
    events, segments = facts.events, facts.segments
    slitters = [
        name
        for name in facts.plan.stations
        if facts.plan.kind(name) == "slitter" and name.startswith(f"{web}.")
    ]
    lanes = events[(events["event"] == "give") & events["station"].isin(slitters)]
    by_mother = lanes["amount"].groupby(lanes["lot"].astype(str).str.rsplit(".", n=1).str[0])
    count = by_mother.size()
    whole = by_mother.sum()[count == count.max()]  # of others lanes are still in the slitter
    good = segments[(segments["status"] == "good") & segments["roll"].isin(whole.index)]
    if good.empty:  # only lanes of the stock so far
        known = [facts.plan.number(name, "lane_count") or 1.0 for name in slitters]
        return 1 / known[0] if known else 1.0
    return float((good["end_m"] - good["start_m"]).sum() / whole.sum())


def _by_station(facts: Facts, stuff: str) -> dict[str, dict[str, float]]:
    rows = disposed(facts)
    found: dict[str, dict[str, float]] = {}
    own = rows[rows["kind"].map(_STUFF) == stuff]
    for (station, hold), part in own.groupby(["station", "hold"], sort=False):
        found.setdefault(str(station), {})[str(hold)] = float(part["amount"].sum())
    return found


def _holds(facts: Facts) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    written = facts.plan.content.get("holds") or []
    pairs = [(str(hold["reason"]), str(hold["lot"])) for hold in written]
    for name, (reason, lot) in zip(names_of(pairs), pairs, strict=True):
        found[name] = _empty() | {"reason": reason, "lot": lot}
    _count(facts, found)
    _weigh(facts, found)
    return found


def _count(facts: Facts, found: dict[str, dict[str, Any]]) -> None:
    """Count lots and cells by what the events tell of them."""
    events = facts.events
    notes = (events["event"] == "note") & events["cause"].str.startswith(STILL)
    carriers = set(facts.lots.loc[facts.lots["kind"].isin(_CARRIERS), "lot"])
    for event, lot, cause, amount in _fields(events[events["event"].isin(_WORDS) | notes]):
        reason = cause.removeprefix(STILL if event == "note" else LEADS.get(event, ""))
        name = reason.removesuffix(POSSIBLE)
        row = found.setdefault(name, _empty() | {"reason": name})
        row["nothing"] = False
        if event == "note":
            row["cells still held"] += round(amount)
        elif lot in carriers:
            row[f"cells {_WORDS[event]}"] += round(amount)
            if reason.endswith(POSSIBLE) and event == "hold":
                row["cells perhaps"] += round(amount)
        elif event == "hold":
            row["lots held"] += 1


def _weigh(facts: Facts, found: dict[str, dict[str, Any]]) -> None:
    """Sum what was scrapped beside cells."""
    units = facts.lots.set_index("lot")["amount_unit"]
    rows = disposed(facts)
    for lot, kind, hold, amount in zip(
        *(rows[name] for name in ("lot", "kind", "hold", "amount")), strict=True
    ):
        stuff, row = _STUFF[kind], found[hold]
        row[f"{stuff} scrapped"] += amount
        if kind == "material":
            row["raw material unit"] = str(units[lot])


def _empty() -> dict[str, Any]:
    words = (*_WORDS.values(), "still held")
    counts = dict.fromkeys(("lots held", *(f"cells {word}" for word in words)), 0)
    amounts = dict.fromkeys((f"{stuff} scrapped" for stuff in _STUFF.values()), 0.0)
    about = {"reason": "", "lot": "", "nothing": True}
    return {**about, **counts, "cells perhaps": 0, **amounts, "raw material unit": "kg"}


def _fields(rows: pd.DataFrame) -> zip[tuple[str, str, str, float]]:
    return zip(*(rows[name] for name in ("event", "lot", "cause", "amount")), strict=True)


def told(section: Section) -> list[str]:
    """Return a line of text for each hold."""
    return [_line(name, row) for name, row in section["holds"]["value"].items()]


def _line(name: str, row: dict[str, Any]) -> str:
    if row["lot"] and name == row["reason"]:
        name = f"{name} ({row['lot']})"
    if row["nothing"]:
        return f"{name}: {NOTHING.removeprefix('hold ')}"
    other = "lot" if row["lots held"] == 1 else "lots"
    text = f"{name}: {row['cells held']:,} cells and {row['lots held']:,} other {other} held"
    if row["cells perhaps"]:
        text += f", {row['cells perhaps']:,} of the cells perhaps"
    text += f"; {row['cells released']:,} cells released, {row['cells scrapped']:,} scrapped"
    if row["cells still held"]:
        text += f", {row['cells still held']:,} still on hold"
    for stuff in _STUFF.values():
        if amount := row[f"{stuff} scrapped"]:
            unit = _UNITS.get(stuff) or row["raw material unit"]
            text += f"; {display.plain(amount)} {unit} of {stuff} scrapped"
    escaped = row["cells escaped"]
    return f"{text}; {escaped:,} shipped before: recall" if escaped else text


def reworked(section: Section) -> str:
    """Return in words how many cells were worked on once more, "" where none was."""
    cells = (section.get("cells_reworked") or {}).get("value")
    if not cells:
        return ""
    rounds = section["rework_rounds"]["value"]
    who = "1 cell" if cells == 1 else f"{cells:,} cells"
    often = "once" if rounds == 1 else f"{rounds:,} times in all"
    return f"{who} soaked or measured again, {often}"
