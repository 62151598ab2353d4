"""A regime laid out for the kernel, which answers a call in one go.

A line calls its stand-ins for ten items between thousands of other things: each step of numpy is
found cold in the processor, and their number, not the work, decides what a call costs.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.cosim.kernel.stand_in_structures import (
    ITEMS,
    SCALES,
    UNKNOWN,
    KernelMultiple,
    KernelOutput,
    KernelRegime,
    KernelVariable,
)
from linetwin.predictors.stand_in_asking import inner_ends_of
from linetwin.predictors.stand_in_reference import Answer
from linetwin.predictors.stand_in_terms import Bases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.predictors.stand_in_asking import Asking
    from linetwin.predictors.stand_in_card import Copy, Tie, Weights
    from linetwin.predictors.stand_in_limits import Limits

_FUNCTION: Final = "linetwin_stand_in"


class Compiled:
    """Answers calls of one regime, one at a time, as `Reference` does but for rounding."""

    def __init__(
        self, library: ctypes.CDLL, asking: Asking, weights: Weights, limits: Limits
    ) -> None:
        """Take what `stand_in_store.read` has checked; `library`: the kernel's."""
        # it keeps Python's lock: to give it away for microseconds can cost milliseconds
        form = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_size_t)
        self._call = form((_FUNCTION, library))
        self._size = asking.size
        regime = asking.regime
        self._outputs = len(regime.outputs)
        self._learnt, self._variables = len(regime.learnt), len(regime.variables)
        self._kept: list[Any] = []
        self._regime = KernelRegime(
            variable_count=self._variables,
            condition_count=len(regime.conditions),
            tie_count=len(regime.ties),
            axis_count=len(weights.axes),
            bend_count=len(weights.hidden),
            quadratic=weights.quadratic,
            term_count=Bases(weights).terms,
            learnt_count=self._learnt,
            constant_count=len(regime.constants),
            copy_count=len(regime.copies),
            variables=self._keep(_variables(asking, weights)),
            conditions=self._array(np.hstack([asking.low, asking.high])[self._variables :]),
            ties=self._keep(_multiples(regime.ties)),
            axes=self._array(weights.axes),
            cloud=self._array(np.column_stack([weights.low, weights.high])),
            bends=self._array(np.column_stack([weights.offsets, weights.hidden]))
            if weights.hidden
            else None,
            coefficients=self._array(weights.coefficients),
            learnt=self._keep(_outputs(asking, limits)),
            constants=self._array([each.value for each in regime.constants]),
            copies=self._keep(_multiples(regime.copies)),
        )
        self._address = ctypes.addressof(self._regime)
        self._items = 0
        self._room: list[np.ndarray] = []
        self._matrix = np.empty((0, 0))
        self._make_room(ITEMS)

    def matrix(self, items: int) -> np.ndarray:
        """Return where a call is laid out, shape (asked, items); the next one fills it anew."""
        if items > self._items:
            self._make_room(items)
        self._matrix = self._room[0][: self._size * items].reshape(self._size, items)
        return self._matrix

    def answer(self, matrix: np.ndarray) -> Answer | None:
        """Return what comes of a call's items; None where one is not known."""
        items = matrix.shape[1]
        if matrix is not self._matrix:
            self.matrix(items)[:] = matrix
        told = self._call(self._address, items)
        if told == UNKNOWN:
            return None
        wide, region = divmod(told, 3)
        made = self._room[1][: self._outputs * items].reshape(self._outputs, items)
        return Answer(made.copy(), region, wide)

    def _make_room(self, items: int) -> None:
        chunks = -(-items // ITEMS)
        self._items = items
        given, made = np.empty(self._size * items), np.empty(self._outputs * items)
        room = np.empty((self._learnt + chunks * self._variables) * ITEMS)
        self._room = [given, made, room]
        regime = self._regime
        regime.given, regime.made, regime.room = (each.ctypes.data for each in self._room)

    def _keep(self, structures: Sequence[ctypes.Structure]) -> int | None:
        """Keep structures where they are; return where that is."""
        if not structures:
            return None
        kept = (type(structures[0]) * len(structures))(*structures)
        self._kept.append(kept)
        return ctypes.addressof(kept)

    def _array(self, values: object) -> int:
        """Keep numbers in one piece; return where they are."""
        kept = np.array(values, dtype=float, order="C")
        self._kept.append(kept)
        return int(kept.ctypes.data)


def _variables(asking: Asking, weights: Weights) -> list[KernelVariable]:
    inner = np.hstack(inner_ends_of(asking.regime.variables))
    return [
        KernelVariable(
            low=asking.low[row, 0],
            high=asking.high[row, 0],
            inner_low=inner[row, 0],
            inner_high=inner[row, 1],
            least=own.low,
            centre=weights.centres[row],
            factor=1.0 / weights.spreads[row],
            scale=SCALES[own.scale],
        )
        for row, own in enumerate(asking.regime.variables)
    ]


def _multiples(told: Sequence[Tie | Copy]) -> list[KernelMultiple]:
    return [KernelMultiple(factor=each.factor, variable=each.variable) for each in told]


def _outputs(asking: Asking, limits: Limits) -> list[KernelOutput]:
    three = ctypes.c_double * 3
    return [
        KernelOutput(
            low=own.link.low,
            high=own.link.high,
            least=0.0 if own.bounded else -np.inf,
            narrow_low=three(*limits.low[:, at]),
            narrow_high=three(*limits.high[:, at]),
            scale=SCALES[own.link.kind],
        )
        for at, own in enumerate(asking.regime.learnt)
    ]
