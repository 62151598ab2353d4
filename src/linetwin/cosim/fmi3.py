"""The C calls of an FMI 3.0 co-simulation instance."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, Final

from linetwin.cosim import messages
from linetwin.cosim.instance import WARNING, Instance, Step
from linetwin.cosim.watch import Watch

_TRUE: Final = ctypes.c_bool(True)  # noqa: FBT003 - a C Boolean
_FALSE: Final = ctypes.c_bool(False)  # noqa: FBT003 - a C Boolean
_ZERO: Final = ctypes.c_double(0.0)
_NONE: Final = ctypes.c_size_t(0)

_PLAIN: Final = ("EnterInitializationMode", "ExitInitializationMode")
SAVING: Final = ("GetFMUState", "SetFMUState", "FreeFMUState")
_SERIALISING: Final = ("SerializedFMUStateSize", "SerializeFMUState", "DeserializeFMUState")

_Logger: Final = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p
)


@_Logger  # type: ignore[untyped-decorator]
def log_message(key: int | None, status: int, category: bytes | None, text: bytes | None) -> None:
    """Hand on what an FMU says; a C function."""
    messages.deliver(key, status, category, text)


class Fmi3Instance(Instance):
    """An FMI 3.0 instance; events inside a step are handled by the FMU itself."""

    _true = _TRUE
    _event_mode: ClassVar = _FALSE

    watch: Watch | None = None
    """The outputs within its steps, where they are asked for and the FMU shows them."""

    def _instantiate(self, key: int, *, early_return: bool) -> int | None:
        if self.watched and self.binary.description.capabilities.intermediate_update:
            self.watch = Watch(self.binary)
        address = self.binary.function("fmi3InstantiateCoSimulation", ctypes.c_void_p)(
            *self.binary.identity,
            _FALSE,  # visible
            _TRUE,  # logging
            self._event_mode,
            _TRUE if early_return or self._event_mode.value else _FALSE,
            *(self.watch.required if self.watch is not None else (None, _NONE)),
            ctypes.c_void_p(key),
            log_message,
            self.watch.callback if self.watch is not None else None,
        )
        return address or None

    def _freeing(self) -> Any:  # noqa: ANN401 - a C function
        return self.binary.function("fmi3FreeInstance", None)

    def _bind_common(self) -> None:
        """Look up what is the same for model exchange."""
        functions, able = self.binary.functions, self.binary.description.capabilities
        self._enter, self._exit = functions(*_PLAIN)
        if able.save_state:
            self._get_state, self._set_state, self._free_state = functions(*SAVING)
        if able.serialise_state:
            self._state_size, self._serialise, self._deserialise = functions(*_SERIALISING)

    def _bind(self) -> None:
        self._bind_common()
        (self._do_step,) = self.binary.functions("DoStep")
        if self.watch is not None:
            self.watch.handle = self._handle
        self._time = ctypes.c_double()
        self._length = ctypes.c_double()
        self._event = ctypes.c_bool()
        self._terminate = ctypes.c_bool()
        self._early = ctypes.c_bool()
        self._reached = ctypes.c_double()
        flags = (self._event, self._terminate, self._early, self._reached)
        self._step_arguments = (
            self._handle,
            self._time,
            self._length,
            _FALSE,  # a state from before this step may be restored
            *(ctypes.byref(flag) for flag in flags),
        )

    def _initialise(self, tolerance: float | None) -> None:
        asked = (_FALSE, _ZERO) if tolerance is None else (_TRUE, ctypes.c_double(tolerance))
        status = self._enter(self._handle, *asked, _ZERO, _FALSE, _ZERO)
        if status:
            self._check(status, "EnterInitializationMode")
        status = self._exit(self._handle)
        if status:
            self._check(status, "ExitInitializationMode")
        self.time = 0.0
        self.running = True

    def step(self, time: float, length: float) -> Step:
        """Advance from local `time` by `length` (s, positive).

        Raises FmuError where the FMU reports an error or refuses the step.
        """
        self._time.value = time
        self._length.value = length
        self._early.value = False
        self._terminate.value = False
        self._reached.value = time
        self.time = time
        status = self._do_step(*self._step_arguments)
        if status > WARNING:
            self.fail_step(status, length)
        early = self._early.value
        self.time = self._reached.value if early else time + length
        return Step(self.time, early, self._terminate.value)
