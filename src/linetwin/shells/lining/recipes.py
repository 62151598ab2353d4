"""ProcessParameters of a line back into a recipe: what it sets, and the proven ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.scenario.sections import SECTIONS
from linetwin.shells.building import meaning_of, unit_of
from linetwin.shells.describing.lines import ADJUSTABLE
from linetwin.shells.lining.elements import children, written
from linetwin.shells.lining.stations import model_meanings, quantity_meanings
from linetwin.shells.terms import has_term, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.shells.lining.elements import Reader

_PROCESSES: Final = "https://admin-shell.io/idta/ProcessParameters/"
_HEAD: Final = ("name", "title", "description")


@dataclass(frozen=True)
class Recipe:
    """What a recipe says of itself, and what it sets: address -> value as a file has it."""

    head: dict[str, Any]
    settings: dict[str, Any]


def recipe_of(submodel: model.Submodel, reader: Reader, way: str) -> Recipe:
    """Return the recipe of a line's ProcessParameters; what is wrong is told to the reader."""
    parts = {"Processes": f"{_PROCESSES}Processes/1/0", "Recipe": meaning("recipe")}
    found = reader.chosen(submodel.submodel_element, parts, way, others=True)
    head: dict[str, Any] = {}
    if "Recipe" in found:
        table = reader.table(found["Recipe"], f"{way}/Recipe", "recipe")
        reader.required(table, _HEAD, f"{way}/Recipe")
        head = {key: text for key, text in table.items() if text}
    settings: dict[str, Any] = {}
    for process in children(found["Processes"]) if "Processes" in found else []:
        settings |= _process(process, reader, f"{way}/Processes/{process.id_short}")
    return Recipe(head, settings)


def _process(process: model.SubmodelElement, reader: Reader, way: str) -> dict[str, Any]:
    """Return what the recipe sets of one station."""
    reader.expect(process, way, f"{_PROCESSES}Process/1/0")
    means = f"{_PROCESSES}ProcessParameters/1/0"
    by_name = {str(each.id_short): each for each in children(process)}
    holder = by_name.get("ProcessParameters")
    if holder is None:
        reader.wrong(f"{way}/ProcessParameters", "is absent", "it is always stated, if empty")
        return {}
    here = f"{way}/ProcessParameters"
    if not reader.expect(holder, here, means):
        return {}
    station = _text(by_name.get("ProcessId"))
    values: dict[str, Any] = {}
    ranges: model.SubmodelElement | None = None
    for each in children(holder):
        if each.id_short == ADJUSTABLE:
            ranges = each
        else:
            values |= _value(each, station, reader, here)
    if ranges is None:
        reader.wrong(f"{here}/{ADJUSTABLE}", "is absent", "it is always stated, if empty")
    elif reader.expect(ranges, f"{here}/{ADJUSTABLE}", meaning("adjustable_ranges")):
        _adjustable(ranges, values, reader, f"{here}/{ADJUSTABLE}")
    return values


def _value(
    element: model.SubmodelElement, station: str, reader: Reader, way: str
) -> dict[str, Any]:
    """Return one value by its address, which is of the process's station or a machine of it."""
    here = f"{way}/{element.id_short}"
    address = reader.name(element, way)
    rest = address.removeprefix(station)
    if address and (rest == address or not rest.lstrip("_0123456789").startswith(".")):
        reader.wrong(here, f"'{address}' is no value of {station}", "the ProcessId's station")
        return {}
    if not address or not reader.means(element, here, _meanings(element, address)):
        return {}
    value = reader.leaf(element, here)
    return {} if value is None else {address: value}


def _meanings(element: model.SubmodelElement, address: str) -> set[str]:
    """Return what a value of a station, of a part of it or of a model of it may mean."""
    name = address.rpartition(".")[2]
    found = {*quantity_meanings(name), *model_meanings(name, [element])}
    for section, known in SECTIONS.items():
        quantity = known.values.get(name)
        if section == "gauges" and quantity is not None:
            found.add(meaning(f"gauges.{name}"))
        elif quantity and has_term(quantity):
            found.add(meaning(quantity))
    return found


def _adjustable(
    holder: model.SubmodelElement, values: dict[str, Any], reader: Reader, way: str
) -> None:
    """Add the proven ranges of values to them."""
    for element in children(holder):
        here, address = f"{way}/{element.id_short}", reader.name(element, way)
        reader.expect(element, here, meaning("adjustable_range"))
        if address not in values:
            reader.wrong(here, "is the range of no value that the process has", "the same idShort")
            continue
        pairs = _pairs(children(element))
        if not pairs:
            reader.wrong(here, "has no range", "a list of ranges")
            continue
        is_row = isinstance(values[address]["value"], list)
        values[address]["adjustable"] = pairs if is_row else pairs[0]


def _pairs(spans: Iterable[model.SubmodelElement]) -> list[list[Any]]:
    return [
        [written(each.min, unit_of(each)), written(each.max, unit_of(each))]
        for each in spans
        if isinstance(each, model.Range)
    ]


def _text(element: model.SubmodelElement | None) -> str:
    is_text = isinstance(element, model.Property) and meaning_of(element)
    return str(element.value) if is_text else ""  # type: ignore[union-attr]
