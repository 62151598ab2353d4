"""What the features cover: spans, holes in them and between two of them, what goes together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from linetwin.surrogates.data.checks.finding import Finding, listed
from linetwin.surrogates.data.checks.numbers import known, levels_of

if TYPE_CHECKING:
    from linetwin.surrogates.data.dataset import ColumnSpec, Dataset

_WIDE: Final = 0.5
"""Part of a span without a value from which on it is a hole."""
_BINS: Final = 4
_EMPTY: Final = 0.25
"""Part of a plane, cut into bins, from which on an empty rectangle is a hole."""
_TOGETHER: Final = 0.95
_FEWEST: Final = 3
_TOLD: Final = 5
"""Planes whose holes are told."""


@dataclass(frozen=True)
class Coverage:
    """What one column of numbers covers, canonical unit.

    `hole`: the widest span without a value between two, `share` of the whole span.
    """

    name: str
    role: str
    count: int
    missing: int
    distinct: int
    low: float
    high: float
    median: float
    hole: tuple[float, float]
    share: float


@dataclass(frozen=True)
class Plane:
    """What two features cover together.

    `correlation`: Spearman's; `filled`: share of the bins with a row; `empty`: share of the
    largest rectangle of bins without any, which is from `first` to `second` (low, high).
    """

    names: tuple[str, str]
    correlation: float
    filled: float
    empty: float
    first: tuple[float, float]
    second: tuple[float, float]


def coverages(data: Dataset) -> list[Coverage]:
    """Return what each column of numbers covers."""
    return [_coverage(spec, data.numbers(name))
            for name, spec in data.columns.items() if spec.is_number]  # fmt: skip


def _coverage(spec: ColumnSpec, values: np.ndarray) -> Coverage:
    there = known(values)
    levels, _ = levels_of(there)
    steps = np.diff(levels)
    at = int(steps.argmax()) if len(steps) else 0
    span = float(np.ptp(levels)) if len(levels) else 0.0
    hole = (float(levels[at]), float(levels[min(at + 1, len(levels) - 1)]))
    return Coverage(
        spec.name, spec.role, len(there), len(values) - len(there), len(levels),
        float(levels[0]), float(levels[-1]), float(np.median(there)), hole,
        float(steps[at]) / span if len(steps) else 0.0,
    )  # fmt: skip


def planes(data: Dataset) -> list[Plane]:
    """Return what each two features cover together, the emptiest first; constant ones left out."""
    columns = {name: data.numbers(name) for name in data.features}
    varied = [name for name, values in columns.items() if len(levels_of(known(values))[0]) > 1]
    whole = {name: _Axis.of(columns[name]) for name in varied if np.isfinite(columns[name]).all()}
    found = []
    for names in combinations(varied, 2):
        first, second = (columns[name] for name in names)
        there = np.isfinite(first) & np.isfinite(second)
        if there.all():
            found.append(_plane(names, whole[names[0]], whole[names[1]]))
        elif there.sum() >= _FEWEST:
            found.append(_plane(names, _Axis.of(first[there]), _Axis.of(second[there])))
    return sorted(found, key=lambda each: -each.empty)


@dataclass(frozen=True)
class _Axis:
    """Values of one feature in bins: by level where there are few, else evenly from end to end.

    `lows`, `highs`: the ends of each bin; `ranks`: of the values.
    """

    bins: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Axis:
        """Return the axis of values that are all there."""
        levels, codes = levels_of(values)
        ranks = stats.rankdata(codes)
        if len(levels) <= _BINS:
            return cls(codes, levels, levels, ranks)
        edges = np.linspace(values.min(), values.max(), _BINS + 1)
        bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, _BINS - 1)
        return cls(bins, edges[:-1], edges[1:], ranks)


def _plane(names: tuple[str, str], first: _Axis, second: _Axis) -> Plane:
    taken = np.zeros((len(first.lows), len(second.lows)), dtype=np.int64)
    np.add.at(taken, (first.bins, second.bins), 1)
    size, (top, bottom, left, right) = _largest_empty(taken)
    level = min(len(first.lows), len(second.lows)) <= 1
    correlation = 0.0 if level else float(np.corrcoef(first.ranks, second.ranks)[0, 1])
    return Plane(
        names,
        correlation,
        float((taken > 0).mean()),
        size / taken.size,
        (float(first.lows[top]), float(first.highs[max(top, bottom - 1)])),
        (float(second.lows[left]), float(second.highs[max(left, right - 1)])),
    )


def _largest_empty(taken: np.ndarray) -> tuple[int, tuple[int, int, int, int]]:
    """Return size and edges (top, bottom, left, right) of the largest rectangle without a row.

    One from end to end of either feature is a hole of the other alone, and does not count.
    """
    rows, columns = taken.shape
    sums = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    sums[1:, 1:] = taken.cumsum(axis=0).cumsum(axis=1)
    total, best, where = sums.tolist(), 0, (0, 0, 0, 0)
    for top, bottom in combinations(range(rows + 1), 2):
        for left, right in combinations(range(columns + 1), 2):
            size = (bottom - top) * (right - left)
            if size <= best or bottom - top == rows or right - left == columns:
                continue
            before = total[top][right] + total[bottom][left] - total[top][left]
            if total[bottom][right] == before:
                best, where = size, (top, bottom, left, right)
    return best, where


def coverage_findings(data: Dataset, covered: list[Coverage], pairs: list[Plane]) -> list[Finding]:
    """Return what is missing, constant, has holes, or goes together."""
    found = _missing(data, covered)
    for each in covered:
        spec = data.columns[each.name]
        if each.distinct == 1 and each.role in {"feature", "target"}:
            text = f"{each.name} is {spec.shown(each.low)} in every row: it tells nothing"
            found.append(Finding("constant", "doubtful", text, (each.name,)))
        elif each.role == "feature" and each.share >= _WIDE and each.distinct >= _FEWEST:
            low, high = (spec.shown(value) for value in each.hole)
            text = f"{each.name}: nothing between {low} and {high}, {each.share:.0%} of its span"
            found.append(Finding("coverage", "note", text, (each.name,)))
    return [*found, *_together(data, pairs), *_holes(data, pairs)]


def _missing(data: Dataset, covered: list[Coverage]) -> list[Finding]:
    """Tell what was not measured; columns missing in the same rows are told together."""
    sets: dict[bytes, list[Coverage]] = {}
    for each in covered:
        if each.missing:
            sets.setdefault(np.isnan(data.numbers(each.name)).tobytes(), []).append(each)
    found = []
    for columns in sets.values():
        names = [each.name for each in columns]
        first = columns[0]
        share = first.missing / (first.count + first.missing)
        text = (
            f"{listed(names)}: missing in {first.missing:,} of {first.count + first.missing:,} "
            f"rows ({share:.2g})"
        )
        needed = any(each.role in {"feature", "target"} for each in columns)
        found.append(Finding("missing", "doubtful" if needed else "note", text, tuple(names)))
    return found


def _together(data: Dataset, pairs: list[Plane]) -> list[Finding]:
    """Tell features that rise and fall together, each set of them once."""
    sets: list[set[str]] = []
    for pair in pairs:
        if abs(pair.correlation) >= _TOGETHER:
            touched = [each for each in sets if each & {*pair.names}]
            sets = [each for each in sets if each not in touched]
            sets.append({*pair.names}.union(*touched))
    found = []
    for names in sets:
        ordered = [name for name in data.features if name in names]
        text = (
            f"{', '.join(ordered)} rise and fall together (rank correlation {_TOGETHER:g} or "
            "more): these data cannot tell their effects apart"
        )
        found.append(Finding("coverage", "doubtful", text, tuple(ordered)))
    return found


def _holes(data: Dataset, pairs: list[Plane]) -> list[Finding]:
    """Tell the largest empty parts of the planes of two features."""
    wide = [pair for pair in pairs if pair.empty >= _EMPTY]
    found = []
    for pair in wide[:_TOLD]:
        where = [
            f"{name} {_span(data.columns[name], *ends)}"
            for name, ends in zip(pair.names, (pair.first, pair.second), strict=True)
        ]
        text = f"no row with {where[0]} and {where[1]}"
        found.append(Finding("coverage", "note", text, pair.names))
    if len(wide) > _TOLD:
        text = f"{len(wide) - _TOLD:,} more pairs of features have such holes"
        found.append(Finding("coverage", "note", text))
    return found


def _span(spec: ColumnSpec, low: float, high: float) -> str:
    return f"at {spec.shown(low)}" if low == high else f"{spec.shown(low)} to {spec.shown(high)}"
