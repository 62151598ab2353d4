"""Runs side by side, and what a what-if changed: paired differences with 95 % confidence.

Runs of one scenario form a group (its replications). Two groups with the same seeds are compared
seed by seed: common random numbers leave only what the inputs changed, and how much of the
variance that saves against independent runs is told.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from linetwin.errors import ResultsError
from linetwin.results import kpis
from linetwin.results.assumptions import plan
from linetwin.results.compared_fidelity import Sides, sides
from linetwin.results.inference import (
    benjamini_hochberg,
    holm,
    student_inside,
    student_quantile,
)
from linetwin.results.questions import QUESTIONS
from linetwin.results.remarks import remarks
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.reader import Run

# What may differ between replications: the seed, and words about where values come from.
_COLUMNS = ["pairs", "first", "second", "difference", "low", "high", "chance", "saved", "needed"]
_ADJUSTED = "adjusted"
_COUNTS = {
    *(f"quality.{name}" for name in ("web_scrap", "roll_scrap", "cell_scrap", "cell_grade_b")),
    *("quality.outside_range", "cost.scrap_value"),
}
"""Tables that name only causes of which there was something."""
_NOISE = 1e-12
"""Two figures this close, relative to them or in their unit, differ by how sums are rounded."""
_WORDS = {"seed", "origin", "source", "key", "files", "title", "description"}


@dataclass(frozen=True)
class Comparison:
    """What `compare()` found.

    `table`: index KPI (`section.name`), columns unit and one per run. `differences`: index KPI,
    columns unit, pairs, first, second (means), difference (second - first), low, high (95 %
    interval of the mean difference, NaN for a single pair), chance (probability of so large a
    difference by chance alone), adjusted (the same, corrected for how many figures are looked at:
    QUESTIONS after Holm, the others after Benjamini and Hochberg; NaN for a figure that is the
    same in every pair), saved (share of the variance that pairing saved against
    independent runs), needed (pairs at which an interval as wide as this difference would leave
    zero out); empty where runs do not pair. `groups`: title of each scenario -> its labels in
    `table`. `note` says in words how runs were paired, or why not; `remarks` who limits each
    scenario, and where one asks its models outside of the range they hold for. `fidelity`: title of
    each scenario -> who answered for its processes that have stand-ins.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    groups: dict[str, list[str]]
    note: str
    remarks: tuple[str, ...] = ()
    fidelity: Sides = field(default_factory=dict)


def compare(runs: Sequence[Run]) -> Comparison:
    """Compare runs by all KPIs that are single numbers; ResultsError for fewer than two."""
    if len(runs) < 2:  # noqa: PLR2004 - a comparison needs two
        raise ResultsError("nothing to compare: name at least two runs")
    found = [run.kpis or kpis.compute(run) for run in runs]
    runs, found, twice = _each_once(runs, found)
    numbers = [flat(entry) for entry in found]
    units = {
        f"{section}.{name}": entry
        for content in found
        for section, entries in content.items()
        for name, entry in entries.items()
    }
    names = list(dict.fromkeys(name for entry in numbers for name in entry))
    groups = _titled(runs)
    labels = _labels(runs, groups)
    table = pd.DataFrame(
        {
            label: [entry.get(name, _missing(name, content)) for name in names]
            for label, entry, content in zip(labels, numbers, found, strict=True)
        },
        index=names,
        dtype="float64",
    )
    pairs, note = _pairs(runs)
    apart = _judged_differently(groups, found)
    if apart:
        pairs, note = [], apart
    differences = _differences(table, pairs)
    for frame in (table, differences):
        frame.insert(0, "unit", [_unit(name, units) for name in frame.index])
    titled = {title: [labels[number] for number in members] for title, members in groups.items()}
    told = (*twice, *remarks(groups, runs, found))
    return Comparison(table, differences, titled, note, told, sides(groups, runs))


