"""Names of lots with errors: nothing is settled wrongly in silence, and what is open is counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lot_errors import Told, broken, counted, grown, slipped, spelt
from typer.testing import CliRunner

from linetwin.cli.app import app
from linetwin.errors import ResultsError, ScenarioError
from linetwin.results import read
from linetwin.results.audit_check import TamperedError, verify
from linetwin.scenario.mapped import CheckConfig, LotConfig
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import NO_TIME, SECOND, raw_rows
from linetwin.twin.feed.recording import Recording
from linetwin.twin.feed.rules import Rules
from linetwin.twin.lot_answers import LOG, Reconciler
from linetwin.twin.lot_ids import Check, Neighbours, is_one_slip, normalised
from linetwin.twin.reconciliation import (
    Answer,
    Made,
    Resolution,
    Use,
    reconciled,
    registers,
    unresolved,
)

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.lot_answers import Reconciled

NAMES = st.text("AB01-", max_size=6)


# ------------------------------------------------------------------------------------- names
def distance(one: str, other: str) -> int:
    """Edits between two texts, neighbours that changed places being one; by the full table."""
    table = np.zeros((len(one) + 1, len(other) + 1), int)
    table[:, 0], table[0, :] = range(len(one) + 1), range(len(other) + 1)
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            change = table[i - 1, j - 1] + (one[i - 1] != other[j - 1])
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, change)
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return int(table[-1, -1])


@settings(max_examples=100)
@given(one=NAMES, other=NAMES)
def test_one_slip_is_a_distance_of_one(one: str, other: str) -> None:
    """By the table of edit distances (optimal string alignment)."""
    assert is_one_slip(one, other) == (distance(one, other) == 1)


@settings(max_examples=30)
@given(names=st.lists(NAMES, max_size=12), name=NAMES)
def test_neighbours_are_all_names_one_slip_away(names: list[str], name: str) -> None:
    """None is missed, none is added."""
    expected = [each for each in dict.fromkeys(names) if distance(each, name) == 1]
    assert sorted(Neighbours(names).of(name)) == sorted(expected)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_spellings_are_one_name_and_slips_another(seed: int) -> None:
    """Case, blanks, dashes, underscores say nothing; any other character does."""
    chance = np.random.default_rng(seed)
    assert normalised(spelt("cathode.roll-0012", chance)) == "CATHODE.ROLL-0012"
    assert normalised("roll0012") != normalised("roll-0012")
    assert distance(normalised(slipped("ROLL-0012", chance)), "ROLL-0012") <= 1


@pytest.mark.parametrize(
    ("method", "name", "right"),
    [
        ("luhn", "7992739871-3", True),
        ("luhn", "7992739871-4", False),
        ("luhn", "7992739817-3", False),
        ("mod97", "GB82WEST123456986054-33", False),
        ("mod97", "WEST12345698765432GB-82", True),
        ("", "ANYTHING-01", True),
    ],
)
def test_check_digits(method: str, name: str, *, right: bool) -> None:
    """Numbers that are published: Luhn's 79927398713, the IBAN GB82 WEST 1234 5698 7654 32."""
    config = CheckConfig(r"(?P<body>[A-Z0-9]+)-(?P<check>\d+)", method)
    assert Check(config).is_right(name) == right


# ------------------------------------------------------------------------------------- rules
KIND = LotConfig("roll", (), {}, usable_for_s=100.0)


def one(text: str, at_s: float, made: dict[str, list[float]]) -> Resolution:
    """What is made of one name, of lots made at these times."""
    lots = [Made("roll", name, round(t * SECOND)) for name, ts in made.items() for t in ts]
    known, _ = registers([KIND], lots)
    (found,) = reconciled(known, [Use("roll", "web", "cell-1", text, round(at_s * SECOND))], {})
    return found


def test_a_name_that_comes_again_is_split_by_time() -> None:
    """Each use belongs to the lot of its time; where both were there a person is asked."""
    apart = {"R-1": [0.0, 200.0]}
    assert one("R-1", 50.0, apart).lot == "R-1"
    assert one("r 1", 250.0, apart).lot == "R-1#2"
    assert one("R-1", 150.0, apart).how == "unknown"
    both = one("R-1", 90.0, {"R-1": [0.0, 80.0]})
    assert (both.how, both.candidates) == ("reused", ("R-1", "R-1#2"))


