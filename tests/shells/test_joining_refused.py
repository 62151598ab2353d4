"""What keeps a machine from joining: each said with its file, its element and what is allowed."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import foreign_calender
import pytest
import three_machines
from aas_core3 import jsonization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from other_makers import OWN, Maker, affordance, concept, package, prop
from ruamel.yaml import YAML

from linetwin.cli.aas_import import Asked, import_machines
from linetwin.cosim.binary import library_suffix, platform_folder
from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

STATION = "cathode.calender"
URL = "opc.tcp://127.0.0.1:4840/test"
MODEL = "Simulationsmodelle/Walzspalt"
VERSION = f"{MODEL}/Modelldatei/V7"
PORTS = f"{MODEL}/Anschluesse/Alle"
TAGS = "Schnittstellen/Leitstand/InteractionMetadata/properties"
ENDPOINT = "Schnittstellen/Leitstand/EndpointMetadata"
yaml = YAML(typ="safe", pure=True)


def fmu_of(folder: Path, platform: str = "") -> bytes:
    """Return the calender's FMU with a binary that nobody loads here."""
    place = platform or platform_folder(2)
    return foreign_calender.packed(
        f"binaries/{place}/kalander{library_suffix()}", b"not loaded", folder
    )


def base_of(folder: Path) -> str:
    """Write a scenario of a line with a calender, as far as it is read before anything is."""
    (folder / "order.yaml").write_text("schema: 1\nname: order\nline: line.yaml\n", "utf-8")
    line = f"schema: 1\nname: line\nstations: {{{STATION}: {{kind: calender}}}}\n"
    (folder / "line.yaml").write_text(line, "utf-8")
    return str(folder / "order.yaml")


def refused(
    folder: Path, maker: Maker, answers: dict[str, Any] | None = None, name: str = "kalander.aasx"
) -> dict[str, Problem]:
    """Return what is told of a machine that joins the baseline, by key path."""
    file = maker.write(folder / name)
    decisions = None
    if answers is not None:
        decisions = folder / "answers.yaml"
        with decisions.open("w", encoding="utf-8") as stream:
            yaml.dump({"schema": 1, STATION: answers}, stream)
    asked = Asked([file], [STATION], base_of(folder), folder / "plant", decisions, "tests")
    with pytest.raises(ScenarioError) as error:
        import_machines(asked)
    assert error.value.exit_code == 2
    assert not (folder / "plant" / "line.yaml").exists()
    return {problem.key.removeprefix(f"{STATION}."): problem for problem in error.value.problems}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/anlagen/fehlt.fmu", "'/anlagen/fehlt.fmu' is not in the package"),
        ("https://walzwerk.example/k7.fmu", "is an address, and nothing is fetched"),
    ],
)
def test_without_its_fmu_the_file_is_asked_for(tmp_path: Path, path: str, said: str) -> None:
    """An address is never fetched: a person names a file, or leaves the model out."""
    found = refused(tmp_path, three_machines.calender(URL, fmu_of(tmp_path), path=path))
    problem = found[f"files.{MODEL}"]
    assert said in problem.message
    assert "path of the FMU" in problem.hint
    assert problem.file == tmp_path / "plant" / "decisions.yaml"


def test_a_file_that_a_person_names_stands_in(tmp_path: Path) -> None:
    """Its path counts from the decisions' folder."""
    fmu = fmu_of(tmp_path)
    (tmp_path / "eigene.fmu").write_bytes(fmu)
    maker = three_machines.calender(URL, fmu, path="https://walzwerk.example/k7.fmu")
    found = refused(tmp_path, maker, {"files": {MODEL: "eigene.fmu"}})
    assert f"files.{MODEL}" not in found
    assert "ports.calendering.conductivity_index" in found


