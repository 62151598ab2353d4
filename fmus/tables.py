"""Tables of inputs and parameters: a row a constant, its unit, tag and source on the same line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import casadi as ca

    from linetwin.authoring import Model


class Row(NamedTuple):
    """One input or parameter; `value` in `unit` is its start value or default."""

    name: str
    unit: str
    value: float
    minimum: float
    maximum: float
    tag: str
    source: str
    meaning: str


def rows(
    facts: Mapping[str, tuple[str, float, float, str]],
    values: Mapping[str, tuple[float, str, str]],
) -> list[Row]:
    """Join what each constant is (unit, minimum, maximum, meaning) and its value, tag, source."""
    return [
        Row(name, unit, values[name][0], minimum, maximum, *values[name][1:], meaning)
        for name, (unit, minimum, maximum, meaning) in facts.items()
    ]


def declare_parameters(model: Model, rows: Iterable[Row]) -> dict[str, ca.SX]:
    """Declare a parameter for each row; return the symbols by name."""
    return {
        row.name: model.parameter(
            row.name,
            row.unit,
            row.value,
            minimum=row.minimum,
            maximum=row.maximum,
            meaning=row.meaning,
            tag=row.tag,
            source=row.source,
        )
        for row in rows
    }


def declare_inputs(model: Model, rows: Iterable[Row]) -> dict[str, ca.SX]:
    """Declare a continuous input for each row; return the symbols by name."""
    return {
        row.name: model.input(
            row.name,
            row.unit,
            start=row.value,
            minimum=row.minimum,
            maximum=row.maximum,
            meaning=row.meaning,
            tag=row.tag,
            source=row.source,
        )
        for row in rows
    }
