"""What a setting would have had to be for a cell to keep a goal, nearest to what it was.

Two models answer one after another: those of the stations say what the cell would have been, the
predictor what it would have become. The interval is the predictor's; that of the stations' models
is not in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.domain import OUTSIDE
from linetwin.quantities import vocabulary
from linetwin.surrogates.data.dataset import ColumnSpec
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.settings.physics import BEHIND, Chain, Step
from linetwin.surrogates.settings.stations import KEY, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.predictors.card import Card
    from linetwin.predictors.evaluating import Predictor
    from linetwin.quantities import Quantity
    from linetwin.surrogates.settings.stations import Setting

    Chances = Callable[[np.ndarray], np.ndarray]
    """Rows of features, shape (rows, features) -> chance of the goal, shape (rows,)."""

PLACES: Final = 60
"""Values of a setting that are tried; the cell's own is one more [A]."""
_LEAST_GAIN: Final = 0.05
"""Gain of the chance below which a setting helps nothing [A]."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a cell: a predictor, the chance of its goal at rows, and how much of it.

    `unseen`: as `Predictor.predict` takes it, None where the cell's lots are of the training;
    `sure`: how that chance is called, of a goal for a probability its confidence.
    """

    predictor: Predictor
    chances: Chances
    needed: float
    unseen: np.ndarray | None = None
    sure: str = "probability"


@dataclass(frozen=True)
class HadBeen:
    """A setting as it was and as it would have had to be, in its canonical unit.

    `chance` of the goal there, `before` as it was; `reached`: whether it is what was asked, else it
    is the best within the limits; `value`, `low`, `high` of the predicted target there; `moved`:
    feature -> (as it was, as it would have been); `held`: features that other fill would change
    too; `tried`, `refused`: values, and those that a model or the predictor's domain refuses;
    `sure`: as asked.
    """

    setting: Setting
    at: float
    chance: float
    before: float
    reached: bool
    value: float
    low: float
    high: float
    moved: dict[str, tuple[float, float]]
    steps: tuple[Step, ...]
    held: tuple[str, ...]
    tried: int
    refused: int
    sure: str

    @property
    def helps(self) -> bool:
        """Whether anything is gained."""
        return self.reached or self.chance > self.before + _LEAST_GAIN


def had_been(
    asked: Asked, chain: Chain, setting: Setting, limits: tuple[float, float] | None = None
) -> HadBeen:
    """Return what a setting would have had to be, between limits in its canonical unit.

    ScenarioError where the predictor takes nothing that the setting moves, where limits are none,
    and as `Chain.moved`.
    """
    if limits is not None:
        setting = replace(setting, span=limits)
    low, high = setting.span
    if not low < high:
        raise ScenarioError([Problem(f"{setting.address} has no room", KEY, "LOW to HIGH")])
    values = np.concatenate([[setting.value], np.linspace(low, high, PLACES)])
    moved = chain.moved(setting, values)
    card = asked.predictor.card
    own = [feature.name for feature in card.features]
    touched = {name for step in moved.steps for name in step.moved}
    if not touched & {*own}:
        message = f"{card.name} takes nothing that {setting.address} moves"
        hint = f"a predictor of {', '.join(sorted(touched)) or 'what it moves'}"
        raise ScenarioError([Problem(message, KEY, hint)])
    rows = np.stack([moved.features[name] for name in own], axis=1)
    chances = np.where(moved.valid, asked.chances(rows), 0.0)
    predicted = asked.predictor.predict(rows, asked.unseen)
    refused = ~moved.valid | (predicted.domain == OUTSIDE)
    if refused.all():
        message = f"{card.name} refuses this cell at every value of {setting.address}"
        raise ScenarioError([Problem(message, KEY, "another cell, or a wider training")])
    best = _nearest(values, chances, refused, asked.needed)
    return HadBeen(
        setting, float(values[best]), float(chances[best]), float(chances[0]),
        bool(chances[best] >= asked.needed), float(predicted.value[best]),
        float(predicted.low[best]), float(predicted.high[best]),
        {name: (float(moved.features[name][0]), float(moved.features[name][best]))
         for name in sorted(touched)},
        moved.steps, tuple(name for name in BEHIND if name in own),
        PLACES, int(refused[1:].sum()), asked.sure,
    )  # fmt: skip


def _nearest(values: np.ndarray, chances: np.ndarray, refused: np.ndarray, needed: float) -> int:
    """Return which value reaches the chance with the smallest move, else which has the largest."""
    good = np.flatnonzero((chances >= needed) & ~refused)
    if good.size:
        return int(good[np.argmin(np.abs(values[good] - values[0]))])
    return int(np.argmax(np.where(refused, -1.0, chances)))


