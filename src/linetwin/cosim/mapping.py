"""How a station's quantities meet an FMU's variables, as the scenario says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from linetwin.errors import Problem, WiringError


@dataclass(frozen=True)
class Link:
    """One quantity's variable: quantity = scale * (variable, converted from its unit) + offset.

    `unit` (UCUM) overrides what the FMU declares; `offset` is in the quantity's canonical unit.
    `start` names the variable that sets the quantity at the beginning, where it is another one.
    `enumeration` translates values: quantity's number -> the FMU's number, or its item's name.
    An empty `variable` says on purpose that the FMU does without this input.
    """

    variable: str
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    start: str | None = None
    enumeration: Mapping[float, float | str] | None = None


@dataclass(frozen=True)
class ProcessMap:
    """A station's mapping: quantity -> Link, and values for variables that nobody else sets.

    A quantity that is not named is looked for under its own name. `fixed`: FMU variable -> value in
    that variable's own unit; also text, an enumeration's item, or a list for an array.
    """

    quantities: Mapping[str, Link] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def link(self, quantity: str) -> Link:
        """Return the link of a quantity, its own name by default."""
        return self.quantities.get(quantity) or Link(quantity)


def process_map(
    quantities: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    key: str = "",
) -> ProcessMap:
    """Build a ProcessMap from `map` and `fixed` as a scenario holds them.

    A value of `map` is a variable's name, None (the FMU does without), or a table with the fields
    of `Link`. Raises WiringError with every wrong entry, under the key path `key`.
    """
    problems: list[Problem] = []
    links: dict[str, Link] = {}
    for name, entry in (quantities or {}).items():
        try:
            links[name] = _link(entry)
        except (TypeError, ValueError) as error:
            allowed = ", ".join(f.name for f in fields(Link))
            problems.append(
                Problem(
                    str(error),
                    key=".".join(part for part in (key, "map", name) if part),
                    hint=f"a variable's name, or a table with {allowed}",
                )
            )
    if problems:
        raise WiringError(problems)
    return ProcessMap(links, dict(fixed or {}))


def _link(entry: Any) -> Link:  # noqa: ANN401 - what YAML holds
    if entry is None:
        return Link("")
    if isinstance(entry, str):
        return Link(entry)
    if not isinstance(entry, Mapping):
        raise TypeError(f"{entry!r} is neither a name nor a table")
    unknown = sorted(set(entry) - {f.name for f in fields(Link)})
    if unknown:
        raise ValueError(f"unknown fields {', '.join(unknown)}")
    if not isinstance(entry.get("variable"), str):
        raise ValueError("the field 'variable' is missing")  # noqa: TRY004 - shown as a Problem
    link = Link(**entry)
    scale = float(link.scale)
    if scale == 0.0:
        raise ValueError("a scale of 0 loses the value")
    table = link.enumeration
    if table is not None:
        table = {float(value): chosen for value, chosen in table.items()}
    return Link(link.variable, link.unit, scale, float(link.offset), link.start, table)
