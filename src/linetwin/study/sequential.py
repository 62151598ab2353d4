"""Alternatives side by side, with common seeds, until it is clear which is best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.aims import aim_of
from linetwin.study.analysing.observing import FAILED
from linetwin.study.keeping import Planned
from linetwin.study.racing import race_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from linetwin.study.executing import StudyRun


def compare(carried: StudyRun) -> None:
    """Run alternatives until it is clear which is best, or they have had all replications."""
    spec = carried.spec
    figure, sign = aim_of(spec.objectives[0])
    planned = [
        Planned((*spec.settings, *settings), (), name)
        for name, settings in spec.alternatives.items()
    ]
    race = race_of(spec.design, len(planned), 0.0)
    while race.due:
        due, alive = race.due, race.alive
        rows = carried.results([planned[number] for number in alive], due)
        race.matters = carried.matters  # known when a run has told its unit
        race.judge(sign * _table(rows, figure, alive, (race.count, due)))


def _table(
    rows: pd.DataFrame, figure: str, alive: Sequence[int], shape: tuple[int, int]
) -> np.ndarray:
    """Return a figure of those still in question, NaN for others and for runs that failed."""
    found = np.full(shape, np.nan)
    numbers = {point: alive[n] for n, point in enumerate(dict.fromkeys(rows["point"]))}
    for point, replication, status, value in zip(
        rows["point"], rows["replication"], rows["status"], rows[figure], strict=True
    ):
        if status != FAILED:
            found[numbers[point], replication] = value
    return found
