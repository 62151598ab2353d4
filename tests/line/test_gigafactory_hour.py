"""The first hour of the shipped line of 2 GWh a year, filled and on doubles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import doubles
import pytest
from line_support import BASELINE, HOUR, Memory, imbalance, make_world, run_out

from linetwin.line import run, stock
from linetwin.scenario import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEEK = BASELINE.with_name("gigafactory_week.yaml")
CELLS_PER_HOUR = 2e6 / (60 * 3.7e-3) / 7500
"""2 GWh a year of 60 A.h cells at 3.7 V in 7,500 hours: 1,200 an hour."""


class Ledgers(Memory):
    """Keeps the books alone: half a million cells lie in the line."""

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows of the ledger, drop all others."""
        if table == "ledger":
            super().add(table, columns)


def test_the_first_hour_grades_conserves_and_can_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grading starts at once, at the pace of the year within 30 %; nothing is lost or created.

    Saved at half past, another line in its place saves alike and grades as many.
    """
    monkeypatch.setitem(doubles.DEFAULTS, "electrode_area", 1.978)
    monkeypatch.setitem(doubles.DEFAULTS, "pore_volume", 84e-6)
    scenario = replace(
        load(WEEK), duration_ticks=HOUR, limit_ticks=HOUR, window_ticks=(HOUR // 2, HOUR)
    )
    world = make_world(scenario, Ledgers())
    stock.fill(world)
    world.begin()
    while world.now < HOUR // 2:
        assert world.step()
    blob = run.save(world, {})
    again = make_world(scenario, Ledgers())
    run.load(again, blob)
    assert run.save(again, {}) == blob
    for each in (world, again):
        run_out(each)
    assert world.graded() == pytest.approx(CELLS_PER_HOUR, rel=0.3)
    assert again.graded() == world.graded()
    assert imbalance(again) == imbalance(world)
    assert max(map(abs, imbalance(world).values())) < 1e-9
