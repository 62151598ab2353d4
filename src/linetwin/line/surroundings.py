"""Units around the stations: the building, the recorder, disturbances and the run's end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.contracts import BUILDING_PARTS
from linetwin.line.moisture import follow_air
from linetwin.line.unit import Unit
from linetwin.quantities.packml import STATES

if TYPE_CHECKING:
    from linetwin.line.world import World
    from linetwin.scenario.resolved import DisturbanceConfig, StationConfig

MINUTE = 60_000
DAY = 86_400_000
MACHINE_SIGNALS = (
    "electric_power",
    "thermal_power",
    "electric_energy",
    "thermal_energy",
    "cooling_energy",
    "compressed_air_volume",
    "heat_emission",
    "machine_temperature",
    "wear",
)
BUILDING_SIGNALS = (
    "dry_room_dew_point",
    "dry_room_temperature",
    "hall_temperature",
    "electric_power",
    "thermal_power",
    "electric_energy",
    "thermal_energy",
    *BUILDING_PARTS,
)


class Building(Unit):
    """Exchanges held values with the machines once a minute."""

    def __init__(self, config: StationConfig, world: World) -> None:
        super().__init__(config.path, world)
        self.config = config
        self.model = world.models.continuous(config, "building")

    def begin(self) -> None:
        """Start the building's model."""
        self.model.start(self.world.now, self.inputs())
        follow_air(self)
        self.plan(self.world.now + MINUTE)

    def inputs(self) -> dict[str, float]:
        """Weather, people, and what machines give off and take now."""
        swing = self.world.value(self.name, "outdoor_temperature_swing")
        # warmest at 15:00 [A]
        phase = 2 * math.pi * (self.world.now % DAY / DAY - 15 / 24)
        loads = {"hall": 0.0, "dry_room": 0.0}
        cooling = air = 0.0
        for unit in self.world.equipment():
            loads[unit.config.room] += unit.given_off["heat_emission"]
            cooling += unit.given_off["cooling_power"]
            air += unit.given_off["compressed_air_flow"]
        return {
            "outdoor_temperature": self.world.value(self.name, "outdoor_temperature")
            + swing * math.cos(phase),
            "outdoor_humidity": self.world.value(self.name, "outdoor_humidity"),
            "dry_room_heat_load": max(0.0, loads["dry_room"]),
            "hall_heat_load": max(0.0, loads["hall"]),
            "occupants": self.world.value(self.name, "occupants"),
            "process_cooling_load": cooling,
            "compressed_air_flow": air,
        }

    def advance(self) -> None:
        """Bring the building to now with what it saw, then show it the present loads."""
        if self.world.now < self.state.due:
            return
        self.model.advance(self.world.now, self.inputs())
        follow_air(self)
        self.plan(self.world.now + MINUTE)

    def signals(self) -> dict[str, float]:
        """Quantities worth recording."""
        return self.model.read(BUILDING_SIGNALS)


class Recorder(Unit):
    """Writes a row per station, buffer and building at every recording instant."""

    def __init__(self, world: World, interval_ticks: int) -> None:
        super().__init__("recorder", world)
        self._interval = interval_ticks

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
        """Write one row per station."""
        rows: list[tuple[str, dict[str, float]]] = []
        for unit in self.world.equipment():
            values = {"packml_state": float(STATES[unit.state.mode]), **unit.signals()}
            if unit.machine is not None:
                unit.drive_machine()
                values.update(unit.machine.read(MACHINE_SIGNALS))
            rows.append((unit.name, values))
        rows.extend(
            (path, {"buffer_level": buffer.level}) for path, buffer in self.world.buffers.items()
        )
        rows.extend((path, {"slurry_mass": tank.level}) for path, tank in self.world.tanks.items())
        if self.world.building is not None:
            rows.append((self.world.building.name, self.world.building.signals()))
        names = sorted({name for _, values in rows for name in values})
        columns: dict[str, list[str] | list[int] | list[float]] = {
            "tick": [self.world.now] * len(rows),
            "station": [station for station, _ in rows],
        }
        for name in names:
            columns[name] = [values.get(name, math.nan) for _, values in rows]
        self.world.sink.add("signals", columns)


class Disturbances(Unit):
    """Changes addresses at the times the scenario gives, and changes them back.

    Of several changes of one address the one that began last holds. `state.job`: address ->
    [value before all changes, number of the change that holds].
    """

    def begin(self) -> None:
        """Ask to be woken at every start and end."""
        for change in self.world.scenario.disturbances:
            for tick in (change.start_tick, change.end_tick):
                if tick is not None:
                    self.wake_at(tick)

    def advance(self) -> None:
        """Set what holds now."""
        for address in dict.fromkeys(change.address for change in self.world.scenario.disturbances):
            self._hold(address)

    def _hold(self, address: str) -> None:
        changes, held = self.world.scenario.disturbances, self.state.job
        active = [
            (change.start_tick, number)
            for number, change in enumerate(changes)
            if change.address == address and _holds(change, self.world.now)
        ]
        if not active:
            if address in held:
                self.world.override(address, held.pop(address)[0])
            return
        number = max(active)[1]
        if address in held and held[address][1] == number:
            return
        value = changes[number].value
        number_or_row = list(value) if isinstance(value, tuple) else float(value)
        before = self.world.override(address, number_or_row)
        held[address] = [held[address][0] if address in held else before, number]


def _holds(change: DisturbanceConfig, now: int) -> bool:
    return change.start_tick <= now and (change.end_tick is None or now < change.end_tick)


class End(Unit):
    """Ends the run at its duration, or gives up an order at its limit."""

    def begin(self) -> None:
        """Ask to be woken at the end."""
        scenario = self.world.scenario
        self.plan(scenario.duration_ticks or scenario.limit_ticks)

    def advance(self) -> None:
        """The time is over."""
        if self.world.now < self.state.due:
            return
        self.world.ended = "duration" if self.world.scenario.duration_ticks else "limit"
