"""Packages that are damaged, hostile, or say what does not fit: told by file, element, allowed."""

from __future__ import annotations

import copy
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from ssp_packages import connection, connectors, mapping, pack, parameter_set, real, structure

from linetwin.cosim.folders import process_folder
from linetwin.cosim.ssp import archive, findings, open_ssp
from linetwin.cosim.ssp.archive import entry_of
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from pathlib import Path

LEFT = (
    '<ssd:Component name="left" source="resources/mass.fmu">'
    + connectors("input neighbour", "output position")
    + "</ssd:Component>"
)


def inside(*parts: str, around: str = "") -> str:
    """Return an .ssd with the component `left`, and what comes after its elements."""
    return structure(around + f"<ssd:Elements>{LEFT}</ssd:Elements>" + "".join(parts))


def joined(start: str, end: str, change: str = "", **attributes: str) -> str:
    """Return an .ssd with one connection."""
    made = connection(start, end, change, **attributes)
    return inside(f"<ssd:Connections>{made}</ssd:Connections>")


def bound(parameters: str) -> str:
    """Return an .ssd whose component has parameters."""
    text = (
        "<ssd:ParameterBindings><ssd:ParameterBinding><ssd:ParameterValues>"
        f"{parameter_set(parameters)}</ssd:ParameterValues></ssd:ParameterBinding>"
        "</ssd:ParameterBindings></ssd:Component>"
    )
    return inside().replace("</ssd:Component>", text)


UNIT = '<ssd:Connector name="neighbour" kind="input">'
HOSTILE = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'

CASES = {
    "no system": (structure("").replace("System ", "System_ "), "no XML"),
    "no name": (inside().replace('<ssd:System name="plant"', "<ssd:System"), "without a name"),
    "entities": (HOSTILE + inside(), r"no <!DOCTYPE> and no <!ENTITY>"),
    "another root": ("<x/>", r"begins with .*SystemStructureDescription"),
    "version": (inside().replace('version="1.0"', 'version="3.1"'), r"3\.1 is not read .1\.0 or 2"),
    "unknown element": (inside("<ssd:Connektions/>"), "no element 'Connektions'.*Connections"),
    "no FMU": (inside().replace("mass.fmu", "moss.fmu"), r"Component left: it is not in the arch"),
    "no FMI": (inside().replace("mass.fmu", "text.fmu"), "not an FMU: no zip archive"),
    "web": (inside().replace("resources/", "https://x.org/"), r"a path within the \.ssp"),
    "way out": (inside().replace("resources/", "../../"), "does not lead out"),
    "kind of source": (
        inside().replace('source="', 'type="application/x-modelica" source="'),
        "type 'application/x-modelica' cannot be run .application/x-fmu-sharedlibrary",
    ),
    "implementation": (
        inside().replace('source="', 'implementation="ScheduledExecution" source="'),
        "implementation 'ScheduledExecution' cannot be run .any, or CoSimulation",
    ),
    "connector": (inside().replace('"position"', '"positoin"'), "did you mean position"),
    "kind": (inside().replace("output", "input", 1), "of causality output"),
    "type": (inside().replace(UNIT, UNIT + "<ssc:Boolean/>"), "type Boolean, the FMU's .* Real"),
    "unit": (inside().replace(UNIT, UNIT + '<ssc:Real unit="gnu"/>'), "unit 'gnu' is not defined"),
    "no element": (joined("right.position", "left.neighbour"), "no element 'right'"),
    "no connector": (joined("left.positions", "left.neighbour"), "did you mean position"),
    "no system connector": (joined("push", "left.neighbour"), "no connector 'push'"),
    "two inputs": (joined("left.neighbour", "left.neighbour"), "both ends take a value"),
    "two outputs": (joined("left.position", "left.position"), "both ends give a value"),
    "factor": (
        joined("left.position", "left.neighbour", '<ssc:LinearTransformation factor="0"/>'),
        "a factor of 0 loses the value",
    ),
    "number": (
        joined("left.position", "left.neighbour", '<ssc:LinearTransformation factor="one"/>'),
        "factor='one' is no number",
    ),
    "value": (bound(real("mass", 0.0)), "0 is out of the range of 'left.mass'"),
    "output value": (
        bound('<ssv:Parameter name="valid"><ssv:Boolean value="true"/></ssv:Parameter>'),
        "'left.valid' is a .* output",
    ),
    "text value": (
        bound('<ssv:Parameter name="mass"><ssv:String value="a"/></ssv:Parameter>'),
        "type String does not fit Real variable 'left.mass'",
    ),
    "unit of a value": (bound(real("mass", 1.0, "m")), "'1.0 m': m is not kg"),
    "enumeration": (
        bound('<ssv:Parameter name="mass"><ssv:Enumeration value="on"/></ssv:Parameter>'),
        "'on'",
    ),
    "no set": (
        inside().replace(
            "</ssd:Component>",
            '<ssd:ParameterBindings><ssd:ParameterBinding source="a.ssv"/></ssd:ParameterBindings>'
            "</ssd:Component>",
        ),
        "it is not in the archive",
    ),
    "no dictionary": (
        structure(
            '<ssd:Elements><ssd:SignalDictionaryReference name="bus" dictionary="can">'
            + connectors("inout signal")
            + f"</ssd:SignalDictionaryReference>{LEFT}</ssd:Elements><ssd:Connections>"
            + connection("left.position", "bus.signal")
            + "</ssd:Connections>"
        ),
        "no signal dictionary 'can'",
    ),
    "empty": (structure(""), "it holds no FMU"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old_fmus: Path, case: str) -> None:
    """The file, the element and what is allowed stand in the message; the exit code is 2."""
    ssd, expected = CASES[case]
    content = {"resources/mass.fmu": old_fmus / "mass.fmu", "resources/text.fmu": "no zip"}
    with pytest.raises(WiringError, match=expected) as caught:
        open_ssp(pack(tmp_path / "plant.ssp", ssd, content), "10 ms")
    assert caught.value.exit_code == 2
    assert all("plant.ssp" in str(problem.file) for problem in caught.value.problems)


def test_all_problems_are_told_at_once(tmp_path: Path, old_fmus: Path) -> None:
    """Three connections to nowhere are three problems, in the order of their lines."""
    made = "\n".join(connection("left.position", f"left.{name}") for name in "abc")
    ssd = inside(f"<ssd:Connections>{made}</ssd:Connections>")
    with pytest.raises(WiringError) as caught:
        open_ssp(
            pack(tmp_path / "p.ssp", ssd, {"resources/mass.fmu": old_fmus / "mass.fmu"}), "10 ms"
        )
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]


