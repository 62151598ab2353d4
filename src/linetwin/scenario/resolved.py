"""A scenario after all files, defaults and overrides have been read, checked and converted.

Every number is in the vocabulary's canonical unit and knows where it came from. The line is built
from this and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from linetwin.scenario.hiding import PlantConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.deviations import Deviation, Fault
    from linetwin.scenario.prices import PriceTable
    from linetwin.scenario.twin import TwinConfig

Scalar = float | int | str | bool | tuple[float, ...]
Fixed = float | int | str | list[float | int | str]
"""What a variable of an FMU is fixed to."""


def address_part(name: str) -> str:
    """Return the name of a cause or defect as an address has it: `cold weld` is `cold_weld`."""
    return name.replace(" ", "_").replace("-", "_")


@dataclass(frozen=True)
class Value:
    """One parameter value with its evidence.

    `value` is in `unit` (the canonical unit of its quantity, or the FMU's unit for a parameter
    that only the FMU knows); `tag` is V, D, M or A; `origin` says who set it: `default`,
    `lines/pilot.yaml:34`, `--set`.
    """

    value: Scalar
    unit: str
    tag: str
    source: str
    origin: str

    @property
    def number(self) -> float:
        """The value as a float; TypeError where it is text or a list."""
        if isinstance(self.value, (str, tuple)):
            message = f"not a number: {self.value!r}"
            raise TypeError(message)
        return float(self.value)


@dataclass(frozen=True)
class ProcessConfig:
    """A model of a station: its contract's kind, and the FMU that answers.

    `model`: the FMU's path, or a bare name of the library; `parameters`: FMU parameter -> value;
    `map`: quantity -> FMU variable (a name, empty where the FMU does without, or a table with the
    fields of the schema's `MapEntry`);
    `fixed`: FMU variable -> number, text, or a list of them; `key` is where it stands, for
    messages. `isolate`: in a process of its own; `step_timeout_s`: how long a call may take (s),
    None for the default. `events`: those of a group for which the line is woken, and the
    operation that each ends, or "".
    `stand_in`: path of the file that answers in the FMU's place, "" for none; `widest`: quantity ->
    interval, in its unit, up to which `auto` takes that answer; `fidelity_key`: where that stands.
    """

    kind: str
    model: str
    fidelity: Literal["fmu", "surrogate", "auto"] = "fmu"
    parameters: Mapping[str, Value] = field(default_factory=dict)
    map: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    fixed: Mapping[str, Fixed] = field(default_factory=dict)
    key: str = ""
    isolate: bool = False
    step_timeout_s: float | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    stand_in: str = ""
    widest: Mapping[str, float] = field(default_factory=dict)
    fidelity_key: str = ""


@dataclass(frozen=True)
class FailureConfig:
    """One cause of failure: exponential operating time to it, lognormal time to repair."""

    cause: str
    time_between_failures: Value
    time_to_repair: Value
    time_to_repair_variation: Value


@dataclass(frozen=True)
class MicroStopConfig:
    """A short stop that the operator clears: exponential operating time to it, lognormal length."""

    cause: str
    time_between_stops: Value
    time_to_clear: Value
    time_to_clear_variation: Value

    @property
    def failure(self) -> FailureConfig:
        """The same, as a driver is asked about it."""
        return FailureConfig(
            self.cause, self.time_between_stops, self.time_to_clear, self.time_to_clear_variation
        )


@dataclass(frozen=True)
class MaintenanceConfig:
    """Preventive maintenance after `interval` of operating time, done by the station's crew."""

    cause: str
    interval: Value
    duration: Value


@dataclass(frozen=True)
class GaugeConfig:
    """How a quantity is measured at a station.

    Each term is in the quantity's canonical unit or, where its unit is "%", in percent of the true
    value. `bias` is constant, `repeatability` the standard deviation between readings,
    `reproducibility` that between shifts (operators).
    """

    quantity: str
    bias: Value
    repeatability: Value
    reproducibility: Value


@dataclass(frozen=True)
class InspectionConfig:
    """How surely a defect is found: share missed, and share of sound items refused."""

    defect: str
    miss: Value
    false_alarm: Value


@dataclass(frozen=True)
class DefectConfig:
    """How often a station inflicts a defect: share of its items."""

    defect: str
    rate: Value


@dataclass(frozen=True)
class StationConfig:
    """A station: its kind, the buffers it is wired to, its parameters and models.

    `takes` and `gives` map the roles of the kind (`slurry`, `web`, `cells`) to buffer paths,
    `materials` the roles of raw materials (`foil`, `binder`) to material paths. `group` is the
    path as written in the line file, where it stands for several machines, else "".
    """

    path: str
    kind: str
    title: str
    room: Literal["hall", "dry_room"]
    calendar: str
    crew: str
    takes: Mapping[str, str]
    gives: Mapping[str, str]
    materials: Mapping[str, str]
    parameters: Mapping[str, Value]
    processes: Mapping[str, ProcessConfig]
    machine: ProcessConfig | None
    failures: tuple[FailureConfig, ...]
    group: str = ""
    micro_stops: tuple[MicroStopConfig, ...] = ()
    maintenance: tuple[MaintenanceConfig, ...] = ()
    gauges: Mapping[str, GaugeConfig] = field(default_factory=dict)
    inspections: Mapping[str, InspectionConfig] = field(default_factory=dict)
    defects: Mapping[str, DefectConfig] = field(default_factory=dict)

    def live_values(self) -> dict[str, Value]:
        """Return everything that an address may set by number, models aside: name -> value.

        The name is what follows the station's path: `web_speed`, `jam.time_between_stops`,
        `loading.bias`, `cold_weld.miss`.
        """
        found = dict(self.parameters)
        parts: list[tuple[str, object]] = [(f.cause, f) for f in self.failures]
        parts += [(stop.cause, stop) for stop in self.micro_stops]
        parts += [(service.cause, service) for service in self.maintenance]
        parts += [*self.gauges.items(), *self.inspections.items(), *self.defects.items()]
        for name, part in parts:
            for key, value in vars(part).items():
                if isinstance(value, Value):
                    found[f"{address_part(name)}.{key}"] = value
        return found

    @property
    def family(self) -> str:
        """The path that the station has in common with its like: its group, or its own."""
        return self.group or self.path


@dataclass(frozen=True)
class BufferConfig:
    """A finite buffer of lots, or a tank that blends what is put in.

    `capacity` counts lots, or kg for a tank. `start` lists what lies in it when the run begins.
    """

    path: str
    kind: Literal["lots", "tank"]
    holds: str
    capacity: float


@dataclass(frozen=True)
class MaterialConfig:
    """A raw material supplied in lots of `lot_size` (kg, or m for foil and separator).

    `deviations`: lot property -> standard deviation of its lot-to-lot variation;
    `exceptions`: lot name -> property -> the value that this lot has instead of a drawn one.
    """

    path: str
    unit: str
    lot_size: Value
    deviations: Mapping[str, Value]
    exceptions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


THREE_SHIFTS: tuple[tuple[str, int], ...] = (("early", 21_600), ("late", 50_400), ("night", 79_200))
"""Shifts where a calendar names none: from 06:00, 14:00 and 22:00 [A]."""


@dataclass(frozen=True)
class CalendarConfig:
    """Weekly working hours: (start, end) in seconds from Monday 00:00; empty means always.

    `shifts`: name and beginning of each shift in seconds from 00:00, in the order of the day.
    """

    name: str
    open_s: tuple[tuple[int, int], ...]
    shifts: tuple[tuple[str, int], ...] = THREE_SHIFTS


@dataclass(frozen=True)
class CrewConfig:
    """Technicians who repair, with the calendar on which they work."""

    name: str
    size: int
    calendar: str


@dataclass(frozen=True)
class DisturbanceConfig:
    """A value set at one address from `start_tick` to `end_tick` (None: for good)."""

    address: str
    value: Scalar
    start_tick: int
    end_tick: int | None
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class StockConfig:
    """What lies in a line that starts filled.

    `shares`: path of a buffer, tank or chamber -> part of its places (of its mass, for a tank);
    `lots`: path -> number of lots instead; what is in neither holds what `line/stock.py` says.
    `rate`: cells a second that steady state is reckoned with, None for what the line can do.
    `ages`: chamber -> for how long its youngest lots have lain there, youngest first [ticks].
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    lots: Mapping[str, int] = field(default_factory=dict)
    rate: float | None = None
    ages: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class HoldConfig:
    """A hold on a lot, or on metres `from_m` to `to_m` of a mother roll.

    `to_m` is infinite for the whole lot; `end_tick` None for a hold that is never decided on.
    `include_possible`: whether it also keeps what may contain the lot, as positions are uncertain.
    """

    lot: str
    from_m: float
    to_m: float
    start_tick: int
    end_tick: int | None
    then: Literal["release", "scrap"]
    reason: str
    include_possible: bool = True


@dataclass(frozen=True)
class RecipeValue:
    """Where a recipe sets a parameter, and the proven acceptable range of each of its numbers.

    Without ranges it is validated as it is.
    """

    origin: str
    ranges: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Titled:
    """What a line file or a recipe calls itself."""

    name: str = ""
    title: str = ""
    description: str = ""


@dataclass(frozen=True)
class Scenario:
    """Everything a run needs. `text` is the resolved YAML that goes into the run folder.

    `window_ticks`: from and until of the time over which steady-state figures are taken;
    `good_energy_per_day`: planned energy of good cells a day [J]; `recipe`: address of a station's
    parameter -> where the recipe sets it, also where a later value wins, and its proven range.
    """

    name: str
    title: str
    description: str
    start: str
    seed: int
    order_cells: int | None
    duration_ticks: int | None
    limit_ticks: int
    recording_ticks: int
    stations: Mapping[str, StationConfig]
    buffers: Mapping[str, BufferConfig]
    materials: Mapping[str, MaterialConfig]
    calendars: Mapping[str, CalendarConfig]
    crews: Mapping[str, CrewConfig]
    building: StationConfig | None
    disturbances: tuple[DisturbanceConfig, ...]
    text: str
    files: tuple[str, ...]
    stock: StockConfig = StockConfig()
    holds: tuple[HoldConfig, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    faults: tuple[Fault, ...] = ()
    window_ticks: tuple[int, int] | None = None
    good_energy_per_day: Value | None = None
    prices: PriceTable | None = None
    plant: PlantConfig = field(default_factory=PlantConfig)
    twin: TwinConfig | None = None
    recipe: Mapping[str, RecipeValue] = field(default_factory=dict)
    line: Titled = Titled()
    recipe_file: Titled | None = None

    def stations_of(self, group_or_kind: str) -> list[StationConfig]:
        """Return the stations of a group (`cell.stacker`), of a path, or of a kind (`stacker`)."""
        return [
            station
            for station in self.stations.values()
            if group_or_kind in (station.path, station.group, station.kind)
        ]
