"""What every unit of the line has in common: a state of plain data and one way to be woken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linetwin.contracts import Continuous
    from linetwin.line.world import World


@dataclass
class UnitState:
    """All state of a unit: int, float, str, bytes, list and dict only, no object references.

    `token` voids timers: a timer whose token is not the present one is ignored. `due` is the tick
    of the next duty of a unit that has one: woken before, it has nothing to do. `resumes_at`: when
    a repair, a micro-stop or a service ends. `to_failure`, `to_service`: cause -> ticks of work
    left. `offsets`: gauge -> [shift, standard normal number of that shift]. `job` belongs to the
    kind of station.
    """

    name: str
    phase: str = "get"
    mode: str = "Idle"
    cause: str = ""
    token: int = 0
    due: int = 0
    left: int = 0
    began: int = -1
    stopped: int = -1
    hazard: float = 1.0
    operation: str = ""
    operation_mode: str = "Execute"
    operation_ticks: int = 0
    to_failure: dict[str, int] = field(default_factory=dict)
    failure: str = ""
    resumes_at: int = -1
    to_service: dict[str, int] = field(default_factory=dict)
    offsets: dict[str, list[float]] = field(default_factory=dict)
    wear_removed: float = 0.0
    job: dict[str, Any] = field(default_factory=dict)


class Unit(ABC):
    """Something the calendar can wake."""

    def __init__(self, name: str, world: World) -> None:
        self.world = world
        self.name = name
        """The unit's path in the line."""
        self.state = UnitState(name)

    @abstractmethod
    def begin(self) -> None:
        """Make the first entries in the calendar; not called on a restored line."""

    @abstractmethod
    def advance(self) -> None:
        """Do what the state allows now. Decides from state, never from what woke it."""

    def models(self) -> dict[str, Continuous]:
        """Return the unit's models that live in line time, by the name of their process."""
        return {}

    def plan(self, tick: int) -> None:
        """Put the unit's next duty at `tick`."""
        self.state.due = tick
        self.wake_at(tick)

    def wake_at(self, tick: int) -> None:
        """Ask to be woken at `tick`; void once the token has moved on."""
        self.world.calendar.at(tick, self.name, self.state.token)
