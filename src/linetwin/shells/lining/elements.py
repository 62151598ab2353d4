"""Elements back into what a line file or a recipe says."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from basyx.aas import model

from linetwin.scenario.problems import Place
from linetwin.shells.building import ROW, evidence_of, meaning_of, unit_of
from linetwin.shells.naming import name_of
from linetwin.shells.terms import meaning, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from linetwin.scenario.problems import Problems

_PERCENT = "%"


@dataclass(frozen=True)
class Reader:
    """Reads elements of one file; what is wrong is noted, with the way to it."""

    file: Path | None
    problems: Problems

    def wrong(self, way: str, message: str, hint: str = "") -> None:
        """Note what is wrong with an element."""
        self.problems.add(Place(way, self.file), message, hint)

    def name(self, element: model.Referable, way: str) -> str:
        """Return the name that an element's idShort stands for; "" , and a problem, for none."""
        try:
            return name_of(element.id_short or "")
        except ValueError as error:
            self.wrong(f"{way}/{element.id_short}", str(error), "docs/shells.md has the rule")
            return ""

    def table(self, parent: Iterable[model.SubmodelElement], way: str) -> dict[str, Any]:
        """Return elements with idShorts as a mapping of plain data."""
        found = {}
        for element in parent:
            name = self.name(element, way)
            if name:
                found[name] = self.plain(element, f"{way}/{element.id_short}")
        return found

    def plain(self, element: model.SubmodelElement, way: str) -> Any:  # noqa: ANN401 - any data
        """Return an element as plain data: mapping, list, text, number, truth or None."""
        if isinstance(element, model.SubmodelElementCollection):
            if any(each.type == ROW for each in element.qualifier):
                return list(self.table(element.value, way).values())
            return self.table(element.value, way)
        if isinstance(element, model.SubmodelElementList):
            return [self.plain(each, f"{way}/{n}") for n, each in enumerate(element.value)]
        if isinstance(element, model.Property):
            return _scalar(element.value)
        self.wrong(way, f"a {type(element).__name__} is not read here", "a property or collection")
        return None

    def leaf(self, element: model.SubmodelElement, way: str) -> dict[str, Any] | None:
        """Return a value with its tag and source as a file has it; None, and a problem, for none.

        The unit is the one stated at the element, else that of what it means.
        """
        unit = unit_of(element) or _unit_of_meaning(element)
        raw: Any = None
        if isinstance(element, model.SubmodelElementList):
            raw = [written(_scalar(getattr(each, "value", None)), unit) for each in element.value]
        elif isinstance(element, model.Property):
            raw = written(_scalar(element.value), unit)
        if raw is None or (isinstance(raw, list) and None in raw):
            self.wrong(way, "has no value", "a property with a value, or a list of them")
            return None
        evidence = evidence_of(element)
        found: dict[str, Any] = {"value": raw}
        if evidence is not None:
            found["tag"] = evidence.tag
            if evidence.source:
                found["source"] = evidence.source
        return found

    def leaves(self, parent: Iterable[model.SubmodelElement], way: str) -> dict[str, Any]:
        """Return values by address; what is no value (a property or a row) is passed over."""
        found = {}
        for element in parent:
            if isinstance(element, (model.Property, model.SubmodelElementList)):
                here = f"{way}/{element.id_short}"
                address, value = self.name(element, way), self.leaf(element, here)
                if address and value is not None:
                    found[address] = value
        return found


def _scalar(value: object) -> bool | int | float | str | None:
    """Return basyx's value as Python's own."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            plain: int | float | str = kind(value)
            return plain
    return float(value) if isinstance(value, Decimal) else str(value)


def written(value: Any, unit: str) -> Any:  # noqa: ANN401 - as YAML has it
    """Return a value as a file has it: a number with its unit is text that loses no digit."""
    if value is None or isinstance(value, bool) or not unit:
        return value
    if isinstance(value, str):
        return f"{value} {unit}"
    return value if unit == "1" else f"{value!r} {unit}"


def free(value: dict[str, Any], unit: str) -> dict[str, Any]:
    """Return a parameter that only a model knows, whose number alone would count in its unit.

    A number of unit 1 is written in percent: by digits, so that it comes back as it was.
    """
    raw = value["value"]
    if unit != "1" or isinstance(raw, (str, bool)):
        return value
    return value | {"value": f"{Decimal(repr(raw)).scaleb(2)} {_PERCENT}"}


def _unit_of_meaning(element: model.HasSemantics) -> str:
    known = named(meaning_of(element))
    return known.unit if known is not None and known.type in {"float", "int"} else ""


def of_meaning(
    elements: Iterable[model.SubmodelElement], idea: str
) -> Iterator[model.SubmodelElement]:
    """Yield the elements that mean an idea."""
    wanted = meaning(idea)
    return (each for each in elements if meaning_of(each) == wanted)


def children(element: model.SubmodelElement) -> list[model.SubmodelElement]:
    """Return the elements within a collection, a list or an entity."""
    if isinstance(element, (model.SubmodelElementCollection, model.SubmodelElementList)):
        return list(element.value)
    return list(element.statement) if isinstance(element, model.Entity) else []
