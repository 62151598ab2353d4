"""What a stand-in's file says of it: which calls it answers, how, how well, and its origin.

A stand-in answers for one FMU. Each of its regimes answers calls of one form: which quantities are
given at the start and in each phase, which of them always had one value, and which vary within a
box that designed points fill.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, model_validator

from linetwin.predictors.card import (  # noqa: TC001 - pydantic reads them when it runs
    Count,
    Covered,
    Data,
    Digest,
    Name,
    Positive,
    Text,
    UnitText,
)
from linetwin.predictors.links import Finite, Link, Part

START: Final = -1
"""Place of what an item brings; the phases' places count from 0."""
DURATION: Final = "duration"
"""Name under which a phase's duration stands among its inputs."""
_MOST_SLOTS: Final = 2_000
_MOST_REGIMES: Final = 200
Place = Annotated[int, Field(ge=START, le=1_000)]
Phase = Annotated[int, Field(ge=0, le=1_000)]
Numbers = Annotated[list[Finite], Field(max_length=5_000)]
Half = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Slot(NamedTuple):
    """One quantity at one place of a call, or of its answer."""

    place: int
    name: str


class Condition(Part):
    """A quantity that always had this value, in its canonical unit: a call has to meet it."""

    place: Place
    name: Name
    value: Finite


class Tie(Part):
    """A quantity that always was `factor` times a variable: a call has to meet that."""

    place: Place
    name: Name
    variable: Count
    factor: Finite


class Variable(Part):
    """A quantity that varies: the box that designed points fill, and what the line itself showed.

    `scale`: what of it the answer is computed from.
    """

    place: Place
    name: Name
    unit: UnitText
    low: Finite
    high: Finite
    seen_low: Finite
    seen_high: Finite
    scale: Literal["identity", "log", "inverse"] = "identity"

    @property
    def midway(self) -> tuple[float, float]:
        """The ends half way between what was seen and the box."""
        return (self.low + self.seen_low) / 2, (self.high + self.seen_high) / 2

    @model_validator(mode="after")
    def _ordered(self) -> Variable:
        if not self.low <= self.seen_low <= self.seen_high <= self.high or self.low == self.high:
            raise ValueError("its box does not hold what was seen, or is empty")
        if self.scale != "identity" and self.low <= 0.0:
            raise ValueError(f"its box has no {self.scale}")
        return self


class Constant(Part):
    """An output that always had this value, up to `scatter` (half of its spread)."""

    phase: Phase
    name: Name
    value: Finite
    scatter: Half = 0.0


class Copy(Part):
    """An output that always was `factor` times a variable."""

    phase: Phase
    name: Name
    variable: Count
    factor: Finite


class Learnt(Part):
    """An output that was learnt: on which scale, by what, and its held-out error.

    `half_widths`: of its interval on the scale, by region: where the line's items lie, up to half
    way from what was seen to the ends of the box, and in the rest of it;
    `low`, `high`: its range in training; `error`: root mean square on held-out lots and points;
    `widest`: interval up to which `auto` takes it, unless a scenario says otherwise, in its unit;
    `bounded`: what is computed is cut to the bounds of `link`, which is not its scale.
    """

    phase: Phase
    name: Name
    unit: UnitText
    link: Link
    bounded: bool
    candidate: Name
    half_widths: tuple[Half, Half, Half]
    low: Finite
    high: Finite
    error: Finite
    widest: Positive


class Regime(Part):
    """Calls of one form, recorded at `station`; `settings`: digest of the FMU's parameters.

    `rows`, `lots`, `designed`: recorded items, their lots, and designed points that trained it;
    `left_out`: recorded items that met no condition, or belonged to no usable box.
    """

    station: Name
    settings: Digest
    start: list[Name]
    phases: Annotated[list[list[Name]], Field(min_length=1, max_length=1_000)]
    conditions: Annotated[list[Condition], Field(max_length=_MOST_SLOTS)]
    ties: Annotated[list[Tie], Field(max_length=_MOST_SLOTS)]
    variables: Annotated[list[Variable], Field(min_length=1, max_length=200)]
    constants: Annotated[list[Constant], Field(max_length=_MOST_SLOTS)]
    copies: Annotated[list[Copy], Field(max_length=_MOST_SLOTS)]
    learnt: Annotated[list[Learnt], Field(max_length=_MOST_SLOTS)]
    rows: Count
    lots: Count
    designed: Count
    left_out: Count
    covered: Annotated[list[Covered], Field(max_length=10)]
    said: Annotated[list[Text], Field(max_length=100)]

    @model_validator(mode="after")
    def _fitting(self) -> Regime:
        named = [tie.variable for tie in self.ties] + [copied.variable for copied in self.copies]
        if any(number >= len(self.variables) for number in named):
            raise ValueError("a tie or a copy names no variable")
        given = {Slot(START, name) for name in self.start}
        given |= {Slot(at, name) for at, names in enumerate(self.phases) for name in names}
        given |= {Slot(at, DURATION) for at in range(len(self.phases))}
        asked: list[Condition | Tie | Variable] = [*self.conditions, *self.ties, *self.variables]
        told = [Slot(each.place, each.name) for each in asked]
        if len(told) != len(given) or set(told) != given:
            raise ValueError("what it asks of a call is not what a call gives")
        outputs = [Slot(each.phase, each.name) for each in self.outputs]
        if len(set(outputs)) != len(outputs) or max(outputs)[0] >= len(self.phases):
            raise ValueError("an output is told twice, or of a phase that is not there")
        return self

    @property
    def outputs(self) -> list[Constant | Copy | Learnt]:
        """All outputs, in the order in which they are computed."""
        return [*self.learnt, *self.constants, *self.copies]


class Weights(Part):
    """Numbers of a regime: outputs = `coefficients` times terms of the standardised variables.

    Terms are 1, the variables, with `quadratic` their products, and tanh of `hidden` times the
    variables plus `offsets`. Variables are standardised by `centres` and `spreads`. The items of a
    line lie between `low` and `high` of `axes` times the variables on their scales.
    """

    centres: Numbers
    spreads: Annotated[list[Positive], Field(max_length=5_000)]
    quadratic: bool
    hidden: Annotated[list[Numbers], Field(max_length=1_000)]
    offsets: Numbers
    axes: Annotated[list[Numbers], Field(max_length=200)]
    low: Numbers
    high: Numbers
    coefficients: Annotated[list[Numbers], Field(max_length=_MOST_SLOTS)]


class AllWeights(Part):
    """Numbers of all regimes, in the card's order."""

    regimes: Annotated[list[Weights], Field(max_length=_MOST_REGIMES)]


class StandInCard(Part):
    """A stand-in's card; `token` tells the FMU's build, `weights_digest` the numbers beside."""

    format: Literal[1]
    process: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,80}$")]
    model: Name
    token: Text
    made: Text
    coverage: Annotated[float, Field(gt=0.0, lt=1.0)]
    regimes: Annotated[list[Regime], Field(min_length=1, max_length=_MOST_REGIMES)]
    said: Annotated[list[Text], Field(max_length=200)]
    data: Data
    versions: dict[Name, Text]
    weights_digest: Digest