def test_units_that_do_not_fit(tmp_path: Path, old_fmus: Path) -> None:
    """Metres go to no temperature; both units and the way out are told."""
    lag = (
        '<ssd:Component name="lag" source="resources/lag.fmu">'
        + connectors("input inlet")
        + "</ssd:Component>"
    )
    ssd = structure(
        f"<ssd:Elements>{LEFT}{lag}</ssd:Elements><ssd:Connections>"
        + connection("left.position", "lag.inlet")
        + "</ssd:Connections>"
    )
    content = {f"resources/{name}.fmu": old_fmus / f"{name}.fmu" for name in ("mass", "lag")}
    with pytest.raises(WiringError, match=r"in m does not fit .* in Cel: m is not K.*suppressUnit"):
        open_ssp(pack(tmp_path / "plant.ssp", ssd, content), "10 ms")


def test_an_archive_has_to_be_one(tmp_path: Path) -> None:
    """No file, no zip, no description, a broken entry."""
    with pytest.raises(WiringError, match="no such file"):
        open_ssp(tmp_path / "none.ssp")
    (tmp_path / "text.ssp").write_text("no zip")
    with pytest.raises(WiringError, match=r"an \.ssp is a zip file"):
        open_ssp(tmp_path / "text.ssp")
    with pytest.raises(WiringError, match=r"no SystemStructure\.ssd.*there is Other\.ssd"):
        open_ssp(pack(tmp_path / "other.ssp", None, {"Other.ssd": structure("")}))
    whole = pack(tmp_path / "whole.ssp", inside(), {}).read_bytes()
    place = whole.index(b"SystemStructure.ssd") + 60
    (tmp_path / "cut.ssp").write_bytes(whole[:place] + b"\0\0\0\0" + whole[place + 4 :])
    with pytest.raises(WiringError, match="it is damaged"):
        open_ssp(tmp_path / "cut.ssp")


