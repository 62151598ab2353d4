"""Decisions, holds and severity classes, without a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from linetwin.errors import ResultsError, ScenarioError
from linetwin.results.audit import AuditLog
from linetwin.results.audit_check import verify
from linetwin.results.genealogy import Descendant
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.gauges import Estimate
from linetwin.surrogates.review.asking import read_list, safety_of
from linetwin.surrogates.review.decisions import Asked, Foretold, Second
from linetwin.surrogates.review.fitting import LeftOut, check_any
from linetwin.surrogates.review.holds import Traced
from linetwin.surrogates.review.log import LOG, recorded
from linetwin.surrogates.review.policy import check_names, read_policy
from linetwin.surrogates.review.standing import Standing, standing
from linetwin.surrogates.review.statistics.autocorrelation import Process
from linetwin.surrogates.review.statistics.charts import subgroups
from linetwin.surrogates.review.statistics.spreads import Spread, chart_of_spread
from linetwin.surrogates.review.steps import decide, hold, settle

SAID = Foretold("capacity", 4.9, 4.8, 5.0, "inside", "capacity", "0" * 64)


def _now(folder: Path) -> Standing:
    return standing(recorded(folder))


def _grades(folder: Path) -> dict[str, str]:
    return {cell: each.grade for cell, each in _now(folder).decided.items()}


def _decide(folder: Path, cell: str, grade: str, reviewer: str = "ann") -> None:
    decide(folder, {cell: Asked(grade, "looked at")}, {cell: [SAID]}, reviewer, "1" * 64)


def test_many_at_once(tmp_path: Path) -> None:
    """Forty decisions of four people at once: all are there, and the chain is whole."""
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda n: _decide(tmp_path, f"cell-{n}", "A", f"p{n % 4}"), range(40)))
    assert verify(tmp_path / LOG).entries == 41  # one opens the log
    assert {*_grades(tmp_path)} == {f"cell-{n}" for n in range(40)}


def test_the_newest_decision_holds(tmp_path: Path) -> None:
    """A cell decided twice has the later grade; the earlier entry stays, with what was foretold."""
    _decide(tmp_path, "cell-1", "A")
    _decide(tmp_path, "cell-1", "", "ben")
    log = recorded(tmp_path)
    newest = standing(log).decided["cell-1"]
    assert (newest.reviewer, newest.grade, newest.foretold) == ("ben", "", (SAID,))
    assert [entry.who for entry in log[1:]] == ["ann", "ben"]
    assert _grades(tmp_path) == {"cell-1": ""}


def test_a_log_without_its_end_does_not_go_on(tmp_path: Path) -> None:
    """Entries removed from the end, or the whole log, stop reading and writing."""
    for number in range(3):
        _decide(tmp_path, f"cell-{number}", "A")
    log = tmp_path / LOG
    whole = log.read_bytes()
    log.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(ResultsError, match="truncated"):
        _decide(tmp_path, "cell-9", "A")
    log.unlink()
    with pytest.raises(ResultsError, match="gone"):
        recorded(tmp_path)


def test_an_entry_that_is_no_decision(tmp_path: Path) -> None:
    """A sound log with an entry of another kind under that name is told, without a traceback."""
    AuditLog(tmp_path / LOG).append("eve", "prediction overridden", about="cell-1", after=3)
    with pytest.raises(ResultsError, match="entry 2 is no decision"):
        _now(tmp_path)


@pytest.mark.parametrize("what", ["hold", "disposition"])
def test_an_entry_that_is_no_hold(tmp_path: Path, what: str) -> None:
    """One without its cells, or a disposition of a lot that nobody held."""
    AuditLog(tmp_path / LOG).append("eve", what, about="lot", after={"reason": "x"})
    with pytest.raises(ResultsError, match="entry 2 is no hold or disposition"):
        _now(tmp_path)
    rest = {"reason": "x", "cells": [], "disposition": "scrap"}
    entry = AuditLog(tmp_path / LOG).append("eve", "disposition", about="lot", after=rest)
    with pytest.raises(ResultsError, match="entry 3 of the log decides about a lot not on hold"):
        standing([entry])


@pytest.mark.parametrize(("grade", "reason", "reviewer"), [("C", "x", "a"), ("A", " ", "a"),
                                                          ("A", "x", "")])  # fmt: skip
def test_nothing_is_written_of_a_wrong_decision(
    tmp_path: Path, grade: str, reason: str, reviewer: str
) -> None:
    """An unknown grade, no reason, no name: refused before the log is touched."""
    with pytest.raises(ScenarioError):
        decide(tmp_path, {"c": Asked(grade, reason)}, {"c": [SAID]}, reviewer, "")
    assert not (tmp_path / LOG).exists()


def test_nothing_predicted_is_not_accepted(tmp_path: Path) -> None:
    """A cell that every predictor refused is not accepted; a person's grade may be given."""
    refused = Foretold("capacity", None, None, None, "outside", "capacity", "0" * 64)
    with pytest.raises(ScenarioError, match="cell-1: nothing was predicted"):
        decide(tmp_path, {"cell-1": Asked("", "seen")}, {"cell-1": [refused, refused]}, "ann", "")
    assert not (tmp_path / LOG).exists()
    decide(tmp_path, {"cell-1": Asked("B", "seen")}, {"cell-1": [refused]}, "ann", "")
    decide(tmp_path, {"cell-2": Asked("", "seen")}, {"cell-2": [refused, SAID]}, "ann", "")
    assert _grades(tmp_path) == {"cell-1": "B", "cell-2": ""}


