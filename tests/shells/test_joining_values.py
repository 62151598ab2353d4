"""Values that makers write oddly: read where they are certain, else asked for or told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aas_core3 import types
from hypothesis import given
from hypothesis import strategies as st
from other_makers import OWN, Maker, affordance, means, prop, texts
from test_joining import decided

from linetwin.cli.aas_import import Asked, import_machines
from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.shells.joining.numbers import Doubt, Number, read_number
from linetwin.shells.joining.questions import Question, Questions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STATION = "cathode.mixer"


@pytest.mark.parametrize(
    ("text", "language", "readings"),
    [
        ("25,5", "", [25.5]), ("25.5", "", [25.5]), ("1.234", "", [1.234, 1234]),
        ("1,234", "", [1.234, 1234]), ("1.234", "de", [1234]), ("1,234", "de-DE", [1.234]),
        ("1.234", "en-GB", [1.234]), ("1,234", "en", [1234]), ("0.234", "", [0.234]),
        ("1.234,5", "", [1234.5]), ("1,234.5", "", [1234.5]), ("12 500", "", [12500]),
        ("1'250.5", "de-CH", [1250.5]), ("12,50", "en", []), ("-3", "", [-3]), ("1e3", "", [1000]),
        ("1e999", "", []), ("1.2.3", "", []), ("10-20", "", []), ("etwa 5", "", []), ("", "", []),
        ("25,5 mm", "", [25.5]), ("1_000", "", []), ("NaN", "", []),
    ],
)  # fmt: skip
def test_a_text_is_a_number_where_it_can_be_no_other(
    text: str, language: str, readings: list[float]
) -> None:
    """Points and commas by form, else by language; what may be two numbers is neither."""
    found = read_number(text, language)
    if isinstance(found, Number):
        assert [found.value] == readings
    else:
        assert list(found.readings) == readings
        assert found.reason


@given(st.floats(-1e12, 1e12), st.sampled_from([("de", ",", "."), ("en", ".", ",")]))
def test_a_language_settles_every_number(number: float, written: tuple[str, str, str]) -> None:
    """As `format` groups it, with the marks of the language."""
    language, mark, group = written
    text = f"{number:,.6f}".replace(",", "_").replace(".", mark).replace("_", group)
    found = read_number(text, language)
    assert isinstance(found, Number)
    assert found.value == pytest.approx(round(number, 6), abs=1e-6)


def test_a_unit_behind_a_number_is_its_unit() -> None:
    """In UCUM, and in makers' words."""
    assert read_number("25,5 mm") == Number(25.5, "mm")
    assert read_number("3 min-1") == Number(3, "min-1")
    assert read_number("20 g per m²") == Number(20, "g per m²")
    assert isinstance(read_number("1.500 kg"), Doubt)


@pytest.mark.parametrize(
    "text", ["2 x 90", "1/2", "0x14", "3 Walzen", "7 h 30 min", "1m80", "2 in 5", "8 h or 9 h"]
)
def test_a_number_that_is_but_a_part_of_its_text_is_asked_for(text: str) -> None:
    """Nor is it a unit's answer away from being taken."""
    found = read_number(text)
    assert isinstance(found, Doubt)
    assert found.is_asked
    assert text in found.reason
    assert found.readings == ()


def mixer() -> Maker:
    """A mixer whose data sheet has each oddity."""
    maker = Maker("M1", "https://misch.example/m1")
    span = types.Range(types.DataTypeDefXSD.DOUBLE, id_short="Spanne", min="60", max="90")
    span.semantic_id = means(f"{OWN}changeover_time")
    maker.technical(
        "Daten",
        [
            prop("Komma", "2,5", f"{OWN}dispersing_time", "h"),
            prop("Doppelt", "1.234", f"{OWN}dosing_time", "s"),
            texts("Sprachen", f"{OWN}discharge_time", de="1.200 s", en="1,200 s"),
            span,
            prop("Leer", None, f"{OWN}operators"),
            prop("Zuviel", "1e999", f"{OWN}batch_mass", "kg"),
            types.Blob("text/plain", id_short="Klumpen", semantic_id=means(f"{OWN}rotor_speed")),
        ],
    )
    return maker


