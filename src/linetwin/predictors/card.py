"""What a predictor's file says of it: data, validity, scores, coverage, laws, versions, hashes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
from pydantic import AfterValidator, Field, StringConstraints

from linetwin.predictors.domain import MOST_POINTS, Domain
from linetwin.predictors.links import Finite, Link, Part
from linetwin.quantities.ucum import parse_unit

if TYPE_CHECKING:
    from collections.abc import Sequence


def _shown(text: str) -> str:
    """Return a text that a terminal shows as it is; ValueError for one that steers it."""
    if not text.isprintable():
        raise ValueError("it holds characters that are none to be shown")
    return text


Text = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_shown)]
Name = Annotated[str, StringConstraints(max_length=200, min_length=1), AfterValidator(_shown)]


def _unit(text: str) -> str:
    """Return a unit that is one; ValueError for any other text."""
    parse_unit(text)
    return text


UnitText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_unit)]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=200)]
"""What a training file may be called: the name of a predictor's file in a registry."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
_MOST_FEATURES = 200
MOST_HELD_OUT: Final = 10_000
"""Held-out groups whose errors a card keeps: a file has to stay one to be read at once [A]."""
MOST_SEEN = 2_000
"""Groups of a kind up to which they are named [A]; of more all are taken as new."""


class Feature(Part):
    """A feature: canonical unit, range in the training data; `log`: the model takes its log."""

    name: Name
    unit: UnitText
    low: Finite
    high: Finite
    log: bool = False


class Target(Part):
    """What is predicted, its canonical unit, and the scale on which it was learnt.

    `chance`: the data say 1 or 0, and the probability of 1 is predicted.
    """

    name: Name
    unit: UnitText
    link: Link
    chance: bool = False


class Region(Part):
    """Intervals of predictions up to `below` (None: all above): half-width on the target's scale.

    `how`: `conformal`, or `normal` where too few groups are there for a promise without one; of a
    chance `groups`: from how rates of held-out groups differ from their predictions.
    """

    below: Finite | None
    half_width: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    how: Literal["conformal", "normal", "groups"]
    rows: Count
    groups: Count


class Level(Part):
    """A kind of group that held-out groups share with training rows: deliveries above batches.

    `seen`: names of those in the training, none where there are too many to name; `regions`: the
    intervals for a row of a new one, from these groups held out; none where they are too few.
    """

    column: Name
    groups: Count
    seen: Annotated[list[Text], Field(max_length=MOST_SEEN)]
    regions: Annotated[list[Region], Field(max_length=20)]


class Covered(Part):
    """How many held-out rows lay in their intervals; `low`, `high`: 95 % binomial interval.

    Where rows are weighed `share` is that of the weight, and the interval is that of as many
    `effective` rows of equal weight (Kish 1965); None where all count the same.
    """

    where: Text
    rows: Count
    inside: Count
    low: Share
    high: Share
    share: Share | None = None
    effective: Positive | None = None


class Calibrated(Part):
    """Of a chance: the mean held-out prediction beside the observed rate of held-out rows.

    `low`, `high`: 95 % interval of the rate over groups; `weighed`: whether both shares, and not
    the counts, are by the weights of rows.
    """

    where: Text
    rows: Count
    ones: Count
    weighed: bool = False
    predicted: Share
    observed: Share
    low: Share
    high: Share


class Seen(Part):
    """Training points in scaled ranges, and the reach around each."""

    points: Annotated[list[list[Finite]], Field(min_length=1, max_length=MOST_POINTS)]
    reach: Positive


class Taken(Part):
    """Which feature a variable of the physics is: variable = factor * feature + offset."""

    variable: Name
    feature: Name
    factor: Finite
    offset: Finite


class Physics(Part):
    """A shipped model whose output the learnt part corrects, on the target's scale.

    `token` tells the build; `settings` and `fitted` are in the variables' own units; target =
    factor * output + offset.
    """

    model: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,80}$")]
    token: Text
    settings: dict[Name, Finite]
    inputs: Annotated[list[Taken], Field(max_length=_MOST_FEATURES)]
    fitted: dict[Name, Finite]
    output: Name
    factor: Finite
    offset: Finite


