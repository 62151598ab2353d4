"""Goals of a target, limits of features, and the chance that a prediction keeps a goal."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import special

from linetwin.cosim.units import Affine
from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.amounts import Scale, amount, difference
from linetwin.predictors.domain import OUTSIDE, OVERHANG, ROUNDING
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.surrogates.data.dataset import ColumnSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.predictors.card import Card, Feature, Target
    from linetwin.predictors.evaluating import Predictor

_FORMS: Final = (
    (re.compile(r"(?P<low>.+?)\s+to\s+(?P<high>.+)"), "between"),
    (re.compile(r"(?P<middle>.+?)\s*(?:\+-|\+/-|±)\s*(?P<half>.+)"), "around"),
    (re.compile(r"at least\s+(?P<low>.+)"), "between"),
    (re.compile(r"at most\s+(?P<high>.+)"), "between"),
)
_PREFIXED: Final = {"m", "s", "V", "A", "Ohm"}
_PREFIXES: Final = {"u": 1e-6, "m": 1e-3}
_GOAL: Final = "28 % to 30 %, 29 % +- 1 %, at least 28 % or at most 30 %"


@dataclass(frozen=True)
class Goal:
    """Between which values, in the target's canonical unit, it is to lie; infinite for no bound."""

    low: float
    high: float


@dataclass(frozen=True)
class Chance:
    """The chance that rows of features keep a goal, as a predictor foretells it.

    Its interval is taken as that of a normal distribution on the scale on which it was learnt [A];
    outside of its domain the chance is 0. `unseen`: as `Predictor.predict` takes it.
    """

    predictor: Predictor
    goal: Goal
    unseen: np.ndarray | None = None

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the chance at rows, shape (rows, features)."""
        return self.judge(rows)[0]

    def judge(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the chance at rows, and by how many deviations the middle of the goal is missed.

        The second is infinite outside of the domain.
        """
        card, found = self.predictor.card, self.predictor.predict(rows, self.unseen)
        link = card.target.link
        z = math.sqrt(2.0) * float(special.erfinv(card.coverage))
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = link.to(found.value)
            halves = np.stack([link.to(found.high) - mean, mean - link.to(found.low)])
            halves = np.where(np.isfinite(halves), halves, np.inf).min(axis=0)
            spread = np.maximum(halves / z, np.finfo(float).tiny)
            low, high = (_linked(card, edge) for edge in (self.goal.low, self.goal.high))
            chance = special.ndtr((high - mean) / spread) - special.ndtr((low - mean) / spread)
            middle = (low + high) / 2 if math.isfinite(low) and math.isfinite(high) else mean
            missed = np.abs(mean - middle)
            missed = np.maximum(missed, np.maximum(low - mean, mean - high)) / spread
        inside = found.domain != OUTSIDE
        return np.where(inside, chance, 0.0), np.where(inside, missed, np.inf)


def goal_of(text: str, target: Target) -> Goal:
    """Return the goal that `porosity=28 % to 30 %` names; ScenarioError with what is allowed."""
    name, equals, rest = text.partition("=")
    problems, place = Problems(), Place("--target")
    if not equals or name.strip() != target.name:
        problems.add(place, f"'{text}' is no goal of {target.name}", f"{target.name}={_GOAL}")
        problems.check()
    shown = "" if target.chance else spec_of(target).shown_unit
    low, high = span_of(rest.strip(), target.unit, place, problems, _GOAL, shown)
    if not low < high:
        problems.add(place, f"'{rest.strip()}' leaves no room", _GOAL)
    bounds = [each for each in (low, high) if math.isfinite(each)]
    if target.chance and not all(0 <= each <= 1 for each in bounds):
        hint = "0 % to 100 %, such as at most 30 %"
        problems.add(place, f"'{rest.strip()}' is no goal of a probability", hint)
    problems.check()
    return Goal(low, high)


