"""What elements mean: the semanticId of every quantity and idea, and what it says.

A quantity of the vocabulary, or an idea of `terms.toml`, has the published id that was read for
it there, else an own one under `OWN`, which a ConceptDescription in the same package explains.
Ids under `OWN` are linetwin's, the same in every export; `--base-iri` does not change them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from basyx.aas import model
from basyx.aas.model.concept import ConceptDescription
from basyx.aas.util.traversal import walk_semantic_ids_recursive

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.shells.naming import BASE, id_short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from linetwin.shells.environment import Environment

OWN: Final = f"{BASE}terms/1/"
"""What linetwin's own terms begin with."""

ARBITRARY: Final = "https://admin-shell.io/SMT/General/Arbitrary"
"""What TechnicalData calls a section or property that no template names."""

SUBMODELS: Final[dict[str, str]] = {
    "Nameplate": "https://admin-shell.io/idta/nameplate/3/0/Nameplate",
    "TechnicalData": "0173-1#01-AHX837#002",
    "SimulationModels": "https://admin-shell.io/idta/SubmodelTemplate/SimulationModels/1/1",
    "TimeSeries": "https://admin-shell.io/idta/TimeSeries/1/1",
    "AssetInterfacesDescription": (
        "https://admin-shell.io/idta/AssetInterfacesDescription/1/1/Submodel"
    ),
    "AssetInterfacesMappingConfiguration": (
        "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/1/0/Submodel"
    ),
    "CarbonFootprint": "https://admin-shell.io/idta/CarbonFootprint/CarbonFootprint/1/0",
    "HierarchicalStructures": "https://admin-shell.io/idta/HierarchicalStructures/1/1/Submodel",
    # without a dot before "io": as it is published
    "ProcessParameters": "https://admin-shell-io/idta/SubmodelTemplate/ProcessParameters/1/0",
    "ExecutedProcesses": "https://admin-shell.io/idta/ExecutedProcesses/1/0",
    "PredictiveMaintenance": (
        "https://admin-shell.io/idta/SubmodelTemplate/PredictiveMaintenance/1/0"
    ),
    "AIModelNameplate": "https://admin-shell.io/idta/SubmodelTemplate/AIModelNameplate/1/0",
    "ProcessVariablesForManufacturingKPICalculation": (
        "https://admin-shell.io/idta/SubmodelTemplate/"
        "ProcessVariablesForManufacturingKPICalculation/1/0"
    ),
}
"""idShort of a submodel -> its published semanticId; the passport's are in `running/`."""

_SPECIFICATION: Final = (
    "https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3/0"
)
_DATA_TYPES: Final = {
    "float": model.DataTypeIEC61360.REAL_MEASURE,
    "int": model.DataTypeIEC61360.INTEGER_MEASURE,
    "bool": model.DataTypeIEC61360.BOOLEAN,
    "str": model.DataTypeIEC61360.STRING,
}
_LONGEST_NAME: Final = 255
_LONGEST_DEFINITION: Final = 1023


@dataclass(frozen=True)
class Term:
    """A meaning: its IRI, name and definition, and what a value of it is.

    `type`: float, int, bool or str, or "" for what has no value but parts; `unit`: as UCUM.
    """

    iri: str
    name: str
    meaning: str
    type: str = ""
    unit: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is linetwin's own, which a ConceptDescription has to explain."""
        return self.iri.startswith(OWN)


def meaning(name: str) -> str:
    """Return the semanticId of a quantity or an idea by its name; ScenarioError for no such."""
    return term(name).iri


def term(name: str) -> Term:
    """Return a quantity of the vocabulary or an idea of `terms.toml`; ScenarioError for no such."""
    ideas, published = _written()
    if name in ideas:
        return ideas[name]
    if name not in vocabulary():
        raise ScenarioError([Problem(f"'{name}' is no term", hint="terms.toml, vocabulary.toml")])
    quantity = vocabulary()[name]
    iri = quantity.iri or published.get(name) or f"{OWN}{quote(name, safe='')}"
    return Term(iri, name, quantity.meaning, quantity.type, quantity.unit)


def has_term(name: str) -> bool:
    """Say whether a quantity or an idea of this name is known."""
    return name in _written()[0] or name in vocabulary()


def of_model(kind: str, variable: str, text: str, value_type: str, unit: str) -> Term:
    """Return the term of a variable that only a model knows, by the name of the model.

    `text`: what the model's description says of it; `unit` as UCUM, or as the model has it.
    """
    iri = f"{OWN}models/{quote(kind, safe='')}/{quote(variable, safe='')}"
    return Term(iri, variable, text or f"variable of the model {kind}", value_type, unit)


def named(iri: str) -> Term | None:
    """Return the term that a semanticId means, as far as linetwin knows it.

    A quantity with a published id is known by an own one of its name too.
    """
    return _by_iri().get(iri.strip())


@cache
def _by_iri() -> Mapping[str, Term]:
    ideas, _ = _written()
    quantities = [term(quantity.name) for quantity in vocabulary()]
    own = {f"{OWN}{quote(each.name, safe='')}": each for each in quantities}
    return own | {each.iri: each for each in (*quantities, *ideas.values())}


@cache
def _written() -> tuple[dict[str, Term], dict[str, str]]:
    """Return the ideas by name, and the published ids of quantities."""
    text = resources.files("linetwin.shells").joinpath("terms.toml").read_text("utf-8")
    content = tomllib.loads(text)
    ideas = {
        name: Term(
            entry.get("iri", f"{OWN}{quote(name, safe='')}"),
            name,
            entry["meaning"],
            entry.get("type", ""),
            entry.get("unit", ""),
        )
        for name, entry in content["ideas"].items()
    }
    return ideas, {name: entry["iri"] for name, entry in content["published"].items()}


def add_concepts(environment: Environment, extra: Iterable[Term] = ()) -> None:
    """Add a ConceptDescription for each own term that any element of an environment uses.

    `extra`: terms of models, which no table holds.
    """
    known = {each.iri: each for each in extra}
    there = {concept.id for concept in environment.concepts()}
    used = {iri for submodel in environment.submodels() for iri in _meanings(submodel)}
    for iri in sorted(used - there):
        found = known.get(iri) or named(iri)
        if found is not None and found.is_own:
            environment.objects.add(concept(found))


def _meanings(submodel: model.Submodel) -> Iterator[str]:
    for reference in walk_semantic_ids_recursive(submodel):
        yield reference.key[-1].value


def concept(found: Term) -> ConceptDescription:
    """Return the description of a term by IEC 61360: name, definition, unit and data type."""
    data_type = _DATA_TYPES.get(found.type)
    measures = found.type in {"float", "int"}
    content = model.DataSpecificationIEC61360(
        model.PreferredNameTypeIEC61360({"en": found.name.replace("_", " ")[:_LONGEST_NAME]}),
        data_type=data_type,
        definition=model.DefinitionTypeIEC61360({"en": found.meaning[:_LONGEST_DEFINITION]}),
        unit=(found.unit or "1") if measures else None,
        source_of_definition="linetwin",
    )
    specification = model.ExternalReference(
        (model.Key(model.KeyTypes.GLOBAL_REFERENCE, _SPECIFICATION),)
    )
    return ConceptDescription(
        found.iri,
        id_short=id_short(found.name),
        embedded_data_specifications=[model.EmbeddedDataSpecification(specification, content)],
    )
