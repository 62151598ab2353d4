"""Tables that say which value of one variable becomes which of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.cosim.values import parsed

if TYPE_CHECKING:
    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.written import WrittenConnection

_REAL: Final = frozenset({"Real", "Float32", "Float64"})


def read_table(
    source: Variable, target: Variable, written: WrittenConnection
) -> dict[float, float]:
    """Return the table of a connection: whole numbers are int, which holds those of 64 bits.

    Raises ValueError where it does not fit its ends, WiringError for a value that one of them does
    not take.
    """
    if source.type in _REAL or not source.numeric:
        raise ValueError(f"a table is for whole numbers, '{source.name}' is a {source.type}")
    if written.model_fields_set - {"source", "map"}:
        raise ValueError("a table says it all: no scale, offset or unit beside it")
    return {_number(source, key): _number(target, value) for key, value in written.map.items()}


def _number(variable: Variable, value: object) -> float:
    number: float = parsed(variable, value, ())  # type: ignore[assignment]
    return float(number) if variable.type in _REAL else round(number)
