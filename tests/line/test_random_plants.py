"""Laws that hold in any plant: nothing is lost or made of nothing, and it freezes anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from line_support import Memory
from random_plants import PLANTS, Plant, Stage, make

from linetwin.line import run
from linetwin.line.buffers import LotBuffer

if TYPE_CHECKING:
    from linetwin.line.world import World

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip


def _places(world: World) -> list[str]:
    """Return every part that lies in a buffer or in a machine, as often as it is found."""
    found = [lot for buffer in world.buffers.values() for lot in buffer.lots]
    for station in world.equipment():
        found += [station.state.job[key] for key in ("part", "done") if key in station.state.job]
    return found


def _check(world: World, made: int, ended: int) -> None:
    """Every part that was made is in one place, or has ended."""
    places = _places(world)
    assert len(places) == len(set(places))
    assert sorted(places) == sorted(lot.name for lot in world.lots.open_lots())
    assert made == len(places) + ended
    for buffer in world.buffers.values():
        assert len(buffer.lots) <= buffer.capacity
    for crew in world.crews.values():
        assert len(crew.busy) <= crew.config.size


@QUICK
@given(plant=PLANTS)
def test_no_part_is_lost_or_made_of_nothing(plant: Plant) -> None:
    """After every event: parts made = parts in the plant + parts that have ended."""
    sink = Memory()
    world = make(plant, sink)
    world.begin()
    while world.step():
        made = world.lots.number("part", 0) - 1
        _check(world, made, len(sink.rows["lots"]))
    first = [s for s in world.equipment() if not s.config.takes]
    assert made <= plant.parts * len(first)
    assert all(row["status"] in {"used", "scrap"} for row in sink.rows["lots"])


@QUICK
@given(plant=PLANTS, share=st.floats(0.0, 1.0))
def test_a_plant_can_be_frozen_after_any_event(plant: Plant, share: float) -> None:
    """Thawed in a new world it goes on with the same events, and the same state at the end."""
    whole = make(plant, told := Memory())
    whole.begin()
    while whole.step():
        pass
    frozen = make(plant, before := Memory())
    frozen.begin()
    for _ in range(int(share * (whole.events - 1))):
        assert frozen.step()
    thawed = make(plant, after := Memory())
    run.load(thawed, run.save(frozen, {}))
    while thawed.step():
        pass
    assert run.save(thawed, {}) == run.save(whole, {})
    for table, rows in told.rows.items():
        assert repr(before.rows[table] + after.rows[table]) == repr(rows)


def _step_out(world: World) -> None:
    while world.step():
        _check(world, world.lots.number("part", 0) - 1, 0)


def test_the_law_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer that drops a part is found out at once."""

    def drop(_buffer: LotBuffer, _who: str, _lot: str) -> bool:
        return True

    monkeypatch.setattr(LotBuffer, "put", drop)
    stage = Stage(2, 3.0, 2, 7.0, 7.0, 20.0, 0.5, 0.1, 0.05, day_shift=False)
    world = make(Plant((stage, stage), 1, 1, 5, disturbed=True, seed=1))
    world.begin()
    with pytest.raises(AssertionError):
        _step_out(world)


def test_a_lively_plant_does_everything() -> None:
    """The generator reaches failures, stops, services, rework, scrap and good parts."""
    stage = Stage(2, 3.0, 2, 7.0, 7.0, 20.0, 0.5, 0.1, 0.05, day_shift=False)
    world = make(Plant((stage,) * 3, 1, 1, 12, disturbed=True, seed=1), sink := Memory())
    world.begin()
    while world.step():
        pass
    events = {row["event"] for row in sink.rows["events"]}
    assert {"failure", "repair", "micro_stop", "maintenance", "disturbance", "give"} <= events
    assert {row["status"] for row in sink.rows["lots"]} == {"used", "scrap"}
    worked = [row["lot"] for row in sink.rows["operations"] if row["station"].startswith("stage1")]
    assert len(worked) > len(set(worked)), "nothing was worked on twice"
