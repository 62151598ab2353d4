"""What would let a model see its answers.

Rows in several groups, features that tell the group, targets that are computed from features.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from linetwin.surrogates.data.checks.finding import Finding, listed
from linetwin.surrogates.data.checks.replicates import replicate_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.surrogates.data.dataset import Dataset

_SAME: Final = 1e-6
"""Relative difference up to which a computed value is the target."""
_LINE: Final = 0.99999
"""Correlation from which on one column is the other, but for its scale."""
_NEAR: Final = 0.995
"""Correlation from which on a feature may be another reading of the target [A]."""
_FEWEST: Final = 4
_FEWEST_NEAR: Final = 12
"""Rows from which on a correlation tells that much [A]."""
_MOST_FEATURES: Final = 40
"""Features up to which pairs of them are tried."""


class _Computed(NamedTuple):
    """A way of computing a target from two features; `scaled`: in any unit."""

    sign: str
    numbers: np.ndarray
    scaled: bool = False


def leakage_findings(data: Dataset) -> list[Finding]:
    """Return everything that would let a score look better than a model is."""
    found = [finding for group in data.groups for finding in _of_group(data, group)]
    targets = data.targets
    for target in targets:
        found += [*computed_findings(data, target), *near_findings(data, target)]
    return found


def copied_findings(data: Dataset, group: str) -> list[Finding]:
    """Return rows that stand in several groups, targets included."""
    labels = data.frame[group].to_numpy()
    return [each for each in _across(data, group, labels) if each.weight == "wrong"]


def _of_group(data: Dataset, group: str) -> Iterator[Finding]:
    labels = data.frame[group].to_numpy()
    count = len(set(labels) - {""})
    untold = int((labels == "").sum())
    if untold:
        text = f"{group} is not told in {untold:,} rows: each is a group of its own"
        yield Finding("leakage", "doubtful", text, (group,))
    if count <= 1:
        return
    yield from _across(data, group, labels)
    telling = [name for name in data.features if _identifies(data.numbers(name), labels)]
    if telling:
        text = (
            f"{listed(telling)}: one value in each {group}, and no two alike. A model can take "
            f"them for its name, and a fold by {group} asks for values never seen"
        )
        yield Finding("leakage", "note", text, (group, *telling))


def _across(data: Dataset, group: str, labels: np.ndarray) -> Iterator[Finding]:
    """Tell rows with the same features that stand in several groups."""
    sets = replicate_sets(data)
    table = pd.DataFrame({"set": sets, "group": labels})
    spread = table.groupby("set")["group"].nunique()
    twice = table["set"].isin(spread[spread > 1].index).to_numpy() & (labels != "")
    if not data.features or not twice.any():
        return
    columns = [*data.features, *data.targets]
    equal = twice & data.frame.duplicated(columns, keep=False).to_numpy()
    rows = tuple(data.row(int(row)) for row in np.flatnonzero(twice))
    if equal.any():
        rows = tuple(data.row(int(row)) for row in np.flatnonzero(equal))
        text = (
            f"equal rows, targets included, in several groups by {group}: {listed(rows)}. "
            "Held-out groups are known already"
        )
        yield Finding("leakage", "wrong", text, (group,), rows)
        return
    text = (
        f"{int(twice.sum()):,} rows have the features of another {group}: {listed(rows)}. "
        "Hold them out together, or add the feature in which they differ"
    )
    yield Finding("leakage", "doubtful", text, (group,), rows)


def _identifies(values: np.ndarray, labels: np.ndarray) -> bool:
    """Whether each group has one value of its own."""
    told = np.isfinite(values) & (labels != "")
    pairs = {*zip(values[told].tolist(), labels[told].tolist(), strict=True)}
    levels, names = {value for value, _ in pairs}, {label for _, label in pairs}
    return len(pairs) == len(levels) == len(names) > 1 and len(pairs) < told.sum()


def computed_findings(data: Dataset, target: str) -> Iterator[Finding]:
    """Yield where a target is a feature in another form, or is computed from two of them."""
    values = data.numbers(target)
    columns = {name: data.numbers(name) for name in data.features}
    for name, feature in columns.items():
        there = np.isfinite(values) & np.isfinite(feature)
        if there.sum() >= _FEWEST and _is_line(feature[there], values[there]):
            text = f"{target} is {name} but for its scale: nothing is left to predict"
            yield Finding("leakage", "wrong", text, (target, name))
    if len(columns) > _MOST_FEATURES:
        return
    for (one, first), (other, second) in combinations(columns.items(), 2):
        for way in _ways(first, second):
            with np.errstate(over="ignore", invalid="ignore"):
                scale = _scale(way, values)
                same = _is_same(scale * way.numbers, values)
            if same:
                unit = " but for its scale" if abs(scale - 1.0) > _SAME else ""
                what = f"{way.sign.format(one, other)}{unit}"
                text = f"{target} is {what}: nothing is left to predict"
                yield Finding("leakage", "wrong", text, (target, one, other))


def near_findings(data: Dataset, target: str) -> Iterator[Finding]:
    """Yield where a target goes with a feature, or with two, as a second reading of it would."""
    values = data.numbers(target)
    columns = {name: data.numbers(name) for name in data.features}
    near = set()
    for name, feature in columns.items():
        there = np.isfinite(values) & np.isfinite(feature)
        if there.sum() < _FEWEST_NEAR or not _NEAR <= _together(feature, values, there) < _LINE:
            continue
        near.add(name)
        text = (
            f"{target} goes with {name} (correlation {_together(feature, values, there):.4f}). If "
            "that is read after it, or is another reading of it, a model repeats the answer"
        )
        yield Finding("leakage", "doubtful", text, (target, name))
    if len(columns) > _MOST_FEATURES:
        return
    for (one, first), (other, second) in combinations(columns.items(), 2):
        there = np.isfinite(values) & np.isfinite(first) & np.isfinite(second)
        # a sum is only told of features of which neither alone says it
        if there.sum() < _FEWEST_NEAR or {one, other} & near:
            continue
        terms = np.column_stack([first[there], second[there], np.ones(there.sum())])
        fitted = terms @ np.linalg.lstsq(terms, values[there], rcond=None)[0]
        alone = max(_together(each, values, there) for each in (first, second))
        if alone < _LINE <= _correlation(fitted, values[there]):
            text = f"{target} is a sum of {one} and {other}: was it computed from them?"
            yield Finding("leakage", "doubtful", text, (target, one, other))


def _together(feature: np.ndarray, values: np.ndarray, there: np.ndarray) -> float:
    """Return the size of the correlation of the rows that are `there`."""
    return _correlation(feature[there], values[there])


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the size of the correlation, 0 where one has fewer than four levels."""
    if min(len(np.unique(first)), len(np.unique(second))) < _FEWEST:
        return 0.0
    return float(abs(np.corrcoef(first, second)[0, 1]))


