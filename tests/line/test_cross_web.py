"""Loading across the web: lanes of one roll differ, cells inherit it, no gram is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import Memory, cells_of, imbalance, in_memory, make_world, pilot
from scipy.integrate import quad

from linetwin.line.kinds.cross_web import lane_deviation, lane_span, pressed_porosity

if TYPE_CHECKING:
    from linetwin.line.world import World

CALM = (
    "cathode.coater.pump_ripple=0 %",
    "cathode.coater.gap_drift=0 um",
    "cathode.coater.breakdown.time_between_failures=100000 h",
)
EVEN = ("cathode.coater.die_setup_deviation=0 %", "cathode.coater.edge_rise=0 %")
"""A die without any profile, as long as its lip is not tilted."""


def lanes_of(sink: Memory) -> dict[int, float]:
    """Return the mean cathode loading of cells by lane [kg/m2]."""
    cells = cells_of(sink).values()
    numbers = {cell["cathode_lane"] for cell in cells}
    return {
        lane: float(np.mean([c["cathode_loading"] for c in cells if c["cathode_lane"] == lane]))
        for lane in numbers
    }


def trimmed_away(world: World, material: str) -> float:
    """Return the part of a material that the cathode slitter cut off."""
    sums = {tuple(key): amount for *key, amount in world.ledger.save()[0]}
    scrap = sums["material", material, "cathode.slitter", "scrap"]
    return float(scrap / world.ledger.total(material, "in"))


@given(
    tilt=st.floats(-0.1, 0.1),
    rise=st.floats(-0.1, 0.1),
    lanes=st.integers(1, 8),
    used=st.floats(0.3, 1.0),
)
@settings(max_examples=50, deadline=None)
def test_a_lane_has_the_mean_of_the_profile_over_its_width(
    tilt: float, rise: float, lanes: int, used: float
) -> None:
    """As a quadrature of the profile says; lanes over the whole width deviate by nothing in all."""
    columns = {"lip_tilt_a": np.array([tilt]), "edge_rise_a": np.array([rise])}
    share = used / lanes
    found = []
    for lane in range(1, lanes + 1):
        left, right = lane_span(lane, lanes, share)
        whole, _ = quad(lambda x: tilt * x + rise * (3 * x * x - 1) / 2, left, right)
        found.append(float(lane_deviation(columns, "a", (left, right))[0]))
        assert right - left == pytest.approx(2 * share)
        assert found[-1] == pytest.approx(whole / (right - left), abs=1e-12)
    outer = lane_span(1, lanes, share)[0], lane_span(lanes, lanes, share)[1]
    assert outer == pytest.approx((-used, used))
    whole_width = [
        lane_deviation(columns, "a", lane_span(lane, lanes, 1 / lanes))[0]
        for lane in range(1, lanes + 1)
    ]
    assert sum(whole_width) == pytest.approx(0.0, abs=1e-12)


@given(porosity=st.floats(0.1, 0.6), deviation=st.floats(-0.1, 0.1))
def test_a_heavier_lane_is_denser_at_one_thickness(porosity: float, deviation: float) -> None:
    """Solids of a lane over those of the mean web are its loading over the mean loading."""
    pressed = pressed_porosity(np.array([porosity]), np.array([deviation]))[0]
    assert (1 - pressed) / (1 - porosity) == pytest.approx(1 + deviation)


def test_a_tilted_lip_parts_the_lanes_and_their_cells() -> None:
    """2 % at the right edge: two lanes of 118 of 250 mm lie 0.944 % either side of the mean.

    Their porosity follows at one thickness; the slurry that the coater drew stays what it was.
    """
    short = (*CALM, *EVEN, "cathode.coater.roll_length=40 m")
    world, sink = in_memory(pilot(80, *short, "cathode.coater.lip_tilt=2 %"))
    even, _ = in_memory(pilot(80, *short))
    loading = lanes_of(sink)
    assert loading[2] / loading[1] == pytest.approx((1 + 0.02 * 0.472) / (1 - 0.02 * 0.472), 1e-3)
    porosity = {cell["cathode_lane"]: cell["cathode_porosity"] for cell in cells_of(sink).values()}
    expected = [1 - 0.7 * (1 + sign * 0.02 * 0.472) for sign in (-1, 1)]
    assert [porosity[lane] for lane in (1, 2)] == pytest.approx(expected, rel=1e-6)
    drawn = world.ledger.total("cathode.active_material", "in")
    assert drawn == even.ledger.total("cathode.active_material", "in")


@pytest.mark.parametrize("mode", ["two_pass", "tandem"])
def test_a_profile_neither_loses_nor_creates_material(mode: str) -> None:
    """Heavy edges are trimmed: more of the coating is scrap, and every gram is in the ledger."""
    changes = (f"cathode.coater.coating_mode={mode}", "cathode.coater.lip_tilt=-3 %")
    rise = "cathode.coater.edge_rise=5 %"
    world, _ = in_memory(pilot(30, *changes, rise))
    assert max(map(abs, imbalance(world).values())) < 1e-9
    flat, _ = in_memory(pilot(30, *changes, "cathode.coater.edge_rise=0 %"))
    material = "cathode.active_material"
    assert trimmed_away(world, material) > trimmed_away(flat, material)
    assert trimmed_away(world, "cathode.foil") == pytest.approx(trimmed_away(flat, "cathode.foil"))


def test_each_assembly_of_the_die_leaves_its_own_profile() -> None:
    """The profile stays until the die is cleaned; in two passes it is that of both sides."""
    changes = ("cathode.coater.die_cleaning_interval=1 h", "cathode.coater.lip_tilt=1 %")
    _, sink = in_memory(pilot(60, *CALM, *changes))
    rows = [row for row in sink.rows["segments"] if row["roll"].startswith("cathode")]
    tilts = {row["lip_tilt_a"] for row in rows} | {row["lip_tilt_b"] for row in rows}
    cleaned = sum(row["cause"] == "die cleaning" for row in sink.rows["events"])
    assert 1 < len(tilts) <= cleaned + 1
    assert np.mean(list(tilts)) == pytest.approx(0.01, abs=0.01)
    coater = make_world(pilot(20), Memory()).units["cathode.coater"]
    assert coater._die._profile("a") == coater._die._profile("b")
    tandem = make_world(pilot(20, "cathode.coater.coating_mode=tandem"), Memory())
    die = tandem.units["cathode.coater"]._die
    assert die._profile("a") != die._profile("b")
