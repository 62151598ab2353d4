"""One phase of a Transform for many items, in the FMU's own numbers."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from linetwin.cosim.port import Port, Table
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.wiring import Wire


class Batch:
    """The values that go in and come out of a phase; kept and filled anew from call to call."""

    def __init__(
        self, binary: Binary, wires: Sequence[Wire], outputs: Sequence[Wire], rows: int
    ) -> None:
        """Bind to a binary: `wires` are set before the phase, `outputs` read after it."""
        self.rows = rows
        self.wires = tuple(wires)
        self.inputs = Table(Port(binary, [found.variable for found in wires]), rows)
        self.outputs = Table(Port(binary, [found.variable for found in outputs]), rows)
        self.durations: list[float] = []
        self.taken: list[float] = []
        self._views: list[Batch] = []

    def fill(self, values: Iterable[float | np.ndarray], duration: float | np.ndarray) -> None:
        """Take the wires' quantities and the duration (s), scalars or of shape (rows,)."""
        for position, (found, value) in enumerate(zip(self.wires, values, strict=True)):
            self.inputs.write(position, value if found.plain else found.to_variable(value))
        if isinstance(duration, np.ndarray) and duration.ndim:
            self.durations = duration.astype(np.float64).tolist()
        else:
            self.durations = [float(duration)] * self.rows
        if not all(length >= 0.0 for length in self.durations):
            raise FmuError("a phase has a negative duration, or none")
        self.taken = [0.0] * self.rows

    def views(self, count: int) -> list[Batch]:
        """Return the same values for so many threads; each points to rows of its own."""
        while len(self._views) < count:
            other = copy.copy(self)
            other.inputs, other.outputs = self.inputs.view(), self.outputs.view()
            other._views = []  # noqa: SLF001 - its own kind; no reference cycle is left behind
            self._views.append(other)
        for other in self._views:
            other.durations, other.taken = self.durations, self.taken
        return self._views[:count]

    def in_range(self) -> np.ndarray:
        """Return for each item whether what was set lies in the ranges that the FMU declares."""
        good = np.ones(self.rows, dtype=np.bool_)
        for position, found in enumerate(self.wires):
            numbers = self.inputs.read(position)
            good &= (numbers >= found.variable.minimum) & (numbers <= found.variable.maximum)
        return good