@pytest.mark.parametrize(
    ("extra", "place", "said"),
    [
        (("SHA-256", "0" * 64, ""), f"{VERSION}/SHA256", "is not the file's"),
        (("SHA-256", "abc", ""), f"{VERSION}/SHA256", "is no digest of 64"),
        (("Token", "{k6}", f"{OWN}instantiation_token"), f"{VERSION}/Token", "not the FMU's token"),
    ],
)
def test_another_file_than_was_described_is_refused(
    tmp_path: Path, extra: tuple[str, str, str], place: str, said: str
) -> None:
    """By a SHA-256 beside the file, or by the FMU's token."""
    name, value, iri = extra
    stated = prop(name.replace("-", ""), value, iri)
    maker = three_machines.calender(URL, fmu_of(tmp_path), extra=(stated,))
    found = refused(tmp_path, maker)
    assert said in found[place].message
    assert found[place].file == tmp_path / "kalander.aasx"
    assert "the" in found[place].hint


def test_what_is_no_fmu_for_this_machine_is_refused(tmp_path: Path) -> None:
    """One for another platform with the platforms that it has; a file that is no FMU at all."""
    found = refused(tmp_path, three_machines.calender(URL, fmu_of(tmp_path, "amiga")))
    assert "it has no binary for this machine" in found[MODEL].message
    assert "it has binaries for amiga" in found[MODEL].hint
    found = refused(tmp_path, three_machines.calender(URL, b"PK? no"))
    assert "its file" in found[MODEL].message


@pytest.mark.parametrize(
    ("ports", "place", "said"),
    [
        (
            {"reserve": (f"{OWN}line_load", "")},
            "ports.calendering.line_load",
            "2 variables mean line_load: q, reserve",
        ),
        (
            {"q": ("", ""), "reserve": (f"{OWN}line_load", "")},
            "units.calendering.reserve",
            "states no unit",
        ),
        (
            {"q": ("", ""), "reserve": (f"{OWN}line_load", "Walzen")},
            "units.calendering.reserve",
            "unknown unit 'Walzen'",
        ),
        (
            {"q": ("", ""), "reserve": (f"{OWN}line_load", "Pascal")},
            "calendering.reserve",
            "'Pascal' does not fit line_load in N/m",
        ),
        (
            {"q": (f"{OWN}roll_temperature", "kN/mm"), "T_walze": ("", "")},
            f"{PORTS}/Groesse03",
            "does not fit roll_temperature",
        ),
        ({"h_ein": (f"{OWN}coating_thickness_before", "mm")}, f"{PORTS}/Groesse02", "'um' in"),
        ({"dicke": (f"{OWN}coating_thickness", "um")}, f"{PORTS}/Groesse15", "no variable 'dicke'"),
        (
            {"h_aus": ("", ""), "h_ein": (f"{OWN}coating_thickness", "um")},
            "ports.calendering.coating_thickness",
            "no variable means coating_thickness",
        ),
    ],
)  # fmt: skip
def test_ports_that_do_not_fit_are_told(
    tmp_path: Path, ports: dict[str, tuple[str, str]], place: str, said: str
) -> None:
    """Two for one quantity, no unit, an unknown one, one of something else or not the FMU's own.

    Also a variable that is not there, and an input that is said to be an output.
    """
    found = refused(tmp_path, three_machines.calender(URL, fmu_of(tmp_path), ports=ports))
    assert said in found[place].message
    assert found[place].hint


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"VariableCausality": "output"}, "VariableCausality 'output' here, 'input' of 'q'"),
        ({"VariableType": "Boolean"}, "VariableType 'Boolean' here"),
        ({"VariableCausality": "input", "VariableType": "Real"}, ""),
        ({"VariableCausality": "Eingang"}, ""),
    ],
)
def test_a_port_that_contradicts_its_fmu_is_refused(
    tmp_path: Path, stated: dict[str, str], said: str
) -> None:
    """Causality and type, with the way to the port; words that FMI has not are no contradiction."""
    maker = three_machines.calender(URL, fmu_of(tmp_path), said={"q": stated})
    found = refused(tmp_path, maker)
    assert (f"{PORTS}/Groesse03" in found) == bool(said)
    assert not said or said in found[f"{PORTS}/Groesse03"].message


def test_the_unit_of_a_parameter_is_compared_too(tmp_path: Path) -> None:
    """Also of what stands for nothing of the contract."""
    maker = three_machines.calender(URL, fmu_of(tmp_path), ports={"modul": ("", "kg")})
    found = refused(tmp_path, maker)
    assert any("'kg' here" in each.message for each in found.values()), found


