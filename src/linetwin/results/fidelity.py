"""Who answered for a process, lot by lot: a stand-in or the FMU, as events of a run tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from linetwin.results.reader import Run

EVENT: Final = "fidelity"
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
        quantities = by_fmu["who"].str.partition(": ")[2].str.partition(" ")[0]
        reason = str(quantities.mode().iloc[0]) if len(by_fmu) else ""
        result.append(Answered(str(station), str(process), lots - others, lots, reason))
    return result


def choices(run: Run, lots: Collection[str] | None = None) -> pd.DataFrame:
    """Return a row for each call: tick, station, lot, process, who (and why), items.

    `lots`: of these alone.
    """
    only = {"event": [EVENT]} if lots is None else {"event": [EVENT], "lot": list(lots)}
    events = run.table("events", only=only)
    parts = events["cause"].str.partition(": ")
    kept = events[["tick", "station", "lot"]]
    return kept.assign(process=parts[0], who=parts[2], items=events["amount"])


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
