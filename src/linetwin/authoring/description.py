"""The modelDescription.xml of FMI 3.0, and the evidence that travels with an FMU."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from linetwin.authoring.codegen import DEFAULT_TOLERANCE, Sources
from linetwin.authoring.numerics import input_dependencies
from linetwin.authoring.units import parse_unit
from linetwin.authoring.variables import Kind, Variable

if TYPE_CHECKING:
    from linetwin.authoring.model import Model

LOG_CATEGORIES = {
    "logEvents": "transitions taken; only while debug logging is on",
    "logStatusWarning": "an input or parameter left its range",
    "logStatusDiscard": "a step failed and was rolled back",
    "logStatusError": "a call was refused",
}
ROLE = {
    Kind.INPUT: ("input", None),
    Kind.PARAMETER: ("parameter", None),
    Kind.STATE: ("output", "exact"),
    Kind.ALGEBRAIC: ("output", "approx"),
    Kind.DISCRETE: ("output", "exact"),
    Kind.OUTPUT: ("output", "calculated"),
}
"""Causality and initial of each kind; inputs and parameters are exact by default."""
RESULTS = (Kind.STATE, Kind.ALGEBRAIC, Kind.DISCRETE, Kind.OUTPUT)


def model_description(model: Model, sources: Sources) -> bytes:
    """Return modelDescription.xml, encoded in UTF-8."""
    root = opening(model, "3.0", {"instantiationToken": sources.token})
    ET.SubElement(
        root,
        "CoSimulation",
        modelIdentifier=model.name,
        canHandleVariableCommunicationStepSize="true",
        canGetAndSetFMUState="true",
        canSerializeFMUState="true",
        providesDirectionalDerivatives="true",
        mightReturnEarlyFromDoStep=_xml(flag=any(t.stop for t in model.transitions)),
        hasEventMode="false",
    )
    add_preamble(root, model)
    _add_variables(root, sources)
    _add_structure(root, model, sources)
    return encoded(root)


def opening(model: Model, version: str, token: dict[str, str]) -> ET.Element:
    """Return the root element; `token`: the attribute that ties it to its library."""
    identity = {"fmiVersion": version, "modelName": model.title, **token}
    return ET.Element(
        "fmiModelDescription",
        identity,
        description=model.description,
        version=model.version,
        generationTool="linetwin",
        variableNamingConvention="flat",
    )


def add_preamble(root: ET.Element, model: Model) -> None:
    """Add what comes before the variables: units, log categories, default experiment."""
    definitions = ET.SubElement(root, "UnitDefinitions")
    for name in sorted({v.unit for v in model.variables.values()} | {"s"}):
        unit = ET.SubElement(definitions, "Unit", name=name)
        ET.SubElement(unit, "BaseUnit", parse_unit(name).attributes())
    categories = ET.SubElement(root, "LogCategories")
    for name, meaning in LOG_CATEGORIES.items():
        ET.SubElement(categories, "Category", name=name, description=meaning)
    ET.SubElement(root, "DefaultExperiment", startTime="0", tolerance=repr(DEFAULT_TOLERANCE))


def encoded(root: ET.Element) -> bytes:
    """Return the document in UTF-8, indented."""
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def evidence(model: Model, build_hash: str) -> dict[str, Any]:
    """Return what resources/evidence.json holds: where each number comes from."""
    return {
        "model": model.name,
        "title": model.title,
        "version": model.version,
        "validity": model.validity,
        "hash": build_hash,
        "variables": {v.name: _evidence_of(v) for v in model.variables.values()},
    }


def _evidence_of(variable: Variable) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": variable.kind.value,
        "unit": variable.unit,
        "tag": variable.tag,
        "source": variable.source,
        "meaning": variable.meaning,
        "minimum": _finite(variable.minimum),
        "maximum": _finite(variable.maximum),
    }
    if variable.kind is not Kind.OUTPUT:
        facts["start"] = variable.start
    if variable.enumeration:
        facts["enumeration"] = dict(variable.enumeration)
    return facts


def _add_variables(root: ET.Element, sources: Sources) -> None:
    variables = ET.SubElement(root, "ModelVariables")
    ET.SubElement(
        variables,
        "Float64",
        name="time",
        valueReference="0",
        causality="independent",
        variability="continuous",
        description="simulation time",
        unit="s",
    )
    references = sources.layout.references
    for variable in sources.layout.variables:
        kind = "Int32" if variable.integer else "Float64"
        about = identity(variable, references[variable.name]) | numbers(variable)
        ET.SubElement(variables, kind, about)
    ET.SubElement(variables, "Boolean", validity(references["valid"]))


def identity(variable: Variable, reference: int) -> dict[str, str]:
    """Return the attributes that say what a variable is."""
    causality, initial = ROLE[variable.kind]
    found = {
        "name": variable.name,
        "valueReference": str(reference),
        "causality": causality,
        "variability": _variability(variable),
    }
    if initial:
        found["initial"] = initial
    if variable.meaning:
        found["description"] = variable.meaning
    return found


def numbers(variable: Variable) -> dict[str, str]:
    """Return the attributes of a variable's type: unit, range, nominal and start value."""
    found: dict[str, str] = {}
    if not variable.integer:
        found["unit"] = variable.unit
    if math.isfinite(variable.minimum):
        found["min"] = _number(variable.minimum, variable)
    if math.isfinite(variable.maximum):
        found["max"] = _number(variable.maximum, variable)
    if variable.nominal != 1.0 and not variable.integer:
        found["nominal"] = _number(variable.nominal, variable)
    if variable.kind is not Kind.OUTPUT:
        found["start"] = _number(variable.start, variable)
    return found


def validity(reference: int) -> dict[str, str]:
    """Return the attributes of the Boolean output `valid`."""
    return {
        "name": "valid",
        "valueReference": str(reference),
        "causality": "output",
        "variability": "discrete",
        "initial": "calculated",
        "description": "true while all inputs and parameters lie in their ranges",
    }


def _variability(variable: Variable) -> str:
    if variable.kind is Kind.PARAMETER:
        return "tunable" if variable.tunable else "fixed"
    discrete = variable.integer or variable.kind is Kind.DISCRETE
    return "discrete" if discrete else "continuous"


def _add_structure(root: ET.Element, model: Model, sources: Sources) -> None:
    structure = ET.SubElement(root, "ModelStructure")
    references = sources.layout.references
    dependencies = input_dependencies(model, sources.functions)
    results = [v for v in sources.layout.variables if v.kind in RESULTS]
    for variable in results:
        inputs = dependencies.get(variable.name, [])
        listed = " ".join(str(references[name]) for name in inputs)
        ET.SubElement(
            structure,
            "Output",
            valueReference=str(references[variable.name]),
            dependencies=listed,
        )
    ET.SubElement(structure, "Output", valueReference=str(references["valid"]))
    for variable in results:
        if ROLE[variable.kind][1] != "exact":
            reference = str(references[variable.name])
            ET.SubElement(structure, "InitialUnknown", valueReference=reference)
    ET.SubElement(structure, "InitialUnknown", valueReference=str(references["valid"]))


def _finite(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _number(value: float, variable: Variable) -> str:
    return str(int(value)) if variable.integer else repr(value)


def _xml(*, flag: bool) -> str:
    return "true" if flag else "false"
