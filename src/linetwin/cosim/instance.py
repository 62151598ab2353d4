"""A running copy of an FMU, the same for FMI 2.0 and 3.0.

`Instance` is abstract: life cycle, messages and the meaning of a status are the same for both
versions. `Fmi2Instance` and `Fmi3Instance` add the C calls; of model exchange: cosim/exchange.
"""

from __future__ import annotations

import ctypes
import math
import weakref
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, Self

from linetwin.cosim import messages
from linetwin.cosim.binary import Binary, load_binary
from linetwin.cosim.progress import Noted
from linetwin.errors import AT, WITHIN, FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from linetwin.cosim.port import Table

WARNING: Final = 1
DISCARD: Final = 2
FATAL: Final = 4
_INSTANTIATING: Final = Noted("instantiating")
_INITIALISING: Final = Noted("initialising")
_RESETTING: Final = Noted("resetting")
_TERMINATING: Final = Noted("terminating")
_FREEING: Final = Noted("freeing")
_STATUS: Final = ("OK", "warning", "discard", "error", "fatal", "pending")


class Step(NamedTuple):
    """Where a step ended: the time reached (s), and whether the FMU ended it or wants to stop."""

    time: float
    early: bool
    terminated: bool


State = ctypes.c_void_p
"""A saved state inside the FMU; belongs to the instance that made it, freed with `free_state`."""


class Instance(ABC):
    """A running copy of an FMU; free it with `free`, or by leaving its `with` block."""

    def __init__(
        self, binary: Binary, *, early_return: bool = False, watched: bool = False
    ) -> None:
        """Instantiate; `early_return` allows the FMU to end a step before its time (FMI 3).

        `watched`: keep the outputs that an FMI 3.0 FMU shows within its steps.
        Raises FmuError where the FMU refuses.
        """
        description = binary.description
        self.binary = binary
        self.watched = watched
        self.model = description.name
        self.time = 0.0
        self.offset_s = 0.0
        self.failure = ""
        self.broken = False
        self.refused = False
        self.running = False
        if description.capabilities.once_per_process and binary.instances:
            raise FmuError("it can be instantiated only once in a process", self.model)
        self.messages = messages.MessageLog(self.model)
        self._key = messages.register(self.messages)
        with _INSTANTIATING:
            address = self._instantiate(self._key, early_return=early_return)
        if not address:
            messages.unregister(self._key)
            able = description.capabilities
            tool = " (it needs the tool that made it to run)" if able.needs_tool else ""
            raise FmuError(f"it cannot be instantiated{tool}{self._quoted()}", self.model)
        self._handle = ctypes.c_void_p(address)
        binary.instances += 1
        self._finalizer = weakref.finalize(
            self, _free, binary, self._freeing(), self._handle, self._key
        )
        self._bind()
        self._choose_categories()

    @abstractmethod
    def _instantiate(self, key: int, *, early_return: bool) -> int | None:
        """Call the FMU's instantiate function; return the handle's address."""

    @abstractmethod
    def _freeing(self) -> Any:  # noqa: ANN401 - a C function
        """Return the C function that frees an instance."""

    @abstractmethod
    def _bind(self) -> None:
        """Look up the functions used in every step."""

    def initialise(self, tolerance: float | None = None) -> None:
        """Enter and leave initialisation at local time 0, with the values set before.

        `tolerance`: relative, asked of the FMU's integrator; None leaves it the FMU's own.
        """
        with _INITIALISING:
            self._initialise(tolerance)

    @abstractmethod
    def _initialise(self, tolerance: float | None) -> None:
        """Make the calls of `initialise`."""

    @abstractmethod
    def step(self, time: float, length: float) -> Step:
        """Advance from local `time` by `length` (s, positive)."""

    def settle(self) -> None:  # noqa: B027 - nothing to do by default
        """Go through events that new values may have caused; most FMUs do so in their steps."""

    @property
    def address(self) -> int:
        """Where the instance lies; what FMI's functions take first."""
        return self._handle.value or 0

    def _function(self, name: str) -> Any:  # noqa: ANN401 - a C function
        return self.binary.function(f"fmi{self.binary.description.version}{name}")

    def _choose_categories(self) -> None:
        """Ask for warnings and errors alone, unless the model's logger wants everything."""
        loud = self.binary.loud
        if not loud[0].value or self.messages.wants_everything():
            return
        (choose,) = self.binary.functions("SetDebugLogging")
        self._check(choose(self._handle, self._true, *loud), "SetDebugLogging")

    @property
    @abstractmethod
    def _true(self) -> Any:  # noqa: ANN401 - a ctypes Boolean
        """The version's Boolean true."""

    def set(self, table: Table, row: int = 0) -> None:
        """Set the variables of a table's port to the values of one of its rows."""
        for cell in table.cells:
            if table.rows > 1:
                cell.pointer.value = cell.address + row * cell.stride
            status = cell.block.set(self._handle, *cell.arguments)
            if status:
                self._check(status, f"Set{cell.block.label}")

    def get(self, table: Table, row: int = 0) -> None:
        """Read the variables of a table's port into one of its rows."""
        for cell in table.cells:
            if table.rows > 1:
                cell.pointer.value = cell.address + row * cell.stride
            status = cell.block.get(self._handle, *cell.arguments)
            if status:
                self._check(status, f"Get{cell.block.label}")

    def reset(self) -> None:
        """Return to the state after instantiation."""
        with _RESETTING:
            status = self._function("Reset")(self._handle)
        self._check(status, "Reset")
        self.messages.forget()
        self.time = 0.0
        self.running = False

    def save_state(self, state: State | None = None) -> State:
        """Save the state inside the FMU, into `state` again where given."""
        state = State() if state is None else state
        status = self._get_state(self._handle, ctypes.byref(state))
        self._check(status, "GetFMUState")
        return state

    def restore_state(self, state: State) -> None:
        """Return to a saved state; the caller puts `time` and `running` back.

        It also mends an instance that has `refused` a step: discarded it, and nothing else.
        """
        status = self._set_state(self._handle, state)
        if status:
            self._check(status, "SetFMUState")
        if self.refused:
            self.broken = self.refused = False
            self.failure = ""

    def free_state(self, state: State) -> None:
        """Give a saved state's memory back; harmless where it is already free."""
        if state.value and self._finalizer.alive:
            self._check(self._free_state(self._handle, ctypes.byref(state)), "FreeFMUState")
            state.value = None

    def serialise(self, state: State) -> bytes:
        """Return a saved state as bytes that another process can restore."""
        size = ctypes.c_size_t()
        status = self._state_size(self._handle, state, ctypes.byref(size))
        self._check(status, "SerializedFMUStateSize")
        buffer = ctypes.create_string_buffer(size.value)
        self._check(self._serialise(self._handle, state, buffer, size), "SerializeFMUState")
        return buffer.raw

    def deserialise(self, content: bytes) -> State:
        """Make a saved state from bytes; free it with `free_state`."""
        state = State()
        buffer = ctypes.create_string_buffer(content, len(content))
        size = ctypes.c_size_t(len(content))
        status = self._deserialise(self._handle, buffer, size, ctypes.byref(state))
        self._check(status, "DeserializeFMUState")
        return state

    # the functions of saved states; FMI 2 spells them differently
    _get_state: Any
    _set_state: Any
    _free_state: Any
    _state_size: Any
    _serialise: Any
    _deserialise: Any

    def _check(self, status: int, function: str) -> None:
        """Pass OK and warnings; raise FmuError for the rest."""
        if status > WARNING:
            self.fail_call(function, status)

    def fail_call(self, function: str, status: int) -> NoReturn:
        """Raise FmuError for a function that returned neither OK nor a warning."""
        self.fail(f"{function} returned {_name_of(status)}", fatal=status == FATAL)

    def fail_step(self, status: int, length: float) -> NoReturn:
        """Raise FmuError for a step of `length` (s) that returned neither OK nor a warning."""
        self.refused = status == DISCARD
        hint = "; it may need a smaller communication step" if status == DISCARD else ""
        reason = f"DoStep of {length:g} s returned {_name_of(status)}{hint}"
        self.fail(reason, fatal=status == FATAL, moment=WITHIN)

    def check_values(self, names: Sequence[str], values: Iterable[float]) -> None:
        """Raise FmuError for the first of used values that is NaN or infinite."""
        for name, value in zip(names, values, strict=True):
            if not math.isfinite(value):
                self.fail_value(name, value)

    def fail_value(self, variable: str, value: float) -> NoReturn:
        """Raise FmuError for a value that is used and is no finite number.

        As after a step that was discarded, a shorter one may do.
        """
        self.refused = True
        self.fail(f"'{variable}' is {value:g}, and a finite number is needed")

    def fail(self, reason: str, *, fatal: bool = False, moment: str = AT) -> NoReturn:
        """Raise FmuError with the reason, the last messages and the simulated time.

        `moment`: what of it this instance's `time` is, as `ModelError` takes it.
        The instance is broken from here on; after a fatal status it must not even be freed.
        """
        self.broken = True
        if fatal and self._finalizer.detach() is not None:
            messages.unregister(self._key)
            self.binary.instances -= 1
        self.failure = f"{reason}{self._quoted()}"
        raise FmuError(self.failure, self.model, self.offset_s + self.time, moment)

    def _quoted(self) -> str:
        last = self.messages.last()
        return f": {last}" if last else ""

    def free(self) -> None:
        """Free the FMU's memory; harmless when repeated."""
        if self.running and not self.broken and self._finalizer.alive:
            with _TERMINATING:
                self._function("Terminate")(self._handle)
            self.running = False
        with _FREEING:
            self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()