def _ways(first: np.ndarray, second: np.ndarray) -> Iterator[_Computed]:
    with np.errstate(divide="ignore", invalid="ignore"):
        yield _Computed("{0} / {1}", first / second, scaled=True)
        yield _Computed("{1} / {0}", second / first, scaled=True)
    yield _Computed("{0} x {1}", first * second, scaled=True)
    yield _Computed("{0} - {1}", first - second)
    yield _Computed("{1} - {0}", second - first)
    yield _Computed("{0} + {1}", first + second)


def _is_line(feature: np.ndarray, values: np.ndarray) -> bool:
    """Whether values lie on a straight line over a feature with more than two levels."""
    return _correlation(feature, values) >= _LINE


def _scale(way: _Computed, values: np.ndarray) -> float:
    """Return the factor between what is computed and a target: of a product or quotient any."""
    there = np.isfinite(way.numbers) & np.isfinite(values) & (way.numbers != 0)
    if not way.scaled or not there.any():
        return 1.0
    return float(np.median(values[there] / way.numbers[there]))


def _is_same(computed: np.ndarray, values: np.ndarray) -> bool:
    there = np.isfinite(computed) & np.isfinite(values)
    if not np.allclose(computed[there], values[there], rtol=_SAME, atol=0.0):
        return False
    return len(np.unique(values[there])) >= _FEWEST
