"""The C calls of an FMI 2.0 model-exchange instance."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, Final, final

from linetwin.cosim.exchange.instance import ExchangeInstance
from linetwin.cosim.exchange.integration import Discrete
from linetwin.cosim.fmi2 import Fmi2Instance

_MODEL_EXCHANGE: Final = ctypes.c_int(0)


class _EventInfo(ctypes.Structure):
    """The structure fmi2EventInfo."""

    _fields_: ClassVar = [
        ("again", ctypes.c_int),
        ("terminated", ctypes.c_int),
        ("nominals_changed", ctypes.c_int),
        ("values_changed", ctypes.c_int),
        ("next_time_defined", ctypes.c_int),
        ("next_time", ctypes.c_double),
    ]


@final
class Fmi2Exchange(ExchangeInstance, Fmi2Instance):
    """An FMI 2.0 instance that linetwin integrates."""

    _kind: ClassVar = _MODEL_EXCHANGE
    _derivatives_name = "GetDerivatives"
    _flag: type[Any] = ctypes.c_int

    def _bind(self) -> None:
        self._bind_common()
        self._bind_exchange()
        (self._update,) = self.binary.functions("NewDiscreteStates")
        self._info = _EventInfo()

    def _initialise(self, tolerance: float | None) -> None:
        super()._initialise(tolerance)
        self._begin(tolerance)

    def _measure(self) -> None:
        description = self.binary.description
        self._size(description.states, description.indicators)

    def update_discrete(self) -> Discrete:
        """Iterate an event once, in event mode."""
        info = self._info
        self._done(self._update, "NewDiscreteStates", ctypes.byref(info))
        later = info.next_time if info.next_time_defined else None
        return Discrete(bool(info.again), bool(info.terminated), later)
