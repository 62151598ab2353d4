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

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset

BATCHES: Final = "batches"
"""Group of the joint dataset: run, and batches of both slurries."""
FOUND: Final = "found_"
_SLURRIES: Final = ("cathode_batch", "anode_batch")


def cells_of(runs: Sequence[Path]) -> Dataset:
    """Return the cells of runs as one dataset, with the group `batches`.

    A column that a run does not have is not known of its cells; a finding that it never made is 0.
    Errors as `read_dataset`; ScenarioError for one run twice.
    """
    if len({each.resolve() for each in runs}) < len(runs):
        raise ScenarioError([Problem("one run is given twice", "RUN", "each once")])
    found = [read_dataset(each) for each in runs]
    names = list(dict.fromkeys(name for each in found for name in each.columns))
    specs = {name: next(e.columns[name] for e in found if name in e.columns) for name in names}
    frames = [_framed(each, f"{number}/") for number, each in enumerate(found, 1)]
    frame = pd.concat(frames).reindex(columns=[*names, BATCHES])
    for name in names:
        if name.startswith(FOUND):
            frame[name] = frame[name].fillna(0.0)
    digests = "".join(each.digest for each in found)
    several = len(found) > 1
    return replace(
        found[0],
        name="cells",
        title=f"Cells of {len(found)} runs" if several else found[0].title,
        frame=frame,
        columns={**specs, BATCHES: ColumnSpec(BATCHES, "group", "", source=BATCHES)},
        source="; ".join(dict.fromkeys(each.source for each in found)),
        digest=hashlib.sha256(digests.encode()).hexdigest() if several else found[0].digest,
        gauges={},
        left_out={},
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


def _framed(data: Dataset, prefix: str) -> pd.DataFrame:
    """Return a run's table with its lots and cells named by the run."""
    frame = data.frame.copy()
    frame.index = pd.Index([prefix + str(each) for each in frame.index], name=frame.index.name)
    for name in data.groups:
        frame[name] = [prefix + text if text else "" for text in frame[name].astype(str)]
    slurries = [frame[name] for name in _SLURRIES if name in frame]
    told = [" ".join(texts) for texts in zip(*slurries, strict=True)] or [prefix] * len(frame)
    return frame.assign(**{BATCHES: told})