@pytest.mark.parametrize("name", ["../out.ssv", "/etc/out.ssv", "a/../../out.ssv", "C:/out.ssv"])
def test_no_entry_leads_out(tmp_path: Path, name: str) -> None:
    """Names with a way up, a root or a drive are refused before anything is unpacked."""
    package = pack(tmp_path / "plant.ssp", inside(), {name: "x"})
    with pytest.raises(WiringError, match="leads out of the archive"):
        open_ssp(package)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to 1000 times its size, to more than the bound, or into too many entries."""
    package = pack(tmp_path / "bomb.ssp", inside(), {"resources/zeros.bin": bytes(4 * 2**20)})
    with pytest.raises(WiringError, match=r"suspiciously large.*at most 200 times"):
        open_ssp(package)
    monkeypatch.setattr(archive, "LARGEST_ARCHIVE", 1000)
    with pytest.raises(WiringError, match="unpacked it is too large"):
        open_ssp(pack(tmp_path / "large.ssp", inside(), {"a.txt": "a" * 1000}))
    monkeypatch.setattr(archive, "MOST_ENTRIES", 2)
    with pytest.raises(WiringError, match=r"it has 3 entries.*at most 2"):
        open_ssp(pack(tmp_path / "many.ssp", inside(), {"a.txt": "", "b.txt": ""}))
    monkeypatch.setattr(archive, "LARGEST_TEXT", 10)
    with pytest.raises(WiringError, match="an XML file has at most"):
        open_ssp(pack(tmp_path / "text.ssp", inside(), {}))


def test_an_fmu_is_no_bomb_either(
    tmp_path: Path, old_fmus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an FMU unpacks to has the same bound; this one's own files take more than 100 kB."""
    package = pack(tmp_path / "p.ssp", inside(), {"resources/mass.fmu": old_fmus / "mass.fmu"})
    monkeypatch.setattr(archive, "LARGEST_ARCHIVE", package.stat().st_size + 10_000)
    with pytest.raises(WiringError, match="unpacked it is too large"):
        open_ssp(package)


