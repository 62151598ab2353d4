from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from linetwin.errors import ResultsError
from linetwin.results import read, replications

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_few_runs_give_what_was_seen_and_say_how_surely() -> None:
    """Of five, the next falls between the lowest and the highest in 4 of 6 cases."""
    values = [7.34, 9.63, 9.66, 7.35, 9.69]
    found = replications.interval(values)
    assert (found["low"], found["median"], found["high"]) == (7.34, 9.63, 9.69)
    assert found["chance"] == pytest.approx(4 / 6)
    # all five on one side of the median: 2 / 2^5
    assert found["median_chance"] == pytest.approx(1 - 2 / 32)
    assert found["groups"] == [
        {"n": 2, "low": 7.34, "high": 7.35},
        {"n": 3, "low": 9.63, "high": 9.69},
    ]


@pytest.mark.parametrize("count", [2, 4, 5, 9, 19, 20, 39, 101])
def test_chances_are_those_of_order_statistics(count: int) -> None:
    """Beta distribution of ordered shares and the sign test, as scipy has them; never outside."""
    values = [float(n) for n in range(count)]
    found = replications.interval(values)
    low, high = int(found["low"]), int(found["high"])
    assert (low, high + low) == (low, count - 1)
    # the share between the two is beta distributed; its mean is the chance of the next run
    share = stats.beta(high - low, count + 1 - (high - low))
    assert found["chance"] == pytest.approx(share.mean())
    assert found["chance"] >= 0.9 or low == 0
    below = int(found["median_low"])
    sign = 1 - 2 * stats.binom.cdf(below, count, 0.5)
    assert found["median_chance"] == pytest.approx(sign)
    assert found["median_chance"] >= 0.9 or below == 0
    assert found["groups"] is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_an_interval_holds_its_median_and_leaves_nothing_seen(values: list[float]) -> None:
    """Bounds are values of runs; groups part all of them."""
    found = replications.interval(values)
    if len(values) == 1:
        assert found["low"] is None
        return
    for low, high in (("low", "high"), ("median_low", "median_high")):
        assert {found[low], found[high]} <= set(values)
        assert found[low] <= found["median"] <= found[high]
    if found["groups"]:
        assert sum(each["n"] for each in found["groups"]) == len(values)


def test_few_values_of_one_spread_seldom_look_like_two_groups() -> None:
    """Even spread: 3 % of five and 5 % of four values."""
    rng = np.random.default_rng(1)
    for count, chance in ((4, 0.048), (5, 0.03)):
        draws = np.sort(rng.uniform(size=(4000, count)), axis=1)
        seen = sum(replications.groups([float(x) for x in row]) is not None for row in draws)
        assert seen / 4000 == pytest.approx(chance, abs=0.015)


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
