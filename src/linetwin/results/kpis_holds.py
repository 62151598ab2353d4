"""Key figures of holds and rework: what was set aside, what became of it, what escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.results.held import LEADS, POSSIBLE
from linetwin.results.kpis import Facts, Section, kpi

if TYPE_CHECKING:
    import pandas as pd

_CARRIERS = ("tray", "graded_tray", "box")
_WORDS = {"hold": "held", "release": "released", "disposition": "scrapped", "recall": "escaped"}
_MEANING = (
    "by reason: lots and cells set aside, of the cells those that only perhaps contain the lot, "
    "and how many cells were then released or scrapped, or had left the line (to be recalled); "
    "`lot` is what was held, and `nothing` is true where it concerned no lot"
)


def holds(facts: Facts) -> Section:
    """Return what holds have kept; cells that went back are counted beside."""
    section = {"holds": kpi(_holds(facts), "1", _MEANING)}
    if "rework_count" in facts.run.columns("cells"):
        counts = facts.run.table("cells", ["rework_count"])["rework_count"].fillna(0.0)
        section["cells_reworked"] = kpi(
            int((counts > 0).sum()), "1", "cells that were soaked or measured once more"
        )
        section["rework_rounds"] = kpi(int(counts.sum()), "1", "how often, over all cells")
    return section


def _holds(facts: Facts) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for hold in facts.plan.content.get("holds") or []:
        row = found.setdefault(str(hold["reason"]), _empty())
        row["lot"] = ", ".join(filter(None, (row["lot"], str(hold["lot"]))))
    events = facts.events
    rows = events[events["event"].isin(_WORDS)]
    carriers = set(facts.lots.loc[facts.lots["kind"].isin(_CARRIERS), "lot"])
    for event, lot, cause, amount in _fields(rows):
        reason = cause.removeprefix(LEADS.get(event, ""))
        row = found.setdefault(reason.removesuffix(POSSIBLE), _empty())
        row["nothing"] = False
        if lot in carriers:
            row[f"cells {_WORDS[event]}"] += round(amount)
            if reason.endswith(POSSIBLE) and event == "hold":
                row["cells perhaps"] += round(amount)
        elif event == "hold":
            row["lots held"] += 1
    return found


def _empty() -> dict[str, Any]:
    counts = dict.fromkeys(("lots held", *(f"cells {word}" for word in _WORDS.values())), 0)
    return {"lot": "", "nothing": True, **counts, "cells perhaps": 0}


def _fields(rows: pd.DataFrame) -> zip[tuple[str, str, str, float]]:
    return zip(*(rows[name] for name in ("event", "lot", "cause", "amount")), strict=True)


def told(section: Section) -> list[str]:
    """Return a line of text for each hold."""
    return [_line(reason, row) for reason, row in section["holds"]["value"].items()]


def _line(reason: str, row: dict[str, Any]) -> str:
    name = f"{reason} ({row['lot']})" if row["lot"] else reason
    if row["nothing"]:
        return f"{name}: found nothing"
    other = "lot" if row["lots held"] == 1 else "lots"
    text = f"{name}: {row['cells held']:,} cells and {row['lots held']:,} other {other} held"
    if row["cells perhaps"]:
        text += f", {row['cells perhaps']:,} of the cells perhaps"
    text += f"; {row['cells released']:,} cells released, {row['cells scrapped']:,} scrapped"
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
