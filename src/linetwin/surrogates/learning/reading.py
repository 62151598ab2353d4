"""From a training file and its dataset to what is learnt; whatever is wrong is told at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.amounts import Scale, amount
from linetwin.predictors.domain import OVERHANG
from linetwin.predictors.levels import EQUAL, LEAST_GROUPS
from linetwin.predictors.links import Link
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.problems import Place, Problems
from linetwin.scenario.validation import Checked, read_checked
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.learning.answers import answer_warnings
from linetwin.surrogates.learning.labels import Inspection
from linetwin.surrogates.learning.levels import coarsest, kinds_of
from linetwin.surrogates.learning.physics_reading import read_physics
from linetwin.surrogates.learning.schema import TrainingFile
from linetwin.surrogates.learning.soundness import (
    copies,
    of_whole_columns,
    strays,
    unit_doubts,
)
from linetwin.surrogates.learning.task import Learning, replicate_noise
from linetwin.surrogates.learning.weights import weight_warnings

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.surrogates.data.dataset import ColumnSpec, Dataset

LEAST_ROWS: Final = 12
LEAST_OF_EACH: Final = 5
"""Rows of 1, and of 0, below which a probability is not learnt [A]."""
ROUNDING: Final = 1e-9
"""Relative spread below which values are the same: sums of shares end there."""


@dataclass(frozen=True)
class Training:
    """A training file with its dataset and what is learnt.

    `left_out`: rows without the target, or without a feature; `constant`: features that never
    change, left out where none are named; `group`: how groups were told; `warnings`: what looks
    like another unit in a few rows, and equal rows in several groups; `weight`: the column by which
    rows count, "" for none; `open`: those warnings that leave open in which unit a whole column is.
    """

    file: TrainingFile
    dataset: Dataset
    learning: Learning
    target: ColumnSpec
    left_out: int
    constant: tuple[str, ...]
    group: str
    warnings: tuple[str, ...] = ()
    weight: str = ""
    open: tuple[str, ...] = ()


def read_training(path: Path, data: Path | None = None, dataset: Dataset | None = None) -> Training:
    """Return a training; `data`: the table in place of that of the dataset file.

    `dataset`: what is learnt from, in place of what the file names. ScenarioError with file, line,
    key and what is allowed; errors as `read_dataset`.
    """
    checked = read_checked(path, TrainingFile)
    if dataset is not None:
        return _Reader(checked, dataset, Problems()).training()
    found = path.parent / checked.model.dataset
    if not found.exists():
        place = checked.document.place(("dataset",))
        hint = f"a path relative to {path.name}: a dataset file, a study or a run folder"
        problem = Problem(f"{checked.model.dataset} does not exist", "dataset", hint, place.file)
        raise ScenarioError([problem])
    return _Reader(checked, read_dataset(found, data), Problems()).training()


@dataclass
class _Reader:
    """Meets one training file with its dataset and collects what is wrong."""

    checked: Checked[TrainingFile]
    dataset: Dataset
    problems: Problems

    def place(self, *path: str) -> Place:
        """Return where a key stands."""
        return self.checked.document.place(path)

    def training(self) -> Training:
        """Return the training; ScenarioError with everything that is wrong."""
        file, dataset = self.checked.model, self.dataset
        target, names, constant = self._columns()
        doubts = unit_doubts(dataset, names, file.target)
        warnings = tuple(each.text for each in doubts)
        numbers = np.stack([dataset.numbers(name) for name in names], axis=1)
        values = dataset.numbers(file.target)
        weight = self._weight()
        weights = self._weights(weight)
        whole = np.isfinite(numbers).all(axis=1) & np.isfinite(values) & (weights > 0)
        self._check_strays(values, whole)
        chance = is_chance(values[whole])
        link = Link(kind="logit") if chance else self._link(target)
        if chance:
            self._check_chance(values[whole])
        learning = self._learning(whole, numbers[whole], values[whole], names, link)
        learning = replace(
            learning,
            chance=chance,
            weights=_shares(weights[whole]),
            inspection=Inspection(*target.label_error) if chance and target.label_error else None,
            variances=self._variances(whole, link),
            kinds=kinds_of(dataset, whole, learning.groups),
            units=tuple(dataset.columns[name].unit for name in names),
            target_unit=target.unit,
        )
        warnings += self._weight_warnings(weight, weights, whole, learning.groups)
        self.problems.check()
        groups = self._groups_of(whole, learning.features)
        warnings += answer_warnings(dataset, names, file.target, groups)
        if not chance:
            warnings += copies(learning.features, learning.target, learning.groups)
        return Training(
            file, dataset, learning, target, int((~whole).sum()), constant,
            ", ".join(groups) or EQUAL, warnings, weight, of_whole_columns(doubts),
        )  # fmt: skip

    def _columns(self) -> tuple[ColumnSpec, tuple[str, ...], tuple[str, ...]]:
        """Return target and features, and what is left out as it never changes; all are checked."""
        file, dataset = self.checked.model, self.dataset
        target = self._spec(file.target, self.place("target"), "target")
        constant = () if file.features else tuple(filter(self._is_constant, dataset.features))
        names = tuple(file.features) or tuple(n for n in dataset.features if n not in constant)
        for name in names:
            self._spec(name, self.place("features"), "feature")
        for name in file.groups or ():
            self._spec(name, self.place("groups"), "group")
        if not names or len({*names}) < len(names):
            self.problems.add(self.place("features"), "has no feature, or one twice", "each once")
        self.problems.check()
        assert target is not None  # noqa: S101 - it would be a problem
        return target, names, constant

    def _groups_of(self, whole: np.ndarray, features: np.ndarray) -> tuple[str, ...]:
        """Return the columns that tell groups: those named, else the coarsest; none by features."""
        if self.checked.model.groups is not None:
            return tuple(self.checked.model.groups)
        name = coarsest(self.dataset, whole, features)
        return (name,) if name else ()

    def _is_constant(self, name: str) -> bool:
        values = self.dataset.numbers(name)
        return _is_level(values[np.isfinite(values)])

    def _spec(self, name: str, place: Place, *roles: str) -> ColumnSpec | None:
        try:
            found = self.dataset.spec(name, *roles)  # type: ignore[arg-type]
        except ScenarioError as error:
            self.problems.adopt(error, place)
            return None
        if "group" not in roles and not found.is_number:
            self.problems.add(place, f"'{name}' holds text", "a column of numbers")
            return None
        return found

    def _weight(self) -> str:
        """Return the column by which rows count, "" for none."""
        named, known = self.checked.model.weight, self.dataset.of_role("weight")
        if named is None and len(known) > 1:
            self.problems.add(self.place("weight"), "which of the weights?", ", ".join(known))
        name = named or (known[0] if known else "")
        if name:
            self._spec(name, self.place("weight"), "weight")
        self.problems.check()
        return name

    def _weights(self, name: str) -> np.ndarray:
        """Return what each row counts, 1 where nothing says it; 0 for a row that says none."""
        if not name:
            return np.ones(len(self.dataset.frame))
        found = np.asarray(np.nan_to_num(self.dataset.numbers(name)))
        if not (found > 0).any():
            place = Place(f"columns.{name}", self.dataset.file)
            self.problems.add(place, "no row has a weight above 0", "above 0 for rows that count")
            self.problems.check()
        return found

    def _weight_warnings(
        self, name: str, weights: np.ndarray, whole: np.ndarray, groups: np.ndarray
    ) -> tuple[str, ...]:
        """Return what is odd of weights; too few rows that count are a problem."""
        if not name:
            return ()
        rows = [self.dataset.row(at) for at in np.flatnonzero(whole).tolist()]
        place = Place(f"columns.{name}", self.dataset.file)
        return weight_warnings(weights[whole], groups, rows, place, self.problems)

    def _variances(self, whole: np.ndarray, link: Link) -> np.ndarray | None:
        """Return the variance of each row's target on its scale; None where none is asked for.

        A row without a stated uncertainty has the median of the others.
        """
        file = self.checked.model
        place = self.place("uncertainty")
        spec = None
        if file.uncertainty is not None:
            spec = self._spec(file.uncertainty, place, "uncertainty")
        if spec is None or file.uncertainty is None:
            return None
        if spec.of != file.target:
            self.problems.add(place, f"'{spec.name}' is that of {spec.of}, not of {file.target}")
        elif (unit := self.dataset.columns[file.target].unit) != spec.unit:
            message = f"'{spec.name}' is in {spec.unit}, {file.target} in {unit}"
            self.problems.add(place, message, f"a standard deviation in {unit}")
        stated = self.dataset.numbers(file.uncertainty)[whole]
        if not np.isfinite(stated).any():
            self.problems.add(place, f"'{spec.name}' is told of no row that is learnt from")
        self.problems.check()
        target = self.dataset.numbers(file.target)[whole]
        own = np.where(np.isfinite(stated), stated, np.nanmedian(stated)) * link.slope(target)
        return own**2 if own.any() else None

    def _check_strays(self, values: np.ndarray, whole: np.ndarray) -> None:
        """ScenarioError where a few rows of a target of 0 and 1 hold another number.

        `score: absolute` says that the target is an amount.
        """
        if self.checked.model.score == "absolute":
            return
        said = strays(
            values[whole], [self.dataset.row(at) for at in np.flatnonzero(whole).tolist()]
        )
        if said:
            hint = "mend these rows; where the target is an amount, say `score: absolute`"
            self.problems.add(self.place("target"), said, hint)
            self.problems.check()

    def _check_chance(self, target: np.ndarray) -> None:
        """Note what a probability cannot have: physics, a score of its own, laws of amounts."""
        file = self.checked.model
        stated = (("physics", file.physics), ("score", file.score),
                  ("uncertainty", file.uncertainty))  # fmt: skip
        for key, there in stated:
            if there is not None:
                message = f"is not for '{file.target}', which is 1 or 0"
                self.problems.add(self.place(key), message, "leave it out")
        if file.laws.between is not None or file.laws.positive:
            message = "a probability lies between 0 and 1 by itself"
            self.problems.add(self.place("laws"), message, "increases and decreases alone")
        self._check_label_error(float(target.mean()))
        ones = int(target.sum())
        least = min(ones, len(target) - ones)
        if 0 < least < LEAST_OF_EACH:
            message = f"is 1 in {ones} of {len(target)} rows"
            hint = f"at least {LEAST_OF_EACH} rows of 1, and of 0"
            self.problems.add(self.place("target"), message, hint)

    def _check_label_error(self, ones: float) -> None:
        """Note labels of which as many are 1, or 0, as come of their errors alone."""
        stated = self.dataset.columns[self.checked.model.target].label_error
        if stated is not None and not stated[1] < ones < 1 - stated[0]:
            message = f"{ones:.1%} of rows are 1: no more than their label_error alone gives"
            hint = f"between {stated[1]:.1%} (false alarms) and {1 - stated[0]:.1%} (found)"
            self.problems.add(self.place("target"), message, hint)

    def _link(self, target: ColumnSpec) -> Link:
        """Return the scale on which the target is learnt, by its laws."""
        laws = self.checked.model.laws
        if laws.between is not None:
            if laws.positive:
                self.problems.add(self.place("laws", "positive"), "is said by `between` already")
            scale = Scale(parse_unit(target.unit), target.unit)
            place = self.place("laws", "between")
            ends = [amount(raw, scale, place, self.problems) for raw in laws.between]
            low, high = (0.0 if end is None else end for end in ends)
            if low < high:
                return Link(kind="logit", low=low, high=high)
            self.problems.add(place, "contradict each other", "the lower amount first")
        return Link(kind="log" if laws.positive else "identity")

    def _learning(
        self,
        whole: np.ndarray,
        features: np.ndarray,
        target: np.ndarray,
        names: tuple[str, ...],
        link: Link,
    ) -> Learning:
        """Return what is learnt from rows that are whole; ScenarioError where it cannot be."""
        file, dataset = self.checked.model, self.dataset
        groups, labels = self._groups(whole, features)
        self._check_rows(features, target, groups, names, link)
        self.problems.check()
        relative = link.kind == "log" if file.score is None else file.score == "relative"
        if relative and not (target > 0).all():
            self.problems.add(self.place("score"), "a relative error needs a target above 0")
        signs = [self._sign(name) for name in names]
        for key, told in (("decreases", file.laws.decreases), ("increases", file.laws.increases)):
            for name in {*told} - {*names}:
                self.problems.add(self.place("laws", key), f"'{name}' is no feature here")
        self.problems.check()
        low, high = features.min(axis=0), features.max(axis=0)
        return Learning(
            features=features,
            names=names,
            units=(),
            target=target,
            target_name=file.target,
            target_unit="",
            groups=groups,
            labels=labels,
            link=link,
            monotonic=tuple(signs),
            logs=tuple(bool(each) for each in low - 1.01 * OVERHANG * (high - low) > 0),
            relative=relative,
            noise=replicate_noise(features, np.log(target) if relative else target),
            physics=read_physics(self.checked, dataset, names, file.target, self.problems),
            coverage=file.coverage,
            seed=file.seed,
        )

    def _groups(
        self, whole: np.ndarray, features: np.ndarray
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return groups and their labels: rows with equal features are one where none is told."""
        names = self._groups_of(whole, features)
        if names:
            codes = self.dataset.codes(*names)[whole]
            rows = self.dataset.frame[list(names)].to_numpy()[whole]
        else:
            _, codes = np.unique(features, axis=0, return_inverse=True)
            rows = np.array([[f"condition {code + 1}"] for code in codes.ravel()], dtype=object)
        first, found = np.unique(codes.ravel(), return_index=True)
        labels = [" / ".join(map(str, rows[at])) or f"row {at + 1}" for at in found]
        return np.searchsorted(first, codes.ravel()), tuple(labels)

    def _check_rows(
        self,
        features: np.ndarray,
        target: np.ndarray,
        groups: np.ndarray,
        names: tuple[str, ...],
        link: Link,
    ) -> None:
        """Note data from which nothing can be learnt."""
        rows, count = len(target), len(np.unique(groups))
        if rows < LEAST_ROWS:
            hint = f"at least {LEAST_ROWS}: fewer cannot tell a model from chance"
            self.problems.add(self.place("dataset"), f"only {rows} rows are whole", hint)
        elif count < LEAST_GROUPS:
            hint = f"at least {LEAST_GROUPS}: each is held out once"
            self.problems.add(self.place("groups"), f"only {count} groups", hint)
        if rows and _is_level(target):
            hint = "nothing can be learnt from a target that never changes"
            message = f"is the same in all rows: {target[0]:g}"
            self.problems.add(self.place("target"), message, hint)
        for name, column in zip(names, features.T, strict=True):
            if rows and _is_level(column):
                message = f"'{name}' is the same in all rows"
                self.problems.add(self.place("features"), message, "leave it out")
        bad = target[~link.holds(target)]
        if len(bad) and not is_chance(target):
            message = f"{len(bad)} rows break the law, the first with {bad[0]:g}"
            self.problems.add(self.place("laws"), message, "other limits, or rows left out")

    def _sign(self, name: str) -> int:
        laws = self.checked.model.laws
        if name in laws.decreases and name in laws.increases:
            self.problems.add(self.place("laws"), f"'{name}' cannot both raise and lower it")
        return int(name in laws.increases) - int(name in laws.decreases)


def is_chance(values: np.ndarray) -> bool:
    """Tell whether values are 1 and 0 and nothing else: then their probability is learnt."""
    return len(values) > 0 and {*np.unique(values).tolist()} == {0.0, 1.0}


def _shares(weights: np.ndarray) -> np.ndarray | None:
    """Return weights that are 1 on average; None where all are the same."""
    if not len(weights) or _is_level(weights):
        return None
    return np.asarray(weights / weights.mean())


def _is_level(values: np.ndarray) -> bool:
    """Tell whether values are the same up to rounding."""
    return not len(values) or bool(np.ptp(values) <= ROUNDING * np.abs(values).max())
