"""Rows of a laboratory's file of one lot: each is right or wrong by itself."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import pytest
from test_assimilating import HOUR, Press, scenario

from linetwin.twin.assimilating import Assimilator
from linetwin.twin.assimilating.readings import agreeing

TRUE = (0.0, 3e-8)
WRONG = (5.4e-4, -4e-6)
"""Off by a slip of the decimal point, and by 4 um [m]."""


class Laboratory(Press):
    """A sound calender, whose rolls a laboratory measures: its rows name them."""

    def __init__(self) -> None:
        super().__init__(0.0)
        config = scenario().twin
        assert config is not None
        own = replace(config.instruments[0], prior=1e-7)
        found = replace(scenario(), twin=replace(config, instruments=(own,)))
        self.twin = Assimilator(found, self.twin._bare, 1)

    def rows(self, number: int, *off: float) -> None:
        """Press a roll; the laboratory reads it so many times: by so much too thick."""
        event = self.roll(number)
        for away in off:
            row = replace(event, value=event.value + away, text=f"plant-{number}")
            self.twin.measured(row)

    def early(self, number: int, *off: float) -> None:
        """Press a roll that the laboratory has read before it is handed over."""
        name = f"plant-{number}"
        known = Press(0.0).roll(number)
        for away in off:
            self.twin.measured(replace(known, value=known.value + away, text=name))
        self.roll(number)

    def board(self) -> list[tuple[str, float]]:
        """Return what goes to the screen and the board: lots and values."""
        return [(each.plant_lot, each.value) for each in self.twin.outcomes()]

    def texts(self) -> list[str]:
        """Return what is said to be wrong."""
        return [each.text for each in self.twin.findings()]


@pytest.mark.parametrize("order", [*permutations((*TRUE, *WRONG))][::5])
def test_rows_that_cannot_all_be_right_are_told_and_the_odd_ones_not_learnt_from(
    order: tuple[float, ...],
) -> None:
    """Two of four agree: as if the others had not come, in whatever order they came."""
    one, other = Laboratory(), Laboratory()
    for number in range(1, 4):
        one.rows(number, 0.0)
        other.rows(number, 0.0)
    one.rows(4, *order)
    other.rows(4, *TRUE)
    (text,) = one.texts()
    assert text.startswith("these 4 readings of coating_thickness of plant-4 by cathode_thickness")
    assert [each.median for each in one.twin.estimates()] == pytest.approx(
        [each.median for each in other.twin.estimates()], rel=1e-12
    )


def test_one_implausible_reading_is_told_and_not_learnt_from() -> None:
    """A slip of the decimal point: a mismatch, no bias; what is known stays."""
    press, without = Laboratory(), Laboratory()
    for each in (press, without):
        for number in range(1, 4):
            each.rows(number, 0.0)
    press.rows(4, 5.4e-4)
    without.rows(4)
    (finding,) = press.twin.findings()
    assert (finding.kind, finding.names) == ("mismatch", ("cathode_thickness",))
    assert "of plant-4" in finding.text
    assert "implausible, not learnt from" in finding.text
    assert [each.median for each in press.twin.estimates()] == [
        each.median for each in without.twin.estimates()
    ]
    press.rows(5, 0.0)
    assert not [each for each in press.twin.findings() if each.kind != "mismatch"]


def test_values_agree_where_most_do() -> None:
    """The most that are near to one another; nothing where two parties are as many."""
    assert agreeing((18.62, 186.2, 17.4, 18.61), [0.05] * 4, 4.0) == (18.62, 18.61)
    assert agreeing((1.0, 1.0, 2.0, 2.0), [0.05] * 4, 4.0) == ()
    assert agreeing((1.0, 2.0), [0.05] * 2, 4.0) == ()
    assert agreeing((1.0, 1.1, 0.9), [0.05] * 3, 4.0) == (1.0, 1.1, 0.9)


@pytest.mark.parametrize("when", ["waiting", "handed over"])
def test_screen_and_board_have_the_rows_that_are_learnt_from(when: str) -> None:
    """Whether the rows wait for their roll or come after it: the mean of the two that agree."""
    press, right = Laboratory(), Laboratory()
    for each in (press, right):
        for number in range(1, 4):
            each.rows(number, 0.0)
        assert len(each.board()) == 2  # nothing was predicted of the first
    rows = (TRUE[0], WRONG[0], WRONG[1], TRUE[1])
    put = Laboratory.early if when == "waiting" else Laboratory.rows
    put(press, 4, *rows)
    put(right, 4, *TRUE)
    ((lot, value),) = press.board()
    ((_, expected),) = right.board()
    assert (lot, value) == ("plant-4", pytest.approx(expected, rel=1e-12))
    assert press.twin.counts["set aside"] == 2
    assert press.twin.counts["used"] == 5
    assert press.texts()[0] == press.twin.set_aside
    assert press.twin.remarks() == []  # a finding tells it


def test_of_rows_of_which_none_can_be_believed_nothing_is_shown() -> None:
    """Two parties: no outcome; a third row settles it, and then there is one."""
    press = Laboratory()
    for number in range(1, 4):
        press.rows(number, 0.0)
    press.board()
    press.rows(4, 0.0, 4e-6)
    assert press.board() == []
    assert press.twin.counts["set aside"] == 2
    late = replace(Press(0.0).roll(4), tick=5 * HOUR, text="plant-4")
    press.twin.measured(replace(late, value=late.value + 4e-6))
    ((lot, value),) = press.board()
    assert lot == "plant-4"
    assert value == pytest.approx(late.value + 4e-6, abs=2e-6)
    assert press.twin.counts["set aside"] == 1


def test_rows_of_a_roll_long_gone_are_told_though_no_finding_stays() -> None:
    """A remark, once, with the reason; what is learnt is as if they had not come."""
    press, without = Laboratory(), Laboratory()
    for each in (press, without):
        for number in range(1, 20):
            each.rows(number, *TRUE)
        each.board()
    old = replace(Press(0.0).roll(2), text="plant-2")
    for away in WRONG:
        press.twin.measured(replace(old, value=old.value + away))
    (remark,) = press.twin.remarks()
    assert "of plant-2 by cathode_thickness cannot all be right" in remark
    assert press.twin.remarks() == []
    assert press.board() == []
    assert press.twin.counts["set aside"] == 2
    assert [each.median for each in press.twin.estimates()] == pytest.approx(
        [each.median for each in without.twin.estimates()], rel=1e-12
    )


def test_a_row_outside_its_range_is_told_with_its_lot() -> None:
    """Rows that the feed has refused: counted as set aside, one remark of those that came together.

    A signal that names no lot is told once, until it is plausible again.
    """
    press = Laboratory()
    event = press.roll(1)
    for lot in ("plant-1", "plant-2"):
        refused = replace(event, text=lot, value=0.0186, usable=False, doubt="outside its range")
        press.twin.measured(refused)
    (remark,) = press.twin.remarks()
    assert remark == (
        "cathode_thickness read coating_thickness 18600 µm of plant-1, 18600 µm of plant-2: "
        "outside its range, not learnt from"
    )
    unnamed = replace(event, usable=False, doubt="outside its range")
    for _ in range(3):
        press.twin.measured(unnamed)
    assert len(press.twin.remarks()) == 1
    press.twin.measured(unnamed)
    assert press.twin.remarks() == []
    assert press.twin.counts == {"set aside": 6}
    assert press.board() == []


def test_a_reading_without_a_value_is_counted_where_there_is_a_doubt() -> None:
    """A laboratory's decimal comma is set aside, told once and counted; a sensor's NaN is not."""
    press = Laboratory()
    event = replace(press.roll(1), value=math.nan, usable=False, doubt="'18,66' is no number")
    press.twin.measured(replace(event, doubt=""))
    assert not press.twin.counts
    press.twin.measured(event)
    press.twin.measured(event)
    told = "cathode_thickness read coating_thickness no value: '18,66' is no number"
    assert press.twin.remarks() == [f"{told}, not learnt from"]
    assert press.twin.counts == {"set aside": 2}
