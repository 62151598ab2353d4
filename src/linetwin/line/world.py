"""The world of a line: everything that the units share, and the loop that runs it."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from linetwin.errors import Problem, ScenarioError, SimulationError
from linetwin.line.buffers import LotBuffer, Tank
from linetwin.line.calendar import KICK, Calendar
from linetwin.line.crew import Crew, Shifts
from linetwin.line.disturbances import Disturbances
from linetwin.line.holds import Holds
from linetwin.line.lookout import Lookout
from linetwin.line.lots import Lot, LotRegister
from linetwin.line.materials import Ledger, Supply
from linetwin.line.planning import Plan
from linetwin.line.recorder import Recorder
from linetwin.line.surroundings import Building, End
from linetwin.line.watch import Watch, stuck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from linetwin.contracts import Continuous, Transform
    from linetwin.line.drivers import Driver
    from linetwin.line.equipment import Equipment
    from linetwin.line.leading import Leader
    from linetwin.line.unit import Unit
    from linetwin.scenario.resolved import Scenario, StationConfig

Parameter = float | list[float]
"""A live parameter: one number, or a row of them (the zones of a dryer)."""


class Sink(Protocol):
    """Takes table rows as columns; a run folder's writer is one."""

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        ...


class Together(Protocol):
    """Models that are brought to one tick and read at once."""

    def advance(self, tick: int, inputs: Sequence[Mapping[str, float]]) -> list[list[float]]:
        """Advance each model with its inputs; return the outputs of each, in the order asked."""
        ...


