"""Arrays as their elements: each a scalar variable of its own, named as FMI counts (from 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.values import element_names, parsed, shape_of
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.cosim.description import Description, Variable


def with_elements(description: Description, sizes: Mapping[str, int]) -> dict[str, Variable]:
    """Return an FMU's variables by name, arrays with their true shape, and all elements of these.

    `sizes`: values of structural parameters. `A[2,1]` is the first element of A's second row.
    """
    found = dict(description.variables)
    for variable in description.variables.values():
        if variable.dimensions:
            found[variable.name] = replace(variable, shape=shape_of(variable, sizes))
            for element in elements(variable, sizes):
                found.setdefault(element.name, element)
    return found


def elements(variable: Variable, sizes: Mapping[str, int]) -> list[Variable]:
    """Return the elements of an array, row by row; a scalar is its own only one."""
    if not variable.dimensions:
        return [variable]
    names = element_names(variable, sizes)
    starts = _starts(variable, shape_of(variable, sizes), len(names))
    return [
        replace(
            variable,
            name=name,
            start=start,
            shape=(),
            dimensions=(),
            array=variable.name,
            place=place,
        )
        for place, (name, start) in enumerate(zip(names, starts, strict=True))
    ]


def _starts(variable: Variable, shape: tuple[int, ...], count: int) -> list[float | None]:
    """Return the elements' start values; one alone counts for all, None where none is known."""
    if variable.start is None or not variable.numeric:
        return [None] * count
    try:
        one = parsed(variable, str(variable.start), (1,))
        return [float(one[0])] * count  # type: ignore[index]
    except WiringError:
        pass
    try:
        own = parsed(variable, str(variable.start), shape)
    except WiringError:  # of another size: an array whose structural parameter was changed
        return [None] * count
    return [float(number) for number in own]  # type: ignore[union-attr]


def whole(variables: Mapping[str, Variable], names: Iterable[str]) -> list[Variable]:
    """Return variables by name, in their order, but all elements of an array in place of some."""
    arrays: dict[str, list[Variable]] = {}
    for variable in variables.values():
        if variable.array:
            arrays.setdefault(variable.array, []).append(variable)
    found: dict[str, Variable] = {}
    for name in names:
        variable = variables[name]
        for one in arrays.get(variable.array, [variable]):
            found[one.name] = one
    return list(found.values())
