"""K-values of cells against the limit of their own tray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.review.drifting import READ, drifting
from linetwin.surrogates.review.statistics.limits import FALSE_ALARM

PER_DAY = 1e-3 / 86_400


def _data(drift: np.ndarray, trays: list[str]) -> Dataset:
    columns = {READ: ColumnSpec(READ, "inspection", "V/s"), "tray": ColumnSpec("tray", "group", "")}
    index = pd.Index([f"cell-{number:06}" for number in range(drift.size)])
    frame = pd.DataFrame({READ: drift, "tray": np.array(trays, dtype=object)}, index=index)
    return Dataset("made", "Made", frame, columns, "made", "CC0-1.0", "0" * 64, Path("made"))


def test_a_leak_shows_against_its_tray() -> None:
    """A leak is found on a warm tray whose sound cells all fall faster than it does elsewhere."""
    draws = np.random.default_rng(2)
    trays = [f"tray-{number // 40}" for number in range(400)]
    level = np.repeat(draws.uniform(0.1, 2.0, 10), 40)
    drift = (level + draws.normal(0, 0.05, 400)) * PER_DAY
    coolest = int(np.argmin(level))
    drift[coolest] += 0.6 * PER_DAY
    found = drifting(_data(drift, trays))
    assert found is not None
    assert (found.beyond[0].cell, found.trays, found.cells) == (f"cell-{coolest:06}", 10, 400)
    assert found.beyond[0].drift < level.max() * PER_DAY  # no limit for all would find it
    assert found.beyond[0].sigmas > 6
    assert len(found.beyond) <= 4


def test_false_alarms_are_few() -> None:
    """Of 500 trays of sound cells as many lie beyond as stated, or fewer."""
    draws = np.random.default_rng(4)
    found = drifting(_data(draws.normal(1, 0.1, 20_000), [f"t{n // 40}" for n in range(20_000)]))
    assert found is not None
    assert 0.4 * FALSE_ALARM < len(found.beyond) / found.cells < 1.2 * FALSE_ALARM
    assert found.by_chance == pytest.approx(FALSE_ALARM * 20_000)


def test_few_readings_have_no_limit() -> None:
    """A tray of seven is counted apart; without a tray or a reading nothing is told."""
    told = drifting(_data(np.arange(27.0), ["a"] * 20 + ["b"] * 7))
    assert told is not None
    assert (told.trays, told.refused, told.cells) == (1, 1, 20)
    data = _data(np.arange(20.0), ["a"] * 20)
    assert drifting(Dataset("made", "", data.frame, {}, "", "", "", Path("made"))) is None
