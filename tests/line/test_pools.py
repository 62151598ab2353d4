"""The cells that a filled line's stock is drawn from: their defects, readings and variety."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pytest
from doubles import Doubles
from line_support import Memory, make_world, pilot
from scipy.stats import binom, norm

from linetwin.line import stock
from linetwin.line.rarities import BLOCK, PARTICLE, Rarities
from linetwin.line.streams import Streams

if TYPE_CHECKING:
    from linetwin.line.world import World

HARD, SOUND = 0.5e9, 1e9
RATES = {
    "cell.pouch_former.leaky_seal": 0.01,
    "cell.degasser.leaky_seal": 0.005,
    "cell.tab_welder.cold_weld": 0.004,
    "cell.tab_welder.weld_spatter": 0.002,
}


@lru_cache
def stocked() -> World:
    """Return a pilot line just filled."""
    settings = [f"{place}.rate={rate:%}".replace("%", " %") for place, rate in RATES.items()]
    scenario = pilot(1, *settings, seed=5, start="filled", order_cells=None)
    config = replace(scenario.stock, shares={**scenario.stock.shares, "cell.ageing": 0.9})
    world = make_world(replace(scenario, stock=config), Memory(), models=Doubles())
    stock.fill(world)
    return world


def cells(quantity: str, *places: str) -> np.ndarray:
    """Return a quantity of all stock cells at some places."""
    lots = [lot for lot in stocked().lots.open_lots() if lot.kind == "tray"]
    return np.concatenate([lot.columns[quantity] for lot in lots if lot.place in places])


def is_likely(found: int, count: int, share: float, examples: int) -> bool:
    """Whether so many of so many fit a share, known from a pool with `examples` of the kind.

    Binomial interval of 99.99 %, wider by four standard deviations of the pool's own share.
    """
    wide = 4 * share / sqrt(examples) if examples else 0.0
    low = binom.ppf(5e-5, count, max(0.0, share - wide))
    high = binom.ppf(1 - 5e-5, count, share + wide)
    return bool(low <= found <= high)


def test_leaky_seals_are_as_frequent_as_configured() -> None:
    """One sealing before the degasser, two after it; each of its own rate."""
    first = RATES["cell.pouch_former.leaky_seal"]
    both = 1 - (1 - first) * (1 - RATES["cell.degasser.leaky_seal"])
    for share, *places in ((first, "cell.soak"), (both, "cell.formation", "cell.ageing")):
        leaky = cells("moisture_ingress", *places) > 0
        assert leaky.size > 1500
        assert is_likely(int(leaky.sum()), leaky.size, share, 0), (leaky.mean(), share)


def test_soft_shorts_are_as_frequent_as_particles_that_pierce() -> None:
    """By the sizes' distribution in closed form, less what the HiPot test finds and discards."""
    world = stocked()

    def value(name: str) -> float:
        return world.value("cell.stacker", name)

    hipot, missed = (world.value("cell.inspection", n) for n in ("hipot_limit", "hard_short.miss"))
    found_from = sqrt(value("soft_short_resistance") / hipot)  # size over the limit

    def piercing(size: float) -> float:
        """Chance that a particle pierces and is not found."""
        above, hard = (
            norm.sf(log(value("particle_limit") * factor / size) / 0.5)
            for factor in (1.0, max(1.0, found_from))
        )
        return float(above - (1 - missed) * hard)

    particles = value("particle_rate") * 0.165 * piercing(value("particle_size"))
    spatter = RATES["cell.tab_welder.weld_spatter"] * piercing(
        world.value("cell.tab_welder", "spatter_size")
    )
    leak = cells("leak_resistance", "cell.soak", "cell.formation", "cell.ocv_test", "cell.ageing")
    soft = leak < HARD
    assert is_likely(int(soft.sum()), soft.size, particles + spatter, 60), (
        soft.mean(),
        particles,
        spatter,
    )
    assert len(np.unique(leak[soft])) > 0.4 * soft.sum()


def test_cells_are_of_many_kinds_and_no_two_alike() -> None:
    """Cells come from a thousand examples; hardly one is like another, reading included."""
    doses = cells("dosed_electrolyte", "cell.ageing")
    assert len(np.unique(doses)) > 1000
    readings = cells("measured_first_open_circuit_voltage", "cell.ageing")
    assert len(set(zip(doses.tolist(), readings.tolist(), strict=True))) > 0.95 * doses.size


def test_no_two_trays_are_equal() -> None:
    """Each tray has its own cells, as many as get so far: rarely fewer than nine of ten."""
    trays = [lot for lot in stocked().lots.open_lots() if lot.kind == "tray"]
    welded = [lot.columns["weld_resistance"] for lot in trays if "weld_resistance" in lot.columns]
    assert len({values.tobytes() for values in welded}) == len(welded) > 200
    counts = np.array([lot.items for lot in trays])
    assert counts.max() == stocked().value("cell.stacker", "tray_size")
    assert counts.min() >= 0.9 * counts.max()


def test_errors_of_readings_are_those_of_the_gauge() -> None:
    """Readings scatter about the true values as the gauge does, whatever the value is."""
    true = cells("first_open_circuit_voltage", "cell.ageing")
    errors = cells("measured_first_open_circuit_voltage", "cell.ageing") - true
    gauge = stocked().scenario.stations["cell.ocv_test"].gauges["open_circuit_voltage"]
    spread = sqrt(gauge.repeatability.number**2 + gauge.reproducibility.number**2)
    assert errors.std() == pytest.approx(spread, rel=0.35)
    assert errors.std() > 0.9 * gauge.repeatability.number
    assert abs(errors.mean() - gauge.bias.number) < 3 * gauge.reproducibility.number


def test_weighted_draws_are_even_between_0_and_1() -> None:
    """However often a defect is drawn, the weighted moments are those of an even number."""
    world = stocked()
    chance = Rarities(Streams(7))
    chance.watch(world)
    count = 64 * BLOCK
    first = world.lots.number("cell", count)
    draws = chance.uniform("cell.stacker", PARTICLE, count)
    weights = chance.weight(np.arange(first, first + count))
    assert weights.mean() == pytest.approx(1.0, abs=1e-12)
    assert len(np.unique(weights)) == 2
    assert (weights < 0.5).sum() == count / BLOCK
    for power in (1, 2, 3):
        assert np.mean(weights * draws**power) == pytest.approx(1 / (power + 1), abs=0.03)
    rare = weights < 0.5
    assert draws[rare].min() > draws[~rare].max()


def test_other_chance_is_drawn_as_ever() -> None:
    """A cause that is no rare defect of cells has the numbers of any driver, and no weight."""
    chance = Rarities(Streams(7))
    chance.watch(stocked())
    plain = Streams(7).get("cell.inspection", "inspection cold weld", "uniform").random(50)
    assert (chance.uniform("cell.inspection", "inspection cold weld", 50) == plain).all()
    assert (chance.weight(np.arange(1, 51)) == 1).all()
    assert not chance.weights
