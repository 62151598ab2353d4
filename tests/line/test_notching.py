"""The notching tool wears: its burr grows with the metres cut, reaches cells and is found there."""

from __future__ import annotations

import numpy as np
import pytest
from line_support import HOUR, cells_of, imbalance, in_memory, pilot

SHORT_ROLLS = (
    "cathode.coater.roll_length=40 m",
    "cathode.slitter.burr_new=0 um",
    "cathode.slitter.burr_worn=0 um",
    "anode.slitter.burr_new=0 um",
    "anode.slitter.burr_worn=0 um",
    "anode.notcher.burr_new=0 um",
    "anode.notcher.burr_worn=0 um",
    "cathode.notcher.notching_tool_life=500 m",
)
"""Only the cathode's notching tool leaves a burr; it does not come to its end."""


def test_the_burr_grows_with_the_metres_notched() -> None:
    """New 3, worn 12 um: a roll's burr is that line over the life, but for a fifth of scatter."""
    _, sink = in_memory(pilot(150, *SHORT_ROLLS))
    notched = [row for row in sink.rows["lots"] if row["station"] == "cathode.notcher"]
    rolls = sorted(notched, key=lambda row: row["created"])
    run = np.cumsum([row["amount"] for row in rolls])
    expected = 3e-6 + run / 500 * 9e-6
    found = np.array([row["burr_height"] for row in rolls])
    assert len(rolls) >= 6
    assert expected[-1] > 1.4 * expected[0]
    scatter = np.log(found / expected)
    assert abs(scatter.mean()) < 3 * 0.2 / np.sqrt(len(rolls))
    assert 0.05 < scatter.std() < 0.4


@pytest.mark.parametrize(("worn", "shorts"), [("12 um", False), ("120 um", True)])
def test_a_worn_notching_tool_is_found_by_the_hipot_test(worn: str, *, shorts: bool) -> None:
    """A burr twice as high as the separator is thick is a hard short; a usual one is none."""
    changes = (
        *SHORT_ROLLS[:-1],
        "cathode.notcher.notching_tool_life=100 m",
        f"cathode.notcher.burr_worn={worn}",
        "cell.stacker.particle_rate=0.0001 1/m2",
    )
    _, sink = in_memory(pilot(60, *changes))
    reasons = {row["reason"] for row in cells_of(sink).values()}
    assert ("hard short found by HiPot test" in reasons) == shorts


def test_misplaced_tabs_that_are_found_are_cut_out() -> None:
    """One metre in five has one, the camera misses none: a fifth of the lane is scrap there."""
    changes = ("cathode.notcher.misplaced_tab.rate=20 %", "cathode.notcher.misplaced_tab.miss=0 %")
    world, sink = in_memory(pilot(60, *SHORT_ROLLS, *changes))
    cut = [row for row in sink.rows["events"] if row["cause"] == "misplaced tab"]
    assert {(row["station"], row["event"]) for row in cut} == {("cathode.notcher", "scrap")}
    notched = [row for row in sink.rows["lots"] if row["station"] == "cathode.notcher"]
    lost, kept = sum(row["amount"] for row in cut), sum(row["amount"] for row in notched)
    metres = lost + kept
    assert metres > 60
    assert abs(lost / metres - 0.2) < 3 * np.sqrt(0.2 * 0.8 / metres)
    assert not any(row["misplaced_tabs"] for row in cells_of(sink).values())
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_misplaced_tabs_that_are_missed_show_at_the_welds() -> None:
    """A blind camera: some cells have one, each is found as a cold weld, and no other is."""
    changes = (
        "cathode.notcher.misplaced_tab.rate=10 %",
        "cathode.notcher.misplaced_tab.miss=100 %",
        "cathode.notcher.misplaced_tab.false_alarm=0 %",
        "anode.notcher.misplaced_tab.rate=0 %",
        "cell.tab_welder.cold_weld.rate=0 %",
        "cell.inspection.cold_weld.miss=0 %",
        "cell.inspection.cold_weld.false_alarm=0 %",
    )
    world, sink = in_memory(pilot(60, *SHORT_ROLLS, *changes))
    cells = cells_of(sink).values()
    hit = {row["cell"] for row in cells if row["misplaced_tabs"]}
    assert 0 < len(hit) < 0.3 * len(cells)
    assert {row["cell"] for row in cells if row["reason"] == "cold weld"} == hit
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_a_roll_without_a_sound_metre_is_scrap() -> None:
    """Every metre found bad: nothing is handed over, all of it is in the books."""
    changes = (
        "cathode.notcher.misplaced_tab.rate=100 %",
        "cathode.notcher.misplaced_tab.miss=0 %",
    )
    world, sink = in_memory(pilot(20, *SHORT_ROLLS, *changes, limit_ticks=60 * HOUR))
    assert not cells_of(sink)
    assert any(
        row["status"] == "scrap" for row in sink.rows["lots"] if row["kind"] == "daughter_roll"
    )
    assert max(map(abs, imbalance(world).values())) < 1e-9
