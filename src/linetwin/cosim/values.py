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

MOST_ELEMENTS: Final = 500_000
"""In all arrays of an FMU: a group knows each by a name of its own, 0.25 GB in all."""
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

    Raises WiringError where one is no positive whole number, or not in its declared range, and
    where arrays become larger than `MOST_ELEMENTS` in all; keys of its problems: `start.NAME`.
    """
    sizes: dict[str, int] = {}
    for variable in description.of("structuralParameter"):
        name = variable.name
        own = parsed(variable, variable.start or 0, ()) if name not in values else None
        value = given(variable, values[name], ()) if own is None else own
        sizes[name] = int(value) if isinstance(value, int | float) else 0
    arrays = [variable for variable in description.variables.values() if variable.dimensions]
    used = {part for variable in arrays for part in variable.dimensions}
    bad = [
        Problem(f"an array has {size} elements", key=f"start.{name}", hint="1 or more")
        for name, size in sizes.items()
        if name in used and size < 1
    ]
    if bad:
        raise WiringError(bad)
    _check_elements(arrays, sizes, values)
    return sizes


def _check_elements(
    arrays: Sequence[Variable], sizes: Mapping[str, int], values: Mapping[str, Value]
) -> None:
    """Refuse arrays beyond memory; WiringError names the largest, and what decides its size."""
    numbers = {variable.name: math.prod(shape_of(variable, sizes)) for variable in arrays}
    if sum(numbers.values()) <= MOST_ELEMENTS:
        return
    largest = max(arrays, key=lambda variable: numbers[variable.name])
    named = [str(part) for part in largest.dimensions if part in values]
    text = f"array '{largest.name}' has {numbers[largest.name]:,} elements"
    text += f", all arrays of the FMU {sum(numbers.values()):,}"
    hint = f"at most {MOST_ELEMENTS:,} in all"
    raise WiringError([Problem(text, f"start.{named[0] if named else largest.name}", hint)])


def given(variable: Variable, value: Any, shape: tuple[int, ...]) -> Value:  # noqa: ANN401
    """Return a value that a user gives, as `parsed`; it has to lie in the declared range too."""
    found = parsed(variable, value, shape)
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, int | float) and not variable.holds(one):
            text = f"{variable.shown(one)} is out of range"
            hint = f"allowed: {variable.span}"
            raise WiringError([Problem(text, f"start.{variable.name}", hint)])
    return found


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
        if not isinstance(value, str):
            raise _unfit(variable, value, "text")
        return value
    try:
        if kind == "Binary":
            return bytes(value) if isinstance(value, bytes | bytearray) else bytes.fromhex(value)
        if kind == "Boolean" and isinstance(value, str):
            return _TRUTH[value.strip().lower()]
        if kind != "Boolean" and isinstance(value, bool | np.bool_):
            raise _unfit(variable, value, _allowed(variable))
        if isinstance(value, str) and value.strip() in variable.enumeration:
            return variable.enumeration[value.strip()]
        if variable.numeric and "Int" in kind and isinstance(value, str):
            # a float does not hold every whole number of 64 bits
            return _number(variable, int(value))
        if variable.numeric:
            number = _number(variable, value)
            return bool(number) if kind == "Boolean" else number
    except (KeyError, TypeError, ValueError) as error:
        raise _unfit(variable, value, _allowed(variable)) from error
    raise _unfit(variable, value, "a variable of a type that has values")


def _number(variable: Variable, value: Any) -> float:  # noqa: ANN401 - what the user gave
    number = value if isinstance(value, int) else float(value)
    if isinstance(number, float) and not math.isfinite(number):
        raise _unfit(variable, value, "a finite number")
    hint = not_held(0, variable, number)
    if hint:
        raise _unfit(variable, value, hint)
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
        for number in items:
            hint = not_held(self._version, self.variable, number)
            if hint:
                raise _unfit(self.variable, number, hint)
        whole = np.issubdtype(dtype, np.integer)
        return np.array([round(item) for item in items] if whole else items, dtype=dtype)

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
