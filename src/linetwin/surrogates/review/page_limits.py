"""What approved limits hold, and what not: in words, by how many runs they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results.display import counted
from linetwin.surrogates.review.joining import LEAST_RUNS

if TYPE_CHECKING:
    from linetwin.surrogates.review.approving import Approved
    from linetwin.surrogates.review.assembling import Review


def holds(approved: Approved) -> str:
    """Return what limits of so many runs hold in a run that nobody has seen."""
    runs, signals = approved.runs, approved.tried.signals
    if runs == 1:
        return (
            "Limits of one run: they hold how its subgroups scatter, not how runs differ; "
            f"{LEAST_RUNS} runs or more tell that."
        )
    if runs < LEAST_RUNS:
        return (
            f"Limits of {runs} runs: how runs differ is known from one difference, so limits are "
            f"wide, and no share of false signals is promised; {LEAST_RUNS} runs or more tell it."
        )
    return (
        f"Limits of {runs} runs: how these differ is in the limits. Held against limits of the "
        f"others, each of them had {_range(signals)}: another sound run has more than each of them "
        f"had, against the same limits, with a chance of 1 in {runs + 1} at most."
    )


def of_another(found: Review) -> str:
    """Return what alarms against limits of other runs may be; empty where they are of this one."""
    approved = found.approved
    if approved is None or (approved.runs == 1 and approved.is_logged(found.log)):
        return ""
    count = len(found.charts.alarms)
    many = counted(count, "signal")
    if approved.runs == 1:
        maybe = f"; the {many} here may be that" if count else ""
        return f"Limits of one run: another order differs by more than its scatter{maybe}."
    if approved.is_logged(found.log):
        return f"{holds(approved)} This run is one of them, so its {many} tell nothing new."
    if approved.runs < LEAST_RUNS:
        maybe = f" The {many} here may be that." if count else ""
        return f"{holds(approved)}{maybe}"
    said = "This run has no more than sound runs have."
    if is_odd(found):
        said = "This run has more than each: it is odd."
    return f"{holds(approved)} {said} Against the limits of all {approved.runs} it has {many}."


def is_odd(found: Review) -> bool:
    """Whether a run has more signals than each of the approved, against the same limits."""
    approved = found.approved
    if approved is None or not found.versus:
        return False
    return all(own > each
               for own, each in zip(found.versus, approved.tried.signals, strict=True))  # fmt: skip


def _range(signals: tuple[int, ...]) -> str:
    low, high = min(signals), max(signals)
    return counted(high, "signal") if low == high else f"{low:,} to {counted(high, 'signal')}"
