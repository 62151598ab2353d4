"""The modelDescription.xml of FMI 2.0: the same model, in the older standard's words."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from linetwin.authoring import description
from linetwin.authoring.description import RESULTS, ROLE
from linetwin.authoring.numerics import input_dependencies

if TYPE_CHECKING:
    from linetwin.authoring.codegen import Sources
    from linetwin.authoring.model import Model


def model_description(model: Model, sources: Sources) -> bytes:
    """Return modelDescription.xml of FMI 2.0, encoded in UTF-8."""
    root = description.opening(model, "2.0", {"guid": sources.token})
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
    description.add_preamble(root, model)
    _add_variables(root, sources)
    _add_structure(root, model, sources)
    return description.encoded(root)


def _add_variables(root: ET.Element, sources: Sources) -> None:
    variables = ET.SubElement(root, "ModelVariables")
    references = sources.layout.references
    for variable in sources.layout.variables:
        about = description.identity(variable, references[variable.name])
        element = ET.SubElement(variables, "ScalarVariable", about)
        kind = "Integer" if variable.integer else "Real"
        ET.SubElement(element, kind, description.numbers(variable))
    valid = ET.SubElement(variables, "ScalarVariable", description.validity(references["valid"]))
    ET.SubElement(valid, "Boolean")


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
