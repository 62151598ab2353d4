"""What predictors say of the cells of a run, and the risk of a fault that follows from it.

A target of 0 and 1 is its own risk (or one less it, where 0 is the fault). Of a target with limits
the risk is the chance that its prediction lies beyond them, as `goals.Chance` has it.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.card import Target
from linetwin.predictors.domain import OUTSIDE, WORDS
from linetwin.predictors.evaluating import Predictor, load
from linetwin.predictors.links import Link
from linetwin.predictors.store import SUFFIX
from linetwin.results.assumptions import plan
from linetwin.surrogates.goals import Chance, Goal, goal_of
from linetwin.surrogates.predicting import standing_of, trained_on
from linetwin.surrogates.review.decisions import Foretold
from linetwin.surrogates.review.fitting import YES_OR_NO, LeftOut, check_any, refuse, unfit
from linetwin.surrogates.review.policy import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from linetwin.predictors.evaluating import Predicted
    from linetwin.results.reader import Run
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.policy import Characteristic, Policy

_LIMITED: Final = {
    "capacity": ("nominal_capacity", "capacity_limit_a"),
    "dcir": ("resistance_limit_a", ""),
}
"""Columns with limits of grade A in the scenario: by what parameters of grading."""


@dataclass(frozen=True)
class Limited:
    """Between which values a column of numbers is good; `said`: where that stands."""

    goal: Goal
    said: str


@dataclass(frozen=True)
class Told:
    """What one predictor says of all cells; arrays of shape (cells,).

    `risk` of a fault with the ends of its interval, NaN where refused or where nothing says what a
    fault is; `low` and `high` are NaN too where only the value has an interval, not the risk.
    `weighs`: None where the policy does not know the target; `trained_here`: on cells of this run;
    `notes`: of runs and lots that it has not seen, and for which its intervals promise nothing;
    `unseen`: of which levels of the card each cell's group is new, shape (cells, levels).
    """

    predictor: Predictor
    file: str
    model: str
    features: np.ndarray
    predicted: Predicted
    risk: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weighs: Characteristic | None
    limited: Limited | None
    trained_here: bool
    notes: tuple[str, ...] = ()
    unseen: np.ndarray | None = None

    @property
    def target(self) -> str:
        """The name of what is predicted."""
        return self.predictor.card.target.name

    @property
    def is_yes_or_no(self) -> bool:
        """Whether the target is 0 or 1."""
        return self.target.startswith(YES_OR_NO)

    @property
    def bad(self) -> int:
        """The faulty value of a target of 0 and 1."""
        return bad_of(self.target, self.weighs)

    def chance_of_good(self, rows: np.ndarray, cell: int | None = None) -> np.ndarray:
        """Return the chance of no fault at rows of features, 0 outside of the domain.

        `cell`: row of the cell that they stand for, whose run and lots the training may not know.
        """
        unseen = self.unseen_of(cell)
        if self.limited is not None:
            return Chance(self.predictor, self.limited.goal, unseen)(rows)
        return chance_of_good(self.predictor.predict(rows, unseen), self.bad)

    def unseen_of(self, cell: int | None) -> np.ndarray | None:
        """Return of which levels of the card a cell's group is new, None where nothing tells it."""
        return None if cell is None or self.unseen is None else np.asarray(self.unseen[cell])

    def foretold(self, row: int) -> Foretold:
        """Return what is said of one cell as a log holds it."""
        numbers = (self.predicted.value[row], self.predicted.low[row], self.predicted.high[row])
        value, low, high = (float(n) if np.isfinite(n) else None for n in numbers)
        word = WORDS[int(self.predicted.domain[row])]
        name = self.predictor.card.name
        return Foretold(self.target, value, low, high, word, name, self.model)


class Opened:
    """Predictors at work on the cells of one run, closed together."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Read predictors' files and folders of them; ScenarioError for one that is not to be used.

        `left_out`: of folders, those that `told` found to be not of the cells.
        """
        self._stack = ExitStack()
        self._named = frozenset(path for path in files if not path.is_dir())
        self.predictors: dict[Path, Predictor] = {}
        self.left_out: tuple[LeftOut, ...] = ()
        with ExitStack() as opening:
            for file in files_of(files):
                self.predictors[file] = opening.enter_context(load(file))
            self._stack = opening.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def told(self, data: Dataset, run: Run, policy: Policy) -> list[Told]:
        """Return what each says of a run's cells.

        Those of a folder that are not of these cells are left out. ScenarioError for one that was
        named by itself and is not, where none is left, and for two of one target.
        """
        own = self._fitting(data, run)
        _check_targets(own)
        return [_told(file, each, data, run, policy) for file, each in own.items()]

    def _fitting(self, data: Dataset, run: Run) -> dict[Path, Predictor]:
        targets = {*data.columns, *run.units("cells")}
        own, rest = {}, []
        for file, each in self.predictors.items():
            card = each.card
            why = unfit(card, data, targets)
            if not why:
                own[file] = each
            elif file in self._named:
                refuse(file, card, why)
            else:
                rest.append(LeftOut(card.name, card.target.name, file.name, why))
        check_any(len(own), rest)
        self.left_out = tuple(rest)
        return own


