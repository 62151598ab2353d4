from __future__ import annotations

import json
from typing import TYPE_CHECKING

import hostile
import pytest

from linetwin.cli import aas_check
from linetwin.errors import ScenarioError
from linetwin.shells.checking import check
from linetwin.shells.environment import Environment
from linetwin.shells.reading import read
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from pathlib import Path


def _means(iri: str, kind: str = "ExternalReference", key: str = "GlobalReference") -> object:
    return {"type": kind, "keys": [{"type": key, "value": iri}]}


def _file() -> dict[str, object]:
    """Return a file of which every finding is known."""
    own = {"modelType": "ConceptDescription", "id": "urn:own"}
    number = hostile.number
    elements = [
        number("1", name="A") | {"semanticId": _means("urn:own")},
        number("2", name="B") | {"semanticId": _means("urn:nobody")},
        number("3", name="C") | {"semanticId": _means("0173-1#02-AAO677#003")},
        number("4", name="D") | {"semanticId": _means(meaning("line"))},
        number("5", name="E"),
        {
            "modelType": "SubmodelElementList",
            "idShort": "L",
            "typeValueListElement": "Capability",
            "semanticIdListElement": _means("urn:own"),
            "value": [{"modelType": "Capability"}],
        },
        {"modelType": "File", "idShort": "F", "contentType": "a/b", "value": "/aasx/no.fmu"},
        {"modelType": "File", "idShort": "G", "contentType": "a/b", "value": "https://x.example/"},
        {
            "modelType": "RelationshipElement",
            "idShort": "R",
            "first": {
                "type": "ModelReference",
                "keys": [
                    {"type": "Submodel", "value": "urn:x:1"},
                    {"type": "SubmodelElementList", "value": "L"},
                    {"type": "Capability", "value": "0"},
                ],
            },
            "second": {
                "type": "ModelReference",
                "keys": [
                    {"type": "Submodel", "value": "urn:x:1"},
                    {"type": "SubmodelElementList", "value": "L"},
                    {"type": "Capability", "value": "1"},
                ],
            },
        },
    ]
    shell = {
        "modelType": "AssetAdministrationShell",
        "idShort": "Shell",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:asset"},
        "submodels": [_means("urn:gone", "ModelReference", "Submodel")],
    }
    return {
        "assetAdministrationShells": [shell | {"id": "urn:s1"}, shell | {"id": "urn:s2"}],
        "submodels": [hostile.submodel(elements, idShort="Data", semanticId=_means("urn:own"))],
        "conceptDescriptions": [own, own],
    }


def test_findings_are_those_that_are_in_the_file() -> None:
    """Each kind of fault is found at its place, and nothing else."""
    found = check(read(json.dumps(_file()).encode()))
    (data,) = found.submodels
    assert (data.elements, data.marked) == (11, 6)
    assert data.unmarked == ("Data/E", "Data/L", "Data/F", "Data/G", "Data/R")
    assert {each.iri: (each.uses, each.explained) for each in found.terms} == {
        "urn:own": (3, "file"),
        "urn:nobody": (1, ""),
        "0173-1#02-AAO677#003": (1, "dictionary"),
        meaning("line"): (1, "linetwin"),
    }
    assert [each.iri for each in found.unexplained] == ["urn:nobody"]
    assert found.twice == ("urn:asset",)
    assert found.dangling == (
        "Shell: submodels: urn:gone",
        "Shell: submodels: urn:gone",
        "Data/R: second: urn:x:1 / L / 1",
    )
    assert found.absent == ("Data/F: /aasx/no.fmu",)
    assert any("an id stands twice" in note for note in found.notes)


def test_an_empty_environment_has_nothing_to_say() -> None:
    """No submodel is no fault here; reading a file without one is."""
    assert check(Environment()).elements == 0


def test_the_command_prints_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """People get lists, programs get JSON; only a file that cannot be read is an error."""
    file = tmp_path / "line.json"
    file.write_text(json.dumps(_file()), encoding="utf-8")
    aas_check.check(file, json=False)
    printed = capsys.readouterr().out
    for words in ("6 of 11 elements", "urn:nobody (1 times, Data/B)", "/aasx/no.fmu", "urn:gone"):
        assert words in printed
    aas_check.check(file, json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["terms_mapped_to_nothing"] == ["urn:nobody"]
    assert told["submodels"][0]["with_semantic_id"] == told["with_semantic_id"] == 6
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"line\.json: is no JSON") as caught:
        aas_check.check(file, json=False)
    assert caught.value.exit_code == 2
