"""An instrument of another unit or another node: refused in all places, learnt from in none."""

from __future__ import annotations

from dataclasses import replace

import msgpack
import pytest
from test_corrected_rows import Clerk, clerks, medians
from test_rows_of_a_lot import Laboratory

from linetwin.twin.writing.status import doubts


def mistaken(laboratory: Laboratory, numbers: range, factor: float) -> None:
    """Press rolls that are read so many times as thick as they are."""
    for number in numbers:
        event = laboratory.roll(number)
        named = replace(event, value=event.value * factor, text=f"plant-{number}")
        laboratory.twin.measured(named)


@pytest.mark.parametrize("factor", [1e-3, 0.1, 10.0, 1e6, -1.0])
def test_a_reading_of_another_unit_is_refused_each_time(factor: float) -> None:
    """From the first roll on: no bias, no jump, no outcome; a mismatch that stays; told once."""
    press, without = Laboratory(), Laboratory()
    mistaken(press, range(1, 9), factor)
    for number in range(1, 9):
        without.rows(number)
    assert medians(press) == pytest.approx(medians(without), abs=1e-12)
    assert press.board() == []
    (finding,) = press.twin.findings()
    assert (finding.kind, finding.names) == ("mismatch", ("cathode_thickness",))
    assert "implausible, not learnt from" in finding.text
    assert "its unit and node in the mapping" in finding.advice
    assert press.twin.counts["set aside"] == 8
    assert press.twin.counts["jumps"] == 0
    (bias,) = [each for each in press.twin.estimates() if each.name == "cathode_thickness"]
    (read,) = press.twin.innovations()
    assert bias.refused == read.refused
    wanted = {1e-3: "1,000 times too little", 10.0: "10 times too much", -1.0: "zero or less"}
    if factor in wanted:
        assert bias.refused == wanted[factor]
    again = Laboratory()
    again.twin.load(msgpack.unpackb(msgpack.packb(press.twin.save())))
    assert again.twin.innovations()[0].refused == read.refused


def test_a_sound_reading_ends_a_refusal() -> None:
    """The mapping has been put right: what is read from then on counts."""
    press = Laboratory()
    mistaken(press, range(1, 4), 1e-3)
    press.rows(4, 0.0)
    assert press.twin.innovations()[0].refused == ""
    assert [lot for lot, _ in press.board()] == ["plant-4"]


def test_a_correction_elsewhere_leaves_what_holds() -> None:
    """Rows before it are served again, and the refusal is found again: the station stays held."""
    press: Clerk = clerks(6)[0]
    for number in range(4, 7):
        event = press.events[number]
        press.twin.measured(replace(event, value=event.value / 1000, text=f"plant-{number}"))
    held = doubts(press.twin.findings(), press.twin.config)
    assert list(held) == ["cathode.calender"]
    press.correct(2, 1e-7)
    assert doubts(press.twin.findings(), press.twin.config) == held
