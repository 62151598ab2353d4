"""The whole pilot line on doubles: what goes in comes out, and only chance and inputs decide."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from doubles import Doubles, DoubleTransform
from line_support import (
    Memory,
    differences,
    imbalance,
    in_memory,
    make_world,
    pilot,
    run_into,
    run_out,
)

from linetwin.errors import ScenarioError, SimulationError
from linetwin.line import run
from linetwin.line.drivers import StochasticDriver
from linetwin.line.streams import Streams
from linetwin.results import read
from linetwin.results.genealogy import Genealogy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.contracts import Columns, Transform
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

SCRAP = (
    "cathode.coater.loading_tolerance=1 %",
    "cell.stacker.particle_limit=9 um",
    "cell.inspection.hipot_limit=16.5 kOhm",
    "cell.stacker.anode_moisture_limit=260 ppm",
    "cell.grading.capacity_limit_b=95 %",
    "cell.grading.capacity_limit_a=97 %",
)
"""Settings under which web, rolls and cells are scrapped on the way."""
SCRAPPING = {"cell.inspection", "cell.filler", "cell.soak", "cell.grading"}
"""Stations that scrap cells."""


class UnevenTransform(DoubleTransform):
    """Cells differ: the least dosed are short of electrolyte, the most dosed wet badly."""

    def _filling(self, columns: Columns, seen: Columns, index: int) -> None:
        super()._filling(columns, seen, index)
        if index == 1:
            rate = seen["electrolyte_dose_rate"]
            self._rank = (rate - rate.mean()) / max(rate.std(), 1e-12)
        if index >= 1:
            columns["fill_ratio"] = np.where(self._rank < -1.8, 0.9, 1.3)
            columns["wetting_saturation"] = np.where(self._rank > 1.6, 0.2, 0.99)

    def _formation(self, columns: Columns, seen: Columns, index: int) -> None:
        super()._formation(columns, seen, index)
        current = seen["current_setpoint"]
        uneven = 0.97 + 0.02 * (current - current.mean()) / max(current.std(), 1e-12)
        columns["charged_capacity"] *= uneven
        columns["discharged_capacity"] *= uneven


class Uneven(Doubles):
    """Models of a line that makes good cells and bad ones."""

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model."""
        return self._transforms.setdefault(f"{config.path} {kind}", UnevenTransform(kind))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of an order with scrap at several stations."""
    folder = tmp_path_factory.mktemp("pilot") / "run"
    run_into(pilot(120, *SCRAP), folder, Uneven())
    return folder


def models_for(settings: tuple[str, ...]) -> Doubles:
    """Return models that fit the settings."""
    return Uneven() if settings else Doubles()


def check_cells(world: World, rows: list[dict[str, Any]]) -> None:
    """Every cell started is graded, scrapped or in process, and counted as such."""
    last = {row["cell"]: row["status"] for row in rows}
    found = Counter(last.values())
    counts = world.counts
    scrapped = counts["scrap before grading"] + counts["scrap at grading"]
    assert (found["A"], found["B"]) == (counts["A"], counts["B"])
    assert found["scrap"] + found["sample"] == scrapped
    assert found["sample"] == counts["samples"]
    assert counts["started"] == sum(found.values()) == len(last)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("settings", [(), SCRAP], ids=["good", "with scrap"])
def test_material_and_cells_balance(seed: int, settings: tuple[str, ...]) -> None:
    """In = in cells + scrap + lost + in process for each material, and no cell is lost."""
    world, sink = in_memory(pilot(80, *settings, seed=seed), models=models_for(settings))
    assert world.ended == "order"
    assert world.graded() >= 80
    assert max(map(abs, imbalance(world).values())) < 1e-9
    check_cells(world, sink.rows["cells"])
    if settings:
        cells = sink.rows["cells"]
        stations = {row["station"] for row in cells if row["status"] == "scrap"}
        assert stations >= SCRAPPING
        assert stations <= SCRAPPING | {"cell.degasser"}
        assert world.counts["A"] > 0
        assert world.counts["B"] > 0


@pytest.mark.parametrize("settings", [(), SCRAP], ids=["good", "with scrap"])
def test_the_balance_holds_whenever_the_line_is_stopped(settings: tuple[str, ...]) -> None:
    """Stopped in the middle of anything, what came in is still accounted for, cell by cell."""
    scenario = pilot(80, *settings)
    sink = Memory()
    world = make_world(scenario, sink, models=models_for(settings))
    world.begin()
    while world.step():
        if world.events % 150:
            continue
        rows = Memory()
        stopped = make_world(scenario, rows)
        run.load(stopped, run.save(world, {}))
        run.close(stopped)
        assert max(map(abs, imbalance(stopped).values())) < 1e-9, f"event {world.events}"
        check_cells(stopped, sink.rows["cells"] + rows.rows["cells"])


def test_nothing_in_the_ledger_is_negative(folder: Path) -> None:
    """No station gives what it did not have (but for the rounding of sums)."""
    ledger = read(folder).table("ledger")
    materials = ledger[ledger["account"] == "material"]
    totals = materials[materials["entry"] == "in"].groupby("item")["amount"].sum()
    assert (materials["amount"] >= -1e-9 * materials["item"].map(totals)).all()


@pytest.mark.parametrize("role", ["slurry", "active_material", "foil"])
def test_every_cell_resolves_to_its_sources(folder: Path, role: str) -> None:
    """Per electrode, the shares of the last lots of a role sum to one for every single cell."""
    result = read(folder)
    sources = Genealogy(result).sources(None, role)
    cells = set(result.table("cells", ["cell"])["cell"])
    sums = sources.groupby(["item", "electrode"])["share"].sum()
    assert set(sums.index) == {(cell, side) for cell in cells for side in ("cathode", "anode")}
    assert sums.to_numpy() == pytest.approx(1.0, abs=1e-9)
    assert (sources["share"] > 0).all()


@pytest.mark.parametrize("role", ["separator", "electrolyte"])
def test_separator_and_electrolyte_of_a_cell_are_known(folder: Path, role: str) -> None:
    """A cell that got them names their lots, with shares that sum to one."""
    result = read(folder)
    links = result.table("links")
    sums = links[links["role"] == role].groupby("child")["share"].sum()
    assert sums.to_numpy() == pytest.approx(1.0, abs=1e-9)
    cells = result.table("cells")
    graded = set(cells.loc[cells["status"].isin(["A", "B"]), "cell"])
    assert graded <= set(sums.index)


def test_every_lot_named_is_described(folder: Path) -> None:
    """Each parent of a link has its row among the lots, and says how much was made."""
    result = read(folder)
    lots = result.table("lots").set_index("lot")
    assert set(result.table("links")["parent"]) <= set(lots.index)
    assert lots.index.is_unique
    sizes = lots[lots["kind"] == "material"]
    foils = sizes[sizes.index.str.startswith("cathode.foil")]
    assert (foils["amount"] == 500.0).all()


def test_the_same_seed_gives_the_same_tables(folder: Path, tmp_path: Path) -> None:
    """A run can be repeated bit by bit."""
    run_into(pilot(120, *SCRAP), tmp_path / "again", Uneven())
    assert differences(folder, tmp_path / "again") == []


def test_another_seed_gives_other_tables(folder: Path, tmp_path: Path) -> None:
    """Chance matters, and the seed decides it."""
    run_into(pilot(120, *SCRAP, seed=2), tmp_path / "other", Uneven())
    shares = [
        read(each).table("lots", ["solids_fraction"]).dropna()["solids_fraction"].tolist()
        for each in (folder, tmp_path / "other")
    ]
    assert not set(shares[0]) & set(shares[1])


class Noting(StochasticDriver):
    """Notes every number drawn, by the name of its stream."""

    def __init__(self, seed: int) -> None:
        super().__init__(Streams(seed))
        self.drawn: dict[tuple[str, str], list[float]] = {}

    def normal(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Draw and note."""
        values = super().normal(unit, cause, size)
        self.drawn.setdefault((unit, cause), []).extend(values.tolist())
        return values

    def uniform(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Draw and note."""
        values = super().uniform(unit, cause, size)
        self.drawn.setdefault((unit, cause), []).extend(values.tolist())
        return values


def test_a_what_if_differs_only_where_its_inputs_differ() -> None:
    """A slower cathode coater changes the cathode web; chance elsewhere stays number by number."""
    one, other = Noting(1), Noting(1)
    base, rows = in_memory(pilot(60), one)
    slow, slow_rows = in_memory(pilot(60, "cathode.coater.web_speed=1 m/min"), other)
    for name in one.drawn.keys() | other.drawn.keys():
        pair = zip(one.drawn.get(name, []), other.drawn.get(name, []), strict=False)
        assert all(before == after for before, after in pair), name
    assert one.drawn["cell.stacker", "offset"][:500] == other.drawn["cell.stacker", "offset"][:500]

    def batches(sink: Memory, electrode: str) -> list[tuple[float, int]]:
        found = [row for row in sink.rows["lots"] if row["lot"].startswith(f"{electrode}.slurry")]
        return [(row["solids_fraction"], row["created"]) for row in found]

    assert batches(rows, "anode") == batches(slow_rows, "anode")
    assert batches(rows, "cathode")[0] == batches(slow_rows, "cathode")[0]

    def first_roll(sink: Memory) -> int:
        events = sink.rows["events"]
        given = [
            row for row in events if (row["station"], row["event"]) == ("cathode.coater", "give")
        ]
        return int(given[0]["tick"])

    assert first_roll(slow_rows) > first_roll(rows)
    assert base.ended == slow.ended == "order"


def test_stations_that_have_made_enough_say_so() -> None:
    """Electrode lines stop once the web in process covers the order, and none of them starves."""
    world, _ = in_memory(pilot(40))
    for path in ("cathode.mixer", "cathode.coater", "anode.mixer", "anode.coater"):
        assert (world.units[path].state.mode, world.units[path].state.cause) == (
            "Complete",
            "order covered",
        )


def test_a_mixer_with_a_full_tank_is_blocked() -> None:
    """It waits for room, not for material: what held an order back depends on the difference."""
    scenario = pilot(400)
    small = {
        path: replace(each, capacity=40.0)
        for path, each in scenario.buffers.items()
        if each.kind == "tank"
    }
    _, sink = in_memory(replace(scenario, buffers=dict(scenario.buffers) | small))
    causes = {
        row["cause"]
        for row in sink.rows["events"]
        if row["station"].endswith("mixer") and row["state"] == "Suspended"
    }
    assert causes == {"blocked"}


@pytest.mark.parametrize("batch", [1.65, 2.8, 4.2, 5.65])
def test_mixer_and_coater_do_not_wait_for_one_another(batch: float) -> None:
    """Before its last block the coater asks for more than it takes: the mixer provides for it."""
    world, _ = in_memory(pilot(40, f"cathode.mixer.batch_mass={batch} kg"))
    assert world.ended == "order"


def test_a_tank_too_small_for_a_batch_is_refused() -> None:
    """A batch that would wait for room for ever is named before the line starts."""
    world = make_world(pilot(40, "cathode.mixer.batch_mass=59 kg"), Memory())
    with pytest.raises(ScenarioError, match=r"cathode\.mixer\.batch_mass: .* cathode\.tank"):
        world.begin()


def test_a_tank_never_overflows() -> None:
    """A batch that came out larger than its room waits in the mixer until the coater makes room."""
    small, slow = "cathode.mixer.batch_mass=12 kg", "cathode.coater.web_speed=0.4 m/min"
    world = make_world(pilot(100, small, slow), Memory())
    tank, mixer = world.tanks["cathode.tank"], world.units["cathode.mixer"].state
    world.begin()
    while world.step() and not (tank.level > 2 and mixer.job.get("stage") == "discharge"):
        pass
    tank.capacity = tank.level + world.lots[mixer.job["batch"]].amount - 1.5
    while mixer.cause != "blocked":
        assert world.step()
    while mixer.cause == "blocked":
        assert world.step()
        assert tank.level <= tank.capacity
    tank.capacity = 60.0
    run_out(world)
    assert world.ended == "order"
    assert max(map(abs, imbalance(world).values())) < 1e-9


def changes(address: str, *spans: tuple[float, int, int | None]) -> Sequence[Any]:
    """Return disturbances of one address: (value, from h, until h)."""
    from linetwin.scenario.resolved import DisturbanceConfig

    hour = 3_600_000
    return tuple(
        DisturbanceConfig(address, value, start * hour, None if end is None else end * hour)
        for value, start, end in spans
    )


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (((305.0, 1, 3),), [(1, 305.0), (3, None)]),
        (((305.0, 1, None),), [(1, 305.0)]),
        (((305.0, 0, 2),), [(0, 305.0), (2, None)]),
        (((305.0, 1, 3), (310.0, 3, 5)), [(1, 305.0), (3, 310.0), (5, None)]),
        (((305.0, 1, 4), (310.0, 2, 3)), [(1, 305.0), (2, 310.0), (3, 305.0), (4, None)]),
        (((305.0, 1, 3), (310.0, 2, 4)), [(1, 305.0), (2, 310.0), (4, None)]),
    ],
    ids=["for a time", "for good", "from the start", "in a row", "nested", "overlapping"],
)
def test_disturbances_change_an_address_and_restore_it(
    spans: tuple[tuple[float, int, int | None], ...], expected: list[tuple[int, float | None]]
) -> None:
    """The value that began last holds; when all have ended the first value is back."""
    address = "building.outdoor_temperature"
    scenario = pilot(40, disturbances=changes(address, *spans))
    sink = Memory()
    world = make_world(scenario, sink)
    before = world.parameters[address]
    world.begin()
    while world.now < 6 * 3_600_000 and world.step():
        pass
    found = [
        (row["tick"] / 3_600_000, row["amount"])
        for row in sink.rows["events"]
        if row["event"] == "disturbance"
    ]
    assert found == [(hour, before if value is None else value) for hour, value in expected]


def test_disturbances_of_several_addresses_at_one_instant() -> None:
    """Two changes that begin and end together are each made once, and each undone once."""
    spans = (305.0, 1, 2)
    scenario = pilot(
        40,
        disturbances=(
            *changes("building.outdoor_temperature", spans),
            *changes("building.outdoor_humidity", (0.01, 1, 2)),
        ),
    )
    world, sink = in_memory(scenario)
    noted = [row["cause"] for row in sink.rows["events"] if row["event"] == "disturbance"]
    assert Counter(noted) == {
        "building.outdoor_temperature": 2,
        "building.outdoor_humidity": 2,
    }
    assert world.ended == "order"


def test_an_order_is_given_up_at_its_limit() -> None:
    """The run ends at the limit and says so; what is in process is written down."""
    world, sink = in_memory(pilot(40, limit_ticks=40 * 3_600_000))
    assert (world.ended, world.now) == ("limit", 40 * 3_600_000)
    assert max(map(abs, imbalance(world).values())) < 1e-9
    check_cells(world, sink.rows["cells"])


def test_a_duration_ends_a_run_without_an_order() -> None:
    """Without an order the line runs on until its time is over."""
    world, sink = in_memory(pilot(0, order_cells=None, duration_ticks=30 * 3_600_000))
    assert (world.ended, world.now) == ("duration", 30 * 3_600_000)
    assert world.counts["started"] > 0
    assert max(map(abs, imbalance(world).values())) < 1e-9
    ticks = [row["tick"] for row in sink.rows["signals"] if row["station"] == "cell.stacker"]
    assert ticks == sorted(set(ticks))


def test_a_line_with_nothing_planned_is_a_defect_not_an_endless_loop() -> None:
    """Should nobody ask to be woken any more, the run stops with an error."""
    world = make_world(pilot(40), Memory())
    world.calendar.reset(0)
    with pytest.raises(SimulationError, match="the line is stuck"):
        world.step()
