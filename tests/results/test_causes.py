"""What explains grade B and scrap: planted causes are found, chance is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from linetwin.results import kpis, read
from linetwin.results.causes import Factor, _explained, _lots, kruskal_wallis
from linetwin.results.report_causes import causes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRAYS, EACH = 40, 30


@pytest.mark.parametrize(("levels", "shift"), [(2, 0.0), (2, 0.6), (5, 0.4), (12, 0.3)])
def test_the_test_agrees_with_scipy(levels: int, shift: float) -> None:
    """Ranks with ties: the chance is scipy's, as near as Wilson and Hilferty come to chi-square."""
    chance = np.random.default_rng(levels)
    codes = np.repeat(np.arange(levels), 20)
    values = np.round(chance.normal(0.0, 1.0, len(codes)) + shift * (codes == 0), 1)
    expected = stats.kruskal(*(values[codes == level] for level in range(levels))).pvalue
    assert kruskal_wallis(values, codes) == pytest.approx(expected, rel=0.05, abs=0.01)
    assert kruskal_wallis(np.ones(10), codes[:10]) == 1.0


def _factory(seed: int, planted: float) -> tuple[dict[str, Factor], np.ndarray, np.ndarray]:
    """Return factors, cells of grade B and trays: trays differ by themselves, a lot adds to it.

    A roll is a part of a lot; lanes are put to trays by chance.
    """
    chance = np.random.default_rng(seed)
    tray = np.repeat(np.arange(TRAYS), EACH)
    lot = np.arange(TRAYS) // (TRAYS // 2)
    roll = np.arange(TRAYS) // 4
    lane = chance.permutation(np.arange(TRAYS) % 2)
    share = np.clip(chance.normal(0.3, 0.1, TRAYS) + planted * lot, 0.0, 1.0)
    bad = chance.uniform(size=TRAYS * EACH) < share[tray]
    factors = {
        name: Factor(name, codes[tray], [f"{name} {code}" for code in range(codes.max() + 1)])
        for name, codes in (("roll", roll), ("lot", lot), ("lane", lane))
    }
    return factors, bad, tray


def test_a_planted_lot_is_found_and_its_rolls_are_not_blamed() -> None:
    """Rolls explain what their lot does, and by chance some more: that is taken off."""
    factors, bad, tray = _factory(1, planted=0.4)
    found = _explained(list(factors.values()), bad, tray)
    assert (found["ancestor"], found["which"]) == ("lot", "lot 1")
    second = np.arange(len(bad)) >= len(bad) // 2
    assert found["with"] == pytest.approx(bad[second].mean())
    assert found["without"] == pytest.approx(bad[~second].mean())
    assert 0.5 < found["explained"] < 1.0


def test_trays_that_differ_by_themselves_blame_nobody() -> None:
    """Cells of a tray resemble each other; of 200 such factories at most a few name a cause."""
    blamed = 0
    for seed in range(200):
        factors, bad, tray = _factory(seed, planted=0.0)
        blamed += bool(_explained(list(factors.values()), bad, tray).get("ancestor"))
    assert blamed <= 8


def test_findings_stand_in_the_key_figures_and_the_report(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Each finding has a row with its number of cells; too few cells have no cause."""
    run = read(tiny_writer(tmp_path / "run"))
    found = kpis.compute(run)
    cells = run.table("cells", ["status", "reason"])
    rows = found["quality"]["causes"]["value"]
    bad = cells[cells["status"].isin(["B", "scrap"]) & cells["reason"].ne("")]
    assert sum(row["cells"] for row in rows) == len(bad)
    assert all(row["ancestor"] == "" for row in rows if row["cells"] < 20)
    assert ("too few cells to tell" in causes(found)) == bool(rows)


def test_cells_without_ancestors_have_no_lots_to_blame(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Cells of the stock that nothing was added to come from nothing that is known."""
    facts = kpis.Facts(read(tiny_writer(tmp_path / "run")))
    assert list(_lots(facts, facts.cells.assign(cell="from the stock"))) == []
