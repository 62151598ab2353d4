"""The server of shells, asked without a network."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from basyx.aas import model
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_support import MEANS, NAMES, Client, all_kinds, app_of

from linetwin.shells.reading import read
from linetwin.shells.serving.asking import encoded
from linetwin.shells.serving.paging import Pages
from linetwin.shells.serving.routes import ROUTES, SEARCH
from linetwin.shells.writing import as_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = all_kinds()
TREE = as_tree(ENVIRONMENT)
ONE, TWO = NAMES.machine("line", "one"), NAMES.machine("line", "two")
KINDS = ONE.submodel("Kinds")
SHELL, SUBMODEL = encoded(ONE.shell), encoded(KINDS)
ELEMENTS = f"/submodels/{SUBMODEL}/submodel-elements"


@pytest.fixture(scope="module")
def client() -> Client:
    """Everything is seen."""
    return Client(app_of(ENVIRONMENT))


def walk(element: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - basyx
    """Yield path and element of what is in an element, by basyx's own objects."""
    yield path, element
    if isinstance(element, model.SubmodelElementList):
        for number, child in enumerate(element.value):
            yield from walk(child, f"{path}[{number}]")
        return
    inner = {
        model.SubmodelElementCollection: "value",
        model.Entity: "statement",
        model.AnnotatedRelationshipElement: "annotation",
    }.get(type(element))
    for child in getattr(element, inner) if inner else ():
        yield from walk(child, f"{path}.{child.id_short}")


def everything() -> dict[str, Any]:
    """Return path -> basyx's element of the submodel with all kinds."""
    submodel = ENVIRONMENT.objects.get_item(KINDS)
    assert isinstance(submodel, model.Submodel)
    return dict(each for child in submodel.submodel_element for each in walk(child, child.id_short))


def test_every_element_is_served_by_its_path(client: Client) -> None:
    """Paths, and the class and idShort of each element, are those of basyx's objects."""
    oracle = everything()
    assert client.json(f"/submodels/{SUBMODEL}/$path") == list(oracle)
    for path, element in oracle.items():
        for prefix in ("", f"/shells/{SHELL}"):
            found = client.json(f"{prefix}{ELEMENTS}/{path}")
            assert found["modelType"] == type(element).__name__
            assert found.get("idShort", "") == ("" if path.endswith("]") else element.id_short)
        reference = client.json(f"{ELEMENTS}/{path}/$reference")
        last = reference["keys"][-1]
        assert last["type"] == type(element).__name__
        assert reference["keys"][0] == {"type": "Submodel", "value": KINDS}
        assert len(reference["keys"]) == len(re.findall(r"[^.\[\]]+", path)) + 1


def test_values_are_those_of_the_elements(client: Client) -> None:
    """Numbers, truths, texts, ranges, languages, files: as Part 2's value-only form has them."""
    whole = client.json(f"/submodels/{SUBMODEL}/$value")
    assert whole["outer"] == {"inner": {"deep": 1.5}, "yes": True}
    assert whole["rows"] == [{"value": 3}, {"value": 4}]
    assert whole["numbers"] == [1.0, 2.0, "NaN"]
    assert whole["count"] == 2**40
    assert whole["open"] is None
    assert sorted(whole["title"], key=str) == [{"de": "Beschichter"}, {"en": "coater"}]
    assert whole["span"] == {"min": 1.0, "max": 2.0}
    assert whole["model"]["value"] == "/files/model.bin"
    assert whole["part"]["statements"] == {"mass": 2.5}
    assert whole["annotated"]["annotations"] == [{"note": "says why"}]
    assert not {"can", "operate"} & set(whole)
    assert whole["blob"] == {"contentType": "application/octet-stream"}
    blob = client.json(f"{ELEMENTS}/blob/$value?extent=withBlobValue")
    assert blob["value"] == "Ynl0ZXM="
    assert client.ask(f"{ELEMENTS}/can/$value").status_code == 400
    alone = {path: client.json(f"{ELEMENTS}/{path}/$value") for path in whole}
    assert alone == whole
    rows = client.json(f"{ELEMENTS}/$value")["result"]
    assert {key: value for row in rows for key, value in row.items()} == whole


