"""What may stand in the three kinds of file: scenario, line, recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from linetwin.scenario.absent import Given
from linetwin.scenario.deviations import DisturbanceKind
from linetwin.scenario.twin_schema import Plant, Twin
from linetwin.scenario.written import (
    FileHead,
    Identifier,
    StationPath,
    Strict,
    Writing,
    Written,
    as_table,
)

DefectName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]*$")]


class MapEntry(Strict):
    """The FMU variable that stands for a quantity: SI value = scale * variable + offset.

    `variable` is None for an input that the FMU does without; `start` names the variable that sets
    the value at the beginning; `enumeration` translates values instead of converting them.
    """

    variable: str | None
    unit: str | None = None
    scale: float | None = None
    offset: float | None = None
    start: str | None = None
    enumeration: dict[str, float | str] | None = None


class ModelEvent(Strict):
    """What an event of a group does to the line, beside being told: it ends an operation."""

    ends: Annotated[str | None, Given] = None


class Fidelity(Strict):
    """Who answers for a process: its FMU, the stand-in of a file, or whichever fits a lot.

    `widest`: quantity -> interval up to which `auto` takes the stand-in's answer.
    """

    fidelity: Literal["fmu", "surrogate", "auto"] = "fmu"
    stand_in: Annotated[str | None, Given] = None
    widest: dict[str, Writing] = {}


class Process(Fidelity):
    """A model of a station.

    `isolate`: in a process of its own; `step_timeout`: wall time after which a call is given up;
    `events`: those of a group for which the line is woken.
    """

    model: str | None = None
    isolate: bool = False
    step_timeout: Writing | None = None
    parameters: dict[Identifier, Writing] = {}
    map: dict[str, Annotated[MapEntry, as_table("variable")]] = {}
    fixed: dict[str, object] = {}
    events: dict[str, ModelEvent] = {}


class _Part(Strict):
    """A named part; `tag` and `source` hold for those of its values that bring none."""

    tag: Literal["V", "D", "M", "A"] | None = None
    source: str | None = None


class Failure(_Part):
    """One cause of failure."""

    time_between_failures: Writing
    time_to_repair: Writing
    time_to_repair_variation: Writing | None = None


class MicroStop(_Part):
    """A short stop that the operator clears."""

    time_between_stops: Writing
    time_to_clear: Writing
    time_to_clear_variation: Writing | None = None


class Maintenance(_Part):
    """Preventive maintenance after so much operating time."""

    interval: Writing
    duration: Writing


class Gauge(_Part):
    """What a gauge adds to the true value."""

    bias: Writing | None = None
    repeatability: Writing | None = None
    reproducibility: Writing | None = None


class Inspection(_Part):
    """How surely a defect is found."""

    miss: Writing | None = None
    false_alarm: Writing | None = None


class Defect(_Part):
    """How often a defect is inflicted."""

    rate: Writing


class Station(Strict):
    """A station of the line."""

    kind: str
    title: str | None = None
    room: Literal["hall", "dry_room"] = "hall"
    calendar: str = "always"
    crew: str = ""
    takes: dict[str, str] = {}
    gives: dict[str, str] = {}
    materials: dict[str, str] = {}
    processes: dict[str, Process] = {}
    machine: Process | None = None
    machines: Annotated[int, Field(ge=1, le=1000)] = 1
    failures: dict[Identifier, Failure] = {}
    micro_stops: dict[Identifier, MicroStop] = {}
    maintenance: dict[Identifier, Maintenance] = {}
    gauges: dict[Identifier, Gauge] = {}
    inspections: dict[DefectName, Inspection] = {}
    defects: dict[DefectName, Defect] = {}
    parameters: dict[str, Writing] = {}


class Building(Strict):
    """Dry room and halls."""

    kind: Literal["building"] = "building"
    title: str | None = None
    processes: dict[str, Process] = {}
    parameters: dict[str, Writing] = {}


class Buffer(Strict):
    """A place where lots wait, or a tank that blends."""

    holds: str
    kind: Literal["lots", "tank"] = "lots"
    capacity: Writing


class Material(Strict):
    """A raw material and how much its lots differ."""

    lot: Writing
    deviations: dict[str, Writing] = {}


class Crew(Strict):
    """People who repair."""

    size: Annotated[int, Field(ge=1, le=1000)]
    calendar: str = "always"


class Order(Strict):
    """How many cells are to be graded."""

    cells: Annotated[int, Field(ge=1, le=100_000_000)]


class Window(Strict):
    """From when until when steady-state figures are taken."""

    begin: Writing = Field(alias="from")
    end: Writing = Field(alias="until")


class Target(Strict):
    """What is planned."""

    good_energy_per_day: Writing


class Recording(Strict):
    """How often signals are recorded."""

    interval: Writing = Written(value="5 min")


class Disturbance(Strict):
    """What disturbs one address, or a fault of one machine; its kind says which amounts it has."""

    name: Identifier | None = None
    address: str
    kind: DisturbanceKind = "value"
    value: object = None
    offset: object = None
    per_hour: object = None
    per_day: object = None
    deviation: object = None
    correlation_time: object = None
    share: object = None
    delay: object = None
    speed: object = None
    factor: object = None
    cause: str | None = None
    begin: Writing | None = Field(default=None, alias="from")
    end: Writing | None = Field(default=None, alias="until")
    at: Writing | None = None
    lasting: Writing | None = Field(default=None, alias="for")


class Hold(Strict):
    """A lot, or metres of a mother roll, put on hold and then released or scrapped."""

    lot: str | None = None
    roll: str | None = None
    from_m: Annotated[float, Field(ge=0)] | None = None
    to_m: Annotated[float, Field(gt=0)] | None = None
    begin: Writing = Field(default=Written(value="0 s"), alias="from")
    end: Writing | None = Field(default=None, alias="until")
    then: Literal["release", "scrap"] = "release"
    reason: str = "on hold"
    include_possible: bool = True


class ScenarioFile(FileHead):
    """`scenarios/*.yaml`."""

    line: str
    recipe: str | None = None
    order: Order | None = None
    duration: Writing | None = None
    limit: Writing | None = None
    start: Literal["empty", "filled"] = "empty"
    stock: dict[StationPath, Writing] = {}
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    recording: Recording = Recording()
    window: Window | None = None
    plan: Target | None = None
    prices: str | None = None
    parameters: dict[StationPath, str] = {}
    settings: dict[str, Writing] = Field(default={}, alias="set")
    processes: dict[str, Fidelity] = {}
    disturbances: list[Disturbance | None] = []
    holds: list[Hold | None] = []
    deliveries: dict[str, dict[str, Writing]] = {}
    plant: Plant | None = None
    twin: Twin | None = None


class LineFile(FileHead):
    """`scenarios/lines/*.yaml`."""

    calendars: dict[Identifier, object] = {}
    crews: dict[Identifier, Crew] = {}
    materials: dict[StationPath, Material] = {}
    buffers: dict[StationPath, Buffer] = {}
    stations: dict[StationPath, Station]
    building: Building | None = None
