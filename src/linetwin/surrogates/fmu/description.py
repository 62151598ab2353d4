"""The modelDescription.xml of a predictor, of FMI 3.0 or 2.0, and where its numbers come from."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities.ucum import parse_unit
from linetwin.surrogates.fmu.tables import starts_of

if TYPE_CHECKING:
    from linetwin.predictors.card import Card

RESULTS: Final = ("value", "low", "high", "widened", "domain", "valid")
"""Outputs, in the order of their references, which follow those of the features."""
_RESERVED: Final = ("time", *RESULTS)
_CATEGORIES: Final = {
    "logStatusWarning": "nothing like the inputs was seen: no prediction",
    "logStatusDiscard": "a step failed; the time before it is kept",
    "logStatusError": "a call was refused, or the model gives no number",
}
_LONGEST: Final = 80
_CAPABILITIES: Final = {
    "canHandleVariableCommunicationStepSize": "true",
    "canSerializeFMU{state}": "true",
    "canGetAndSetFMU{state}": "true",
}


@dataclass(frozen=True)
class Variable:
    """A variable: `kind` is Float64, Int32 or Boolean; `numbers`: attributes of its type."""

    name: str
    kind: str
    meaning: str
    numbers: dict[str, str]
    is_input: bool = False


def identifier_of(card: Card) -> str:
    """Return the name of the library: letters, digits and underscores, a letter first."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", card.name)[:_LONGEST]
    return plain if plain[0].isalpha() else f"p_{plain}"


def variables_of(card: Card) -> list[Variable]:
    """Return the variables by value reference, from 1 on; ScenarioError where one cannot be."""
    problems = []
    for feature in card.features:
        if feature.name in _RESERVED:
            hint = f"taken are {', '.join(_RESERVED)}"
            problems.append(Problem("is the name of a variable of the FMU", feature.name, hint))
    if problems:
        raise ScenarioError(problems)
    return [*_inputs(card), *_results(card)]


def description(card: Card, token: str, fmi: str) -> bytes:
    """Return modelDescription.xml in UTF-8. `fmi`: "3" or "2"."""
    new = fmi == "3"
    root = ET.Element(
        "fmiModelDescription",
        {
            "fmiVersion": f"{fmi}.0",
            "modelName": card.name,
            "instantiationToken" if new else "guid": token,
            "description": _said(card),
            "version": card.made,
            "license": f"data: {card.data.licence}",
            "generationTool": "linetwin",
            "variableNamingConvention": "flat",
        },
    )
    state = "State" if new else "state"
    flags = {key.format(state=state): value for key, value in _CAPABILITIES.items()}
    if not new:
        flags["canNotUseMemoryManagementFunctions"] = "true"
    ET.SubElement(root, "CoSimulation", {"modelIdentifier": identifier_of(card), **flags})
    _add_units(root, card)
    categories = ET.SubElement(root, "LogCategories")
    for name, meaning in _CATEGORIES.items():
        ET.SubElement(categories, "Category", name=name, description=meaning)
    ET.SubElement(root, "DefaultExperiment", startTime="0")
    found = variables_of(card)
    (_add_new if new else _add_old)(root, found)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def evidence(card: Card) -> dict[str, Any]:
    """Return what resources/evidence.json holds: which data each number was derived from."""
    source = f"{card.data.name}; {card.data.source}"
    return {
        "model": card.name,
        "title": _said(card),
        "version": card.made,
        "validity": f"{card.data.rows} rows; {'; '.join(card.said)}",
        "variables": {
            each.name: {"unit": each.numbers.get("unit", "1"), "tag": "D", "source": source}
            for each in variables_of(card)
        },
    }


def _said(card: Card) -> str:
    return (
        f"{_target(card)} predicted by {card.winner}, with intervals of "
        f"{100 * card.coverage:g} %, from {card.data.rows} rows of {card.data.name}"
    )


def _target(card: Card) -> str:
    return f"probability of {card.target.name}" if card.target.chance else card.target.name


def _inputs(card: Card) -> list[Variable]:
    return [
        Variable(
            feature.name,
            "Float64",
            "feature; min and max are what was seen",
            {
                "unit": feature.unit,
                "min": repr(feature.low),
                "max": repr(feature.high),
                "start": repr(float(start)),
            },
            is_input=True,
        )
        for feature, start in zip(card.features, starts_of(card), strict=True)
    ]


def _results(card: Card) -> list[Variable]:
    target = _target(card)
    chance = f"{100 * card.coverage:g} %"
    own = {"unit": card.target.unit}
    return [
        Variable("value", "Float64", f"{target}; not a number outside of the domain", own),
        Variable("low", "Float64", f"lower end of the interval of {chance}", own),
        Variable("high", "Float64", f"upper end of the interval of {chance}", own),
        Variable("widened", "Float64", "factor by which the interval was widened", {"unit": "1"}),
        Variable("domain", "Int32", "0 inside of what was seen, 1 near, 2 outside: refused", {}),
        Variable("valid", "Boolean", "false outside of the domain", {}),
    ]


def _add_units(root: ET.Element, card: Card) -> None:
    definitions = ET.SubElement(root, "UnitDefinitions")
    for name in sorted({card.target.unit, "1", "s", *(feature.unit for feature in card.features)}):
        unit = ET.SubElement(definitions, "Unit", name=name)
        ET.SubElement(unit, "BaseUnit", parse_unit(name).attributes())


def _about(variable: Variable, reference: int) -> dict[str, str]:
    """Return the attributes that say what a variable is."""
    real = variable.kind == "Float64"
    found = {
        "name": variable.name,
        "valueReference": str(reference),
        "causality": "input" if variable.is_input else "output",
        "variability": "continuous" if real else "discrete",
        "description": variable.meaning,
    }
    return found if variable.is_input else found | {"initial": "calculated"}


def _add_new(root: ET.Element, found: list[Variable]) -> None:
    """Add variables and structure of FMI 3.0, which counts by reference."""
    variables = ET.SubElement(root, "ModelVariables")
    time = {"name": "time", "valueReference": "0", "causality": "independent", "unit": "s"}
    ET.SubElement(variables, "Float64", time | {"variability": "continuous"})
    for reference, each in enumerate(found, 1):
        ET.SubElement(variables, each.kind, _about(each, reference) | each.numbers)
    structure = ET.SubElement(root, "ModelStructure")
    for element in ("Output", "InitialUnknown"):
        for reference, each in enumerate(found, 1):
            if not each.is_input:
                listed = {"valueReference": str(reference), "dependencies": _listed(found)}
                ET.SubElement(structure, element, listed)


def _add_old(root: ET.Element, found: list[Variable]) -> None:
    """Add variables and structure of FMI 2.0, which counts by place: the same, without time."""
    kinds = {"Float64": "Real", "Int32": "Integer", "Boolean": "Boolean"}
    variables = ET.SubElement(root, "ModelVariables")
    for reference, each in enumerate(found, 1):
        element = ET.SubElement(variables, "ScalarVariable", _about(each, reference))
        ET.SubElement(element, kinds[each.kind], each.numbers)
    structure = ET.SubElement(root, "ModelStructure")
    for name in ("Outputs", "InitialUnknowns"):
        listed = ET.SubElement(structure, name)
        for reference, each in enumerate(found, 1):
            if not each.is_input:
                about = {"index": str(reference), "dependencies": _listed(found)}
                ET.SubElement(listed, "Unknown", about)


def _listed(found: list[Variable]) -> str:
    return " ".join(str(number) for number, each in enumerate(found, 1) if each.is_input)
