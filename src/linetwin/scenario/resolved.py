"""A scenario after all files, defaults and overrides have been read, checked and converted.

Every number is in the vocabulary's canonical unit and knows where it came from. The line is built
from this and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar = float | int | str | bool | tuple[float, ...]


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
    `fixed`: FMU variable -> value; `key` is where it stands, for messages.
    """

    kind: str
    model: str
    fidelity: Literal["fmu", "surrogate"] = "fmu"
    parameters: Mapping[str, Value] = field(default_factory=dict)
    map: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class FailureConfig:
    """One cause of failure: exponential operating time to it, lognormal time to repair."""

    cause: str
    time_between_failures: Value
    time_to_repair: Value
    time_to_repair_variation: Value


@dataclass(frozen=True)
class StationConfig:
    """A station: its kind, the buffers it is wired to, its parameters and models.

    `takes` and `gives` map the roles of the kind (`slurry`, `web`, `cells`) to buffer paths,
    `materials` the roles of raw materials (`foil`, `binder`) to material paths.
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

    `deviations`: lot property -> standard deviation of its lot-to-lot variation.
    """

    path: str
    unit: str
    lot_size: Value
    deviations: Mapping[str, Value]


@dataclass(frozen=True)
class CalendarConfig:
    """Weekly working hours: (start, end) in seconds from Monday 00:00; empty means always."""

    name: str
    open_s: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CrewConfig:
    """Technicians who repair, with the calendar on which they work."""

    name: str
    size: int
    calendar: str


@dataclass(frozen=True)
class DisturbanceConfig:
    """A change of one address from `start_tick` to `end_tick` (or for good where that is None)."""

    address: str
    value: Scalar
    start_tick: int
    end_tick: int | None


@dataclass(frozen=True)
class Scenario:
    """Everything a run needs. `text` is the resolved YAML that goes into the run folder."""

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
