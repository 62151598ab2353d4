"""Whether the dimensions of connectors are those of the FMUs' variables behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from linetwin.cosim.values import shape_of, structural_sizes
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.flattening import Flat, Port
    from linetwin.cosim.ssp.structure import Connector, Dimension


class _Size(NamedTuple):
    """Of an FMU's variable: how it is called, its shape, and what decides each number of that."""

    name: str
    shape: tuple[int, ...]
    parts: tuple[Dimension, ...]


def check_sizes(flat: Flat, values: Mapping[tuple[str, ...], Mapping[str, Any]]) -> None:
    """Note dimensions that differ, of components and of systems on the way of a value.

    `values`: what is set in each FMU, structural parameters among them, by its path.
    """
    sizes: dict[tuple[tuple[str, ...], str], _Size] = {}
    for path, given in values.items():
        for name, size in _of_fmu(flat, path, given).items():
            sizes[path, name] = size
            connector = flat.components[path].connectors.get(name)
            if connector is not None and connector.dimensions:
                _compare(connector, size, flat.findings)
            if connector is not None and None in (connector.dimensions or (None,)):
                lacks = "a Dimension without a size" if connector.dimensions else "no Dimension"
                text = f"it has {lacks}, {size.name} is of {_shown(size.shape)}"
                flat.findings.note("connector", text, connector.place)
    for port in flat.incoming:
        source, hops = flat.way(port)
        points = [source, *(hop.target for hop in hops)]
        reached = sizes.get(port) or sizes.get(source)
        if reached is not None:
            # a system's sizes are decided by connectors of its own
            free = reached._replace(parts=(None,) * len(reached.shape))
            for connector in _of_systems(flat, points):
                _compare(connector, free, flat.findings)


def _of_fmu(flat: Flat, path: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, _Size]:
    """Return the sizes of an FMU's arrays by name; none where the group will tell what is wrong."""
    description = flat.descriptions[path]
    known = {variable.name for variable in description.of("structuralParameter")}
    try:
        sizes = structural_sizes(description, {n: v for n, v in given.items() if n in known})
    except WiringError:
        return {}
    return {
        variable.name: _Size(
            f"{description.name}'s '{variable.name}'",
            shape_of(variable, sizes),
            variable.dimensions,
        )
        for variable in description.variables.values()
        if variable.dimensions
    }


def _of_systems(flat: Flat, points: list[Port]) -> list[Connector]:
    """Return those connectors on a way that systems have, and that say what size they are."""
    found = [flat.connector(point) for point in points if point.path in flat.systems]
    return [connector for connector in found if connector is not None and connector.dimensions]


def _compare(connector: Connector, size: _Size, findings: Findings) -> None:
    """Note a connector that is of another size than an FMU's variable."""
    declared = connector.dimensions
    pairs = zip(declared, size.shape, size.parts, strict=False)
    if len(declared) != len(size.shape) or not all(_fits(*pair) for pair in pairs):
        message = f"its Dimension is {_shown(declared)}, {size.name} is of {_shown(size.shape)}"
        names = [part if isinstance(part, str) else "" for part in size.parts]
        hint = f"decided by {', '.join(filter(None, names))}" if any(names) else "the same of both"
        findings.wrong(connector.place, message, hint)


def _fits(declared: Dimension, size: int, part: Dimension) -> bool:
    """Tell whether a dimension of a connector may be that of a variable."""
    if isinstance(declared, str):
        return part is None or declared == part
    return declared is None or declared == size


def _shown(parts: tuple[Dimension, ...]) -> str:
    return "x".join("?" if part is None else str(part) for part in parts)