def settings_of(card: Card, settings: list[Setting]) -> list[Setting]:
    """Return the settings that move a feature of a predictor at once, each machine's own."""
    names = {feature.name for feature in card.features}
    moves = {
        ("calender", "line_load"): ("porosity", "coating_thickness"),
        ("coater", "loading_target"): ("loading",),
        ("filler", "electrolyte_dose"): ("dosed_electrolyte", "electrolyte_mass", "fill_ratio"),
    }
    assert moves.keys() == SETTINGS.keys()  # noqa: S101 - one table of settings, one of effects
    found = []
    for each in settings:
        prefix = f"{each.electrode}_" if each.electrode else ""
        if names & {f"{prefix}{name}" for name in moves[each.kind, each.name]}:
            found.append(each)
    return found


def sentences(found: HadBeen, card: Card, good: str) -> list[str]:
    """Say what would have helped, by which models, and what was held; `good` names the goal."""
    spec = spec_of_setting(found.setting)
    was, at = spec.shown(found.setting.value), spec.shown(found.at)
    if not found.helps:
        return [
            (
                f"{found.setting.address} alone would not have helped: {good} with {found.sure} "
                f"{found.before:.2f} as it was ({was}), {found.chance:.2f} at best within "
                f"{_limits(found)}"
            )
        ]
    best = "" if found.reached else " (the best it can do alone)"
    said = [
        (
            f"{good} with {found.sure} {found.chance:.2f} had {found.setting.address} been {at}"
            f"{best}; it was {was}, with {found.sure} {found.before:.2f}"
        ),
        _foretold(found, card),
    ]
    for step in found.steps:
        moves = [f"{name} {_moved(found, name)}" for name in step.moved]
        said.append(f"by {step.by}: {'; '.join(moves)}")
    if found.held:
        said.append(f"held as they were, though other fill would change them: "
                    f"{', '.join(found.held)}")  # fmt: skip
    if found.refused:
        said.append(
            f"{found.refused} of {found.tried} values within {_limits(found)} are refused: beyond "
            "a model's range, or unlike all that the predictor has seen"
        )
    return said


def _foretold(found: HadBeen, card: Card) -> str:
    """Say what the predictor foretells there, with its interval."""
    what = f"the probability of {card.target.name}" if card.target.chance else card.target.name
    value, ends = _interval(found, card)
    return (
        f"{what} is then {value} ({card.coverage:.0%} of the predictor: {ends}; errors of the "
        "stations' models are not in it)"
    )


def _interval(found: HadBeen, card: Card) -> tuple[str, str]:
    """Return what is predicted there, and the ends of its interval."""
    if card.target.chance:
        return f"{found.value:.2f}", f"{found.low:.2f} to {found.high:.2f}"
    target = spec_of(card.target)
    return target.shown(found.value), f"{target.shown(found.low)} to {target.shown(found.high)}"


def short(found: HadBeen, card: Card, good: str) -> str:
    """Say in one line what would have helped, for a page of many cells."""
    spec = spec_of_setting(found.setting)
    best = "" if found.reached else " (the best it can do alone)"
    value, ends = _interval(found, card)
    by = ", ".join(dict.fromkeys(step.by for step in found.steps))
    return (
        f"{good} with {found.sure} {found.chance:.2f} had {found.setting.address} been "
        f"{spec.shown(found.at)}{best}; it was {spec.shown(found.setting.value)} (by {by}, then "
        f"the predictor: {value}, {card.coverage:.0%} {ends})"
    )


def content(found: HadBeen) -> dict[str, Any]:
    """Return a counterfactual as JSON holds it."""
    return asdict(found) | {"setting": found.setting.address, "was": found.setting.value,
                            "unit": found.setting.unit, "helps": found.helps}  # fmt: skip


def spec_of_setting(setting: Setting) -> ColumnSpec:
    """Return how values of a setting are shown: by the vocabulary where it knows it."""
    quantity = _quantity(setting.name)
    known = quantity if quantity is not None and quantity.unit == setting.unit else None
    return ColumnSpec(setting.name, "feature", setting.unit, known)


def _quantity(name: str) -> Quantity | None:
    words = vocabulary()
    if name in words:
        return words[name]
    return None


def _limits(found: HadBeen) -> str:
    spec, (low, high) = spec_of_setting(found.setting), found.setting.span
    return f"{spec.shown(low)} to {spec.shown(high)}"


def _moved(found: HadBeen, name: str) -> str:
    """Return a feature as it was and would have been."""
    bare = name.removeprefix("cathode_").removeprefix("anode_")
    quantity = _quantity(name) or _quantity(bare)
    unit = quantity.unit if quantity is not None else "1"
    spec = ColumnSpec(name, "feature", unit, quantity)
    return " to ".join(spec.shown(value) for value in found.moved[name])