def limits_of(
    card: Card, limits: Sequence[str], settings: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest value of each feature, in the card's order.

    `limits`: `roll_gap=20 um to 60 um`, or the name alone for the range that was trained;
    `settings`: `porosity_before=46 %`. ScenarioError for a feature that is in neither, and for a
    value so far from what was seen that nothing is predicted there.
    """
    problems = Problems()
    spans: dict[str, tuple[float, float]] = {}
    known = {feature.name: feature for feature in card.features}
    for option, texts in (("--limits", limits), ("--set", settings)):
        for text in texts:
            name, _, rest = (part.strip() for part in text.partition("="))
            place = Place(f"{option} {name}")
            if name not in known:
                problems.add(place, "is no feature", nearest(name, known, "feature"))
            elif name in spans:
                problems.add(place, "is there twice", "limits, or a value")
            else:
                spans[name] = _limits(known[name], rest, option, place, problems)
    for name, feature in known.items():
        if name not in spans:
            spec = spec_of(feature)
            seen = f"{spec.shown(feature.low)} to {spec.shown(feature.high)}"
            hint = f"--limits '{name}={seen}' (all that was seen), or --set {name}=VALUE"
            problems.add(Place("--limits"), f"nothing is said of {name}", hint)
    problems.check()
    ends = [spans[name] for name in known]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def heading(card: Card) -> dict[str, Any]:
    """Return which predictor speaks of what, in which unit, as JSON holds it."""
    return {"predictor": card.name, "target": card.target.name, "unit": card.target.unit}


def spec_of(named: Feature | Target) -> ColumnSpec:
    """Return how values of a feature or target are shown: by the vocabulary where it knows it.

    Else in the canonical unit, of a small length, time or voltage with a prefix.
    """
    words = vocabulary()
    if named.name in words and words[named.name].unit == named.unit:
        return ColumnSpec(named.name, "feature", named.unit, words[named.name])
    largest = max(abs(getattr(named, "low", 1.0)), abs(getattr(named, "high", 1.0)))
    for prefix, factor in _PREFIXES.items():
        if named.unit in _PREFIXED and 0 < largest < 1e3 * factor:
            written, scale = f"{prefix}{named.unit}", Affine(factor)
            return ColumnSpec(named.name, "feature", named.unit, written=written, scale=scale)
    return ColumnSpec(named.name, "feature", named.unit)


def _limits(
    feature: Feature, rest: str, option: str, place: Place, problems: Problems
) -> tuple[float, float]:
    spec = spec_of(feature)
    seen = f"{spec.shown(feature.low)} to {spec.shown(feature.high)}"
    if option == "--set":
        value = _number(rest, (feature.unit, spec.shown_unit), place, problems)
        most = OVERHANG * (1 + ROUNDING) * (feature.high - feature.low)
        if value < feature.low - most or value > feature.high + most:
            message = f"{spec.shown(value)} lies outside of what was seen: nothing is predicted"
            problems.add(place, message, seen)
        return value, value
    if not rest:
        return feature.low, feature.high
    form = "20 um to 60 um, or the name alone"
    low, high = span_of(rest, feature.unit, place, problems, form, spec.shown_unit)
    low, high = max(low, feature.low), min(high, feature.high)
    if not problems and low > high:
        problems.add(place, "lies outside of all that was seen", seen)
    return low, high


def span_of(
    text: str, unit: str, place: Place, problems: Problems, form: str, shown: str = ""
) -> tuple[float, float]:
    """Return the bounds in `unit` that a text names, infinite where it names none.

    `form`: what is allowed, for a problem at `place`; `shown`: the unit in which people read it.
    """
    both = (unit, shown)
    for pattern, kind in _FORMS:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        parts = match.groupdict()
        if kind == "around":
            middle = _number(parts["middle"], both, place, problems)
            scale = Scale(parse_unit(unit), unit)
            half = 0.0
            if _has_unit(parts["half"], both, place, problems):
                half = difference(parts["half"], scale, place, problems) or 0.0
            return middle - half, middle + half
        low = _number(parts["low"], both, place, problems) if "low" in parts else -math.inf
        high = _number(parts["high"], both, place, problems) if "high" in parts else math.inf
        if low > high:
            problems.add(place, f"'{text}' ends below its begin", form)
        return low, high
    problems.add(place, f"'{text}' is no range", form)
    return 0.0, 1.0


def _number(text: str, both: tuple[str, str], place: Place, problems: Problems) -> float:
    """Return an amount in a canonical unit, NaN where it is none; `both` as for `_has_unit`."""
    if not _has_unit(text, both, place, problems):
        return math.nan
    found = amount(text, Scale(parse_unit(both[0]), both[0]), place, problems)
    return math.nan if found is None else found


def _has_unit(text: str, both: tuple[str, str], place: Place, problems: Problems) -> bool:
    """Return whether a number has the unit that it needs; else that is noted.

    `both`: the canonical unit, and that in which people read it ("" where that is none or not
    known): a share of 1 that is read in % needs one.
    """
    unit, shown = both
    try:
        number, written = units.si(text)
    except ScenarioError as error:
        problems.adopt(error, place)
        return False
    if written or (unit == "1" and not shown):
        return True
    hint = f"with its unit: '{text} {shown or unit}'"
    if shown == "%" and abs(number) <= 1:
        hint += f", or '{100 * number:g} %'"
    problems.add(place, f"'{text}' has no unit", hint)
    return False


def _linked(card: Card, edge: float) -> float:
    """Return a bound of a goal on the target's scale; infinite where the scale ends before it."""
    link = card.target.link
    if math.isinf(edge):
        return edge
    if link.holds(np.array([edge]))[0]:
        return float(link.to(np.array([edge]))[0])
    if link.kind == "log":
        return -math.inf
    return -math.inf if edge <= link.low else math.inf
