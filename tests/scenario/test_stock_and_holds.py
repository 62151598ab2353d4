"""What lies in the line when the run begins, and holds, as they are written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from linetwin.errors import ScenarioError

if TYPE_CHECKING:
    from conftest import Trap, Workbench

AFTER = "seed: 7\n"
"""Where the small scenario's additions go."""


def test_an_empty_line_is_the_default(bench: Workbench) -> None:
    """Nothing is said, nothing lies there, nothing is held."""
    scenario = bench.load()
    assert scenario.start == "empty"
    assert (dict(scenario.stock.shares), dict(scenario.stock.lots)) == ({}, {})
    assert scenario.stock.rate is None
    assert scenario.holds == ()


def test_one_path_wins_over_its_sort_in_any_order(bench: Workbench) -> None:
    """A share for all buffers, a number for one of them; a rate with its unit."""
    stock = "stock: {cathode.coated_rolls: 2, buffers: 40 %, tanks: 75 %, rate: 90 1/h}\n"
    bench.edit("scenario", AFTER, f"{AFTER}start: filled\n{stock}")
    scenario = bench.load()
    assert dict(scenario.stock.shares) == {"cathode.coated_rolls": 0.4, "cathode.tank": 0.75}
    assert dict(scenario.stock.lots) == {"cathode.coated_rolls": 2}
    assert scenario.stock.rate == pytest.approx(90 / 3600)
    assert "rate_per_s: 0.025" in scenario.text


def test_holds_are_read(bench: Workbench) -> None:
    """A whole lot, and metres of a roll; times in ticks."""
    bench.edit(
        "scenario",
        AFTER,
        AFTER
        + "holds:\n"
        + "  - {lot: cathode.binder-0003, from: 2 d, until: 60 h, then: scrap, reason: smell}\n"
        + "  - {roll: cathode.roll-0004, from_m: 20, to_m: 60}\n",
    )
    whole, part = bench.load().holds
    assert (whole.lot, whole.from_m, whole.to_m) == ("cathode.binder-0003", 0.0, math.inf)
    assert (whole.start_tick, whole.end_tick) == (172_800_000, 216_000_000)
    assert (whole.then, whole.reason) == ("scrap", "smell")
    assert (part.lot, part.from_m, part.to_m) == ("cathode.roll-0004", 20.0, 60.0)
    assert (part.start_tick, part.end_tick, part.then) == (0, None, "release")


def test_scrap_without_until_is_at_once(bench: Workbench) -> None:
    """Such a hold ends as it begins: what it concerns is scrapped as it is found."""
    asked = "holds:\n  - {lot: cathode.binder-0003, from: 2 d, then: scrap}\n"
    bench.edit("scenario", AFTER, AFTER + asked)
    (found,) = bench.load().holds
    assert found.start_tick == found.end_tick == 2 * 24 * 3600 * 1000


def stocked(text: str) -> str:
    """Return what to write for a filled line with this stock."""
    return f"{AFTER}start: filled\nstock: {{{text}}}\n"


def held(text: str) -> str:
    """Return what to write for this hold."""
    return f"{AFTER}holds:\n  - {{{text}}}\n"


TRAPS: dict[str, Trap] = {
    "stock of an empty line": (
        "scenario", AFTER, f"{AFTER}stock: {{buffers: 50 %}}\n", 8, "stock", ("start: filled",),
    ),
    "a start that is none": (
        "scenario", AFTER, f"{AFTER}start: half\n", 8, "start", ("half", "filled"),
    ),
    "an unknown place": (
        "scenario", AFTER, stocked("cathode.coated_role: 2"), 9, "stock.cathode.coated_role",
        ("cathode.coated_rolls",),
    ),
    "more than full": (
        "scenario", AFTER, stocked("buffers: 120 %"), 9, "stock.buffers", ("100",),
    ),
    "lots in a tank": (
        "scenario", AFTER, stocked("cathode.tank: 2"), 9, "stock.cathode.tank", ("50 %",),
    ),
    "fewer than no lots": (
        "scenario", AFTER, stocked("cathode.coated_rolls: -1"), 9, "stock.cathode.coated_rolls",
        ("-1",),
    ),
    "a rate without a unit": (
        "scenario", AFTER, stocked("rate: 90"), 9, "stock.rate", ("no unit",),
    ),
    "more lots than fit": (
        "scenario", AFTER, stocked("cathode.coated_rolls: 50"), 9, "stock.cathode.coated_rolls",
        ("50", "0 to 3"),
    ),
    "a rate of no line": (
        "scenario", AFTER, stocked("rate: 1e9 1/h"), 9, "stock.rate", ("100000 1/h",),
    ),
    "a hold on nothing": (
        "scenario", AFTER, held("from: 1 d"), 9, "holds.0.lot", ("lot:", "roll:"),
    ),
    "a roll without metres": (
        "scenario", AFTER, held("roll: cathode.roll-0001"), 9, "holds.0.roll", ("from_m",),
    ),
    "a lot of no series": (
        "scenario", AFTER, held("lot: cathode.slury-0001"), 9, "holds.0.lot", ("cathode.slurry",),
    ),
    "a lot without its number": (
        "scenario", AFTER, held("lot: cathode.slurry-1"), 9, "holds.0.lot", ("-0001",),
    ),
    "metres beyond the roll": (
        "scenario", AFTER, held("roll: cathode.roll-0001, from_m: 20, to_m: 101"), 9,
        "holds.0.to_m", ("0 to 100 m",),
    ),
    "metres turned round": (
        "scenario", AFTER, held("roll: cathode.roll-0001, from_m: 60, to_m: 20"), 9,
        "holds.0.to_m", ("more than from_m",),
    ),
    "a hold that ends before it begins": (
        "scenario", AFTER, held("lot: a-1, from: 2 d, until: 1 d"), 9, "holds.0.until",
        ("later than from",),
    ),
    "another end": (
        "scenario", AFTER, held("lot: a-1, then: burn"), 9, "holds.0.then", ("release", "scrap"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_what_is_wrong_is_told_with_its_place(bench: Workbench, name: str) -> None:
    """File, line, key path, and what is allowed."""
    bench.assert_told(TRAPS[name])


def test_wrong_metres_are_told_once(bench: Workbench) -> None:
    """What is written wrong is not taken for missing as well."""
    bench.edit("scenario", AFTER, held("roll: cathode.roll-0001, from_m: -1, to_m: 20"))
    with pytest.raises(ScenarioError) as caught:
        bench.load()
    assert [problem.key for problem in caught.value.problems] == ["holds.0.from_m"]
