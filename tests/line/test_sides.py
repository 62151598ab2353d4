"""Which side faces which: a line that rewinds and turns the cathode over, down to the cell."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from line_support import BASELINE, imbalance, pilot, run_into

from linetwin.line.kinds.cell_design import scarcer_face
from linetwin.results import read
from linetwin.results.genealogy import Genealogy
from linetwin.scenario import load

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from linetwin.results import RunResult
    from linetwin.scenario.resolved import Scenario

STATION = """
  cathode.rewinder:
    kind: rewinder
    title: Rewinder before the calender
    calendar: production
    crew: maintenance
    takes: {rolls: cathode.coated_rolls}
    gives: {rolls: cathode.rewound_rolls}
    machine:
      model: machine

  cathode.calender:
"""
CALENDER = "takes: {rolls: cathode.coated_rolls}"
UNEVEN = (
    "cathode.coater.pump_ripple=5 %",
    "anode.coater.pump_ripple=5 %",
    "cathode.coater.loading_tolerance=40 %",
    "anode.coater.loading_tolerance=40 %",
    "cathode.coater.edge_rise=0 %",
    "anode.coater.edge_rise=0 %",
    "cathode.coater.die_setup_deviation=0 %",
    "anode.coater.die_setup_deviation=0 %",
    "cell.stacker.np_limit=0.5",
)
"""Both sides of both webs scatter widely, alike across the web; no cell is refused for it."""
LENGTHS = {"cathode": 8 * 0.0873, "anode": 9 * 0.0898}
"""Metres of lane in a cell."""


def rewinding(folder: Path, swap: int) -> Scenario:
    """Return a small order on a pilot line with a rewinder before the cathode's calender."""
    shutil.copytree(BASELINE.parent, folder / "scenarios")
    file = folder / "scenarios" / "lines" / "pilot.yaml"
    text = file.read_text(encoding="utf-8")
    before, after = text.split("\n  cathode.calender:\n")
    assert before.count(CALENDER) == 0
    after = after.replace(CALENDER, "takes: {rolls: cathode.rewound_rolls}", 1)
    room = "\n  cathode.rewound_rolls: {holds: mother_roll, capacity: 3}"
    before = before.replace("\nbuffers:", f"\nbuffers:{room}", 1)
    file.write_text(before + STATION + after, encoding="utf-8")
    written = load(
        folder / "scenarios" / "baseline.yaml",
        (*UNEVEN, "cell.ageing.ageing_time=3 h", f"cathode.rewinder.swap_sides={swap}"),
    )
    plain = pilot(25, *UNEVEN)
    assert "cathode.rewinder" not in plain.stations
    return replace(written, order_cells=25, limit_ticks=plain.limit_ticks)


def loading_of_sides(
    result: RunResult, webs: pd.DataFrame, electrode: str
) -> dict[str, np.ndarray]:
    """Return the mean loading of sides A and B of each cell, from the segments it was cut from."""
    along = result.table("segments")
    along = along[along["status"] == "good"]
    mothers = webs[webs["lot"].str.fullmatch(rf"{electrode}\.roll-\d+")]
    found = {}
    for cell, pieces in mothers.groupby("item"):
        sums = np.zeros(2)
        for piece in pieces.itertuples():
            roll = along[along["roll"] == piece.lot]
            ends = np.minimum(roll["end_m"], piece.end_m) - np.maximum(
                roll["start_m"], piece.start_m
            )
            sums += [(ends.clip(lower=0) * roll[f"loading_{side}"]).sum() for side in "ab"]
        found[cell] = sums / LENGTHS[electrode]
    return found


@pytest.mark.parametrize("swap", [0, 1])
def test_the_scarcer_face_is_that_of_the_sides_that_meet(swap: int, tmp_path: Path) -> None:
    """Cathode side A meets anode side B, unless the rewinder turns the cathode over.

    N/P of a cell is then the double's 1.07 times the least of anode over cathode, side for side.
    """
    world = run_into(rewinding(tmp_path, swap), tmp_path / "run")
    assert world.ended == "order"
    assert max(map(abs, imbalance(world).values())) < 1e-9
    result = read(tmp_path / "run")
    factors = [f"{electrode}_specific_capacity_factor" for electrode in LENGTHS]
    table = result.table("cells", ["cell", "np_ratio", *factors]).set_index("cell")
    cells = (
        table["np_ratio"] * table[factors[0]] / table[factors[1]]
    )  # for powders as they should be
    webs = Genealogy(result)._links.stretches(cells.index.tolist())
    sides = {e: loading_of_sides(result, webs, e) for e in LENGTHS}
    for cell, ratio in cells.items():
        cathode, anode = (sides[e][cell] / sides[e][cell].mean() for e in LENGTHS)
        met = anode if swap else anode[::-1]
        assert ratio == pytest.approx(1.07 * (met / cathode).min(), rel=1e-6)
    assert cells.max() <= 1.07
    assert cells.min() < 1.06
    rolls = result.table("operations")
    assert (rolls["operation"] == "rewind").sum() > 0


def test_even_sides_are_scarce_nowhere() -> None:
    """Where both sides of each web are alike, N/P is that of the means, a bare side included."""
    columns = {
        f"{electrode}_{face}": np.array([0.18, 0.0])
        for electrode in LENGTHS
        for face in ("upper", "lower")
    }
    assert scarcer_face(columns).tolist() == [1.0, 1.0]
    assert columns == {}
