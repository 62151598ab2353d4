"""Columns that are not fit to be learnt from: in another unit, or labels with a stray among them.

What the review of a dataset says of units is asked here of the columns that a training takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.data.checks.finding import listed
from linetwin.surrogates.data.checks.scales import parted, scale_findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.data.checks.finding import Finding
    from linetwin.surrogates.data.dataset import Dataset

MOST_OUTSIDE: Final = 0.5
"""Share of a column outside of its range from which on the column is refused [A]."""
MOST_APART: Final = 0.1
"""The same of rows that are apart from the rest by a unit's factor besides [A]."""
CERTAIN: Final = frozenset({60.0, 1e2, 1e3, 3600.0, 1e6})
"""Factors by which whole groups of a target differ in their unit, and in nothing else [A].

Others, such as 25.4 of a length, are within what a process does.
"""
_SLIPS: Final = 3
"""Rows that equal another one from which on they are told [A]."""
LABELS: Final = 0.95
"""Share of 0 and 1 from which on a target is one of labels, and what else it holds strays [A]."""


def unit_doubts(dataset: Dataset, features: Sequence[str], target: str) -> tuple[Finding, ...]:
    """Return what looks like another unit in a few rows of columns, or may be one in all.

    ScenarioError where a dataset file gives a column a unit that most of its values belie, or the
    target one that groups of rows belie. The folder of a run or study has no units that could be
    mended, so all is a warning there.
    """
    chosen = {name: dataset.columns[name] for name in dict.fromkeys((*features, target))}
    found = scale_findings(replace(dataset, columns=chosen))
    if dataset.mapping:
        grave = [each for each in found if _is_grave(each, found, dataset)]
        columns = {each.columns for each in grave}
        refused = [_refusal(each, dataset) for each in found if each.columns in columns]
        refused = refused or _mixed_target(dataset, target)
        if refused:
            raise ScenarioError(refused)
    return tuple(found)


def of_whole_columns(doubts: Sequence[Finding]) -> tuple[str, ...]:
    """Return what may be in another unit from the first row to the last: nothing else tells it."""
    return tuple(each.text for each in doubts if not each.rows and len(each.columns) == 1)


def _mixed_target(dataset: Dataset, target: str) -> list[Problem]:
    """Return the refusal of a target of which some rows are in another unit, none where none is.

    A fault strikes pieces; a unit all rows that one file or person wrote, or a good part of them.
    Limits in the dataset file that hold all values say that they are right; what models computed
    may well be so far apart.
    """
    spec, values = dataset.columns[target], dataset.numbers(target)
    found = parted(spec, values)
    if found is None or found.factor not in CERTAIN or spec.limited or dataset.simulated:
        return []
    groups = _whole_groups(dataset, found.rows, np.isfinite(values))
    if not groups and len(found.rows) <= MOST_APART * np.isfinite(values).sum():
        return []
    rows = listed([dataset.row(at) for at in found.rows.tolist()])
    text = f"{target}: {rows} differ from the rest by {found.said}{groups}"
    hint = (
        "mend these rows in the table, or leave them out by `between: [LOW, HIGH]`; limits around "
        "all values say that they are right as they are"
    )
    return [Problem(text, f"columns.{target}", hint, dataset.file)]


def _whole_groups(dataset: Dataset, rows: np.ndarray, known: np.ndarray) -> str:
    """Return which groups rows are all rows of, in words; "" where they are of no kind.

    `rows`: indices; `known`: which of the dataset's rows have a value.
    """
    for name in dataset.groups:
        labels = np.array(dataset.labels(name), dtype=object)
        own = {*labels[rows]}
        several = len({*labels[known]}) < known.sum()
        if several and "" not in own and np.isin(labels[known], [*own]).sum() == len(rows):
            return f": all rows of {name} {listed(sorted(own))}"
    return ""


def _is_grave(finding: Finding, found: Sequence[Finding], dataset: Dataset) -> bool:
    """Tell whether too many rows for a slip are outside of a column's range, or all are shares."""
    if not finding.rows:
        return finding.weight == "wrong" and len(finding.columns) == 1
    known = int(np.isfinite(dataset.numbers(finding.columns[0])).sum())
    share = len(finding.rows) / known
    # out of range, and apart from the rest by a factor: two findings of the same rows
    twice = sum((each.columns, each.rows) == (finding.columns, finding.rows) for each in found) > 1
    return share > MOST_OUTSIDE or (twice and share > MOST_APART)


def _refusal(finding: Finding, dataset: Dataset) -> Problem:
    hint = (
        "mend its `unit` or `factor`; values that are right as they are need a name of their own, "
        "outside of the vocabulary, with `unit`: that has no range"
    )
    if not finding.rows:
        hint = (
            "mend its `unit`; limits around all values, `between: [LOW, HIGH]`, say that they are "
            "right as they are"
        )
    return Problem(finding.text, f"columns.{finding.columns[0]}", hint, dataset.file)


def copies(features: np.ndarray, target: np.ndarray, groups: np.ndarray) -> tuple[str, ...]:
    """Return a warning where measured rows are there more than once, to every digit.

    `features`: shape (rows, features); `target`, `groups`: shape (rows,). Two measurements differ;
    a table that was joined with itself counts each as two.
    """
    rows = np.column_stack([features, target, groups])
    again = len(rows) - len(np.unique(rows, axis=0))
    if again < _SLIPS or len(np.unique(target)) < len(target) / 4:  # readings of few steps repeat
        return ()
    text = (
        f"{again:,} of {len(rows):,} rows equal another one of their group in all that is learnt "
        "from: copies count as measurements, and coverage and scores as surer than they are"
    )
    return (text,)


def strays(target: np.ndarray, rows: Sequence[str]) -> str:
    """Return which rows of a target of labels are neither 0 nor 1, in words; "" for none.

    `target`: shape (rows,), all known; `rows`: their names. No labels: "".
    """
    stray = np.flatnonzero((target != 0) & (target != 1))
    both = (target == 0).any() and (target == 1).any()
    if not both or not 0 < len(stray) <= (1 - LABELS) * len(target):
        return ""
    verb = "is" if len(stray) == 1 else "are"
    named = listed([rows[at] for at in stray.tolist()])
    return f"{len(stray):,} of {len(target):,} rows {verb} neither 0 nor 1: {named}"
