"""Addresses: every value that can be set is listed, and what is listed can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linetwin.scenario import addresses
from linetwin.scenario.resolved import Scenario

if TYPE_CHECKING:
    from conftest import Workbench


def test_every_value_of_a_station_has_an_address(bench: Workbench) -> None:
    """Quantities, parameters of FMUs and times of failures, with range, tag and source."""
    found = {address.address: address for address in addresses(bench.load())}
    assert set(found) == {
        "cathode.mixer.batch_mass",
        "cathode.mixer.breakdown.time_between_failures",
        "cathode.mixer.breakdown.time_to_repair",
        "cathode.mixer.breakdown.time_to_repair_variation",
        "cathode.coater.web_speed",
        "cathode.coater.roll_length",
        "cathode.coater.zone_temperatures",
        "cathode.coater.heat_transfer_coefficient",
        "cathode.coater.loading_target",
        "cathode.coater.lane_count",
        "cathode.coater.residual_solvent_limit",
        "cathode.coater.coating.slot_width",
        "cathode.coater.coating.shape",
        "cathode.coater.drying.tortuosity",
        "cathode.coater.machine.fan_power",
        "cathode.slitter.lane_width",
        "building.outdoor_temperature",
        "building.outdoor_temperature_swing",
    }
    speed = found["cathode.coater.web_speed"]
    assert (speed.value, speed.unit, speed.minimum, speed.maximum) == (0.035, "m/s", 0.0001, 3.0)
    assert (speed.tag, speed.origin) == ("A", "small.yaml:10")
    assert speed.meaning == "speed of the web"
    assert found["cathode.coater.drying.tortuosity"].maximum == float("inf")


def test_what_is_listed_can_be_set(bench: Workbench) -> None:
    """Setting every address to its present value, in its unit, changes no value."""
    before = bench.load()
    overrides = []
    for address in addresses(before):
        items = address.value if isinstance(address.value, tuple) else (address.value,)
        written = [f"{item!r} {'' if address.unit == '1' else address.unit}" for item in items]
        text = f"[{', '.join(written)}]" if isinstance(address.value, tuple) else written[0]
        overrides.append(f"{address.address}={text}")
    after = {a.address: a.value for a in addresses(bench.load(overrides))}
    for address in addresses(before):
        assert after[address.address] == pytest.approx(address.value, rel=1e-15)


def test_function_and_submodule_do_not_hide_each_other(bench: Workbench) -> None:
    """`linetwin.scenario.addresses` stays the function whatever has been imported."""
    import linetwin.scenario.addressing  # noqa: F401

    assert callable(addresses)
    assert isinstance(bench.load(), Scenario)
