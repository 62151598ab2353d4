"""Plants that nobody would build: random lines of stations that share buffers.

A plant is a row of stages; the machines of a stage share the buffers before and after it. Parts may
be found bad: they go back one stage while their rework counter allows it, else they are scrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from doubles import Doubles
from hypothesis import strategies as st
from line_support import Memory
from small_line import HOUR, Worker, number

from linetwin.line.drivers import StochasticDriver
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.scenario.deviations import Deviation, Fault
from linetwin.scenario.resolved import (
    BufferConfig,
    CalendarConfig,
    CrewConfig,
    DefectConfig,
    DisturbanceConfig,
    FailureConfig,
    GaugeConfig,
    InspectionConfig,
    MaintenanceConfig,
    MicroStopConfig,
    Scenario,
    StationConfig,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.line.world import Sink

SCRATCH = "scratch"
SIZE = "loading"
"""A quantity that stands for the size of a part: any of the vocabulary would do."""


_FIRST = ("stage0_1", "value", "cycle_time")
DEVIATIONS = (
    Deviation("a", "stage0_1.cycle_time", *_FIRST, "drift", 5_000, 80_000, {"rate": 0.01}),
    Deviation("b", "stage0_1.cycle_time", *_FIRST, "noise", 15_000, None,
              {"deviation": 0.1, "correlation_time": 5_000}, minimum=0.1, maximum=60.0),
    Deviation("c", "stage0_1.cycle_time", *_FIRST, "delay", 30_000, 70_000, {"delay": 4_000}),
    Deviation("d", "stage0_1.measured_loading", "stage0_1", "reading", SIZE, "delay", 0, None,
              {"delay": 9_000}),
    Deviation("e", "stage0_1.measured_loading", "stage0_1", "reading", SIZE, "dropout", 20_000,
              60_000, {"share": 0.5}),
)  # fmt: skip
FAULTS = (
    Fault("f", "stage0_1", "stop", 25_000, 40_000, "power cut"),
    Fault("g", "stage0_1", "slow", 45_000, 60_000, factor=0.7),
    Fault("h", "stage0_1", "hazard", 10_000, 90_000, factor=3.0),
)


@dataclass(frozen=True)
class Stage:
    """Like machines side by side; times in s, rates as shares, 0 for never."""

    machines: int
    cycle: float
    room_before: int
    between_failures: float
    between_stops: float
    service_interval: float
    scratched: float
    missed: float
    false_alarms: float
    day_shift: bool


@dataclass(frozen=True)
class Plant:
    """A row of stages and what they share."""

    stages: tuple[Stage, ...]
    crew: int
    rework_limit: int
    parts: int
    disturbed: bool
    seed: int


def _rates() -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 0.1, 0.5])


def _times() -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 7.0, 20.0])


STAGES = st.builds(
    Stage,
    machines=st.integers(1, 4),
    cycle=st.sampled_from([0.5, 3.0, 3.0, 11.0]),
    room_before=st.integers(1, 4),
    between_failures=_times(),
    between_stops=_times(),
    service_interval=_times(),
    scratched=_rates(),
    missed=_rates(),
    false_alarms=st.sampled_from([0.0, 0.05]),
    day_shift=st.booleans(),
)
PLANTS = st.builds(
    Plant,
    stages=st.lists(STAGES, min_size=1, max_size=5).map(tuple),
    crew=st.integers(1, 3),
    rework_limit=st.integers(0, 2),
    parts=st.integers(1, 12),
    disturbed=st.booleans(),
    seed=st.integers(0, 2**32),
)


class Machine(Worker):
    """A worker that scratches parts, inspects and measures them, and sends bad ones back."""

    def complete(self) -> None:
        """The part is done, or bad."""
        job = self.state.job
        lot = self.world.lots[job["part"]]
        lot.properties["scratches"] = lot.properties.get("scratches", 0.0) + float(
            self.inflict(SCRATCH, 1)[0]
        )
        bad = self.inspect(SCRATCH, np.array([lot.properties["scratches"] > 0]))[0]
        lot.properties["size"] = float(self.measure(SIZE, np.array([1.0]))[0])
        super().complete()
        self.log_operation(lot.name, "work", self.world.now)
        job["bad"] = bool(bad)

    def deliver(self) -> bool:
        """Hand the part over, back, or out of the line as scrap."""
        job = self.state.job
        if not job["bad"]:
            return super().deliver()
        lot = self.world.lots[job["done"]]
        again = self.config.gives.get("again")
        if again is not None and lot.rework < int(self.value("rework_limit")):
            buffer = self.world.buffers[again]
            if buffer.has_room(self.name):
                lot.rework += 1
                lot.properties["scratches"] = 0.0
                buffer.put(self.name, job.pop("done"))
                return True
        self.world.end_lot(job.pop("done"), "scrap", self.name)
        return True


def make(plant: Plant, sink: Sink | None = None) -> World:
    """Return a plant, not begun yet."""
    buffers = {
        _buffer(index): BufferConfig(_buffer(index), "lots", "tray", float(stage.room_before))
        for index, stage in enumerate(plant.stages)
        if index > 0
    }
    stations = {
        config.path: config
        for index in range(len(plant.stages))
        for config in _machines(plant, index)
    }
    day = CalendarConfig("day", tuple((d * 24 * HOUR, d * 24 * HOUR + 60) for d in range(7)))
    changes = (DisturbanceConfig("stage0_1.cycle_time", 1.0, 20_000, 50_000),)
    scenario = Scenario(
        name="random",
        title="",
        description="",
        start="empty",
        seed=plant.seed,
        order_cells=None,
        duration_ticks=HOUR * 1000,
        limit_ticks=HOUR * 1000,
        recording_ticks=60_000,
        stations=stations,
        buffers=buffers,
        materials={},
        calendars={"always": CalendarConfig("always", ()), "day": day},
        crews={"crew": CrewConfig("crew", plant.crew, "always")},
        building=None,
        disturbances=changes if plant.disturbed else (),
        deviations=DEVIATIONS if plant.disturbed else (),
        faults=FAULTS if plant.disturbed else (),
        text=repr(plant),
        files=(),
    )
    driver = StochasticDriver(Streams(plant.seed))
    return World(scenario, Doubles(), driver, sink or Memory(), Machine)


def _buffer(index: int) -> str:
    return f"before{index}"


def _machines(plant: Plant, index: int) -> list[StationConfig]:
    stage = plant.stages[index]
    takes = {"in": _buffer(index)} if index > 0 else {}
    gives = {"out": _buffer(index + 1)} if index + 1 < len(plant.stages) else {}
    if index > 0:
        gives["again"] = _buffer(index)
    return [
        StationConfig(
            path=f"stage{index}_{machine + 1}",
            kind="machine",
            title="Execute",
            room="hall",
            calendar="day" if stage.day_shift else "always",
            crew="crew",
            takes=takes,
            gives=gives,
            materials={},
            parameters={
                "cycle_time": number(stage.cycle),
                "parts": number(plant.parts, "1"),
                "rework_limit": number(plant.rework_limit, "1"),
            },
            processes={},
            machine=None,
            group=f"stage{index}",
            **_causes(stage),
        )
        for machine in range(stage.machines)
    ]


def _causes(stage: Stage) -> Mapping[str, object]:
    share = "1"
    failure = FailureConfig("break", number(stage.between_failures), number(9), number(1, share))
    stop = MicroStopConfig("jam", number(stage.between_stops), number(2), number(1, share))
    service = MaintenanceConfig("service", number(stage.service_interval), number(5))
    scratch = DefectConfig(SCRATCH, number(stage.scratched, share))
    look = InspectionConfig(SCRATCH, number(stage.missed, share), number(stage.false_alarms, share))
    gauge = GaugeConfig(SIZE, number(1, "%"), number(1, "%"), number(1, "%"))
    return {
        "failures": (failure,) if stage.between_failures else (),
        "micro_stops": (stop,) if stage.between_stops else (),
        "maintenance": (service,) if stage.service_interval else (),
        "defects": {SCRATCH: scratch} if stage.scratched else {},
        "inspections": {SCRATCH: look},
        "gauges": {SIZE: gauge},
    }
