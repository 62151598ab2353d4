"""A line that starts filled: full from the first hour, in balance, and saved as small as it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from doubles import Doubles
from line_support import HOUR, Memory, imbalance, make_world, pilot

from linetwin.errors import ScenarioError
from linetwin.line import run, stock, template
from linetwin.line.kinds.web import CONTENT
from linetwin.line.materials import contents_of
from linetwin.line.template import Templates

if TYPE_CHECKING:
    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario

DAY = 24 * HOUR
CHAMBERS = ("cathode.vacuum_dryer", "anode.vacuum_dryer", "cell.soak", "cell.formation")


@pytest.fixture(autouse=True)
def _small_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few trays show how a line is filled; what the pool is like, test_pools.py tells."""
    monkeypatch.setattr(template, "CELLS", 240)


@lru_cache
def pilot_line(overrides: tuple[str, ...], seed: int | None) -> Scenario:
    """Return the pilot line, filled."""
    return pilot(1, *overrides, seed=seed, start="filled", order_cells=None)


def filled(days: float = 1, *overrides: str, seed: int | None = None, **changes: Any) -> Scenario:  # noqa: ANN401
    """Return the pilot line, filled, for some days; people are always there."""
    ticks = round(days * DAY)
    scenario = pilot_line(overrides, seed)
    always = {name: replace(each, open_s=()) for name, each in scenario.calendars.items()}
    fields: dict[str, Any] = {"duration_ticks": ticks, "limit_ticks": ticks, "calendars": always}
    return replace(scenario, **{**fields, **changes})


def begun(scenario: Scenario) -> tuple[World, Memory, stock.Filled]:
    """Return a line that has been filled and begun."""
    sink = Memory()
    world = make_world(scenario, sink, models=Doubles())
    found = stock.fill(world)
    world.begin()
    return world, sink, found


def finished(scenario: Scenario) -> tuple[World, Memory]:
    """Return a filled line at its end."""
    world, sink, _ = begun(scenario)
    while world.step():
        pass
    run.close(world)
    return world, sink


def trays(world: World) -> list[Any]:
    """Return the open trays."""
    return [lot for lot in world.lots.open_lots() if lot.kind == "tray"]


