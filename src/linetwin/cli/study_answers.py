"""What a comparison or an optimisation found, as lines on the screen and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.results import display
from linetwin.study.analysing.aims import aim_of
from linetwin.study.analysing.observing import same_value
from linetwin.study.report_words import (
    address_name,
    bound,
    estimate,
    factor_value,
    figure_name,
    same_everywhere,
    shown,
    told_by,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.study.analysing.comparing import Alternative, Comparison
    from linetwin.study.analysing.inferring import Estimate
    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.optimum import Finalist, Optimum
    from linetwin.study.report_findings import Findings

_LISTED = 3
"""Factors of a point that are named."""


def named(observed: Observed, point: int) -> str:
    """Return a point in words: its number, or its alternative's name, with its first factors."""
    name, values = observed.study.plan["name"][point], observed.study.points.loc[point]
    if observed.factors and all(same_value(f, values[f.address]) for f in observed.factors):
        return f"point {point}, the scenario as it is"
    listed = [
        f"{address_name(f.address)} {factor_value(f, values[f.address])}"
        for f in observed.factors[:_LISTED]
    ]
    return f"point {name or point}" + (f" ({', '.join(listed)})" if listed else "")


def answer(found: Findings) -> tuple[list[str], dict[str, Any]]:
    """Return what a study found as lines of text, and as JSON in canonical units.

    Nothing for designs that look for no best, and before there are runs enough.
    """
    observed = found.observed
    if not (observed.study.runs["status"] != "failed").any():
        return [], {}
    lines, content = [f"no choice:  {text}" for text in same_everywhere(observed)], {}
    if found.comparison is not None:
        lines += [*_compared(observed, found.comparison), *_beside(found)]
        content = {**_comparison(observed, found.comparison), "differences": _differences(found)}
    elif (best := found.optimum) is not None:
        told = f"of {best.trials:,} points, told by {best.fresh} seeds not searched"
        head = f"best:       {told}"
        if not best.finalists[0].keeps:
            head = f"nearest:    {told}; none that was run again keeps all constraints as asked"
        lines += [head, *(f"  {_finalist(observed, each, best.fresh)}" for each in best.finalists)]
        content = _optimum(observed, best)
    return lines, content


def _compared(observed: Observed, found: Comparison) -> list[str]:
    scale = shown(observed, found.figure)
    head = "undecided:  ahead is"
    if found.decided or found.alike:
        head = (
            "best:      " if found.decided else "alike:      no difference that matters; ahead is"
        )
    top, *others = found.alternatives
    mean = f"{estimate(top.mean, scale)}{told_by(top.mean, top.made)}"
    lines = [f"{head} {top.name}, {figure_name(found.figure)} {mean}"]
    lines += [
        f"  {each.name}: worse by {estimate(each.behind, scale, signed=True)}, {each.fate}"
        f"{_untold(each)}"
        for each in others
    ]
    return lines


def _untold(each: Alternative) -> str:
    """Return in how many runs an alternative has no value, where it is so."""
    empty = each.made - each.runs
    return f"; {empty} of its {each.made} runs failed or gave no value" if empty else ""


def _comparison(observed: Observed, found: Comparison) -> dict[str, Any]:
    return {
        "figure": found.figure,
        "unit": observed.unit(found.figure),
        "confidence": found.confidence,
        "best": found.best,
        "decided": found.decided,
        "alike": found.alike,
        "alternatives": [
            {
                "name": each.name,
                "runs": each.runs,
                "made": each.made,
                "mean": _interval(each.mean),
                "behind": None if each.name == found.best else _interval(each.behind),
                "fate": each.fate,
            }
            for each in found.alternatives
        ],
    }


def _beside(found: Findings) -> list[str]:
    """Return a line for each figure: what the first alternative has, what others have more."""
    first, *others = found.observed.study.plan["name"]
    lines = [f"with the same seeds, over {first}:"]
    for each in found.beside:
        scale = shown(found.observed, each.figure)
        more = [f"{n} {estimate(each.differences[n], scale, signed=True)}" for n in others]
        text = f"{figure_name(each.figure)} {estimate(each.mean, scale)}; {', '.join(more)}"
        lines.append(f"  {text}")
    return lines


def _differences(found: Findings) -> dict[str, Any]:
    """Return figure -> unit, mean of the first alternative, and by how much others are over it."""
    first = found.observed.study.plan["name"].iloc[0]
    return {
        each.figure: {
            "unit": found.observed.unit(each.figure),
            "of": first,
            "mean": _interval(each.mean),
            "over": {name: _interval(own) for name, own in each.differences.items()},
        }
        for each in found.beside
    }


def _finalist(observed: Observed, found: Finalist, fresh: int) -> str:
    figures = [aim_of(each)[0] for each in observed.objectives]
    parts = []
    for number, figure in enumerate(figures):
        scale = shown(observed, figure)
        own = found.figures[number]
        text = f"{figure_name(figure)} {estimate(own, scale)}{told_by(own, fresh)}"
        if found.gains:
            gain = estimate(found.gains[number], scale, signed=True)
            text += f", {gain} against the scenario"
        parts.append(text)
    for constraint, share in zip(observed.constraints, found.kept, strict=True):
        words = bound(constraint, shown(observed, constraint.figure))
        of = f"{display.share(share.value)} (from {display.share(share.low)})"
        parts.append(f"{words} in {of} of runs")
        if share.value < constraint.chance:
            parts[-1] += f", {display.share(constraint.chance)} asked"
    return f"{named(observed, found.point)}: {'; '.join(parts)}"


def _optimum(observed: Observed, found: Optimum) -> dict[str, Any]:
    figures = [aim_of(each)[0] for each in observed.objectives]
    points = []
    for each in found.finalists:
        values = observed.study.points.loc[each.point]
        points.append(
            {
                "point": each.point,
                "factors": {f.address: _plain(values[f.address]) for f in observed.factors},
                "figures": _intervals(figures, each.figures),
                "gains": _intervals(figures, each.gains),
                "keeps": each.keeps,
                "kept": [
                    {
                        "figure": own.figure,
                        "at_least": own.at_least,
                        "at_most": own.at_most,
                        "asked": own.chance,
                        **_interval(share),
                    }
                    for own, share in zip(observed.constraints, each.kept, strict=True)
                ],
                "unbeaten": each.unbeaten,
            }
        )
    units = {name: observed.unit(name) for name in figures}
    return {"fresh": found.fresh, "trials": found.trials, "units": units, "points": points}


def _intervals(names: list[str], found: tuple[Estimate, ...]) -> Mapping[str, dict[str, float]]:
    """Return estimates by the names of their figures; none where there are none."""
    return {name: _interval(each) for name, each in zip(names, found, strict=False)}


def _interval(found: Estimate) -> dict[str, float]:
    ends = {"value": float(found.value), "low": float(found.low), "high": float(found.high)}
    return {**ends, "runs": found.n}


def _plain(value: object) -> object:
    """Return a cell of a table as JSON can hold it."""
    return value.item() if isinstance(value, np.generic) else value
