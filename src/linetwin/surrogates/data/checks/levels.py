"""Kinds of groups of which there are too few to learn how far a new one differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.predictors.levels import COVERAGE, LEAST_GROUPS, enough
from linetwin.surrogates.data.checks.finding import Finding

if TYPE_CHECKING:
    from linetwin.surrogates.data.checks.finding import Weight
    from linetwin.surrogates.data.dataset import Dataset


def level_findings(data: Dataset) -> list[Finding]:
    """Return which kinds of groups cannot be held out: one finding of one each, one of a few."""
    counts = {name: len({*data.labels(name)} - {""}) for name in data.groups}
    lone = [name for name, count in counts.items() if count == 1]
    few = [name for name, count in counts.items() if 1 < count < LEAST_GROUPS]
    found = []
    weighed: tuple[tuple[list[str], Weight], ...] = ((lone, "doubtful"), (few, "note"))
    for names, weight in weighed:
        if names:
            told = ", ".join(f"{counts[name]} {name}" for name in names)
            text = (
                f"{told}: intervals will hold within {'it' if len(names) == 1 else 'these'} only."
                f" To learn how far a new one differs join {enough(COVERAGE)} or more"
                f" ({LEAST_GROUPS} with errors taken as normal)"
            )
            found.append(Finding("levels", weight, text, tuple(names)))
    return found
