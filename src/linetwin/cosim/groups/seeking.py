"""The events of a group for which a line may be woken: which there are, and what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.errors import Problem
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.cosim.groups.definition import Group


def event_names(group: Group) -> list[str]:
    """Return the events that can be sought, by name; an early return bears its member's.

    None where members go through events of their own together: those cannot be taken back.
    """
    early = group.course.early_return
    modes = any(member.description.event_mode for member in group.members)
    if group.ticks or group.clocked or (early and modes):
        return []
    names = [event.name for event in group.course.events]
    return names + ([member.name for member in group.members] if early else [])


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
            hint = "`events`, or `early_return` with members that have no event mode and no clocks"
            yield Problem(f"{group.file.name} has no events for the line", path, hint)
        elif name not in known:
            message = f"{group.file.name} has no event '{name}'"
            yield Problem(message, path, nearest(name, known, "event"))
