"""A cathode line as a plant with hidden faults, and a twin of it, in one process.

Twin and plant are lines of one scenario with other chance. Until both have handed over their n-th
lot the twin is not told of it: what a follower does with failures and shifts, these lines lack.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.line.drivers import StochasticDriver
from linetwin.line.kinds import make_station
from linetwin.line.leading import LedDriver
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.scenario import load
from linetwin.scenario.deviations import Deviation
from linetwin.scenario.hiding import Instrument
from linetwin.twin.assimilating import Assimilator
from linetwin.twin.assimilating.notes import NotedModels
from linetwin.twin.events import PlantEvent
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.instruments import mean_of
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.panel import Panel
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.unserved import UnservedPlant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.cli.compose import FmuModels
    from linetwin.line.lots import Lot
    from linetwin.line.world import Models, Sink
    from linetwin.scenario.deviations import Subject
    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.twin.assimilating import Prediction
    from linetwin.twin.assimilating.notes import Note

HOUR = 3_600_000
DAY = 24 * HOUR
STATIONS = ("cathode.mixer", "cathode.coater", "cathode.calender")
BUFFERS = ("cathode.tank", "cathode.coated_rolls", "cathode.calendered_rolls")
OVERRIDES = (
    "cathode.coater.roll_length=40 m",
    "cathode.coater.changeover_time=10 min",
    "cathode.coater.block_length=40 m",
    "cathode.coater.segment_length=4 m",
)
"""Short rolls, so that a shift has seven of them; and a coarser simulation."""
SHIFT_H = 12.5
"""Four hours and a half in which the first slurry is mixed, and a shift of coating."""
LIVE_TWIN = Path(__file__).resolve().parents[2] / "scenarios" / "live_twin.yaml"


def electrode_line(hours: float, *overrides: str, seed: int = 1) -> Scenario:
    """Return the cathode side of the live twin's line as a line of its own, which never fails."""
    whole = load(LIVE_TWIN, (*OVERRIDES, *overrides), seed)
    assert whole.twin is not None
    ripple = ripple_of_a_roll(whole.stations["cathode.coater"])
    stations = {
        path: replace(
            whole.stations[path],
            failures=(),
            maintenance=(),
            micro_stops=(),
            calendar="always",
        )
        for path in STATIONS
    }
    buffers = {path: whole.buffers[path] for path in BUFFERS}
    buffers[BUFFERS[-1]] = replace(buffers[BUFFERS[-1]], capacity=1e6)
    return replace(
        whole,
        stations=stations,
        buffers=buffers,
        materials={k: v for k, v in whole.materials.items() if k.startswith("cathode.")},
        building=None,
        crews={},
        start="empty",
        order_cells=None,
        duration_ticks=round(hours * HOUR),
        recording_ticks=HOUR,
        twin=replace(
            whole.twin,
            estimates=tuple(
                replace(each, scatter=ripple) if each.name == "cathode_pump" else each
                for each in whole.twin.estimates
                if each.station in STATIONS
            ),
            instruments=tuple(e for e in whole.twin.instruments if e.station in STATIONS),
            predicts=tuple(e for e in whole.twin.predicts if e.station in STATIONS),
        ),
    )


def ripple_of_a_roll(coater: StationConfig) -> float:
    """Return the deviation of a roll's mean loading by the pump's ripple, relative.

    Segments are an autoregression of first order, and both sides of the web are coated.
    """

    def value(name: str) -> float:
        return coater.parameters[name].number

    keep = math.exp(-value("segment_length") / value("pump_ripple_length"))
    segments = 2 * value("roll_length") / value("segment_length")
    return value("pump_ripple") * math.sqrt((1 + keep) / (1 - keep) / segments)


def without(scenario: Scenario, *names: str) -> Scenario:
    """Return a scenario whose twin lacks instruments."""
    assert scenario.twin is not None
    kept = tuple(each for each in scenario.twin.instruments if each.name not in names)
    return replace(scenario, twin=replace(scenario.twin, instruments=kept))