@pytest.mark.parametrize(
    ("security", "said"),
    [
        (None, "states no security"),
        (("None", "None"), "is talked to by None"),
        (("Sign", "Basic256Sha256"), "Basic256Sha256 with mode Sign"),
        (("SignAndEncrypt", "Basic128Rsa15"), "Basic128Rsa15 with mode SignAndEncrypt"),
    ],
)
def test_an_unsafe_server_is_asked_for_by_name(
    tmp_path: Path, security: tuple[str, str] | None, said: str
) -> None:
    """Broken policies are no answer either."""
    maker = three_machines.calender(URL, fmu_of(tmp_path), security=security)
    found = refused(tmp_path, maker, {"security": {ENDPOINT: "Basic128Rsa15"}})
    assert found[f"security.{ENDPOINT}"].message == "'Basic128Rsa15' is no answer"
    (tmp_path / "answers.yaml").unlink()
    found = refused(tmp_path, maker)
    assert said in found[f"security.{ENDPOINT}"].message
    assert "Basic256Sha256, Aes128_Sha256_RsaOaep" in found[f"security.{ENDPOINT}"].hint


def test_a_safe_server_is_not_asked_for(tmp_path: Path) -> None:
    """What is signed and encrypted is taken as it is said."""
    maker = three_machines.calender(
        URL, fmu_of(tmp_path), security=("SignAndEncrypt", "Basic256Sha256")
    )
    assert f"security.{ENDPOINT}" not in refused(tmp_path, maker)


@pytest.mark.parametrize(
    ("href", "said"),
    [
        ("/geraete/k7/v", "leads to no NodeId"),
        ("", "'no href' leads to no NodeId"),
        ("/?id=ns=x;s=v", "leads to no NodeId"),
        ("/?id=nsu=urn:a;i=4294967296", "is no identifier"),
        ("opc.tcp://anderswo:4840/?id=nsu=urn:a;s=v", "is of another server"),
    ],
)
def test_forms_that_lead_nowhere_are_refused(tmp_path: Path, href: str, said: str) -> None:
    """With the place of the form, and the form that is read."""
    maker = three_machines.calender(URL, fmu_of(tmp_path), hrefs=(href, href, href))
    found = refused(tmp_path, maker)
    assert said in found[f"{TAGS}/Bahn/forms/href"].message
    assert found[f"{TAGS}/Bahn/forms/href"].hint


def test_two_tags_of_one_quantity_are_asked(tmp_path: Path) -> None:
    """Both are named; one is chosen by leaving the other out, or `*` leaves out both."""
    maker = three_machines.calender(URL, fmu_of(tmp_path))
    tags = [affordance(name, "/?id=nsu=urn:a;s=v", "m/min", f"{OWN}web_speed") for name in "AB"]
    maker.submodels.pop()
    maker.interface(URL, tags, None)
    assert {f"signals.{TAGS}/A", f"signals.{TAGS}/B"} <= set(refused(tmp_path, maker))
    found = refused(tmp_path, maker, {"signals": {"*": "ignore"}})
    assert not any(key.startswith("signals.") for key in found)
    both = {f"{TAGS}/{name}": "web_speed" for name in "AB"}
    found = refused(tmp_path, maker, {"signals": both})
    assert "2 mean web_speed" in found[f"{TAGS}/A"].message


def test_a_quantity_of_two_interfaces_is_refused(tmp_path: Path) -> None:
    """The second is named; a range that is no number is left out, which is no error."""
    maker = three_machines.calender(URL, fmu_of(tmp_path))
    tag = affordance("v2", "/?id=nsu=urn:a;s=v", "m/min", f"{OWN}web_speed", span=("x", "5"))
    maker.interface(URL, [tag], None, "Zweite")
    found = refused(tmp_path, maker, {"namespaces": {"2": "urn:b"}})
    place = "Zweite/Leitstand/InteractionMetadata/properties/v2"
    assert "another interface has web_speed too" in found[place].message


