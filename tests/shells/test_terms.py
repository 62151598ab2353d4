"""What elements mean: ids of quantities and ideas, and their descriptions."""

from __future__ import annotations

import json
from pathlib import Path

import aas_core3.jsonization as jsonization30
import aas_core3.verification as verification30
import aas_core3_1.jsonization as jsonization31
import aas_core3_1.verification as verification31
import pytest
from basyx.aas.adapter.json import AASToJsonEncoder

from linetwin.errors import ScenarioError
from linetwin.quantities import vocabulary
from linetwin.shells import building, terms
from linetwin.shells.environment import Environment
from linetwin.shells.naming import Names

TEMPLATES = Path(__file__).parents[3] / "shared" / "aas_templates"


def test_every_quantity_means_one_thing() -> None:
    """Each quantity has an id, no two the same, and is found by it again."""
    found = [terms.term(quantity.name) for quantity in vocabulary()]
    assert len({each.iri for each in found}) == len(found)
    assert all(terms.named(each.iri) == each for each in found)
    assert all(terms.named(f"{terms.OWN}{each.name}") == each for each in found)


def test_an_unknown_term_is_refused_by_name() -> None:
    """No id is ever made up for what no table holds."""
    with pytest.raises(ScenarioError, match="'no_such_thing' is no term"):
        terms.meaning("no_such_thing")
    assert terms.named("https://example.com/other") is None


def test_every_description_passes_both_metamodels() -> None:
    """aas_core of 3.0 and of 3.1 find nothing wrong with any own term."""
    own = [terms.named(iri) for iri in sorted(terms._by_iri()) if iri.startswith(terms.OWN)]
    written = json.loads(
        json.dumps(
            {"conceptDescriptions": [terms.concept(each) for each in own if each is not None]},
            cls=AASToJsonEncoder,
        )
    )
    found30 = jsonization30.environment_from_jsonable(written)
    assert [str(error) for error in verification30.verify(found30)] == []
    found31 = jsonization31.environment_from_jsonable(written)
    assert [str(error) for error in verification31.verify(found31)] == []


def test_what_is_used_is_described_and_nothing_else() -> None:
    """Own terms of a submodel and of its elements get a description each, published ones none."""
    environment = Environment()
    parameter = terms.of_model("drying", "tortuosity", "of the pores", "float", "1")
    speed, loading = terms.meaning("web_speed"), terms.meaning("loading")
    elements = [
        building.collection("part", terms.meaning("machine"), [building.prop("v1", 1.0, speed)]),
        building.prop("loading", 1.0, loading, "kg/m2"),
        building.prop("tortuosity", 1.0, parameter.iri),
    ]
    named = Names().line("pilot").submodel("Data")
    environment.objects.add(building.submodel(named, "Data", terms.ARBITRARY, elements))
    terms.add_concepts(environment, [parameter])
    terms.add_concepts(environment, [parameter])
    expected = {speed, terms.meaning("machine"), parameter.iri}
    assert {concept.id for concept in environment.concepts()} == expected


def test_ids_of_submodels_are_those_of_the_templates() -> None:
    """Each published semanticId is the one that the template itself has."""
    if not TEMPLATES.is_dir():
        pytest.skip("the published templates are not here")
    published = {}
    for file in TEMPLATES.glob("*.json"):
        for submodel in json.loads(file.read_text("utf-8"))["submodels"]:
            published[submodel["idShort"]] = submodel["semanticId"]["keys"][-1]["value"].strip()
    assert {name: published.get(name) for name in terms.SUBMODELS} == terms.SUBMODELS
