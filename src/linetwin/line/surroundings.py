"""Units around the stations: the building and the run's end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.contracts import BUILDING_PARTS
from linetwin.line.moisture import AIR, follow_air
from linetwin.line.unit import Unit

if TYPE_CHECKING:
    from linetwin.contracts import Continuous
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

MINUTE = 60_000
DAY = 86_400_000
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
        self._together = world.models.together([self.model], AIR)
        self._asked: tuple[float, float, float, float] | None = None

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
        hall, dry_room, cooling, air = self._machines()
        found = {
            "outdoor_temperature": self.world.value(self.name, "outdoor_temperature")
            + swing * math.cos(phase),
            "outdoor_humidity": self.world.value(self.name, "outdoor_humidity"),
            "dry_room_heat_load": max(0.0, dry_room),
            "hall_heat_load": max(0.0, hall),
            "occupants": self.world.value(self.name, "occupants"),
            "process_cooling_load": cooling,
            "compressed_air_flow": air,
        }
        return self.world.disturbances.inputs(self.name, "building", found)

    def machines_changed(self) -> None:
        """What a machine asks of the building has changed."""
        self._asked = None

    def _machines(self) -> tuple[float, float, float, float]:
        """Return heat to hall and dry room, to cooling water [W], and air [m3/s], of all machines.

        Mostly as a minute ago, and then not added up again.
        """
        if self._asked is None:
            loads = {"hall": 0.0, "dry_room": 0.0}
            cooling = air = 0.0
            for unit in self.world.equipment():
                given_off = unit.given_off
                loads[unit.config.room] += given_off["heat_emission"]
                cooling += given_off["cooling_power"]
                air += given_off["compressed_air_flow"]
            self._asked = loads["hall"], loads["dry_room"], cooling, air
        return self._asked

    def advance(self) -> None:
        """Bring the building to now with what it saw, then show it the present loads."""
        if self.world.now < self.state.due:
            return
        said = self._together.advance(self.world.now, [self.inputs()])[0]
        follow_air(self, dict(zip(AIR, said, strict=True)))
        self.plan(self.world.now + MINUTE)

    def models(self) -> dict[str, Continuous]:
        """Return the building's model."""
        return {"building": self.model}

    def signals(self) -> dict[str, float]:
        """Quantities worth recording."""
        return self.model.read(BUILDING_SIGNALS)


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
