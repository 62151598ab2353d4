"""Readers on damaged files: no crash, no hang, no empty result without a word (docs/shells.md)."""

from __future__ import annotations

import copy
import functools
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import hostile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.shells.environment import Environment, Supplement
from linetwin.shells.reading import read
from linetwin.shells.reading.walking import elements
from linetwin.shells.writing import as_tree, document, package, xml_document

_SECONDS = 5.0
_QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
_LONG = settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
_TEMPLATES = Path(__file__).parents[3] / "shared" / "aas_templates"


@functools.cache
def _held() -> int:
    return sum(1 + sum(1 for _ in elements(item)) for item in _sound().objects)


@functools.cache
def _sound() -> Environment:
    """Return an environment with every class of element, and one published template."""
    kinds: list[dict[str, Any]] = [
        hostile.number("1.5"),
        {"modelType": "Range", "idShort": "R", "valueType": "xs:int", "min": "1", "max": "2"},
        {"modelType": "MultiLanguageProperty", "idShort": "M",
         "value": [{"language": "en", "text": "a"}, {"language": "de", "text": "b"}]},
        {"modelType": "File", "idShort": "F", "contentType": "a/b", "value": "/aasx/f.fmu"},
        {"modelType": "Blob", "idShort": "B", "contentType": "a/b", "value": "AAAA"},
        {"modelType": "Entity", "idShort": "E", "entityType": "CoManagedEntity",
         "statements": [hostile.number("2")]},
        {"modelType": "Operation", "idShort": "O",
         "inputVariables": [{"value": hostile.number("3")}]},
        {"modelType": "SubmodelElementList", "idShort": "L", "typeValueListElement": "Capability",
         "value": [{"modelType": "Capability"}] * 2},
        {"modelType": "SubmodelElementCollection", "idShort": "C", "value": [hostile.number("4")]},
        {"modelType": "BasicEventElement", "idShort": "V", "direction": "input", "state": "on",
         "observed": {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:x:1"}]},
         "minInterval": "PT1S", "lastUpdate": "2026-01-01T00:00:00Z"},
        {"modelType": "AnnotatedRelationshipElement", "idShort": "A",
         "annotations": [hostile.number("5")]},
    ]  # fmt: skip
    found = read(hostile.environment(hostile.submodel(kinds)))
    assert found.notes == []
    for file in sorted(_TEMPLATES.glob("02011*.json")):
        for item in read(file).objects:
            found.objects.add(item)
    found.files["/aasx/f.fmu"] = Supplement("/aasx/f.fmu", b"PK\x03\x04" + bytes(50), "a/b")
    return found


def _check(data: bytes, most: int | None = None) -> None:
    """Read a damaged file: a named error, or objects that can be written again, soon.

    `most`: what the sound file holds; fewer objects come with a note.
    """
    start = time.process_time()
    environment: Environment | None
    try:
        environment = read(data)
    except ScenarioError as error:
        said = str(error)
        environment = None
    else:
        said = "\n".join(environment.notes)
    assert time.process_time() - start < _SECONDS
    if environment is None:
        assert said.strip()
        return
    held = sum(1 + sum(1 for _ in elements(item)) for item in environment.objects)
    assert held > 0
    if most is not None and held < most:
        assert said
    again = read(document(environment))
    assert as_tree(again) == as_tree(environment)


def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Change, cut, double or insert a few bytes."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(changed)))
        length = draw(st.integers(0, 40))
        new = draw(st.binary(max_size=8) | st.just(bytes(changed[at : at + length])))
        changed[at : at + draw(st.sampled_from([0, len(new), length]))] = new
    return bytes(changed)


@st.composite
def _bytes_of_documents(draw: st.DrawFn) -> bytes:
    sound = draw(st.sampled_from([document, xml_document]))(_sound())
    return _damaged(draw, sound)


@st.composite
def _archives(draw: st.DrawFn) -> bytes:
    return _damaged(draw, package(_sound()))


@st.composite
def _parts(draw: st.DrawFn) -> bytes:
    """Draw a package of which one part is damaged, renamed, doubled or gone."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package(_sound()))) as sound,
        zipfile.ZipFile(buffer, "w") as made,
    ):
        chosen = draw(st.sampled_from(sound.namelist()))
        for name in sound.namelist():
            data = sound.read(name)
            if name != chosen:
                made.writestr(name, data)
                continue
            what = draw(st.sampled_from(["damage", "rename", "double", "drop"]))
            if what == "damage":
                made.writestr(name, _damaged(draw, data))
            elif what != "drop":
                other = name.upper() if what == "double" else draw(st.text(min_size=1, max_size=9))
                made.writestr(name if what == "double" else other, data)
                if what == "double":
                    made.writestr(other, data)
    return buffer.getvalue()


_VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["Property", "xs:int", "xs:date", "1", "ModelReference", "Submodel", " a "])
    | st.just([])
    | st.just({})
    | st.just([{}])
    | st.just({"modelType": "Property"})
).map(copy.deepcopy)


@st.composite
def _trees(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the tree of a sound file with a few values changed, keys renamed, members doubled."""
    tree: dict[str, Any] = json.loads(document(_sound()))
    for _ in range(draw(st.integers(1, 6))):
        node: Any = tree
        for _ in range(draw(st.integers(1, 12))):
            inner = list(node.values()) if isinstance(node, dict) else list(node)
            inner = [each for each in inner if isinstance(each, (dict, list)) and each]
            if not inner:
                break
            node = draw(st.sampled_from(inner))
        if isinstance(node, list):
            at = draw(st.integers(0, len(node) - 1))
            node[at : at + draw(st.integers(0, 1))] = [
                draw(_VALUES | st.just(copy.deepcopy(node[at])))
            ]
        else:
            key = draw(st.sampled_from(sorted(node)))
            value = node.pop(key) if draw(st.booleans()) else draw(_VALUES)
            node[draw(st.just(key) | st.sampled_from(["value", "idShort", "keys", "x"]))] = value
    return tree


@_QUICK
@given(_bytes_of_documents())
def test_damaged_documents(data: bytes) -> None:
    """JSON and XML with a few bytes changed end in a named error or in objects."""
    _check(data)


@_QUICK
@given(_archives())
def test_damaged_archives(data: bytes) -> None:
    """A package with a few bytes changed loses nothing without a note."""
    _check(data, _held())


@_QUICK
@given(_parts())
def test_damaged_parts(data: bytes) -> None:
    """A package of which one part is damaged, renamed, doubled or gone is told or refused."""
    _check(data)


@_QUICK
@given(_trees())
def test_damaged_trees(tree: dict[str, Any]) -> None:
    """Well-formed JSON of wrong content ends in a named error or in objects and notes."""
    _check(json.dumps(tree).encode())


@pytest.mark.slow
@_LONG
@given(_bytes_of_documents(), _archives(), _parts(), _trees())
def test_damaged_files_for_long(
    damaged: bytes, archive: bytes, part: bytes, tree: dict[str, Any]
) -> None:
    """1,500 of each kind: minutes."""
    for data in (damaged, archive, part):
        _check(data)
    _check(json.dumps(tree).encode())
