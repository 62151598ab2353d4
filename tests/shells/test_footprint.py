"""What is in each cell, what it weighs, and what it emitted: against the line and the books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from small_runs import run_filled

from linetwin.line import template
from linetwin.results.kpis_cost import cost
from linetwin.shells.running.composition import composition, mass_of
from linetwin.shells.running.footprint import Footprints, OfCells
from linetwin.shells.running.inside import Inside, materials_in

if TYPE_CHECKING:
    from pathlib import Path

    from small_runs import SmallRun

    from linetwin.results.reader import Run

J_PER_KWH = 3.6e6


@dataclass
class Small:
    """A run, what the line held in each cell, and what is told of its cells."""

    run: Run
    held: dict[str, dict[str, float]]
    inside: Inside
    footprints: Footprints
    own: OfCells

    @property
    def cells(self) -> pd.DataFrame:
        """The cells table by name."""
        return self.run.table("cells").set_index("cell")

    @property
    def good(self) -> pd.Index:
        """The cells graded A or B."""
        return self.cells.index[self.cells["status"].isin(["A", "B"])]

    def booked(self, *entries: str) -> pd.DataFrame:
        """The rows of the ledger for materials with one of these entries."""
        ledger = self.run.table("ledger")
        return ledger[(ledger["account"] == "material") & ledger["entry"].isin(entries)]


@pytest.fixture(scope="module")
def small(small_run: SmallRun) -> Small:
    """A run with scrap of many kinds, and what is told of its cells."""
    inside, footprints = materials_in(small_run.run), Footprints(small_run.run)
    return Small(small_run.run, small_run.held, inside, footprints, footprints.of(inside))


def test_each_cell_holds_what_the_line_had_in_it(small: Small) -> None:
    """Traced through stretches, charges, batches and lots: the line's own arrays, to 1e-9."""
    compared = 0
    for cell in small.good:
        told, held = small.inside.amounts.loc[cell], small.held[cell]
        for material, amount in held.items():
            assert told[material] == pytest.approx(amount, rel=1e-9, abs=1e-15), (cell, material)
        compared += len(held)
    assert compared > 30 * 13
    assert not small.inside.estimated


def test_what_is_in_cells_is_what_the_books_say(small: Small) -> None:
    """Good cells, and those scrapped at each station that scraps nothing else, to 1e-9."""
    amounts, cells = small.inside.amounts, small.cells
    good = small.booked("cells").groupby("item")["amount"].sum()
    for material, amount in good.items():
        assert amounts.loc[small.good, material].sum() == pytest.approx(amount, rel=1e-9, abs=1e-12)
    ended = cells[cells["status"].isin(["scrap", "sample"]) & (cells["station"] != "cell.stacker")]
    assert ended["station"].nunique() >= 2
    for station, rows in ended.groupby("station"):
        scrap = small.booked("scrap")
        booked = scrap[scrap["station"] == station].groupby("item")["amount"].sum()
        for material, amount in booked.items():
            found = amounts.loc[rows.index, material].sum()
            assert found == pytest.approx(amount, rel=1e-9, abs=1e-12), (station, material)


def test_a_cell_alone_is_told_as_among_all(small: Small) -> None:
    """What is asked of one cell reads fewer rows, and says the same."""
    cell = small.good[7]
    alone = materials_in(small.run, [cell])
    pd.testing.assert_series_equal(
        alone.amounts.loc[cell].sort_index(),
        small.inside.amounts.loc[cell].sort_index(),
        rtol=1e-12,
        atol=1e-18,
    )


def _emitted(small: Small) -> float:
    """Sum what the run emitted from the ledger alone: meters, and materials taken."""
    ledger = small.run.table("ledger")
    energy = ledger[ledger["account"] == "energy"].groupby("item")["amount"].sum()
    factors = small.footprints.facts.plan.content["prices"]
    total = 0.0
    for item, carrier in (("electricity", "electricity"), ("heat", "gas")):
        total += energy[item] / J_PER_KWH * factors["energy"][carrier]["emission"]["value"]
    for entry, sign in (("in", 1), ("recovered", -1)):
        for material, amount in small.booked(entry).groupby("item")["amount"].sum().items():
            total += sign * amount * factors["materials"][material]["emission"]["value"]
    return float(total)


def test_footprints_of_all_cells_and_all_else_are_the_total_of_the_run(small: Small) -> None:
    """Good and scrapped cells one by one, other scrap, losses, work in process: all, to 1e-9."""
    total = _emitted(small)
    assert small.footprints.emitted.whole == pytest.approx(total, rel=1e-12)
    outcome = small.footprints.by_outcome
    good = small.own.carried(small.good)
    assert good.materials == pytest.approx(outcome["cells"].materials, rel=1e-9)
    assert good.energy == pytest.approx(outcome["cells"].energy, rel=1e-9)
    others = sum(each.whole for name, each in outcome.items() if name != "cells")
    assert good.whole + others == pytest.approx(total, rel=1e-9)
    lost = small.cells.index[small.cells["status"].isin(["scrap", "sample"])]
    assert 0 < small.own.carried(lost).whole < outcome["scrap"].whole
    assert not small.footprints.missing


