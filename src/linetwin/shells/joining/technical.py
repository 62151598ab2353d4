"""A machine's technical data as parameters of its station, and of its models."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model

from linetwin.cosim.units import conversion, parse_name, unit_of
from linetwin.quantities import vocabulary
from linetwin.scenario.problems import Place
from linetwin.scenario.values import read_value
from linetwin.scenario.written import Written
from linetwin.shells.building import evidence_of
from linetwin.shells.joining.meanings import last, text_of
from linetwin.shells.joining.numbers import Doubt, Number, number_of, read_number
from linetwin.shells.joining.questions import IGNORE, Question
from linetwin.shells.lining.elements import written
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import OWN, SUBMODELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.shells.joining.context import Context
    from linetwin.shells.joining.ports import Fitted, Port

    OfModel = tuple[Fitted, Port]

_KNOWN: Final = (
    SUBMODELS["TechnicalData"].partition("#002")[0],
    "https://admin-shell.io/ZVEI/TechnicalData/Submodel/",
)
_PRINTED: Final = "V"
_ASSUMED: Final = "A"
_DECIDED: Final = "decided by a person: decisions file"


def is_technical(submodel: model.Submodel) -> bool:
    """Say whether a submodel is TechnicalData, of any version."""
    found = submodel.semantic_id
    return found is not None and bool(found.key) and last(found).startswith(_KNOWN)


def parameters(
    context: Context,
    submodels: Sequence[model.Submodel],
    of_models: dict[str, list[OfModel]],
    maker: str,
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what the station is set to, and process -> values of its model's own variables.

    A value of neither is asked for; the answer is a parameter of the station, or `ignore`.
    """
    station: dict[str, Any] = {}
    fixed: dict[str, dict[str, Any]] = {}
    ways: dict[str, str] = {}
    for way, element in _foreign(context, submodels, of_models):
        ids = context.meanings.ids(element)
        ports = [found for id_ in ids for found in of_models.get(id_, ())]
        quantity = _parameter(context, way, element, ids, has_port=bool(ports))
        is_text = bool(quantity) and vocabulary()[quantity].type == "str"
        numbers = None
        if (quantity or ports) and not is_text:
            numbers = _read(context, way, element)
        for port in ports if numbers is not None else ():
            stated = _units(context, element, numbers or ())
            number = _own_number(context, way, numbers or (), stated, port)
            if number is not None:
                process, variable = port[0].process, port[1].variable
                fixed.setdefault(process, {})[variable.name] = number
        if not quantity:
            continue
        if quantity in ways:
            hint = f"`parameters:` of the decisions: {IGNORE} one of them"
            context.wrong(way, f"means {quantity}, as does {ways[quantity]}", hint)
            continue
        ways[quantity] = way
        value = text_of(element) if is_text else None
        if numbers is not None:
            value = _value(context, way, element, numbers, quantity)
        if value is not None and value != "":
            decided = context.told("units", way) is not None
            decided = decided or any(each.is_decided for each in numbers or ())
            station[quantity] = (
                {"value": value, "tag": _ASSUMED, "source": _DECIDED}
                if decided
                else _with_source(value, element, way, maker)
            )
    return station, fixed


def _foreign(
    context: Context, submodels: Sequence[model.Submodel], of_models: Mapping[str, object]
) -> Iterator[tuple[str, model.SubmodelElement]]:
    """Yield the values but those of linetwin's own terms that are no parameter: these are noted."""
    left: list[str] = []
    for way, element in _values(context, submodels, of_models):
        ids = context.meanings.ids(element)
        own = "" if any(id_ in of_models for id_ in ids) else _own_term(context, way, ids)
        if own:
            left.append(own)
        else:
            yield way, element
    if left:
        names = ", ".join(sorted(set(left)))
        said = f"{len(left)} values of linetwin's own that are no parameter of a machine"
        context.note("TechnicalData", f"left: {said}: {names}")