def test_a_slip_is_proposed_where_one_lot_is_a_slip_away() -> None:
    """Of several nobody knows; a lot that was not there yet, or too long ago, is none."""
    made = {"R-17": [0.0], "R-28": [0.0], "R-39": [500.0]}
    assert one("R-71", 10.0, made).proposed == "R-17"
    assert one("R-27", 10.0, made).candidates == ("R-17", "R-28")
    assert one("R-27", 10.0, made).how == "unknown"
    assert one("R-38", 10.0, made).proposed == "R-28"
    assert one("R-17", 101.0, made).how == "unknown"
    assert one("R-99", 10.0, made).how == "unknown"
    assert one(" - ", 10.0, made).how == "missing"


def test_dashes_say_nothing_unless_they_tell_two_lots_apart() -> None:
    """CX59317 is cx-59317; of A1-23 and A12-3 each is itself, and A123 is asked about."""
    found = one("cx-59317", 10.0, {"CX59317": [0.0], "AB10482": [0.0]})
    assert (found.how, found.lot, found.confusable) == ("normalised", "CX59317", ())
    assert one("CX 593_17", 10.0, {"CX59317": [0.0]}).how == "normalised"
    two = {"A1-23": [0.0], "A12-3": [0.0]}
    assert one("A1-23", 10.0, two).lot == "A1-23"
    assert one("a12 3", 10.0, two).lot == "A12-3"
    assert (one("A123", 10.0, two).how, one("A123", 10.0, two).lot) == ("reused", "")


def test_a_settled_name_that_may_be_a_slip_says_so() -> None:
    """R-11 may be R-12 mistyped: both were there."""
    found = one("R-11", 10.0, {"R-11": [0.0], "R-12": [0.0], "R-25": [0.0]})
    assert (found.lot, found.confusable) == ("R-11", ("R-12",))


def test_lots_that_are_their_own_ancestors_are_not_known() -> None:
    """A circle ends, and is unresolved."""
    known, _ = registers([KIND], [Made("roll", name, 0) for name in ("A-11", "B-22", "C-33")])
    uses = [
        Use("roll", "web", child, text, 1) for child, text in (("A-11", "B-22"), ("B-22", "A-11"))
    ]
    found = reconciled(known, uses, {})
    assert unresolved(["A-11", "B-22", "C-33"], found) == {"A-11", "B-22"}


# ------------------------------------------------------------------------- whole genealogies
def check_laws(told: Told, seed: int, share: float, *, checked: bool) -> float:
    """What must hold whatever errors were put in; returns the share of cells unresolved."""
    chance = np.random.default_rng(seed)
    wrong = broken(told, chance, share, checked=checked)
    found = reconciled(wrong.known, wrong.uses, {})
    for each in found:
        truth = wrong.truth[each.use.key]
        if each.settled and each.lot != truth:
            assert not checked
            assert truth in each.confusable  # not in silence: the true one is named
        if each.how == "exact":
            assert each.use.text.strip() == wrong.known[each.use.kind].lots[each.lot].text
    cells = unresolved(wrong.cells, found)
    if all(not each.settled or each.lot == wrong.truth[each.use.key] for each in found):
        still_open = {each.use.child for each in found if not each.settled}
        assert cells == counted(told, wrong.names, still_open)
    truths = {key: Answer(lot, "a person", "") for key, lot in wrong.truth.items()}
    answered = reconciled(wrong.known, wrong.uses, truths)
    assert all(each.lot == wrong.truth[each.use.key] for each in answered)
    assert not unresolved(wrong.cells, answered)
    return len(cells) / len(wrong.cells)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    share=st.sampled_from([0.0, 0.02, 0.1, 0.5]),
    checked=st.booleans(),
)
def test_nothing_is_settled_wrongly_in_silence(seed: int, share: float, *, checked: bool) -> None:
    """Spellings, slips, missing and reused names: right, open, or named as confusable.

    With check digits never wrong. The cells that are unresolved are those that a count over the
    true links finds; when a person has answered all there are none.
    """
    found = check_laws(grown(np.random.default_rng(seed)), seed, share, checked=checked)
    assert share > 0.0 or found == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.001, 0.1])
