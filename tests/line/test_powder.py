"""A lot of powder that holds less charge: batches, web and cells made of it hold less, too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_support import pilot, run_into

from linetwin.line.kinds.cell_design import of_the_powders
from linetwin.results import read
from linetwin.results.genealogy import Genealogy

if TYPE_CHECKING:
    import pandas as pd

    from linetwin.results import RunResult

POWDER = "cathode.active_material"
POOR = f"{POWDER}-0002"
FACTOR = "specific_capacity_factor"


def carried(links: pd.DataFrame, role: str, parents: pd.Series) -> pd.Series:
    """Return the mean of a property of the parents of each child, by their shares."""
    rows = links[(links["role"] == role) & links["parent"].isin(parents.index)]
    weighted = rows["share"] * rows["parent"].map(parents)
    found: pd.Series = weighted.groupby(rows["child"]).sum()
    return found


@pytest.fixture(scope="module")
def powder_run(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """An order of which the second lot of NMC, of 6 kg each, holds a tenth less."""
    scenario = pilot(140, "cathode.mixer.batch_mass=8 kg", "cathode.coater.roll_length=40 m")
    plain = scenario.materials[POWDER]
    size = replace(plain.lot_size, value=6.0)
    material = replace(plain, lot_size=size, exceptions={POOR: {FACTOR: 0.9}})
    materials = dict(scenario.materials) | {POWDER: material}
    folder = tmp_path_factory.mktemp("powder") / "run"
    run_into(replace(scenario, materials=materials), folder)
    return read(folder)


def test_batches_and_web_have_the_capacity_of_the_lots_in_them(powder_run: RunResult) -> None:
    """By the links: powder lots to batches, batches to tank charges, charges to segments."""
    links = powder_run.table("links")
    lots = powder_run.table("lots").set_index("lot")[FACTOR]
    powders = lots[lots.index.str.startswith(POWDER)]
    assert powders[POOR] == 0.9
    assert powders.drop(POOR).between(0.97, 1.03).all()
    batches = carried(links, "active_material", powders)
    assert batches.to_numpy() == pytest.approx(lots[batches.index].to_numpy())
    assert batches.min() < 0.99
    charges = carried(links, "slurry", batches)
    for side in "ab":
        rows = links[(links["role"] == f"slurry side {side}") & links["parent"].isin(charges.index)]
        assert len(rows) > 10
        web = powder_run.table("segments").set_index("roll")
        for row in rows.itertuples():
            roll = web.loc[row.child]
            inside = (roll["start_m"] > row.child_start_m - 1e-9) & (
                roll["end_m"] < row.child_end_m + 1e-9
            )
            found = roll.loc[inside, f"{FACTOR}_{side}"]
            assert found.to_numpy() == pytest.approx(charges[row.parent], rel=1e-9)


def test_cells_have_the_capacity_of_their_web(powder_run: RunResult) -> None:
    """The mass-weighted mean over the metres of both sides that a cell was cut from, and no other.

    N/P rises and the cathode's active volume falls with it.
    """
    cells = powder_run.table("cells").set_index("cell")
    webs = Genealogy(powder_run)._links.stretches(cells.index.tolist())
    mothers = webs[webs["lot"].str.fullmatch(r"cathode\.roll-\d+")]
    web = powder_run.table("segments")
    for cell, pieces in mothers.groupby("item"):
        mass = charge = 0.0
        for piece in pieces.itertuples():
            roll = web[(web["roll"] == piece.lot) & (web["status"] == "good")]
            inside = np.minimum(roll["end_m"], piece.end_m) - np.maximum(
                roll["start_m"], piece.start_m
            )
            for side in "ab":
                laid = inside.clip(lower=0) * roll[f"loading_{side}"]
                mass += laid.sum()
                charge += (laid * roll[f"{FACTOR}_{side}"]).sum()
        assert cells.loc[cell, f"cathode_{FACTOR}"] == pytest.approx(charge / mass, abs=1e-4)
    factor = cells[f"cathode_{FACTOR}"]
    assert factor.min() < 0.95
    assert factor.max() > 0.99
    assert np.corrcoef(factor, cells["np_ratio"])[0, 1] < -0.8


@given(
    ratio=st.floats(0.8, 1.3),
    cathode=st.floats(0.8, 1.1),
    anode=st.floats(0.8, 1.1),
)
def test_the_scarcer_electrode_limits(ratio: float, cathode: float, anode: float) -> None:
    """The design capacity is that of the electrode that limits, computed from both by hand."""
    columns = {
        "np_ratio": np.array([ratio]),
        "design_capacity": np.array([5.0 * min(1.0, ratio)]),
        "cathode_active_fraction": np.array([0.6]),
        "anode_active_fraction": np.array([0.6]),
        "cathode_specific_capacity_factor": np.array([cathode]),
        "anode_specific_capacity_factor": np.array([anode]),
    }
    found = of_the_powders(columns)
    assert found["design_capacity"][0] == pytest.approx(5.0 * min(cathode, ratio * anode))
    assert found["cathode_active_fraction"][0] == pytest.approx(0.6 * cathode)
