"""Taking communication steps back: states inside the FMUs, and the values on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from linetwin.cosim.port import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.groups.running import Plan
    from linetwin.cosim.instance import State


class Mover(Protocol):
    """What takes single communication steps: both engines do."""

    @property
    def arrived(self) -> Sequence[str]:
        """Members that were as good as at the end of the last step when they ended it."""
        ...

    def move(self, time: float, index: int | None) -> float | None:
        """Take one communication step of all members to `time` (s), point `index` of the grid.

        Where a member may end it early and does, return its time (s): the step has to be taken
        back. Raises FmuError with the member and the time of the first failure.
        """
        ...

    def settle(self) -> None:
        """Let inputs from outside pass through at once, so that outputs fit them."""
        ...

    def befores(self) -> list[float]:
        """Return the times (s) of the points before, along which members extrapolate."""
        ...

    def under_way(self) -> str:
        """Return the member whose step was begun last, as another thread may ask; empty: none."""
        ...

    def close(self) -> None:
        """Give back what it holds inside the members."""
        ...

    def stand(self, at: float, index: int | None, befores: list[float]) -> None:
        """Take it that all members stand at `at` (s) again."""
        ...


class Snapshot:
    """Where all members of a group stood at one instant; it is overwritten by the next one."""

    def __init__(self, plan: Plan, mover: Mover) -> None:
        self._members = plan.members
        self._mover = mover
        self._states: list[State | None] = [None] * len(plan.members)
        cells = [cell for member in plan.members for cell in member.buffers()]
        arrays = [cell.values for cell in cells if isinstance(cell, Cell)]
        arrays += [member.previous for member in plan.members]
        self._kept = [(array, np.empty_like(array)) for array in arrays if array.size]
        self._texts = [cell for cell in cells if not isinstance(cell, Cell)]
        self._contents: list[bytes] = []
        self._at: tuple[float, int | None] = (0.0, None)
        self._befores: list[float] = []

    def keep(self, at: float, index: int | None) -> None:
        """Keep what is now, at `at` (s), point `index` of the grid; FmuError where one fails."""
        for place, member in enumerate(self._members):
            self._states[place] = member.running.save_state(self._states[place])
        for array, kept in self._kept:
            np.copyto(kept, array)
        self._contents = [cell.content() for cell in self._texts]
        self._at, self._befores = (at, index), self._mover.befores()

    def back(self) -> None:
        """Return to what was kept; FmuError where a member fails."""
        for state, member in zip(self._states, self._members, strict=True):
            if state is not None:
                member.running.restore_state(state)
                member.running.time = self._at[0]
        for array, kept in self._kept:
            np.copyto(array, kept)
        for cell, content in zip(self._texts, self._contents, strict=True):
            cell.load(content)
        self._mover.stand(*self._at, self._befores)

    def free(self) -> None:
        """Give the FMUs' memory back; what has failed is left alone."""
        for place, member in enumerate(self._members):
            state, instance = self._states[place], member.instance
            if state is not None and instance is not None and not instance.broken:
                instance.free_state(state)
            self._states[place] = None
