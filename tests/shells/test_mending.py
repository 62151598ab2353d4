"""Quirks of published files: each read in its plain meaning, or left out, with a note."""

from __future__ import annotations

import json
import logging
from typing import Any

import hostile
import pytest
from aas_core3 import jsonization, xmlization
from hostile import number, submodel

from linetwin.errors import ScenarioError
from linetwin.shells.reading import read
from linetwin.shells.reading.walking import elements
from linetwin.shells.writing import as_tree, xml_document


def _external(
    value: str, kind: str = "ExternalReference", key: str = "GlobalReference"
) -> dict[str, Any]:
    return {"type": kind, "keys": [{"type": key, "value": value}]}


def _collection(*children: dict[str, Any], name: str = "Box", **more: object) -> dict[str, Any]:
    kind = "SubmodelElementCollection"
    return {"modelType": kind, "idShort": name, "value": list(children), **more}


_SPEED = number("1.5")
_BARE = {key: value for key, value in _SPEED.items() if key != "idShort"}
_UNTOLD = {key: value for key, value in _SPEED.items() if key != "modelType"}
_LIST = {"modelType": "SubmodelElementList", "idShort": "L", "typeValueListElement": "Property"}

_LONG = [{"language": "en", "text": "x" * 3000}]
_ENTITY = {
    "modelType": "Entity",
    "idShort": "E",
    "entityType": "SelfManagedEntity",
    "globalAssetId": "urn:a",
}
"""It needs its asset's id to be what it says: one alone is refused without the other."""

_QUIRKS: list[tuple[str, dict[str, Any], str, dict[str, Any] | None]] = [
    ("a number", {**_SPEED, "value": 1.5}, "a number was read as text: 1.5", _SPEED),
    ("a truth value", {**_SPEED, "valueType": "xs:boolean", "value": True}, "as text", {
        **_SPEED, "valueType": "xs:boolean", "value": "true"}),
    ("a type without xs", {**_SPEED, "valueType": "double"}, "double as xs:double", _SPEED),
    ("blanks in a number", {**_SPEED, "value": " 1.5 "}, "", _SPEED),
    ("an empty number", {**_SPEED, "value": ""}, "", {**_SPEED, "value": None}),
    ("an unknown type", {**_SPEED, "valueType": "xs:dayTimeDuration"}, "none of the words", {
        **_SPEED, "valueType": "xs:string"}),
    ("no modelType", _UNTOLD, "read as Property", None),
    ("no idShort", _BARE, "was named: Property_0", {**_BARE, "idShort": "Property_0"}),
    ("an idShort with blanks", {**_SPEED, "idShort": "Max. speed"}, "another: Max_speed", {
        **_SPEED, "idShort": "Max_speed"}),
    ("an unknown key", {**_SPEED, "unit": "m/s"}, "unit: was left out: not known", _SPEED),
    ("a null", {**_SPEED, "category": None}, "", _SPEED),
    ("a blank in an id", {**_SPEED, "semanticId": _external("urn:a ")}, "blanks around a key", {
        **_SPEED, "semanticId": _external("urn:a")}),
    ("a model reference to the world",
        {**_SPEED, "semanticId": _external("urn:a", "ModelReference")},
        "ModelReference as ExternalReference", {**_SPEED, "semanticId": _external("urn:a")}),
    ("a reference of a release candidate",
        {**_SPEED, "semanticId": _external("urn:a", "GlobalReference")},
        "GlobalReference as ExternalReference", {**_SPEED, "semanticId": _external("urn:a")}),
    ("a reference without keys", {**_SPEED, "semanticId": {"type": "ExternalReference"}},
        "a reference without keys", _SPEED),
    ("supplements without meaning",
        {**_SPEED, "supplementalSemanticIds": [_external("urn:b")]},
        "supplementalSemanticIds: was left out", _SPEED),
    ("one language twice", {**_SPEED, "description": [
        {"language": "en", "text": "a"}, {"language": "en", "text": "b"}]},
        "it stands twice: en", {**_SPEED, "description": [{"language": "en", "text": "a"}]}),
    ("a qualifier twice", {**_SPEED, "qualifiers": [
        {"kind": "ConceptQualifier", "type": "a", "valueType": "xs:int", "value": "1"},
        {"kind": "ConceptQualifier", "type": "a", "valueType": "xs:int", "value": "2"}]},
        "contradict each other: a: 1 or 2", {**_SPEED, "qualifiers": [
        {"kind": "ConceptQualifier", "type": "a", "valueType": "xs:string", "value": "1 or 2"}]}),
    ("a qualifier twice the same", {**_SPEED, "qualifiers": [
        {"kind": "ConceptQualifier", "type": "a", "valueType": "xs:int", "value": "1"},
        {"kind": "ConceptQualifier", "type": "a", "valueType": "xs:int", "value": "1"}]},
        "it stands twice: a", {**_SPEED, "qualifiers": [
        {"kind": "ConceptQualifier", "type": "a", "valueType": "xs:int", "value": "1"}]}),
    ("no base64", {"modelType": "Blob", "idShort": "B", "contentType": "a/b", "value": "A*=="},
        "no base64", {"modelType": "Blob", "idShort": "B", "contentType": "a/b"}),
    ("a list without a type of values", {**_LIST, "value": [_BARE]}, "read as xs:double",
        {**_LIST, "value": [_BARE], "valueTypeListElement": "xs:double", "orderRelevant": True}),
    ("a list of mixed types",
        {**_LIST, "valueTypeListElement": "xs:double", "orderRelevant": True,
         "value": [_BARE, {"modelType": "Capability"}]},
        "value/[1]: was left out", {**_LIST, "value": [_BARE], "orderRelevant": True,
        "valueTypeListElement": "xs:double"}),
    ("a name twice", _collection(_SPEED, _SPEED), "Speed, read as Speed_2",
        _collection(_SPEED, {**_SPEED, "idShort": "Speed_2"})),
    ("a text that is too long", {**_ENTITY, "displayName": _LONG}, "displayName: was left out",
        _ENTITY),
    ("two texts that are too long", {**_ENTITY, "displayName": _LONG, "description": _LONG},
        "description: was left out", _ENTITY),
    ("a class nobody knows", _collection(_SPEED, {"modelType": "Formula"}), "Formula",
        _collection(_SPEED)),
    ("a child that is no object", _collection(_SPEED, 7),  # type: ignore[arg-type]
        "an object was expected", _collection(_SPEED)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "element", "note", "meant"), _QUIRKS, ids=lambda v: str(v)[:30])
