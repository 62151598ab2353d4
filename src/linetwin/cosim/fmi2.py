"""The C calls of an FMI 2.0 co-simulation instance."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, Final

from linetwin.cosim import messages
from linetwin.cosim.instance import DISCARD, WARNING, Instance, Step

_TRUE: Final = ctypes.c_int(1)
_FALSE: Final = ctypes.c_int(0)
_ZERO: Final = ctypes.c_double(0.0)
_CO_SIMULATION: Final = ctypes.c_int(1)
_LAST_SUCCESSFUL_TIME: Final = ctypes.c_int(2)
_TERMINATED: Final = ctypes.c_int(3)
_PLAIN: Final = ("SetupExperiment", "EnterInitializationMode", "ExitInitializationMode")
_SAVING: Final = ("GetFMUstate", "SetFMUstate", "FreeFMUstate")
_SERIALISING: Final = ("SerializedFMUstateSize", "SerializeFMUstate", "DeSerializeFMUstate")

_Logger: Final = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p
)
_Allocate: Final = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
_Release: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Callbacks(ctypes.Structure):
    """The structure fmi2CallbackFunctions."""

    _fields_: ClassVar = [
        ("logger", _Logger),
        ("allocateMemory", _Allocate),
        ("freeMemory", _Release),
        ("stepFinished", ctypes.c_void_p),
        ("componentEnvironment", ctypes.c_void_p),
    ]


@_Logger  # type: ignore[untyped-decorator]
def _log_message(
    key: int | None, _name: bytes | None, status: int, category: bytes | None, text: bytes | None
) -> None:
    messages.deliver(key, status, category, text)


def _template() -> _Callbacks:
    """Return the callbacks that all instances share, but for the environment.

    FMI 2's logger is variadic like printf; FMPy brings a C function that formats the text.
    """
    import fmpy
    from fmpy.logging import addLoggerProxy

    callbacks = _Callbacks(logger=_log_message)
    callbacks.allocateMemory = ctypes.cast(fmpy.calloc, _Allocate)
    callbacks.freeMemory = ctypes.cast(fmpy.free, _Release)
    addLoggerProxy(ctypes.byref(callbacks))
    return callbacks


_TEMPLATE: list[_Callbacks] = []


class Fmi2Instance(Instance):
    """An FMI 2.0 instance; a step that it discards part-way is an early return."""

    _true = _TRUE
    _kind: ClassVar = _CO_SIMULATION

    def _instantiate(self, key: int, *, early_return: bool) -> int | None:
        del early_return  # an FMI 2.0 instance always may
        name, token, resources = self.binary.identity
        if not _TEMPLATE:
            _TEMPLATE.append(_template())
        self._callbacks = _Callbacks.from_buffer_copy(_TEMPLATE[0])
        self._callbacks.componentEnvironment = key
        address = self.binary.function("fmi2Instantiate", ctypes.c_void_p)(
            name,
            self._kind,
            token,
            resources,
            ctypes.byref(self._callbacks),
            _FALSE,  # visible
            _TRUE,  # logging
        )
        return address or None

    def _freeing(self) -> Any:  # noqa: ANN401 - a C function
        free = self.binary.function("fmi2FreeInstance", None)
        callbacks = self._callbacks

        def free_instance(handle: ctypes.c_void_p) -> None:
            free(handle)
            callbacks.componentEnvironment = None  # also keeps them alive until here

        return free_instance

    def _bind(self) -> None:
        self._bind_common()
        (self._do_step,) = self.binary.functions("DoStep")
        self._time = ctypes.c_double()
        self._length = ctypes.c_double()
        self._step_arguments = (self._handle, self._time, self._length, _FALSE)

    def _bind_common(self) -> None:
        """Look up what is the same for model exchange."""
        functions, able = self.binary.functions, self.binary.description.capabilities
        self._setup, self._enter, self._exit = functions(*_PLAIN)
        if able.save_state:
            self._get_state, self._set_state, self._free_state = functions(*_SAVING)
        if able.serialise_state:
            self._state_size, self._serialise, self._deserialise = functions(*_SERIALISING)

    def _initialise(self, tolerance: float | None) -> None:
        asked = (_FALSE, _ZERO) if tolerance is None else (_TRUE, ctypes.c_double(tolerance))
        status = self._setup(self._handle, *asked, _ZERO, _FALSE, _ZERO)
        self._check(status, "SetupExperiment")
        self._check(self._enter(self._handle), "EnterInitializationMode")
        self._check(self._exit(self._handle), "ExitInitializationMode")
        self.time = 0.0
        self.running = True

    def step(self, time: float, length: float) -> Step:
        """Advance from local `time` by `length` (s, positive).

        Raises FmuError where the FMU reports an error or refuses the step.
        """
        self._time.value = time
        self._length.value = length
        self.time = time
        status = self._do_step(*self._step_arguments)
        if status == DISCARD:
            return self.discarded(time, length)
        if status > WARNING:
            self.fail_step(status, length)
        self.time = time + length
        return Step(self.time, early=False, terminated=False)

    def discarded(self, time: float, length: float) -> Step:
        """Ask how far a discarded step went: part-way is an early return."""
        reached = ctypes.c_double(time)
        terminated = ctypes.c_int()
        ask = self._function("GetRealStatus")
        known = ask(self._handle, _LAST_SUCCESSFUL_TIME, ctypes.byref(reached))
        self._function("GetBooleanStatus")(self._handle, _TERMINATED, ctypes.byref(terminated))
        if known > WARNING or (reached.value <= time and not terminated.value):
            self.fail_step(DISCARD, length)
        self.time = reached.value
        return Step(self.time, early=True, terminated=bool(terminated.value))
