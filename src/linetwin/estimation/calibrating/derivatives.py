"""Derivatives that an FMU gives itself: of outputs by parameters, right after the initialisation.

They hold for rows of no duration. For others the outputs depend on states, whose own sensitivity
FMI does not tell.
"""

from __future__ import annotations

import ctypes
import zipfile
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.instance import Instance
    from linetwin.estimation.calibrating.subject import Subject

_FLAGS: Final = {2: "providesDirectionalDerivative", 3: "providesDirectionalDerivatives"}
_WARNING: Final = 1


def gives_derivatives(binary: Binary) -> bool:
    """Tell whether an FMU says that it gives directional derivatives."""
    from lxml import etree

    description = binary.description
    if description.exchange:
        return False
    with zipfile.ZipFile(description.path) as archive:
        root = etree.fromstring(archive.read("modelDescription.xml"))
    element = root.find("CoSimulation")
    return element is not None and element.get(_FLAGS[description.version]) in {"true", "1"}


class Derivatives:
    """Outputs by fitted parameters, row by row, on an instance of its own."""

    def __init__(
        self,
        subject: Subject,
        settings: Mapping[str, float | np.ndarray],
        fitted: Sequence[str],
        outputs: Sequence[str],
    ) -> None:
        binary, variables = subject.binary, subject.binary.description.variables
        fixed = {name: value for name, value in settings.items() if name not in fitted}
        self._subject = subject
        self._fixed = list(fixed.values())
        rows = [len(value) for value in self._fixed if isinstance(value, np.ndarray)]
        self._rows = rows[0] if rows else 1
        self._table = Table(Port(binary, [variables[n] for n in (*fixed, *fitted)]), self._rows)
        for position, value in enumerate(self._fixed):
            self._table.write(position, value)
        kind = ctypes.c_uint32
        self._unknowns = (kind * len(outputs))(*(variables[name].reference for name in outputs))
        self._knowns = [(kind * 1)(variables[name].reference) for name in fitted]
        self._function = binary.function(f"fmi{binary.description.version}GetDirectionalDerivative")
        self._instance: Instance | None = None

    def at(self, point: np.ndarray, rows: int) -> np.ndarray:
        """Return derivatives at a point of shape (parameters,): (rows, outputs, parameters).

        Raises FmuError where the FMU refuses.
        """
        for column, value in enumerate(point):
            self._table.write(len(self._fixed) + column, float(value))
        found = np.empty((rows, len(self._unknowns), len(self._knowns)))
        try:
            for row in range(self._rows):
                self._take(row, found)
        except FmuError:
            self.close()
            raise
        if self._rows == 1:
            found[:] = found[0]
        return found

    def close(self) -> None:
        """Free the instance."""
        instance, self._instance = self._instance, None
        if instance is not None:
            instance.free()

    def _take(self, row: int, found: np.ndarray) -> None:
        instance = self._prepared()
        instance.set(self._table, row)
        instance.initialise()
        outputs = len(self._unknowns)
        seed, slopes = (ctypes.c_double * 1)(1.0), (ctypes.c_double * outputs)()
        for column, known in enumerate(self._knowns):
            status = self._function(instance._handle, *self._arguments(known, seed, slopes))  # noqa: SLF001 - a call of FMI
            if status > _WARNING:
                instance.fail_call("GetDirectionalDerivative", status)
            found[row, :, column] = slopes[:]

    def _arguments(
        self,
        known: ctypes.Array[ctypes.c_uint32],
        seed: ctypes.Array[ctypes.c_double],
        slopes: ctypes.Array[ctypes.c_double],
    ) -> tuple[object, ...]:
        count, one = ctypes.c_size_t(len(self._unknowns)), ctypes.c_size_t(1)
        asked = (self._unknowns, count, known, one)
        if self._subject.binary.description.version == 2:  # noqa: PLR2004 - the FMI version
            return (*asked, seed, slopes)
        return (*asked, seed, one, slopes, count)

    def _prepared(self) -> Instance:
        """Return an instance at its beginning."""
        if self._instance is None:
            self._instance = instantiate(self._subject.binary)
        elif self._instance.running:
            self._instance.reset()
        if self._subject.preset:
            self._subject.preset.apply(self._instance)
        return self._instance
