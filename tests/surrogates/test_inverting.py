"""A window keeps its goal wherever it is tried, and no place is promised that cannot be reached."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from linetwin.errors import ScenarioError
from linetwin.predictors.card import Feature, Target
from linetwin.predictors.domain import INSIDE, OUTSIDE
from linetwin.predictors.evaluating import Predicted
from linetwin.predictors.links import Link
from linetwin.surrogates.goals import Chance, Goal, goal_of, limits_of, spec_of
from linetwin.surrogates.inverting import invert

POROSITY = Target(name="porosity", unit="1", link=Link(kind="logit"))
FEATURES = (
    Feature(name="roll_gap", unit="m", low=1e-6, high=1e-4),
    Feature(name="line_load", unit="N/m", low=1e5, high=9e5),
)
CARD: Any = SimpleNamespace(features=list(FEATURES), target=POROSITY, coverage=0.9)
SPREAD = 0.05
"""Standard deviation of the foretold logit."""


class Foretold:
    """A predictor of a known law: a logit that is linear in the load; outside over 8e5 N/m."""

    card = CARD

    def predict(self, rows: np.ndarray, unseen: None = None) -> Predicted:  # noqa: ARG002
        """Foretell rows with intervals of 90 %; no group is told."""
        link, half = POROSITY.link, SPREAD * stats.norm.ppf(0.95)
        logit = -0.5 - 1e-6 * rows[:, 1]
        value, low, high = (link.back(logit + each) for each in (0.0, -half, half))
        domain = np.where(rows[:, 1] > 8e5, OUTSIDE, INSIDE)
        gone = domain == OUTSIDE
        value, low, high = (np.where(gone, np.nan, each) for each in (value, low, high))
        return Predicted(value, low, high, domain, np.ones(len(rows)))


def logit(share: float) -> float:
    """Return the logit, written anew."""
    return float(np.log(share / (1 - share)))


@pytest.mark.parametrize("bounds", [(0.26, 0.30), (-np.inf, 0.28), (0.27, np.inf), (-0.1, 0.28)])
def test_the_chance_is_that_of_the_interval(bounds: tuple[float, float]) -> None:
    """A goal's chance is that of a normal logit between its bounds; 0 outside of the domain."""
    chance = Chance(Foretold(), Goal(*bounds))  # type: ignore[arg-type]
    loads = np.array([2e5, 4e5, 6e5, 8.5e5])
    found = chance(np.column_stack([np.full(4, 5e-5), loads]))
    mean = -0.5 - 1e-6 * loads
    low = logit(bounds[0]) if 0 < bounds[0] < 1 else -np.inf
    high = logit(bounds[1]) if np.isfinite(bounds[1]) else np.inf
    oracle = stats.norm.cdf(high, mean, SPREAD) - stats.norm.cdf(low, mean, SPREAD)
    np.testing.assert_allclose(found[:3], oracle[:3], atol=1e-9)
    assert found[3] == 0.0


def test_a_window_in_one_feature_has_its_closed_form() -> None:
    """With one feature that matters the window ends where the chance falls to what is asked."""
    goal, needed = Goal(0.25, 0.32), 0.9
    chance = Chance(Foretold(), goal)  # type: ignore[arg-type]
    low, high = np.array([5e-5, 1e5]), np.array([5e-5, 9e5])
    found = invert(chance.judge, low, high, needed)
    places = np.linspace(1e5, 9e5, 80_001)
    good = places[chance(np.column_stack([np.full(len(places), 5e-5), places])) >= needed]
    assert found.reached
    assert found.least >= needed
    step = 0.003 * 8e5
    assert good[0] <= found.low[1] <= good[0] + step
    assert good[-1] - step <= found.high[1] <= good[-1]
    assert found.low[0] == found.high[0] == 5e-5
    assert found.share == pytest.approx(len(good) / len(places), abs=0.01)


