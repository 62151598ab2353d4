"""Parts of stand-ins by themselves: shapes of calls, clouds of items, fits, what a bench says."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

sys.path.insert(0, str(Path(__file__).parent))

from standing import Press, recorded

from linetwin.bench.surrogate_line import Measured, Timed, verdicts
from linetwin.predictors.links import Link
from linetwin.predictors.stand_in_card import Slot
from linetwin.predictors.stand_in_limits import reach
from linetwin.predictors.stand_in_terms import rescaled, unscaled
from linetwin.surrogates.standing_in.clouds import cloud_of
from linetwin.surrogates.standing_in.fitting import fit
from linetwin.surrogates.standing_in.regime import scales_of
from linetwin.surrogates.standing_in.shaping import ALWAYS, RULE, shape_of
from linetwin.surrogates.standing_in.table import Table, table_of


def test_what_is_tied_or_constant_does_not_vary() -> None:
    """Twice a quantity is tied to it, and zeros of both do not matter; rare values are left out."""
    generator = np.random.default_rng(1)
    own = np.where(np.arange(100) % 2, generator.uniform(1, 2, 100), 0.0)
    rare = np.where(np.arange(100) == 7, 9.0, 4.0)
    given = {
        Slot(0, "loading"): own,
        Slot(1, "loading"): 2.0 * own,
        Slot(0, "web_speed"): rare,
        Slot(0, "duration"): generator.uniform(1, 2, 100),
    }
    table = Table(given, {}, np.full(100, "lot"), np.zeros(100))
    lean = shape_of(table, RULE)
    assert [(c.name, c.value) for c in lean.conditions] == [("web_speed", 4.0)]
    assert [(tie.place, tie.variable, tie.factor) for tie in lean.ties] == [(1, 0, 2.0)]
    assert lean.varying == (Slot(0, "loading"), Slot(0, "duration"))
    assert np.flatnonzero(~lean.kept).tolist() == [7]
    whole = shape_of(table, ALWAYS)
    assert whole.kept.all()
    assert Slot(0, "web_speed") in whole.varying


def test_a_shape_gives_calls_back(press: Press) -> None:
    """What is varied, tied and constant make a call's columns again."""
    table = table_of(recorded(press, lots=3))
    shape = shape_of(table, RULE)
    values = np.column_stack([table.given[slot] for slot in shape.varying])
    for slot, column in shape.given(values).items():
        np.testing.assert_allclose(column, table.given[slot], rtol=1e-9)


@pytest.fixture(scope="module")
def press() -> Press:
    """A press."""
    return Press()


def test_a_cloud_lies_along_what_goes_together() -> None:
    """Of two quantities that go together, points off their line lie outside; new ones fill it."""
    generator = np.random.default_rng(2)
    along = generator.normal(size=400)
    scaled = np.array([100 + along, 5 + 0.1 * along + 0.001 * generator.normal(size=400)])
    cloud = cloud_of(scaled, np.arange(400) // 40, 0.3)
    assert cloud.holds(scaled).all()
    assert not cloud.holds(np.array([[101.0], [4.9]])).any()
    low, high = scaled.min(axis=1), scaled.max(axis=1)
    points = cloud.points(50, low, high)
    assert len(points) == 50
    assert cloud.holds(points.T).all()
    assert ((points >= low) & (points <= high)).all()


def test_the_simplest_terms_that_do_are_chosen() -> None:
    """A plane by a plane, a paraboloid by products, a bend by bends: held out."""
    generator = np.random.default_rng(3)
    x, y = generator.uniform(-1, 1, (2, 900))
    outputs = np.array([1 + 2 * x - y, x * y + x**2, np.abs(x + 0.3 * y)])
    fitted = fit(np.array([x, y]), outputs, np.arange(900))
    assert fitted.chosen == ("linear", "quadratic", "network")
    errors = np.abs(fitted.held_out - outputs)
    assert (np.quantile(errors, 0.9, axis=1) < 0.005 * outputs.std(axis=1)).tolist()[:2] == [
        True
    ] * 2
    assert np.quantile(errors[2], 0.9) < 0.1 * outputs[2].std()


@pytest.mark.parametrize("scale", ["identity", "log", "inverse"])
def test_scales_come_back(scale: str) -> None:
    """To rounding."""
    values = np.array([1e-3, 1.0, 5e6])
    np.testing.assert_allclose(unscaled(rescaled(values, scale), scale), values, rtol=1e-14)


def test_outputs_keep_their_laws_by_their_scale() -> None:
    """A share is a logit; a charge is cut at 0, and as logarithm where it is wide; others as is."""
    share = scales_of(Slot(0, "porosity"), np.array([0.2, 0.4]))
    assert [(each.link.kind, each.bounded) for each in share] == [("logit", False)]
    charge = scales_of(Slot(0, "charged_capacity"), np.array([0.1, 4.0]))
    assert [(each.link.kind, each.bounded) for each in charge] == [
        ("identity", True),
        ("log", False),
    ]
    margin = scales_of(Slot(0, "overhang_margin"), np.array([-0.1, 0.4]))
    assert margin[0].link == Link()


def test_limits_of_intervals_are_exact_on_each_scale() -> None:
    """Just wide enough passes and just too wide does not, wherever the output lies."""
    for kind, values in (("identity", [3.0]), ("log", [0.1, 5.0]), ("logit", [0.01, 0.3, 0.95])):
        link = Link(kind=kind)  # type: ignore[arg-type]
        for value in values:
            linked = link.to(np.array([value]))
            half = 0.05
            width = float((link.back(linked + half) - link.back(linked - half))[0])
            for share, good in ((1.001, True), (0.999, False)):
                low, high = reach(link, half, share * width)
                assert bool((linked <= low) | (linked >= high)) is good


def _timed(transforms: float, whole: float, capacity: float) -> Timed:
    return Timed(transforms, 0.5, whole, {"mean capacity": capacity}, (9, 10))


def test_a_bench_tells_gain_amdahl_and_paired_differences() -> None:
    """By hand: 4 s of 10 s made ten times faster, and differences far below the line's scatter."""
    capacities = (4.9, 5.0, 5.2)
    fmus = tuple(_timed(4.0, 10.0, c) for c in capacities)
    stand_ins = tuple(_timed(0.4, 6.4, c + 0.001) for c in capacities)
    found = Measured((1, 2, 3), fmus, stand_ins, 0.0)
    assert found.speed_up == pytest.approx(10.0)
    assert found.gain == pytest.approx(10 / 6.4)
    assert found.amdahl == pytest.approx(10 / 6)
    mean, half, own = found.differences()["mean capacity"]
    assert mean == pytest.approx(0.001)
    assert half == pytest.approx(0.0, abs=1e-12)
    wanted = t.ppf(0.975, 2) * np.std(capacities, ddof=1) / math.sqrt(3)
    assert own == pytest.approx(wanted)
    told = verdicts(found)
    assert told["CPU time of physics with stand-ins over with FMUs"] == pytest.approx((0.1, 0.1))
    assert told["mean difference over the interval over seeds, mean capacity"][0] == pytest.approx(
        0.001 / wanted
    )
