"""The information model of a plant: objects and tags as plain data, made from a scenario.

Nothing here knows OPC UA: the model can be tested, drawn, and proposed to others. A tag's `node` is
its name for good: station, folder and name, such as `cathode.coater/Measurements/loading`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMESPACE = "urn:linetwin:battery-line"
LINE = "line"
"""Name of the object that stands for the line as a whole."""
MODES = {1: "Production", 2: "Maintenance"}
"""Unit modes of PackML that a line without people at its panels is in."""

Folder = Literal[
    "Identification",
    "Status",
    "Setpoints",
    "Measurements",
    "Counters",
    "Energy",
    "Lots",
    "Alarms",
    "Commands",
    "Order",
    "Clock",
    "Buffers",
    "Twin",
    "Feed",
    "Findings",
    "Predictions",
    "Estimates",
    "Scores",
]
TYPES: Mapping[str, tuple[Folder, ...]] = {
    "BatteryLineType": ("Identification", "Clock", "Order", "Status", "Energy", "Buffers"),
    "BatteryMachineType": (
        "Identification", "Status", "Setpoints", "Measurements", "Counters", "Energy", "Lots",
        "Alarms", "Commands",
    ),
}  # fmt: skip
"""Types of a plant's objects, with their folders: of the line, then of its machines."""
Type = Literal["Double", "Int64", "Int32", "String", "Boolean", "DateTime"]
Plain = float | int | str | bool | datetime | None
"""What a tag can hold."""
REQUEST: tuple[tuple[str, Type, str, Plain], ...] = (
    ("Setpoint", "String", "name of the set value that is to change", ""),
    ("Value", "Double", "what it is to be, in the unit of its tag", 0.0),
    ("Requester", "String", "who asks", ""),
    ("Expiry", "DateTime", "instant after which the request is void", None),
    ("RequestId", "String", "name of the request; written last, it hands the request in", ""),
)
"""Tags by which a change of a set value is asked for: name, type, meaning, first value."""
ANSWER: tuple[tuple[str, Type, str, Plain], ...] = (
    ("AnsweredId", "String", "name of the request that was answered last", ""),
    ("Accepted", "Boolean", "whether it was accepted", None),
    ("Reason", "String", "why it was refused", ""),
    ("Answers", "String", "last answers, newest last, a line each: name, tab, why refused", ""),
)
"""Tags of the answer."""


@dataclass(frozen=True)
class Tag:
    """One variable.

    `unit`: UCUM; `unece`: its code of UN/ECE Recommendation 20, "" where none exists. `low` and
    `high`: what is normal; `floor` and `ceiling`: what the instrument can show, both in `unit` and
    infinite where nothing is said. `constant`: its value for good, or the one it begins with.
    `each`: whether every change is told, not only the last one of a publication. `remembered`:
    whether the server keeps what it has told.
    """

    owner: str
    folder: Folder
    name: str
    type: Type
    meaning: str
    unit: str = ""
    unece: str = ""
    low: float = -math.inf
    high: float = math.inf
    floor: float = -math.inf
    ceiling: float = math.inf
    constant: Plain = None
    writable: bool = False
    each: bool = False
    remembered: bool = False

    @property
    def node(self) -> str:
        """The identifier of its node: for good, and the same for every run."""
        return node_of(self.owner, self.folder, self.name)

    @property
    def is_analog(self) -> bool:
        """Whether it is a physical quantity: a number with a unit."""
        return self.type == "Double" and bool(self.unit)


@dataclass(frozen=True)
class Setpoint:
    """A set value: its tag, the address in the scenario, and which number of a row it is.

    `proven`: the recipe's proven acceptable range in the tag's unit, None where no recipe has one.
    """

    tag: Tag
    address: str
    index: int | None
    by_request: bool
    proven: tuple[float, float] | None = None

    @property
    def takes(self) -> tuple[float, float]:
        """From what to what a request may set it: the proven range, else what is normal."""
        return self.proven or (self.tag.low, self.tag.high)


@dataclass(frozen=True)
class Alarm:
    """A condition of a station; `severity` counts from 1 to 1000 as in OPC UA."""

    owner: str
    name: str
    severity: int
    meaning: str

    @property
    def node(self) -> str:
        """The identifier of the condition's object."""
        return node_of(self.owner, "Alarms", self.name)


@dataclass(frozen=True)
class Machine:
    """An object of the plant: the line, a station, or the building."""

    path: str
    title: str
    kind: str
    tags: tuple[Tag, ...]
    setpoints: tuple[Setpoint, ...] = ()
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True)
class InformationModel:
    """Everything that a server shows; `machines`: path -> object, the line first.

    `types`: name -> folders, of the line's object, then of all others; `product`: what serves it.
    """

    name: str
    title: str
    machines: Mapping[str, Machine]
    namespace: str = NAMESPACE
    types: Mapping[str, tuple[Folder, ...]] = field(default_factory=lambda: TYPES)
    product: str = "plant"

    def tags(self) -> Iterator[Tag]:
        """Yield every tag, object by object."""
        for machine in self.machines.values():
            yield from machine.tags

    def setpoints(self) -> Iterator[Setpoint]:
        """Yield every set value."""
        for machine in self.machines.values():
            yield from machine.setpoints

    def alarms(self) -> Iterator[Alarm]:
        """Yield every condition."""
        for machine in self.machines.values():
            yield from machine.alarms


def node_of(owner: str, folder: Folder, name: str) -> str:
    """Return the identifier of a tag's node."""
    return f"{owner}/{folder}/{name}"
