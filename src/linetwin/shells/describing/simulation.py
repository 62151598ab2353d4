"""SimulationModels (IDTA 02005 1.1) of a model, from what its FMUs say of themselves."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from basyx.aas.model import datatypes

from linetwin.quantities import vocabulary
from linetwin.shells import building
from linetwin.shells.building import NOT_STATED, collection, multilingual, prop
from linetwin.shells.describing.models import FMU_TYPE, GROUP_TYPE, head, variable_term
from linetwin.shells.terms import SUBMODELS, meaning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from basyx.aas import model

    from linetwin.cosim.description import Description, Variable
    from linetwin.shells.describing.models import Head, UsedModel

_BASE: Final = "https://admin-shell.io/idta/SimulationModels/"
_AS_BUILT: Final = "those that the FMU is built for"
_CAUSALITIES: Final = {"input": "inputs", "output": "outputs", "parameter": "parameters"}
_TYPES: Final = {"Boolean": "Boolean", "String": "String", "Enumeration": "ENUM"}


def _id(name: str, version: str = "1/0") -> str:
    return f"{_BASE}{name}/{version}"


def simulation_models(used: UsedModel, *, with_ports: bool, with_files: bool) -> model.Submodel:
    """Return the submodel: one entry for each FMU, and one for a group of them.

    `with_ports`: with all variables; `with_files`: the files travel in the package, and their
    SHA-256 is stated; else they are named, with their tokens, as another build has other bytes.
    """
    entries: list[model.SubmodelElement] = []
    for place, (full, description) in enumerate(used.descriptions().items(), 1):
        path, said = full, head(description.path)
        if not with_files:  # what is told is the same on every machine
            path, said = full.rpartition("/")[2], replace(said, platforms=(_AS_BUILT,))
        name = f"SimulationModel{place:02}"
        digest = _digest(description.path, with_file=with_files)
        kind = _type_of_file(description)
        file = _file(path, description.token, said.version, kind, digest)
        entries.append(_model(name, file, description, said, with_ports=with_ports))
    if used.is_group:
        entries.append(_group(used, with_file=with_files))
    return building.submodel(
        used.submodel, "SimulationModels", SUBMODELS["SimulationModels"], entries
    )


def _model(
    name: str,
    file: model.SubmodelElement,
    description: Description,
    said: Head,
    *,
    with_ports: bool,
) -> model.SubmodelElementCollection:
    """Return what is known of one FMU; `file`: where it is."""
    children: list[model.SubmodelElement] = [
        multilingual("Summary", description.meaning or description.title, _id("Summary")),
        *_purpose(description.title or description.name),
    ]
    if said.licence:
        children.append(prop("LicenseModel", said.licence, _id("LicenseModel")))
    children += [
        _environment(description, said),
        file,
        prop("ParamMethod", "pre-parametrized", _id("ParamMethod")),
        prop("InitStateMethod", "integrated in model", _id("InitStateMethod")),
    ]
    if description.stop_time_s is not None:
        children.append(_float("DefaultSimTime", description.stop_time_s))
    if said.author:
        children.append(_maker(said.author))
    if with_ports:
        children.append(_ports(description))
    return collection(name, _id("SimulationModel", "1/1"), children)


def _purpose(text: str) -> list[model.SubmodelElement]:
    purpose = [prop("PosSimPurpose", text, _id("PosSimPurpose"))]
    return [
        collection("SimPurpose", _id("SimPurpose"), purpose),
        prop("ScopeOfModel", "Dynamics", _id("ScopeOfModel")),
    ]


def _environment(description: Description, said: Head) -> model.SubmodelElement:
    can = description.capabilities
    solver: list[model.SubmodelElement] = [
        prop("StepSizeControlNeeded", description.exchange, _id("StepSizeControlNeeded"))
    ]
    if can.fixed_step_s is not None:
        solver.append(_float("FixedStepSize", can.fixed_step_s))
    solver += [
        prop("StiffSolverNeeded", value=False, meaning=_id("StiffSolverNeeded")),
        prop("SolverIncluded", not description.exchange, _id("SolverIncluded")),
    ]
    if description.tolerance is not None:
        tested = [
            prop("SolverAlgorithm", NOT_STATED, _id("SolverAlgorithm")),
            _float("Tolerance", description.tolerance),
        ]
        name = "TestedToolSolverAlgorithm"
        solver.append(collection(name, _id(name), tested))
    tool = [
        prop("SimToolName", said.tool or NOT_STATED, _id("SimToolName")),
        collection("SolverAndTolerances", _id("SolverAndTolerances"), solver),
    ]
    systems = ", ".join(said.platforms) or NOT_STATED
    return collection(
        "Environment",
        _id("Environment"),
        [
            prop("OperatingSystem", systems, _id("OperatingSystem")),
            collection("SimulationTool", _id("SimulationTool"), tool),
        ],
    )


def _type_of_file(description: Description) -> str:
    kind = "model exchange" if description.exchange else "co-simulation"
    return f"FMI {description.version}.0, {kind}"


def _file(
    path: str, token: str, version: str, file_type: str, digest: str
) -> model.SubmodelElement:
    """Return where the file is: a path in the package, with its SHA-256, or a name alone."""
    content_type = GROUP_TYPE if file_type == "group" else FMU_TYPE
    digital = building.file("DigitalFile", path, content_type, _id("DigitalFile"))
    of_version = [
        prop("ModelVersionId", version or NOT_STATED, _id("ModelVersionId")),
        digital,
        prop("InstantiationToken", token, meaning("instantiation_token")),
    ]
    if digest:  # the template has no place for one
        of_version.append(prop("Sha256", digest, meaning("model_digest")))
    return collection(
        "ModelFile",
        _id("ModelFile"),
        [
            prop("ModelFileType", file_type, _id("ModelFileType")),
            collection("ModelFileVersion", _id("ModelFileVersion"), of_version),
        ],
    )


def _digest(file: Path, *, with_file: bool) -> str:
    """Return the SHA-256 of a file that travels in the package; "" of one that does not."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if with_file else ""


