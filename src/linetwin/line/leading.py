"""A line that is led: something else, such as a plant, says when stations begin, stop and finish.

Led stations do what they always do, with their own models, but hand a lot over when the leader has
handed one over: not before, and at once where they are behind. They fail when the leader does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from linetwin.line.drivers import ScriptedDriver, StochasticDriver

if TYPE_CHECKING:
    from collections.abc import Collection

    from linetwin.line.streams import Streams
    from linetwin.scenario.resolved import FailureConfig


class Leader(Protocol):
    """What a led station asks."""

    def stop(self, unit: str) -> str:
        """Why the leader's machine stands still now, or ""."""
        ...

    def may_take(self, unit: str) -> bool:
        """Whether the leader's machine has taken a lot that the led one has not taken yet."""
        ...

    def may_give(self, unit: str) -> bool:
        """Whether the led machine may hand over a lot now."""
        ...

    def is_behind(self, unit: str) -> bool:
        """Whether the leader's machine has handed over a lot that the led one is still making."""
        ...

    def has_begun(self, unit: str) -> bool:
        """Whether the leader's machine has begun a lot that the led one has not begun."""
        ...


class LedDriver(StochasticDriver):
    """Lets no machine fail: that is the leader's part. What is made varies as in any line.

    `without_scatter`: units that make the mean of what they make, for what scatters in the leader's
    line is not known, and scatter of the led one's own would only be added to it.
    """

    def __init__(self, streams: Streams, without_scatter: Collection[str] = ()) -> None:
        super().__init__(streams)
        self._mean = frozenset(without_scatter)

    def time_to_failure(self, unit: str, failure: FailureConfig) -> int:
        """Return a time that never comes [ticks]."""
        del unit, failure
        return ScriptedDriver.NEVER

    def normal(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Draw standard normal numbers; zeros for a unit without scatter."""
        return np.zeros(size) if unit in self._mean else super().normal(unit, cause, size)
