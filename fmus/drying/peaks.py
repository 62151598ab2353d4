"""The highest temperature and the highest rate that an element has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import casadi as ca

if TYPE_CHECKING:
    from linetwin.authoring import Model

RATE_RESOLUTION = 1e-6  # kg/(m2.s) [A] to which a peak is found
PEAK_TIME = 1.0  # s [A] in which errors of the remembered rate fade
SLOWEST_WARMING = 1e-4  # K/s [A] slower changes of temperature begin no new peak


def remember_temperature(m: Model, T: ca.SX, warming: ca.SX) -> None:
    """Note the temperature whenever it begins to fall; the film may only be hotter now."""
    highest = m.discrete(
        "highest_temperature",
        "K",
        start=250.0,
        minimum=250.0,
        maximum=500.0,
        meaning="highest temperature from which the film has cooled",
    )
    rising = m.discrete(
        "temperature_rising",
        "1",
        start=1,
        minimum=0,
        maximum=1,
        meaning="1 while the film warms up",
    )
    change = warming / SLOWEST_WARMING
    m.when(
        "film_cools",
        ca.if_else(rising > 0.5, -change - 1, -1.0),
        {rising: 0, highest: ca.fmax(highest, T)},
    )
    m.when("film_warms", ca.if_else(rising > 0.5, -1.0, change - 1), {rising: 1})
    m.output(
        "peak_film_temperature",
        "K",
        ca.fmax(highest, T),
        nominal=10.0,
        meaning="highest film temperature since the start",
    )


def remember_rate(m: Model, rate: ca.SX, change: ca.SX) -> None:
    """Let a state rise with the rate while it is the highest yet; in a new zone the rate jumps."""
    highest = m.state(
        "highest_rate",
        "kg/(m2.s)",
        start=0.0,
        nominal=1.0,
        minimum=0.0,
        maximum=1.0,
        meaning="highest evaporation rate since the start",
    )
    above = rate - highest
    # the second term takes back what integration errors leave
    tracking = ca.fmax(change + above / PEAK_TIME, 0)
    m.der(highest, ca.if_else(above > -RATE_RESOLUTION, tracking, 0))
    m.when("rate_jumps", above / RATE_RESOLUTION - 1, {highest: rate})
    m.output(
        "peak_evaporation_rate",
        "kg/(m2.s)",
        ca.fmax(highest, rate),
        nominal=1e-3,
        meaning="highest evaporation rate since the start",
    )