def test_levels_and_metadata(client: Client) -> None:
    """Core tells of one level; metadata has no value, whatever the element."""
    core = client.json(f"/submodels/{SUBMODEL}?level=core")
    outer = next(each for each in core["submodelElements"] if each["idShort"] == "outer")
    assert "value" not in outer
    assert client.json(f"/submodels/{SUBMODEL}/$path?level=core") == [
        path for path in everything() if not re.search(r"[.\[]", path)
    ]
    assert client.json(f"{ELEMENTS}/outer/$path") == [
        "outer", "outer.inner", "outer.inner.deep", "outer.yes",
    ]  # fmt: skip
    assert client.json(f"{ELEMENTS}/outer?level=core")["value"][0].get("value") is None
    for path in set(everything()) - {"can", "operate"}:
        shown = client.json(f"{ELEMENTS}/{path}/$metadata")
        values = {"value", "min", "max", "first", "second", "statements", "annotations", "observed"}
        assert not values & set(shown)
    assert "submodelElements" not in client.json(f"/submodels/{SUBMODEL}/$metadata")
    assert client.ask(f"{ELEMENTS}/operate/$metadata").status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/shells", "/shells/$reference", "/submodels", "/submodels/$metadata", "/submodels/$value",
     "/submodels/$reference", "/submodels/$path", "/concept-descriptions", "/lookup/shells",
     f"/shells/{SHELL}/submodel-refs", ELEMENTS, f"{ELEMENTS}/$path", f"{ELEMENTS}/$reference",
     f"{ELEMENTS}/$metadata", f"{ELEMENTS}/$value", "/packages"],
)  # fmt: skip
@pytest.mark.parametrize("limit", [1, 2])
def test_pages_of_a_list_are_the_list(client: Client, path: str, limit: int) -> None:
    """Pages of any size join to the list, and each but the last is full."""
    whole = client.json(path)["result"]
    pages = list(client.pages(path, limit))
    assert [each for page in pages for each in page] == whole
    assert all(len(page) == limit for page in pages[:-1])
    assert len(whole) > 0


def test_cursors_of_others_are_refused(client: Client) -> None:
    """A cursor of another list, another filter, another server, or a changed one: 400."""
    cursor = client.json("/submodels?limit=1")["paging_metadata"]["cursor"]
    other = Client(app_of(ENVIRONMENT))
    broken = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    assert client.json(f"/submodels?cursor={cursor}")["result"]
    for path in (f"/shells?cursor={cursor}", f"/submodels?idShort=Kinds&cursor={cursor}"):
        assert client.ask(path).status_code == 400
    assert client.ask(f"/submodels?cursor={broken}").status_code == 400
    assert other.ask(f"/submodels?cursor={cursor}").status_code == 400


def test_filters(client: Client) -> None:
    """idShort, semanticId and ids of assets leave only what has them."""
    key = {"type": "GlobalReference", "value": MEANS}
    reference = encoded(json.dumps({"type": "ExternalReference", "keys": [key]}))
    for text in (reference, encoded(MEANS)):
        found = client.json(f"/submodels?semanticId={text}")["result"]
        assert [each["idShort"] for each in found] == ["Kinds"]
    link = encoded(json.dumps({"name": "globalAssetId", "value": TWO.asset}))
    assert client.json(f"/lookup/shells?assetIds={link}")["result"] == [TWO.shell]
    assert [s["id"] for s in client.json(f"/shells?assetIds={link}")["result"]] == [TWO.shell]
    body = [{"name": "globalAssetId", "value": TWO.asset}]
    assert client.ask(SEARCH, "POST", json=body).json()["result"] == [TWO.shell]
    assert client.json("/shells?idShort=nothing")["result"] == []
    assert client.json(f"/lookup/shells/{SHELL}") == [{"name": "globalAssetId", "value": ONE.asset}]
    assert client.ask("/submodels?semanticId=%25").status_code == 400


def test_files(client: Client) -> None:
    """An attachment and a thumbnail are the file's bytes, never shown in a page."""
    answer = client.ask(f"{ELEMENTS}/model/attachment")
    assert answer.content == b"model.bin" * 3
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.ask(f"/shells/{SHELL}/asset-information/thumbnail").content == b"thumb.png" * 3
    bare = f"/shells/{encoded(TWO.shell)}/asset-information/thumbnail"
    for path in (f"{ELEMENTS}/gone/attachment", bare):
        assert client.ask(path).status_code == 404
    assert client.ask(f"{ELEMENTS}/text/attachment").status_code == 400


@pytest.mark.parametrize(
    "accept", ["", "application/xml", "application/asset-administration-shell-package"]
)
def test_a_serialisation_reads_back_as_what_is_served(client: Client, accept: str) -> None:
    """JSON, XML and AASX by the Accept header hold all objects; the package its files."""
    answer = client.ask("/serialization", headers={"Accept": accept or "*/*"})
    found = read(answer.content)
    assert as_tree(found) == TREE
    if "package" in accept:
        assert found.files == {name: ENVIRONMENT.files[name] for name in found.files}
        assert "/files/model.bin" in found.files
    for nothing in ("text/html", "application/json;q=0", "application/xml; q=0.000, text/html"):
        assert client.ask("/serialization", headers={"Accept": nothing}).status_code == 406
    unwanted = {"Accept": "application/json;q=0, application/xml;q=0.1"}
    assert client.ask("/serialization", headers=unwanted).headers["content-type"] == (
        "application/xml"
    )


