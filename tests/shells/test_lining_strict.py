"""What is absent, or contradicts itself, in the shells of a line is named; nothing goes unsaid."""

from __future__ import annotations

import json
import os
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from basyx.aas import model
from basyx.aas.util.traversal import walk_submodel
from validators import complaints_of_aas_core, complaints_of_engines

from linetwin.errors import ScenarioError
from linetwin.scenario import forms, load
from linetwin.scenario.loading import find_scenario
from linetwin.shells.building import (
    EVIDENCE,
    SOURCE,
    collection,
    evidence_of,
    meaning_of,
    prop,
    semantic,
    to_submodel,
)
from linetwin.shells.describing import Wanted, describe
from linetwin.shells.describing.nameplates import technical_data
from linetwin.shells.environment import Supplement
from linetwin.shells.lining import line_document
from linetwin.shells.lining.elements import children
from linetwin.shells.naming import Named
from linetwin.shells.reading import read
from linetwin.shells.terms import meaning
from linetwin.shells.writing import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from linetwin.shells.environment import Environment

STRUCTURE = "HierarchicalStructures"


@pytest.fixture
def shells() -> Environment:
    """The shells of `baseline`, without its models."""
    return describe(load("baseline"), Wanted(with_ports=False, with_files=False))


def data_of(shells: Environment, path: str) -> model.Submodel:
    """Return the TechnicalData of a machine."""
    ending = f"/{path}/submodels/TechnicalData"
    return next(each for each in shells.submodels() if each.id.endswith(ending))


def find(submodel: model.Submodel, short: str) -> model.SubmodelElement:
    """Return the first element of a name."""
    return next(each for each in walk_submodel(submodel) if each.id_short == short)


def drop(submodel: model.Submodel, short: str) -> None:
    """Take the first element of a name out of what holds it."""
    found = find(submodel, short)
    assert isinstance(found.parent, model.SubmodelElementCollection)
    found.parent.value.remove(found)


def test_what_is_absent_or_contradicts_itself_is_named_by_its_way(shells: Environment) -> None:
    """No default steps in: not for a section, a value, a model, nor for another meaning."""
    drop(data_of(shells, "cathode.coater"), "failures")
    drop(data_of(shells, "anode.mixer"), "Processes")
    find(data_of(shells, "anode.coater"), "Parameters").semantic_id = semantic(meaning("crews"))
    find(data_of(shells, "cathode.mixer"), "kind").id_short = "sort"
    other = data_of(shells, "anode.calender")
    gone = next(iter(children(find(other, "Parameters")))).id_short
    drop(other, str(gone))
    calender = data_of(shells, "cathode.calender")
    first, second, third, last = children(find(calender, "Parameters"))[:4]
    name = str(last.id_short).rpartition("__")[2]
    last.id_short = "cathode__calender__renamed"
    first.semantic_id = semantic(meaning("web_speed"))
    second.id_short = str(second.id_short).replace("cathode__", "anode__")
    third.get_qualifier_by_type(EVIDENCE).value = "Z"
    with pytest.raises(ScenarioError) as caught:
        line_document(shells)
    said = str(caught.value)
    for place, message in {
        "cathode__coater/TechnicalData/failures": "is absent",
        "anode__mixer/TechnicalData/Processes": "is absent",
        "anode__coater/TechnicalData/Parameters": meaning("crews"),
        f"anode__calender/TechnicalData/Parameters/{gone}": "is absent",
        "cathode__mixer/TechnicalData/Configuration/kind": "is absent",
        f"cathode__calender/TechnicalData/Parameters/{first.id_short}": "which is 'web_speed'",
        f"cathode__calender/TechnicalData/Parameters/{second.id_short}": "is no value of",
        f"cathode__calender/TechnicalData/Parameters/{third.id_short}": "evidence 'Z'",
        "cathode__calender/TechnicalData/Parameters/cathode__calender__renamed": f"in __{name}",
    }.items():
        assert sum(place in line for line in said.splitlines()) == 1, place  # told once
        assert any(place in line and message in line for line in said.splitlines()), place


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("cathode.calender", "breakdown"),
        ("cathode.coater", "cathode__coater__machine__off_power"),
    ],
)
def test_what_a_line_may_be_without_is_missed_all_the_same(
    shells: Environment, path: str, short: str
) -> None:
    """A cause of failure, or a parameter of a model, that somebody took out of the file."""
    drop(data_of(shells, path), short)
    with pytest.raises(ScenarioError, match=rf"/{short}: was taken out .*Contains"):
        line_document(shells)


