"""Who answered for a process, lot by lot: a stand-in or the FMU, as events of a run tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from linetwin.results.reader import Run

EVENT: Final = "fidelity"
TOO_WIDE: Final = "the interval of "
"""How the reason begins where a stand-in's interval was too wide."""
_BY_STAND_IN: Final = "surrogate"


@dataclass(frozen=True)
class Answered:
    """Of a process at a station: lots that only the stand-in answered for, and all lots.

    `reason`: the commonest one of the others, "" where there are none.
    """

    station: str
    process: str
    by_stand_in: int
    lots: int
    reason: str


def answered(run: Run) -> list[Answered]:
    """Return who answered for each process with `fidelity: auto`, by station."""
    found = choices(run)
    if found.empty:
        return []
    result = []
    for (station, process), own in found.groupby(["station", "process"], sort=False):
        by_fmu = own[own["who"] != _BY_STAND_IN]
        lots, others = own["lot"].nunique(), by_fmu["lot"].nunique()
        reasons = Counter(_quantity(who) for who in by_fmu["who"])
        reason = reasons.most_common(1)[0][0] if reasons else ""
        result.append(Answered(str(station), str(process), lots - others, lots, reason))
    return result


def choices(run: Run, lots: Collection[str] | None = None) -> pd.DataFrame:
    """Return a row for each call: tick, station, lot, process, who (and why), items.

    `lots`: of these alone.
    """
    only = {"event": [EVENT]} if lots is None else {"event": [EVENT], "lot": list(lots)}
    events = run.table("events", only=only)
    causes = [str(cause).partition(": ") for cause in events["cause"]]
    kept = events[["tick", "station", "lot"]]
    process, who = [cause[0] for cause in causes], [cause[2] for cause in causes]
    return kept.assign(process=process, who=who, items=events["amount"])


def _quantity(who: str) -> str:
    """Return the quantity for which the FMU was asked: `FMU: porosity in phase 1 is ...`."""
    return who.partition(": ")[2].removeprefix(TOO_WIDE).partition(" ")[0]


def told(run: Run) -> list[str]:
    """Say for each process how many lots the stand-in answered for."""
    if "stand_ins" not in run.manifest:
        return []
    always = [
        f"{address}: by {entry['file']} alone"
        for address, entry in run.manifest["stand_ins"].items()
        if entry["fidelity"] == _BY_STAND_IN
    ]
    return always + [
        f"{each.station}.{each.process}: {each.by_stand_in:,} of {each.lots:,} lots by surrogate"
        + (f", the others by the FMU, most for {each.reason}" if each.reason else "")
        for each in answered(run)
    ]