def _maker(author: str) -> model.SubmodelElement:
    name = "SimModManufacturerInformation"
    said = [
        prop("Company", author, "0173-1#02-AAW001#001"),
        prop("Language", "en", "0173-1#02-AAO895#003"),
    ]
    return collection(name, _id(name), said)


def _ports(description: Description) -> model.SubmodelElement:
    connectors = []
    for causality, name in _CAUSALITIES.items():
        variables = description.of(causality)
        if variables:
            connectors.append(_connector(name, description.name, variables))
    return collection("Ports", _id("Ports"), connectors)


def _connector(name: str, owner: str, variables: Sequence[Variable]) -> model.SubmodelElement:
    children: list[model.SubmodelElement] = [
        prop("PortConnectorName", name, _id("PortsConnectorName"))
    ]
    children += [_variable(place, owner, each) for place, each in enumerate(variables, 1)]
    return collection(f"PortsConnector_{name}", _id("PortsConnector"), children)


def _variable(place: int, owner: str, variable: Variable) -> model.SubmodelElement:
    """Return one variable; its quantity or own term is a supplemental semanticId."""
    unit = variable.unit or "none"
    causality = variable.causality if variable.causality != "parameter" else "input"
    children: list[model.SubmodelElement] = [
        prop("VariableName", variable.name, _id("VariableName"))
    ]
    if not math.isinf(variable.minimum) or not math.isinf(variable.maximum):
        children.append(prop("Range", variable.span, _id("Range"), variable.unit or ""))
    children.append(prop("VariableType", _type(variable), _id("VariableType")))
    if variable.meaning:
        children.append(
            multilingual("VariableDescription", variable.meaning, _id("VariableDescription"))
        )
    children += [
        prop("UnitList", unit, _id("UnitList")),
        prop("VariableCausality", causality, _id("VariableCausality")),
    ]
    if variable.start is not None:
        start = prop("StartValue", variable.start, meaning("start_value"), variable.unit or "")
        children.append(start)
    found = collection(f"Variable{place:04}", _id("Variable"), children)
    known = vocabulary()
    of_quantity = variable.name in known and known[variable.name].unit == variable.unit
    iri = meaning(variable.name) if of_quantity else variable_term(owner, variable).iri
    found.supplemental_semantic_id.append(building.semantic(iri))
    return found


def _type(variable: Variable) -> str:
    return _TYPES.get(variable.type, "Integer" if "Int" in variable.type else "Real")


def _float(name: str, value: float) -> model.Property:
    return prop(name, datatypes.Float(value), _id(name), value_type=datatypes.Float)


def _group(used: UsedModel, *, with_file: bool) -> model.SubmodelElement:
    """Return the entry of a group: the file that says how its FMUs are joined."""
    name = used.reference.rpartition("/")[2]
    digest = _digest(used.file, with_file=with_file)
    path = used.reference if with_file else name
    file = _file(path, used.token(), "", "group", digest)
    children = [
        multilingual("Summary", f"group of FMUs that step together: {name}", _id("Summary")),
        *_purpose(used.name),
        _group_environment(),
        file,
        prop("ParamMethod", "by setting file", _id("ParamMethod")),
        prop("InitStateMethod", "integrated in model", _id("InitStateMethod")),
    ]
    return collection("SimulationModel00", _id("SimulationModel", "1/1"), children)


def _group_environment() -> model.SubmodelElement:
    solver = [
        prop("StepSizeControlNeeded", value=False, meaning=_id("StepSizeControlNeeded")),
        prop("StiffSolverNeeded", value=False, meaning=_id("StiffSolverNeeded")),
        prop("SolverIncluded", value=True, meaning=_id("SolverIncluded")),
    ]
    tool = [
        prop("SimToolName", "linetwin", _id("SimToolName")),
        collection("SolverAndTolerances", _id("SolverAndTolerances"), solver),
    ]
    return collection(
        "Environment",
        _id("Environment"),
        [
            prop("OperatingSystem", NOT_STATED, _id("OperatingSystem")),
            collection("SimulationTool", _id("SimulationTool"), tool),
        ],
    )
