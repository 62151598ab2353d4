"""Laying out a group: its FMUs loaded, the tables of what passes between them, who goes when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.cosim.binary import load_binary
from linetwin.cosim.groups.clocks import together_at_events
from linetwin.cosim.groups.clockwork import ClockedInput, ClockedMember
from linetwin.cosim.groups.definition import Loops, Terminal
from linetwin.cosim.groups.dependence import Dependence, Visit, starting_order
from linetwin.cosim.groups.grid import Grid
from linetwin.cosim.groups.running import Copy, Plan, PlannedVisit, RunningMember, TextCopy
from linetwin.cosim.groups.slots import SlotTable, slot_table
from linetwin.cosim.progress import Noted
from linetwin.cosim.units import SAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.cosim.groups.definition import Connection, Group, Member


def plan(group: Group, recorded: Sequence[Terminal] = ()) -> Plan:
    """Load the FMUs of a group and lay out its tables; FmuError where one does not load."""
    taken = [c.source for c in (*group.connections, *group.clocked)]
    sources = [*taken, *(output.source for output in group.outputs.values())]
    read: dict[str, dict[str, bool]] = {member.name: {} for member in group.members}
    events = [event.source for event in group.course.events]
    used = {*taken, *events, *recorded}
    for terminal in [*sources, *_compared(group), *events, *recorded]:
        read[terminal.member][terminal.variable] = terminal in used
    given = [target for found in group.inputs.values() for target, _ in found.targets]
    members = tuple(_running(group, member, given, read[member.name]) for member in group.members)
    by_name = {found.member.name: found for found in members}
    for connection in group.connections:
        _join(by_name, connection)
    place = {name: index for index, name in enumerate(by_name)}
    inside = Dependence(group.members, group.connections).visits(read)
    changed = [*given, *(target for event in group.course.events for target, _ in event.sets)]
    settling = Dependence(group.members, group.connections, changed).visits(read)
    starting = starting_order(group.members, group.connections)
    return Plan(
        name=group.name,
        order=group.order,
        linear=group.linear,
        loops=group.loops or Loops(1.0, 1),
        grid=Grid(group.step),
        members=members,
        visits=_planned(by_name, inside),
        settling=_planned(by_name, settling),
        starting=tuple(place[name] for name in starting),
        clockwork=_clockwork(group, by_name),
        compared={
            terminal: by_name[terminal.member].outputs.slots[terminal.variable]
            for terminal in dict.fromkeys([*sources, *_compared(group)])
            if terminal.variable in by_name[terminal.member].outputs.slots
        },
        course=group.course,
    )


def _clockwork(group: Group, members: Mapping[str, RunningMember]) -> tuple[ClockedMember, ...]:
    """Return the members that stand still together at events, in the order of the file.

    Those that have clocks in common, and with `early_return` all that have an event mode.
    """
    joined = together_at_events(group)
    found = {name: ClockedMember(member) for name, member in members.items() if name in joined}
    for name, clocked in found.items():
        clocked.member.together = True
        for variable, table in clocked.member.ticking.items():
            for clock in members[name].member.variables[variable].clocks:
                clocked.outputs.setdefault(clock, []).append(table)
    for tick in group.ticks:
        takers = found[tick.source.member].takers.setdefault(tick.source.variable, [])
        takers.append((found[tick.target.member], tick.target.variable))
    tables: dict[tuple[str, str], SlotTable] = {}
    for connection in group.clocked:
        taker, target = members[connection.target.member], connection.target.variable
        # the elements of an array are set together
        place = (taker.member.name, taker.member.array(target))
        if place not in tables:
            tables[place] = slot_table(taker.binary, taker.member.variables, [target])
            tables[place].to_start(taker.member.values)
        table = tables[place]
        one = ClockedInput(table, _copied(members[connection.source.member], table, connection))
        for clock in taker.member.variables[target].clocks:
            found[connection.target.member].inputs.setdefault(clock, []).append(one)
    return tuple(found.values())


def _join(members: Mapping[str, RunningMember], connection: Connection) -> None:
    """Add what a connection carries over to the member that takes it."""
    taker, giver = members[connection.target.member], members[connection.source.member]
    copy = _copied(giver, taker.taken, connection)
    if isinstance(copy, Copy):
        taker.copies.append(copy)
    else:
        taker.text_copies.append(copy)


def _copied(giver: RunningMember, taken: SlotTable, connection: Connection) -> Copy | TextCopy:
    """Return what carries a value from a member into a table of another."""
    name, given = connection.target.variable, connection.source.variable
    if given in giver.outputs.texts:
        return TextCopy(giver.outputs.texts[given], taken.texts[name], giver, name)
    source, target = giver.outputs.slots[given], taken.slots[name]
    same = connection.affine.identity and not connection.table
    return Copy(
        source=source,
        target=target,
        affine=SAME if connection.affine.identity else connection.affine,
        giver=giver,
        variable=name,
        followed=giver.followed.index(source) if source in giver.followed else None,
        exact=same and target.long(source),
        table=connection.table,
    )


def _compared(group: Group) -> list[Terminal]:
    """Return what tells the error of adaptive steps: all continuous outputs of the members."""
    if group.course.adaptive is None:
        return []
    return [
        Terminal(member.name, variable.name)
        for member in group.members
        for variable in member.variables.values()
        if variable.causality == "output" and variable.continuous and not variable.shape
    ]


def _planned(
    members: Mapping[str, RunningMember], visits: Iterable[Visit]
) -> tuple[PlannedVisit, ...]:
    """Return visits with running members, and with the copies into the inputs of loops."""
    found = []
    for visit in visits:
        own = tuple(members[name] for name in visit.members)
        wanted = {(terminal.member, terminal.variable) for terminal in visit.inputs}
        chosen = [
            (m.member.name, c)
            for m in own
            for c in m.copies
            if (m.member.name, m.member.array(c.variable)) in wanted
        ]
        title = ", ".join(f"{name}.{c.variable}" for name, c in chosen)
        found.append(PlannedVisit(own, tuple(c for _, c in chosen), title))
    return tuple(found)


def _running(
    group: Group, member: Member, given: Iterable[Terminal], read: Mapping[str, bool]
) -> RunningMember:
    """Lay out a member; `read`: outputs to read, and whether they are used within the group."""
    with Noted(f"{member.name}: loading"):
        binary = load_binary(member.description.path)
    variables = member.variables
    taken = slot_table(binary, variables, [c.target.variable for c in group.sources(member.name)])
    own = [t.variable for t in given if t.member == member.name]
    # an array of which a part comes from other members is set with what these give
    own = [name for name in own if name not in taken.slots and name not in taken.texts]
    together = member.name in together_at_events(group)
    clocked = [name for name in read if together and variables[name].clocks]
    outputs = slot_table(binary, variables, [name for name in read if name not in clocked])
    ticking = {name: slot_table(binary, variables, [name]) for name in clocked}
    for table in ticking.values():
        table.to_start({})
        outputs.slots.update(table.slots)
        outputs.texts.update(table.texts)
    chosen = [(name, outputs.slots[name]) for name in read if name in outputs.slots and read[name]]
    followed = tuple(
        s for s in outputs.slots.values() if group.linear and s.cell.block.type is np.float64
    )
    return RunningMember(
        member=member,
        binary=binary,
        length_s=float(group.step * member.every),
        taken=taken,
        given=slot_table(binary, variables, own),
        outputs=outputs,
        values=slot_table(binary, variables, member.values),
        ticking=ticking,
        used={name: slot for name, slot in chosen if slot.cell.floating},
        followed=followed,
        previous=np.zeros(len(followed)),
        early_return=group.course.early_return
        and not any(one.description.event_mode for one in group.members),
    )
