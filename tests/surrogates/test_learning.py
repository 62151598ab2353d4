"""Folds, scores, choices, intervals and laws, each against an oracle of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from surrogates.learners import learning_of
from threadpoolctl import threadpool_limits

from linetwin.predictors.card import half_widths
from linetwin.predictors.domain import INSIDE, NEAR, OUTSIDE, domain_of
from linetwin.predictors.links import Link
from linetwin.surrogates.learning import laws
from linetwin.surrogates.learning.candidates import CANDIDATES
from linetwin.surrogates.learning.comparing import choose, over_groups, score
from linetwin.surrogates.learning.conforming import covered, half_width, regions
from linetwin.surrogates.learning.crossing import parts
from linetwin.surrogates.learning.ridge import Ridge
from linetwin.surrogates.learning.task import replicate_noise
from linetwin.surrogates.learning.training import train

BY_NAME = {each.name: each for each in CANDIDATES}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), st.integers(2, 8))
def test_folds_hold_each_row_once_and_split_no_group(groups: list[int], most: int) -> None:
    """Every row is held out once, and rows of a group in the same fold."""
    codes = np.array(groups)
    folds = parts(codes, most)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(codes)))
    owners = [{*codes[fold].tolist()} for fold in folds]
    assert all(not a & b for i, a in enumerate(owners) for b in owners[i + 1 :])
    assert len(folds) <= most


def test_differences_over_single_rows_are_those_of_a_t_test() -> None:
    """With a row a group, mean and interval are those of scipy's one-sample t-test."""
    values = np.random.default_rng(1).normal(0.3, 1.0, 17)
    found = over_groups(values, np.arange(17))
    interval = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)


def test_rows_of_a_group_count_as_one() -> None:
    """Each row ten times, in one group, tells no more than once."""
    values = np.random.default_rng(2).normal(0.3, 1.0, 12)
    once = over_groups(values, np.arange(12))
    often = over_groups(np.repeat(values, 10), np.repeat(np.arange(12), 10))
    assert (often.mean, often.error) == pytest.approx((once.mean, once.error), rel=1e-12)


def test_the_simplest_within_one_standard_error_wins() -> None:
    """A simpler candidate whose errors differ by chance wins, one that is worse does not."""
    rng = np.random.default_rng(3)
    target = rng.normal(0, 1, 40)
    learning = learning_of(np.arange(40.0)[:, None], target, np.arange(40))
    best = score("gaussian", target + rng.normal(0, 0.10, 40), learning)
    alike = score("linear", target + rng.normal(0, 0.10, 40) * 1.02, learning)
    worse = score("mean", target + rng.normal(0, 0.50, 40), learning)
    winner, least = choose([worse, alike, best], learning)
    assert winner is alike
    assert least.error <= alike.error
    outlawed = score("linear", target, learning, "falls with x0")
    assert choose([worse, outlawed, best], learning)[0] is best


@given(st.integers(9, 60), st.integers(0, 1000))
def test_half_widths_of_single_rows_are_order_statistics(rows: int, seed: int) -> None:
    """With a row a group: the ceil((n + 1) c)-th of the absolute errors, split conformal's."""
    errors = np.random.default_rng(seed).normal(0, 1, rows)
    rank = int(np.ceil((rows + 1) * 0.9 - 1e-9))
    found, free = half_width(errors, np.arange(rows), 0.9)
    assert free
    assert found == np.sort(np.abs(errors))[rank - 1]


def test_intervals_hold_for_rows_of_groups_that_nobody_has_seen() -> None:
    """With group effects as large as the scatter: at least 90 % in 4,000 trials, and not 97 %."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(4000):
        level = rng.normal(0, 1, 21)
        errors = np.repeat(level[:20], 5) + rng.normal(0, 1, 100)
        half, free = half_width(errors, np.repeat(np.arange(20), 5), 0.9)
        hits += abs(level[20] + rng.normal(0, 1)) <= half
        assert free
    assert 0.9 - 0.015 < hits / 4000 < 0.97


def test_few_groups_promise_nothing_without_an_assumption() -> None:
    """Of four groups none is the worst of ten: the half-width is that of normal errors."""
    errors = np.random.default_rng(5).normal(0, 1, 20)
    found, free = half_width(errors, np.repeat(np.arange(4), 5), 0.9)
    assert not free
    assert found > np.abs(errors).max() * 0.8


def test_regions_follow_the_scatter() -> None:
    """Where errors grow with the prediction, so do intervals; few groups make one region."""
    rng = np.random.default_rng(6)
    linked = np.linspace(0, 1, 300)
    errors = rng.normal(0, 0.1 + linked)
    found = regions(linked, errors, np.arange(300) % 30, 0.9)
    assert len(found) == 3
    assert found[0].half_width < found[1].half_width < found[2].half_width
    assert half_widths(np.array([0.1, 0.9]), found).tolist() == [
        found[0].half_width,
        found[2].half_width,
    ]
    assert len(regions(linked, errors, np.arange(300) % 5, 0.9)) == 1


@given(st.integers(1, 200), st.integers(0, 200))
@settings(max_examples=30)
def test_binomial_intervals_are_those_of_scipy(rows: int, hits: int) -> None:
    """Clopper and Pearson."""
    hits = min(hits, rows)
    found = covered("all", np.arange(rows) < hits)
    wanted = binomtest(hits, rows).proportion_ci(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_replicate_noise_is_pooled() -> None:
    """Two pairs and one row alone: the root of the summed squares over two degrees of freedom."""
    features = np.array([[1.0], [1.0], [2.0], [2.0], [3.0]])
    target = np.array([1.0, 3.0, 5.0, 9.0, 7.0])
    assert replicate_noise(features, target) == pytest.approx(np.sqrt((2.0 + 8.0) / 2))
    assert replicate_noise(features[[0, 2, 4]], target[[0, 2, 4]]) is None


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_domain_knows_inside_near_and_outside(x: float, y: float) -> None:
    """Beyond 10 % of a range is outside; nothing outside of a range is inside."""
    grid = np.array([(a, b) for a in np.linspace(0, 1, 5) for b in np.linspace(0, 2, 5)])
    found, widened = domain_of(grid).judge(np.array([[x, y], [0.5, 1.0], [np.nan, 1.0]]))
    excess = max(-x, x - 1, -y / 2, y / 2 - 1)
    if excess > 0.1001:
        assert found[0] == OUTSIDE
    elif excess > 1e-6:
        assert found[0] in {NEAR, OUTSIDE}
        assert widened[0] > 1
    elif excess <= 0:
        assert found[0] == INSIDE
    assert found[1] == INSIDE
    assert widened[1] == 1.0
    assert found[2] == OUTSIDE


def test_a_hole_is_near_and_not_inside() -> None:
    """In the middle of a ring of points, inside of every range, an interval widens."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    domain = domain_of(np.stack([np.cos(turn), np.sin(turn)], axis=1))
    found, _ = domain.judge(np.array([[0.0, 0.0], [1.0, 0.0], [0.93, 0.0]]))
    assert found.tolist() == [OUTSIDE, INSIDE, INSIDE]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_laws_hold_for_whatever_is_learnt(linked: list[float]) -> None:
    """A logit stays between its ends and a logarithm above 0, for any number."""
    share = Link(kind="logit", low=0.2, high=0.7).back(np.array(linked))
    assert ((share >= 0.2) & (share <= 0.7)).all()
    assert (Link(kind="log").back(np.array(linked)) > 0).all()


