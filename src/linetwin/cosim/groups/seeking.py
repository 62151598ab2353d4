"""The events of a group for which a line may be woken: which there are, and what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.cosim.groups.clocks import together_at_events
from linetwin.errors import Problem
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.cosim.groups.definition import Group


def event_names(group: Group) -> list[str]:
    """Return the events that can be sought, by name; one of a member's own bears the member's.

    Of members that go through their events together also `member.clock`, for an output clock.
    """
    if not all(member.description.capabilities.save_state for member in group.members):
        return []  # somebody cannot be taken back
    together = together_at_events(group)
    early = group.course.early_return
    clocks = [
        f"{member.name}.{clock.name}"
        for member in group.members
        if member.name in together
        for clock in member.description.clocks.values()
        if clock.causality == "output"
    ]
    own = [m.name for m in group.members if (m.name in together if together else early)]
    return [event.name for event in group.course.events] + own + clocks


def event_problems(group: Group | None, names: Iterable[str], key: str) -> Iterator[Problem]:
    """Yield what is wrong with the names of events that a line asks for; None: no group.

    `key`: where the model is chosen.
    """
    known = [] if group is None else event_names(group)
    for name in names:
        path = ".".join(part for part in (key, "events", name) if part)
        if group is None:
            hint = "a group file with events, or early_return; one FMU is enough"
            yield Problem("an FMU alone has no events for the line", path, hint)
        elif not known:
            hint = "`events` or `early_return`, and members that can all save their state"
            yield Problem(f"{group.file.name} has no events for the line", path, hint)
        elif name not in known:
            message = f"{group.file.name} has no event '{name}'"
            yield Problem(message, path, nearest(name, known, "event"))
