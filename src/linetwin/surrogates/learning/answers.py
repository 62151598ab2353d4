"""Features that hold the answer: a target that is one of them, and rows that stand in two groups.

What the review of a dataset says of leakage is asked here of the columns that a training takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.data.checks.leakage import (
    computed_findings,
    copied_findings,
    near_findings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.data.checks.finding import Finding
    from linetwin.surrogates.data.dataset import Dataset


def answer_warnings(
    dataset: Dataset, features: Sequence[str], target: str, groups: Sequence[str]
) -> tuple[str, ...]:
    """Return what would let scores look better than a model is, in words.

    ScenarioError where features tell the target by themselves. What models computed from their
    inputs is a warning: a straight law is one that they may well have. So is a feature that may be
    another reading of the target.
    """
    chosen = {name: dataset.columns[name] for name in dict.fromkeys((*features, target))}
    found = list(computed_findings(replace(dataset, columns=chosen), target))
    if found and not dataset.simulated:
        raise ScenarioError([_refusal(each, dataset) for each in found])
    copied = [each for group in groups for each in copied_findings(dataset, group)[:1]]
    near = [] if dataset.simulated else near_findings(replace(dataset, columns=chosen), target)
    return tuple(each.text for each in (*found, *copied, *near))


def _refusal(finding: Finding, dataset: Dataset) -> Problem:
    names = finding.columns[1:]
    which = " or ".join(f"'{name}'" for name in names)
    hint = f"give {which} `role: ignore`, or leave it out of `features`: it holds the answer"
    return Problem(finding.text, f"columns.{names[0]}", hint, dataset.file)
