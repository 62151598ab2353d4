"""Elements of submodels: what they carry, and that both metamodels take them."""

from __future__ import annotations

import json

import aas_core3.jsonization as jsonization30
import aas_core3.verification as verification30
import aas_core3_1.jsonization as jsonization31
import aas_core3_1.verification as verification31
import pytest
from basyx.aas import model
from basyx.aas.model import datatypes

from linetwin.shells import building
from linetwin.shells.building import Evidence
from linetwin.shells.environment import Environment
from linetwin.shells.naming import Names
from linetwin.shells.writing import document

MEANING = "https://example.com/meaning"


def one_of_each() -> model.DictIdentifiableStore[model.Identifiable]:
    """Return a shell with a submodel that holds every kind of element."""
    named = Names().line("pilot")
    evidence = Evidence("A", "a guess")
    children = [
        building.prop("speed", 0.1, MEANING, "m/s", evidence),
        building.prop("count", 3, MEANING),
        building.prop("large", 2**70, MEANING),
        building.prop("truth", value=True, meaning=MEANING),
        building.prop("text", "a", MEANING),
        building.prop("address", "https://example.com", MEANING, value_type=datatypes.AnyURI),
        building.prop("open", None, MEANING, "m/s"),
        building.numbers("zones", [1.5, 2.0], MEANING, "K", evidence),
        building.multilingual("title", {"en": "coater", "de": "Beschichter"}, MEANING),
        building.span("range", 0.0, None, MEANING, "K"),
        building.collection("part", MEANING, [building.prop("x1", 1.0, MEANING)]),
        building.listed("parts", MEANING, [building.collection(None, MEANING, [])]),
        building.listed("words", MEANING, [building.prop(None, "a", MEANING)], model.Property),
        building.file("model", "/files/a.fmu", "application/x-fmu", MEANING),
        building.reference("see", building.to_submodel(named.submodel("Data")), MEANING),
        building.entity("Node", MEANING, [], named.asset),
        building.entity("Place", MEANING, [building.prop("capacity", 3.0, MEANING)]),
        building.relationship(
            "has",
            building.to_element(named.submodel("Data"), [(model.KeyTypes.ENTITY, "Node")]),
            building.semantic(MEANING),
            MEANING,
        ),
    ]
    data = building.submodel(named.submodel("Data"), "Data", MEANING, children)
    shell = building.shell(named, "pilot", [data], title="Pilot line", derived_from="urn:a:b")
    store: model.DictIdentifiableStore[model.Identifiable] = model.DictIdentifiableStore()
    store.add(data)
    store.add(shell)
    return store


def test_every_element_passes_both_metamodels() -> None:
    """aas_core of 3.0 and of 3.1 find nothing wrong with anything that is built here."""
    written = json.loads(document(Environment(one_of_each())))
    found30 = jsonization30.environment_from_jsonable(written)
    assert [str(error) for error in verification30.verify(found30)] == []
    found31 = jsonization31.environment_from_jsonable(written)
    assert [str(error) for error in verification31.verify(found31)] == []


def test_a_value_carries_unit_evidence_and_meaning() -> None:
    """What is said of a value is read from its element again."""
    element = building.prop("speed", 0.1, f"{MEANING} ", "m/s", Evidence("M", "a book"))
    assert building.unit_of(element) == "m/s"
    assert building.evidence_of(element) == Evidence("M", "a book")
    assert building.meaning_of(element) == MEANING
    bare = model.Property("bare", datatypes.String, "a")
    assert (building.unit_of(bare), building.evidence_of(bare)) == ("", None)
    assert not building.meaning_of(bare)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, datatypes.Boolean),
        (1, datatypes.Long),
        (2**63, datatypes.Integer),
        (1.0, datatypes.Double),
        ("1", datatypes.String),
        (None, datatypes.String),
    ],
)
def test_a_plain_value_has_the_type_that_holds_it(value: object, expected: type) -> None:
    """Truths are no numbers, and whole numbers of any size keep every digit."""
    assert building.prop("a1", value, MEANING).value_type is expected


def test_long_texts_for_people_are_cut_where_the_metamodel_ends() -> None:
    """A description of two thousand characters ends in dots, within 1,023."""
    found = building.multilingual("text", "x" * 2000, MEANING).value
    assert found is not None
    assert len(found["en"]) == 1023
    assert found["en"].endswith("\u2026")