def _name_of(status: int) -> str:
    return _STATUS[status] if status < len(_STATUS) else f"status {status}"


def _free(binary: Binary, function: Any, handle: ctypes.c_void_p, key: int) -> None:  # noqa: ANN401
    """Free an instance's memory; no reference to the instance, which may be gone."""
    function(handle)
    messages.unregister(key)
    binary.instances -= 1


def instantiate(
    fmu: Path | Binary, *, early_return: bool = False, watched: bool = False
) -> Instance:
    """Return a new instance of the FMU at a path (loaded once per process).

    What the choices mean: `Instance`.
    Raises WiringError or FmuError where it cannot be loaded or instantiated.
    """
    binary = fmu if isinstance(fmu, Binary) else load_binary(fmu)
    found = binary.description
    kind = _kind(found.version, exchange=found.exchange, event_mode=found.event_mode)
    return kind(binary, early_return=early_return, watched=watched)


@cache
def _kind(version: int, *, exchange: bool, event_mode: bool) -> type[Instance]:
    """Return the class for a version of FMI and an interface; they are loaded once."""
    from linetwin.cosim.events import Fmi3EventInstance
    from linetwin.cosim.exchange.fmi2 import Fmi2Exchange
    from linetwin.cosim.exchange.fmi3 import Fmi3Exchange
    from linetwin.cosim.fmi2 import Fmi2Instance
    from linetwin.cosim.fmi3 import Fmi3Instance

    old = version == 2  # noqa: PLR2004 - the FMI version
    if exchange:
        return Fmi2Exchange if old else Fmi3Exchange
    if event_mode:
        return Fmi3EventInstance
    return Fmi2Instance if old else Fmi3Instance
