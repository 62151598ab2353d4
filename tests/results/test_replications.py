from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from linetwin.errors import ResultsError
from linetwin.results import read, replications

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_few_runs_give_the_interval_of_the_next_one() -> None:
    """Student's prediction interval, as scipy has it."""
    values = [7.1, 7.4, 7.2, 8.0]
    found = replications.interval(values)
    reach = stats.t.ppf(0.95, 3) * np.std(values, ddof=1) * np.sqrt(1 + 1 / 4)
    assert found["median"] == pytest.approx(7.3)
    assert (found["low"], found["high"]) == pytest.approx(
        (np.mean(values) - reach, np.mean(values) + reach)
    )


def test_many_runs_speak_for_themselves() -> None:
    """From twenty on the interval lies between their percentiles."""
    found = replications.interval([float(n) for n in range(101)])
    assert (found["low"], found["median"], found["high"]) == pytest.approx((5.0, 50.0, 95.0))
    assert replications.interval([3.0])["low"] is None


def test_the_date_counts_complete_orders_only(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """An order given up has no date, and is counted as not complete."""
    runs = []
    for seed, speed in ((1, 1.0), (2, 1.25), (3, 2.0)):
        folder = tiny_writer(tmp_path / f"seed-{seed:04d}", seed=seed, speed=speed)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["ended_by"] = "limit" if seed == 3 else "order"
        (folder / "manifest.json").write_text(json.dumps(manifest))
        runs.append(read(folder))
    found = replications.write(tmp_path, runs)
    assert json.loads((tmp_path / "replications.json").read_text()) == found
    date = found["figures"]["order.last_cell_graded"]
    assert (date["n"], date["median"], found["not_complete"]) == (2, 1350.0, 1)
    # How many cells is what was ordered: only their date is open.
    assert "order.cells_good" not in found["figures"]
    assert found["figures"]["energy.good_energy"]["n"] == 3
    assert found["seeds"] == [1, 2, 3]
    with pytest.raises(ResultsError, match="no replications"):
        replications.summarise([])


def test_good_cells_of_a_duration_have_an_interval_and_no_date(
    tmp_path: Path, tiny_writer: Callable[..., Path]
) -> None:
    """Where time is given, how many good cells come out is open, and no order is complete."""
    runs = []
    for seed in (1, 2):
        folder = tiny_writer(tmp_path / f"seed-{seed:04d}", seed=seed)
        text = (folder / "scenario.yaml").read_text()
        (folder / "scenario.yaml").write_text(text.replace("order_cells: 6\n", ""))
        runs.append(read(folder))
    found = replications.summarise(runs)["figures"]
    assert (found["order.cells_good"]["n"], found["order.cells_good"]["median"]) == (2, 5.0)
    assert "order.last_cell_graded" not in found
