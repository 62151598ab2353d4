"""Runs side by side, and what a what-if changed: paired differences with 95 % confidence.

Runs of one scenario form a group (its replications). Two groups with the same seeds are compared
seed by seed: common random numbers leave only what the inputs changed.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from linetwin.errors import ResultsError
from linetwin.results import kpis
from linetwin.results.assumptions import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.reader import Run

CONFIDENCE = 0.95
# What may differ between replications: the seed, and words about where values come from.
_WORDS = {"seed", "origin", "source", "key", "files", "title", "description"}


@dataclass(frozen=True)
class Comparison:
    """What `compare()` found.

    `table`: index KPI (`section.name`), columns unit and one per run. `differences`: index KPI,
    columns unit, pairs, first, second (means), difference (second - first), low, high (95 %
    interval of the mean difference, NaN for a single pair); empty where runs do not pair.
    `note` says in words how runs were paired, or why not.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    note: str


def compare(runs: Sequence[Run]) -> Comparison:
    """Compare runs by all KPIs that are single numbers; ResultsError for fewer than two."""
    if len(runs) < 2:  # noqa: PLR2004 - a comparison needs two
        raise ResultsError("nothing to compare: name at least two runs")
    found = [run.kpis or kpis.compute(run) for run in runs]
    numbers = [flat(entry) for entry in found]
    units = {
        f"{section}.{name}": entry["unit"]
        for content in found
        for section, entries in content.items()
        for name, entry in entries.items()
    }
    names = list(dict.fromkeys(name for entry in numbers for name in entry))
    labels = _labels(runs)
    table = pd.DataFrame(
        {
            label: [entry.get(name, math.nan) for name in names]
            for label, entry in zip(labels, numbers, strict=True)
        },
        index=names,
        dtype="float64",
    )
    pairs, note = _pairs(runs)
    differences = pd.DataFrame(
        [
            _difference([(table.iloc[row, a], table.iloc[row, b]) for a, b in pairs])
            for row in range(len(names))
        ]
        if pairs
        else [],
        index=names if pairs else [],
        columns=["pairs", "first", "second", "difference", "low", "high"],
    )
    for frame in (table, differences):
        frame.insert(0, "unit", [units[_key(name, units)] for name in frame.index])
    return Comparison(table, differences, note)


def flat(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, float]:
    """Return the KPIs that are single numbers, and those inside of tables, by dotted name."""
    numbers: dict[str, float] = {}
    for section, entries in found.items():
        for name, entry in entries.items():
            _flatten(f"{section}.{name}", entry["value"], numbers)
    return numbers


def _flatten(name: str, value: Any, into: dict[str, float]) -> None:  # noqa: ANN401 - JSON
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        into[name] = float(value)
    elif isinstance(value, dict):
        for key, entry in value.items():
            _flatten(f"{name}.{key}", entry, into)


def _key(name: str, units: Mapping[str, str]) -> str:
    """Return the KPI that a flattened name belongs to."""
    return max((key for key in units if name == key or name.startswith(f"{key}.")), key=len)


def _labels(runs: Sequence[Run]) -> list[str]:
    """Name runs by their folders, numbered where two have the same name."""
    names = [run.path.resolve().name for run in runs]
    return [
        name if names.count(name) == 1 else f"{name} ({number})"
        for number, name in enumerate(names, 1)
    ]


def _groups(runs: Sequence[Run]) -> dict[str, dict[Any, int]]:
    """Return scenario -> seed -> number of the run; {} where a seed comes twice in one."""
    groups: dict[str, dict[Any, int]] = {}
    for number, run in enumerate(runs):
        seeds = groups.setdefault(_identity(run), {})
        if run.manifest["seed"] in seeds:
            return {}
        seeds[run.manifest["seed"]] = number
    return groups


def _identity(run: Run) -> str:
    """What replications of one scenario share: its name and all its values but the seed."""
    content = _values(plan(run).content)
    return json.dumps([run.manifest["scenario"], content], sort_keys=True, default=str)


def _values(node: Any) -> Any:  # noqa: ANN401 - recursion over YAML
    if isinstance(node, dict):
        return {str(key): _values(entry) for key, entry in node.items() if key not in _WORDS}
    return [_values(entry) for entry in node] if isinstance(node, list) else node


def _pairs(runs: Sequence[Run]) -> tuple[list[tuple[int, int]], str]:
    groups = _groups(runs)
    if len(groups) != 2:  # noqa: PLR2004 - pairs have two members
        return [], "no paired differences: they need runs of exactly two scenarios, each seed once"
    first, second = groups.values()
    shared = [seed for seed in first if seed in second]
    if not shared:
        return [], "no paired differences: the two scenarios have no seed in common"
    pairs = [(first[seed], second[seed]) for seed in shared]
    if len(pairs) == 1:
        return pairs, "one pair: the difference has no confidence interval; add replications"
    return pairs, f"{len(pairs)} pairs with common seeds; 95 % t-interval of the mean difference"


def _difference(pairs: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Return pairs, both means, the mean difference and its interval."""
    known = [(a, b) for a, b in pairs if not (math.isnan(a) or math.isnan(b))]
    count = len(known)
    if not count:
        return (0, *[math.nan] * 5)
    first, second = (sum(side) / count for side in zip(*known, strict=True))
    changes = [b - a for a, b in known]
    mean = sum(changes) / count
    if count == 1:
        return (1, first, second, mean, math.nan, math.nan)
    variance = sum((change - mean) ** 2 for change in changes) / (count - 1)
    half = student_quantile(count - 1) * math.sqrt(variance / count)
    return (count, first, second, mean, mean - half, mean + half)


def student_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Return t for which a Student variable of `freedom` degrees lies in (-t, t) so likely.

    Bisection on the finite series of the distribution (Abramowitz and Stegun 26.7.3, 26.7.4).
    """
    low, high = 0.0, 1.0
    while _student_inside(high, freedom) < confidence:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2
        if _student_inside(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_inside(t: float, freedom: int) -> float:
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2 == 1
    term = cosine if odd else 1.0
    total = 0.0 if freedom == 1 else term
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
