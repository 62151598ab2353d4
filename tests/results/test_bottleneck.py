"""Shifting bottleneck: by hand, and against a count instant by instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.results import kpis, read
from linetwin.results.assumptions import Plan
from linetwin.results.bottleneck import ALWAYS, Periods, _all_active, _without, piled_up, shifting
from linetwin.results.kpis import Facts
from linetwin.results.kpis_stations import Levels

if TYPE_CHECKING:
    from pathlib import Path


def test_the_longest_period_holds_the_line_and_overlaps_shift() -> None:
    """A works 0 to 60, B 40 to 120: from 40 to 60 it shifts; C is always shorter."""
    periods = {"a": [(0, 60)], "b": [(40, 120)], "c": [(10, 30), (50, 70)]}
    found = shifting(periods, (0, 200))
    # B is the longer, so the line is its from 40 on; the overlap is counted for both.
    assert found["a"] == pytest.approx({"sole": 0.2, "shifting": 0.1})
    assert found["b"] == pytest.approx({"sole": 0.3, "shifting": 0.1})
    assert "c" not in found


def test_of_those_that_never_wait_the_last_in_the_flow_limits() -> None:
    """What leaves the line passes it; those before it only build up stock."""
    periods = {"mixer": [(0, 100)], "stacker": [(1, 99)], "packer": [(0, 50)]}
    assert list(shifting(periods, (0, 100))) == ["stacker"]


def test_a_group_is_active_while_none_of_its_machines_waits() -> None:
    """Intersection of the machines' periods."""
    machines: list[Periods] = [[(0, 50), (60, 100)], [(20, 70)], [(0, 100)]]
    assert _all_active(machines) == [(20, 50), (60, 70)]


@given(
    marks=st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True),
    others=st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True),
)
def test_a_full_store_that_is_blocked_is_not_active(marks: list[int], others: list[int]) -> None:
    """Instant by instant: in a period while its places are full, in none that is blocked."""
    periods, blocked = (
        list(zip(sorted(each)[0::2], sorted(each)[1::2], strict=False)) for each in (marks, others)
    )
    found = _without(periods, blocked)
    for tick in range(60):
        inside, held, left = (
            any(start <= tick < end for start, end in each) for each in (periods, blocked, found)
        )
        assert left == (inside and not held)
    assert all(start < end for start, end in found)


FLOW = {"coater": ("", "rolls"), "stacker": ("rolls", "cells"), "former": ("cells", "formed")}


def _facts(folder: Path, full: dict[str, float]) -> Facts:
    """Return facts of a line of three, with buffers of 10 places full for a share of 100 ticks."""
    stations = {
        name: {"takes": {"in": before} if before else {}, "gives": {"out": after}}
        for name, (before, after) in FLOW.items()
    }
    buffers = {name: {"kind": "lots", "capacity": 10} for name in full}
    facts = Facts(read(folder))
    ticks = np.arange(100)
    vars(facts)["plan"] = Plan({"stations": stations, "buffers": buffers})
    vars(facts)["levels"] = [
        Levels(name, buffers[name], ticks, np.where(ticks < 100 * share, 10.0, 4.0))
        for name, share in full.items()
    ]
    return facts


@pytest.mark.parametrize(
    ("full", "piled"),
    [
        ({"rolls": 0.87, "cells": 0.1}, {"coater"}),
        ({"rolls": 0.1, "cells": 0.6}, {"coater", "stacker"}),
        ({"rolls": 0.5, "cells": 0.4}, set()),
    ],
)
def test_work_piles_up_behind_all_before_a_full_buffer(
    tiny: Path, full: dict[str, float], piled: set[str]
) -> None:
    """A buffer that is full for more than half of the window clears those before it."""
    assert piled_up(_facts(tiny, full), (0, 99)) == piled


def test_a_busy_station_with_a_full_buffer_behind_it_is_not_named(tiny: Path) -> None:
    """In steady state the coater works most, but its rolls lie: the line is held further on."""
    text = (tiny / "scenario.yaml").read_text()
    window = "window: {from: {value: 300, unit: s}, until: {value: 1990, unit: s}}\n"
    (tiny / "scenario.yaml").write_text(text.replace("capacity: 3", "capacity: 9") + window)
    free = kpis.compute(read(tiny))
    assert free["limits"]["bottleneck"]["value"] == "cathode.coater"
    assert any("cathode coater" in lever["what"] for lever in free["levers"]["ranked"]["value"])
    (tiny / "scenario.yaml").write_text(text + window)
    facts = kpis.compute(read(tiny))
    named = facts["limits"]["bottleneck"]["value"]
    assert named != "cathode.coater"
    assert facts["stations"]["bottleneck"]["value"] == named
    faster = [lever["what"] for lever in facts["levers"]["ranked"]["value"]]
    assert not any(what.startswith("make cathode coater") for what in faster)


spans = st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True).map(
    lambda marks: list(zip(sorted(marks)[0::2], sorted(marks)[1::2], strict=False))
)


@given(periods=st.dictionaries(st.sampled_from("abcd"), spans, min_size=1))
def test_each_instant_belongs_to_the_longest_period(periods: dict[str, Periods]) -> None:
    """Sole and shifting shares sum to what a count of instants finds, within the overlaps."""
    window = (0, 60)
    found = shifting(periods, window)
    # Whoever hardly ever waits is taken as never waiting.
    whole = {
        group: [window if end - start >= ALWAYS * 60 else (start, end) for start, end in own]
        for group, own in periods.items()
    }

    def rank(entry: tuple[str, tuple[int, int]]) -> tuple[float, int]:
        group, (start, end) = entry
        return end - start, list(periods).index(group)

    owners = []
    for tick in range(60):
        inside = [(g, p) for g, own in whole.items() for p in own if p[0] <= tick < p[1]]
        owners.append(max(inside, key=rank)[0] if inside else None)
    for group in periods:
        held = owners.count(group) / 60
        each = found.get(group, {"sole": 0.0, "shifting": 0.0})
        assert each["sole"] <= held + 1e-9
        assert each["sole"] + each["shifting"] >= held - 1e-9
