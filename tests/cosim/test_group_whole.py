"""Whole numbers of 64 bits in tables and events of a group: none of them goes through a float."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from group_fmus import write_group

from linetwin.cosim.groups import FmuGroup, read_group
from linetwin.cosim.values import Field
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group

TOP = 2**64 - 1
ODD = 2**53 + 1
"""The first whole number that a float does not hold."""
ENGINES = [True, False]
KINDS = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
STEP = 'canHandleVariableCommunicationStepSize="true"'


@pytest.fixture
def types3(feature: Callable[..., Path]) -> Path:
    """An FMU that gives u + 1, and saves its state."""
    return feature("types3", STEP, f'{STEP} canGetAndSetFMUState="true"')


def group(folder: Path, fmu: Path, given: int, **content: object) -> Group:
    """Return two of them; `given`: the first one's UInt64."""
    named = {*content.get("connections", {}), *content.get("inputs", {}).values()}  # type: ignore[attr-defined]
    zero = {f"u_{kind}": 0 for kind in (*KINDS, "Float64", "Float32", "Boolean")}
    zero |= {"vector": 0, "mode": "off", "flags": False, "counts": 0}
    members = {
        name: {
            "fmu": str(fmu),
            "values": {k: v for k, v in own.items() if f"{name}.{k}" not in named},
        }
        for name, own in {"a": {**zero, "u_UInt64": given}, "b": zero}.items()
    }
    return read_group(write_group(folder, step="100 ms", members=members, **content))


def said(found: Group, variable: str, *, compiled: bool) -> int:
    """Return what member b says of a whole number after 300 ms."""
    running = FmuGroup(found, compiled=compiled)
    running.start(0, {})
    running.advance(300, {})
    instance = running._members["b"].running
    (value,) = Field(instance, instance.binary.description.variables[variable], {}).read()
    running.close()
    return int(value)


@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize(
    "case",
    [
        ("UInt64", TOP - 1, {TOP - 1: 5}, TOP),
        ("UInt64", TOP - 2, {TOP - 1: 5}, 5),
        ("Int64", 6, {7: ODD}, ODD),
        ("Int64", ODD - 1, {ODD - 1: 4}, ODD),
        ("UInt64", 6, {7: TOP - 1}, TOP - 1),
    ],
)
def test_a_table_takes_and_gives_every_whole_number(
    tmp_path: Path, types3: Path, case: tuple[str, int, dict[int, int], int], *, compiled: bool
) -> None:
    """Its keys are met, and its values given, to the last digit; others go over as they are."""
    kind, given, table, taken = case
    way = {"from": "a.y_UInt64", "map": table}
    found = group(tmp_path, types3, given, connections={f"b.u_{kind}": way})
    assert said(found, f"y_{kind}", compiled=compiled) == (taken + 1) % 2**64


@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize(("kind", "number"), [("Int64", ODD), ("UInt64", TOP), ("Int64", -ODD)])
def test_an_event_sets_every_whole_number(
    tmp_path: Path, types3: Path, kind: str, number: int, *, compiled: bool
) -> None:
    """What it sets is what the FMU has; as a number and as text."""
    for value in (number, str(number)):
        event = {"of": "a.walk", "rises": 0.15, "set": {f"b.u_{kind}": value}}
        found = group(tmp_path, types3, 0, events={"late": event})
        assert str(number) in found.course.words()["event late"]
        assert said(found, f"y_{kind}", compiled=compiled) % 2**64 == (number + 1) % 2**64


@pytest.mark.parametrize("value", [2**64, -1, 10**400])
def test_what_no_whole_number_of_its_type_is(tmp_path: Path, types3: Path, value: int) -> None:
    """It is refused, in a table and in an event, with what is allowed."""
    way = {"from": "a.y_UInt64", "map": {1: value}}
    with pytest.raises(WiringError, match=r"b\.u_UInt64\.map: .* \(a whole number from 0 to 184"):
        group(tmp_path, types3, 0, connections={"b.u_UInt64": way})
    event = {"of": "a.walk", "rises": 0.15, "set": {"b.u_UInt64": value}}
    with pytest.raises(WiringError, match=r"events\.late\.set\.b\.u_UInt64: .* \(a "):
        group(tmp_path, types3, 0, events={"late": event})