def test_the_key_figure_of_emissions_counts_what_was_consumed(small: Small) -> None:
    """It leaves out the materials of what is in process, and the shell of the run has them."""
    figure = sum(cost(small.footprints.facts)["emissions"]["value"].values())
    in_process = small.footprints.by_outcome["in_process"].materials
    assert in_process > 0
    assert figure + in_process == pytest.approx(small.footprints.emitted.whole, rel=1e-9)


def test_charged_with_scrap_good_cells_carry_all_that_is_not_in_process(small: Small) -> None:
    """Materials and energy each by one factor: their sums are those of the run."""
    footprints = small.footprints
    charged = small.own.carried(small.good) * footprints.charge
    rest = footprints.by_outcome["in_process"]
    assert charged.materials + rest.materials == pytest.approx(
        footprints.emitted.materials, rel=1e-9
    )
    assert charged.energy + rest.energy == pytest.approx(footprints.emitted.energy, rel=1e-9)
    assert footprints.charge.materials > 1
    assert footprints.charge.energy > 1


def test_energy_of_a_station_goes_to_cells_by_their_active_material(small: Small) -> None:
    """What passed a station carries the same per kg: of its electrode, the cathode's for cells."""
    energy, amounts = small.own.energy.loc[small.good], small.inside.amounts.loc[small.good]
    for station, material in (
        ("anode.calender", "anode.active_material"),
        ("cathode.coater", "cathode.active_material"),
        ("cell.formation", "cathode.active_material"),
    ):
        each = energy[station] / amounts[material]
        assert np.ptp(each.to_numpy()) < 1e-12 * each.mean()
        assert each.mean() > 0
    scrapped = small.cells.index[small.cells["station"] == "cell.inspection"]
    assert len(scrapped)
    assert (small.own.energy.loc[scrapped, "cell.formation"] == 0).all()
    assert (small.own.energy.loc[scrapped, "cell.tab_welder"] > 0).all()


def test_masses_of_materials_are_the_mass_of_the_cell(small: Small) -> None:
    """kg as the line's books have them, m2 and pieces times what a unit weighs."""
    plan = small.footprints.facts.plan
    entries = plan.content["prices"]["materials"]
    by_hand = 0.0
    for material, rows in small.booked("cells").groupby("item"):
        unit = rows["unit"].iloc[0]
        each = 1.0 if unit == "kg" else entries[material]["mass"]["value"]
        by_hand += float(rows["amount"].sum()) * each
    masses = []
    for cell in small.good:
        parts = composition(small.inside, cell, plan)
        mass = mass_of(parts)
        assert mass is not None
        assert mass == pytest.approx(sum(part.mass or 0.0 for part in parts), rel=1e-12)
        masses.append(mass)
    assert sum(masses) == pytest.approx(by_hand, rel=1e-9)
    assert 0.05 < np.mean(masses) < 0.15


def test_a_material_of_unknown_mass_leaves_the_mass_of_the_cell_open(small: Small) -> None:
    """No mass is invented for what is counted in pieces."""
    plan = small.footprints.facts.plan
    bare = {**plan.content, "prices": None}
    parts = composition(small.inside, small.good[0], type(plan)(bare))
    assert mass_of(parts) is None
    unknown = {part.material for part in parts if part.mass is None}
    assert unknown == {"cathode.foil", "anode.foil", "cell.separator", "cell.tabs", "cell.housing"}


def test_cells_of_a_stock_are_estimated_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wrote down what went into them: loading, recipe and sizes come within 1 %."""
    monkeypatch.setattr(template, "CELLS", 120)
    run = run_filled(tmp_path / "run", 3)
    inside, footprints = materials_in(run), Footprints(run)
    cells, ledger = run.table("cells").set_index("cell"), run.table("ledger")
    good = cells.index[cells["status"].isin(["A", "B"])]
    assert len(good) > 100
    assert set(good) <= inside.estimated
    assert inside.amounts.notna().all(axis=None)
    booked = ledger[(ledger["account"] == "material") & (ledger["entry"] == "cells")]
    for material, amount in booked.groupby("item")["amount"].sum().items():
        if not str(material).endswith("solvent"):
            assert inside.amounts.loc[good, material].sum() == pytest.approx(amount, rel=0.01)
    own = footprints.of(inside).carried(good)
    assert own.whole == pytest.approx(footprints.by_outcome["cells"].whole, rel=0.01)
    carried = sum(each.whole for each in footprints.by_outcome.values())
    assert footprints.emitted.whole == pytest.approx(carried, rel=1e-9)
