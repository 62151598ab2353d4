"""What a set value moves in the calls that a lot saw: the models are called as if it were set so.

Items of a call are members, then the reference and the nominal item, which stay as they are
(`assimilating/outcome.py`): so what members become is over what the lot was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.contracts import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns, Transform

_ASIDE = 2
"""Items behind the members."""


@dataclass(frozen=True)
class Moves:
    """Inputs, starts and durations of a process that grow as the set value does.

    `shifts`: inputs that rise by as much as the set value. `slows`: durations shrink as it grows.
    """

    inputs: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    shifts: tuple[str, ...] = ()
    slows: bool = False


LEVERS: Final[Mapping[tuple[str, str], Mapping[str, Moves]]] = {
    ("coater", "loading_target"): {
        "coating": Moves(("pump_flow", "coating_gap"), ("slot_flow",)),
    },
    ("coater", "web_speed"): {
        "coating": Moves(("pump_flow", "web_speed"), ("slot_flow",), slows=True),
        "drying": Moves(slows=True),
    },
    ("coater", "zone_temperatures"): {"drying": Moves(shifts=("air_temperature",))},
    ("coater", "vacuum_pressure"): {"coating": Moves(("vacuum_pressure",))},
    ("coater", "gap_ratio"): {"coating": Moves(("coating_gap",))},
    ("calender", "line_load"): {"calendering": Moves(("line_load",))},
    ("calender", "web_speed"): {"calendering": Moves(("web_speed",))},
    ("calender", "roll_temperature"): {"calendering": Moves(shifts=("roll_temperature",))},
}
"""Kind of station and set value -> process -> what it moves."""


@dataclass(frozen=True)
class Lever:
    """A set value that is moved; `place`: which number of a row from 1, 0 for a number alone."""

    station: str
    kind: str
    quantity: str
    place: int
    before: float
    after: float

    @property
    def address(self) -> str:
        """Its address, as a panel has it."""
        return f"{self.station}.{self.quantity}" + (f"_{self.place}" if self.place else "")

    @property
    def is_known(self) -> bool:
        """Whether it is known what it moves."""
        return (self.kind, self.quantity) in LEVERS

    def pulled(self, process: str, model: Transform) -> Transform:
        """Return a process model whose members see the set value as it would be."""
        moves = LEVERS[self.kind, self.quantity].get(process)
        return model if moves is None else _Pulled(model, moves, self)


@dataclass(frozen=True)
class _Pulled:
    """A Transform whose members are called otherwise."""

    model: Transform
    moves: Moves
    lever: Lever

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases."""
        count = max(np.size(value) for phase in phases for value in phase.inputs.values())
        members = np.arange(count) < count - _ASIDE
        factor = np.where(members, self.lever.after / self.lever.before, 1.0)
        rise = np.where(members, self.lever.after - self.lever.before, 0.0)
        begins = {
            name: value * factor if name in self.moves.starts else value
            for name, value in start.items()
        }
        return self.model.apply(
            begins,
            [self._phase(each, number, factor, rise) for number, each in enumerate(phases, 1)],
        )

    def _phase(self, phase: Phase, number: int, factor: np.ndarray, rise: np.ndarray) -> Phase:
        moves, here = self.moves, self.lever.place in {0, number}
        inputs = {
            name: value * factor
            if name in moves.inputs
            else value + rise
            if here and name in moves.shifts
            else value
            for name, value in phase.inputs.items()
        }
        return Phase(inputs, phase.duration_s / factor if moves.slows else phase.duration_s)


def lever_of(
    address: str, kinds: Callable[[str], str], before: float, after: float
) -> Lever | None:
    """Return the lever of a panel's address; None where it is not known what it moves.

    `kinds`: station -> its kind.
    """
    station, _, tag = address.rpartition(".")
    name, _, number = tag.rpartition("_")
    kind = kinds(station)
    is_row = number.isdigit() and (kind, tag) not in LEVERS
    quantity, place = (name, int(number)) if is_row else (tag, 0)
    found = Lever(station, kind, quantity, place, before, after)
    return found if found.is_known else None
