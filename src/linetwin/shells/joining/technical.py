"""A machine's technical data as parameters of its station, and of its models."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.cosim.units import conversion, parse_name, unit_of
from linetwin.scenario.problems import Place
from linetwin.scenario.schema import Written
from linetwin.scenario.values import read_value
from linetwin.shells.building import evidence_of
from linetwin.shells.joining.meanings import last, text_of
from linetwin.shells.joining.questions import IGNORE, Question
from linetwin.shells.lining.elements import written
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import SUBMODELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.shells.joining.context import Context
    from linetwin.shells.joining.ports import Fitted, Port

_KNOWN: Final = (
    SUBMODELS["TechnicalData"].partition("#002")[0],
    "https://admin-shell.io/ZVEI/TechnicalData/Submodel/",
)
_PRINTED: Final = "V"


def is_technical(submodel: model.Submodel) -> bool:
    """Say whether a submodel is TechnicalData, of any version."""
    found = submodel.semantic_id
    return found is not None and bool(found.key) and last(found).startswith(_KNOWN)


def parameters(
    context: Context,
    submodels: Sequence[model.Submodel],
    of_models: dict[str, list[tuple[Fitted, Port]]],
    maker: str,
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what the station is set to, and process -> values of its model's own variables.

    A value of neither is asked for; the answer is a parameter of the station, or `ignore`.
    """
    station: dict[str, Any] = {}
    fixed: dict[str, dict[str, Any]] = {}
    ways: dict[str, str] = {}
    for way, element in _values(submodels):
        ids = context.meanings.ids(element)
        ports = [found for id_ in ids for found in of_models.get(id_, ())]
        quantity = _parameter(context, way, element, ids, has_port=bool(ports))
        for fitted, port in ports:
            number = _own_number(context, way, element, fitted, port)
            if number is not None:
                fixed.setdefault(fitted.process, {})[port.variable.name] = number
        if not quantity:
            continue
        if quantity in ways:
            hint = f"`parameters:` of the decisions: {IGNORE} one of them"
            context.wrong(way, f"means {quantity}, as does {ways[quantity]}", hint)
            continue
        ways[quantity] = way
        value = _value(context, way, element, quantity, maker)
        if value is not None:
            station[quantity] = value
    return station, fixed


def _values(submodels: Sequence[model.Submodel]) -> Iterator[tuple[str, model.SubmodelElement]]:
    """Yield the properties of technical data that have a number, and lists of such."""
    for submodel in filter(is_technical, submodels):
        rows: list[str] = []
        for way, element in elements(submodel, str(submodel.id_short)):
            if any(way.startswith(f"{row}[") for row in rows):
                continue
            if isinstance(element, model.SubmodelElementList):
                if _numbers(element):
                    rows.append(way)
                    yield way, element
            elif isinstance(element, model.Property) and _number(element) is not None:
                yield way, element


def _number(element: object) -> int | float | None:
    """Return the number of a property; None where it has none."""
    value = getattr(element, "value", None)
    if isinstance(value, (bool, str)) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(value) if isinstance(value, int) else number


def _numbers(element: model.SubmodelElementList[Any]) -> list[int | float]:
    """Return the numbers of a list that has nothing else; none where it has."""
    found = [_number(each) for each in element.value]
    return [] if None in found else [number for number in found if number is not None]


def _parameter(
    context: Context,
    way: str,
    element: model.SubmodelElement,
    ids: Sequence[str],
    *,
    has_port: bool,
) -> str:
    """Return the parameter of the station that a value is; "" for none."""
    known = context.kind.parameters
    decided = context.told("parameters", way)
    meant = [name for name in context.meanings.quantities(ids) if name in known]
    if decided is None and len(meant) == 1:
        return meant[0]
    if decided is None and not meant:
        if has_port:
            return ""
        if others := context.meanings.quantities(ids):
            context.note(way, f"means {', '.join(others)}, no parameter of a {context.kind.name}")
            return ""
    name = str(element.id_short).casefold()
    numeric = [each for each, its in known.items() if its.quantity.type in {"float", "int"}]
    fitting = sorted(context.measured_in(numeric, _units(context, element)))
    close = difflib.get_close_matches(name, fitting, n=1)
    said = f"means {' and '.join(meant)}" if meant else "its meaning is unknown"
    text = f"{way}: {_shown(context, element)}: {said}"
    question = Question(text, (IGNORE, *fitting), close[0] if close else "")
    answer = context.ask("parameters", way, question)
    return "" if answer is None or answer == IGNORE else str(answer)


def _shown(context: Context, element: model.SubmodelElement) -> str:
    units = context.meanings.units(element)
    value = text_of(element)
    if isinstance(element, model.SubmodelElementList):
        value = ", ".join(map(str, _numbers(element)))
    return " ".join([value, *units])


def _value(
    context: Context, way: str, element: model.SubmodelElement, quantity: str, maker: str
) -> dict[str, Any] | None:
    """Return a value as a line file has it; None where its unit is open or it is out of range."""
    unit = context.unit(way, _units(context, element), quantity)
    if unit is None:
        return None
    known = context.kind.parameters[quantity]
    is_list = isinstance(element, model.SubmodelElementList)
    if is_list != known.is_list:
        context.wrong(way, f"{quantity} is {'a row' if known.is_list else 'one number'}")
        return None
    numbers = _numbers(element) if isinstance(element, model.SubmodelElementList) else []
    single = _number(element)
    raw = [written(each, unit) for each in numbers] if is_list else written(single, unit)
    for each in raw if isinstance(raw, list) else [raw]:
        place = Place(way, context.file)
        if read_value(Written(value=each), known.quantity, place, context.problems) is None:
            return None
    evidence = evidence_of(element)
    source = f"technical data of {maker or 'its maker'}: {way}"
    if evidence is None:
        return {"value": raw, "tag": _PRINTED, "source": source}
    return {"value": raw, "tag": evidence.tag, "source": evidence.source or source}


def _units(context: Context, element: model.SubmodelElement) -> list[str]:
    own = context.meanings.units(element)
    if own or not isinstance(element, model.SubmodelElementList):
        return own
    return [unit for each in element.value for unit in context.meanings.units(each)]


def _own_number(
    context: Context, way: str, element: model.SubmodelElement, fitted: Fitted, port: Port
) -> float | None:
    """Return a value in the unit of a model's own variable; None, and a problem, for none."""
    number = _number(element)
    name = port.variable.name
    if number is None:
        context.wrong(way, f"a row, and '{name}' of the model is one number")
        return None
    stated = _units(context, element)
    own = next((context.meanings.understood(text) for text in port.units), None)
    if not stated and port.variable.unit is None:
        return float(number)
    units = [context.meanings.understood(text) or "" for text in stated]
    try:
        target = unit_of(port.variable, fitted.found.description.units, own)
        affine = conversion(parse_name(units[0] if len(set(units)) == 1 else ""), target)
    except ValueError as error:
        hint = f"a unit that converts to that of '{name}': {port.variable.unit or 'none'}"
        said = ", ".join(stated) or "no unit"
        context.wrong(way, f"{said} does not fit '{name}' of the model: {error}", hint)
        return None
    return affine.factor * number + affine.offset