def _own_term(context: Context, way: str, ids: Sequence[str]) -> str:
    """Return the name of a value's idea or model's variable of linetwin's; "" for none.

    A quantity is neither; what a person has said of the value counts.
    """
    if context.told("parameters", way) is not None or context.meanings.quantities(ids):
        return ""
    ideas = context.meanings.terms(ids)
    variables = [id_.rpartition("/")[2] for id_ in ids if id_.startswith(f"{OWN}models/")]
    return next(iter([*ideas, *variables]), "")


def _values(
    context: Context,
    submodels: Sequence[model.Submodel],
    of_models: Mapping[str, object],
) -> Iterator[tuple[str, model.SubmodelElement]]:
    """Yield the properties of technical data that have a number, and lists of such.

    And in whatever form what is known to mean a parameter of the station or of its models.
    """
    for submodel in filter(is_technical, submodels):
        rows: list[str] = []
        for way, element in elements(submodel, str(submodel.id_short)):
            if any(way.startswith(f"{row}[") for row in rows):
                continue
            is_known = _is_known(context, way, element, of_models)
            if isinstance(element, model.SubmodelElementList):
                if is_known or _is_row(element):
                    rows.append(way)
                    yield way, element
            elif is_known or _is_number(element):
                yield way, element


def _is_known(
    context: Context, way: str, element: model.SubmodelElement, of_models: Mapping[str, object]
) -> bool:
    ids = context.meanings.ids(element)
    names = context.meanings.quantities(ids)
    is_told = context.told("parameters", way) is not None
    return (
        is_told
        or any(n in context.kind.parameters for n in names)
        or any(id_ in of_models for id_ in ids)
    )


def _is_number(element: object) -> bool:
    """Say whether a property has a value that is typed as a number."""
    value = element.value if isinstance(element, model.Property) else None
    return value is not None and not isinstance(value, str) and _is_certain(element)


def _is_certain(element: object) -> bool:
    return isinstance(element, model.Property) and isinstance(number_of(element), Number)


def _is_row(element: model.SubmodelElementList[Any]) -> bool:
    return bool(element.value) and all(map(_is_number, element.value))


def _read(context: Context, way: str, element: model.SubmodelElement) -> list[Number] | None:
    """Return the numbers of a value, one but for a row; None where a person has to look.

    What may be read in several ways is asked for, what cannot be read is told.
    """
    if isinstance(element, model.SubmodelElementList):
        found = [number_of(each) for each in element.value]
        wrong = [each.reason for each in found if isinstance(each, Doubt)]
        if wrong or not found:
            context.note(way, f"left out: {wrong[0] if wrong else 'has no value'}")
            return None
        return [each for each in found if isinstance(each, Number)]
    single = number_of(element)
    if isinstance(single, Number):
        return [single]
    if getattr(element, "value", "") is None and (why := _dropped(context, element)):
        single = Doubt(why)
    chosen = _chosen(context, way, single)
    if chosen is None or not _is_within(context, way, element, chosen, single):
        return None
    return [chosen]


def _dropped(context: Context, element: model.SubmodelElement) -> str:
    """Return why reading the file left an element's value out, "" where it did not."""
    mark = f"({element.id_short})/value: was left out: "
    notes = context.meanings.environment.notes
    return next((note.partition(mark)[2] for note in notes if mark in note), "")


def _chosen(context: Context, way: str, doubt: Doubt) -> Number | None:
    """Return the reading that a person chose; None where there is none."""
    if not doubt.readings and not doubt.is_asked and context.told("values", way) is None:
        context.note(way, f"left out: {doubt.reason}")
        return None
    allowed = (IGNORE, *map(repr, doubt.readings))
    if doubt.is_asked:
        allowed = (*allowed, "the number that is meant")
    answer = context.ask("values", way, Question(f"{way}: {doubt.reason}", allowed, is_free=True))
    if answer is None or answer == IGNORE:
        return None
    if isinstance(answer, (int, float)):
        return Number(answer, doubt.unit, is_decided=True)
    found = read_number(answer, "en")
    if isinstance(found, Number):
        return Number(found.value, found.unit or doubt.unit, is_decided=True)
    context.wrong(way, f"'{answer}' is no value: {found.reason}", ", ".join(allowed))
    return None


