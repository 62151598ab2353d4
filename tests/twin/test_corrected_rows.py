"""Rows of a laboratory's file that a person has corrected: what was learnt from them is undone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgpack
import pytest
from test_assimilating import HOUR, Press
from test_rows_of_a_lot import Laboratory
from test_tables import written

from linetwin.scenario import load
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.assimilating.entries import Reading
from linetwin.twin.board.board import Board
from linetwin.twin.feed.rules import Rules
from linetwin.twin.feed.tables import TableReader
from linetwin.twin.following.meaning import Meaning

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.columns import Raw

SLIP = 5.4e-4
"""A slip of the decimal point [m]: implausible."""
FALSE = 2e-6
"""A digit that was mistaken [m]: learnt from."""


class Clerk(Laboratory):
    """A laboratory whose rows carry their own times, and are corrected."""

    def row(self, number: int, off: float, *, lot: str = "", hours: float = 0.0) -> None:
        """Write a row of a roll: off by so much, of another lot, or of another time."""
        self.write(number, off, lot, hours, corrects=False)

    def correct(self, number: int, off: float, *, lot: str = "", hours: float = 0.0) -> None:
        """Change a row of a roll to this."""
        self.write(number, off, lot, hours, corrects=True)

    def write(self, number: int, off: float, lot: str, hours: float, *, corrects: bool) -> None:
        """Hand a row to the twin; `hours`: after the roll was handed over."""
        known = self.events[number]
        tick = known.tick + round((1 + hours) * HOUR)
        name = lot or f"plant-{number}"
        self.twin.measured(
            replace(known, value=known.value + off, tick=tick, text=name, corrects=corrects)
        )

    def press(self, count: int) -> None:
        """Press so many rolls."""
        self.events = {number: self.roll(number) for number in range(1, count + 1)}


def clerks(rolls: int) -> tuple[Clerk, Clerk]:
    """Return two laboratories beside the same rolls, the first three of them measured."""
    found = Clerk(), Clerk()
    for each in found:
        each.press(rolls)
        for number in range(1, 4):
            each.row(number, 0.0)
        each.twin.outcomes()
    return found


def medians(press: Press) -> list[float]:
    """Return what has been learnt."""
    return [each.median for each in press.twin.estimates()]


@pytest.mark.parametrize("slip", [SLIP, FALSE])
@pytest.mark.parametrize("after", [4, 6])
@pytest.mark.parametrize("beside", [False, True])
def test_a_changed_row_replaces_the_one_that_it_corrects(
    slip: float, after: int, *, beside: bool
) -> None:
    """At once or two rolls later, alone or one of two rows: as if it had been right at once."""
    wrong, right = clerks(6)
    for each, off in ((wrong, slip), (right, 0.0)):
        each.row(4, off)
        if beside:
            each.row(4, 1e-8, hours=0.5)
        for number in range(5, after + 1):
            each.row(number, 0.0)
        each.twin.outcomes()
    said = wrong.twin.findings()
    wrong.correct(4, 0.0)
    assert wrong.twin.withdrawn() == said
    assert wrong.twin.withdrawn() == []
    assert medians(wrong) == pytest.approx(medians(right), rel=1e-9)
    assert wrong.texts() == right.texts() == []
    assert (wrong.twin.counts["used"], wrong.twin.counts["set aside"]) == (
        right.twin.counts["used"],
        0,
    )
    (remark,) = [each for each in wrong.twin.remarks() if "corrected" in each]
    assert "of plant-4 corrected to" in remark
    assert ("withdrawn" in remark) == (slip == SLIP or beside)
    assert wrong.twin.set_aside == ""
    told = wrong.twin.outcomes()
    assert {(each.plant_lot, each.corrected) for each in told} == {("plant-4", True)}


def test_the_board_keeps_the_first_outcome_and_says_that_it_was_corrected(tmp_path: Path) -> None:
    """The score of the mistaken value stays; the corrected one is on the log, and counted."""
    press = clerks(4)[0]
    board = Board(tmp_path)
    board.register([replace(each, made_tick=0) for each in press.twin.predictions()], HOUR)
    press.row(4, FALSE)
    board.score(press.twin.outcomes(), 5 * HOUR)
    before = board.scores()
    press.correct(4, 0.0)
    told = press.twin.outcomes()
    assert {(each.plant_lot, each.corrected) for each in told} == {("plant-4", True)}
    board.score(told, 6 * HOUR)
    assert board.scores() == before
    assert board.tally.counts["corrected"] == len(told) > 0
    assert board.tally.counts["twice"] == 0


@pytest.mark.parametrize("what", ["lot", "time", "a lot that is not known"])
def test_a_row_of_which_lot_or_time_was_wrong_is_the_one_of_the_same_value(what: str) -> None:
    """The other cells tell which: it leaves the lot that it was of, or no lot, for its own."""
    wrong, right = clerks(5)
    lot = {"lot": "plant-4", "time": "plant-5", "a lot that is not known": "XY-1"}[what]
    wrong.row(5, 0.0, lot=lot, hours=3.0 if what == "time" else 0.0)
    wrong.correct(5, 0.0)
    right.row(5, 0.0)
    assert wrong.twin.waiting() == []
    assert medians(wrong) == pytest.approx(medians(right), rel=1e-9)
    assert wrong.twin.counts["used"] == right.twin.counts["used"] == 4


def test_what_cannot_be_told_apart_or_is_forgotten_is_said() -> None:
    """Two rows of one time; a row that was never learnt from is a new one; one beyond memory."""
    press, same = clerks(4)
    for each in (press, same):
        each.row(4, 0.0)
        each.row(4, 3e-8)
    press.correct(4, FALSE)
    assert "2 rows have its lot and time" in press.twin.remarks()[-1]
    assert medians(press) == medians(same)
    new, plain = clerks(4)
    new.correct(4, 0.0)
    plain.row(4, 0.0)
    assert medians(new) == medians(plain)
    new.twin._journal.first = 4 * HOUR + 1
    new.twin._journal.entries = [
        each for each in new.twin._journal.entries if not isinstance(each, Reading)
    ]
    new.correct(4, 1e-8)
    assert "beyond what is remembered" in new.twin.remarks()[-1]
    assert new.twin.counts["too late"] == 1


def test_a_correction_after_a_twin_was_saved_finds_its_row() -> None:
    """What a row was is saved with the twin."""
    press, right = clerks(4)
    press.row(4, FALSE)
    right.row(4, 0.0)
    saved = msgpack.unpackb(msgpack.packb(press.twin.save()))
    again = Clerk()
    again.twin.load(saved)
    again.events = press.events
    again.correct(4, 0.0)
    assert medians(again) == pytest.approx(medians(right), rel=1e-9)


MAPPING = """\
schema: 1
name: pilot
owner: us
version: "1"
line_start: "2026-05-25T00:00:00+00:00"
sources:
  laboratory: {file: lab.csv, time: time, lot: roll, clock: {owner: lab}}
