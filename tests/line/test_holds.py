"""Holds: exactly what contains a suspected lot is set aside, and then released or scrapped."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import HOUR, Memory, imbalance, in_memory, make_world, pilot, run_into

from linetwin.line import run
from linetwin.line.descent import carried, joined
from linetwin.results import read
from linetwin.results.genealogy import Genealogy
from linetwin.results.held import POSSIBLE
from linetwin.scenario.deviations import Fault
from linetwin.scenario.resolved import HoldConfig

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario

MIDDLE = 80 * HOUR
"""A time at which an order of 400 cells has cells on trays everywhere."""


@lru_cache
def small_lots() -> Scenario:
    """Return the pilot line with small lots of powder, so that cells differ in their lots."""
    scenario = pilot(160, "cathode.mixer.batch_mass=8 kg")
    materials = dict(scenario.materials)
    for path, size in (("cathode.active_material", 8.0), ("cell.electrolyte", 0.4)):
        lot_size = replace(materials[path].lot_size, value=size)
        materials[path] = replace(materials[path], lot_size=lot_size)
    return replace(scenario, materials=materials)


def line(cells: int, *holds: HoldConfig, **changes: Any) -> Scenario:  # noqa: ANN401
    """Return an order of cells on that line, with holds."""
    return replace(small_lots(), order_cells=cells, holds=tuple(holds), **changes)


def hold(lot: str, start: int = 0, end: int | None = None, **changes: Any) -> HoldConfig:  # noqa: ANN401
    """Return a hold on the whole of a lot."""
    plain = HoldConfig(lot, 0.0, math.inf, start, end, "release", "suspect")
    return replace(plain, **changes)


def cells_with(folder: Path, lot: str, *, certain: bool = True) -> set[str]:
    """Return the cells that forward trace finds of a lot: surely made of it, or only perhaps."""
    found = Genealogy(read(folder)).forward(lot)
    return {each.lot for each in found if each.kind == "cell" and each.certain == certain}


def cells_held(world: World, reason: str = "suspect") -> set[str]:
    """Return the cells in process that are on hold in a line for a reason."""
    assert world.holds is not None
    found: set[str] = set()
    for lot in world.lots.open_lots():
        if lot.kind == "tray" and lot.held:
            mask = np.array(world.holds.reasons(lot)) == reason
            found |= {f"cell-{int(number):06d}" for number in lot.columns["number"][mask]}
    return found


PERHAPS = f"suspect{POSSIBLE}"


SUSPECTS = (
    "cathode.active_material-0002",
    "anode.slurry-0001",
    "cathode.roll-0001",
    "cathode.roll-0001.2",
    "cell.separator-0001",
    "cell.electrolyte-0002",
    "tray-0002",
)


@pytest.mark.parametrize("lot", SUSPECTS)
def test_exactly_the_cells_that_forward_trace_names_are_held(lot: str, tmp_path: Path) -> None:
    """Held from the middle of an order: no open descendant goes on, and no other is held."""
    scenario = line(400, hold(lot, MIDDLE), limit_ticks=MIDDLE + 60 * HOUR)
    world = run_into(scenario, tmp_path / "run")
    cells = read(tmp_path / "run").table("cells").set_index("cell")
    named = cells.loc[sorted(cells_with(tmp_path / "run", lot))]
    late = named[(named["ended"] < 0) | (named["ended"] > MIDDLE)]
    assert len(late) > 0
    assert set(cells.index[cells["reason"] == "suspect"]) == set(late.index)
    assert cells_held(world) == set(late.index)
    assert set(late["status"]) == {"in_process"}
    perhaps = cells.loc[sorted(cells_with(tmp_path / "run", lot, certain=False))]
    possible = perhaps[perhaps["status"] == "in_process"]
    assert set(cells.index[cells["reason"] == PERHAPS]) == set(possible.index)
    assert cells_held(world, PERHAPS) == set(possible.index)
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_what_is_only_possible_is_held_unless_the_hold_says_otherwise(tmp_path: Path) -> None:
    """Cells within the uncertainty of positions: as many as trace finds, or none."""
    lot = "anode.charge-0032"
    found = {}
    for include in (True, False):
        here = tmp_path / str(include)
        asked = hold(lot, MIDDLE, include_possible=include)
        world = run_into(line(400, asked, limit_ticks=MIDDLE + 60 * HOUR), here)
        found[include] = cells_held(world, PERHAPS)
        cells = read(here).table("cells").set_index("cell")
        near = cells.loc[sorted(cells_with(here, lot, certain=False))]
        if include:
            assert found[include] == set(near.index[near["status"] == "in_process"])
            told = read(here).table("events").query("event == 'hold'")
            assert told.loc[told["cause"] == PERHAPS, "amount"].sum() == len(found[include])
            trays = told[(told["cause"] == "suspect") & told["lot"].str.startswith("tray")]
            assert trays["amount"].sum() == len(cells_held(world))
    assert found[True]
    assert found[False] == set()


def test_a_scrapped_hold_ends_exactly_those_cells(tmp_path: Path) -> None:
    """Disposition: every cell on hold is scrapped with the reason, the order is made up for."""
    scrap = hold("cathode.slurry-0002", MIDDLE, MIDDLE + 10 * HOUR, then="scrap")
    world = run_into(line(400, scrap, limit_ticks=600 * HOUR), tmp_path / "run")
    cells = read(tmp_path / "run").table("cells").set_index("cell")
    named = cells.loc[sorted(cells_with(tmp_path / "run", scrap.lot))]
    late = named[(named["ended"] < 0) | (named["ended"] > MIDDLE)]
    assert len(late) > 0
    assert set(cells.index[cells["reason"] == "suspect"]) == set(late.index)
    assert set(late["status"]) == {"scrap"}
    assert world.ended == "order"
    assert world.graded() >= 400
    assert max(map(abs, imbalance(world).values())) < 1e-9
    events = read(tmp_path / "run").table("events")
    assert {"hold", "disposition"} <= set(events["event"])


def test_a_released_hold_only_takes_time(tmp_path: Path) -> None:
    """What was on hold is graded after its release; nothing is scrapped or lost."""
    released = hold("cathode.roll-0001", MIDDLE, MIDDLE + 48 * HOUR)
    world = run_into(line(400, released), tmp_path / "run")
    cells = read(tmp_path / "run").table("cells").set_index("cell")
    named = cells.loc[sorted(cells_with(tmp_path / "run", released.lot))]
    late = named[(named["ended"] < 0) | (named["ended"] > MIDDLE)]
    assert len(late) > 0
    assert late["ended"].min() > MIDDLE + 48 * HOUR
    assert (cells["reason"] != "suspect").all()
    assert world.ended == "order"
    assert cells_held(world) == set()
    assert max(map(abs, imbalance(world).values())) < 1e-9
    assert set(read(tmp_path / "run").table("events")["event"]) >= {"hold", "release"}


STORED = "cathode.active_material-0001"


@lru_cache
def sorted_cells() -> int:
    """Return the tick at which a quarter of an order of 400 cells has been graded."""
    _, sink = in_memory(line(400))
    ended = sorted(row["ended"] for row in sink.rows["cells"] if row["ended"] >= 0)
    return int(ended[len(ended) // 4])


def in_boxes(folder: Path, status: str) -> set[str]:
    """Return the cells whose last box has a status."""
    links, lots = read(folder).table("links"), read(folder).table("lots").set_index("lot")
    boxed = links[links["role"] == "box"]
    return set(boxed["child"][boxed["parent"].map(lots["status"]) == status])


def test_graded_cells_in_store_are_held_and_shipped_ones_are_called_back(tmp_path: Path) -> None:
    """From the beginning no suspected cell leaves; those that have left are told, all of them."""
    asked = hold(STORED, sorted_cells())
    run_into(line(400, asked, limit_ticks=sorted_cells() + 40 * HOUR), tmp_path / "run")
    affected = cells_with(tmp_path / "run", STORED)
    shipped = in_boxes(tmp_path / "run", "shipped") & affected
    result = read(tmp_path / "run")
    events = result.table("events")
    told = events[(events["event"] == "recall") & (events["cause"] == "escaped: recall: suspect")]
    assert shipped
    assert told["amount"].sum() == len(shipped)
    assert set(told["tick"]) == {sorted_cells()}
    boxes = events[(events["event"] == "hold") & events["lot"].str.startswith("box")]
    stored = in_boxes(tmp_path / "run", "store") & affected
    assert stored
    assert boxes["amount"].sum() == len(stored)
    late = events[(events["tick"] > sorted_cells()) & events["cause"].str.startswith("shipped")]
    assert not set(late["lot"]) & set(boxes["lot"])


def test_a_grade_is_taken_away_and_everything_is_booked(tmp_path: Path) -> None:
    """Scrapped from the store: grade, books, counters and what was measured of the cell."""
    asked = hold(STORED, sorted_cells(), sorted_cells() + HOUR, then="scrap")
    plain = line(400, limit_ticks=sorted_cells() + 3 * HOUR)
    run_into(plain, tmp_path / "plain")
    world = run_into(replace(plain, holds=(asked,)), tmp_path / "run")
    before, after = (
        read(tmp_path / name).table("cells").set_index("cell") for name in ("plain", "run")
    )
    events = read(tmp_path / "run").table("events")
    gone = set(events["lot"][events["event"] == "recall"])
    links = read(tmp_path / "run").table("links").query("role == 'box'")
    shipped = set(links["child"][links["parent"].isin(gone)])
    good = before["status"].isin(["A", "B"]) & (before["ended"] <= sorted_cells())
    lost = sorted((cells_with(tmp_path / "run", STORED) & {*before.index[good]}) - shipped)
    assert shipped
    assert lost
    assert set(after.loc[lost, "status"]) == {"scrap"}
    assert set(after.loc[lost, "reason"]) == {"suspect"}
    same = ["tray", "started", "station", "true_grade", "capacity", "measured_capacity", "dcir"]
    assert after.loc[lost, same].equals(before.loc[lost, same])
    changed = events[events["cause"].str.contains("becomes scrap: suspect")]
    assert changed["amount"].sum() == len(lost)
    assert max(map(abs, imbalance(world).values())) < 1e-9
    assert (after["status"].isin(["A", "B"])).sum() == world.counts["A"] + world.counts["B"]
    found = {each.lot: each.where for each in Genealogy(read(tmp_path / "run")).forward(STORED)}
    assert {found[cell] for cell in lost} == {"scrap"}


def test_a_box_is_shipped_after_its_release(tmp_path: Path) -> None:
    """Boxes put aside go on being filled, are shipped when full, and no cell is lost."""
    asked = hold(STORED, sorted_cells(), sorted_cells() + 2 * HOUR)
    world = run_into(line(400, asked), tmp_path / "run")
    events = read(tmp_path / "run").table("events")
    held = set(events["lot"][(events["event"] == "hold") & events["lot"].str.startswith("box")])
    shipped = events[events["cause"].str.startswith("shipped")]
    assert held & set(shipped["lot"])
    assert shipped["tick"][shipped["lot"].isin(held)].min() >= asked.end_tick
    good = world.counts["A"] + world.counts["B"]
    boxes = sum(lot.amount for lot in world.lots.open_lots() if lot.kind == "box")
    waiting = sum(lot.items for lot in world.lots.open_lots() if lot.kind == "graded_tray")
    assert world.counts["shipped"] + boxes + waiting == good
    assert max(map(abs, imbalance(world).values())) < 1e-9


PART = {"from_m": 20.0, "to_m": 60.0}


def stretches(folder: Path, roll: str) -> dict[str, tuple[float, float]]:
    """Return cell -> metres of a mother roll, through its lanes however they were rewound."""
    result = read(folder)
    found = Genealogy(result)._links.stretches(result.table("cells", ["cell"])["cell"].tolist())
    rows = found[found["lot"] == roll]
    ends = rows.groupby("item").agg(start=("start_m", "min"), end=("end_m", "max"))
    return {str(cell): (row.start, row.end) for cell, row in ends.iterrows()}


def test_metres_of_a_roll_on_hold_hold_the_cells_cut_from_them(tmp_path: Path) -> None:
    """Cells with any of the metres on hold are held, their neighbours on the web are not."""
    part = hold("cathode.roll-0001", MIDDLE, **PART)
    world = run_into(line(400, part, limit_ticks=MIDDLE + 60 * HOUR), tmp_path / "run")
    found = stretches(tmp_path / "run", "cathode.roll-0001")
    expected = {cell for cell, (start, end) in found.items() if start < 60 and end > 20}
    cells = read(tmp_path / "run").table("cells").set_index("cell")
    late = {cell for cell in expected if not 0 <= cells.loc[cell, "ended"] <= MIDDLE}
    assert 0 < len(late) < len(found)
    assert cells_held(world) == late


@pytest.mark.parametrize("start", [14, 22, 30], ids=["on the coater", "as roll", "as lanes"])
def test_metres_of_a_roll_are_cut_out_wherever_the_roll_is(start: int, tmp_path: Path) -> None:
    """No cell has any of the metres once they are scrapped; what was cut out is booked."""
    part = hold(
        "cathode.roll-0001", start * HOUR, (start + 1) * HOUR, then="scrap", reason="dent", **PART
    )
    world = run_into(line(400, part), tmp_path / "run")
    cells = read(tmp_path / "run").table("cells").set_index("cell")
    scrapped = set(cells.index[cells["reason"] == "dent"])
    for cell, (from_m, to_m) in stretches(tmp_path / "run", "cathode.roll-0001").items():
        hit = from_m < 60 and to_m > 20
        # a cell may join web from both sides of what was cut out
        assert not hit or cell in scrapped or (from_m <= 20 and to_m >= 60)
    assert world.graded() >= 400
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_powder_on_hold_stays_on_its_shelf() -> None:
    """The mixer turns to the next lot, and to the first again once it is released."""
    name = "cathode.active_material-0001"
    world, sink = in_memory(line(400, hold(name, 10 * HOUR, 14 * HOUR)))
    drawn = [row for row in sink.rows["links"] if row["role"] == "active_material"]
    order = [row["parent"] for row in drawn if row["parent"].startswith("cathode.")]
    assert order[0] == name
    assert order.index("cathode.active_material-0002") < len(order) - 1 - order[::-1].index(name)
    used = sum(row["amount"] for row in drawn if row["parent"] == name)
    assert used == pytest.approx(8.0)
    assert world.ended == "order"


def test_a_line_with_a_hold_can_be_saved_while_it_lasts() -> None:
    """Saved and loaded every 100 events, before, during and after: the same rows follow."""
    scrap = hold("cathode.slurry-0001", MIDDLE, MIDDLE + 10 * HOUR, then="scrap")
    stored = hold("cathode.active_material-0003", 94 * HOUR, 95 * HOUR, then="scrap")
    scenario = line(160, scrap, stored)
    plain, expected = in_memory(scenario)
    sink = Memory()
    world = make_world(scenario, sink)
    world.begin()
    while world.step():
        if world.events % 100 == 0:
            blob = run.save(world, {})
            world = make_world(scenario, sink)
            run.load(world, blob)
            assert run.save(world, {}) == blob
    run.close(world)
    assert world.events == plain.events
    assert sink.rows["cells"] == expected.rows["cells"]
    assert sink.rows["events"] == expected.rows["events"]


metres = st.floats(0, 100, allow_nan=False)
spans = st.lists(st.tuples(metres, metres).map(sorted), min_size=1, max_size=5)


@given(spans, spans)
def test_joined_stretches_cover_what_either_covers(one: list[Any], other: list[Any]) -> None:
    """A point lies in the union if and only if it lies in one of the two, up to rounding."""
    union = joined([list(each) for each in one], [list(each) for each in other])
    for point in np.linspace(0, 100, 41):
        inside = any(start <= point <= end for start, end in [*one, *other])
        assert inside == any(start - 1e-9 <= point <= end + 1e-9 for start, end in union) or (
            min(abs(point - edge) for each in union for edge in each) < 1e-6
        )


@given(spans, st.tuples(metres, metres), st.booleans())
def test_a_stretch_keeps_its_length_from_parent_to_child(
    held: list[Any],
    on_parent: tuple[float, float],
    turned: bool,  # noqa: FBT001  drawn
) -> None:
    """What is carried over is as long as the overlap, also where the web was turned round."""
    start, end = on_parent
    if end - start < 1e-3:
        return
    parent = (end, start) if turned else (start, end)
    stretches_of = joined([list(held[0])], [list(each) for each in held])
    part = carried(stretches_of, parent, (0.0, end - start))
    overlap = sum(max(0.0, min(b, end) - max(a, start)) for a, b in stretches_of)
    assert sum(b - a for a, b in part or []) == pytest.approx(overlap, abs=1e-6)


def test_a_hold_that_found_nothing_is_told() -> None:
    """One note when the run ends, for a lot that was never made."""
    holds = (hold("anode.roll-9999"),)
    _, sink = in_memory(line(20, *holds, limit_ticks=24 * HOUR))
    notes = [row for row in sink.rows["events"] if row["cause"].startswith("hold found nothing")]
    assert [row["cause"] for row in notes if row["lot"] == "anode.roll-9999"] == [
        "hold found nothing: anode.roll-9999"
    ]
    assert all(row["event"] == "note" for row in notes)


def test_a_hold_that_found_its_lot_is_not_told() -> None:
    """A powder that is delivered at the beginning."""
    holds = (hold("cathode.active_material-0001"),)
    _, sink = in_memory(line(20, *holds, limit_ticks=24 * HOUR))
    assert not [row for row in sink.rows["events"] if "found nothing" in row["cause"]]


HELD_LOTS = (*SUSPECTS, STORED, "anode.charge-0005", "cathode.roll-0002.2n", "box-0002")


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_whatever_is_held_whenever_nothing_is_lost(data: st.DataObject) -> None:
    """Any holds, from any hour, released or scrapped: books, grades and boxes agree at the end.

    A line saved and loaded in the middle of it goes on alike.
    """
    holds = []
    for lot in data.draw(st.lists(st.sampled_from(HELD_LOTS), min_size=1, max_size=3)):
        start = data.draw(st.integers(0, 110)) * HOUR
        end = start + data.draw(st.integers(1, 30)) * HOUR if data.draw(st.booleans()) else None
        then = data.draw(st.sampled_from(["release", "scrap"]))
        possible = data.draw(st.booleans())
        holds.append(hold(lot, start, end, then=then, include_possible=possible))
    scenario = line(120, *holds, limit_ticks=data.draw(st.integers(60, 150)) * HOUR)
    sink = Memory()
    world = make_world(scenario, sink)
    world.begin()
    at = data.draw(st.integers(1, 4000))
    while world.step():
        if world.events == at:
            blob = run.save(world, {})
            world = make_world(scenario, sink)
            run.load(world, blob)
            assert run.save(world, {}) == blob
    run.close(world)
    assert max(map(abs, imbalance(world).values())) < 1e-9
    last = {row["cell"]: row["status"] for row in sink.rows["cells"]}
    good = sum(status in {"A", "B"} for status in last.values())
    assert good == world.counts["A"] + world.counts["B"]
    lots = world.lots.open_lots()
    stored = sum(lot.amount for lot in lots if lot.kind in {"box", "graded_tray"})
    assert world.counts["shipped"] + stored == good
    assert len(last) == world.counts["started"]
    _, plain = in_memory(scenario)
    assert plain.rows["cells"] == sink.rows["cells"]
    assert plain.rows["events"] == sink.rows["events"]


def test_a_tank_that_cannot_be_emptied_yet_is_looked_at_by_one_wake_up_at_a_time() -> None:
    """Two condemned batches in a tank, promised to a coater that stands still for half an hour.

    A look that asks for one more for each batch would have asked for 2^30.
    """
    jam = Fault("jam", "cathode.coater", "stop", 11 * HOUR, 21 * HOUR, "jam")
    batches = [
        hold(f"cathode.slurry-000{number}", 20 * HOUR, 20 * HOUR, then="scrap", reason=why)
        for number, why in ((1, "wet"), (2, "coarse"))
    ]
    scenario = line(60, *batches, faults=(jam,), limit_ticks=20 * HOUR + 30 * 60_000)
    world = make_world(scenario, Memory())
    world.begin()
    looks = 0
    while world.now < 20 * HOUR and world.step():
        pass
    while world.step():
        waiting = [who for _, who, _ in world.calendar.save() if who == "holds"]
        assert len(waiting) <= 2 * len(batches)
        looks += len(waiting) > 0
    assert world.tanks["cathode.tank"].promised
    assert looks > 25