def files_of(given: Iterable[Path]) -> list[Path]:
    """Return the predictors' files; ScenarioError for a folder without any."""
    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        own = sorted(path.glob(f"*{SUFFIX}"))
        if not own:
            hint = f"a folder with *{SUFFIX}, or a file"
            message = f"{path} holds no predictor"
            raise ScenarioError([Problem(message, "--predictors", hint)])
        found += own
    return list(dict.fromkeys(found))


def limited_of(target: Target, weighs: Characteristic | None, run: Run) -> Limited | None:
    """Return the limits of a target of numbers: the policy's, else those of grade A; None: none."""
    if target.name.startswith(YES_OR_NO):
        return None
    if weighs is not None and weighs.limits is not None:
        return Limited(_written(target, weighs), "the policy's limits")
    first, second = _LIMITED.get(target.name, ("", ""))
    scenario = plan(run)
    for station in scenario.stations:
        if first and scenario.kind(station) == "grading":
            numbers = [scenario.number(station, name) for name in (first, second) if name]
            if None not in numbers:
                bound = float(np.prod([n for n in numbers if n is not None]))
                goal = Goal(bound, np.inf) if target.name == "capacity" else Goal(-np.inf, bound)
                return Limited(goal, "the limit of grade A in the scenario")
    return None


def bad_of(target: str, weighs: Characteristic | None) -> int:
    """Return the faulty value of a target of 0 and 1: the policy's, else that of its name."""
    if weighs is not None:
        return weighs.bad
    return 0 if target in GOOD else 1


def words_of(target: str) -> str:
    """Return a target as people call it: `is_grade_a` is grade A."""
    words = target.removeprefix("is_").removeprefix("found_").replace("_", " ")
    return words.replace("grade a", "grade A").replace("hipot", "HiPot")


def target_of(name: str, unit: str) -> Target:
    """Return a column of a dataset as something whose goals can be written."""
    return Target(name=name, unit=unit, link=Link())


def _written(target: Target, weighs: Characteristic) -> Goal:
    """Return the limits that a policy has; ScenarioError with its key where they are none."""
    try:
        return goal_of(f"{target.name}={weighs.limits}", target)
    except ScenarioError as error:
        first, key = error.problems[0], f"characteristics.{weighs.name}.limits"
        hint = f"such as at least 4.9 {target.unit}"
        raise ScenarioError([Problem(first.message, key, hint, weighs.file)]) from error


def _told(file: Path, predictor: Predictor, data: Dataset, run: Run, policy: Policy) -> Told:
    card = predictor.card
    features = np.stack([data.numbers(feature.name) for feature in card.features], axis=1)
    stands = standing_of(card, data)
    predicted = predictor.predict(features, stands.unseen)
    weighs = policy.characteristics.get(card.target.name)
    limited = limited_of(card.target, weighs, run)
    yes_or_no = card.target.name.startswith(YES_OR_NO)
    none = np.full(len(features), np.nan)
    risk, low, high = none, none, none
    if limited is not None:
        chance = Chance(predictor, limited.goal, stands.unseen)(features)
        risk = np.where(predicted.domain == OUTSIDE, np.nan, 1 - chance)
    elif yes_or_no:
        bad = bad_of(card.target.name, weighs)
        ends = [_risk(values, bad) for values in (predicted.low, predicted.high)]
        risk = _risk(predicted.value, bad)
        low, high = np.minimum(*ends), np.maximum(*ends)
    return Told(
        predictor, file.name, hashlib.sha256(file.read_bytes()).hexdigest(), features, predicted,
        risk, low, high, weighs, limited, trained_on(card, data),
        tuple(stands.notes(card.coverage)), stands.unseen,
    )  # fmt: skip


def chance_of_good(found: Predicted, bad: int) -> np.ndarray:
    """Return the chance of no fault of a target of 0 and 1; 0 outside of the domain."""
    return np.where(found.domain == OUTSIDE, 0.0, 1.0 - _risk(found.value, bad))


def _risk(values: np.ndarray, bad: int) -> np.ndarray:
    shares = np.clip(values, 0.0, 1.0)
    return np.asarray(shares if bad else 1.0 - shares)


def _check_targets(predictors: dict[Path, Predictor]) -> None:
    first: dict[str, Path] = {}
    for file, each in predictors.items():
        target = each.card.target.name
        if target in first:
            message = f"{first[target].name} and {file.name} both predict {target}"
            raise ScenarioError([Problem(message, "--predictors", "one of them")])
        first[target] = file
