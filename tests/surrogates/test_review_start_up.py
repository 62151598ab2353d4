"""Trays of a start-up are in no limits; limits of shares hold for trays of all sizes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.review import starting_up
from linetwin.surrogates.review.charting import charted
from linetwin.surrogates.review.starting_up import start_up
from linetwin.surrogates.review.statistics.counts import count_chart, phase_one_counts
from linetwin.surrogates.review.streams import defect_streams

if TYPE_CHECKING:
    from linetwin.results.reader import Run

TRAYS, CELLS = 40, 20


def _cells(early: int) -> pd.DataFrame:
    """Return cells of which so many trays were begun before the first was graded, at 1,000 s."""
    tray = np.repeat(np.arange(TRAYS), CELLS)
    started = np.where(tray < early, tray * 1e4, 1e6 + tray * 1e4)
    return pd.DataFrame(
        {
            "cell": [f"cell-{number:06}" for number in range(tray.size)],
            "tray": [f"tray-{number:02}" for number in tray],
            "started": started, "ended": started + 1e6, "status": "A",
        }
    )  # fmt: skip


def _data(cells: pd.DataFrame, scrap: np.ndarray) -> Dataset:
    columns = {"is_scrap": ColumnSpec("is_scrap", "target", "1"),
               "tray": ColumnSpec("tray", "group", "")}  # fmt: skip
    frame = pd.DataFrame({"is_scrap": scrap, "tray": cells["tray"].astype(object).to_numpy()},
                         index=cells["cell"])  # fmt: skip
    return Dataset("made", "Made", frame, columns, "made", "CC0-1.0", "0" * 64, Path("made"))


def _run(cells: pd.DataFrame) -> Run:
    return SimpleNamespace(table=lambda _: cells)  # type: ignore[return-value]


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A line that began empty, unless a test says otherwise."""
    plan = SimpleNamespace(filled=False)
    monkeypatch.setattr(starting_up, "plan", lambda _: plan)
    return plan


def test_limits_go_without_the_start_up(line: SimpleNamespace) -> None:
    """Half of the cells of twelve first trays are scrap: without them limits see a later tray."""
    cells = _cells(early=12)
    draws = np.random.default_rng(5)
    share = np.where(np.arange(TRAYS) < 12, 0.5, 0.03)
    share[30] = 0.6
    scrap = (draws.random(len(cells)) < np.repeat(share, CELLS)).astype(float)
    data = _data(cells, scrap)
    begun = start_up(_run(cells), data)
    assert (len(begun.trays), begun.every, begun.left_out) == (12, TRAYS, True)
    assert "12 of 40 trays were begun before the line was full" in begun.text
    before = charted(list(defect_streams(data)))
    after = charted(list(defect_streams(begun.without(data))))
    assert "tray-30" in {alarm.label for alarm in after.alarms}
    assert len(after.charted[0].stream.labels) == TRAYS - 12
    assert after.charted[0].charts[0].high.max() < before.charted[0].charts[0].high.min()
    line.filled = True
    assert start_up(_run(cells), data).trays == {"tray-00"}  # begun at 0: stock


def test_too_few_others(line: SimpleNamespace) -> None:
    """With five other trays the start-up stays, and that is said."""
    assert not line.filled
    cells = _cells(early=35)
    begun = start_up(_run(cells), _data(cells, np.zeros(len(cells))))
    assert not begun.left_out
    assert "too few others" in begun.text
    data = _data(cells, np.zeros(len(cells)))
    assert begun.without(data) is data


def _drawn(draws: np.random.Generator, share: float, sizes: np.ndarray) -> np.ndarray:
    """Return faulty cells of trays whose cells go together with 0.2 (beta-binomial)."""
    weight = 1 / 0.2 - 1
    return draws.binomial(sizes, draws.beta(share * weight, (1 - share) * weight, sizes.size))


def test_limits_hold_for_all_sizes() -> None:
    """Of 15 % faulty cells trays of 7, 20 and 40 alarm alike, at less than 1.2 %; 0.27 % promised.

    Where the share is four times as large 10 % or more of them are found: as far as trays that
    differ so much allow; where trays do not differ 80 %.
    """
    draws = np.random.default_rng(1)
    sizes, labels = np.resize([7, 20, 40], 36), [str(number) for number in range(36)]
    new = np.resize([7, 20, 40], 600)
    names = [str(number) for number in range(new.size)]
    alarms, found, alike = [], [], []
    for _ in range(40):
        limits = phase_one_counts("s", "p", _drawn(draws, 0.15, sizes), sizes, labels)
        quiet = count_chart(limits, _drawn(draws, 0.15, new), new, names).chances < 0.0027
        alarms.append([quiet[new == size].mean() for size in (7, 20, 40)])
        loud = count_chart(limits, _drawn(draws, 0.6, new), new, names).chances < 0.0027
        found.append(loud.mean())
        plain = phase_one_counts("s", "p", draws.binomial(40, 0.15, 36), np.full(36, 40), labels)
        many = np.full(200, 40)
        seen = count_chart(plain, draws.binomial(40, 0.6, 200), many, names[:200]).chances
        alike.append((seen < 0.0027).mean())
    small, middle, large = np.mean(alarms, axis=0)
    assert max(small, middle, large) < 0.012
    assert small > 0.0005
    assert np.mean(found) > 0.1
    assert np.mean(alike) > 0.8
