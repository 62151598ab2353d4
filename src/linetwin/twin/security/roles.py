"""What each role may do on a server of ours.

    observer   reads, browses, subscribes, reads history
    operator   also commands: request tags, methods, acknowledging and shelving alarms
    engineer   also sets: setpoints, recipes, limits

Nobody may change the address space, its history or the list of servers from outside.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a user is to the plant."""

    OBSERVER = "observer"
    OPERATOR = "operator"
    ENGINEER = "engineer"


class Right(StrEnum):
    """One thing that may be done."""

    READ = "read"
    COMMAND = "command"
    SET = "set"


RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.OBSERVER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.COMMAND}),
    Role.ENGINEER: frozenset({Right.READ, Right.COMMAND, Right.SET}),
}


def may(role: Role, right: Right) -> bool:
    """Tell whether a role has a right."""
    return right in RIGHTS[role]