def test_what_has_no_value_takes_no_default(shells: Environment) -> None:
    """It is named by its way; a text that may not be empty as well."""
    empty = {"title": "", "room": None, "calendar": "", "crew": None, "machines": None}
    for short, value in (empty | dict.fromkeys(("model", "isolate", "fidelity"))).items():
        found = find(data_of(shells, "cathode.coater"), short)
        assert isinstance(found, model.Property)
        found.value = value
    with pytest.raises(ScenarioError) as caught:
        line_document(shells)
    said = str(caught.value)
    for short, value in empty.items():
        message = "has no value" if value is None else "is empty"
        assert f"cathode__coater/TechnicalData/Configuration/{short}: {message}" in said
    for short in ("model", "isolate", "fidelity"):
        assert f"Processes/coating/{short}: has no value" in said


def test_what_the_schema_refuses_is_named_by_station_and_key(
    shells: Environment, tmp_path: Path
) -> None:
    """Shells have no lines by which it could be found."""
    found = find(data_of(shells, "cathode.coater"), "machines")
    assert isinstance(found, model.Property)
    found.value = 1_000_000_000
    write(shells, tmp_path / "line.json")
    text = find_scenario("baseline").read_text("utf-8")
    (tmp_path / "order.yaml").write_text(
        "\n".join(
            "line: line.json" if each.startswith("line:") else each
            for each in text.splitlines()
            if not each.startswith(("recipe:", "prices:"))
        ),
        "utf-8",
    )
    with pytest.raises(ScenarioError, match=r"stations\.cathode\.coater\.machines: 1000000000"):
        load(tmp_path / "order.yaml")


def test_a_node_that_was_taken_out_is_missed(shells: Environment) -> None:
    """And its machine with it; what is added is read as any other, and is no problem."""
    structure = next(each for each in shells.submodels() if each.id_short == STRUCTURE)
    entry = next(iter(structure.submodel_element))
    assert isinstance(entry, model.Entity)
    assert line_document(shells).line["stations"]["cell.binning"]
    gone = ("cell__binning", "HasPart_cell__binning")
    for node in [each for each in entry.statement if each.id_short in gone]:
        entry.statement.remove(node)
    with pytest.raises(ScenarioError, match="EntryNode/cell__binning: was taken out"):
        line_document(shells)


def test_the_data_sheet_of_another_maker_is_noted_and_a_second_of_ours_refused(
    shells: Environment,
) -> None:
    """The TechnicalData with linetwin's sections counts, whichever comes first."""
    named = Named("urn:aaa:sheet", "urn:aaa")
    weight = collection("Dimensions", "urn:aaa:dimensions", [prop("Weight", 900.0, "urn:aaa:w")])
    sheet = technical_data(named, "coater", [weight])
    shells.objects.add(sheet)
    coater = next(each for each in shells.shells() if each.id_short == "cathode__coater")
    before = line_document(shells).line
    coater.submodel.add(to_submodel(sheet.id))
    found = line_document(shells)
    assert found.line == before
    assert any("urn:aaa:sheet" in note and "is not read" in note for note in found.notes)
    own = find(data_of(shells, "cathode.coater"), "Configuration")
    assert meaning_of(own) == meaning("configuration")
    weight.id_short, weight.semantic_id = "Configuration", own.semantic_id
    with pytest.raises(
        ScenarioError, match=r"several TechnicalData: .*cathode\.coater.* and urn:aaa"
    ):
        line_document(shells)


def test_file_names_of_any_letters_travel_by_percent_codes(
    shells: Environment, tmp_path: Path
) -> None:
    """Blanks and umlauts are coded in part names, relationships and elements, and come back."""
    name = "/files/models/Trockner für 50 % Luft.fmu"
    data = next(each for each in shells.submodels() if each.id_short == "SimulationModels")
    digital = next(each for each in walk_submodel(data) if isinstance(each, model.File))
    digital.value = name
    shells.files[name] = Supplement(name, b"PK", "application/zip")
    write(shells, tmp_path / "one.aasx")
    with zipfile.ZipFile(tmp_path / "one.aasx") as archive:
        coded = "files/models/Trockner%20f%C3%BCr%2050%20%25%20Luft.fmu"
        assert coded in archive.namelist()
        assert f"/{coded}".encode() in archive.read("aasx/data.json")
    found = read(tmp_path / "one.aasx")
    assert (found.files, found.notes) == (shells.files, [])
    again = next(each for each in found.submodels() if each.id == data.id)
    assert name in [each.value for each in walk_submodel(again) if isinstance(each, model.File)]
    assert complaints_of_aas_core(shells, "3.0") == []
    assert complaints_of_aas_core(shells, "3.1") == []
    assert complaints_of_engines(tmp_path / "one.aasx") == []