def joined(folder: Path, answers: dict[str, Any]) -> tuple[dict[str, str], str]:
    """Return the open questions and what was told."""
    file = mixer().write(folder / "mixer.json")
    answered = decided(folder, {"schema": 1, STATION: answers}) if answers else None
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.echo", lambda text, **_: lines.append(text))
        try:
            import_machines(Asked([file], [STATION], "baseline", folder / "plant", answered, "me"))
        except ScenarioError as error:
            return {each.key: each.message for each in error.problems}, ""
    return {}, "\n".join(lines)


def test_odd_values_are_read_asked_or_told(tmp_path: Path) -> None:
    """Nothing that is known to mean a parameter is left out without a word."""
    asked, _ = joined(tmp_path, {})
    assert set(asked) == {f"{STATION}.values.Daten/Werte/{n}" for n in ("Doppelt", "Spanne")}
    assert "may be 1.234 or 1234" in asked[f"{STATION}.values.Daten/Werte/Doppelt"]
    answers = {"values": {"Daten/Werte/Doppelt": 1234, "Daten/Werte/Spanne": "90"},
               "units": {"Daten/Werte/Spanne": "s"}}  # fmt: skip
    open_, told = joined(tmp_path, answers)
    assert open_ == {}
    for name, why in (("Leer", "no value"), ("Zuviel", "1e999"), ("Klumpen", "a Blob")):
        assert any(f"Werte/{name}: left out" in line and why in line for line in told.split("\n"))
    found = load(tmp_path / "plant" / "scenario.yaml").stations[STATION].parameters
    times = {"dispersing_time": 9000, "dosing_time": 1234, "discharge_time": 1200}
    times["changeover_time"] = 90
    assert {name: found[name].number for name in times} == times
    assert found["operators"].tag != "V"


def sheet(
    folder: Path, values: Sequence[Any], answers: dict[str, Any], text: str = ""
) -> tuple[str, Path]:
    """Return what is said of a data sheet, and the scenario that is written of it.

    `text`: stands in place of a value 1.25.
    """
    maker = Maker("M1", "https://misch.example/m1")
    maker.technical("Daten", list(values))
    file = maker.write(folder / "mixer.json")
    if text:
        file.write_text(file.read_text("utf-8").replace('"1.25"', f'"{text}"'), "utf-8")
    answered = decided(folder, {"schema": 1, STATION: answers}) if answers else None
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.echo", lambda text, **_: lines.append(text))
        try:
            import_machines(Asked([file], [STATION], "baseline", folder / "plant", answered, "me"))
        except ScenarioError as error:
            return str(error), folder
    return "\n".join(lines), folder / "plant" / "scenario.yaml"


@pytest.mark.parametrize(
    ("answer", "taken_s", "said"),
    [
        (8, 28800, ""), ("450 min", 27000, ""),
        ("20 h", 0, "outside of the range"), (6.9, 0, "7 to 9 h"), ("8 mm", 0, "mm"),
        ("2 x 4", 0, "not one number"),
    ],
)  # fmt: skip
def test_what_a_person_says_is_within_the_range_and_the_persons(
    tmp_path: Path, answer: object, taken_s: float, said: str
) -> None:
    """A number outside is refused; one inside is no number of the maker's (tag A)."""
    span = types.Range(types.DataTypeDefXSD.DOUBLE, id_short="Zeit", min="7", max="9")
    span.semantic_id = means(f"{OWN}changeover_time")
    span.qualifiers = [types.Qualifier("Unit", types.DataTypeDefXSD.STRING, value="h")]
    told, file = sheet(tmp_path, [span], {"values": {"Daten/Werte/Zeit": answer}})
    if said:
        assert said in told
        return
    found = load(file).stations[STATION].parameters["changeover_time"]
    assert (found.number, found.tag) == (pytest.approx(taken_s), "A")
    assert found.source == "decided by a person: decisions file"


