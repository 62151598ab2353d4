"""Water from the room's air, and slurry that waits: laws held against closed forms."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.line.lots import Lot
from linetwin.line.moisture import (
    UNTOLD_AIR,
    absorb,
    expose,
    exposure,
    follow_air,
    inherited,
    relative_humidities,
    saturation_pressure,
)
from linetwin.line.slurry import blend, expired

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.line.surroundings import Building
    from linetwin.line.world import World

HOUR = 3_600_000


class Air:
    """A building that stands for its model: a dew point and temperatures to set."""

    def __init__(self, dew_point_k: float, outdoor: float) -> None:
        self.told = {
            "dry_room_dew_point": dew_point_k,
            "dry_room_temperature": 295.15,
            "hall_temperature": 295.15,
        }
        self.model = SimpleNamespace(read=lambda names: {name: self.told[name] for name in names})
        self.state = SimpleNamespace(job={})
        self.name = "building"
        self.world = cast("World", SimpleNamespace(now=0, building=self, value=lambda *_: outdoor))

    def wait(self, ticks: int) -> None:
        """Let time pass in this air, looked at once a minute."""
        for _ in range(ticks // 60_000):
            cast("Any", self.world).now += 60_000
            follow_air(cast("Building", self))


def begun(dew_point_k: float = 233.15, outdoor: float = 6e-3) -> Air:
    """Return a building at tick 0."""
    air = Air(dew_point_k, outdoor)
    follow_air(cast("Building", air))
    return air


def station(air: Air, room: str = "dry_room") -> Equipment:
    """Return as much of a station as moisture asks for."""
    return cast("Equipment", SimpleNamespace(world=air.world, config=SimpleNamespace(room=room)))


def roll(moisture: float, reference: float) -> Lot:
    """Return a roll with this much water."""
    lot = Lot("roll", "daughter_roll", "slitter", 0, 10.0, "m", "buffer")
    lot.properties = {"moisture": moisture, "reference_moisture": reference}
    return lot


def waited(air: Air, hours: int, moisture: float, reference: float, hold_h: float) -> float:
    """Return the moisture of a roll after waiting in the dry room."""
    lot = roll(moisture, reference)
    expose(station(air), lot)
    air.wait(hours * HOUR)
    absorb(station(air), lot, "dry_room", hold_h * 3600)
    return lot.properties["moisture"]


def test_humidity_of_both_rooms() -> None:
    """-40 Cel of dew point are 12.8 Pa over ice; 6 g/kg are 36 % at 22 Cel (steam tables)."""
    assert saturation_pressure(233.15) == pytest.approx(12.84, rel=0.01)
    assert saturation_pressure(295.15) == pytest.approx(2645, rel=0.01)
    found = relative_humidities(cast("Building", begun()))
    assert found == pytest.approx(UNTOLD_AIR, rel=0.02)


def test_uptake_follows_the_closed_form() -> None:
    """In steady air X_eq + (X0 - X_eq) exp(-t/tau), with X_eq as the root of the humidity."""
    air = begun(253.15)
    humidity = relative_humidities(cast("Building", air))["dry_room"]
    balance = 2500e-6 * math.sqrt(humidity / 0.40)
    expected = balance + (250e-6 - balance) * math.exp(-10 / 24)
    assert waited(air, 10, 250e-6, 2500e-6, 24.0) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(first=st.floats(220, 265), second=st.floats(220, 265), hours=st.integers(1, 4))
def test_a_weaker_dry_room_never_makes_drier_rolls(first: float, second: float, hours: int) -> None:
    """Uptake rises with the dew point, and stays between start and balance."""
    low, high = (waited(begun(dew), hours, 100e-6, 800e-6, 24.0) for dew in sorted((first, second)))
    assert low <= high + 1e-15
    assert 0 < low < 800e-6


def test_air_that_was_bad_for_an_hour_is_not_forgotten() -> None:
    """A dry room that failed while the roll waited shows, though it is well again at the end."""
    air, spoiled = begun(), begun()
    lots = []
    for each, dew in ((air, 233.15), (spoiled, 273.15)):
        lot = roll(80e-6, 800e-6)
        expose(station(each), lot)
        each.told["dry_room_dew_point"] = dew
        each.wait(3 * HOUR)
        each.told["dry_room_dew_point"] = 233.15
        each.wait(3 * HOUR)
        absorb(station(each), lot, "dry_room", 24 * 3600.0)
        lots.append(lot)
    assert lots[1].properties["moisture"] > lots[0].properties["moisture"] + 20e-6


def test_cells_of_a_tray_take_up_water_each_for_itself() -> None:
    """A tray's column rises where it is dry and falls where it is moister than the air allows."""
    air = begun()
    tray = Lot("tray", "tray", "stacker", 0, 2.0, "1", "stacker")
    tray.columns = {
        "moisture": np.array([0.0, 900e-6]),
        "reference_moisture": np.full(2, 1650e-6),
    }
    expose(station(air), tray)
    air.wait(8 * HOUR)
    absorb(station(air), tray, "dry_room", 4 * 3600.0)
    assert 0 < tray.columns["moisture"][0] < tray.columns["moisture"][1] < 900e-6


def test_what_was_never_exposed_keeps_its_water_and_pieces_inherit() -> None:
    """A lot that nobody noted is left alone; a daughter goes on from where its mother was."""
    air, lot = begun(), roll(1e-4, 8e-4)
    absorb(station(air), lot, "dry_room", 3600.0)
    assert lot.properties == {"moisture": 1e-4, "reference_moisture": 8e-4}
    expose(station(air), lot)
    assert set(inherited(lot)) == {
        "moisture",
        "reference_moisture",
        "exposed_since",
        "humidity_exposure",
    }


def test_a_line_without_a_building_has_the_air_assumed_for_it() -> None:
    """The integral then grows evenly with time."""
    world = cast("World", SimpleNamespace(now=HOUR, building=None))
    assert exposure(world, "hall") == pytest.approx(3600 * math.sqrt(0.36 / 0.40))


def tank(now: int) -> World:
    """Return a tank with a fresh and an old batch, 3:1."""
    lots = {}
    for name, mixed_s in (("fresh", now / 1000), ("old", now / 1000 - 36000)):
        lot = Lot(name, "slurry_batch", "mixer", 0, 10.0, "kg", "tank")
        lot.properties = dict.fromkeys(("yield_stress", "consistency_index"), 2.0)
        lot.properties |= {"flow_index": 0.7, "slurry_density": 2100.0, "solids_fraction": 0.67}
        lot.properties["mixed_at"] = mixed_s
        lots[name] = lot
    held = SimpleNamespace(
        shares=lambda: {"fresh": 0.75, "old": 0.25}, batches={"fresh": 7.5, "old": 2.5}
    )
    return cast("World", SimpleNamespace(now=now, lots=lots, tanks={"tank": held}))


def test_waiting_slurry_thickens_and_expires() -> None:
    """Ten hours at 0.5 %/h thicken a quarter of the blend by 5 %; solids stay; old ones are named.

    A batch on hold is nobody's to drop.
    """
    world = tank(48 * HOUR)
    found = blend(world, "tank", 0.005 / 3600)
    assert found["consistency_index"] == pytest.approx(2.0 * (1 + 0.25 * 0.05))
    assert found["solids_fraction"] == pytest.approx(0.67)
    assert found["agglomerate_size"] == 0.0
    assert expired(world, "tank", 9 * 3600.0) == ["old"]
    world.lots["old"].held = "rheology"
    assert expired(world, "tank", 9 * 3600.0) == []
