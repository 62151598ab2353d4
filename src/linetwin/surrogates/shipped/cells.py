"""The cells of several runs as one dataset: lots of different runs are different lots."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.data.dataset import ColumnSpec
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.runs import RUN

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset

FOUND: Final = "found_"


def cells_of(runs: Sequence[Path]) -> Dataset:
    """Return the cells of runs as one dataset, with the run as a group above all others.

    A column that a run does not have is not known of its cells; a finding that it never made is 0.
    Errors as `read_dataset`; ScenarioError for one run twice, in one folder or in two.
    """
    found = [read_dataset(each) for each in runs]
    if len({each.digest for each in found}) < len(runs):
        raise ScenarioError([Problem("one run is given twice", "RUN", "each once")])
    names = list(dict.fromkeys([RUN, *(name for each in found for name in each.columns)]))
    specs = {name: next(e.columns[name] for e in found if name in e.columns)
             for name in names if name != RUN}  # fmt: skip
    frames: list[pd.DataFrame] = []
    for number, each in enumerate(found, 1):
        told = {frame[RUN].iloc[0] for frame in frames}
        frames.append(_framed(each, number, told))
    frame = pd.concat(frames).reindex(columns=names)
    for name in names:
        if name.startswith(FOUND):
            frame[name] = frame[name].fillna(0.0)
        elif name in specs and specs[name].role == "weight":
            frame[name] = frame[name].fillna(1.0)  # of a run in which nothing was drawn
    digests = "".join(each.digest for each in found)
    several = len(found) > 1
    return replace(
        found[0],
        name="cells",
        title=f"Cells of {len(found)} runs" if several else found[0].title,
        frame=frame,
        columns={RUN: ColumnSpec(RUN, "group", "", source=RUN), **specs},
        source="; ".join(dict.fromkeys(each.source for each in found)),
        digest=hashlib.sha256(digests.encode()).hexdigest() if several else found[0].digest,
        gauges={},
        left_out={},
        within="",
    )


def findings_of(cells: Dataset, least: int) -> tuple[str, ...]:
    """Return the findings that at least so many cells have, and so many have not."""
    found = []
    for name in cells.targets:
        if name.startswith(FOUND):
            ones = int(np.nansum(cells.numbers(name)))
            if least <= ones <= len(cells.frame) - least:
                found.append(name)
    return tuple(found)


def _framed(data: Dataset, number: int, told: Collection[str]) -> pd.DataFrame:
    """Return a run's table with cells named by its number, and lots by its name.

    A name that is `told` already is that of another version, or another history, of the same run.
    """
    frame = data.frame.copy()
    frame.index = pd.Index([f"{number}/{each}" for each in frame.index], name=frame.index.name)
    name = str(frame[RUN].iloc[0]) if RUN in frame else f"{data.name}:{number}"
    frame[RUN] = f"{name} ({number})" if name in told else name
    own = replace(data, frame=frame, within=RUN)
    return frame.assign(**{group: own.labels(group) for group in data.groups})
