"""Alternatives are compared until it is clear, and the best is lost as seldom as is promised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import nct, t
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.errors import ScenarioError
from linetwin.study.racing import Race, clear_difference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY = 1500


def raced(values: np.ndarray, **rules: float) -> Race:
    """Return a race over all values that are there."""
    race = Race(len(values), most=values.shape[1], **rules)  # type: ignore[arg-type]
    while race.due:
        race.judge(values[:, : race.due])
    return race


def test_its_bound_is_that_of_the_bayes_factor() -> None:
    """At the interval's edge the factor, integrated over the prior with scipy, is 1 / error."""
    differences = np.random.default_rng(4).normal(1.0, 2.0, 12)
    error, count = 0.05, 12
    found = clear_difference(differences, error)
    statistic = (found.high - found.value) / (differences.std(ddof=1) / math.sqrt(count))

    def weighed(effect: float) -> float:
        density = math.exp(-(effect**2) / 2) / math.sqrt(2 * math.pi)
        return float(nct.pdf(statistic, count - 1, effect * math.sqrt(count))) * density

    factor = quad(weighed, -6, 8)[0] / t.pdf(statistic, count - 1)
    assert factor == pytest.approx(1 / error, rel=1e-4)


@pytest.mark.parametrize(
    ("count", "draw"),
    [
        (2, lambda rng, shape: rng.normal(0.0, 1.0, shape)),
        (4, lambda rng, shape: rng.normal(0.0, 1.0, shape)),
        (2, lambda rng, shape: rng.exponential(1.0, shape)),
    ],
    ids=["two", "four", "skewed"],
)
def test_the_best_is_lost_as_seldom_as_is_promised(
    count: int, draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
) -> None:
    """The best is ahead by nothing at all, and looked at after every round up to 60: at most 5 %.

    Of alternatives that are all alike each is the best. Skewed values with common seeds too.
    """
    rng = np.random.default_rng(count)
    cases = MANY // 3
    lost = 0
    for _ in range(cases):
        values = draw(rng, (count, 60)) + 3 * rng.normal(size=(1, 60))
        lost += 0 in raced(values).dropped
    bound = 0.05 * cases + 3 * math.sqrt(0.05 * 0.95 * cases)
    assert lost <= bound


def test_a_clear_difference_ends_soon_and_the_right_way() -> None:
    """Two standard deviations apart: some ten replications, never the wrong one in 300 cases."""
    rng = np.random.default_rng(6)
    races = [raced(rng.normal([[0.0], [2.0]], 1.0, (2, 100))) for _ in range(300)]
    assert all(race.alive == [1] for race in races)
    assert np.median([race.seen for race in races]) <= 20


def test_what_does_not_matter_ends_the_race_too() -> None:
    """Alike, and differences under one said not to matter: it ends with both before the budget."""
    values = np.random.default_rng(2).normal(0.0, 1.0, (2, 400))
    race = raced(values, matters=1.0)
    assert race.alike
    assert race.alive == [0, 1]
    assert race.seen < 150


COMPARE = f"""\
objectives: [{{maximise: {FIGURE}}}]
alternatives:
  as_is: {{}}
  heavier: {{{ADDRESSES[1]}: 26 kg}}
  lighter: {{{ADDRESSES[1]}: 21 kg}}
"""


def test_alternatives_of_a_study_get_runs_until_one_is_left(tmp_path: Path) -> None:
    """Those dropped get no more runs; common seeds make a small difference clear in few."""

    def worth(shares: np.ndarray, seed: int) -> dict[str, float]:
        rng = np.random.default_rng([seed, *(shares * 1e6).astype(int)])
        common = 10 * np.random.default_rng(seed).normal()
        best = shares[0] if len(shares) else 0.5
        return {FIGURE: best + common + 0.05 * rng.normal(), SECOND: 0.0}

    text = study_text(0, "{kind: compare, most: 40}", COMPARE)
    observed = carried(tmp_path, text, worth)
    counts = dict(
        zip(observed.study.plan["name"], observed.study.plan["replications"], strict=True)
    )
    assert max(counts.values()) < 40
    assert counts["lighter"] < 20
    values = observed.values(FIGURE)
    assert np.isfinite(values[1]).sum() == counts["heavier"]


def test_the_least_difference_that_matters_has_a_unit(tmp_path: Path) -> None:
    """3.6 MJ and 1 kWh end a race of figures in J alike; a plain number is refused in its line."""

    def worth(shares: np.ndarray, seed: int) -> dict[str, float]:
        rng = np.random.default_rng([seed, *(shares * 1e6).astype(int)])
        return {FIGURE: 3.6e6 * rng.normal(), SECOND: 0.0}

    def ended(name: str, matters: str) -> list[int]:
        (tmp_path / name).mkdir()
        design = f"{{kind: compare, most: 200, matters: {matters}}}"
        observed = carried(tmp_path / name, study_text(0, design, COMPARE), worth)
        return list(observed.study.plan["replications"])

    found = ended("one", "3.6 MJ")
    assert found == ended("two", "1 kWh")
    assert max(found) < 200
    number_of = {"3.6": "its unit is kWh", "3 kg": "its unit is kWh", "-1 kWh": "zero"}
    for wrong, told in number_of.items():
        with pytest.raises(ScenarioError, match=rf"design\.matters: .*{told}"):
            ended(f"wrong{len(wrong)}", wrong)
