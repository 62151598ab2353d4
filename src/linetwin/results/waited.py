"""Where the path of an order waits: time that no station needs, such as for a lot on hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.results import display

if TYPE_CHECKING:
    from collections.abc import Mapping

WAITING = "waiting"
_TOLD_FROM = 0.05
"""Share of an order's time from which a wait on its path is told."""
_LITTLE_WEB = 0.5
"""Share of a web that is good below which the rest is a reason to wait."""


def longest(found: Mapping[str, Any]) -> tuple[str, float, float] | None:
    """Return who waited longest on the critical path, for how long (s), and the path's time (s).

    None where nothing waited that is worth a word, or there is no path.
    """
    path = found["order"]["critical_path"]["value"] or {}
    total = sum(sum(times.values()) for times in path.values())
    waits = {group: times.get(WAITING, 0.0) for group, times in path.items()}
    group = max(waits, key=lambda name: waits[name], default="")
    if not group or waits[group] < _TOLD_FROM * total:
        return None
    return group, waits[group], total


def told(found: Mapping[str, Any]) -> str:
    """Return in words who waited, for how long, and what there is to explain it; "" for nobody."""
    wait = longest(found)
    if wait is None:
        return ""
    group, seconds, total = wait
    text = (
        f"{display.name(group)} waited {display.duration(seconds)} on the critical path "
        f"({seconds / total:.0%} of it) for what was not there"
    )
    reasons = [*_of_holds(found), *_of_webs(found)]
    return f"{text}: {' and '.join(reasons)}" if reasons else text


def _of_holds(found: Mapping[str, Any]) -> list[str]:
    return ["lots were on hold"] if (found["holds"].get("holds") or {}).get("value") else []


def _of_webs(found: Mapping[str, Any]) -> list[str]:
    yields = (found["quality"].get("yield_of_webs") or {}).get("value") or {}
    return [
        f"{1 - share:.0%} of the {web} web were cut out"
        for web, share in sorted(yields.items())
        if share < _LITTLE_WEB
    ]
