"""Models of a line with somebody between the line and its Transforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.contracts import Continuous, Transform
    from linetwin.line.world import Models, Together
    from linetwin.scenario.resolved import StationConfig


@dataclass
class WrappedModels(ABC):
    """Models of which only the Transforms are others than those of `models`; see `world.Models`."""

    models: Models

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return a new machine model, or None where the station has none."""
        return self.models.machine(config)

    def continuous(self, config: StationConfig, kind: str) -> Continuous:
        """Return a new process model that lives in line time."""
        return self.models.continuous(config, kind)

    def together(self, models: Sequence[Continuous], names: Sequence[str]) -> Together:
        """Return a way to advance models that were given out here, and to read these outputs."""
        return self.models.together(models, names)

    @abstractmethod
    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return who answers for the process of this kind."""
