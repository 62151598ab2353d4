"""The recorder: a row per station, buffer, tank and building at every recording instant."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.equipment import GIVEN_OFF
from linetwin.line.unit import Unit
from linetwin.quantities.packml import STATES
from linetwin.scenario.kinds import MACHINE_SIGNALS

if TYPE_CHECKING:
    from linetwin.line.world import Together, World

Shape = tuple[tuple[str, ...], ...]
"""What each row of an instant says, beside the outputs of a machine: names of quantities."""


class _Layout:
    """Where the numbers of an instant stand in its table.

    First come those of what the rows say, row by row, then the outputs of the machines in `rows`.
    """

    def __init__(self, shape: Shape, rows: list[int]) -> None:
        said = {name for names in shape for name in names}
        self._names = sorted(said.union(MACHINE_SIGNALS if rows else ()))
        columns = {name: column for column, name in enumerate(self._names)}
        places = [(columns[name], row) for row, names in enumerate(shape) for name in names]
        places += [(columns[name], row) for row in rows for name in MACHINE_SIGNALS]
        self._places = tuple(np.array(places, dtype=np.intp).T)
        self._empty = np.full((len(self._names), len(shape)), math.nan)

    def columns(self, numbers: list[float]) -> dict[str, np.ndarray]:
        """Return the table by quantity; NaN where a row does not have one."""
        block = self._empty.copy()
        block[self._places] = numbers
        return dict(zip(self._names, block, strict=True))


class Recorder(Unit):
    """Writes a row per station, buffer, tank and building at every recording instant.

    All machines are brought to that instant and read together.
    """

    def __init__(self, world: World, interval_ticks: int) -> None:
        super().__init__("recorder", world)
        self._interval = interval_ticks
        self._layouts: dict[Shape, _Layout] = {}

    def begin(self) -> None:
        """Record the start."""
        self.plan(self.world.now)

    def advance(self) -> None:
        """Record now and ask to be woken for the next time."""
        if self.world.now < self.state.due:
            return
        self.record()
        self.plan(self.world.now + self._interval)

    def record(self) -> None:
        """Write one row per station, buffer, tank and building."""
        said = self._say()
        outputs = self._drive_machines()
        shape = tuple(map(tuple, said))
        layout = self._layouts.get(shape)
        if layout is None:
            units = enumerate(self.world.equipment())
            rows = [row for row, unit in units if unit.machine is not None]
            layout = self._layouts[shape] = _Layout(shape, rows)
        numbers = [number for values in said for number in values.values()]
        for values in outputs:
            numbers += values[len(GIVEN_OFF) :]
        true = layout.columns(numbers)
        columns: dict[str, Any] = {
            "tick": np.full(len(said), self.world.now),
            "station": self._stations,
            **true,
            **self.world.disturbances.recorded(self._stations, true),
        }
        self.world.sink.add("signals", columns)

    @cached_property
    def _stations(self) -> list[str]:
        """The name of each row, in the order of `_say`."""
        world = self.world
        names = [unit.name for unit in world.equipment()]
        names += [*world.buffers, *world.tanks]
        return names + ([world.building.name] if world.building is not None else [])

    @cached_property
    def _together(self) -> Together:
        """All machines, to be brought to an instant at once."""
        machines = [unit.machine for unit in self.world.equipment() if unit.machine is not None]
        return self.world.models.together(machines, (*GIVEN_OFF, *MACHINE_SIGNALS))

    def _say(self) -> list[dict[str, float]]:
        """Return what each row says, beside the outputs of a machine."""
        world = self.world
        said = [
            {"packml_state": float(STATES[unit.state.mode]), **unit.signals()}
            for unit in world.equipment()
        ]
        said += [{"buffer_level": buffer.level} for buffer in world.buffers.values()]
        said += [{"slurry_mass": tank.level} for tank in world.tanks.values()]
        if world.building is not None:
            said.append(world.building.signals())
        return said

    def _drive_machines(self) -> list[list[float]]:
        """Bring all machines to now; return their outputs, in the order of their stations."""
        units = [unit for unit in self.world.equipment() if unit.machine is not None]
        if not units:
            return []
        inputs = [unit.machine_inputs() for unit in units]
        outputs = self._together.advance(self.world.now, inputs)
        for unit, values in zip(units, outputs, strict=True):
            if [*unit.given_off.values()] != values[: len(GIVEN_OFF)]:
                unit.given_off = dict(zip(GIVEN_OFF, values, strict=False))
        return outputs