class Data(Part):
    """What the predictor was trained on.

    `weight`: the column by which rows are weighed, "" for none; `effective`: as many rows of equal
    weight tell as much, sum² / sum of squares (Kish 1965).
    """

    name: Text
    source: Text
    licence: Text
    digest: Digest
    rows: Count
    groups: Count
    group: Text
    weight: Text = ""
    effective: Positive | None = None


class CandidateScore(Part):
    """A candidate's root mean square error on held-out groups; `setting`: of the final fit.

    Of a chance `error` is the log loss, `r2` the part of it that is less than the rate's alone.
    """

    name: Name
    error: Finite
    spread: Finite
    r2: Finite
    setting: Text
    law: Text
    brier: Finite | None = None


class Pair(Part):
    """Mean squared error of `first` less that of `second`, and its 95 % interval over groups."""

    first: Name
    second: Name
    difference: Finite
    low: Finite
    high: Finite


class HeldOut(Part):
    """Sum of squared errors of the winner on one held-out group; `digest` of its target values."""

    group: Text
    digest: Digest
    rows: Count
    squares: Finite


class Card(Part):
    """A predictor's card. `winner` names the candidate that is inside; `said` why it won.

    `held_out`: of more than `MOST_HELD_OUT` groups as many, those with the lowest SHA-256 of their
    names, so that two versions keep the same ones.
    `model_digest`: the seal, over the rest of the card and the graph (see `store.sealed`).
    """

    format: Literal[1]
    name: FileName
    made: Text
    target: Target
    features: Annotated[list[Feature], Field(min_length=1, max_length=_MOST_FEATURES)]
    physics: Physics | None
    learnt: bool
    winner: Name
    said: list[Text]
    seen: Seen
    coverage: Annotated[float, Field(gt=0.0, lt=1.0)]
    regions: Annotated[list[Region], Field(min_length=1, max_length=20)]
    levels: Annotated[list[Level], Field(max_length=50, default_factory=list)]
    covered: list[Covered]
    calibrated: Annotated[list[Calibrated], Field(max_length=20, default_factory=list)]
    score: Literal["absolute", "relative", "log_loss"]
    procedure_error: Finite
    noise: Finite | None
    candidates: Annotated[list[CandidateScore], Field(max_length=50)]
    pairs: Annotated[list[Pair], Field(max_length=500)]
    held_out: Annotated[list[HeldOut], Field(max_length=MOST_HELD_OUT)]
    laws: list[Text]
    data: Data
    versions: dict[Name, Text]
    model_digest: Digest

    def domain(self) -> Domain:
        """Return where the predictor may be asked; ValueError where points and features differ."""
        low = np.array([feature.low for feature in self.features])
        high = np.array([feature.high for feature in self.features])
        if any(len(point) != len(self.features) for point in self.seen.points):
            raise ValueError("a training point has another number of features")
        if not (low < high).all():
            raise ValueError("a feature has no range")
        _check_regions(self.regions)
        for level in self.levels:
            if level.regions:
                _check_regions(level.regions)
        return Domain(low, high, np.array(self.seen.points), self.seen.reach)


def digest_of_targets(values: np.ndarray) -> str:
    """Return the digest by which a group's rows are known again: of its targets, in any order."""
    return hashlib.sha256(np.sort(np.asarray(values, dtype=np.float64)).tobytes()).hexdigest()


def half_widths(linked: np.ndarray, regions: Sequence[Region]) -> np.ndarray:
    """Return the half-width at predictions on the target's scale, shape (rows,)."""
    edges = [region.below for region in regions if region.below is not None]
    widths = np.array([region.half_width for region in regions])
    return np.asarray(widths[np.searchsorted(edges, linked, side="left")])


def _check_regions(regions: list[Region]) -> None:
    edges = [region.below for region in regions]
    inner = [edge for edge in edges[:-1] if edge is not None]
    if edges[-1] is not None or len(inner) != len(edges) - 1 or inner != sorted(inner):
        raise ValueError("the regions of the intervals do not follow each other")
