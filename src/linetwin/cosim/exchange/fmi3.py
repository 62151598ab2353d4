"""The C calls of an FMI 3.0 model-exchange instance."""

from __future__ import annotations

import ctypes
from typing import Any, Final, final

from linetwin.cosim.exchange.instance import ExchangeInstance
from linetwin.cosim.exchange.integration import Discrete
from linetwin.cosim.fmi3 import Fmi3Instance, log_message

_TRUE: Final = ctypes.c_bool(True)  # noqa: FBT003 - a C Boolean
_FALSE: Final = ctypes.c_bool(False)  # noqa: FBT003 - a C Boolean


@final
class Fmi3Exchange(ExchangeInstance, Fmi3Instance):
    """An FMI 3.0 instance that linetwin integrates."""

    _derivatives_name = "GetContinuousStateDerivatives"
    _flag: type[Any] = ctypes.c_bool

    def _instantiate(self, key: int, *, early_return: bool) -> int | None:
        del early_return  # an arc ends where it ends
        address = self.binary.function("fmi3InstantiateModelExchange", ctypes.c_void_p)(
            *self.binary.identity,
            _FALSE,  # visible
            _TRUE,  # logging
            ctypes.c_void_p(key),
            log_message,
        )
        return address or None

    def _bind(self) -> None:
        self._bind_common()
        self._bind_exchange()
        (self._update,) = self.binary.functions("UpdateDiscreteStates")
        self._flags = [ctypes.c_bool() for _ in range(5)]
        self._next = ctypes.c_double()
        flags = (ctypes.byref(flag) for flag in self._flags)
        self._found = (*flags, ctypes.byref(self._next))

    def _initialise(self, tolerance: float | None) -> None:
        super()._initialise(tolerance)
        self._begin(tolerance)

    def _measure(self) -> None:
        states, indicators = "GetNumberOfContinuousStates", "GetNumberOfEventIndicators"
        self._size(self._number(states), self._number(indicators))

    def _number(self, name: str) -> int:
        (function,) = self.binary.functions(name)
        found = ctypes.c_size_t()
        self._done(function, name, ctypes.byref(found))
        return found.value

    def update_discrete(self) -> Discrete:
        """Iterate an event once, in event mode."""
        self._done(self._update, "UpdateDiscreteStates", *self._found)
        again, terminated, _, _, defined = (flag.value for flag in self._flags)
        return Discrete(again, terminated, self._next.value if defined else None)
