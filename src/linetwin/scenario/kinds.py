"""The kinds of stations, read from `kinds.toml` and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from linetwin.quantities import vocabulary
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.scenario.values import read_value
from linetwin.scenario.written import Written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.quantities import Quantity
    from linetwin.scenario.resolved import Value

Kinds = dict[str, "Kind"]
MACHINE_SIGNALS = (
    "electric_power",
    "thermal_power",
    "electric_energy",
    "thermal_energy",
    "cooling_energy",
    "compressed_air_volume",
    "heat_emission",
    "machine_temperature",
    "wear",
)
"""What is recorded of every machine model."""


@dataclass(frozen=True)
class KindParameter:
    """A quantity that a kind of station has; without `default` a line or recipe must set it."""

    quantity: Quantity
    is_list: bool
    default: Value | None


@dataclass(frozen=True)
class Kind:
    """What a kind of station takes and gives, the models it needs, and its parameters.

    `takes`, `gives`: role -> kind of lot; `optional`: roles that may stay unwired; `materials`:
    roles of raw materials; `processes`: kinds of contracts; `machine`: it has a machine model;
    `gauges`: quantities that it can measure; `defects`: what it may inflict; `inspections`: what it
    may look for; `signals`: quantities that are recorded while the line runs.
    """

    name: str
    title: str
    takes: Mapping[str, str]
    gives: Mapping[str, str]
    optional: frozenset[str]
    materials: tuple[str, ...]
    processes: tuple[str, ...]
    machine: bool
    parameters: Mapping[str, KindParameter]
    gauges: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    inspections: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """Names under which a station of this kind has models: its processes and `machine`."""
        return (*self.processes, "machine") if self.machine else self.processes


class _WrittenParameter(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    value: object = None
    tag: Literal["V", "D", "M", "A"] | None = None
    source: str | None = None
    list: bool = False  # a row of numbers; need not be said where `value` is one


class _WrittenKind(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    takes: dict[str, str] = {}
    gives: dict[str, str] = {}
    optional_takes: dict[str, str] = {}
    optional_gives: dict[str, str] = {}
    materials: list[str] = []
    processes: list[str] = []
    machine: bool = True
    gauges: list[str] = []
    defects: list[str] = []
    inspections: list[str] = []
    signals: list[str] = []
    parameters: dict[str, _WrittenParameter] = {}


@cache
def shipped_kinds() -> Kinds:
    """Return the kinds that ship with linetwin."""
    file = resources.files("linetwin.scenario").joinpath("kinds.toml")
    return parse_kinds(file.read_text("utf-8"), Path("kinds.toml"))


def parse_kinds(text: str, file: Path) -> Kinds:
    """Return the kinds that a TOML text describes; ScenarioError with all problems."""
    problems = Problems()
    kinds: Kinds = {}
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.add(Place("", file), f"TOML syntax: {error}")
        document = {}
    for name, table in document.items():
        try:
            written = _WrittenKind.model_validate(table)
        except ValidationError as error:
            for detail in error.errors():
                place = Place(".".join(map(str, (name, *detail["loc"]))), file)
                problems.add(place, detail["msg"].lower())
        else:
            kinds[name] = _kind(name, written, Place(name, file, origin="default"), problems)
    problems.check()
    return kinds


def _kind(name: str, written: _WrittenKind, place: Place, problems: Problems) -> Kind:
    known = vocabulary()
    parameters = {}
    for quantity_name, entry in written.parameters.items():
        here = place.below(f"parameters.{quantity_name}")
        if quantity_name not in known:
            hint = nearest(quantity_name, (quantity.name for quantity in known))
            problems.add(here, "not in the vocabulary", hint)
            continue
        parameters[quantity_name] = _parameter(known[quantity_name], entry, here, problems)
    for key, names in (("gauges", written.gauges), ("signals", written.signals)):
        for each in names:
            if each not in known:
                hint = nearest(each, (quantity.name for quantity in known))
                problems.add(place.below(key), f"'{each}' is not in the vocabulary", hint)
    return Kind(
        name=name,
        title=written.title,
        takes={**written.takes, **written.optional_takes},
        gives={**written.gives, **written.optional_gives},
        optional=frozenset({*written.optional_takes, *written.optional_gives}),
        materials=tuple(written.materials),
        processes=tuple(written.processes),
        machine=written.machine,
        parameters=parameters,
        gauges=tuple(written.gauges),
        defects=tuple(written.defects),
        inspections=tuple(written.inspections),
        signals=(*written.signals, *(MACHINE_SIGNALS if written.machine else ())),
    )


def _parameter(
    quantity: Quantity, entry: _WrittenParameter, place: Place, problems: Problems
) -> KindParameter:
    is_list = entry.list or isinstance(entry.value, list)
    if entry.value is None:
        return KindParameter(quantity, is_list, None)
    if entry.tag is None or not entry.source:
        problems.add(place, "a default needs tag and source", "tags: V, D, M, A")
    written = Written(value=entry.value, tag=entry.tag, source=entry.source)
    value = read_value(written, quantity, place, problems, is_list=is_list)
    return KindParameter(quantity, is_list, value)
