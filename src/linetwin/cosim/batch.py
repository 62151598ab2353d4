"""One phase of a Transform for many items, in the FMU's own numbers."""

from __future__ import annotations

import copy
import ctypes
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.cosim.kernel.structures import KernelPhase
from linetwin.cosim.port import Port, Table
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.wiring import Wire


def _address(values: np.ndarray) -> int:
    return int(values.__array_interface__["data"][0])


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
        self.durations = np.zeros(rows)
        self.taken = np.zeros(rows)
        # the same numbers, item by item in a third of NumPy's time
        items = ctypes.c_double * rows
        self.lengths = items.from_address(_address(self.durations))
        self.times = items.from_address(_address(self.taken))
        self._views: list[Batch] = []

    def fill(self, values: Iterable[float | np.ndarray], duration: float | np.ndarray) -> None:
        """Take the wires' quantities and the duration (s), scalars or of shape (rows,)."""
        for position, (found, value) in enumerate(zip(self.wires, values, strict=True)):
            self.inputs.write(position, value if found.plain else found.to_variable(value))
        self.durations[:] = duration
        if not (self.durations >= 0.0).all():
            raise FmuError("a phase has a negative duration, or none")
        self.taken[:] = 0.0

    @cached_property
    def compiled(self) -> KernelPhase:
        """The batch for the kernel; valid for as long as the batch lives."""
        return KernelPhase(
            inputs=self.inputs.setting,
            outputs=self.outputs.getting,
            lengths=_address(self.durations),
            taken=_address(self.taken),
        )

    def views(self, count: int) -> list[Batch]:
        """Return the same values for so many threads; each points to rows of its own."""
        while len(self._views) < count:
            other = copy.copy(self)
            other.inputs, other.outputs = self.inputs.view(), self.outputs.view()
            other._views = []  # noqa: SLF001 - its own kind; no reference cycle is left behind
            self._views.append(other)
        return self._views[:count]

    def in_range(self) -> np.ndarray:
        """Return for each item whether what was set lies in the ranges that the FMU declares."""
        good = np.ones(self.rows, dtype=np.bool_)
        for position, found in enumerate(self.wires):
            numbers = self.inputs.read(position)
            good &= (numbers >= found.variable.minimum) & (numbers <= found.variable.maximum)
        return good