def test_structures_that_name_each_other_end(
    tmp_path: Path, old_fmus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A structure within itself is refused at a depth, or at a number of elements."""
    again = '<ssd:Component name="{}" source="{}" type="application/x-ssp-definition"/>'
    once = structure(f"<ssd:Elements>{again.format('a', 'SystemStructure.ssd')}</ssd:Elements>")
    with pytest.raises(WiringError, match=r"it lies too deep.*at most 8"):
        open_ssp(pack(tmp_path / "once.ssp", once, {}))
    monkeypatch.setattr(findings, "MOST_ELEMENTS", 100)
    many = "".join(again.format(name, "#self") for name in "abcdefgh")
    ssd = structure(f"<ssd:Elements>{many}</ssd:Elements>").replace(
        "<ssd:System ", '<ssd:System id="self" '
    )
    with pytest.raises(WiringError, match=r"too many elements.*at most 100"):
        open_ssp(pack(tmp_path / "many.ssp", ssd, {}))


def test_entities_in_another_encoding_are_refused(tmp_path: Path) -> None:
    """A document type that UTF-16 hides from a search is found once it is read."""
    text = '<?xml version="1.0" encoding="UTF-16"?>' + HOSTILE + inside()
    with zipfile.ZipFile(tmp_path / "plant.ssp", "w") as made:
        made.writestr("SystemStructure.ssd", text.encode("utf-16"))
    with pytest.raises(WiringError, match="document type"):
        open_ssp(tmp_path / "plant.ssp")


def test_a_mapping_of_nothing_is_noted(tmp_path: Path, old_fmus: Path) -> None:
    """Names that a set lacks, and names that the FMU lacks, are told and not set."""
    binding = (
        "<ssd:ParameterBindings><ssd:ParameterBinding><ssd:ParameterValues>"
        + parameter_set(real("m", 2.0))
        + "</ssd:ParameterValues><ssd:ParameterMapping>"
        + mapping(
            '<ssm:MappingEntry source="m" target="mess"/>'
            '<ssm:MappingEntry source="n" target="mass"/>'
        )
        + "</ssd:ParameterMapping></ssd:ParameterBinding></ssd:ParameterBindings></ssd:Component>"
    )
    seen = connectors("output seen") + (
        "<ssd:ParameterBindings><ssd:ParameterBinding><ssd:ParameterValues>"
        f"{parameter_set(real('seen', 2.0))}</ssd:ParameterValues></ssd:ParameterBinding>"
        "</ssd:ParameterBindings>"
    )
    ssd = inside(around=seen).replace("</ssd:Component>", binding)
    content = {"resources/mass.fmu": old_fmus / "mass.fmu"}
    found = open_ssp(pack(tmp_path / "plant.ssp", ssd, content), "10 ms")
    told = [note.text for note in found.notes]
    assert any("'seen' of parameter set 'set' goes to no FMU" in text for text in told)
    assert any("has no 'n'" in text for text in told)
    assert any("'mess' of parameter set 'set'" in text for text in told)
    assert found.group.member("left").values == {"neighbour": 0.0}


PARTS = st.sampled_from(["a", "b.fmu", "..", ".", "c d", "%2e%2e", "%2F", "\\", ""])


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(PARTS, max_size=6), base=st.sampled_from(["", "x.ssd", "sub/x.ssd"]))
def test_no_uri_leads_out(parts: list[str], base: str) -> None:
    """Whatever a source says, it names an entry below the top, or is refused."""
    try:
        found = entry_of("/".join(parts), base)
    except ValueError:
        return
    assert not found.startswith("/")
    assert ".." not in found.split("/")


OWN = (
    '<ssd:Annotations><ssc:Annotation type="linetwin.group">'
    '<own:group xmlns:own="urn:linetwin:ssp:1">{}</own:group></ssc:Annotation></ssd:Annotations>'
)
TEXTS = st.sampled_from(
    [
        *("", "left", "-1", "1e999", "nan", "true", "input", "output", "m", "../x", "neighbour"),
        *("[1]", '{"members": 3}', '{"members": {"left": {"values": 3}}}', '{"name": "../x"}'),
        *('{"inputs": {"push": [{"to": null}]}}', '{"sequence": [[]]}', '{"loops": []}'),
    ]
)


@st.composite
def damages(draw: st.DrawFn, ssd: str) -> str:
    """Draw an .ssd in which attributes, texts and elements are changed, doubled or gone."""
    root = etree.fromstring(ssd)
    for _ in range(draw(st.integers(1, 3))):
        elements = list(root.iter())
        element = draw(st.sampled_from(elements))
        way = draw(st.sampled_from(["change", "text", "drop", "remove", "double", "rename"]))
        names = sorted(element.keys())
        if way == "change" and names:
            element.set(draw(st.sampled_from(names)), draw(TEXTS))
        elif way == "drop" and names:
            del element.attrib[draw(st.sampled_from(names))]
        elif way == "text":
            element.text = draw(TEXTS)
        elif way == "remove" and element is not root:
            element.getparent().remove(element)
        elif way == "double":
            element.append(copy.deepcopy(draw(st.sampled_from(elements))))
        else:
            element.tag = draw(st.sampled_from(elements)).tag
    return str(etree.tostring(root, encoding="unicode"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_is_told_and_nothing_else_happens(
    tmp_path_factory: pytest.TempPathFactory, old_fmus: Path, data: st.DataObject
) -> None:
    """Whatever is changed: a group, or problems that name the package; never another error."""
    linear = '<ssc:LinearTransformation factor="2" offset="1"/>'
    binding = (
        "<ssd:ParameterBindings><ssd:ParameterBinding><ssd:ParameterValues>"
        f"{parameter_set(real('left.mass', 2.0) + real('push', 1.0))}"
        "</ssd:ParameterValues></ssd:ParameterBinding></ssd:ParameterBindings>"
    )
    ssd = structure(
        connectors("input push", "output seen")
        + binding
        + f"<ssd:Elements>{LEFT}</ssd:Elements><ssd:Connections>"
        + connection("push", "left.neighbour", linear)
        + connection("left.position", "seen")
        + "</ssd:Connections>",
        '<ssd:DefaultExperiment startTime="0" stopTime="2"/>'
        + OWN.format('{"step": "10 ms", "members": {"left": {"every": 2}}}'),
    )
    file = tmp_path_factory.mktemp("damage") / "plant.ssp"
    content = {"resources/mass.fmu": old_fmus / "mass.fmu"}
    pack(file, data.draw(damages(ssd)), content)
    problems: tuple[Problem, ...] = ()
    try:
        found = open_ssp(file)
    except WiringError as error:
        problems = error.problems
    else:
        assert found.file.parent.parent == process_folder().resolve()
    assert all("plant.ssp" in str(problem) for problem in problems)
