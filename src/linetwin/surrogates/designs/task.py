"""A design over one model: which quantities are varied, what is fixed, what is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.estimation.calibrating.subject import Channel, Subject
    from linetwin.study.factors import Factor

Kind = Literal["sobol", "latin_hypercube", "adaptive"]
KINDS: Final[tuple[Kind, ...]] = ("sobol", "latin_hypercube", "adaptive")
DURATION: Final = "duration"
"""Factor that stands for how long the model runs, where the model has no such variable."""


@dataclass(frozen=True)
class Stage:
    """One phase: variable -> number in its own unit, set as it begins; how long it lasts (s)."""

    settings: Mapping[str, float]
    duration_s: float


@dataclass(frozen=True)
class Varied:
    """A quantity that is varied; `channel`: what it sets, None for the duration."""

    factor: Factor
    channel: Channel | None

    @property
    def name(self) -> str:
        """Its name in the table."""
        return self.factor.address

    def at(self, share: float) -> float:
        """Return the amount at a share of the span."""
        return float(self.factor.at(share))  # type: ignore[arg-type]  # it has bounds, no levels


@dataclass(frozen=True)
class Told:
    """An output that is read at the end: its name in the table, and the model's variable."""

    name: str
    channel: Channel


@dataclass(frozen=True)
class DesignTask:
    """What a design runs.

    `line`: name of the scenario, "" for a model; `target`: the output by which an adaptive design
    chooses, "" in the others.
    """

    subject: Subject
    line: str
    varied: tuple[Varied, ...]
    stages: tuple[Stage, ...]
    told: tuple[Told, ...]
    kind: Kind
    points: int
    seed: int
    target: str = ""

    @property
    def name(self) -> str:
        """Return how the design is called: after its model."""
        return f"{self.subject.model}_{self.kind}"

    @property
    def as_it_starts(self) -> tuple[str, ...]:
        """Return inputs of the model that nothing sets: they stay as it starts."""
        told = {name for stage in self.stages for name in stage.settings}
        told |= {each.channel.variable.name for each in self.varied if each.channel is not None}
        inputs = self.subject.binary.description.of("input")
        return tuple(v.name for v in inputs if v.name not in told and "[" not in v.name)

    def amounts(self, shares: np.ndarray) -> np.ndarray:
        """Return factors at shares of their spans, both of shape (points, factors)."""
        rows = [
            [each.at(float(share)) for each, share in zip(self.varied, row, strict=True)]
            for row in shares
        ]
        return np.array(rows, dtype=np.float64).reshape(len(shares), len(self.varied))

    def shares(self, amounts: np.ndarray) -> np.ndarray:
        """Return amounts of the factors, shape (points, factors), as shares of their spans."""
        found = np.empty_like(amounts)
        for column, each in enumerate(self.varied):
            low, high, values = each.factor.low, each.factor.high, amounts[:, column]
            if each.factor.log:
                low, high, values = np.log(low), np.log(high), np.log(values)
            found[:, column] = (values - low) / (high - low)
        return found

    def identity(self) -> dict[str, Any]:
        """Return plain data that tell this design from another; the number of points is not."""
        return {
            "model": self.subject.model,
            "token": self.subject.token,
            "scenario": self.line,
            "process": self.subject.process or "",
            "kind": self.kind,
            "seed": self.seed,
            "target": self.target,
            "factors": [
                {"name": v.name, "unit": v.factor.unit, "low": v.factor.low,
                 "high": v.factor.high, "log": v.factor.log, "whole": v.factor.whole}
                for v in self.varied
            ],
            "phases": [
                {"duration_s": stage.duration_s, "settings": dict(stage.settings)}
                for stage in self.stages
            ],
            "outputs": {told.name: told.channel.shown for told in self.told},
        }  # fmt: skip
