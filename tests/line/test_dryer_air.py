"""The dryer's air against its balances; what it draws while the coater waits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.line.dryer_air import AirDemand, dryer_air

CATHODE = {
    "exhaust_concentration": 6.6e-3,
    "heat_recovery": 0.6,
    "latent_heat": 505e3,
    "coating_width": 1.2,
    "solvent_recovery": 0.995,
    "condensing_temperature": 283.15,
    "distillation_heat": 1.5e6,
    "dryer_loss_coefficient": 5.0,
    "circulation_velocity": 0.5,
    "circulation_pressure": 1200.0,
    "exhaust_pressure": 1500.0,
    "fan_efficiency": 0.6,
    "idle_air_share": 1.0,
}
ANODE = CATHODE | {"exhaust_concentration": 0.03, "latent_heat": 2.3e6, "solvent_recovery": 0.0}
HOT = 393.15


def demand(
    values: dict[str, float], mode: str = "Execute", evaporation: float = 0.1, hottest: float = HOT
) -> AirDemand:
    """Return what a dryer with 40 m of web of 1.2 m inside draws."""
    return dryer_air(values.__getitem__, mode, hottest, evaporation, 40.0)


def test_a_closed_loop_by_hand() -> None:
    """Half the permitted NMP: 15.15 m3/s are cooled to 10 Cel and heated to 120 Cel again."""
    air = 0.1 / 6.6e-3 * 1.2 * 1006 * 110.0 * 0.4
    fans = (0.5 * 48 * 1200 + 0.1 / 6.6e-3 * 1500) / 0.6
    loss, latent, distilled = 5.0 * 40 * 98.0, 0.1 * 505e3, 0.1 * 0.995 * 1.5e6
    found = demand(CATHODE)
    assert found.fans == pytest.approx(fans)
    assert found.heat == pytest.approx(air + latent + loss - fans + distilled)
    assert found.cooling == pytest.approx(air + latent + distilled)


def test_water_goes_outdoors() -> None:
    """Without recovery air comes from the room, nothing is condensed or distilled."""
    air = 0.1 / 0.03 * 1.2 * 1006 * 98.0 * 0.4
    fans = (0.5 * 48 * 1200 + 0.1 / 0.03 * 1500) / 0.6
    found = demand(ANODE)
    assert found.cooling == 0.0
    assert found.heat == pytest.approx(air + 0.1 * 2.3e6 + 5.0 * 40 * 98.0 - fans)


@pytest.mark.parametrize("mode", ["Suspended", "Starting", "Held", "Aborted"])
def test_zones_stay_hot_while_the_coater_waits(mode: str) -> None:
    """Fans run at fixed speed and air is heated; only what evaporation needs is saved."""
    working, waiting = demand(CATHODE), demand(CATHODE, mode)
    assert waiting.fans == working.fans
    evaporation = 0.1 * 505e3 + 0.1 * 0.995 * 1.5e6
    assert working.heat - waiting.heat == pytest.approx(evaporation)
    slow = demand(CATHODE | {"idle_air_share": 0.3}, mode)
    assert slow.fans == pytest.approx(0.3 * waiting.fans)


@pytest.mark.parametrize("mode", ["Stopped", "Complete"])
def test_a_dryer_switched_off_draws_nothing(mode: str) -> None:
    """Off shift, or after the order, air and zones are off."""
    assert demand(CATHODE, mode) == AirDemand()


@settings(max_examples=60, deadline=None)
@given(
    evaporation=st.floats(0.0, 1.0),
    hottest=st.floats(300.0, 430.0),
    recovery=st.floats(0.0, 0.95),
    back=st.sampled_from([0.0, 0.5, 0.995]),
    mode=st.sampled_from(["Execute", "Suspended", "Stopped"]),
)
def test_energy_is_conserved(
    evaporation: float, hottest: float, recovery: float, back: float, mode: str
) -> None:
    """What heaters and fans bring in is carried off or lost to the room, whatever is set."""
    values = CATHODE | {"heat_recovery": recovery, "solvent_recovery": back}
    found = demand(values, mode, evaporation, hottest)
    loss = 5.0 * 40 * (hottest - 295.15) * (mode != "Stopped")
    brought = found.heat + found.fans
    assert found.carried_off == pytest.approx(max(0.0, brought - loss), abs=1e-6)
    assert min(found.heat, found.fans, found.cooling) >= 0.0


@settings(max_examples=40, deadline=None)
@given(at=st.floats(310.0, 420.0), more=st.floats(0.0, 20.0), dilute=st.floats(0.1, 1.0))
def test_hotter_zones_and_thinner_exhaust_never_need_less(
    at: float, more: float, dilute: float
) -> None:
    """Heat and fans grow with zone temperature and with the exhaust."""
    thin = CATHODE | {"exhaust_concentration": 6.6e-3 * dilute}
    for other in (demand(CATHODE, hottest=at + more), demand(thin, hottest=at)):
        base = demand(CATHODE, hottest=at)
        assert other.heat + other.fans >= (base.heat + base.fans) * (1 - 1e-12)
