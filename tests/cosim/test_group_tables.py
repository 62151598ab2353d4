"""Connections by tables, inputs with factors, start values: what group files say, and mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from group_fmus import write_group

from linetwin.cosim.groups import read_group, simulate_group
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pair(fmu: Path, **changes: object) -> dict[str, Any]:
    """Return two FMUs of FMI 2.0 that give u + 1, not u, and the other mode."""
    content: dict[str, Any] = {
        "step": "100 ms",
        "members": {
            "a": {"fmu": str(fmu), "values": {"u_Real": 0, "mode": "on"}},
            "b": {"fmu": str(fmu), "values": {"u_Real": 0}},
        },
        "connections": {
            "b.u_Integer": {"from": "a.y_Integer", "map": {"6": -4}},
            "b.u_Boolean": {"from": "a.y_Boolean", "map": {"true": False}},
            "b.mode": {"from": "a.next_mode", "map": {"off": "on"}},
        },
        "inputs": {"u": "a.u_Integer", "flag": {"to": "a.u_Boolean"}},
    }
    return {**content, **changes}


def test_tables_and_start_values(tmp_path: Path, feature: Callable[..., Path]) -> None:
    """By hand: 5 + 1 is in the table, 7 + 1 not; an input begins with its start value."""
    content = pair(feature("types2"))
    content["members"]["a"]["start"] = {"u_Integer": 5}
    group = read_group(write_group(tmp_path, **content))
    columns = ["b.y_Integer", "b.y_Boolean", "b.next_mode"]
    begun = simulate_group(group, 0.2, {"flag": 0}, columns)
    assert [set(begun[name]) for name in columns] == [{-3}, {1}, {1}]
    given = simulate_group(group, 0.2, {"u": 7, "flag": 1}, columns)
    assert [set(given[name]) for name in columns] == [{9}, {1}, {1}]


MISTAKES = {
    "real": ({"b.u_Integer": {"from": "a.y_Real", "map": {"1": 2}}}, {}, "for whole numbers"),
    "both": (
        {"b.u_Integer": {"from": "a.y_Integer", "map": {"1": 2}, "scale": 2.0}},
        {},
        "no scale, offset or unit beside it",
    ),
    "item": ({"b.mode": {"from": "a.next_mode", "map": {"up": "on"}}}, {}, "'up' does not fit"),
    "no source": ({}, {"mode": "on"}, "'mode' has no source to begin before.*under values"),
    "no number": ({"b.u_String": "a.y_String"}, {"u_String": "x"}, "'u_String' is no number"),
    "twice": ({}, {"u_Real": 1}, "'u_Real' stands under `start` too"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_told(tmp_path: Path, feature: Callable[..., Path], case: str) -> None:
    """What does not fit is named with its key."""
    connections, start, expected = MISTAKES[case]
    content = pair(feature("types2"), connections=connections)
    content["members"]["b"]["start"] = start
    for name, value in {"u_Integer": 0, "u_Boolean": False, "mode": "on"}.items():
        if f"b.{name}" not in connections and name not in start:
            content["members"]["b"]["values"][name] = value
    with pytest.raises(WiringError, match=expected):
        read_group(write_group(tmp_path, **content))
