"""Notices a line in which nothing will ever happen again, and says who waits for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.errors import SimulationError
from linetwin.line.unit import Unit

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.line.world import World

DAY = 86_400_000
PATIENCE = 8 * DAY
"""Where people go home, something may begin again as long as a week has not passed [A]."""
REGULAR = ("recorder", "building", "end", "watch")
"""Units that are woken for ever, whatever the stations do."""


class Watch(Unit):
    """Looks once a day, while an order is open, whether anybody but the clock has a duty."""

    def begin(self) -> None:
        """Begin to watch; a run of given duration ends by itself."""
        if self.world.scenario.order_cells is not None:
            self.state.job["active"] = self.world.now
            self.plan(self.world.now + DAY)

    def advance(self) -> None:
        """Raise a SimulationError where nothing is due any more."""
        world = self.world
        if world.now < self.state.due or world.scenario.order_cells is None:
            return
        shifts = {unit.name for unit in world.calendars.values()}
        due = {who for _, who, _ in world.calendar.save()}
        if due - shifts - set(REGULAR):
            self.state.job["active"] = world.now
        working_hours = any(config.open_s for config in world.scenario.calendars.values())
        if world.now - self.state.job["active"] > (PATIENCE if working_hours else 0):
            raise SimulationError(stuck(world))
        self.plan(world.now + DAY)


def stuck(world: World) -> str:
    """Return which stations wait, and for what."""
    waiting = [text for station in world.equipment() if (text := _wait_of(station, world))]
    days = world.now / DAY
    reasons = "; ".join(waiting) or "every station has finished"
    return f"nothing is due any more on day {days:.1f}, the line is stuck: {reasons}"


def _wait_of(station: Equipment, world: World) -> str:
    """Return what one station waits for; "" for one that has finished."""
    state, config = station.state, station.config
    if state.mode == "Complete":
        return ""
    reasons = []
    for role, path in config.takes.items():
        level = (world.buffers.get(path) or world.tanks[path]).level
        held = [
            name for name in getattr(world.buffers.get(path), "lots", ()) if world.is_held(name)
        ]
        if held:
            reasons.append(f"{role} of {path} is on hold: {', '.join(held)}")
        elif level <= 0:
            reasons.append(f"{path} is empty")
        elif path in world.tanks:
            reasons.append(f"{path} holds {level:.3g} kg")
    for path in config.gives.values():
        if path in world.buffers:
            buffer = world.buffers[path]
            if buffer.level >= buffer.capacity:
                reasons.append(f"{path} is full")
        else:
            tank = world.tanks[path]
            reasons.append(f"{path} holds {tank.level:.3g} of {tank.capacity:g} kg")
    told = f" ({', '.join(reasons)})" if reasons else ""
    return f"{station.name} {state.cause or state.mode}{told}"
