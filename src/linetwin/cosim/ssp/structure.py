"""A system structure as checked data, as its files say it; units and enumerations are looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.quantities.ucum import Unit
    from linetwin.scenario.problems import Place

SOURCES = frozenset({"input", "parameter", "structuralParameter"})
"""Kinds of a system's own connectors that give a value to what is inside."""
GIVES = frozenset({"output", "calculatedParameter", "local", "constant"})
"""Kinds of an element's connectors that give a value to what is around it."""


@dataclass(frozen=True)
class Transformation:
    """target = factor * source + offset, or the target that `table` has for a source.

    `items`: the table is of names of enumeration items, not of numbers. A source that the table
    does not have stays as it is.
    """

    factor: float = 1.0
    offset: float = 0.0
    table: Mapping[float, float] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)


Dimension = int | str | None
"""A size, the name of the connector that decides it, or nothing said."""


@dataclass(frozen=True)
class Connector:
    """A connector, or an entry of a signal dictionary.

    `type` and `unit` are None where nothing is said; `dimensions` are those of an array.
    """

    name: str
    kind: str
    place: Place
    type: str | None = None
    unit: Unit | None = None
    unit_name: str = ""
    enumeration: Mapping[str, int] = field(default_factory=dict)
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True)
class Link:
    """A connection between two connectors of a system or of its elements ('': the system)."""

    ends: tuple[tuple[str, str], tuple[str, str]]
    suppress: bool
    transformation: Transformation | None
    place: Place
    indexed: bool = False


@dataclass(frozen=True)
class Setting:
    """A value that a parameter binding gives to a name, seen from the element that it stands in.

    `values`: texts, one for a scalar. `transformation` comes after the conversion of units.
    """

    name: str
    type: str
    values: tuple[str, ...]
    place: Place
    unit: Unit | None = None
    unit_name: str = ""
    suppress: bool = False
    transformation: Transformation | None = None
    origin: str = ""


@dataclass(frozen=True)
class Component:
    """An FMU, unpacked."""

    name: str
    place: Place
    fmu: Path
    entry: str
    implementation: str
    connectors: Mapping[str, Connector]
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Reference:
    """A place in a system where a signal dictionary can be reached."""

    name: str
    place: Place
    dictionary: str
    connectors: Mapping[str, Connector]


@dataclass(frozen=True)
class System:
    """A system: connectors around it, elements in it, and how they are joined."""

    name: str
    place: Place
    connectors: Mapping[str, Connector]
    settings: tuple[Setting, ...]
    elements: Mapping[str, Element]
    links: tuple[Link, ...]
    dictionaries: Mapping[str, Mapping[str, Connector]]


Element = Component | Reference | System


@dataclass(frozen=True)
class Structure:
    """A whole system structure; `start` and `stop` in s, `own` what a linetwin export added.

    `step`: the communication step (s) that an annotation for OMSimulator names.
    """

    name: str
    version: str
    meaning: str
    system: System
    start: float | None
    stop: float | None
    step: float | None
    information: Mapping[str, str]
    own: Mapping[str, object] | None
    place: Place
