"""The saved state of a group: what it belongs to, and the states inside its FMUs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

import msgpack

from linetwin.errors import FmuError

if TYPE_CHECKING:
    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.groups.running import Plan
    from linetwin.cosim.instance import Instance

FORMAT: Final = "linetwin-group-3"


def digest(plan: Plan, group: Group) -> bytes:
    """Return a hash of what a saved state depends on: the FMUs, and how they are joined."""
    members = [
        (m.member.name, m.binary.digest.hex(), m.member.every, sorted(m.outputs.slots))
        for m in plan.members
    ]
    joined = [
        (*c.source, *c.target, c.affine.factor, c.affine.offset, sorted(c.table.items()))
        for c in (*group.connections, *group.clocked, *group.ticks)
    ]
    inputs = {name: [str(t) for t, _ in i.targets] for name, i in sorted(group.inputs.items())}
    loops = astuple(group.loops) if group.loops else ()
    how = (str(group.step), group.order, group.linear, loops, astuple(group.course))
    whole = (*how, members, joined, inputs)
    return hashlib.sha256(json.dumps(whole).encode()).digest()


def unpacked(state: bytes, expected: bytes, group: str) -> dict[str, Any]:
    """Return the content of a saved state; `expected`: the digest that it must bear.

    Raises FmuError for a state of another format or of another group.
    """
    try:
        content = msgpack.unpackb(state)
    except (ValueError, msgpack.UnpackException) as error:
        raise FmuError("the saved state is not one of a group", group) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FmuError("the saved state is of another format", group)
    if content["digest"] != expected:
        raise FmuError("the saved state belongs to another group", group)
    return content


def saved(instance: Instance) -> bytes:
    """Return the state inside an FMU as bytes."""
    state = instance.save_state()
    try:
        return instance.serialise(state)
    finally:
        instance.free_state(state)


def restore(instance: Instance, content: bytes) -> None:
    """Put an FMU into a state that was saved as bytes."""
    inside = instance.deserialise(content)
    try:
        instance.restore_state(inside)
    finally:
        instance.free_state(inside)
    instance.messages.forget()
