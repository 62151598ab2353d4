"""A station's machine: state, energy, heat and wear, computed by its machine model."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from linetwin.line import quality
from linetwin.line.shifts import shift_name
from linetwin.line.unit import Unit
from linetwin.quantities.packml import STATES
from linetwin.scenario.resolved import FailureConfig, address_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from linetwin.contracts import Columns, Continuous, Transform
    from linetwin.line.lots import Lot
    from linetwin.line.world import World
    from linetwin.scenario.resolved import CalendarConfig, StationConfig

TICKS_PER_SECOND = 1000
MAINTENANCE = "maintenance: "
"""How the cause of a stop for preventive maintenance begins."""
ROOM_TEMPERATURE_K = 295.15
"""Room air around machines [A: 22 Cel, held by the building's control]."""
GIVEN_OFF = ("heat_emission", "cooling_power", "compressed_air_flow")
"""What a machine asks of the building: heat to its room, to cooling water [W]; air [m3/s]."""


@runtime_checkable
class OfLots(Protocol):
    """A Transform that may be answered in several ways, and tells of a lot in which."""

    def of_lot(self, lot: str, tell: Callable[[str, int], None]) -> Transform:
        """Return the model for a lot; `tell` hears who answered, for how many items."""
        ...


class Equipment(Unit):
    """A unit with a configuration, process models and a machine."""

    def __init__(self, config: StationConfig, world: World) -> None:
        super().__init__(config.path, world)
        self.config = config
        self.machine: Continuous | None = world.models.machine(config)
        self._given_off = dict.fromkeys(GIVEN_OFF, 0.0)

    def begin(self) -> None:
        """Start the machine model, draw the first failures and wake the station."""
        if self.machine is not None:
            self.machine.start(self.world.now, self.machine_inputs())
        self.plan_stops(part_used=self.world.scenario.start == "filled")
        self.world.calendar.kick(self.name)

    def plan_stops(self, *, part_used: bool) -> None:
        """Draw when each failure and micro-stop strikes next, and plan maintenance.

        `part_used`: the machine is somewhere in each interval of maintenance, nobody knows where.
        """
        for failure in self.config.failures:
            self.draw_failure(failure.cause)
        for stop in self.config.micro_stops:
            self.draw_failure(stop.cause)
        for service in self.config.maintenance:
            self.plan_service(service.cause)
            if part_used:
                draw = self.world.driver.uniform(self.name, f"{service.cause} used up", 1)
                left = self.state.to_service[service.cause] * (1 - float(draw[0]))
                self.state.to_service[service.cause] = max(1, round(left))

    @property
    def given_off(self) -> dict[str, float]:
        """What the machine asks of the building since it was brought to its time: GIVEN_OFF."""
        return self._given_off

    @given_off.setter
    def given_off(self, values: dict[str, float]) -> None:
        self._given_off = values
        if self.world.building is not None:
            self.world.building.machines_changed()

    def models(self) -> dict[str, Continuous]:
        """Return the machine's model; kinds add those of their processes."""
        return {} if self.machine is None else {"machine": self.machine}

    def failure(self, cause: str) -> FailureConfig:
        """Return a failure or micro-stop with the times that hold now."""
        for written in self.config.failures:
            if written.cause == cause:
                names = ("time_between_failures", "time_to_repair", "time_to_repair_variation")
                break
        else:
            written = next(m.failure for m in self.config.micro_stops if m.cause == cause)
            names = ("time_between_stops", "time_to_clear", "time_to_clear_variation")
        times = (
            written.time_between_failures,
            written.time_to_repair,
            written.time_to_repair_variation,
        )
        live = (
            replace(value, value=self.value(f"{address_part(cause)}.{name}"))
            for name, value in zip(names, times, strict=True)
        )
        return FailureConfig(cause, *live)

    def draw_failure(self, cause: str) -> None:
        """Draw the operating time to the next failure or micro-stop of this cause."""
        self.state.to_failure[cause] = self.world.driver.time_to_failure(
            self.name, self.failure(cause)
        )

    def plan_service(self, cause: str) -> None:
        """Put the next maintenance of this cause a whole interval of operating time ahead."""
        interval_s = self.value(f"{address_part(cause)}.interval")
        self.state.to_service[cause] = round(interval_s * TICKS_PER_SECOND)

    def is_due_for_service(self) -> bool:
        """Whether an interval of maintenance has been used up; a leader decides for itself."""
        if self.world.leader is not None:
            return False
        return any(left <= 0 for left in self.state.to_service.values())

    def begin_service(self) -> bool:
        """Whether the maintenance that is due has begun: by the crew, else by the operator."""
        state = self.state
        cause = next(cause for cause, left in state.to_service.items() if left <= 0)
        crew = self.world.crews.get(self.config.crew)
        if crew is not None and not crew.ask(self.name):
            self.set_mode("Stopped", f"{MAINTENANCE}{cause}")
            return False
        nominal = round(self.value(f"{address_part(cause)}.duration") * TICKS_PER_SECOND)
        ticks = self.world.driver.duration(self.name, f"{MAINTENANCE}{cause}", nominal)
        self.world.log_event(self.name, "maintenance", cause=cause, amount=ticks / TICKS_PER_SECOND)
        state.failure, state.resumes_at = cause, self.world.now + ticks
        state.phase = "serve"
        self.set_mode("Stopped", f"{MAINTENANCE}{cause}")
        return True

    def end_service(self) -> None:
        """Maintenance has been done: the crew goes, the next is a whole interval away."""
        state = self.state
        crew = self.world.crews.get(self.config.crew)
        if crew is not None:
            crew.release(self.name)
        self.plan_service(state.failure)
        self.maintained(state.failure)
        state.failure = ""
        state.phase = "get"

    def maintained(self, cause: str) -> None:
        """Maintenance has been done: the machine is as new. Kinds renew what else wears."""
        del cause
        if self.machine is not None:
            self.drive_machine()
            self.state.wear_removed += self.machine.read(["wear"])["wear"]
            self.drive_machine()

    def forced_stop(self) -> str:
        """Why the machine is forced to stand still now, or ""."""
        leader = self.world.leader
        if leader is not None and (cause := leader.stop(self.name)):
            return cause
        return self.world.disturbances.stop(self.name)

    def is_on_shift(self) -> bool:
        """Whether people are at work here: by the calendar, or as the leader's states tell."""
        return self.world.leader is not None or self.world.is_open(self.config.calendar)

    def is_hurried(self) -> bool:
        """Whether a leader has handed over what is being made here: it is finished at once."""
        leader = self.world.leader
        return leader is not None and leader.is_behind(self.name)

    def may_give(self) -> bool:
        """Whether a lot may be handed over now."""
        return self.world.leader is None or self.world.leader.may_give(self.name)

    def break_tool(self) -> None:
        """The tool breaks; kinds that have one say what follows."""

    def committed(self) -> int:
        """Cells of the order that are under way here but not counted as started yet."""
        return 0

    def value(self, quantity: str) -> float:
        """Return a live parameter of this station, in the quantity's canonical unit."""
        return self.world.value(self.name, quantity)

    def values(self, quantity: str) -> list[float]:
        """Return a live parameter that is a row of numbers."""
        return self.world.values(self.name, quantity)

    def text(self, quantity: str) -> str:
        """Return a parameter that is text; it cannot change while the line runs."""
        return str(self.config.parameters[quantity].value)

    def measure(self, quantity: str, true: np.ndarray) -> np.ndarray:
        """Return what the station's gauge of `quantity` reads: shape (items,), same unit.

        Without a gauge the true values.
        """
        return quality.measure(self, quantity, true)

    def inspect(self, defect: str, truth: np.ndarray) -> np.ndarray:
        """Return which items an inspection finds to have a defect: Boolean, shape (items,).

        Without an inspection of it the truth.
        """
        return quality.inspect(self, defect, truth)

    def inflict(self, defect: str, count: int) -> np.ndarray:
        """Return which of `count` items get a defect here: Boolean, shape (count,)."""
        return quality.inflict(self, defect, count)

    def log_operation(
        self, lot: str, operation: str, start_tick: int, tool: str = "", place: int = -1
    ) -> None:
        """Write a row of the table of operations: work on a lot from `start_tick` until now.

        Its shift is that of the station's calendar in which it began.
        """
        self.world.log_operation(
            {
                "lot": lot,
                "station": self.name,
                "operation": operation,
                "start": start_tick,
                "end": self.world.now,
                "shift": shift_name(start_tick, self.calendar),
                "tool": tool,
                "place": place,
            }
        )

    @property
    def calendar(self) -> CalendarConfig:
        """When people are at work here, and which shifts they work in."""
        return self.world.scenario.calendars[self.config.calendar]

    def transform(self, kind: str, lot: str = "") -> Transform:
        """Return the station's process model of this kind, for work on a lot."""
        model = self.world.models.transform(self.config, kind)
        if isinstance(model, OfLots):

            def tell(who: str, items: int) -> None:
                cause = f"{kind}: {who}"
                self.world.log_event(self.name, "fidelity", lot=lot, cause=cause, amount=items)

            model = model.of_lot(lot, tell)
        return self.world.disturbances.transform(self.name, kind, model)

    @abstractmethod
    def load(self) -> float:
        """Throughput over nominal, 0 to 1, in the present mode."""

    def process_power(self) -> float:
        """Electric power the process itself draws now [W]."""
        return 0.0

    def process_heat(self) -> float:
        """Heat the process itself draws now [W]."""
        return 0.0

    def process_draw(self) -> dict[str, float]:
        """What the process draws and gives off now: inputs of the machine model [W].

        A kind adds `process_cooling` (heat to cooling water) and `heat_carried_off` (heat that
        does not stay in the room) where it has them.
        """
        return {
            "process_cooling": 0.0,
            "heat_carried_off": 0.0,
            "process_power": self.process_power(),
            "process_heat": self.process_heat(),
        }

    def signals(self) -> dict[str, float]:
        """Quantities of this kind of station worth recording, beside those of its machine."""
        return {}

    def take(self, role: str) -> Lot | None:
        """Take the oldest lot of a role's buffer; None, and a wake-up later, where none waits."""
        if self.world.leader is not None and not self.world.leader.may_take(self.name):
            return None
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
        if not self.may_give():
            return False
        buffer = self.world.buffers[self.config.gives[role]]
        if not buffer.put(self.name, name):
            return False
        lot.place = buffer.path
        self.world.log_event(self.name, "give", lot=name, amount=lot.amount)
        if self.world.holds is not None:
            self.world.holds.handed_over(lot)
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
        self.machine.advance(self.world.now, self.machine_inputs())
        self.given_off = self.machine.read(GIVEN_OFF)

    def hazard(self) -> float:
        """Failure rate of the worn machine over its rate when new, and what a disturbance adds."""
        disturbed = self.world.disturbances.hazard(self.name)
        if self.machine is None:
            return disturbed
        self.drive_machine()
        return disturbed * max(1.0, self.machine.read(["hazard_factor"])["hazard_factor"])

    def machine_inputs(self) -> Mapping[str, float]:
        """What the machine model is given now."""
        state = self.state
        found = {"packml_state": float(STATES[state.mode]), "load": self.load()}
        found.update(self.process_draw())
        found["ambient_temperature"] = ROOM_TEMPERATURE_K
        found["wear_removed"] = state.wear_removed
        return self.world.disturbances.inputs(self.name, "machine", found)

    def note_validity(self, columns: Columns) -> None:
        """Count items whose model inputs lay outside the model's range."""
        outside = int((columns["valid"] < 0.5).sum())  # noqa: PLR2004  a flag, 0 or 1
        if outside:
            self.world.outside_validity[self.name] = (
                self.world.outside_validity.get(self.name, 0) + outside
            )
