"""A plant that is played: what it says of its clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.twin.plant.model import LINE, NAMESPACE, node_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.twin.opcua.browsing import Variable


_BEGUN = f"s={node_of(LINE, 'Clock', 'begun')}"


def is_opening(variables: Sequence[Variable]) -> bool:
    """Whether a played plant is still on the way to its opening: its clock says nothing yet."""
    return any(
        each.node.uri == NAMESPACE
        and each.node.identifier == _BEGUN
        and not isinstance(each.value, datetime)
        for each in variables
    )


def played_clock(variables: Sequence[Variable]) -> tuple[str, bool]:
    """Return the instant of the line's tick 0 (ISO 8601, or ""); whether its pace is not ours."""
    found = {
        variable.node.identifier: variable.value
        for variable in variables
        if variable.node.uri == NAMESPACE
    }
    begun = found.get(_BEGUN)
    pace = found.get(f"s={node_of(LINE, 'Clock', 'pace')}")
    if not isinstance(begun, datetime):
        return "", False
    stamp = begun if begun.tzinfo is not None else begun.replace(tzinfo=UTC)
    return stamp.isoformat(timespec="milliseconds"), isinstance(pace, float) and pace != 1.0
