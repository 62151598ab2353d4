"""The checkers of shells can fail: each published template damaged on purpose is told so."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import hostile
import pytest
from cardinality import TEMPLATES, faults, templates
from validators import complaints_about, complaints_of_aas_core, complaints_of_engines

from linetwin.shells.reading import read
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from basyx.aas import model

_FILES = sorted(TEMPLATES.glob("*.json"))
_OF_EACH = 3
"""Elements of a template that are damaged: enough to meet each depth and class."""
_OWN_FAULTS = {
    # A recursion that the template breaks off, where it still asks for what it recurs to.
    "02017": 4,
    # The template shows both of which one is to be there, in two places.
    "02035-6": 2,
}

pytestmark = pytest.mark.skipif(not _FILES, reason="the shared folder with templates is absent")


def _number(file: Path) -> str:
    return file.stem.split("_")[0]


def _tree(number: str) -> dict[str, Any]:
    (file,) = (each for each in _FILES if _number(each) == number)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _submodel(tree: dict[str, Any]) -> model.Submodel:
    (found,) = read(json.dumps({"submodels": tree["submodels"]}).encode()).submodels()
    return found


def _lists(node: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield each list of elements below one that is no SubmodelElementList."""
    for key in ("submodelElements", "value", "statements"):
        items = node.get(key)
        if isinstance(items, list) and items and "modelType" in items[0]:
            if node["modelType"] != "SubmodelElementList":
                yield items
            for item in items:
                yield from _lists(item)


def _told(element: dict[str, Any]) -> str:
    """Return an element's cardinality as the file writes it: an oracle beside the checker's."""
    kinds = ("SMT/Cardinality", "Cardinality", "Multiplicity")
    found = (each["value"] for each in element.get("qualifiers", []) if each["type"] in kinds)
    return str(next(found, "")).lower()


