"""The modelDescription.xml of FMI 2.0: the same model, in the older standard's words."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from linetwin.authoring.codegen import DEFAULT_TOLERANCE, Sources
from linetwin.authoring.description import (
    LOG_CATEGORIES,
    RESULTS,
    ROLE,
    add_units,
    number_text,
    variability,
)
from linetwin.authoring.numerics import input_dependencies
from linetwin.authoring.variables import Kind, Variable

if TYPE_CHECKING:
    from linetwin.authoring.model import Model


def model_description(model: Model, sources: Sources) -> bytes:
    """Return modelDescription.xml of FMI 2.0, encoded in UTF-8."""
    root = ET.Element(
        "fmiModelDescription",
        fmiVersion="2.0",
        modelName=model.title,
        guid=sources.token,
        description=model.description,
        version=model.version,
        generationTool="linetwin",
        variableNamingConvention="flat",
    )
    ET.SubElement(
        root,
        "CoSimulation",
        modelIdentifier=model.name,
        canHandleVariableCommunicationStepSize="true",
        canNotUseMemoryManagementFunctions="true",
        canGetAndSetFMUstate="true",
        canSerializeFMUstate="true",
        providesDirectionalDerivative="true",
    )
    add_units(root, model)
    categories = ET.SubElement(root, "LogCategories")
    for name, meaning in LOG_CATEGORIES.items():
        ET.SubElement(categories, "Category", name=name, description=meaning)
    ET.SubElement(root, "DefaultExperiment", startTime="0", tolerance=repr(DEFAULT_TOLERANCE))
    _add_variables(root, sources)
    _add_structure(root, model, sources)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _add_variables(root: ET.Element, sources: Sources) -> None:
    variables = ET.SubElement(root, "ModelVariables")
    references = sources.layout.references
    for variable in sources.layout.variables:
        _add_variable(variables, variable, references[variable.name])
    valid = ET.SubElement(
        variables,
        "ScalarVariable",
        name="valid",
        valueReference=str(references["valid"]),
        causality="output",
        variability="discrete",
        initial="calculated",
        description="true while all inputs and parameters lie in their ranges",
    )
    ET.SubElement(valid, "Boolean")


def _add_variable(parent: ET.Element, variable: Variable, reference: int) -> None:
    causality, initial = ROLE[variable.kind]
    about = {
        "name": variable.name,
        "valueReference": str(reference),
        "causality": causality,
        "variability": variability(variable),
    }
    if initial:
        about["initial"] = initial
    if variable.meaning:
        about["description"] = variable.meaning
    element = ET.SubElement(parent, "ScalarVariable", about)
    numbers: dict[str, str] = {} if variable.integer else {"unit": variable.unit}
    if math.isfinite(variable.minimum):
        numbers["min"] = number_text(variable.minimum, variable)
    if math.isfinite(variable.maximum):
        numbers["max"] = number_text(variable.maximum, variable)
    if variable.nominal != 1.0 and not variable.integer:
        numbers["nominal"] = number_text(variable.nominal, variable)
    if variable.kind is not Kind.OUTPUT:
        numbers["start"] = number_text(variable.start, variable)
    ET.SubElement(element, "Integer" if variable.integer else "Real", numbers)


def _add_structure(root: ET.Element, model: Model, sources: Sources) -> None:
    """List outputs and initial unknowns; FMI 2.0 counts variables by their place, from one."""
    structure = ET.SubElement(root, "ModelStructure")
    # without `time`, which FMI 2.0 does not ask for, references count in the order of the list
    index = sources.layout.references
    dependencies = input_dependencies(model, sources.functions)
    results = [v for v in sources.layout.variables if v.kind in RESULTS]
    outputs = ET.SubElement(structure, "Outputs")
    for variable in results:
        listed = " ".join(str(index[name]) for name in dependencies.get(variable.name, []))
        ET.SubElement(outputs, "Unknown", index=str(index[variable.name]), dependencies=listed)
    ET.SubElement(outputs, "Unknown", index=str(index["valid"]))
    unknowns = ET.SubElement(structure, "InitialUnknowns")
    for variable in results:
        if ROLE[variable.kind][1] != "exact":
            ET.SubElement(unknowns, "Unknown", index=str(index[variable.name]))
    ET.SubElement(unknowns, "Unknown", index=str(index["valid"]))