signals:
  S: {source: laboratory, column: S, address: cathode.coater.loading_scale, quantity: loading,
      unit: mg/cm2}
"""


def test_a_changed_row_of_a_file_comes_as_a_correction(tmp_path: Path) -> None:
    """One of three, more than a tenth: it alone comes again, to be learnt from, and no other.

    One that is implausible still is not, nor one that names no lot.
    """
    file, scenario = tmp_path / "lab.csv", load("live_twin")
    rows = ["time,S,roll", *(f"2026-06-01T1{n}:00:00Z,18.{n},roll-{n}" for n in range(3))]
    written(file, "\n".join(rows) + "\n", 1)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    mapping = load_mapping(tmp_path / "mapping.yaml", scenario)
    came: list[Raw] = []
    sink = SimpleNamespace(rows=came.append, notice=lambda *_: None)
    signals = list(enumerate(mapping.signals))
    found = TableReader(mapping.sources["laboratory"], signals, sink)
    rules, origin = Rules(mapping), mapping.line_start
    assert origin is not None
    meaning = Meaning(mapping, scenario, origin)
    found.look()
    told = [list(meaning.events(rules.judge(came[-1])))]
    for minute, words in enumerate(("18.61,roll-1", "1861,roll-1", "18.62,"), start=2):
        rows[2] = f"2026-06-01T11:00:00Z,{words}"
        written(file, "\n".join(rows) + "\n", minute)
        found.look()
        told.append(list(meaning.events(rules.judge(came[-1]))))
    first, (second,), (third,), (fourth,) = told
    assert [(each.usable, each.corrects) for each in first] == [(True, False)] * 3
    assert (second.usable, second.corrects, second.text) == (True, True, "roll-1")
    assert second.value == pytest.approx(0.1861)
    assert second.tick == first[1].tick
    assert (third.usable, "outside its range" in third.doubt) == (False, True)
    assert (fourth.usable, fourth.corrects) == (False, False)