class Models(Protocol):
    """Gives stations their models; the command line composes it from FMUs, tests from doubles."""

    def machine(self, config: StationConfig) -> Continuous | None:
        """Return a new machine model, or None where the station has none."""
        ...

    def continuous(self, config: StationConfig, kind: str) -> Continuous:
        """Return a new process model that lives in line time."""
        ...

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return the process model of this kind."""
        ...

    def together(self, models: Sequence[Continuous], names: Sequence[str]) -> Together:
        """Return a way to advance models that were given out here, and to read these outputs."""
        ...


class World:
    """A line that can be run, saved after any event, and continued in another process."""

    def __init__(
        self,
        scenario: Scenario,
        models: Models,
        driver: Driver,
        sink: Sink,
        factory: Callable[[StationConfig, World], Equipment],
    ) -> None:
        self.scenario = scenario
        self.models = models
        self.driver = driver
        self.sink = sink
        self.on_reading: Callable[[str, str, int, np.ndarray], None] | None = None
        """Is told what a gauge reads: station, quantity, tick, readings of shape (items,)."""
        self.leader: Leader | None = None
        """What the line is in step with; None where it runs for itself."""
        self.calendar = Calendar(self._wake)
        self.lots = LotRegister()
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.outside_validity: dict[str, int] = {}
        self.ended = ""
        self.events = 0
        self.parameters = live_parameters(scenario)
        self.disturbances = Disturbances(self)
        self._live = self.disturbances.live
        self.calendars = {name: Shifts(config, self) for name, config in scenario.calendars.items()}
        self.crews = {name: Crew(config, self) for name, config in scenario.crews.items()}
        self.supplies = {
            path: Supply(config, self, driver) for path, config in scenario.materials.items()
        }
        self.material_units = {path: config.unit for path, config in scenario.materials.items()}
        self.buffers: dict[str, LotBuffer] = {}
        self.tanks: dict[str, Tank] = {}
        for path, config in scenario.buffers.items():
            if config.kind == "tank":
                self.tanks[path] = Tank(config, self.calendar.kick, self.is_held)
            else:
                self.buffers[path] = LotBuffer(config, self.calendar.kick, self.is_held)
        self.building = Building(scenario.building, self) if scenario.building else None
        self.plan = Plan(self)
        self.recorder = Recorder(self, scenario.recording_ticks)
        stations = [factory(config, self) for config in scenario.stations.values()]
        around: list[Unit] = [*self.calendars.values(), self.disturbances]
        around += [self.building] if self.building else []
        self.holds = Holds(self) if scenario.holds else None
        around += [self.holds] if self.holds else []
        around += [*stations, self.recorder, Watch("watch", self), End("end", self)]
        self.lookout = _lookout(self, around)
        around += [self.lookout] if self.lookout else []
        self.units = {unit.name: unit for unit in around}
        self._equipment = stations

    @property
    def now(self) -> int:
        """The present tick [ms]."""
        return self.calendar.now

    def equipment(self) -> list[Equipment]:
        """Return all stations, in the order of the line file."""
        return self._equipment

    def begin(self) -> None:
        """Start every unit; not called on a restored world."""
        for unit in self.units.values():
            unit.begin()

    def step(self) -> bool:
        """Serve one event; False once the run has ended."""
        if self.ended:
            return False
        if self.lookout is not None:
            self.lookout.commit()
        if not self.calendar.step():
            raise SimulationError(stuck(self))
        self.events += 1
        if self.lookout is not None:
            self.lookout.collect()
        order = self.scenario.order_cells
        if order is not None and self.graded() >= order:
            self.ended = "order"
        return not self.ended

    def next_tick(self) -> int | None:
        """Return the tick of the next event, those of models among them; None: there is none."""
        return self.calendar.next_tick() if self.lookout is None else self.lookout.look()

    def stay(self) -> None:
        """Bring what has looked ahead back to the present tick: the line is looked at now."""
        if self.lookout is not None:
            self.lookout.retract()

    def graded(self) -> int:
        """Cells that have been given a grade, scrap included."""
        return self.counts["A"] + self.counts["B"] + self.counts["scrap at grading"]

    def to_release(self) -> int | None:
        """Cells the order still wants started; None where no order limits them.

        At first the order and its reserve are started; after that only what it has lost beyond.
        What another stacker has under way is counted as started: several share one order.
        """
        order = self.scenario.order_cells
        if order is None:
            return None
        started = self.counts["started"] + sum(each.committed() for each in self._equipment)
        lost = self.counts["scrap before grading"]
        return max(0, order + self._reserve(order) - started, order + lost - started)

    def _reserve(self, order: int) -> int:
        """Cells started for those that will be scrapped or tested on the way."""
        stackers = self.stations_of("stacker")
        return int(order * stackers[0].value("start_reserve")) if stackers else 0

    def stations_of(self, group_or_kind: str) -> list[Equipment]:
        """Return the stations of a group (`cell.stacker`), of a path, or of a kind (`stacker`)."""
        found: list[Equipment] = []
        for station in self._equipment:
            config = station.config
            if group_or_kind in (config.path, config.group, config.kind):
                found.append(station)
        return found

    def station(self, path: str) -> Equipment:
        """Return the station of a path."""
        return next(each for each in self._equipment if each.name == path)

    def is_held(self, lot: str) -> bool:
        """Whether a lot is on hold."""
        return bool(self.lots[lot].held)

    def is_open(self, calendar: str) -> bool:
        """Whether people of this calendar are at work."""
        return self.calendars[calendar].is_open

    def wake_calendar(self, calendar: str) -> None:
        """Wake the stations and crews that work by a calendar."""
        for unit in self._equipment:
            if unit.config.calendar == calendar:
                self.calendar.kick(unit.name)
        for crew in self.crews.values():
            if crew.config.calendar == calendar:
                crew.wake()

    def wake_finished(self) -> None:
        """Wake stations that had finished the order: a cell or web was lost, or a tray is due."""
        for unit in self._equipment:
            if unit.state.mode == "Complete" or unit.config.kind == "stacker":
                self.calendar.kick(unit.name)

    def value(self, station: str, quantity: str) -> float:
        """Return a live parameter in its canonical unit; TypeError for a row of numbers."""
        address = f"{station}.{quantity}"
        found = self.parameters[address]
        if address in self._live:
            found = self.disturbances.present(address, found)
        if isinstance(found, list):
            message = f"{station}.{quantity} is a row of numbers"
            raise TypeError(message)
        return found

    def values(self, station: str, quantity: str) -> list[float]:
        """Return a live parameter that is a row of numbers, in its canonical unit."""
        address = f"{station}.{quantity}"
        found = self.parameters[address]
        if address in self._live:
            found = self.disturbances.present(address, found)
        return list(found) if isinstance(found, list) else [found]

    def override(self, address: str, value: Parameter) -> Parameter:
        """Change a live parameter; return what it was."""
        if address not in self.parameters:
            hint = "quantities, causes, gauges, inspections and defects of stations can"
            raise ScenarioError([Problem("cannot be changed while the line runs", address, hint)])
        self.stay()
        before, self.parameters[address] = self.parameters[address], value
        self.disturbances.was_set(address, before, value)
        station = next(name for name in self.units if address.startswith(f"{name}."))
        amount = math.nan if isinstance(value, list) else value
        cause = address  # of one that deviates it is told what becomes of it
        if self.disturbances.deviates(address):
            cause = f"{address}: set"
        self.log_event(station, "disturbance", cause=cause, amount=amount)
        self.calendar.kick(station)
        return before

    def new_lot(self, prefix: str, kind: str, maker: str, amount: float, unit: str) -> Lot:
        """Open a lot; its name counts within `prefix`."""
        lot = Lot(self.lots.name(prefix), kind, maker, self.now, amount, unit, maker)
        return self.lots.add(lot)

    def end_lot(self, name: str, status: str, place: str) -> None:
        """Close a lot (used, scrap or shipped) and write its row."""
        self.write_lot(self.lots.remove(name), status, place, self.now)

    def write_lot(self, lot: Lot, status: str, place: str, ended: int) -> None:
        """Write a lot's row."""
        row: dict[str, list[Any]] = {
            "lot": [lot.name],
            "kind": [lot.kind],
            "station": [lot.maker],
            "created": [lot.created],
            "ended": [ended],
            "status": [status],
            "place": [place],
            "amount": [lot.amount],
            "amount_unit": [lot.unit],
        }
        self.sink.add("lots", row | {name: [value] for name, value in lot.properties.items()})

    def log_event(
        self,
        station: str,
        event: str,
        *,
        state: str = "",
        lot: str = "",
        cause: str = "",
        amount: float = 0.0,
    ) -> None:
        """Write a row of the event log."""
        row: dict[str, list[Any]] = {
            "tick": [self.now],
            "station": [station],
            "event": [event],
            "state": [state],
            "lot": [lot],
            "cause": [cause],
            "amount": [amount],
        }
        self.sink.add("events", row)

    def log_operation(self, row: Mapping[str, Any]) -> None:
        """Write a row of the table of operations."""
        self.sink.add("operations", {name: [value] for name, value in row.items()})

    def _wake(self, who: str, token: int) -> None:
        unit = self.units[who]
        if token in (KICK, unit.state.token):
            unit.advance()


def _lookout(world: World, units: list[Unit]) -> Lookout | None:
    """Return who looks out for events of models, where a line asks for any."""
    lookout = Lookout(world, units)
    return lookout if lookout.is_needed else None


def live_parameters(scenario: Scenario) -> dict[str, Parameter]:
    """Return everything that can change while the line runs, by address."""
    configs = list(scenario.stations.values())
    if scenario.building is not None:
        configs.append(scenario.building)
    found: dict[str, Parameter] = {}
    for config in configs:
        for name, value in config.live_values().items():
            if isinstance(value.value, tuple):
                found[f"{config.path}.{name}"] = [float(number) for number in value.value]
            elif isinstance(value.value, (int, float)):
                found[f"{config.path}.{name}"] = float(value.value)
    return found