def test_a_wrong_grade_of_a_list_is_told_with_its_line(tmp_path: Path) -> None:
    """File and line of an unknown grade stand in the message."""
    file = tmp_path / "dec.csv"
    file.write_text("cell,grade,reason\ncell-1,A,x\ncell-2,Z,x\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as raised:
        read_list(file, Asked("", "x"), accepts=True)
    (problem,) = raised.value.problems
    assert (problem.file, problem.line, problem.message) == (file, 3, "'Z' is no grade")
    assert "A, B, scrap" in problem.hint


@pytest.mark.parametrize(
    ("text", "grade", "accept", "said"),
    [
        ("cell,grade\ncell-1,\n", "", "", "cell-1 has no grade"),
        ("cell\ncell-1\n", "", "", "cell-1 has no grade"),
        ("cell,grade\ncell-1,A\n", "scrap", "", "has a column of grades, and all are to be"),
        ("cell,grade\n", "", "--accept", "has no row"),
        ("cell;x\nx\n", "", "--accept", "has no column 'cell'"),
        ("cell,grades\ncell-1,A\n", "", "--accept", "has a column 'grades', which says nothing"),
    ],
)
def test_a_list_says_what_is_decided(
    tmp_path: Path, text: str, grade: str, accept: str, said: str
) -> None:
    """Nothing is accepted, and no grade is turned round, that nobody asked for."""
    file = tmp_path / "dec.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=said):
        read_list(file, Asked(grade, "x"), accepts=bool(accept))


def test_a_list_without_grades_takes_one_for_all(tmp_path: Path) -> None:
    """`--override scrap` for all cells of a list, or all accepted."""
    file = tmp_path / "dec.csv"
    file.write_text("cell\ncell-1\n", encoding="utf-8")
    assert read_list(file, Asked("scrap", "x"), accepts=False)["cell-1"].grade == "scrap"
    assert read_list(file, Asked("", "x"), accepts=True)["cell-1"].grade == ""
    file.write_text("cell, Grade ,REASON\ncell-1,scrap,bent\n", encoding="utf-8")
    assert read_list(file, Asked("", "x"), accepts=True)["cell-1"].grade == "scrap"


def test_a_folder_without_any_of_cells() -> None:
    """Where nothing is left of a folder, each that was left out is named with its reason."""
    rest = [LeftOut("porosity", "porosity", "porosity.predictor", "of a process, not of cells")]
    check_any(1, rest)
    check_any(0, [])
    with pytest.raises(ScenarioError, match="porosity: of a process, not of cells: left out"):
        check_any(0, rest)


def test_a_limit_beyond_all_numbers_is_none() -> None:
    """Of a scatter that two subgroups tell, the upper limit is infinite, without a warning."""
    mean = Estimate(0.0, -1.0, 1.0)
    spread = Spread(1.0, 2.0, Process(0.0, 1e3, mean, 0.5, 1.0))
    groups = subgroups(np.array([1.0, 2.0, 3.0, 5.0]), ("a", "a", "b", "b"))
    chart = chart_of_spread(spread, groups, 1e-3)
    assert chart is not None
    assert np.isinf(chart.high).all()
    assert (chart.low == 0).all()
    assert np.isfinite(chart.centre)


def _cell(name: str, where: str) -> Descendant:
    return Descendant(name, "cell", "made_from", "web", 1.0, "A", "", where)


def test_a_hold_ends_with_its_last_cell(tmp_path: Path) -> None:
    """Cells are settled in parts; a lot that was settled may be held again."""
    found = Traced("lot-1", (_cell("b", "store"), _cell("a", "shipped")))
    assert found.shipped == ("a",)
    assert hold(tmp_path, found, "rough", "ann").where == {"shipped": 1, "store": 1}
    first = settle(tmp_path, "lot-1", "rework", "again", "ben", ["b"])
    assert (first.open_cells, first.is_open) == (("a",), True)
    last = settle(tmp_path, "lot-1", "scrap", "came back", "ben")
    assert (last.settled[1].cells, last.is_open) == (("a",), False)
    assert hold(tmp_path, found, "rough again", "ann").is_open
    with pytest.raises(ScenarioError, match="is none"):
        settle(tmp_path, "lot-1", "sell", "x", "ben")
    with pytest.raises(ScenarioError, match="not on hold"):
        settle(tmp_path, "lot-2", "scrap", "x", "ben")


def test_what_has_ended_is_not_open(tmp_path: Path) -> None:
    """Cells scrapped or taken as samples before the hold are counted apart, and not decided on."""
    where = {"a": "scrap", "b": "store", "c": "sample", "d": "shipped"}
    found = Traced("lot-1", tuple(_cell(*each) for each in where.items()))
    held = hold(tmp_path, found, "rough", "ann")
    assert (held.ended, held.open_cells) == (("a", "c"), ("b", "d"))
    with pytest.raises(ScenarioError, match="a sample before"):
        settle(tmp_path, "lot-1", "release", "fine", "ben", ["a"])
    last = settle(tmp_path, "lot-1", "release", "fine", "ben")
    assert (last.settled[0].cells, last.ended, last.is_open) == (("b", "d"), ("a", "c"), False)


def test_what_was_decided_to_be_scrap_is_not_released(tmp_path: Path) -> None:
    """A lot is let through without it, or after another decision."""
    found = Traced("tray-1", (_cell("cell-1", "store"), _cell("cell-2", "store")))
    hold(tmp_path, found, "rough", "ann")
    decide(tmp_path, {"cell-1": Asked("scrap", "seen")}, {"cell-1": [SAID]}, "ann", "1" * 64)
    for what in ("release", "use as is", "rework"):
        with pytest.raises(ScenarioError, match="cell-1 is scrap, as ann decided"):
            settle(tmp_path, "tray-1", what, "fine", "ben")
    with pytest.raises(ScenarioError, match="is no name"):
        settle(tmp_path, "tray-1", "scrap", "fine", ".")
    kept = settle(tmp_path, "tray-1", "release", "fine", "ben", ["cell-2"])
    assert kept.open_cells == ("cell-1",)
    assert not settle(tmp_path, "tray-1", "scrap", "as decided", "ben").is_open


def test_what_one_hold_scraps_no_other_keeps(tmp_path: Path) -> None:
    """Two lots share a cell: scrapped with one it is gone from the other, whoever comes first."""
    shared, own = _cell("cell-1", "store"), _cell("cell-2", "store")
    hold(tmp_path, Traced("tray-1", (shared,)), "rough", "ann")
    hold(tmp_path, Traced("slurry-1", (shared, own)), "rough", "ann")
    settle(tmp_path, "tray-1", "scrap", "bent", "ben")
    told = _now(tmp_path).held("slurry-1")
    assert told is not None
    assert (told.open_cells, told.ended) == (("cell-2",), ("cell-1",))
    with pytest.raises(ScenarioError, match="cell-1"):
        settle(tmp_path, "slurry-1", "release", "fine", "ben", ["cell-1"])
    kept = settle(tmp_path, "slurry-1", "release", "fine", "ben")
    assert (kept.settled[-1].cells, kept.is_open) == (("cell-2",), False)
    assert _now(tmp_path).scrapped == {"cell-1": "with tray-1"}


def test_what_has_ended_is_not_held(tmp_path: Path) -> None:
    """A hold of a cell that was scrapped before would hold nothing; no entry is written."""
    with pytest.raises(ScenarioError, match="was scrapped or taken as a sample before"):
        hold(tmp_path, Traced("a", (_cell("a", "scrap"),)), "rough", "ann")
    assert not (tmp_path / LOG).exists()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Müller, Jörg", "jorg  MULLER", True),
        ("Lee, Ann", "Ann Lee", True),
        ("Ann Lee", "AnnLee", True),
        ("Müller", "mueller", True),
        ("ann@plant.example", "ann", True),
        ("Ann", "Ann Lee", True),
        ("Ann Lee", "Ann Leeds", False),
        ("Joe Lee", "Jo Lee", False),
    ],
)
def test_a_person_is_one_in_any_spelling(one: str, other: str, *, same: bool) -> None:
    """Order of names, case, accents and dots do not make a second person."""
    with pytest.raises(ScenarioError, match="may be, the reviewer") if same else nullcontext():
        Second(other).check(one, [])


