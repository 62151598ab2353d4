"""Values of any FMI type: numbers, text, bytes, and arrays of them; one variable a call.

What a line exchanges in every step are scalar numbers, which `port.Table` takes many at a time.
Here is the rest of what an FMU may have, and how a value is written as text.
"""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.cosim.instance import WARNING
from linetwin.cosim.limits import not_held
from linetwin.cosim.port import value_type
from linetwin.errors import FmuError, Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.instance import Instance

Value = float | bool | str | bytes | list[Any]
"""A value of a variable; an array is a list of all its elements, row by row."""

_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}
_ALLOWED: Final = {
    "Boolean": "true or false",
    "Binary": "bytes as pairs of hexadecimal digits",
}


def shape_of(variable: Variable, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return a variable's shape, () for a scalar; `sizes`: values of structural parameters."""
    return tuple(sizes[part] if isinstance(part, str) else part for part in variable.dimensions)


def element_names(variable: Variable, sizes: Mapping[str, int]) -> list[str]:
    """Return a name for each element, counted from 1: `T`, or `T[1]`, or `A[1,1]`, `A[1,2]`."""
    shape = shape_of(variable, sizes)
    if not shape:
        return [variable.name]
    places = np.ndindex(*shape)
    return [f"{variable.name}[{','.join(str(n + 1) for n in place)}]" for place in places]


def structural_sizes(description: Description, values: Mapping[str, Value]) -> dict[str, int]:
    """Return the structural parameters' values: those given, else the FMU's own.

    Raises WiringError where one is no positive whole number.
    """
    sizes: dict[str, int] = {}
    for variable in description.of("structuralParameter"):
        value = parsed(variable, values.get(variable.name, variable.start or 0), ())
        sizes[variable.name] = int(value) if isinstance(value, int | float) else 0
    used = {part for v in description.variables.values() for part in v.dimensions}
    bad = [
        Problem(f"an array has {size} elements", key=f"start.{name}", hint="1 or more")
        for name, size in sizes.items()
        if name in used and size < 1
    ]
    if bad:
        raise WiringError(bad)
    return sizes


def parsed(variable: Variable, value: Any, shape: tuple[int, ...]) -> Value:  # noqa: ANN401
    """Return a value as the variable takes it; text is read by the variable's type.

    An array is given as a sequence, or as text with blanks or commas between its elements.
    Raises WiringError where it does not fit the type or the shape.
    """
    if not shape:
        return _element(variable, value)
    items = value
    if isinstance(value, str):
        items = value.replace(",", " ").split()
    elif isinstance(value, np.ndarray):
        items = value.ravel().tolist()
    if not isinstance(items, list | tuple) or len(items) != math.prod(shape):
        size = "x".join(str(number) for number in shape)
        raise _unfit(variable, value, f"{math.prod(shape)} values ({size}), blanks between them")
    return [_element(variable, item) for item in items]


def _element(variable: Variable, value: Any) -> Value:  # noqa: ANN401 - what the user gave
    kind = variable.type
    if kind == "String":
        return str(value)
    try:
        if kind == "Binary":
            return bytes(value) if isinstance(value, bytes | bytearray) else bytes.fromhex(value)
        if kind == "Boolean" and isinstance(value, str):
            return _TRUTH[value.strip().lower()]
        if isinstance(value, str) and value.strip() in variable.enumeration:
            return variable.enumeration[value.strip()]
        if variable.numeric and "Int" in kind and isinstance(value, str):
            return int(value)  # a float does not hold every whole number of 64 bits
        if variable.numeric:
            return bool(value) if kind == "Boolean" else _number(variable, value)
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(variable, value, _allowed(variable)) from error
    raise _unfit(variable, value, "a variable of a type that has values")


def _number(variable: Variable, value: Any) -> float:  # noqa: ANN401 - what the user gave
    number = value if isinstance(value, int) else float(value)
    if isinstance(number, float) and not math.isfinite(number):
        raise _unfit(variable, value, "a finite number")
    if "Int" in variable.type and isinstance(number, float) and not number.is_integer():
        raise _unfit(variable, value, "a whole number")
    return number


def _allowed(variable: Variable) -> str:
    if variable.enumeration:
        return f"one of {', '.join(variable.enumeration)}"
    return _ALLOWED.get(variable.type, f"NAME=VALUE, a number in {variable.unit or '1'}")


def _unfit(variable: Variable, value: object, hint: str) -> WiringError:
    text = f"{value!r} does not fit {variable.type} variable '{variable.name}'"
    return WiringError([Problem(text, key=f"start.{variable.name}", hint=hint)])


class Field:
    """One variable of an instance, of any type and shape."""

    def __init__(self, instance: Instance, variable: Variable, sizes: Mapping[str, int]) -> None:
        """Bind; FmuError for a variable whose type has no values (a clock)."""
        if variable.type == "Clock":
            raise FmuError(f"variable '{variable.name}' is a clock", instance.model)
        self.variable = variable
        self.shape = shape_of(variable, sizes)
        self.names = element_names(variable, sizes)
        self._instance = instance
        self._version = instance.binary.description.version
        self._reference = ctypes.c_uint32(variable.reference)
        self._count = math.prod(self.shape)

    def write(self, value: Any) -> None:  # noqa: ANN401 - what the user gave
        """Set the variable; errors as `parsed`, and FmuError where the FMU refuses."""
        found = parsed(self.variable, value, self.shape)
        items: list[Any] = found if self.shape else [found]  # type: ignore[assignment]
        kind = self.variable.type
        if kind == "String":
            texts = (ctypes.c_char_p * self._count)(*(text.encode() for text in items))
            self._call("Set", "String", texts)
        elif kind == "Binary":
            sizes = (ctypes.c_size_t * self._count)(*(len(content) for content in items))
            buffers = [ctypes.create_string_buffer(content, len(content)) for content in items]
            pointers = [ctypes.cast(buffer, ctypes.c_void_p) for buffer in buffers]
            places = (ctypes.c_void_p * self._count)(*(pointer.value for pointer in pointers))
            self._call("Set", "Binary", places, sizes)
        else:
            label, dtype = value_type(self._version, kind)
            numbers = self._numbers(items, dtype)
            self._call("Set", label, numbers.ctypes.data_as(ctypes.c_void_p))

    def _numbers(self, items: Sequence[float], dtype: type[Any]) -> np.ndarray:
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            whole = [round(item) for item in items]
            for item in whole:
                if not limits.min <= item <= limits.max:
                    hint = f"a whole number from {limits.min} to {limits.max}"
                    raise _unfit(self.variable, item, hint)
            return np.array(whole, dtype=dtype)
        if np.issubdtype(dtype, np.floating):
            for number in items:
                hint = not_held(self._version, self.variable, number)
                if hint:
                    raise _unfit(self.variable, number, hint)
        return np.array(items, dtype=dtype)

    def read(self) -> list[Any]:
        """Return the elements: float, int, bool, str or bytes each, row by row."""
        kind = self.variable.type
        if kind == "String":
            texts = (ctypes.c_char_p * self._count)()
            self._call("Get", "String", texts)
            return [(text or b"").decode("utf-8", "replace") for text in texts]
        if kind == "Binary":
            sizes = (ctypes.c_size_t * self._count)()
            places = (ctypes.c_void_p * self._count)()
            self._call("Get", "Binary", places, sizes)
            pairs = zip(places, sizes, strict=True)
            return [ctypes.string_at(place, size) if size else b"" for place, size in pairs]
        label, dtype = value_type(self._version, kind)
        numbers = np.zeros(self._count, dtype=dtype)
        self._call("Get", label, numbers.ctypes.data_as(ctypes.c_void_p))
        if kind == "Boolean":
            return [bool(number) for number in numbers]
        found: list[Any] = numbers.tolist()
        return found

    def _call(self, verb: str, label: str, values: Any, sizes: Any = None) -> None:  # noqa: ANN401
        """Call the FMU; FMI 3 wants the number of values too, and the sizes of binary ones."""
        instance = self._instance
        function = instance.binary.function(f"fmi{self._version}{verb}{label}")
        handle = ctypes.c_void_p(instance.address)
        arguments = [handle, ctypes.byref(self._reference), ctypes.c_size_t(1)]
        if sizes is not None:
            arguments.append(sizes)
        arguments.append(values)
        if self._version == 3:  # noqa: PLR2004 - the FMI version
            arguments.append(ctypes.c_size_t(self._count))
        status = function(*arguments)
        if status > WARNING:
            instance.fail_call(f"{verb}{label} of '{self.variable.name}'", status)


def configure(instance: Instance, values: Mapping[str, Value]) -> None:
    """Set structural parameters of a new or reset instance, in its configuration mode."""
    if not values:
        return
    variables = instance.binary.description.variables
    _call(instance, "EnterConfigurationMode")
    for name, value in values.items():
        Field(instance, variables[name], {}).write(value)
    _call(instance, "ExitConfigurationMode")


def _call(instance: Instance, name: str) -> None:
    (function,) = instance.binary.functions(name)
    status = function(ctypes.c_void_p(instance.address))
    if status > WARNING:
        instance.fail_call(name, status)
