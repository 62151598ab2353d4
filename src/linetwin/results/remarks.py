"""What a comparison says in words: who limits, what is not finished, what models cannot decide."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from linetwin.results import ahead
from linetwin.results.assumptions import plan
from linetwin.results.undecided import undecided, undecided_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.reader import Run


def remarks(
    groups: Mapping[str, Sequence[int]],
    runs: Sequence[Run],
    found: Sequence[Mapping[str, Any]],
) -> tuple[str, ...]:
    """Return lines on the bottleneck of each scenario, on runs not complete, on what is in doubt.

    `groups`: title -> numbers of its runs; `found`: the key figures of each run.
    """
    return (
        *(
            line
            for title, own in groups.items()
            if (line := _limit(title, [found[n] for n in own]))
        ),
        *(
            _unfinished(title, runs[n])
            for title, own in groups.items()
            for n in own
            if _open(runs[n])
        ),
        *dict.fromkeys(filter(None, map(ahead.told, runs))),
        *(line for title, own in groups.items() if (line := _doubt(title, [runs[n] for n in own]))),
        *_undecided(groups, runs),
    )


def _undecided(groups: Mapping[str, Sequence[int]], runs: Sequence[Run]) -> list[str]:
    """Say what no model decides, of each scenario by itself and of what they differ in."""
    lines = {title: plan(runs[own[0]]).stations for title, own in groups.items() if own}
    alone = [f"doubt: {title}: {text}" for title, line in lines.items() for text in undecided(line)]
    return alone + [f"not decided: {text}" for text in undecided_between(lines.values())]


def _limit(title: str, found: Sequence[Mapping[str, Any]]) -> str:
    names = Counter(
        str(name)
        for entry in found
        if (name := entry.get("limits", {}).get("bottleneck", {}).get("value"))
    )
    if not names:
        return ""
    told = ", ".join(
        name if count == len(found) else f"{name} ({count} of {len(found)} runs)"
        for name, count in names.most_common()
    )
    return f"limit of {title}: {told}"


def _open(run: Run) -> bool:
    return str(run.manifest["status"]) != "complete"


def _unfinished(title: str, run: Run) -> str:
    """Say that a run was not simulated to its end: its figures are of a shorter time."""
    seed, status = run.manifest["seed"], run.manifest["status"]
    return f"not complete: {title} seed {seed} is {status}, its figures are not like the others'"


def _doubt(title: str, runs: Sequence[Run]) -> str:
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run.manifest.get("outside_validity") or {})
    if not counts:
        return ""
    where = ", ".join(f"{station} ({count / len(runs):,.0f})" for station, count in counts.items())
    return (
        f"doubt: {title} asks models outside of the range they hold for, calculations a run at "
        f"{where}: what follows from there is extrapolated, and decides nothing"
    )
