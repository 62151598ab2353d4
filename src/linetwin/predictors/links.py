"""Scales on which a target is learnt, so that what comes back keeps its law."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a card: complete, of the stated types, finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Link(Part):
    """`identity`; `log` of what is above 0; `logit` of what lies between `low` and `high`."""

    kind: Literal["identity", "log", "logit"] = "identity"
    low: Finite = 0.0
    high: Finite = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Link:
        if not self.low < self.high:
            raise ValueError("low is not below high")
        return self

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Tell for each value whether it has a place on the scale."""
        if self.kind == "log":
            return np.asarray(values > 0)
        if self.kind == "logit":
            return np.asarray((values > self.low) & (values < self.high))
        return np.asarray(np.isfinite(values))

    def to(self, values: np.ndarray) -> np.ndarray:
        """Return values on the scale."""
        if self.kind == "log":
            return np.asarray(np.log(values))
        if self.kind == "logit":
            share = (values - self.low) / (self.high - self.low)
            return np.asarray(np.log(share) - np.log1p(-share))
        return values

    def slope(self, values: np.ndarray) -> np.ndarray:
        """Return by how much the scale rises per unit of values that have a place on it."""
        if self.kind == "log":
            return np.asarray(1.0 / values)
        if self.kind == "logit":
            span = self.high - self.low
            return np.asarray(span / ((values - self.low) * (self.high - values)))
        return np.ones_like(values)

    def back(self, linked: np.ndarray) -> np.ndarray:
        """Return what stands for numbers of the scale."""
        if self.kind == "log":
            return np.asarray(np.exp(np.minimum(np.maximum(linked, -700.0), 700.0)))
        if self.kind == "logit":
            # exact at both ends: tanh saturates at 1, never above
            return np.asarray(self.low + (self.high - self.low) * 0.5 * (1 + np.tanh(0.5 * linked)))
        return linked
