"""Rows to be predicted, from a table or from amounts, in a predictor's own order and units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.amounts import Scale, affine_of, amount
from linetwin.estimation.calibrating.schema import ColumnWritten
from linetwin.estimation.calibrating.tables import read_table
from linetwin.predictors.card import digest_of_targets
from linetwin.predictors.domain import NEAR, OUTSIDE, WORDS
from linetwin.predictors.levels import promises, standing
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.scenario.unit_words import shown_unit
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.runs import RUN
from linetwin.surrogates.goals import spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.estimation.calibrating.tables import DataTable
    from linetwin.predictors.card import Card, Feature, Target
    from linetwin.predictors.evaluating import Predicted
    from linetwin.predictors.levels import Standing
    from linetwin.surrogates.data.dataset import Dataset

_WITH_UNIT: Final = re.compile(r"^(?P<name>\S+)\s*(?:\[(?P<bracket>[^\]]+)\]|/\s*(?P<slash>\S+))$")
_TELLING: Final = 4
"""Values of a target by which a group of rows is known again [A]."""
_YAML: Final = {".yaml", ".yml"}


@dataclass(frozen=True)
class Asked:
    """Rows to be predicted: features of shape (rows, features), canonical, and each row's name.

    `standing`: among the groups of the training.
    """

    features: np.ndarray
    names: tuple[str, ...]
    standing: Standing


def asked_of_table(card: Card, data: Path) -> Asked:
    """Return the rows of a table, a dataset file, or the folder of a run or a study.

    A table's columns are the features, with the unit as `line_load [N/mm]` or `line_load / N/mm`.
    ScenarioError for a column that is missing, or has no unit or one that does not fit.
    """
    if data.is_dir() or data.suffix in _YAML:
        dataset = read_dataset(data)
        names = [dataset.row(at) for at in range(len(dataset.frame))]
        return Asked(features_of(card, dataset), tuple(names), standing_of(card, dataset))
    problems = Problems()
    table = read_table(data, None, Place("--data"))
    found = [_column(table, feature, problems) for feature in card.features]
    problems.check()
    names = [f"{'line' if table.is_text else 'row'} {line}" for line in table.lines]
    groups = {level.column for level in card.levels} & {*table.columns}
    stand = standing(card, {group: table.texts(group) for group in groups}, len(names))
    columns = [each for each in found if each is not None]
    return Asked(np.stack(columns, axis=1), tuple(names), stand)


def features_of(card: Card, dataset: Dataset) -> np.ndarray:
    """Return a dataset's features, shape (rows, features), in the card's order and units.

    ScenarioError for one that is no feature there, or in a unit that the predictor does not take.
    """
    for feature in card.features:
        spec = dataset.spec(feature.name, "feature")
        if spec.unit != feature.unit:
            message = f"'{feature.name}' is in {spec.unit}, the predictor takes {feature.unit}"
            raise ScenarioError([Problem(message, feature.name, "", dataset.file)])
    return np.stack([dataset.numbers(feature.name) for feature in card.features], axis=1)


def standing_of(card: Card, dataset: Dataset) -> Standing:
    """Return where a dataset's rows stand among the groups that a predictor has seen."""
    groups = {level.column for level in card.levels} & {*dataset.groups}
    labels = {group: dataset.labels(group) for group in groups}
    return standing(card, labels, len(dataset.frame))


def groups_in_training(card: Card, dataset: Dataset) -> frozenset[str]:
    """Return the dataset's groups whose rows the training had.

    Runs are known by their names, others by name, number of rows and what came true of them.
    """
    found: set[str] = set()
    if RUN in dataset.groups:
        seen = {name for level in card.levels if level.column == RUN for name in level.seen}
        if card.data.group == RUN:
            seen |= {each.group for each in card.held_out}
        found |= seen & {*dataset.labels(RUN)}
    if card.data.group in dataset.groups and card.target.name in dataset.columns:
        labels = np.array(dataset.labels(card.data.group), dtype=object)
        truth = dataset.numbers(card.target.name)
        for each in card.held_out:
            own = truth[(labels == each.group) & np.isfinite(truth)]
            telling = len(np.unique(own)) >= _TELLING  # labels of 1 and 0 are alike by chance
            if telling and len(own) == each.rows and digest_of_targets(own) == each.digest:
                found.add(each.group)
    return frozenset(found)


def trained_on(card: Card, dataset: Dataset) -> bool:
    """Return whether the training had rows of a dataset: the same table, or some of its groups."""
    return card.data.digest == dataset.digest or bool(groups_in_training(card, dataset))


def asked_of_amounts(card: Card, settings: Sequence[str]) -> Asked:
    """Return one row from `name=amount` texts; ScenarioError with all that is wrong."""
    problems = Problems()
    given: dict[str, str] = {}
    for text in settings:
        name, equals, raw = text.partition("=")
        if not equals or name.strip() in given:
            problems.add(Place("--set"), f"'{text}' is not NAME=AMOUNT, or is there twice")
        given[name.strip()] = raw.strip()
    own = [feature.name for feature in card.features]
    for name in given:
        if name not in own:
            problems.add(Place(f"--set {name}"), "is no feature", nearest(name, own, "feature"))
    values = [_amount(feature, given.get(feature.name), problems) for feature in card.features]
    problems.check()
    row = np.array([[value or 0.0 for value in values]])
    return Asked(row, ("row 1",), standing(card, {}, 1))


