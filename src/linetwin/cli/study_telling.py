"""What `linetwin study` prints at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import typer

from linetwin.cli.printing import print_json, say
from linetwin.errors import ModelError
from linetwin.study.analysing.aims import bounds_of
from linetwin.study.analysing.observing import Observed
from linetwin.study.folder import read_study
from linetwin.study.report import NAME
from linetwin.study.report_words import bound, scale_of

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.study.folder import Study
    from linetwin.study.reading import Spec
    from linetwin.study.schema import Constraint


def tell(folder: Path, spec: Spec, *, as_json: bool) -> None:
    """Print how far a study has come, and which constraints no point keeps."""
    found = read_study(folder)
    runs, status = found.runs, found.manifest["status"]
    lost = runs[runs["status"] == "failed"]
    unkept = never_kept(found, spec)
    if as_json:
        counts = {"runs": len(runs), "failed": len(lost), "points": len(found.points)}
        content = {"folder": str(folder), "status": status, **counts, "never_kept": unkept}
        print_json(content)
        return
    planned = int(found.plan["replications"].sum())
    done = f"{len(runs):,} of {planned:,} runs of {len(found.points):,} points"
    typer.echo(f"{spec.name} ({spec.design.kind}): {status}, {done}")
    if len(lost):
        say(f"failed:     {len(lost):,} runs, such as {lost['run'].iloc[0]}: {_first(lost)}")
    for words in unkept:
        typer.echo(f"never kept: {words}")
    typer.echo(f"report:     {folder / NAME}")


def never_kept(found: Study, spec: Spec) -> list[str]:
    """Say which constraints no point keeps with their chance, or that none keeps all at once."""
    runs = found.runs
    if runs.empty or not spec.constraints:
        return []
    together = None
    told = []
    for constraint in Observed(found).constraints:
        inside = _inside(runs, constraint).groupby(runs["point"]).mean()
        keeps = inside >= constraint.chance
        together = keeps if together is None else together & keeps
        if not keeps.any():
            words = bound(constraint, scale_of(found.units.get(constraint.figure, "")))
            best = f"point {inside.idxmax()} keeps it in {inside.max():.0%} of its runs"
            told.append(f"{words}, in {constraint.chance:.0%} of the runs; {best}")
    if not told and together is not None and not together.any():
        told.append("all constraints at once; each alone is kept by some point")
    return told


def _inside(runs: pd.DataFrame, constraint: Constraint) -> pd.Series:
    """Return which runs keep a constraint; those that cannot tell its figure do not."""
    low, high = bounds_of(constraint)
    values = runs[constraint.figure].to_numpy(float)
    return pd.Series((values >= low) & (values <= high), index=runs.index, dtype=float)


def check_any(folder: Path) -> None:
    """Raise a ModelError where not a single run came to its end."""
    runs = read_study(folder).runs
    if len(runs) and (runs["status"] == "failed").all():
        raise ModelError(f"all {len(runs):,} runs failed: {_first(runs)}")


def _first(lost: pd.DataFrame) -> str:
    return str(lost["error"].iloc[0])
