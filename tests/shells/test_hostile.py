"""Files made to harm: each refused by name, within bounds of memory and time (docs/shells.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import hostile
import pytest

from linetwin.errors import ScenarioError
from linetwin.shells.reading import Limits, read
from linetwin.shells.reading.walking import elements
from linetwin.shells.writing import document, xml_document

_MEGABYTES = 100.0
_SECONDS = 10.0


@pytest.fixture(scope="module")
def costs() -> dict[str, tuple[float, float, str, str]]:
    """What reading each file costs, measured in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("memory is measured by /proc of Linux")
    done = subprocess.run(
        [sys.executable, str(Path(hostile.__file__))], capture_output=True, text=True, check=True
    )
    return {name: tuple(rest) for name, *rest in json.loads(done.stdout)}


def test_hostile_files_are_refused_by_name(costs: dict[str, tuple[float, float, str, str]]) -> None:
    """Every archive and document ends in an error with exit code 2, none in an empty store."""
    read_all_the_same = {name for name, _, _ in hostile.odd_values()}
    refused = costs.keys() - read_all_the_same
    assert len(refused) > 40
    assert {costs[name][2] for name in refused} == {ScenarioError.__name__}


def test_odd_values_are_left_out_with_a_word(
    costs: dict[str, tuple[float, float, str, str]],
) -> None:
    """A number that no type can hold, and a text no shell may have, is named, never rounded."""
    for name, _, note in hostile.odd_values():
        assert costs[name][2] == "", name
        assert note in costs[name][3], name
        assert "(Speed)/value" in costs[name][3], name


def test_hostile_files_cost_little(costs: dict[str, tuple[float, float, str, str]]) -> None:
    """None takes more memory or time than docs/shells.md says."""
    for name, (seconds, megabytes, _, _) in costs.items():
        assert megabytes < _MEGABYTES, name
        assert seconds < _SECONDS, name


def test_a_broken_part_among_good_ones_is_named() -> None:
    """The other documents of a package are read; the broken one and a missing file are noted."""
    parts = hostile.parts()
    parts["aasx/_rels/aasx-origin.rels"] = hostile.links(
        ("aas-spec", "/aasx/data.json"), ("aas-spec", "/aasx/bad.xml")
    )
    parts["aasx/bad.xml"] = "<environment"
    parts["aasx/_rels/data.json.rels"] = hostile.links(("aas-suppl", "/aasx/plan.pdf"))
    environment = read(hostile.package(parts))
    assert [item.id for item in environment.objects] == ["urn:x:1"]
    notes = "\n".join(environment.notes)
    assert "/aasx/bad.xml: the part was left out: is no well-formed XML" in notes
    assert "/aasx/plan.pdf: a relationship names a part that is not there" in notes


def test_old_relationships_are_read_with_a_note() -> None:
    """Many packages in the wild say `www.admin-shell.io`; basyx finds no origin's parts then."""
    parts = {
        name: data.replace("//admin-shell.io", "//www.admin-shell.io")
        if isinstance(data, str)
        else data
        for name, data in hostile.parts().items()
    }
    environment = read(hostile.package(parts))
    assert len(environment.objects) == 1
    assert any("old form" in note for note in environment.notes)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "{{7*7}}", "'; DROP TABLE x;--"])
def test_a_script_stays_text(text: str) -> None:
    """What looks like a program is a value like another, in JSON and escaped in XML."""
    environment = read(hostile.environment(hostile.submodel([hostile.number(text, "xs:string")])))
    assert json.loads(document(environment))["submodels"][0]["submodelElements"][0]["value"] == text
    assert b"<script>" not in xml_document(environment)


def test_notes_show_no_controls_and_are_few() -> None:
    """A text that would steer a terminal is shown without controls; notes of a kind are counted."""
    bad = [{"modelType": "\x1b[2J" + "x" * 1000}] * 500
    environment = read(hostile.environment(hostile.submodel([hostile.number("1"), *bad])))
    assert len(environment.notes) < 30
    assert any("and 480 more" in note for note in environment.notes)
    assert all(note.isprintable() and len(note) < 300 for note in environment.notes)


def test_objects_that_basyx_refuses_are_tried_again_so_often_only() -> None:
    """Beyond the bound such an element is left out whole, still with a note."""
    long = [{"language": "en", "text": "x" * 3000}]
    bad = [hostile.number("1", name=name) | {"displayName": long} for name in "ABC"]
    environment = read(hostile.environment(hostile.submodel(bad)), Limits(repairs=2))
    assert [element.id_short for _, element in elements(next(environment.submodels()))] == [
        "A",
        "B",
    ]
    assert any("(C): was left out" in note for note in environment.notes)
    assert environment.notes[-1] == "1 of 4 elements were left out"


def test_limits_can_be_set() -> None:
    """A caller may ask for less, and hears which bound was met."""
    data = hostile.environment(hostile.submodel([hostile.number("1")]))
    for limits, words in (
        (Limits(file_bytes=10), "at most 10 bytes"),
        (Limits(elements=1), "at most 1 are read"),
        (Limits(depth=3), "more than 3 deep"),
        (Limits(number_digits=0), "allowed are 0"),
    ):
        try:
            said = "\n".join(read(data, limits).notes)
        except ScenarioError as error:
            said = str(error)
        assert words in said