def _damaged(
    number: str, wanted: Callable[[dict[str, Any]], bool], change: Callable[[list[Any], int], None]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the faults of a template of which one element that is `wanted` was changed."""
    tree = _tree(number)
    spots = [
        (n, index)
        for n, items in enumerate(_lists(tree["submodels"][0]))
        for index, item in enumerate(items)
        if wanted(item)
    ]
    step = max(1, len(spots) // _OF_EACH)
    for n, index in spots[::step][:_OF_EACH]:
        changed = copy.deepcopy(tree)
        items = list(_lists(changed["submodels"][0]))[n]
        name = str(items[index].get("idShort"))
        change(items, index)
        yield name, faults(_submodel(changed), number)


@pytest.mark.parametrize("file", _FILES, ids=_number)
def test_a_template_is_what_it_asks_for(file: Path) -> None:
    """A published template has no fault beside itself, but for the ones that it really has."""
    number = _number(file)
    assert len(faults(templates()[number], number)) == _OWN_FAULTS.get(number, 0)


_SMALL = [_number(file) for file in _FILES if _number(file) != "02017"]
"""The interface description has 895 elements of the same kinds as others: too slow for each."""


@pytest.mark.parametrize("number", _SMALL)
def test_what_is_mandatory_is_missed(number: str) -> None:
    """Each of several mandatory elements, taken away, is named."""
    for name, found in _damaged(
        number, lambda item: _told(item) in {"one", "onetomany"}, lambda items, n: items.pop(n)
    ):
        assert any(f"{name} is missing" in fault for fault in found), name


@pytest.mark.parametrize("number", _SMALL)
def test_what_may_stand_once_does_not_stand_twice(number: str) -> None:
    """Each of several single elements, doubled, is named."""
    for name, found in _damaged(
        number,
        lambda item: _told(item) in {"one", "zerotoone"},
        lambda items, n: items.append({**items[n], "idShort": "Other"}),
    ):
        assert any("stands there 2 times" in fault and name in fault for fault in found), name


def _other_type(items: list[Any], index: int) -> None:
    items[index]["valueType"] = "xs:gYear"
    items[index].pop("value", None)


def _other_class(items: list[Any], index: int) -> None:
    kept = {key: items[index][key] for key in ("idShort", "semanticId")}
    items[index] = {**kept, "modelType": "Capability"}


def _other_meaning(items: list[Any], index: int) -> None:
    items[index]["semanticId"] = {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": "urn:other"}],
    }


def _is_bound(item: dict[str, Any]) -> bool:
    """Return whether an element is a property that no template leaves open."""
    meaning = item.get("semanticId", {}).get("keys", [{"value": "Arbitrary"}])[-1]["value"]
    return item["modelType"] == "Property" and "Arbitrary" not in meaning and _told(item) != ""


@pytest.mark.parametrize("number", ["02003", "02006", "02008", "02031-2", "02048", "02066"])
def test_other_types_classes_and_meanings_are_told(number: str) -> None:
    """A property of another value type, of another class or of another meaning is a fault."""
    for change, words in (
        (_other_type, "has gYear, the template"),
        (_other_class, "is a Capability, the template has a "),
        (_other_meaning, "the template's idShort and another semanticId"),
    ):
        for name, found in _damaged(number, _is_bound, change):
            assert any(words in fault for fault in found), (name, found)


def test_arbitrary_elements_are_of_the_classes_shown() -> None:
    """TechnicalData leaves its sections open to properties and collections, not to entities."""
    tree = _tree("02003")
    area = tree["submodels"][0]["submodelElements"][2]["value"][0]["value"]
    own = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:a"}]}
    area[:] = [{**hostile.number("1"), "semanticId": own}]
    assert faults(_submodel(tree)) == []
    area.append({"modelType": "Entity", "idShort": "E", "entityType": "CoManagedEntity"})
    (fault,) = faults(_submodel(tree))
    assert "is a Entity, arbitrary are" in fault


def test_either_or_asks_for_one_of_a_group() -> None:
    """Of a component's name and id one is to be there: both or none are faults."""
    for kept, count in ((2, 1), (1, 0), (0, 1)):
        tree = _tree("02035-6")
        for items in _lists(tree["submodels"][0]):
            if any(item["idShort"] == "ComponentId" for item in items):
                others = [item for item in items if not item["idShort"].startswith("Component")]
                both = [item for item in items if item["idShort"].startswith("Component")]
                items[:] = others + both[:kept]
        found = faults(_submodel(tree), "02035-6")
        assert len([fault for fault in found if "one is to be there" in fault]) == 2 * count


def test_an_id_short_that_a_template_forbids_is_told() -> None:
    """TimeSeries allows `Time` and `Time01` for the time of a record, nothing else."""
    for name, count in (("Time", 0), ("Time01", 0), ("Clock", 2)):
        text = json.dumps(_tree("02008")).replace('"idShort": "Time"', f'"idShort": "{name}"')
        found = faults(_submodel(json.loads(text)))
        assert len([fault for fault in found if "idShort is to match" in fault]) == count


def test_a_submodel_without_template_is_no_pass() -> None:
    """A semanticId that no template has is an error of the test that asks, not silence."""
    (own,) = read(hostile.environment(hostile.submodel([hostile.number("1")]))).submodels()
    with pytest.raises(LookupError):
        faults(own)


def test_validators_pass_what_is_sound_and_fail_what_is_not(tmp_path: Path) -> None:
    """aas-core of both metamodels, aas-test-engines: silent on a sound file, not on a bad one."""
    sound = read(hostile.environment(hostile.submodel([hostile.number("1.5")], idShort="Data")))
    bad = {"submodels": [hostile.submodel([{**hostile.number("a"), "idShort": "1-"}])]}
    for ending in ("aasx", "json"):
        file = tmp_path / f"sound.{ending}"
        write(sound, file)
        assert complaints_of_engines(file) == []
    for generation in ("3.0", "3.1"):
        assert complaints_of_aas_core(sound, generation) == []
        assert complaints_about(bad, generation)
        assert complaints_about({"submodels": 5}, generation)
    (tmp_path / "bad.json").write_text(json.dumps(bad), encoding="utf-8")
    assert complaints_of_engines(tmp_path / "bad.json")
