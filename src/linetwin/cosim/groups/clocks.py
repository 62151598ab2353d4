"""Clocks between the FMUs of a group: which connections they are, and whether they can tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from linetwin.cosim.clocks import TICKS_A_STEP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linetwin.cosim.groups.definition import Connection, Group, Member, Terminal
    from linetwin.scenario.document import KeyPath

    Tell = Callable[[KeyPath, str, str], None]


class Sorted(NamedTuple):
    """Connections: of values at communication points, of values at ticks, of clocks."""

    plain: tuple[Connection, ...]
    clocked: tuple[Connection, ...]
    ticks: tuple[Connection, ...]


def sort_out(connections: Iterable[Connection], members: Iterable[Member]) -> Sorted:
    """Return connections by when they carry something over."""
    found: tuple[list[Connection], ...] = ([], [], [])
    known = {member.name: member for member in members}
    for connection in connections:
        member = known[connection.target.member]
        variable = member.variables[connection.target.variable]
        clocked = bool(variable.clocks) and member.description.event_mode
        found[2 if variable.type == "Clock" else int(clocked)].append(connection)
    return Sorted(*map(tuple, found))


def together_at_events(group: Group) -> set[str]:
    """Return the members that go through their events together, by name."""
    ends = [end for c in (*group.ticks, *group.clocked) for end in (c.source, c.target)]
    joined = {end.member for end in ends}
    return {
        member.name
        for member in group.members
        if member.description.event_mode and (member.name in joined or group.course.early_return)
    }


def check_clocks(group: Group, tell: Tell) -> None:
    """Tell of clocks that cannot be connected, and of what a group with clocks cannot do beside."""
    for connection in group.ticks:
        path: KeyPath = ("connections", str(connection.target))
        target, source = connection.target, connection.source
        kind = group.member(target.member).description.clocks[target.variable].kind
        if kind != "triggered":
            tell(path, f"'{target}' is a {kind} clock: it ticks by itself", "a triggered one")
        for terminal in (source, target):
            if not group.member(terminal.member).description.event_mode:
                hint = "export it for co-simulation with event mode"
                tell(path, f"'{terminal.member}' has clocks and no event mode", hint)
    ticking = {connection.target for connection in group.ticks}
    for connection in group.clocked:
        _check_clocked(group, connection, ticking, tell)
    for name, found in group.inputs.items():
        for target, _ in found.targets:
            if group.variable(target).clocks and group.member(target.member).description.event_mode:
                message = f"'{target}' is set when a clock ticks, not from outside"
                tell(("inputs", name), message, "connect it to another member")
    _check_intervals(group, tell)
    _check_rest(group, tell)


def _check_intervals(group: Group, tell: Tell) -> None:
    """Tell of clocks that tick too often for a step of their member."""
    for member in group.members:
        least = float(group.step * member.every) / TICKS_A_STEP
        for clock in member.description.clocks.values():
            if clock.activated_here and clock.interval is not None and clock.interval < least:
                message = f"clock '{clock.name}' ticks every {float(clock.interval):g} s"
                hint = f"at least a millionth of its step, {least:g} s, or a shorter `step`"
                tell(("members", member.name), message, hint)


def _check_clocked(
    group: Group, connection: Connection, ticking: set[Terminal], tell: Tell
) -> None:
    """Tell of an input that is set when a clock ticks which never does."""
    target = connection.target
    description = group.member(target.member).description
    names = group.variable(target).clocks
    here = [name for name in names if description.clocks[name].activated_here]
    if not here and not any(target._replace(variable=name) in ticking for name in names):
        message = f"'{target}' is set when '{', '.join(names)}' ticks, which nothing lets tick"
        tell(("connections", str(target)), message, "connect that clock too")


def _check_rest(group: Group, tell: Tell) -> None:
    """Tell of what does not go together with members in event mode that stand still together."""
    what = "clocks between members"
    if not group.ticks and not group.clocked:
        what = "early returns to events"
        if not group.course.early_return or not any(
            m.description.event_mode for m in group.members
        ):
            return
    if group.order != "jacobi":
        tell(("order",), f"{what} need the order jacobi", "order: jacobi")
    if group.linear:
        tell(("extrapolate",), f"{what} need inputs that are held", "none")
    if group.course.seeks:
        message = f"{what} and steps that are tried do not go together"
        tell(("step",), message, "leave adaptive, events and iterate out")
    for member in group.members:
        if member.every > 1:
            message = f"{what} need all of them to step at every point"
            tell(("members", member.name, "every"), message, "every: 1")
        if not member.description.capabilities.variable_step:
            message = "it takes only one fixed step, and clocks tick between the points"
            tell(("members", member.name), message, "an FMU with a variable step")