def _amount(feature: Feature, raw: str | None, problems: Problems) -> float | None:
    place = Place(f"--set {feature.name}")
    unit = "" if feature.unit == "1" else f" {feature.unit}"
    form = f"such as {feature.name}='{feature.low:g}{unit}'"
    if raw is None:
        problems.add(place, "is missing", form)
        return None
    try:
        _, written = units.si(raw)
    except ScenarioError as error:
        problems.adopt(error, place)
        return None
    if unit and not written:
        problems.add(place, f"'{raw}' has no unit", form)
        return None
    return amount(raw, Scale(parse_unit(feature.unit), feature.unit), place, problems)


def _column(table: DataTable, feature: Feature, problems: Problems) -> np.ndarray | None:
    """Return a feature's column in its canonical unit; None, and a problem, where it is none."""
    place = Place(feature.name, table.file)
    own = [head for head in table.columns if _name(head) == feature.name]
    if len(own) > 1:
        problems.add(
            place, f"columns {' and '.join(map(repr, own))} are one feature", "one of them"
        )
        return None
    if not own:
        heads = [_name(head) for head in table.columns]
        hint = f"write it as '{feature.name} [{feature.unit}]'; {nearest(feature.name, heads)}"
        problems.add(place, f"there is no column '{feature.name}'", hint)
        return None
    head = own[0]
    match = _WITH_UNIT.match(head)
    unit = (match["bracket"] or match["slash"]) if match else table.units.get(head)
    if not unit and feature.unit != "1":
        problems.add(place, f"column '{head}' has no unit", f"'{feature.name} [{feature.unit}]'")
        return None
    scale = Scale(parse_unit(feature.unit), feature.unit)
    written = ColumnWritten(column=head, unit=unit or None)
    affine = affine_of(written, scale, None, place, problems)
    values = table.numbers(head, problems)
    return None if affine is None else np.asarray(affine.factor * values + affine.offset)


def _name(head: str) -> str:
    match = _WITH_UNIT.match(head)
    return match["name"] if match else head


HEADS: Final = ("row", "domain", "prediction", "low", "high")


def told_rows(card: Card, asked: Asked, found: Predicted) -> list[list[str]]:
    """Return a table of predictions for people: refused rows say so."""
    rows = []
    beyond = card.domain().beyond(asked.features)
    for at, name in enumerate(asked.names):
        word = WORDS[found.domain[at]]
        if found.domain[at] == OUTSIDE:
            rows.append(
                [name, f"{word}: refused; {_why(card, asked, at, int(beyond[at]))}", *3 * [""]]
            )
            continue
        if found.domain[at] == NEAR:
            word += f": interval widened {found.widened[at]:.2f} times"
        said = asked.standing.said(at)
        word += f"; {said}" if said else ""
        numbers = (found.value[at], found.low[at], found.high[at])
        rows.append([name, word, *(shown(float(number), card.target) for number in numbers)])
    return rows


def _why(card: Card, asked: Asked, row: int, feature: int) -> str:
    """Return why a row is outside: the feature farthest out of its range, or a hole."""
    if feature < 0:
        return "nothing like it was seen"
    own = card.features[feature]
    value = float(asked.features[row, feature])
    if not np.isfinite(value):
        return f"{own.name} is not known"
    spec = spec_of(own)
    return (
        f"{own.name} is {spec.shown(value)}, seen {spec.shown(own.low)} to {spec.shown(own.high)}"
    )


def told_content(card: Card, asked: Asked, found: Predicted) -> dict[str, object]:
    """Return predictions as JSON holds them, in the target's canonical unit; refused ones null.

    `coverage` is that of the rows whose level is proven.
    """
    words = asked.standing.words
    return {
        "predictor": card.name,
        "target": card.target.name,
        "unit": card.target.unit,
        "coverage": card.coverage,
        "probability": card.target.chance,
        "promises": promises(card),
        "notes": asked.standing.notes(card.coverage),
        "rows": [
            {
                "row": name,
                "domain": WORDS[found.domain[at]],
                "prediction": float(found.value[at]),
                "low": float(found.low[at]),
                "high": float(found.high[at]),
                "widened": float(found.widened[at]),
                "level": words[at],
                "new": list(asked.standing.new(at)),
            }
            for at, name in enumerate(asked.names)
        ],
    }


def shown(value: float, target: Target) -> str:
    """Return a predicted value as people read it, by the vocabulary where it knows the target."""
    if target.chance:
        return f"{100 * value:.3g} %"
    words = vocabulary()
    if target.name in words and words[target.name].unit == target.unit:
        return units.display(value, words[target.name], 4)
    return f"{value:.4g} {shown_unit(target.unit)}".strip()
