"""Answers beside the published schemas of Part 2 (IDTA 01002, openapi V3.0.1; facts alone).

What each says of metadata and value-only forms is restated here as names and types, class by class.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from serving_support import NAMES, Client, all_kinds, app_of

from linetwin.shells.serving.asking import encoded

ONE = NAMES.machine("line", "one")
SHELL, KINDS = encoded(ONE.shell), encoded(ONE.submodel("Kinds"))
ELEMENTS = f"/submodels/{KINDS}/submodel-elements"
COMMON: Final = {
    "modelType", "idShort", "category", "displayName", "description", "extensions", "semanticId",
    "supplementalSemanticIds", "qualifiers", "embeddedDataSpecifications", "kind",
}  # fmt: skip
METADATA: Final[dict[str, set[str]]] = {
    "Property": {"valueType"},
    "Range": {"valueType"},
    "BasicEventElement": {"direction", "state", "messageTopic", "messageBroker", "lastUpdate",
                          "minInterval", "maxInterval"},
    "SubmodelElementList": {"orderRelevant", "semanticIdListElement", "typeValueListElement",
                            "valueTypeListElement"},
}  # fmt: skip
"""Class -> attributes of its metadata beside the common ones; other classes have none."""
REFERENCE: Final = {"type": str, "keys": list}
VALUES: Final[dict[str, Any]] = {
    "Property": (str, int, float, bool),
    "MultiLanguageProperty": list,
    "Range": {"min": (int, float), "max": (int, float)},
    "File": {"contentType": str, "value": str},
    "Blob": {"contentType": str, "value": str},
    "ReferenceElement": REFERENCE,
    "RelationshipElement": {"first": REFERENCE, "second": REFERENCE},
    "AnnotatedRelationshipElement": {"first": REFERENCE, "second": REFERENCE, "annotations": list},
    "Entity": {"statements": dict, "entityType": str},
    "BasicEventElement": {"observed": REFERENCE},
    "SubmodelElementCollection": dict,
    "SubmodelElementList": list,
}
"""Class -> what its value is: types, or its required members."""
BELOW: Final = ["", "/$metadata", "/$value", "/$reference", "/$path"]
SUBMODEL: Final = [
    *BELOW,
    *(f"/submodel-elements{end}" for end in BELOW),
    *(f"/submodel-elements/{{path}}{end}" for end in BELOW),
]
ROUTES: Final = [
    "/shells", "/shells/$reference", f"/shells/{SHELL}", f"/shells/{SHELL}/$reference",
    f"/shells/{SHELL}/asset-information", f"/shells/{SHELL}/asset-information/thumbnail",
    f"/shells/{SHELL}/submodel-refs", "/serialization", "/description", "/lookup/shells",
    f"/lookup/shells/{SHELL}", *(f"/submodels{end}" for end in BELOW),
    *(f"{begin}/submodels/{KINDS}{end}" for begin in ("", f"/shells/{SHELL}") for end in SUBMODEL),
    *(f"{begin}/submodels/{KINDS}/submodel-elements/{{file}}/attachment"
      for begin in ("", f"/shells/{SHELL}")),
]  # fmt: skip
"""Paths of the read profiles SSP-002 of both repositories and of discovery."""


@pytest.fixture(scope="module")
def client() -> Client:
    """Everything is seen."""
    return Client(app_of(all_kinds()))


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_of_the_read_profiles_answers(client: Client, route: str) -> None:
    """With 200, and lists with pages as published."""
    found = client.ask(route.replace("{path}", "outer").replace("{file}", "model"))
    assert found.status_code == 200, found.text
    if found.headers["content-type"] == "application/json" and "result" in (body := found.json()):
        assert set(body) == {"result", "paging_metadata"}
        assert set(body["paging_metadata"]) <= {"cursor"}


def fits(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    """Say whether a value is of a type, or has the members that are required."""
    if not isinstance(wanted, dict):
        return isinstance(value, wanted)
    is_full = isinstance(value, dict) and set(wanted) <= set(value)
    return is_full and all(fits(value[key], inner) for key, inner in wanted.items())


def test_metadata_and_values_are_as_published(client: Client) -> None:
    """Of each class: no attribute that the schema does not have, and a value of its form."""
    seen = set()
    for path in client.json(f"/submodels/{KINDS}/$path"):
        element = client.json(f"{ELEMENTS}/{path}")
        kind = element["modelType"]
        if kind in {"Operation", "Capability"}:
            continue
        seen.add(kind)
        shown = client.json(f"{ELEMENTS}/{path}/$metadata")
        assert set(shown) <= COMMON | METADATA.get(kind, set()), path
        assert METADATA.get(kind, set()) & set(element) <= set(shown), path
        value = client.json(f"{ELEMENTS}/{path}/$value?extent=withBlobValue")
        assert value is None or fits(value, VALUES[kind]), path
        assert (value is None) == (path == "open")
    assert seen == set(VALUES)


@pytest.mark.parametrize("path", ["/nothing", "/shells/%25", "/submodels?limit=0", "/shells/bm8"])
def test_what_is_refused_says_so_as_published(client: Client, path: str) -> None:
    """Messages with a code, a known type, a text and an instant in UTC, and nothing beside them."""
    body = client.ask(path).json()
    assert list(body) == ["messages"]
    for each in body["messages"]:
        assert set(each) <= {"code", "correlationId", "messageType", "text", "timestamp"}
        assert 1 <= len(each["code"]) <= 32
        assert each["messageType"] in {"Undefined", "Info", "Warning", "Error", "Exception"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", each["timestamp"])