@pytest.mark.parametrize("unit", ["furlong", ""])
def test_a_number_whose_unit_a_person_says_is_the_persons(tmp_path: Path, unit: str) -> None:
    """The maker printed a number that without its unit means nothing."""
    element = prop("Zeit", 7.5, f"{OWN}changeover_time", unit)
    _, file = sheet(tmp_path, [element], {"units": {"Daten/Werte/Zeit": "h"}})
    found = load(file).stations[STATION].parameters["changeover_time"]
    assert (found.number, found.tag) == (27000, "A")
    assert found.source == "decided by a person: decisions file"


@pytest.mark.parametrize(
    ("value", "why"),
    [("ca. 180", "'ca. 180' is no number"), ("180 ± 5", "'180 ± 5' is no number"),
     (".18", "'.18' is no number"), ("1e999", "'1e999' is too large")],
)  # fmt: skip
def test_a_shell_of_which_nothing_is_left_says_why(tmp_path: Path, value: str, why: str) -> None:
    """Not only that it has nothing for the station."""
    told, _ = sheet(tmp_path, [prop("Zeit", value, f"{OWN}changeover_time", "s")], {})
    assert f"has nothing for a mixer: Daten/Werte/Zeit: left out: {why}" in told


def test_a_typed_number_that_is_too_large_is_called_so(tmp_path: Path) -> None:
    """The file states a value, though reading it left it out."""
    large = prop("Zeit", 1.25, f"{OWN}changeover_time", "s")
    told, _ = sheet(tmp_path, [large], {}, "1e999")
    assert "Zeit: left out: 1e999 is too large for xs:double" in told


def test_a_quantity_that_the_station_has_not_is_refused(tmp_path: Path) -> None:
    """A line load is a calender's, and of no mixer."""
    maker = Maker("M1", "https://misch.example/m1")
    tag = affordance("Last", "/?id=nsu=urn:a;s=q", "N/mm", f"{OWN}line_load")
    maker.interface("opc.tcp://plc:4840", [tag], ("SignAndEncrypt", "Basic256Sha256"))
    file = maker.write(tmp_path / "mixer.xml")
    with pytest.raises(ScenarioError, match=r"cathode\.mixer has no line_load"):
        import_machines(Asked([file], [STATION], "baseline", tmp_path / "plant", None, "me"))


def test_decisions_list_all_that_may_be_answered() -> None:
    """Errors show the first of many answers, the file of decisions each of them."""
    names = tuple(f"quantity_{n}" for n in range(200))
    questions = Questions()
    question = Question("which?", names)
    assert questions.ask(STATION, "parameters", "Gewicht", question) is None
    assert "(200 in all, which decisions.yaml has)" in question.hint
    assert set(names) <= set(questions.text().replace(",", " ").split())


def test_what_stations_have_in_common_is_asked_once(tmp_path: Path) -> None:
    """The first one's answer is that of all; one's own goes before it; another server is asked."""

    def asked(questions: Questions) -> list[object]:
        places = {"cell.a": "opc.tcp://a", "cell.b": "opc.tcp://a", "cell.c": "opc.tcp://c"}
        return [
            questions.ask(station, "security", "Endpoint", Question("?", ("None", "x"), common=url))
            for station, url in places.items()
        ]

    open_ones = Questions()
    assert asked(open_ones) == [None] * 3
    assert [station for station, _, _ in open_ones.open] == ["cell.a", "cell.c"]
    answers: dict[str, Any] = {"cell.a": {"security": {"Endpoint": "None"}}}
    told = Questions.of(decided(tmp_path, {"schema": 1, **answers}))
    assert asked(told) == ["None", "None", None]
    assert list(told.unused(["cell.a", "cell.b", "cell.c"])) == []
    answers["cell.b"] = {"security": {"Endpoint": "x"}}
    assert asked(Questions.of(decided(tmp_path, {"schema": 1, **answers}))) == ["None", "x", None]
    answers = {"cell.a": {"security": {"Endpoint": "wrong"}}}
    wrong = Questions.of(decided(tmp_path, {"schema": 1, **answers}))
    assert asked(wrong) == [None] * 3
    assert len(wrong.problems) == 1
    assert [station for station, _, _ in wrong.open] == ["cell.c"]
