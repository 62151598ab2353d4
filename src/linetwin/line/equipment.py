"""A station's machine: state, energy, heat and wear, computed by its machine model."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from linetwin.line.packml import STATES
from linetwin.line.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.contracts import Columns, Continuous, Transform
    from linetwin.line.lots import Lot
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

ROOM_TEMPERATURE_K = 295.15
"""Room air around machines [A: 22 Cel, held by the building's control]."""


class Equipment(Unit):
    """A unit with a configuration, process models and a machine."""

    def __init__(self, config: StationConfig, world: World) -> None:
        super().__init__(config.path, world)
        self.config = config
        self.machine: Continuous | None = world.models.machine(config)
        self.heat_emission_w = 0.0

    def begin(self) -> None:
        """Start the machine model, draw the first failures and wake the station."""
        if self.machine is not None:
            self.machine.start(self.world.now, self._machine_inputs())
        for failure in self.config.failures:
            self.state.to_failure[failure.cause] = self.world.driver.time_to_failure(
                self.name, failure
            )
        self.world.calendar.kick(self.name)

    def value(self, quantity: str) -> float:
        """Return a live parameter of this station, in the quantity's canonical unit."""
        return self.world.value(self.name, quantity)

    def transform(self, kind: str) -> Transform:
        """Return the station's process model of this kind."""
        return self.world.models.transform(self.config, kind)

    @abstractmethod
    def load(self) -> float:
        """Throughput over nominal, 0 to 1, in the present mode."""

    def process_power(self) -> float:
        """Electric power the process itself draws now [W]."""
        return 0.0

    def process_heat(self) -> float:
        """Heat the process itself draws now [W]."""
        return 0.0

    def signals(self) -> dict[str, float]:
        """Quantities of this kind of station worth recording, beside those of its machine."""
        return {}

    def take(self, role: str) -> Lot | None:
        """Take the oldest lot of a role's buffer; None, and a wake-up later, where none waits."""
        name = self.world.buffers[self.config.takes[role]].take(self.name)
        if name is None:
            return None
        lot = self.world.lots[name]
        lot.place = self.name
        self.world.log_event(self.name, "take", lot=name, amount=lot.amount)
        return lot

    def give(self, role: str, name: str) -> bool:
        """Hand a lot over; False, and a wake-up later, where its buffer is full.

        A tray whose cells have all been scrapped ends here.
        """
        lot = self.world.lots[name]
        if lot.kind == "tray" and not lot.items:
            self.world.end_lot(name, "scrap", self.name)
            return True
        buffer = self.world.buffers[self.config.gives[role]]
        if not buffer.put(self.name, name):
            return False
        lot.place = buffer.path
        self.world.log_event(self.name, "give", lot=name, amount=lot.amount)
        return True

    def set_mode(self, mode: str, cause: str = "") -> None:
        """Enter a PackML state; the event log and the machine model see every change."""
        if (mode, cause) == (self.state.mode, self.state.cause):
            return
        self.state.mode, self.state.cause = mode, cause
        self.world.log_event(self.name, "state", state=mode, cause=cause)
        self.mode_changed()
        self.drive_machine()

    def mode_changed(self) -> None:
        """React to a new PackML state (a mixer's tool stops when the machine does)."""

    def drive_machine(self) -> None:
        """Bring the machine model to now and give it its present inputs."""
        if self.machine is None:
            return
        self.machine.advance(self.world.now, self._machine_inputs())
        self.heat_emission_w = self.machine.read(["heat_emission"])["heat_emission"]

    def hazard(self) -> float:
        """Failure rate of the worn machine over its rate when new."""
        if self.machine is None:
            return 1.0
        self.drive_machine()
        return self.machine.read(["hazard_factor"])["hazard_factor"]

    def _machine_inputs(self) -> Mapping[str, float]:
        return {
            "packml_state": float(STATES[self.state.mode]),
            "load": self.load(),
            "process_power": self.process_power(),
            "process_heat": self.process_heat(),
            "ambient_temperature": ROOM_TEMPERATURE_K,
        }

    def note_validity(self, columns: Columns) -> None:
        """Count items whose model inputs lay outside the model's range."""
        outside = int((columns["valid"] < 0.5).sum())  # noqa: PLR2004  a flag, 0 or 1
        if outside:
            self.world.outside_validity[self.name] = (
                self.world.outside_validity.get(self.name, 0) + outside
            )
