"""What may stand in a study file."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from linetwin.scenario.absent import Given

DesignKind = Literal[
    "replications",
    "full",
    "one_at_a_time",
    "latin_hypercube",
    "sobol",
    "morris",
    "screen",
    "sobol_indices",
    "optimise",
    "compare",
]
DESIGN_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "replications": ((), ()),
    "full": ((), ("levels",)),
    "one_at_a_time": ((), ("levels",)),
    "latin_hypercube": (("points",), ()),
    "sobol": (("points",), ()),
    "morris": (("trajectories",), ("levels",)),
    "screen": (("points",), ("groups",)),
    "sobol_indices": (("points",), ("second_order",)),
    "optimise": (("trials",), ("batch", "finalists", "fresh")),
    "compare": ((), ("most", "confidence", "matters")),
}
"""Kind of design -> keys that it needs, and those that it may have."""
STATISTIC = re.compile(r"mean|sd|min|max|p(?!00)\d{2}")
STATISTIC_HINT = "allowed: mean, sd, min, max, or a percentile from p01 to p99"
Figure = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[^\s.][^.]*)+$")]
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WrittenFactor(_Strict):
    """What is varied: between two bounds, over levels, or around the present value.

    `around`: how far to either side, a share of the value or an amount; `scale`: how what lies
    between the bounds is spread; `without`: addresses, or patterns of them, that a pattern leaves
    alone.
    """

    low: Annotated[object, Given] = None
    high: Annotated[object, Given] = None
    levels: Annotated[list[object] | None, Given] = None
    around: Annotated[object, Given] = None
    scale: Literal["linear", "log"] = "linear"
    without: list[str] = []


class Design(_Strict):
    """Which points are run; which keys a kind has stands in DESIGN_KEYS.

    `matters`: an amount with its unit.
    """

    kind: DesignKind = "replications"
    points: Annotated[int | None, Given, Field(ge=1)] = None
    levels: Annotated[int | None, Given, Field(ge=2)] = None
    trajectories: Annotated[int | None, Given, Field(ge=2)] = None
    groups: Annotated[int | None, Given, Field(ge=2)] = None
    second_order: Annotated[bool | None, Given] = None
    trials: Annotated[int | None, Given, Field(ge=1)] = None
    batch: Annotated[int | None, Given, Field(ge=1)] = None
    finalists: Annotated[int | None, Given, Field(ge=1)] = None
    fresh: Annotated[int | None, Given, Field(ge=2)] = None
    most: Annotated[int | None, Given, Field(ge=2)] = None
    confidence: Annotated[float | None, Given, Field(gt=0.5, lt=1.0)] = None
    matters: Annotated[float | str | None, Given] = None


class Objective(_Strict):
    """A figure that is to be large, or small."""

    maximise: Annotated[Figure | None, Given] = None
    minimise: Annotated[Figure | None, Given] = None


class WrittenConstraint(_Strict):
    """A bound on a figure, an amount with its unit, that holds with `chance` over replications."""

    figure: Figure
    at_most: Annotated[float | str | None, Given] = None
    at_least: Annotated[float | str | None, Given] = None
    chance: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95


class Constraint(_Strict):
    """The same in the figure's canonical unit."""

    figure: Figure
    at_most: Annotated[float | None, Given] = None
    at_least: Annotated[float | None, Given] = None
    chance: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95


class StudyFile(_Strict):
    """A study file."""

    version: Literal[1] = Field(alias="schema")
    study: Annotated[str, Field(pattern=_NAME)]
    title: str = ""
    scenario: str
    settings: dict[str, object] = Field(default={}, alias="set")
    seed: Annotated[int | None, Given, Field(ge=0, lt=2**62)] = None
    replications: Annotated[int, Field(ge=1)] = 1
    factors: dict[str, WrittenFactor] = {}
    design: Design = Design()
    figures: list[Figure] = []
    columns: list[dict[str, str | list[str]]] = []
    objectives: list[Objective] = []
    constraints: list[WrittenConstraint] = []
    alternatives: dict[Annotated[str, Field(pattern=_NAME)], dict[str, object]] = {}
