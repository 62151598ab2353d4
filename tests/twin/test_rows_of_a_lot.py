"""Rows of a laboratory's file of one lot: each is right or wrong by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from test_assimilating import Press, scenario

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
