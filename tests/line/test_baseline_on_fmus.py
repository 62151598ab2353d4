"""The shipped baseline on compiled FMUs: what its tables say, reckoned anew."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from accounts import Accountant
from line_support import BASELINE, run_out

from linetwin.cli.compose import make_world
from linetwin.contracts import CONTRACTS
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.library import shipped_folder
from linetwin.cosim.transform import FmuTransform
from linetwin.line.kinds.mixer import Mixer
from linetwin.results import read
from linetwin.results.genealogy import Genealogy
from linetwin.results.writer import RunWriter
from linetwin.scenario import load

if TYPE_CHECKING:
    from accounts import Account

    from linetwin.line.world import World
    from linetwin.results.reader import Run

ELECTRODES = ("cathode", "anode")
COATED = ("active_material", "conductive_additive", "binder", "solvent", "foil")
MATERIALS = {f"{electrode}.{role}" for electrode in ELECTRODES for role in COATED} | {
    "cell.separator",
    "cell.electrolyte",
    "cell.tabs",
    "cell.housing",
}
OUT = ("cells", "scrap", "lost", "recovered", "in_process")


@dataclass
class Baseline:
    """The line at its end, and its run folder."""

    world: World
    result: Run


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    """The order of 1,000 cells as it is shipped, run once."""
    folder = tmp_path_factory.mktemp("baseline") / "run"
    scenario = load(BASELINE, (), None)
    writer = RunWriter(folder, {"scenario": scenario.name, "seed": scenario.seed}, scenario.text)
    world = make_world(scenario, BASELINE.parent / scenario.files[1], writer)
    world.begin()
    run_out(world)
    writer.finish("complete")
    return Baseline(world, read(folder))


@pytest.fixture(scope="module")
def account(baseline: Baseline) -> Account:
    """The materials, reckoned from segments, cells, lots and links."""
    return Accountant(baseline.result, baseline.world.scenario).account()


def behind(model: object) -> object:
    """Return the model itself, where another only adds the name of the station to its errors."""
    return getattr(model, "model", model)


def test_no_double_is_left(baseline: Baseline) -> None:
    """Each model of a station and of the building is an FMU of the library, one of each kind."""
    world = baseline.world
    assert world.building is not None
    lasting: list[object] = [world.building.model]
    lasting += [unit.machine for unit in world.equipment() if unit.machine is not None]
    lasting += [unit.slurry for unit in world.equipment() if isinstance(unit, Mixer)]
    passing = [
        unit.transform(kind)
        for unit in world.equipment()
        for kind in unit.config.processes
        if kind != "mixing"
    ]
    assert {type(behind(model)) for model in lasting} == {FmuContinuous}
    assert {type(behind(model)) for model in passing} == {FmuTransform}
    library = {
        hashlib.sha256((shipped_folder() / f"{name}.fmu").read_bytes()).digest()
        for name in CONTRACTS
    }
    assert {behind(model).binary.digest for model in (*lasting, *passing)} == library


@pytest.mark.parametrize("material", sorted(MATERIALS))
def test_material_in_is_material_out(baseline: Baseline, material: str) -> None:
    """In = in cells + scrap + lost + in process, of what the ledger says, to 1e-9 of it."""
    ledger = baseline.result.table("ledger")
    assert set(ledger.loc[ledger["account"] == "material", "item"]) == MATERIALS
    amounts = ledger[ledger["item"] == material].groupby("entry")["amount"].sum()
    assert amounts["in"] > 0
    assert amounts["cells"] > 0 or material.endswith("solvent")
    assert amounts.reindex(OUT).sum() == pytest.approx(amounts["in"], rel=1e-9)


@pytest.mark.parametrize("material", sorted(MATERIALS))
def test_the_tables_tell_the_same_as_the_ledger(
    baseline: Baseline, account: Account, material: str
) -> None:
    """Each entry of the ledger follows from loadings, lengths, doses and links, to 1e-9 of `in`."""
    ledger = baseline.result.table("ledger")
    amounts = ledger[ledger["item"] == material].groupby("entry")["amount"].sum()
    for entry in ("in", *OUT):
        expected = account.get((material, entry), 0.0)
        assert amounts.get(entry, 0.0) == pytest.approx(expected, abs=1e-9 * amounts["in"]), entry


def test_raw_material_in_is_what_was_opened(baseline: Baseline, account: Account) -> None:
    """What came in is all lots of a material but the rest of the last one."""
    lots = baseline.result.table("lots")
    lots = lots[lots["kind"] == "material"]
    for material in MATERIALS:
        own = lots[lots["station"] == material]
        used = own.loc[own["status"] == "used", "amount"].sum()
        came = account[material, "in"]
        assert used * (1 - 1e-9) <= came <= own["amount"].sum() * (1 + 1e-9), material
        assert (own["status"] == "in_process").sum() <= 1, material


def test_every_cell_started_is_somewhere(baseline: Baseline) -> None:
    """Cells started = A + B + scrapped + in process; the tray that made up 1,000 was the last."""
    cells, links = baseline.result.table("cells"), baseline.result.table("links")
    events = baseline.result.table("events")
    started = set(links.loc[links["role"] == "cathode", "child"])
    assert started == set(links.loc[links["role"] == "tray", "child"]) == set(cells["cell"])
    assert started == {f"cell-{number:06d}" for number in range(1, len(started) + 1)}
    found = Counter(cells["status"])
    assert sum(found.values()) == len(started)
    assert found.keys() <= {"A", "B", "scrap", "sample", "in_process"}
    graded = cells[(cells["station"] == "cell.grading") & (cells["status"] != "in_process")]
    last = graded[graded["ended"] == graded["ended"].max()]
    assert len(graded) - len(last) < baseline.world.scenario.order_cells == 1000 <= len(graded)
    scrap = events[(events["event"] == "scrap") & events["lot"].str.startswith("tray")]
    assert scrap["amount"].sum() == found["scrap"] + found["sample"]
    assert (cells["reason"] != "").equals(cells["status"].isin(["B", "scrap", "sample"]))


@pytest.mark.parametrize("role", ["slurry", *COATED])
def test_every_cell_resolves_to_its_sources(baseline: Baseline, role: str) -> None:
    """Shares of slurry batches, raw lots and foils sum to one, per cell and electrode."""
    sources = Genealogy(baseline.result).sources(role=role)
    cells = baseline.result.table("cells", ["cell"])["cell"]
    sums = sources.groupby(["item", "electrode"])["share"].sum()
    assert set(sums.index) == {(cell, electrode) for cell in cells for electrode in ELECTRODES}
    assert np.abs(sums.to_numpy() - 1.0).max() < 1e-9
    assert (sources["share"] > 0).all()
    kinds = baseline.result.table("lots", ["lot", "kind"]).set_index("lot")["kind"]
    expected = "slurry_batch" if role == "slurry" else "material"
    assert set(kinds[sources["lot"].unique()]) == {expected}