def test_links_return_what_they_took() -> None:
    """There and back."""
    values = np.array([0.21, 0.5, 0.69])
    for link in (Link(kind="logit", low=0.2, high=0.7), Link(kind="log"), Link()):
        assert link.back(link.to(values)) == pytest.approx(values, rel=1e-12)


def _bent() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of a curve that falls and rises again: features, target, groups."""
    x = np.linspace(-1, 1, 40)
    return np.stack([x, np.cos(7 * x)], axis=1), x**2, np.arange(40) // 4


def test_trees_are_monotonic_by_construction() -> None:
    """Told to rise, trees rise at every step, though their data fall at first."""
    features, target, groups = _bent()
    learning = learning_of(features, target, groups, monotonic=(1, 0))
    with threadpool_limits(1):
        fitted = BY_NAME["trees"].fit(learning, {"leaf": 2.0, "trees": 60.0})
    grid = np.stack([np.linspace(-1, 1, 500), np.zeros(500)], axis=1)
    assert (np.diff(fitted.linked(grid, learning)) >= 0).all()


def test_a_broken_law_is_told() -> None:
    """A quadratic that falls where the law says rises is refused, with the share of rows."""
    features, target, groups = _bent()
    learning = learning_of(features, target, groups, monotonic=(1, 0))
    fitted = BY_NAME["quadratic"].fit(learning, {"ridge": 1e-4})
    assert laws.broken(BY_NAME["quadratic"], fitted, learning) == (
        "falls with x0 at 100 % of the rows"
    )
    free = learning_of(features, target, groups)
    assert laws.broken(BY_NAME["quadratic"], fitted, free) == ""


def test_chance_is_not_learnt() -> None:
    """A target that has nothing to do with the features leaves the mean, honestly."""
    rng = np.random.default_rng(8)
    features = rng.normal(0, 1, (60, 3))
    learning = learning_of(features, rng.normal(0, 1, 60), np.arange(60) // 5)
    found = train(learning, ["linear", "quadratic"])
    assert found.winner.name == "mean"
    assert found.procedure.r2 < 0.05


def test_a_feature_that_names_the_group_is_no_help() -> None:
    """What tells groups apart within the data scores badly on a group that is held out."""
    rng = np.random.default_rng(9)
    groups = np.repeat(np.arange(10), 6)
    level = rng.normal(0, 1, 10)
    features = np.stack([level[groups] * 0 + rng.permutation(10)[groups], rng.normal(0, 1, 60)], 1)
    learning = learning_of(features, level[groups] + rng.normal(0, 0.05, 60), groups)
    found = train(learning, ["quadratic"])
    assert found.scored[-1].name == "quadratic"
    assert found.scored[-1].r2 < 0.5


@given(st.integers(0, 1000), st.floats(1e-4, 10), st.booleans())
@settings(max_examples=20)
def test_ridges_are_those_of_scikit_learn(seed: int, penalty: float, quadratic: bool) -> None:  # noqa: FBT001
    """With the same scaling, products and penalty, the same predictions."""
    rng = np.random.default_rng(seed)
    features, asked = rng.normal(2, 3, (25, 3)), rng.normal(2, 3, (9, 3))
    target = rng.normal(0, 1, 25)
    squares = [PolynomialFeatures(2, include_bias=False)] if quadratic else []
    wanted = make_pipeline(StandardScaler(), *squares, SklearnRidge(alpha=penalty))
    found = Ridge(penalty, quadratic=quadratic).fit(features, target)
    assert found.predict(asked) == pytest.approx(
        wanted.fit(features, target).predict(asked), rel=1e-7, abs=1e-7
    )
