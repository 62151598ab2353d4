"""A plant without a server tells every change at the event by which it has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from plant_support import HOUR, MINUTE, panelled, scenario_of, with_plant

from linetwin.scenario.hiding import Hiding
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.requests import Clerk, Request
from linetwin.twin.plant.unserved import Told, UnservedPlant

if TYPE_CHECKING:
    from linetwin.twin.plant.changes import Change

LATE = Hiding("cathode.mixer/Energy/*", "late", delay_ticks=25 * MINUTE)


def plant_of(*hides: Hiding) -> UnservedPlant:
    """Return eight hours of the pilot line as a plant."""
    scenario = scenario_of(order_cells=None, duration_ticks=8 * HOUR)
    world, panel, _, model = panelled(with_plant(scenario, hides=hides))
    carrier = Carrier([tag.node for tag in model.tags()], hides, scenario.seed)
    return UnservedPlant(world, panel, carrier, Clerk(model))


def played(*hides: Hiding) -> list[Told]:
    """Return all that it told."""
    plant = plant_of(*hides)
    told = [plant.begin()]
    while (step := plant.step()) is not None:
        told.append(step)
    return told


@pytest.fixture(scope="module")
def plain() -> list[Told]:
    """The line with nothing hidden."""
    return played()


def of(told: list[Told], node: str) -> list[tuple[int, Change]]:
    """Return the changes of a tag, each with the tick of the event by which it came."""
    return [(step.tick, each) for step in told for each in step.changes if each.node == node]


def test_nothing_is_thinned(plain: list[Told]) -> None:
    """Each record of a meter is told at its own instant, also where nothing has changed."""
    shown = of(plain, "cathode.mixer/Energy/electric_power")
    assert [each.tick for _, each in shown] == [n * 10 * MINUTE for n in range(48)]
    assert all(tick == each.tick for tick, each in shown)


def test_what_is_late_comes_at_the_first_event_after_its_delay(plain: list[Told]) -> None:
    """Late values are the same values, 25 min later or at the next event of the line."""
    node = "cathode.mixer/Energy/electric_power"
    late, true = of(played(LATE), node), of(plain, node)
    assert [each.value for _, each in late] == [each.value for _, each in true][: len(late)]
    ticks = [step.tick for step in plain]
    for tick, each in late:
        assert tick == next(at for at in ticks if at >= each.tick + 25 * MINUTE)


def test_a_request_is_answered_at_once_and_told_with_the_next_event() -> None:
    """The set value is changed when it was asked for."""
    plant = plant_of()
    plant.begin()
    expiry = datetime.now(UTC) + timedelta(minutes=1)
    answer = plant.ask(Request("cathode.coater", "web_speed", 0.03, "desk", "one", expiry))
    assert answer.accepted
    step = plant.step()
    assert step is not None
    told = {each.node: each.value for each in step.changes}
    assert told["cathode.coater/Setpoints/web_speed"] == 0.03
    assert told["cathode.coater/Commands/AnsweredId"] == "one"