def test_a_quirk_is_read_as_it_is_meant(
    name: str, element: dict[str, Any], note: str, meant: dict[str, Any] | None
) -> None:
    """What stays of an element is what is meant, and the note says what was done."""
    environment = read(hostile.environment(submodel([element, number("1", name="Next")])))
    first, second = as_tree(environment)["submodels"][0]["submodelElements"]
    wanted = _SPEED if meant is None else {k: v for k, v in meant.items() if v is not None}
    assert first == wanted, name
    assert second["idShort"] == "Next"
    if note:
        assert note in "\n".join(environment.notes)
        assert "submodelElements/[0]" in environment.notes[0]
    else:
        assert environment.notes == []


def test_the_first_of_an_id_counts_and_shells_keep_what_fits() -> None:
    """Two submodels of one id, a shell that refers to a concept: each told, the rest is there."""
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:shell",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:asset"},
        "submodels": [
            _external("urn:x:1", "ExternalReference", "Submodel"),
            _external("urn:c", "ModelReference", "ConceptDescription"),
        ],
    }
    tree = {
        "assetAdministrationShells": [shell],
        "submodels": [submodel([number("1")]), submodel([number("2")])],
        "conceptDescriptions": [{"modelType": "ConceptDescription"}],
        "assets": {},
    }
    environment = read(json.dumps(tree).encode())
    (kept,) = environment.shells()
    assert [str(ref.key[0].value) for ref in kept.submodel] == ["urn:x:1"]
    (only,) = environment.submodels()
    assert [element.value for _, element in elements(only)] == [1.0]  # type: ignore[attr-defined]
    said = "\n".join(environment.notes)
    for words in (
        "an id stands twice; the first is kept: Submodel urn:x:1",
        "it refers to a ConceptDescription, not a Submodel",
        "conceptDescriptions[0]: was left out: it has no id",
        "assets: was left out",
        "1 of 4 elements were left out",
    ):
        assert words in said


@pytest.mark.parametrize(
    "space", ["https://admin-shell.io/aas/3/0", "https://admin-shell.io/aas/3/1"]
)
def test_xml_of_both_namespaces_reads_as_json_does(space: str) -> None:
    """basyx reads the other namespace as nothing; here both hold what aas-core wrote of JSON."""
    data = hostile.environment(
        submodel([_collection(_SPEED, semanticId=_external("urn:a")), {**_SPEED, "idShort": "B"}])
    )
    tree = json.loads(data)
    text = xmlization.to_str(jsonization.environment_from_jsonable(tree))
    environment = read(text.replace("https://admin-shell.io/aas/3/0", space).encode())
    assert as_tree(environment) == as_tree(read(data))
    assert environment.notes == []


def test_a_file_may_claim_one_metamodel_and_be_the_other() -> None:
    """What only 3.1 allows is read under the namespace of 3.0, and named parts of both mix."""
    loose = {"modelType": "RelationshipElement", "idShort": "R"}
    data = hostile.environment(submodel([loose, _SPEED]))
    whole = xml_document(read(data))
    claimed = whole.replace(b"aas/3/1", b"aas/3/0")
    assert as_tree(read(claimed)) == as_tree(read(data))
    mixed = whole.replace(b"<property>", b'<property xmlns="https://admin-shell.io/aas/3/0">')
    assert as_tree(read(mixed)) == as_tree(read(data))


def test_what_xml_has_beyond_shells_is_noted() -> None:
    """Unknown elements, attributes, stray text and a second value are left out with a word."""
    body = hostile.xml_property("a").replace(
        "</property>", '<value>b</value><colour x="1"><a/></colour>stray</property>'
    )
    environment = read(hostile.xml(body))
    (element,) = (element for item in environment.objects for _, element in elements(item))
    assert element.value == "a"  # type: ignore[attr-defined]
    said = "\n".join(environment.notes)
    for words in ("value: was left out: it stands there twice", "colour: was left out: not known"):
        assert words in said
    assert "a text between elements was left out: stray" in said
    assert "an XML attribute was left out: x" in said


@pytest.mark.parametrize("whole", [True, False])
def test_what_a_server_answers_is_read(whole: bool) -> None:  # noqa: FBT001 - two cases
    """A single submodel, or a list of them, is an environment too."""
    one = submodel([_SPEED])
    assert len(read(json.dumps(one if whole else [one]).encode()).objects) == 1
    with pytest.raises(ScenarioError, match="no shell, submodel or concept description"):
        read(json.dumps([one, 5]).encode())


def test_reading_says_nothing_beside_its_notes(caplog: pytest.LogCaptureFixture) -> None:
    """basyx tells some faults to its log alone; here all of them are notes."""
    bad = submodel(
        [{**_SPEED, "value": "x"}], administration={"revision": "1"}, semanticId={"type": "x"}
    )
    with caplog.at_level(logging.DEBUG):
        environment = read(hostile.environment(bad))
    assert caplog.records == []
    assert len(environment.notes) >= 3
