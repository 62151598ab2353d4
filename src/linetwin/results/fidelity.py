"""Who answered for a process, lot by lot: a stand-in or the FMU, as events of a run tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from linetwin.results.reader import Run

EVENT: Final = "fidelity"
NOW, BEFORE = "stand_ins", "stand_ins_before"
"""Keys of a manifest: the stand-ins of a run, and of the pasts from which it was branched off."""
TOO_WIDE: Final = "the interval of "
"""How the reason begins where a stand-in's interval was too wide."""
BY_STAND_IN: Final = "surrogate"
_DIGITS: Final = 12
"""Hexadecimal digits of a SHA-256 that tell stand-ins apart, as in `made_with`."""


@dataclass(frozen=True)
class Answered:
    """Of a process at a station: calls that the stand-in answered, all calls, and their lots.

    `reason`: the quantity for which the FMU was asked most often, "" where it never was;
    `too_wide`: calls that were the FMU's since an interval was too wide, not as they lay outside.
    """

    station: str
    process: str
    by_stand_in: int
    calls: int
    lots: int
    reason: str
    too_wide: int

    @property
    def outside(self) -> int:
        """Calls that were the FMU's since an item lay outside of what the stand-in knows."""
        return self.calls - self.by_stand_in - self.too_wide

    def told(self) -> str:
        """Return it as text; a lot that is made in many calls is told by those."""
        text = f"{self.station}.{self.process}: {self.by_stand_in:,} of {self.calls:,} "
        text += "lots" if self.calls == self.lots else f"calls for {self.lots:,} lots"
        text += " by the surrogate"
        return text + (f", the others by the FMU, most for {self.reason}" if self.reason else "")


def answered(run: Run) -> list[Answered]:
    """Return who answered for each process with `fidelity: auto`, by station."""
    found = choices(run)
    result = []
    for (station, process), own in found.groupby(["station", "process"], sort=False):
        others = [str(who) for who in own["who"] if who != BY_STAND_IN]
        reasons = Counter(map(_quantity, others))
        reason = reasons.most_common(1)[0][0] if reasons else ""
        counts = (len(own) - len(others), len(own), own["lot"].nunique())
        wide = sum(who.partition(": ")[2].startswith(TOO_WIDE) for who in others)
        result.append(Answered(str(station), str(process), *counts, reason, wide))
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


def of_lots(run: Run, lots: Collection[str]) -> list[dict[str, str | int]]:
    """Return who answered for some lots: station, process, lot, who, and in how many calls."""
    if not had_stand_ins(run) or not lots:
        return []
    found = choices(run, lots)
    found["who"] = [str(who).partition(":")[0] for who in found["who"]]
    counted = found.groupby(["station", "process", "lot", "who"], sort=False).size()
    return [
        {"station": s, "process": p, "lot": lot, "who": who, "calls": int(calls)}
        for (s, p, lot, who), calls in counted.items()
    ]


def _quantity(who: str) -> str:
    """Return the quantity for which the FMU was asked: `FMU: porosity in phase 1 is ...`."""
    return who.partition(": ")[2].removeprefix(TOO_WIDE).partition(" ")[0]


def told(run: Run) -> list[str]:
    """Say for each process how many lots the stand-in answered for."""
    if not had_stand_ins(run):
        return []
    always = [
        f"{address}: by {entry['file']} alone"
        for address, entry in run.manifest.get(NOW, {}).items()
        if entry["fidelity"] == BY_STAND_IN
    ]
    return [*always, *(each.told() for each in answered(run)), *told_before(run)]


def had_stand_ins(run: Run) -> bool:
    """Say whether stand-ins answered in a run, or in the past from which it was branched off."""
    return NOW in run.manifest or any(run.manifest.get(BEFORE, ()))


def told_before(run: Run) -> list[str]:
    """Say who answered before a branch began, where it was not who answers now."""
    pasts = run.manifest.get(BEFORE, ())
    return list(dict.fromkeys(text for past in pasts for text in changed(past, run.manifest)))


def changed(past: Mapping[str, Mapping[str, str]], manifest: Mapping[str, Any]) -> list[str]:
    """Say for each process who answered in the past, where another one does by a manifest."""
    now = manifest.get(NOW, {})
    return [
        f"{address}: before the branch by {_named(past.get(address))}, then by "
        f"{_named(now.get(address))}"
        for address in dict.fromkeys([*past, *now])
        if _who(past.get(address)) != _who(now.get(address))
    ]


def _who(entry: Mapping[str, str] | None) -> tuple[str, ...]:
    return () if entry is None else (entry["fidelity"], entry["digest"])


def _named(entry: Mapping[str, str] | None) -> str:
    if entry is None:
        return "the FMU"
    return f"{entry['file']} {entry['digest'][:_DIGITS]} ({entry['fidelity']})"