def test_each_node_is_told_to_be_a_part_of_the_one_above(shells: Environment) -> None:
    """The template wants a relation HasPart beside each node, from the node above to it."""
    tree = next(each for each in shells.submodels() if each.id_short == "HierarchicalStructures")
    entry = tree.get_referable("EntryNode")
    nodes = [each for each in entry.statement if isinstance(each, model.Entity)]
    relations = [each for each in entry.statement if isinstance(each, model.RelationshipElement)]
    assert len(nodes) > 20
    resolved = [
        (each.first.resolve(shells.objects), each.second.resolve(shells.objects))
        for each in relations
    ]
    assert resolved == [(entry, node) for node in nodes]


def test_who_set_a_value_is_told_with_file_and_line_and_no_folder(tmp_path: Path) -> None:
    """A value without a source of its own keeps its place, but no path of the user's machine."""
    folder = find_scenario("baseline").parent
    (tmp_path / "of_mine").mkdir()
    line = (folder / "lines" / "pilot.yaml").read_text("utf-8")
    (tmp_path / "of_mine" / "hand.yaml").write_text(line, "utf-8")
    order = (folder / "baseline.yaml").read_text("utf-8")
    order = order.replace("lines/pilot.yaml", "of_mine/hand.yaml")
    for part in ("recipes/", "prices/"):
        order = order.replace(f" {part}", f" {folder}/{part}")
    (tmp_path / "order.yaml").write_text(order, "utf-8")
    changed = load(tmp_path / "order.yaml", ["cathode.coater.pot_life=7 h"])
    found = describe(changed, Wanted(with_ports=False, with_files=False))
    said = evidence_of(find(data_of(found, "cathode.coater"), "cathode__coater__pot_life"))
    assert said is not None
    assert said.source == "set by the user in --set"
    sources = {
        str(each.value)
        for submodel in found.submodels()
        for element in walk_submodel(submodel)
        for each in element.qualifier
        if each.type == SOURCE and str(each.value).startswith("set by the user")
    } - {said.source}
    assert sources
    assert all(re.fullmatch(r"set by the user in hand\.yaml:\d+", each) for each in sources)


@pytest.mark.parametrize(
    ("kind", "values"), [("Unit", ("kg/m2", "mg/cm2")), ("Evidence", ("V", "A"))]
)
def test_qualifiers_that_contradict_each_other_are_refused_by_name(
    shells: Environment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    values: tuple[str, str],
) -> None:
    """None of two is taken."""
    write(shells, tmp_path / "line.json")
    tree = json.loads((tmp_path / "line.json").read_text("utf-8"))
    named = [
        element
        for submodel in tree["submodels"]
        if submodel["idShort"] == "ProcessParameters"
        for element in objects_within(submodel)
        if element.get("idShort") == "cathode__coater__loading_target"
    ]
    rest = [each for each in named[0]["qualifiers"] if each["type"] != kind]
    both = [{"type": kind, "valueType": "xs:string", "value": value} for value in values]
    named[0]["qualifiers"] = [*rest, *both]
    (tmp_path / "line.json").write_text(json.dumps(tree), "utf-8")
    found = read(tmp_path / "line.json")
    assert any(f"contradict each other: {kind}" in note for note in found.notes)
    order = (find_scenario("baseline").read_text("utf-8")).splitlines()
    order = [f"{key}: line.json" if (key := each.partition(":")[0]) in {"line", "recipe"} else each
             for each in order]  # fmt: skip
    (tmp_path / "order.yaml").write_text("\n".join(order), "utf-8")
    monkeypatch.setattr(forms, "_TELL", [lambda _: None])
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "order.yaml")
    assert "loading_target" in str(caught.value)
    assert " or ".join(values) in str(caught.value)


def objects_within(tree: object) -> Iterator[dict[str, Any]]:
    """Yield all objects of a JSON tree."""
    if isinstance(tree, dict):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from objects_within(each)


def test_a_folder_and_a_pipe_are_refused_for_what_they_are(tmp_path: Path) -> None:
    """Nobody waits for a pipe, and no folder is called absent."""
    os.mkfifo(tmp_path / "pipe.json")
    for name, message in (("pipe.json", "no regular file"), ("", "is a folder"), ("x", "no such")):
        with pytest.raises(ScenarioError, match=message):
            read(tmp_path / name)
