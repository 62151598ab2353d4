"""`surrogate stand-in --range` of a setting: the line is run at several values of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cli_support import Order

from linetwin.cli.compose import make_world, release
from linetwin.cli.running import Request, base_of
from linetwin.cli.surrogate_standing_in import Nowhere, stand_in, watch, with_fmus
from linetwin.predictors.stand_in_choice import stand_in_of
from linetwin.predictors.stand_in_store import read
from linetwin.surrogates.standing_in.recording import Watching

if TYPE_CHECKING:
    from linetwin.predictors.stand_in import StandIn
    from linetwin.surrogates.standing_in.recording import Call

COATER = "cathode.coater"


def calls_at(order: Order, speed: str) -> tuple[list[Call], StandIn]:
    """Return what the coater asks of its FMU at a speed, and the stand-in that was made."""
    request = Request(str(order.file), (f"{COATER}.web_speed={speed}",), 2, None)
    line = request.load()
    world = make_world(with_fmus(line), base_of(request, line), Nowhere(), recording=False)
    try:
        watching = Watching(world.models, ["coating"], [COATER], "new")
        day = 24 * 3600 * 1000
        watch(world, watching, day)
    finally:
        release(world)
    process = line.stations[COATER].processes["coating"]
    found = stand_in_of(read(order.folder / "coat.standin"), process, COATER, {})
    assert found is not None
    return watching.calls["coating"], found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """An order with a stand-in of its cathode's coating for speeds that its line never has."""
    order = Order(tmp_path_factory.mktemp("ranges"))
    order.edit("cells: 40", "cells: 8")
    stand_in(
        str(order.file),
        process=["coating"],
        station=[COATER],
        output=order.folder / "coat.standin",
        runs=1,
        points=200,
        ranges=["web_speed=2.15 m/min to 2.25 m/min"],
    )
    return order


def test_a_speed_that_the_line_never_had_is_answered_within_its_intervals(made: Order) -> None:
    """2.2 m/min in another run: what the FMU says lies in 90 % intervals at least 8 times of 10.

    Time over a segment and flow of slurry follow the speed; nobody said so.
    """
    calls, found = calls_at(made, "2.2 m/min")
    inside: dict[str, list[bool]] = {}
    known = 0
    for call in calls:
        for part in found.answered(call.start, call.phases).parts:
            rows = slice(None) if part.rows is None else part.rows
            answer, regime = part.answer, part.regime.regime
            known += answer.made.shape[1]
            for each, told in zip(regime.learnt, answer.made, strict=False):
                true = call.results[0][each.name][rows]
                error = np.abs(each.link.to(true) - each.link.to(told))
                half = each.half_widths[answer.region] + 1e-15
                inside.setdefault(each.name, []).extend((error <= half).tolist())
                if each.name == "loading":
                    np.testing.assert_allclose(told, true, rtol=1e-3)
    assert known > 0.5 * sum(call.items for call in calls)
    assert {"loading", "wet_film_thickness", "coating_window_margin"} <= inside.keys()
    for name, hits in inside.items():
        assert np.mean(hits) >= 0.8, name
    (phase,) = calls[0].phases
    faster = [replace(phase, inputs={**phase.inputs, "web_speed": np.array(2.4 / 60)})]
    assert not found.answered(calls[0].start, faster).parts