def _is_within(
    context: Context, way: str, element: model.SubmodelElement, number: Number, doubt: Doubt
) -> bool:
    """Say whether what a person said is within the range that is stated; a problem where not."""
    value, (least, most) = float(number.value), doubt.span
    stated = context.meanings.units(element)
    if number.unit and not (math.isinf(least) and math.isinf(most)):
        units = [context.meanings.understood(text) or "" for text in (number.unit, *stated[:1])]
        try:
            affine = conversion(*map(parse_name, (units[0], units[-1] if stated else "")))
        except ValueError as error:
            context.wrong(way, f"'{number.value} {number.unit}': {error}", "the range's unit")
            return False
        value = affine.factor * value + affine.offset
    if least <= value <= most or math.isclose(value, least) or math.isclose(value, most):
        return True
    message = f"'{number.value} {number.unit}'".replace(" '", "'") + " is outside of the range"
    context.wrong(way, message, " ".join([f"{least:g} to {most:g}", *stated]))
    return False


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
        value = ", ".join(text_of(each) for each in element.value)
    if isinstance(element, model.Range):
        value = f"{element.min} to {element.max}"
    return " ".join([value, *units])


def _value(
    context: Context,
    way: str,
    element: model.SubmodelElement,
    numbers: Sequence[Number],
    quantity: str,
) -> Any:  # noqa: ANN401 - as YAML has it
    """Return a value as a line file has it; None where its unit is open or it is out of range."""
    unit = context.unit(way, _units(context, element, numbers), quantity)
    if unit is None:
        return None
    known = context.kind.parameters[quantity]
    if isinstance(element, model.SubmodelElementList) != known.is_list:
        context.wrong(way, f"{quantity} is {'a row' if known.is_list else 'one number'}")
        return None
    raw = [written(each.value, unit) for each in numbers]
    for each in raw:
        place = Place(way, context.file)
        if read_value(Written(value=each), known.quantity, place, context.problems) is None:
            return None
    return raw if known.is_list else raw[0]


def _with_source(
    raw: object, element: model.SubmodelElement, way: str, maker: str
) -> dict[str, Any]:
    """Return a value with its tag and source: those it states, else printed by its maker."""
    evidence = evidence_of(element)
    source = f"technical data of {maker or 'its maker'}: {way}"
    if evidence is None:
        return {"value": raw, "tag": _PRINTED, "source": source}
    return {"value": raw, "tag": evidence.tag, "source": evidence.source or source}


def _units(
    context: Context, element: model.SubmodelElement, numbers: Sequence[Number] = ()
) -> list[str]:
    """Return the units that a value states: at its element, in its text, at the items of a row."""
    if decided := [each.unit for each in numbers if each.is_decided and each.unit]:
        return decided
    own = [*context.meanings.units(element), *(each.unit for each in numbers if each.unit)]
    if own or not isinstance(element, model.SubmodelElementList):
        return own
    return [unit for each in element.value for unit in context.meanings.units(each)]


def _own_number(
    context: Context, way: str, numbers: Sequence[Number], stated: Sequence[str], port: OfModel
) -> float | None:
    """Return a value in the unit of a model's own variable; None, and a problem, for none."""
    fitted, found = port
    name = found.variable.name
    if len(numbers) != 1:
        context.wrong(way, f"a row, and '{name}' of the model is one number")
        return None
    number = numbers[0].value
    own = next((context.meanings.understood(text) for text in found.units), None)
    if not stated and found.variable.unit is None:
        return float(number)
    units = [context.meanings.understood(text) or "" for text in stated]
    try:
        target = unit_of(found.variable, fitted.found.description.units, own)
        affine = conversion(parse_name(units[0] if len(set(units)) == 1 else ""), target)
    except ValueError as error:
        hint = f"a unit that converts to that of '{name}': {found.variable.unit or 'none'}"
        said = ", ".join(stated) or "no unit"
        context.wrong(way, f"{said} does not fit '{name}' of the model: {error}", hint)
        return None
    return affine.factor * number + affine.offset
