"""How far a simulation is and what it calls, for who watches it from another thread."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _nowhere() -> int:
    return 0


def nobody() -> str:
    """Return that no member of a group is being called."""
    return ""


@dataclass
class Progress:
    """`points`: a number that changes with each communication point; `under_way`: who is called.

    `name`: of a group that is simulated, empty until it is read. `doing`: which call it is, of
    those that steps make; of others `RARE` tells.
    Whoever simulates puts its own into the one that is `watched`.
    """

    points: Callable[[], int] = _nowhere
    under_way: Callable[[], str] = nobody
    doing: Callable[[], str] = nobody
    name: str = ""


class Rare:
    """The call under way of those that no step makes; `name` is empty where there is none.

    One for the process: FMUs are made, begun and freed by one thread at a time.
    """

    name: str = ""


RARE: Final = Rare()


class Noted:
    """A rare call, noted in `RARE` for as long as a `with` block takes; 0.1 us."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        RARE.name = self._name

    def __exit__(self, *_: object) -> None:
        RARE.name = ""


PROGRESS: Final[ContextVar[Progress]] = ContextVar("progress")
"""Set by who watches."""


def watched() -> Progress:
    """Return what somebody looks at, or one that nobody does."""
    found = PROGRESS.get(None)
    return Progress() if found is None else found
