"""A played plant that is killed and begun anew: a new section, not thousands of doubts."""

from __future__ import annotations

import numpy as np
import pytest
from test_rules import NOW, SPEED, STATE, plant

from linetwin.twin.columns import SECOND, Flag, Mark, Raw, part_of, raw_rows
from linetwin.twin.feed.rules import Rules


def stream() -> Raw:
    """Ten values of a link, then ten of a plant that has begun 5,000 s before; two signals."""
    plays = np.concatenate([np.arange(10), np.arange(10) - 5000, np.array([-4998])])
    times = NOW + np.repeat(plays, 2) * SECOND
    marks = np.zeros(42, np.uint8)
    marks[[0, 1, 20, 21]] = int(Mark.FIRST)
    arrivals = NOW + np.repeat(np.arange(21), 2) * SECOND
    signal = np.tile([SPEED, STATE], 21)
    return raw_rows(signal, arrivals, source_time=times, raw=np.full(42, 2.0), marks=marks)


@pytest.mark.parametrize("cut", [1, 7, 20, 21, 42])
def test_its_order_begins_anew(cut: int) -> None:
    """However it is cut: only what goes back within a section is out of order; told once."""
    rules, came = Rules(plant(played=True)), stream()
    pieces = [part_of(came, begin, min(begin + cut, 42)) for begin in range(0, 42, cut)]
    flags = np.concatenate([rules.judge(piece).flags for piece in pieces])
    late = np.flatnonzero(flags & np.uint32(Flag.OUT_OF_ORDER))
    assert late.tolist() == [40, 41]
    assert [each.kind for each in rules.notices] == ["begun anew"]


def test_another_plants_time_does_not_begin_anew() -> None:
    """A clock that is not played is wrong where it goes back."""
    rules = Rules(plant())
    flags = rules.judge(stream()).flags
    assert (flags[20:] & np.uint32(Flag.OUT_OF_ORDER)).all()
    assert "begun anew" not in [each.kind for each in rules.notices]