def _differences(table: pd.DataFrame, pairs: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Return the columns of `differences` of every figure; none where no runs pair."""
    rows = [
        _difference([(table.iloc[row, a], table.iloc[row, b]) for a, b in pairs])
        for row in range(len(table) if pairs else 0)
    ]
    names = table.index if pairs else []
    differences = pd.DataFrame(rows, index=names, columns=_COLUMNS)
    differences[_ADJUSTED] = _adjusted(differences)
    return differences


def _each_once(
    runs: Sequence[Run], found: Sequence[kpis.Kpis]
) -> tuple[list[Run], list[kpis.Kpis], list[str]]:
    """Leave out runs that repeat another bit for bit; ResultsError where fewer than two are left.

    The same scenario and seed gives the same figures: a run that is named twice, or lies in two
    folders, would count twice in means and spreads.
    """
    kept: dict[tuple[str, Any, str], int] = {}
    told = []
    for number, (run, content) in enumerate(zip(runs, found, strict=True)):
        figures = json.dumps(flat(content), sort_keys=True)
        first = kept.setdefault((_identity(run), run.manifest["seed"], figures), number)
        if first != number:
            told.append(f"counted once: {run.path} is the same run as {runs[first].path}")
    if len(kept) < 2:  # noqa: PLR2004 - a comparison needs two
        raise ResultsError(f"nothing to compare: {told[0].removeprefix('counted once: ')}")
    return [runs[n] for n in kept.values()], [found[n] for n in kept.values()], told


def _judged_differently(groups: Mapping[str, Sequence[int]], found: Sequence[kpis.Kpis]) -> str:
    """Say why an order that starts empty is not set against a span of a filled line; else ''."""
    bases: dict[str, str] = {}
    for title, members in groups.items():
        basis = found[members[0]].get("limits", {}).get("basis", {}).get("value")
        if basis:
            bases.setdefault(str(basis), title)
    if len(bases) < 2:  # noqa: PLR2004 - two ways to judge a run
        return ""
    return (
        f"not comparable: {bases['order']} is an order that starts empty and ends with its last "
        f"cell, {bases['steady']} a span of a line with work everywhere; times, rates, energy and "
        "cost have another meaning in each. Compare orders with orders"
    )


def _adjusted(differences: pd.DataFrame) -> pd.Series:
    """Return the chances corrected within two families: the questions, and all other figures.

    Few questions are asked before anything is seen, and each answer is acted on: Holm holds
    whatever depends on what. The others are a search for what to look at, among figures of which
    many move together: there it does that one in twenty found is found by chance.
    """
    found = pd.Series(math.nan, index=differences.index, dtype="float64")
    asked = differences.index.isin(QUESTIONS)
    tested = differences["chance"].notna() & (differences["chance"] < 1.0)
    for family, correct in ((asked, holm), (~asked, benjamini_hochberg)):
        chosen = family & tested.to_numpy(dtype=bool)
        found[chosen] = correct(differences["chance"][chosen].astype(float).tolist())
    return found


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


def chosen(
    found: kpis.Kpis, names: Sequence[str]
) -> tuple[dict[str, float], dict[str, str], dict[str, str]]:
    """Return value and unit of figures by name, and a hint for each that a run cannot have.

    NaN where this run does not tell one; a table's entry that is named here and not there is
    another cause, of which there was nothing, or no figure at all.
    """
    numbers = flat(found)
    values, figure_units, unknown = {}, {}, {}
    units = {
        f"{part}.{name}": entry for part, all_ in found.items() for name, entry in all_.items()
    }
    for name in names:
        if name not in numbers and not _may_have(name, units):
            unknown[name] = nearest(name, [*numbers, *units], "figure")
            continue
        values[name] = numbers.get(name, _missing(name, found))
        figure_units[name] = _unit(name, units)
    return values, figure_units, unknown


def _may_have(name: str, units: Mapping[str, Any]) -> bool:
    """Whether a run that does not tell a figure may yet know it."""
    key = _key(name, units)
    if name == key or not key:
        return bool(key) and not isinstance(units[key]["value"], (dict, str, list, bool))
    value, part = units[key]["value"], name[len(key) + 1 :]
    return value is None or key in _COUNTS or (isinstance(value, dict) and bool(_key(part, value)))


def _missing(name: str, found: Mapping[str, Mapping[str, Any]]) -> float:
    """Return what a run does not name: 0 of a cause that it counts nothing of, else not known."""
    section, entry, *_ = name.split(".")
    counted = f"{section}.{entry}" in _COUNTS and entry in found.get(section, {})
    return 0.0 if counted else math.nan


def _key(name: str, units: Mapping[str, Any]) -> str:
    """Return the entry that a flattened name belongs to; '' for none."""
    found = (key for key in units if name == key or name.startswith(f"{key}."))
    return max(found, key=len, default="")


def _unit(name: str, units: Mapping[str, kpis.Kpi]) -> str:
    """Return the unit of a figure, of a part of a table its own; a number of things has none."""
    if name.endswith(".count"):
        return "1"
    key = _key(name, units)
    own: Mapping[str, str] = units[key].get("units", {})
    part = _key(name[len(key) + 1 :], own)
    return str(own[part] if part else units[key]["unit"])


def _titled(runs: Sequence[Run]) -> dict[str, list[int]]:
    """Return title -> numbers of its runs: scenarios by name, by folder where names are alike."""
    groups: dict[str, list[int]] = {}
    for number, run in enumerate(runs):
        groups.setdefault(_identity(run), []).append(number)
    names = [str(runs[members[0]].manifest["scenario"]) for members in groups.values()]
    if len(set(names)) < len(names):
        names = [_folder(runs[members[0]]) for members in groups.values()]
    return {
        name if names.count(name) == 1 else f"{name} ({number})": members
        for number, (name, members) in enumerate(zip(names, groups.values(), strict=True), 1)
    }


def _folder(run: Run) -> str:
    """Return the folder that tells a what-if from another: above that of a replication."""
    path = run.path.resolve()
    return path.parent.name if path.name.startswith("seed-") else path.name


def _labels(runs: Sequence[Run], groups: Mapping[str, Sequence[int]]) -> list[str]:
    """Name runs by scenario and seed, numbered where that is not enough."""
    titles = {number: title for title, members in groups.items() for number in members}
    names = [f"{titles[n]} seed {run.manifest['seed']}" for n, run in enumerate(runs)]
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
    """Return the columns of `differences` for one KPI."""
    known = [
        (a, a if math.isclose(a, b, rel_tol=_NOISE, abs_tol=_NOISE) else b)
        for a, b in pairs
        if not (math.isnan(a) or math.isnan(b))
    ]
    count = len(known)
    if not count:
        return (0, *[math.nan] * (len(_COLUMNS) - 1))
    first, second = (sum(side) / count for side in zip(*known, strict=True))
    mean = sum(b - a for a, b in known) / count
    if count == 1:
        return (1, first, second, mean, *[math.nan] * (len(_COLUMNS) - 4))
    variance = _variance([b - a for a, b in known])
    apart = sum(_variance(list(side)) for side in zip(*known, strict=True))
    quantile = student_quantile(count - 1)
    half = quantile * math.sqrt(variance / count)
    if variance:
        chance = 1 - student_inside(abs(mean) / math.sqrt(variance / count), count - 1)
    else:
        chance = 1.0 if mean == 0 else 0.0
    saved = 1 - variance / apart if apart else math.nan
    needed = (half * math.sqrt(count) / mean) ** 2 if mean else math.nan
    return (count, first, second, mean, mean - half, mean + half, chance, saved, needed)


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)
