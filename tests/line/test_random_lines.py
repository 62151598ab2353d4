"""Random lines of batteries: material is conserved to the last gram, and any of them freezes."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import HOUR, Memory, make_world, run_out
from random_lines import DRAFTS, FILLED, Draft, scenario_of

from linetwin.line import run, stock, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.line.world import World
    from linetwin.scenario import Scenario

ENTRIES = ("cells", "scrap", "lost", "in_process", "recovered", "shipped")
"""Where a raw material may end."""

NONE: frozenset[str] = frozenset()


@pytest.fixture(autouse=True, scope="module")
def _small_pool() -> Iterator[None]:
    """Some cells show what lies in a line; of full trays there are two at least."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "CELLS", 20)
        patch.setattr(template, "PART", 0.0)
        yield


def _scenario(draft: Draft) -> Scenario:
    with tempfile.TemporaryDirectory() as folder:
        return scenario_of(draft, Path(folder))


def _ends_alike(whole: World, frozen: World, share: float) -> None:
    """Assert that `frozen`, saved after that share of the events, goes on to the end of `whole`."""
    run_out(whole)
    for _ in range(int(share * (whole.events - 1))):
        assert frozen.step()
    thawed = make_world(whole.scenario, Memory())
    run.load(thawed, run.save(frozen, {}))
    run_out(thawed)
    assert run.save(thawed, {}) == run.save(whole, {})


def _imbalance(world: World) -> dict[str, float]:
    """Return of every raw material what came in less what is somewhere, over what came in."""
    found = {}
    for path in world.scenario.materials:
        given_ = sum(world.ledger.total(path, entry) for entry in ("in", "stock"))
        gone = sum(world.ledger.total(path, entry) for entry in ENTRIES)
        found[path] = abs(given_ - gone) / max(given_, 1e-9)
    return found


@settings(max_examples=6, deadline=None)
@given(draft=DRAFTS)
def test_material_is_conserved_in_any_line(draft: Draft) -> None:
    """Of every raw material: drawn = cells + scrap + lost + recovered + in process, to 1e-9."""
    world = make_world(_scenario(draft), Memory())
    world.begin()
    run_out(world)
    assert world.ended in {"order", "limit"}
    assert world.ended == "limit" or world.graded() >= draft.cells
    assert max(_imbalance(world).values()) < 1e-9, _imbalance(world)


@settings(max_examples=4, deadline=None)
@given(draft=FILLED)
def test_material_is_conserved_in_any_filled_line(draft: Draft) -> None:
    """Of every raw material: drawn + stock = what is somewhere; every cell has one end."""
    world = make_world(_scenario(draft), sink := Memory())
    found = stock.fill(world)
    world.begin()
    run_out(world)
    assert max(_imbalance(world).values()) < 1e-9, _imbalance(world)
    ends = [row["cell"] for row in sink.rows["cells"] if row["status"] != "in_process"]
    left = [row["cell"] for row in sink.rows["cells"] if row["status"] == "in_process"]
    assert len(ends) == len(set(ends))
    assert not set(ends) & set(left)
    assert len(ends) + len(left) == world.counts["started"] >= found.cells


@settings(max_examples=2, deadline=None)
@given(draft=FILLED, share=st.floats(0.0, 1.0))
def test_any_filled_line_freezes_after_any_event(draft: Draft, share: float) -> None:
    """Thawed in a new world that nobody fills it ends with the same bits."""
    scenario = _scenario(draft)
    whole, frozen = (make_world(scenario, Memory()) for _ in range(2))
    for world in (whole, frozen):
        stock.fill(world)
        world.begin()
    _ends_alike(whole, frozen, share)


@settings(max_examples=3, deadline=None)
@given(draft=DRAFTS, share=st.floats(0.0, 1.0))
def test_any_line_freezes_after_any_event(draft: Draft, share: float) -> None:
    """Thawed in a new world it ends with the same bits as the one that was never frozen."""
    scenario = _scenario(draft)
    whole = make_world(scenario, Memory())
    whole.begin()
    frozen = make_world(scenario, Memory())
    frozen.begin()
    _ends_alike(whole, frozen, share)


@pytest.mark.parametrize("kind", ["coater", "slitter", "stacker"])
def test_several_machines_share_one_order(kind: str) -> None:
    """Three machines of a kind share the work; no more cells are started than the order needs."""
    draft = Draft({kind: 3}, NONE, 3, 0.0, 0.0, 0.0, 2, (), (), 130, 1)
    world = make_world(_scenario(draft), sink := Memory())
    world.begin()
    run_out(world)
    assert world.ended == "order"
    alive = world.counts["started"] - world.counts["scrap before grading"]
    assert alive == draft.cells
    if kind == "stacker":
        workers = {row["station"] for row in sink.rows["events"] if row["state"] == "Execute"}
        assert {"cell.stacker_1", "cell.stacker_2"} <= workers


def test_stackers_never_wait_for_each_others_rolls() -> None:
    """An order whose last rolls lie on different stackers is finished, to the last tray."""
    draft = Draft({"stacker": 3}, NONE, 3, 0.0, 0.0, 1.0, 3, (), (), 400, 3)
    world = make_world(replace(_scenario(draft), limit_ticks=720 * HOUR), Memory())
    world.begin()
    run_out(world)
    assert world.ended == "order"