def as_plant(scenario: Scenario, biases: dict[str, float], *hidden: Deviation) -> Scenario:
    """Return the plant of a twin: instruments with these biases, and what is hidden."""
    assert scenario.twin is not None
    gauges = {path: config.gauges for path, config in scenario.stations.items()}
    instruments = tuple(
        Instrument(
            each.signal.rpartition(".")[2],
            each.station,
            each.quantity,
            bias=biases.get(each.name, 0.0) * (100 if each.relative else 1),
            repeatability=each.repeatability * (100 if each.relative else 1),
            percent=each.relative,
            zone=each.zone,
        )
        for each in scenario.twin.instruments
        if each.signal.rpartition(".")[2] not in gauges[each.station]
    )
    plant = replace(scenario.plant, instruments=instruments)
    return replace(scenario, twin=None, plant=plant, deviations=hidden)


class Nothing:
    """A sink that keeps nothing but lots that pass."""

    def __init__(self) -> None:
        self.passed: list[tuple[int, str, str, str]] = []

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Note takes and gives."""
        if table == "events":
            names = ("tick", "station", "event", "lot")
            for tick, station, event, lot in zip(*(columns[n] for n in names), strict=True):
                if event in {"take", "give"} and lot:
                    self.passed.append((tick, station, event, lot))

    def take(self) -> list[tuple[int, str, str, str]]:
        """Return what has passed since this was asked last."""
        found, self.passed = self.passed, []
        return found


@dataclass
class Case:
    """A plant and its twin, played to the end; `truth`: twin's lot and station -> quantities."""

    plant_scenario: Scenario
    twin_scenario: Scenario
    models: FmuModels
    seed: int = 1
    plant_models: FmuModels | None = None
    """Models of a plant with other laws than the twin's."""
    truth: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    predictions: list[Prediction] = field(default_factory=list)
    told: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)
    """Finding -> tick at which it was told first."""
    history: list[tuple[int, frozenset[tuple[str, tuple[str, ...]]]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plant_scenario = replace(self.plant_scenario, seed=self.seed)  # of its instruments
        self._notes: dict[str, list[Note]] = defaultdict(list)
        recorded = NotedModels(self.plant_models or self.models, lambda *_: [], self._record)
        self._passing, self._twin_passing = Nothing(), Nothing()
        model = information_model(self.plant_scenario)
        self._panel = Panel(model, self.plant_scenario, self._passing)
        self.plant_world = self._world(
            self.plant_scenario, recorded, self._panel, StochasticDriver(Streams(self.seed))
        )
        carrier = Carrier([tag.node for tag in model.tags()], (), self.seed)
        self._plant = UnservedPlant(self.plant_world, self._panel, carrier, Clerk(model))
        self.twin = Assimilator(self.twin_scenario, self.models, self.seed)
        self.world = self._world(
            self.twin_scenario,
            self.twin.models,
            self._twin_passing,
            LedDriver(Streams(self.seed), set(STATIONS)),
        )
        self._lots: dict[str, list[Lot]] = defaultdict(list)
        self._given: dict[str, list[tuple[int, str, dict[str, float]]]] = defaultdict(list)
        self._met: dict[str, int] = defaultdict(int)

    def _world(
        self, scenario: Scenario, models: Models, sink: Sink, driver: StochasticDriver
    ) -> World:
        return World(scenario, models, driver, sink, make_station)

    def _record(self, station: str, note: Note) -> None:
        self._notes[station].append(note)

    def play(self) -> Case:
        """Play both lines to the end."""
        self.world.begin()
        self.twin.advance(0)
        told = self._plant.begin()
        while told is not None:
            readings = [
                PlantEvent(each.tick, *_address(each.node), value=float(each.value))
                for each in told.changes
                if "/Measurements/" in each.node and isinstance(each.value, float)
            ]
            self._note_plant()
            self._follow(told.tick)
            for event in readings:
                self.twin.measured(event)
            if readings:
                self._look(told.tick)
            told = self._plant.step()
        return self

    def gauge_offset(self) -> float:
        """Return what the loading gauge is off by in this shift, beside what is hidden."""
        gauge = self.plant_scenario.stations["cathode.coater"].gauges["loading"]
        draw = self.plant_world.station("cathode.coater").state.offsets["loading"][1]
        return (gauge.bias.number + gauge.reproducibility.number * draw) / 100

    def _note_plant(self) -> None:
        for tick, station, event, name in self._passing.take():
            if event == "give" and name in self.plant_world.lots:
                lot = self.plant_world.lots[name]
                truth = truth_of(lot, self._notes.pop(station, []))
                self._given[station].append((tick, name, truth))

    def _follow(self, tick: int) -> None:
        """Bring the twin's line to a tick, and tell of lots that both lines have handed over."""
        while (due := self.world.calendar.next_tick()) is not None and due <= tick:
            if not self.world.step():
                break
            self._note_twin()
        self._meet()

    def _note_twin(self) -> None:
        for tick, station, event, name in self._twin_passing.take():
            if event == "take":
                self.twin.took(station, name, tick)
                self.predictions += self.twin.predictions()
            elif name in self.world.lots:
                self._lots[station].append(self.world.lots[name])
                self._meet()

    def _meet(self) -> None:
        for station, lots in self._lots.items():
            while (number := self._met[station]) < min(len(lots), len(self._given[station])):
                tick, name, truth = self._given[station][number]
                self._met[station] += 1
                self.truth[lots[number].name, station] = truth
                self.twin.gave(station, lots[number], tick, name)
                self.predictions += self.twin.predictions()

    def _look(self, tick: int) -> None:
        found = frozenset((each.kind, each.names) for each in self.twin.findings())
        for each in found:
            self.told.setdefault(each, tick)
        self.history.append((tick, found))


def truth_of(lot: Lot, notes: Sequence[Note]) -> dict[str, float]:
    """Return true means of a lot, and what is left of the solvent after each zone."""
    names = {name.removesuffix("_a").removesuffix("_b") for name in lot.columns}
    found = {name: value for name in names if (value := mean_of(lot, name)) is not None}
    drying = [note for note in notes if note.kind == "drying"]
    if drying:
        wettest = max(note.start["solvent_loading"] for note in drying)
        first = [note for note in drying if note.start["solvent_loading"] >= wettest / 2]
        for phase in range(len(first[0].outputs)):
            total = sum(n.rows * n.outputs[phase]["solvent_loading"] for n in first)
            found[f"drying.solvent_loading@{phase + 1}"] = total / sum(n.rows for n in first)
    return found


def _address(node: str) -> tuple[str, str, str]:
    station, _, name = node.split("/")
    return station, "measurement", name


def deviation(
    subject: Subject, address: str, amount: float, per_day: float = 0.0, begin: int = 0
) -> list[Deviation]:
    """Return what lets a value, reading or input be off by an amount, and drift."""
    station, _, what = address.rpartition(".")
    process = ""
    if subject == "input":
        station, _, process = station.rpartition(".")
    common = {"process": process} if process else {}
    found = []
    for kind, amounts in (("offset", {"offset": amount}), ("drift", {"rate": per_day / 86_400})):
        if any(amounts.values()):
            name = f"{what} {kind}"
            found.append(
                Deviation(
                    name, address, station, subject, what, kind, begin, None, amounts, **common
                )
            )
    return found


SET = {"cathode_pump": 1.03e-6, "cathode_dryer": 40.0, "cathode_rolls": 6e5}
"""What is set of each estimated input, in SI units: nominal pump flow, coefficient, line load."""
ACTS_ON: dict[str, tuple[Subject, str]] = {
    "cathode_pump": ("input", "cathode.coater.coating.pump_flow"),
    "cathode_dryer": ("value", "cathode.coater.heat_transfer_coefficient"),
    "cathode_rolls": ("value", "cathode.calender.line_load"),
}
LOADING = 0.185
"""kg/m2, to turn a relative bias of the loading gauge into an offset."""


def hidden(
    parameters: dict[str, float], per_day: dict[str, float], gauge: float = 0.0, begin: int = 0
) -> list[Deviation]:
    """Return deviations of parameters, relative, and of the loading gauge."""
    found = []
    for name, (subject, address) in ACTS_ON.items():
        amount, rate = parameters.get(name, 0.0), per_day.get(name, 0.0)
        found += deviation(subject, address, amount * SET[name], rate * SET[name], begin)
    found += deviation("reading", "cathode.coater.loading", gauge * LOADING, 0.0, begin)
    return found
