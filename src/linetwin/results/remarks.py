"""What a comparison says in words: who limits each scenario, and where its models cannot decide."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.reader import Run


def remarks(
    groups: Mapping[str, Sequence[int]],
    runs: Sequence[Run],
    found: Sequence[Mapping[str, Any]],
) -> tuple[str, ...]:
    """Return a line on the bottleneck of each scenario, then one for each that is in doubt.

    `groups`: title -> numbers of its runs; `found`: the key figures of each run.
    """
    return (
        *(
            line
            for title, own in groups.items()
            if (line := _limit(title, [found[n] for n in own]))
        ),
        *(line for title, own in groups.items() if (line := _doubt(title, [runs[n] for n in own]))),
    )


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


def _doubt(title: str, runs: Sequence[Run]) -> str:
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run.manifest.get("outside_validity") or {})
    if not counts:
        return ""
    where = ", ".join(f"{station} ({count / len(runs):,.0f})" for station, count in counts.items())
    return (
        f"doubt: {title} asks models outside of the range they hold for at {where} items a run: "
        "what follows from there is extrapolated, and decides nothing"
    )
