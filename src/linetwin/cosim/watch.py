"""What an FMI 3.0 FMU shows within its steps (intermediate update)."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.port import Port, Table

if TYPE_CHECKING:
    from linetwin.cosim.binary import Binary
    from linetwin.cosim.description import Variable

_FLOATS: Final = {"Float64", "Float32"}
_FLAG: Final = ctypes.c_bool
_Update: Final = ctypes.CFUNCTYPE(
    *(None, ctypes.c_void_p, ctypes.c_double, _FLAG, _FLAG, _FLAG, _FLAG),
    *(ctypes.POINTER(_FLAG), ctypes.POINTER(ctypes.c_double)),
)
"""FMI's callback: time; may set, may get, step finished, can return early; what we ask for."""


class Watch:
    """Takes the floating-point outputs at each intermediate time at which they may be read.

    `points`: (time in s, values in the order of `variables`), until somebody takes them. An early
    return is never asked for.
    """

    def __init__(self, binary: Binary) -> None:
        """Bind the outputs; the instance's handle follows before the first step."""
        outputs = binary.description.of("output")
        self.variables: tuple[Variable, ...] = tuple(
            variable for variable in outputs if variable.type in _FLOATS and not variable.shape
        )
        self.points: list[tuple[float, list[float]]] = []
        self.handle: ctypes.c_void_p | None = None
        self.callback = _Update(self._take)
        self._table = Table(Port(binary, self.variables))
        count = len(self.variables)
        references = (ctypes.c_uint32 * count)(*(found.reference for found in self.variables))
        self.required = (references, ctypes.c_size_t(count))

    def _take(self, _key: int, time: float, _may_set: bool, may_get: bool, *_: Any) -> None:  # noqa: ANN401, FBT001
        """Read the outputs; an exception would be lost in C, so a failed call leaves no point."""
        if not may_get or self.handle is None:
            return
        statuses = [cell.block.get(self.handle, *cell.arguments) for cell in self._table.cells]
        if not any(statuses):
            self.points.append((time, self._table.read_row()))