def test_material_of_the_stock_is_booked_once() -> None:
    """Stock is what lies in the lots when the run begins, to the gram."""
    world, _, _ = begun(filled())
    held: Counter[str] = Counter()
    for lot in world.lots.open_lots():
        held.update({**lot.content, **contents_of(lot)})
    for material in world.scenario.materials:
        assert world.ledger.total(material, "in") == 0
        assert world.ledger.total(material, "stock") == pytest.approx(held[material], rel=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_material_and_cells_balance(seed: int) -> None:
    """In and stock = cells + scrap + lost + in process, and every cell has one end."""
    world, sink = finished(filled(1.5, seed=seed))
    assert max(map(abs, imbalance(world).values())) < 1e-9
    last = {row["cell"]: row["status"] for row in sink.rows["cells"]}
    found = Counter(last.values())
    assert world.counts["started"] == len(last)
    assert found["A"] + found["B"] == world.counts["A"] + world.counts["B"] > 1000
    assert found["in_process"] == sum(lot.items for lot in trays(world))


def test_a_filled_line_grades_evenly_from_the_first_hours() -> None:
    """Every quarter of the first day gives what the slowest station allows."""
    world, sink, found = begun(filled(1))
    while world.step():
        pass
    quarters = Counter(
        row["ended"] // (6 * HOUR) for row in sink.rows["cells"] if row["status"] in {"A", "B"}
    )
    rates = np.array([quarters[number] / 6 for number in range(4)])
    assert rates == pytest.approx(found.cells_per_hour, rel=0.15)
    assert rates.mean() == pytest.approx(found.cells_per_hour, rel=0.06)


def test_every_place_holds_what_the_scenario_says() -> None:
    """Shares, numbers of lots, a chamber by its share, and steady state where nothing is said."""
    scenario = filled()
    shares = {**scenario.stock.shares, "cell.aged": 0.25, "cell.soak": 0.5, "cathode.tank": 0.75}
    config = replace(scenario.stock, shares=shares, lots={"cathode.coated_rolls": 2})
    world, _, found = begun(replace(scenario, stock=config))
    assert world.buffers["cell.aged"].level == 0.25 * world.buffers["cell.aged"].capacity
    assert world.buffers["cathode.coated_rolls"].level == 2
    assert world.tanks["cathode.tank"].level == pytest.approx(0.75 * 60)
    inside = {name: len(world.units[name].state.job["places"]) for name in CHAMBERS}
    assert inside["cell.soak"] == 30
    assert found.lots["cell.formation"] == inside["cell.formation"]
    assert inside["cell.formation"] <= world.value("cell.formation", "parallel_places")


def test_a_line_through_which_no_cells_come_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 with what nothing reached, not a pace of infinitely many cells an hour."""
    monkeypatch.setattr(template, "LIMIT_TICKS", HOUR)  # in which no slurry is mixed
    with pytest.raises(ScenarioError, match=r"start: .* no tray of cells came") as refused:
        begun(filled())
    assert "nothing reached cathode.tank, cathode.coated_rolls, " in str(refused.value)
    assert "a run of 0.0417 days" in str(refused.value)
    assert refused.value.exit_code == 2


def test_lots_fall_due_evenly() -> None:
    """The gaps between lots of a chamber are alike, but for those that wait for their turn."""
    world, _, _ = begun(filled())
    for name in CHAMBERS:
        dues = np.array([place[1] for place in world.units[name].state.job["places"]])
        gaps = np.diff(np.concatenate([[0], np.sort(dues[dues > 1])]))
        assert gaps[1:].max() <= 1.1 * gaps[1:].mean()
        assert gaps[0] <= gaps[1:].mean()


def test_a_written_rate_decides_how_full_chambers_are() -> None:
    """Steady state: lots inside = rate * stay / cells of a lot."""
    scenario = filled()
    config = replace(scenario.stock, rate=40 / 3600)
    world, _, found = begun(replace(scenario, stock=config))
    stay_h = world.value("cell.soak", "soak_time") / 3600
    assert found.lots["cell.soak"] == pytest.approx(40 * stay_h / 40, abs=1)
    assert found.limited_by == "as written"


def test_the_rate_is_that_of_the_slowest_chamber() -> None:
    """Places * cells of a tray / stay, where a chamber limits."""
    scenario = filled(1, "cell.soak.parallel_places=10")
    templates = Templates(make_world(scenario, Memory()))
    templates.run()
    rate = templates.rate()
    stay_s = 20 * 3600
    assert rate.limited_by == "cell.soak"
    assert rate.cells_per_s == pytest.approx(10 * 40 / stay_s, rel=0.02)


def test_no_two_trays_of_a_place_are_equal() -> None:
    """Cells are drawn anew for each tray."""
    world, _, _ = begun(filled())
    seen = set()
    inside = [lot for lot in trays(world) if lot.place == "cell.formation"]
    for lot in inside:
        seen.add(lot.columns["dosed_electrolyte"].tobytes())
    assert len(seen) == len(inside) > 10


def test_the_stock_is_a_root_of_the_genealogy() -> None:
    """Each stock lot is linked to the lot `stock`, was made before the run, and carries cells."""
    world, sink, _ = begun(filled())
    roots = {row["child"] for row in sink.rows["links"] if row["parent"] == "stock"}
    lots = {lot.name for lot in world.lots.open_lots()}
    assert roots == lots
    assert {row["kind"] for row in sink.rows["lots"]} == {"stock"}
    assert all(lot.created <= 0 for lot in trays(world))
    carried = Counter(row["parent"] for row in sink.rows["links"] if row["role"] == "tray")
    assert carried == {lot.name: lot.items for lot in trays(world)}
    assert all((lot.columns["started"] <= 0).all() for lot in trays(world))
    numbers = np.concatenate([lot.columns["number"] for lot in trays(world)])
    assert len(set(numbers)) == len(numbers)


def test_trays_sleep_until_they_are_due() -> None:
    """A store costs its row numbers only: the snapshot holds a few bytes a sleeping cell."""
    world, _, found = begun(filled())
    asleep = sum(lot.items for lot in trays(world) if lot.is_asleep)
    assert asleep == found.cells
    short = replace(filled().stock, lots={"cell.soak": 5})
    small, _, less = begun(replace(filled(), stock=short))
    bytes_more = len(run.save(world, {})) - len(run.save(small, {}))
    assert found.cells > less.cells
    assert bytes_more / (found.cells - less.cells) < 50
    for _ in range(50):
        world.step()
    assert sum(lot.items for lot in trays(world) if lot.is_asleep) > 0.8 * asleep


def test_closing_wakes_no_tray() -> None:
    """What is still in the store at the end is written without keeping its columns."""
    world, sink, found = begun(filled(0.01))
    while world.step():
        pass
    run.close(world)
    assert len(sink.rows["cells"]) == found.cells
    assert sum(lot.items for lot in trays(world) if lot.is_asleep) > 0.8 * found.cells


def test_the_same_seed_fills_alike() -> None:
    """Rows repeat with the seed and differ without; the run's own streams are not touched."""
    rows = [repr(finished(filled(0.2, seed=seed))[1].rows) for seed in (1, 1, 2)]
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]
    world, _, _ = begun(filled())
    empty = make_world(filled(), Memory())
    empty.begin()
    assert world.driver.save() == empty.driver.save()


def test_a_filled_line_can_be_saved_at_any_time() -> None:
    """Saved and loaded every 90 events into a new line that nobody fills: the same rows."""
    scenario = filled(0.3)
    plain, expected = finished(scenario)
    world, sink, _ = begun(scenario)
    while world.step():
        if world.events % 90 == 0:
            blob = run.save(world, {})
            world = make_world(scenario, sink, models=Doubles())
            run.load(world, blob)
            assert run.save(world, {}) == blob
    run.close(world)
    assert world.events == plain.events
    assert repr(sink.rows) == repr(expected.rows)


def test_stock_is_made_by_the_settings_of_the_run() -> None:
    """Another dose at the filler shows in the cells of the stock."""
    means = []
    for dose in ("10 g", "12 g"):
        world, _, _ = begun(filled(1, f"cell.filler.electrolyte_dose={dose}"))
        lot = next(lot for lot in trays(world) if lot.place == "cell.soak")
        means.append(float(lot.columns[CONTENT + "cell.electrolyte"].mean()))
    assert means[1] / means[0] == pytest.approx(1.2, rel=0.01)
