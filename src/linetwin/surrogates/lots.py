"""What the rows of one lot have in common: the mean of their Shapley values, against all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.problems import nearest
from linetwin.surrogates.explaining import shapley
from linetwin.surrogates.goals import heading, spec_of

if TYPE_CHECKING:
    from linetwin.predictors.card import Card
    from linetwin.predictors.evaluating import Predictor
    from linetwin.surrogates.data.dataset import Dataset

MOST_ROWS: Final = 40
"""Rows of the lot, and of all others, evenly taken."""
_CLEAR: Final = 2.0
"""Standard errors over which a difference is more than chance gives."""
HEADS: Final = ("feature", "mean of the lot", "of the others", "adds", "+-")


@dataclass(frozen=True)
class Lot:
    """Rows of a lot against the others; arrays of shape (features,).

    `rows`, `others`: how many there are; `prediction`, `mean`: their mean predictions, over what
    was taken of them, `error`: standard error of the difference; `parts` sum to the difference;
    `errors`: standard error of each over the rows of the lot; `own`, `rest`: mean of each feature.
    """

    card: Card
    label: str
    rows: int
    others: int
    prediction: float
    mean: float
    error: float
    parts: np.ndarray
    errors: np.ndarray
    own: np.ndarray
    rest: np.ndarray


def rows_of(data: Dataset, text: str) -> np.ndarray:
    """Return which rows `GROUP=NAME` means, shape (rows,); ScenarioError for what is not there."""
    group, _, name = text.partition("=")
    spec = data.spec(group.strip(), "group")
    labels = data.frame[spec.name].to_numpy()
    found = np.asarray(labels == name.strip())
    if not found.any():
        hint = nearest(name.strip(), {*labels} - {""}, spec.name)
        message = f"no row is of {spec.name} '{name.strip()}'"
        raise ScenarioError([Problem(message, "--lot", hint, data.file)])
    if found.all():
        message = f"all rows are of {spec.name} '{name.strip()}': there are no others"
        raise ScenarioError([Problem(message, "--lot", "another group", data.file)])
    return found


def explained_lot(predictor: Predictor, label: str, features: np.ndarray, own: np.ndarray) -> Lot:
    """Explain why the rows `own`, of features (rows, features), are predicted as they are.

    Rows that lack a feature are left out; ScenarioError where none is left.
    """
    link = predictor.card.target.link
    whole = np.isfinite(features).all(axis=1)
    lot, rest = features[whole & own], features[whole & ~own]
    if not len(lot) or not len(rest):
        hint = "a predictor of features that are there"
        raise ScenarioError([Problem(f"no row of {label} is whole", "--lot", hint)])

    def value(rows: np.ndarray) -> np.ndarray:
        return link.back(predictor.linked(rows))

    chosen, background = _some(lot), _some(rest)
    each = [shapley(value, row, background) for row in chosen]
    parts = np.array([one.parts for one in each])
    drawn = np.array([one.errors for one in each])
    spread = parts.std(axis=0, ddof=1) if len(parts) > 1 else np.zeros(parts.shape[1])
    return Lot(
        predictor.card, label, len(lot), len(rest),
        float(np.mean([one.prediction for one in each])), each[0].mean,
        float(np.hypot(_error(value(chosen)), _error(value(background)))), parts.mean(axis=0),
        np.hypot(spread, drawn.mean(axis=0)) / np.sqrt(len(parts)),
        lot.mean(axis=0), rest.mean(axis=0),
    )  # fmt: skip


def origin_of(data: Dataset, name: str) -> str:
    """Say which batch, roll and lot a row of a dataset is of; "" where it has no groups."""
    names = [data.row(at) for at in range(len(data.frame))]
    at = names.index(name)
    told = [f"{group} {data.frame[group].iloc[at]}" for group in data.groups]
    return f"{name}: {', '.join(told)}" if told else ""


def lot_rows(found: Lot) -> list[tuple[str, ...]]:
    """Return a row for each feature, those that add most first."""
    target = spec_of(found.card.target)
    rows: list[tuple[str, ...]] = []
    for number in np.argsort(-np.abs(found.parts), kind="stable").tolist():
        feature = found.card.features[number]
        spec = spec_of(feature)
        rows.append(
            (
                feature.name,
                spec.shown(float(found.own[number])),
                spec.shown(float(found.rest[number])),
                target.shown_difference(float(found.parts[number])),
                target.shown_difference(float(found.errors[number])),
            )
        )
    return rows


def lot_sentence(found: Lot) -> str:
    """Say by how much the lot is predicted to differ."""
    target = spec_of(found.card.target)
    away = found.prediction - found.mean
    chance = "" if abs(away) > _CLEAR * found.error else "; no more than chance gives"
    return (
        f"{found.label}: {found.card.target.name} {target.shown(found.prediction)} on average, "
        f"{target.shown_difference(abs(away))} (+- {target.shown_difference(found.error)}) "
        f"{'above' if away >= 0 else 'below'} the others "
        f"({found.rows:,} rows against {found.others:,}, up to {MOST_ROWS} of each), which the "
        f"parts sum to{chance}"
    )


def lot_content(found: Lot) -> dict[str, Any]:
    """Return a lot explained as JSON holds it, in canonical units."""
    return {
        **heading(found.card),
        "lot": found.label,
        "rows": found.rows,
        "others": found.others,
        "prediction": found.prediction,
        "mean": found.mean,
        "standard_error": found.error,
        "features": [
            {
                "name": feature.name,
                "unit": feature.unit,
                "mean": float(found.own[number]),
                "mean_of_others": float(found.rest[number]),
                "adds": float(found.parts[number]),
                "standard_error": float(found.errors[number]),
            }
            for number, feature in enumerate(found.card.features)
        ],
    }


def _some(rows: np.ndarray) -> np.ndarray:
    """Return up to `MOST_ROWS` rows, evenly taken."""
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).astype(int)])


def _error(values: np.ndarray) -> float:
    """Return the standard error of a mean; 0 of a single value, which has none."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
