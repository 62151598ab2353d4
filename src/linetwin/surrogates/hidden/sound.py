"""Sound runs that are told as such: each once, and the run that is asked about not among them.

A run given twice makes everything that it has not look rare; one held against itself looks usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.results import read
from linetwin.surrogates.data.studies import digest_of_frame
from linetwin.surrogates.hidden.normal import LEAST_RUNS, of_runs
from linetwin.surrogates.hidden.readings import streams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.results.reader import Run
    from linetwin.surrogates.hidden.normal import Normal


def normal_of(run: Path, sound: Sequence[Path]) -> Normal:
    """Return what sound runs show to be normal.

    ScenarioError for fewer than three, for one that is told twice, in one folder or in copies of
    its cells, and for `run` among them; errors as `Run`.
    """
    if len(sound) < LEAST_RUNS:
        hint = f"{LEAST_RUNS} or more; or none: lots are held against each other then"
        raise ScenarioError([Problem(f"only {len(sound)} told", "--sound", hint)])
    runs = [read(each) for each in sound]
    problems = _equals(run, sound, [_told(each) for each in (read(run), *runs)])
    if problems:
        raise ScenarioError(problems)
    return of_runs([streams(each) for each in runs])


def chance_text(count: int) -> str:
    """Return how often a sound run is accused by so many others, in words."""
    return (
        f"{count} sound runs: of runs in which nothing is wrong about 1 in {count + 1} is named"
        " all the same"
    )


def _told(run: Run) -> str:
    """Return what tells a run from others whatever its folder is called: its lots and cells."""
    return "".join(digest_of_frame(run.table(name)) for name in ("lots", "cells"))


def _equals(run: Path, sound: Sequence[Path], told: Sequence[str]) -> list[Problem]:
    """Return the runs that are there twice; `told`: of the run, then of each sound run."""
    first: dict[str, Path] = {told[0]: run}
    problems = []
    for path, own in zip(sound, told[1:], strict=True):
        if own not in first:
            first[own] = path
            continue
        copied = _copied(path, first[own])
        message, hint = f"{path} is given twice{copied}", "each once; other seeds make other runs"
        if own == told[0]:
            message = f"{path} is the run that is asked about{copied}"
            hint = "sound runs beside it"
        problems.append(Problem(message, "--sound", hint))
    return problems


def _copied(path: Path, other: Path) -> str:
    if path.resolve() == other.resolve():
        return f": {other}" if path != other else ""
    return f": its lots and cells are those of {other}"
