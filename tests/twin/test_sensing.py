"""Virtual sensors: predictions with their age, and the wetting of trays in soak at this moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from plant_support import HOUR, of_line, scenario_of

from linetwin.line.drivers import StochasticDriver
from linetwin.line.kinds.soak import Soak
from linetwin.line.streams import Streams
from linetwin.twin.assimilating.rows import Prediction
from linetwin.twin.sensing import WETTING, virtual

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns, Phase
    from linetwin.line.world import World

TAU_S = 20_000.0


class Wets:
    """A law of filling with one rate: 1 - exp(-t / tau) after the dose."""

    def apply(
        self, _start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Return the wetting after each phase; only the last one counts."""
        count = np.size(phases[-1].inputs["pore_volume"])
        stays = np.broadcast_to(np.asarray(phases[-1].duration_s, float), count)
        return [{WETTING: 1 - np.exp(-stays / TAU_S)} for _ in phases]


class OnlyFilling:
    """Models of which nothing but the filling is asked."""

    def transform(self, config: Any, kind: str) -> Wets:  # noqa: ANN401  a station's
        """Return the law."""
        assert (config.kind, kind) == ("soak", "filling")
        return Wets()


@pytest.fixture(scope="module")
def world() -> World:
    """The pilot line with trays in soak."""
    support = of_line("line_support")
    scenario = scenario_of(order_cells=120)
    world: World = support.make_world(
        scenario, support.Memory(), StochasticDriver(Streams(scenario.seed))
    )
    world.begin()
    (soak,) = (each for each in world.equipment() if isinstance(each, Soak))
    while len(soak.places) < 2:
        assert world.step()
    for _ in range(50):
        assert world.step()
    return world


def predicted(lot: str, quantity: str, made: int, place: int = 0, **at: Any) -> Prediction:  # noqa: ANN401
    """Return a prediction; by default 1, from 0.8 to 1.3."""
    values = {"median": 1.0, "low": 0.8, "high": 1.3, "open_loop": math.nan} | at
    return Prediction("p1", made, "cell.soak", lot, quantity, "1", place=place, **values)


def test_wetting_is_that_of_this_moment_with_the_doubt_of_its_time(world: World) -> None:
    """By the closed form; the bounds are those of a tray that wets slower or quicker."""
    (soak,) = (each for each in world.equipment() if isinstance(each, Soak))
    rows = [predicted("tray-9", "wetting_time", 0, median=9000.0, low=8000.0, high=11000.0)]
    slow, quick = TAU_S * 11 / 9, TAU_S * 8 / 9
    found = {each.lot: each for each in virtual(world, OnlyFilling(), rows, 7.5)}  # type: ignore[arg-type]
    for name, _, entered, _ in soak.places:
        stayed = (world.now - int(entered)) / 1000
        assert found[str(name)].median == pytest.approx(1 - math.exp(-stayed / TAU_S))
        assert found[str(name)].low == pytest.approx(1 - math.exp(-stayed / slow))
        assert found[str(name)].high == pytest.approx(1 - math.exp(-stayed / quick))
        assert found[str(name)].data_age_s == 7.5
    without = virtual(world, OnlyFilling(), [], 0)  # type: ignore[arg-type]
    assert len(without) == len(soak.places)
    assert all(math.isnan(each.low) for each in without)


def test_predictions_are_shown_with_their_age(world: World) -> None:
    """Porosity and the solvent behind each zone, not what gauges read anyway."""
    now = world.now
    rows = [
        predicted("roll-1", "porosity", now - HOUR),
        predicted("roll-2", "solvent_loading", now - 1000, 1),
        predicted("roll-2", "solvent_loading", now - 1000, 2),
        predicted("roll-2", "loading", now),
    ]
    found = [
        each
        for each in virtual(world, OnlyFilling(), rows, 0.5)  # type: ignore[arg-type]
        if each.quantity != WETTING
    ]
    said = [(each.quantity, each.place, each.made_age_s, each.data_age_s) for each in found]
    assert said == [
        ("porosity", 0, 3600.0, 0.5), ("solvent_loading", 1, 1.0, 0.5),
        ("solvent_loading", 2, 1.0, 0.5),
    ]  # fmt: skip