def test_a_window_of_three_features_holds_everywhere() -> None:
    """On a ring-shaped region the window keeps the chance at 5,000 places drawn at random."""

    def judge(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        missed = np.abs(np.linalg.norm(rows, axis=1) - 1.0)
        return np.exp(-5.0 * missed), missed

    found = invert(judge, np.zeros(3), np.ones(3), 0.7)
    assert found.reached
    assert (found.high > found.low).all()
    places = np.random.default_rng(3).uniform(found.low, found.high, (5000, 3))
    assert judge(places)[0].min() >= 0.7 - 0.005
    assert (found.best >= found.low).all()
    assert (found.best <= found.high).all()


def test_a_goal_too_narrow_for_the_even_places_is_searched() -> None:
    """A region that none of the places hits is found by what misses its middle least."""

    def judge(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        away = np.linalg.norm(rows - np.array([0.3137, 0.7211, 0.5003]), axis=1)
        return (away < 2e-3).astype(float), away

    found = invert(judge, np.zeros(3), np.ones(3), 0.9)
    assert found.reached
    np.testing.assert_allclose(found.best, [0.3137, 0.7211, 0.5003], atol=2e-3)


def test_what_cannot_be_reached_is_not_promised() -> None:
    """Where no place has the chance, the best that was found is told, with its chance."""
    chance = Chance(Foretold(), Goal(0.27, 0.28))  # type: ignore[arg-type]
    found = invert(chance.judge, np.array([5e-5, 1e5]), np.array([5e-5, 9e5]), 0.9)
    assert not found.reached
    width = (logit(0.28) - logit(0.27)) / 2 / SPREAD
    assert found.chance == pytest.approx(2 * stats.norm.cdf(width) - 1, abs=1e-3)
    assert (found.low == found.high).all()


def test_far_out_of_reach_the_nearest_place_is_told() -> None:
    """No place has any chance of 90 %: the one with the highest porosity, at the least load."""
    chance = Chance(Foretold(), Goal(0.9, 0.91))  # type: ignore[arg-type]
    found = invert(chance.judge, np.array([5e-5, 1e5]), np.array([5e-5, 9e5]), 0.9)
    assert (found.reached, found.chance) == (False, 0.0)
    assert found.best[1] == pytest.approx(1e5, rel=1e-3)


def test_nothing_free_is_judged_as_it_is() -> None:
    """With all features given, the place itself is judged."""
    chance = Chance(Foretold(), Goal(0.2, 0.4))  # type: ignore[arg-type]
    row = np.array([5e-5, 3e5])
    found = invert(chance.judge, row, row, 0.9)
    assert found.reached
    assert (found.best == row).all()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("porosity=28 % to 30 %", 0.28, 0.30),
        ("porosity = 28 % to 30%", 0.28, 0.30),
        ("porosity=29 % +- 1 %", 0.28, 0.30),
        ("porosity=at least 28 %", 0.28, np.inf),
        ("porosity=at most 30 %", -np.inf, 0.30),
    ],
)
def test_goals_as_people_write_them(text: str, low: float, high: float) -> None:
    """Ranges, tolerances and single bounds are read in canonical units."""
    found = goal_of(text, POROSITY)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("porosity=0.3", "is no range"),
        ("porosity=0.28 to 0.3", r"'0.28' has no unit \(with its unit: '0.28 %', or '28 %'\)"),
        ("porosity=at most 30", r"'30' has no unit \(with its unit: '30 %'\)"),
        ("loading=1 to 2", "is no goal of porosity"),
        ("porosity=30 % to 28 %", "ends below its begin"),
        ("porosity=28 um to 30 um", "does not fit"),
        ("porosity", "is no goal of porosity"),
    ],
)
def test_goals_that_are_none(text: str, said: str) -> None:
    """What is no goal is refused with the forms that are read."""
    with pytest.raises(ScenarioError, match=said):
        goal_of(text, POROSITY)


def test_limits_and_values() -> None:
    """Each feature has limits, within what was seen, or a value; names that are none are told."""
    low, high = limits_of(CARD, ["roll_gap=20 um to 200 um"], ["line_load=400 N/mm"])
    np.testing.assert_allclose(low, [2e-5, 4e5])
    np.testing.assert_allclose(high, [1e-4, 4e5])
    low, high = limits_of(CARD, ["roll_gap", "line_load=at most 300 N/mm"], [])
    np.testing.assert_allclose((low[0], high[0], low[1], high[1]), (1e-6, 1e-4, 1e5, 3e5))
    for limits, settings_, said in (
        (["roll_gap"], [], "nothing is said of line_load"),
        (["roll_gap", "load"], ["line_load=3 N/mm"], "is no feature"),
        (["roll_gap", "line_load"], ["line_load=300 N/mm"], "is there twice"),
        (["roll_gap=2 mm to 3 mm", "line_load"], [], "lies outside of all that was seen"),
        (["roll_gap=20 to 40", "line_load"], [], "has no unit"),
        (["roll_gap=60 um to 20 um", "line_load"], [], "ends below its begin"),
    ):
        with pytest.raises(ScenarioError, match=said):
            limits_of(CARD, limits, settings_)


def test_small_lengths_have_a_prefix() -> None:
    """A length that the vocabulary does not know is shown in um or mm, a load as it has it."""
    assert spec_of(FEATURES[0]).shown(4.4e-5) == "44 µm"
    assert spec_of(FEATURES[1]).shown(4e5) == "400 N/mm"