def test_letters_that_look_alike_make_no_second_person() -> None:
    """A Cyrillic letter in a Latin name is refused; a name all in one alphabet is a name."""
    with pytest.raises(ScenarioError, match="mixes letters of Cyrillic and Latin"):
        Second("\u0430nn").check("ann", [])
    Second("\u0410\u043d\u043d\u0430").check("ann", [])


def test_a_lot_without_cells_is_settled_once(tmp_path: Path) -> None:
    """A hold of a lot that nothing was made of is open until someone decides."""
    assert hold(tmp_path, Traced("lot-1", ()), "rough", "ann").is_open
    assert not settle(tmp_path, "lot-1", "scrap", "rough", "ann").is_open


def test_the_threshold_costs_least() -> None:
    """Of all thresholds the policy's has the least mean cost where risks are what they say."""
    weighs = read_policy().characteristics["is_scrap"]
    assert weighs.cost_of_escape is not None
    assert weighs.cost_of_false_alarm is not None
    risks = np.linspace(0.0005, 0.9995, 1000)
    costs = [
        np.where(risks >= limit, (1 - risks) * weighs.cost_of_false_alarm,
                 risks * weighs.cost_of_escape).mean()
        for limit in risks
    ]  # fmt: skip
    assert weighs.threshold == pytest.approx(risks[int(np.argmin(costs))], abs=1e-3)