def test_the_same_of_the_genealogy_of_a_run(baseline_run: Path, share: float, seed: int) -> None:
    """The baseline's 1,010 cells and 336 lots, their names as the line gives them."""
    run = read(baseline_run)
    lots = run.table("lots", ["lot", "created"])
    cells = run.table("cells", ["cell", "started"])
    times = dict(zip(lots["lot"], lots["created"], strict=True))
    times |= dict(zip(cells["cell"], cells["started"], strict=True))
    links = run.table("links", ["child", "parent", "relation", "role"])
    links = links[links["relation"] == "made_from"]
    told = Told(
        {name: float(tick) / 1000.0 for name, tick in times.items()},
        list(zip(links["child"], links["parent"], links["role"], strict=True)),
        cells["cell"].tolist(),
        {name: name.partition("-")[0] for name in times},
    )
    assert len(told.cells) > 1000
    found = check_laws(told, seed, share, checked=bool(seed % 2))
    assert 0.0 < found < 1.0 or share > 0.01


@pytest.fixture(scope="module")
def baseline_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped baseline, run once."""
    folder = tmp_path_factory.mktemp("run") / "baseline"
    done = CliRunner().invoke(app, ["run", "baseline", "-o", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


# --------------------------------------------------------------------- recording and command
MAPPING = r"""
schema: 1
name: lots
owner: tests
version: "1"
sources:
  mes: {file: mes.csv, late_after: 30 s, clock: {owner: tests}}
signals:
  coated: {column: a, address: coater.rolls, kind: lot}
  mounted: {column: b, address: stacker.cathode, kind: lot}
  stacked: {column: c, address: stacker.cells, kind: lot}
lots:
  roll: {made: [coated], used: {mounted: stacked}, usable_for: 2 h, lasts: 20 min}
  cell: {made: [stacked], made_in: 60 s, cells: true}
"""
BEGIN = 1_767_225_600 * SECOND
READINGS = [
    # signal, time in s, name, arrival after that in s
    ("coated", 0, "R-17", 0),
    ("coated", 600, "R-28", 0),
    ("coated", 1200, "", 0),
    ("mounted", 1800, "r 17", 0),
    ("stacked", 1810, "C-1", 0),
    ("stacked", 1860, "C-2", 0),
    ("mounted", 1920, "R-29", 0),
    ("stacked", 1925, "C-3", 0),
    ("stacked", 3600, "C-4", 0),
    ("mounted", 3595, "R-28", 300),
    ("stacked", 3700, "", 0),
    ("stacked", 7000, "C-5", 0),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording with a name in another spelling, a slip, a late one and one that is missing."""
    return recorded(tmp_path, READINGS)


def recorded(tmp_path: Path, readings: list[tuple[str, int, str, int]]) -> Path:
    """A recording of these readings."""
    file = tmp_path / "plant.yaml"
    file.write_text(MAPPING, encoding="utf-8")
    mapping = load_mapping(file)
    recording = Recording(tmp_path / "feed", mapping)
    rules = Rules(mapping)
    numbers = {signal.name: n for n, signal in enumerate(mapping.signals)}
    for name, time, text, delay in sorted(readings, key=lambda row: row[1] + row[3]):
        moment = BEGIN + time * SECOND
        rows = raw_rows([numbers[name]], moment + delay * SECOND, source_time=np.array([moment]))
        rows.texts[0] = text
        assert rows.server_time[0] == NO_TIME
        recording.add(rules.judge(rows))
    recording.close()
    return tmp_path / "feed"


def lots_of(found: Reconciled) -> dict[str, list[tuple[str, str, bool]]]:
    """Cell -> how, lot, late of what was taken for it."""
    cells: dict[str, list[tuple[str, str, bool]]] = {}
    for each in found.resolutions:
        cells.setdefault(each.use.child, []).append((each.how, each.lot, each.use.late))
    return cells


def test_a_recording_is_reconciled_by_time(folder: Path) -> None:
    """A late name belongs to the cell of its time; one that has lasted too long to none."""
    found = Reconciler(folder).look()
    assert lots_of(found) == {
        "C-1": [("normalised", "R-17", False)],
        "C-2": [("normalised", "R-17", False)],
        "C-3": [("proposed", "", False)],
        "C-4": [("exact", "R-28", True)],
        "C-5": [("missing", "", False)],
    }
    assert found.unresolved == {"C-3", "C-5"}
    assert found.share == pytest.approx(0.4)


def run(*arguments: object) -> Any:  # noqa: ANN401  JSON, or text
    """Run the command."""
    done = CliRunner().invoke(app, ["live", "reconcile", *map(str, arguments)])
    if done.exit_code:
        raise done.exception or AssertionError(done.output)
    return json.loads(done.output) if "--json" in arguments else done.output