def test_a_serialisation_by_ids_holds_those(client: Client) -> None:
    """Only the shells and submodels that are named, and concepts that they use."""
    path = f"/serialization?submodelIds={encoded(TWO.submodel('Secret'))}"
    found = client.json(path)
    assert set(found) == {"submodels", "conceptDescriptions"}
    assert {each["id"] for each in found["conceptDescriptions"]} == {
        MEANS, f"{MEANS}/secret", f"{MEANS}/secret/value",
    }  # fmt: skip
    assert set(client.json(f"{path}&includeConceptDescriptions=false")) == {"submodels"}


def test_nothing_is_written(client: Client) -> None:
    """Each method but GET and HEAD is refused with a message, on every route."""
    for path in [*ROUTES, "/serialization", "/packages"]:
        for method in ("PUT", "POST", "PATCH", "DELETE"):
            if (path, method) == (SEARCH, "POST"):
                continue
            answer = client.ask(path, method, json={})
            assert answer.status_code == 405, (method, path)
            assert list(answer.json()) == ["messages"]


def test_every_answer_forbids_pages_and_caches(client: Client) -> None:
    """Results, refusals and files: nothing is guessed, run or kept."""
    for path in ("/shells", "/nothing", f"{ELEMENTS}/model/attachment", "/serialization"):
        headers = client.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "html" not in headers["content-type"]
        assert "sandbox" in headers["content-security-policy"]


PIECES = st.one_of(
    st.sampled_from([
        "shells", "submodels", "submodel-elements", "$value", "$metadata", "$path", "$reference",
        "attachment", "asset-information", "lookup", "packages", "serialization", SHELL, SUBMODEL,
        "concept-descriptions", "outer", "rows[0]", "rows[0].value", "rows[99]", "rows[-1]", "..",
        encoded("x"), "%00", "%ff", "=", "*", "[", "outer..inner", "can", "operate", "event",
    ]),
    st.text(max_size=8),
)  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(["limit", "cursor", "level", "extent", "idShort", "semanticId", "assetIds",
                     "aasIds", "submodelIds", "isCaseOf", "dataSpecificationRef", "aasId",
                     "includeConceptDescriptions"]),
    st.one_of(st.text(max_size=8), st.sampled_from(["core", "0", "1", "-1", "9" * 30, "e30",
                                                    "bnVsbA", "W10", "W1tdXQ", "eyJrZXlzIjpbXX0"])),
    max_size=3,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, max_size=7), query=QUERIES)
def test_no_request_breaks_the_server(pieces: list[str], query: dict[str, str]) -> None:
    """Any path and any query: a result, or messages with a status below 500."""
    client = Client(FUZZED)
    path = "".join(f"/{each}" for each in pieces).encode("utf-8", "replace").decode() or "/"
    try:
        answer = client.ask(path.replace("?", "").replace("#", ""), params=query)
    except (httpx.InvalidURL, UnicodeEncodeError):  # the client itself refuses to send it
        return
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert list(answer.json()) == ["messages"]


FUZZED = app_of(ENVIRONMENT)


@given(parts=st.lists(st.integers(0, 5), max_size=6), limit=st.integers(1, 7))
def test_pages_over_parts(parts: list[int], limit: int) -> None:
    """However things lie in parts, pages join to all of them."""
    from linetwin.shells.serving.paging import Wanted

    pages, cursor, found = Pages(), None, []
    keys = [str(number) for number in range(len(parts))]
    while True:
        page = pages.page(
            Wanted("s", str(limit), cursor), keys,
            lambda key: [(key, n) for n in range(parts[int(key)])], lambda each: each,
        )  # fmt: skip
        found += page["result"]
        cursor = page["paging_metadata"].get("cursor")
        if cursor is None:
            break
        assert len(page["result"]) == limit
    assert found == [(key, n) for key in keys for n in range(parts[int(key)])]


def test_a_limit_out_of_bounds_says_the_bounds() -> None:
    """Who asks for too much learns how much there may be."""
    answer = Client(app_of(all_kinds())).ask("/submodels?limit=99999999999")
    assert answer.status_code == 400
    assert "1 to 2147483648" in answer.json()["messages"][0]["text"]