def test_the_shipped_policy_is_all_assumed() -> None:
    """No number of the shipped policy is more than an assumption; safety has no costs."""
    policy = read_policy()
    assert policy.assumed == len(policy.characteristics)
    for each in policy.characteristics.values():
        assert (each.severity == "safety") == (each.threshold is None)
        assert (each.severity == "safety") == (each.ceiling_ppm is not None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{severity: safety, tag: A, source: x}", "ceiling_ppm: is missing"),
        ("{severity: function, cost_of_escape: 3 EUR, tag: A, source: x}", "cost_of_false_alarm"),
        ("{severity: grave, tag: A, source: x}", "severity"),
        ("{severity: cosmetic, cost_of_escape: 3, cost_of_false_alarm: 1 EUR, tag: A, source: x}",
         "cost_of_escape"),
        ("{severity: cosmetic, cost_of_escape: 3 EUR, cost_of_false_alarm: 1 USD, tag: A, source: x}",  # noqa: E501
         "one currency"),
        ("{severity: safety, ceiling_ppm: 0, tag: A, source: x}", "ceiling_ppm"),
        ("{severity: function, cost_of_escape: 0 EUR, cost_of_false_alarm: 0 EUR, tag: A, source: x}",  # noqa: E501
         "cost_of_escape: is 0: then all cells are stopped, or none"),
        ("{severity: function, cost_of_escape: -8 EUR, cost_of_false_alarm: 1 EUR, tag: A, source: x}",  # noqa: E501
         r"'-8 EUR' is no sum of money \(0 or more with a currency: 8.5 EUR\)"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_told(tmp_path: Path, line: str, said: str) -> None:
    """What a class lacks, or has and may not, is told with its key."""
    file = tmp_path / "quality.yaml"
    text = f"schema: 1\npolicy: own\naudit_share: 2 %\ncharacteristics:\n  is_scrap: {line}\n"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=said):
        read_policy(file)


def test_a_good_value_is_no_fault(tmp_path: Path) -> None:
    """`is_grade_a` of 1 is a good cell: with `bad: 1` all good ones would be stopped."""
    file = tmp_path / "quality.yaml"
    line = "is_grade_a: {severity: cosmetic, cost_of_escape: 3 EUR, cost_of_false_alarm: 1 EUR, "
    text = "schema: 1\npolicy: own\naudit_share: 2 %\ncharacteristics:\n"
    file.write_text(f"{text}  {line}tag: A, source: x}}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="bad: is 1, and 1 is a good cell"):
        read_policy(file)
    file.write_text(f"{text}  {line}bad: 0, tag: A, source: x}}\n", encoding="utf-8")
    assert read_policy(file).characteristics["is_grade_a"].bad == 0


def test_what_a_policy_misspells_is_refused(tmp_path: Path) -> None:
    """Else it would be of safety no more; a finding that this run did not have is none."""
    file = tmp_path / "quality.yaml"
    text = "schema: 1\npolicy: own\naudit_share: 2 %\ncharacteristics:\n"
    line = "{severity: safety, ceiling_ppm: 1, tag: A, source: x}"
    file.write_text(f"{text}  found_self_dischrge: {line}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="found_self_dischrge' is no column") as caught:
        check_names(read_policy(file), ["capacity"])
    assert "found_self_discharge" in caught.value.problems[0].hint
    file.write_text(f"{text}  found_self_discharge: {line}\n", encoding="utf-8")
    check_names(read_policy(file), ["capacity"])


SAFE = Foretold("found_self_discharge", 0.2, 0.1, 0.4, "inside", "leaks", "2" * 64)
NEEDED = {"cell-1": ("found_self_discharge",)}


def _beside(folder: Path, grade: str, second: str) -> None:
    said = {"cell-1": [SAID, SAFE]}
    decide(
        folder,
        {"cell-1": Asked(grade, "seen")},
        said,
        "ann",
        "1" * 64,
        Second(second, "3" * 64, NEEDED),
    )


@pytest.mark.parametrize(
    ("grade", "second"),
    [
        ("A", ""),
        ("B", ""),
        ("A", "ann"),
        ("A", " Ann ."),
        ("A", "Ánn"),
        ("A", "."),
    ],
)
def test_nobody_overrides_safety_alone(tmp_path: Path, grade: str, second: str) -> None:
    """A cell of a safety class is not let through by one person, nor by one under two spellings."""
    with pytest.raises(ScenarioError) as raised:
        _beside(tmp_path, grade, second)
    assert raised.value.problems[0].key == "--second"
    assert not (tmp_path / LOG).exists()


def test_a_class_is_not_lost_by_a_slip(tmp_path: Path) -> None:
    """A policy that leaves self-discharge out keeps the shipped class; one that has it, its own."""
    costs = "cost_of_escape: 3 EUR, cost_of_false_alarm: 1 EUR"
    line = f"severity: cosmetic, {costs}, tag: A, source: x"
    name = "found_self_discharge"
    frame = pd.DataFrame({name: [1.0]}, index=["a"])
    columns = {name: ColumnSpec(name, "target", "1")}
    data = Dataset("made", "Made", frame, columns, "made", "CC0-1.0", "0" * 64, Path("made"))
    for own, safe in (("is_scrap", (name,)), (name, ())):
        file = tmp_path / "quality.yaml"
        head = "schema: 1\npolicy: own\naudit_share: 2 %\ncharacteristics:\n"
        file.write_text(f"{head}  {own}: {{{line}}}\n", encoding="utf-8")
        assert safety_of([], data, read_policy(file), ["a"]) == {"a": safe}


def test_two_people_override_safety(tmp_path: Path) -> None:
    """Both stand in the log with what needed it; scrapping, and accepting, one person may do."""
    _beside(tmp_path, "A", "ben")
    entry = recorded(tmp_path)[-1]
    assert (entry.who, entry.after["second"]) == ("ann", "ben")
    assert entry.before["policy"] == "3" * 64
    told = standing([entry]).decided["cell-1"]
    assert (told.reviewer, told.second, told.safety) == ("ann", "ben", NEEDED["cell-1"])
    _beside(tmp_path, "scrap", "")
    _beside(tmp_path, "", "")
    assert verify(tmp_path / LOG).entries == 4


def test_what_is_of_safety() -> None:
    """Predicted safety characteristics are, and of a cell those the line found; costs are not."""
    names = ("found_self_discharge", "is_scrap", "found_lithium_plating")
    columns = {name: ColumnSpec(name, "target", "1") for name in names}
    frame = pd.DataFrame({"found_self_discharge": [0.0, 1.0], "is_scrap": [1.0, 1.0],
                          "found_lithium_plating": [0.0, np.nan]}, index=["a", "b"])  # fmt: skip
    data = Dataset("made", "Made", frame, columns, "made", "CC0-1.0", "0" * 64, Path("made"))
    assert safety_of([], data, read_policy(), ["a", "b"]) == {
        "a": (),
        "b": ("found_self_discharge",),
    }
    told = [SimpleNamespace(target="found_lithium_plating"), SimpleNamespace(target="is_scrap")]
    assert safety_of(told, data, read_policy(), ["a"]) == {"a": ("found_lithium_plating",)}
