"""What `linetwin study` prints at its end."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import typer

from linetwin.cli.printing import print_json, say
from linetwin.cli.study_answers import answer, named
from linetwin.errors import ModelError, Problem, ScenarioError
from linetwin.study.analysing.aims import aim_of, bounds_of
from linetwin.study.report import NAME
from linetwin.study.report_words import bound, figure_name, number, shown

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed
    from linetwin.study.reading import Spec
    from linetwin.study.report_findings import Findings
    from linetwin.study.schema import Constraint


def tell(found: Findings, spec: Spec, *, as_json: bool) -> None:
    """Print how far a study has come, and what it found."""
    study = found.observed.study
    runs, status = study.runs, study.manifest["status"]
    lost = runs[runs["status"] == "failed"]
    lines, content = answer(found)
    if as_json:
        counts = {"runs": len(runs), "failed": len(lost), "points": len(study.points)}
        about = {"folder": str(study.path), "status": status, **counts}
        print_json({**about, "never_kept": never_kept(found), "answer": content})
        return
    planned = int(study.plan["replications"].sum())
    done = f"{len(runs):,} of {planned:,} runs of {len(study.points):,} points"
    typer.echo(f"{spec.name} ({spec.design.kind}): {status}, {done}")
    if len(lost):
        count = "1 run," if len(lost) == 1 else f"{len(lost):,} runs, such as"
        say(f"failed:     {count} {lost['run'].iloc[0]}: {_first(lost)}")
    for line in lines:
        say(line)
    typer.echo(f"report:     {study.path / NAME}")


def check_kept(found: Findings, spec: Spec) -> None:
    """Raise a ScenarioError where a constraint, or all at once, is kept by no point.

    And where what is aimed at has no value in any run, as of cells that none made.
    """
    observed = found.observed
    aims = [("objectives", aim_of(each)[0]) for each in observed.objectives]
    aims += [("constraints", each.figure) for each in observed.constraints]
    for section, figure in aims:
        if not np.isfinite(observed.values(figure)).any():
            place = spec.document.place((section,))
            hint = "a longer run, or another figure"
            problem = Problem(f"{figure} has no value in any run", place.key, hint, place.file)
            raise ScenarioError([replace(problem, line=place.line)])
    if found.kind == "optimise" and found.optimum is None:
        lost, place = observed.failures, spec.document.place(("factors",))
        why = f", such as: {lost.first}" if lost.runs else ""
        said = f"no trial told what is aimed at in new runs: {lost.runs} of {lost.of} failed{why}"
        raise ScenarioError([Problem(said, place.key, "other bounds", place.file, place.line)])
    unkept = never_kept(found)
    if unkept:
        place = spec.document.place(("constraints",))
        told = [
            Problem(f"never kept: {text}", place.key, "", place.file, place.line) for text in unkept
        ]
        raise ScenarioError(told)


def never_kept(found: Findings) -> list[str]:
    """Say which constraints no point keeps with their chance, or that none keeps all at once.

    Of an optimisation, by the runs that the search has not seen, where there are any.
    """
    observed = found.observed
    runs, constraints = _judged(observed), observed.constraints
    if runs.empty or not constraints:
        return []
    point = runs["point"]
    inside = [_inside(runs, each).groupby(point).mean() for each in constraints]
    excess = [_excess(runs, each).groupby(point).mean() for each in constraints]
    keeps = [share >= each.chance for share, each in zip(inside, constraints, strict=True)]
    if pd.concat(keeps, axis=1).all(axis=1).any():
        return []
    short = [(each.chance - share).clip(lower=0.0)
             for share, each in zip(inside, constraints, strict=True)]  # fmt: skip
    nearest = _nearest(-sum(short, start=0.0 * short[0]), sum(excess, start=0.0 * excess[0]))
    if found.optimum is not None:
        nearest = found.optimum.finalists[0].point  # the one that is told first
    told, broken = [], []
    for each, share, kept in zip(constraints, inside, keeps, strict=True):
        words = f"{bound(each, shown(observed, each.figure))}, in {each.chance:.0%} of the runs"
        if not kept.any():
            told.append(words)
        if not kept[nearest]:
            mean = runs[each.figure][point == nearest].mean()
            scale = shown(observed, each.figure)
            kept_in = f"{share[nearest]:.0%} of its runs, with a mean of {number(mean, scale)}"
            broken.append(f"that of {figure_name(each.figure)} in {kept_in}")
    what = " and ".join(told) or "all constraints at once; each alone is kept by some point"
    return [f"{what}; nearest is {named(observed, nearest)}, which keeps {' and '.join(broken)}"]


def _judged(observed: Observed) -> pd.DataFrame:
    """Return the runs that tell whether a point keeps its bounds."""
    runs, searched = observed.study.runs, observed.written.replications
    if observed.design.kind != "optimise":
        return runs
    own = observed.study.points.isna().all(axis=1)  # outside of the bounds, and no candidate
    candidates = runs["point"].isin(own.index[~own])
    fresh = runs[candidates & (runs["replication"] >= searched)]
    return runs if fresh.empty else fresh


def _nearest(share: pd.Series, beyond: pd.Series) -> int:
    """Return the point that keeps bounds most often; of those alike the least far beyond them."""
    ranked = pd.DataFrame({"share": -share, "beyond": beyond})
    return int(ranked.sort_values(["share", "beyond"], kind="stable").index[0])


def _inside(runs: pd.DataFrame, constraint: Constraint) -> pd.Series:
    """Return which runs keep a constraint; those that cannot tell its figure do not."""
    low, high = bounds_of(constraint)
    values = runs[constraint.figure].to_numpy(float)
    return pd.Series((values >= low) & (values <= high), index=runs.index, dtype=float)


def _excess(runs: pd.DataFrame, constraint: Constraint) -> pd.Series:
    """Return how far runs lie beyond a bound, in standard deviations of the figure over all runs.

    Infinite where a run cannot tell the figure.
    """
    low, high = bounds_of(constraint)
    values = runs[constraint.figure].astype(float)
    beyond = pd.concat([low - values, values - high], axis=1).max(axis=1).clip(lower=0.0)
    return (beyond / (values.std() or 1.0)).fillna(math.inf)


def check_any(found: Findings) -> None:
    """Raise a ModelError where not a single run came to its end."""
    runs = found.observed.study.runs
    if len(runs) and (runs["status"] == "failed").all():
        raise ModelError(f"all {len(runs):,} runs failed: {_first(runs)}")


def _first(lost: pd.DataFrame) -> str:
    return str(lost["error"].iloc[0])
