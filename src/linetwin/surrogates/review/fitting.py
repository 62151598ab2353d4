"""Whether a predictor is one of a run's cells: its features are theirs, and so is its target.

A folder may hold predictors of single processes beside those of cells: they are left out, and
said so. A predictor that is named by itself is refused with its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from linetwin.predictors.card import Card
    from linetwin.surrogates.data.dataset import Dataset

YES_OR_NO: Final = ("is_", "found_")
"""How columns of 0 and 1 of a run's cells begin."""
_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class LeftOut:
    """A predictor of a folder that is not of these cells, and why."""

    predictor: str
    target: str
    file: str
    why: str

    @property
    def text(self) -> str:
        """What is said of it."""
        return f"{self.predictor}: {self.why}: left out"


def unfit(card: Card, data: Dataset, targets: Collection[str]) -> str:
    """Return why a predictor cannot be asked about a run's cells; empty where it can.

    `targets`: what cells may have, known yet or not; a finding may be one that no cell had.
    """
    there = {*data.features}
    missing = [each.name for each in card.features if each.name not in there]
    if len(missing) == len(card.features):
        return "of a process, not of cells"
    if missing:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        return f"these cells have no {', '.join(missing[:_MOST_NAMED])}{more}"
    for each in card.features:
        unit = data.columns[each.name].unit
        if unit != each.unit:
            return f"it takes {each.name} in {each.unit}, of these cells it is in {unit}"
    target = card.target.name
    if target not in targets and not target.startswith(YES_OR_NO):
        return f"these cells have no {target} that could be foretold"
    return ""


def refuse(file: Path, card: Card, why: str) -> None:
    """Raise ScenarioError for a predictor that was named by itself."""
    message = f"{file.name} ({card.name}) is not of this run's cells: {why}"
    raise ScenarioError([Problem(message, "--predictors", "one of runs of this kind")])


def check_any(count: int, left_out: Sequence[LeftOut]) -> None:
    """Raise ScenarioError where all predictors of a folder were left out."""
    if left_out and not count:
        hint = "predictors of cells of runs of this kind"
        raise ScenarioError([Problem(each.text, "--predictors", hint) for each in left_out])