def test_answers_that_are_none_are_told_by_line(tmp_path: Path) -> None:
    """A wrong answer, one to what nobody asked, a topic and a station that are none."""
    maker = three_machines.calender(URL, fmu_of(tmp_path))
    index = "calendering.conductivity_index"
    found = refused(tmp_path, maker, {"ports": {index: "leid"}})
    assert "did you mean leit" in found[f"ports.{index}"].hint
    found = refused(tmp_path, maker, {"ports": {index: ["leit"]}})
    assert "is no answer" in found[f"ports.{index}"].message
    answers = {"ports": {index: "leit", "calendering.nichts": "q"}, "farben": {"rot": "ja"}}
    found = refused(tmp_path, maker, answers)
    assert found["ports.calendering.nichts"].message == "answers what nobody asked"
    assert found["farben"].message == "is no topic with answers"
    assert all(each.line for each in found.values())


def test_words_of_others_stay_on_their_line(tmp_path: Path) -> None:
    """A unit with a line break adds no key to the decisions."""
    maker = three_machines.calender(URL, fmu_of(tmp_path))
    maker.concepts.append(concept(f"{three_machines.TERMS}gewicht", unit="kg\n    Gewicht: ignore"))
    maker.technical("Mehr", [prop("G", 1.0, f"{OWN}grinding_time", "x\n  a: b")])
    found = refused(tmp_path, maker)
    assert not any("\n" in str(each) for each in found.values())
    written = yaml.load((tmp_path / "plant" / "decisions.yaml").read_text("utf-8"))
    assert set(written[STATION]) <= {
        "namespaces", "parameters", "ports", "security", "signals", "units", "files",
    }  # fmt: skip


def test_a_shell_with_nothing_and_a_station_that_is_none_are_refused(tmp_path: Path) -> None:
    """Each by name."""
    maker = Maker("Leer", "https://leer.example/x")
    maker.nameplate("Leer GmbH", de="Nichts")
    found = refused(tmp_path, maker, name="leer.json")
    assert "has nothing for a calender" in found[""].message
    asked = Asked(
        [tmp_path / "leer.json"], ["cathode.calendar"], base_of(tmp_path), tmp_path / "plant"
    )
    with pytest.raises(ScenarioError, match=r"no station 'cathode.calendar' .*cathode.calender"):
        import_machines(asked)
    asked = Asked([tmp_path / "leer.json"], [], base_of(tmp_path), tmp_path / "plant")
    with pytest.raises(ScenarioError, match="1 files, 0 stations"):
        import_machines(asked)


DECIDED = {
    "security": {ENDPOINT: "None"},
    "parameters": {"*": "ignore"},
    "signals": {"*": "ignore"},
    "ports": {"calendering.conductivity_index": "leit"},
    "namespaces": {"2": "urn:x"},
}
STRANGE = (
    "",
    "x",
    None,
    5,
    True,
    [],
    {},
    "NaN",
    "1e400",
    "opc.tcp://[x",
    "?id=",
    "%",
    "kN/mm",
    "Range",
)


def places(tree: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """Return every place in a tree: what holds it, and its key."""
    keys = (
        tree.keys()
        if isinstance(tree, dict)
        else range(len(tree))
        if isinstance(tree, list)
        else ()
    )
    return [found for key in keys for found in ((tree, key), *places(tree[key]))]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_damaged_shells_are_named_errors(tmp_path: Path, seed: int) -> None:
    """Keys dropped, doubled, exchanged: what does not join is told, never a crash."""
    chance = random.Random(seed)  # noqa: S311  no secret
    maker = three_machines.calender(URL, fmu_of(tmp_path))
    tree = jsonization.to_jsonable(maker.environment())
    for _ in range(chance.randint(1, 4)):
        holder, key = chance.choice(places(tree))
        if chance.random() < 0.4:
            del holder[key]
        elif isinstance(holder, list) and chance.random() < 0.3:
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = copy.deepcopy(chance.choice(STRANGE))
    (tmp_path / "k.aasx").write_bytes(package(json.dumps(tree).encode(), maker.files))
    with (tmp_path / "answers.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump({"schema": 1, STATION: DECIDED}, stream)
    asked = Asked(
        [tmp_path / "k.aasx"], [STATION], base_of(tmp_path), tmp_path / "plant",
        tmp_path / "answers.yaml", "tests",
    )  # fmt: skip
    with pytest.raises(ScenarioError):  # the line of these tests cannot run in any case
        import_machines(asked)