def test_a_person_accepts_and_refuses_and_the_log_keeps_it(folder: Path) -> None:
    """What is proposed, or a lot that is named; each in the log, of which the last one counts."""
    told = run(folder, "--json")
    assert (told["cells"], told["cells_unresolved"]) == (5, 2)
    slip, missing = told["open"]
    assert slip["proposed"] == "R-28"
    text = run(folder)
    assert slip["question"] in text
    assert "2 of 5 (40.00 %)" in text
    assert run(folder, "--accept", slip["question"], "--json")["cells_unresolved"] == 1
    with pytest.raises(ResultsError, match="no lot is proposed"):
        run(folder, "--accept", missing["question"])
    with pytest.raises(ResultsError, match="there is no roll 'R-99'"):
        run(folder, "--accept", missing["question"], "--lot", "R-99")
    with pytest.raises(ResultsError, match="there is no question"):
        run(folder, "--refuse", "0123456789")
    with pytest.raises(ScenarioError):
        run(folder, "--lot", "R-17")
    done = run(folder, "--accept", missing["question"], "--lot", "R-17", "--json")
    assert done["unresolved_share"] == 0.0
    refused = run(folder, "--refuse", slip["question"], "--json")
    assert [each["how"] for each in refused["open"]] == ["refused"]
    assert verify(folder / LOG).entries == 4  # it was opened, and three answers


def test_one_reading_is_one_question_however_many_were_made_of_it(tmp_path: Path) -> None:
    """A name misread once, used by three cells: one question, and its answer settles all three."""
    readings = [("coated", 0, "R-17", 0), ("mounted", 600, "R-71", 0)]
    readings += [("stacked", 610 + 60 * n, f"C-{n}", 0) for n in range(3)]
    feed = recorded(tmp_path, [*readings, ("stacked", 790, "", 0)])
    told = run(feed, "--json")
    (question,) = told["open"]
    assert (told["cells_unresolved"], question["proposed"]) == (3, "R-17")
    assert question["taken_for"] == ["C-0", "C-1", "C-2"]
    assert "C-0 and 2 more" in run(feed)
    done = run(feed, "--accept", question["question"], "--json")
    assert (done["cells_unresolved"], done["uses"]["accepted"]) == (0, 3)
    assert verify(feed / LOG).entries == 2  # it was opened, and one answer


def test_a_time_without_a_name_is_one_question_for_all_its_cells(tmp_path: Path) -> None:
    """Nothing was read while three cells were made; after another roll it is another question."""
    readings = [("coated", 0, "R-17", 0), ("mounted", 600, "", 0)]
    readings += [("stacked", 610 + 60 * n, f"C-{n}", 0) for n in range(3)]
    readings += [("mounted", 790, "R-17", 0), ("stacked", 800, "C-3", 0)]
    readings += [("mounted", 860, "", 0), ("stacked", 870, "C-4", 0), ("stacked", 930, "", 0)]
    feed = recorded(tmp_path, readings)
    first, second = run(feed, "--json")["open"]
    assert [first["taken_for"], second["taken_for"]] == [["C-0", "C-1", "C-2"], ["C-4"]]
    done = run(feed, "--accept", first["question"], "--lot", "R-17", "--json")
    assert (done["cells_unresolved"], done["uses"]["accepted"]) == (1, 3)


def test_answers_of_a_log_that_was_changed_count_for_nothing(folder: Path) -> None:
    """The command says which line was changed and ends."""
    slip = run(folder, "--json")["open"][0]
    run(folder, "--accept", slip["question"])
    log = folder / LOG
    log.write_bytes(log.read_bytes().replace(b'"R-28"', b'"R-17"'))
    with pytest.raises(TamperedError):
        run(folder)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("made: [coated]", "made: [coatd]", "lots.roll.made.0"),
        ("mounted: stacked", "mounted: mounted", "lots.roll.used.mounted"),
        ("mounted: stacked", "stacker: stacked", "lots.roll.used.stacker"),
        ("lasts: 20 min", "lasts: 20 m", "lots.roll.lasts"),
        ("lasts: 20 min", "check: {pattern: '('}", "lots.roll.check.pattern"),
        ("lasts: 20 min", "check: {pattern: 'R', method: luhn}", "lots.roll.check.pattern"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, key: str) -> None:
    """A signal that is none, what nothing makes, no time, a pattern that says nothing."""
    file = tmp_path / "plant.yaml"
    file.write_text(MAPPING.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_mapping(file)
    assert key in {problem.key for problem in caught.value.problems}
