"""Moist air in closed formulas: Magnus over ice and over water, ideal gases."""

from __future__ import annotations

import casadi as ca

ICE_POINT = 273.15  # K [V] 0 Cel
TRIPLE_PRESSURE = 611.2  # Pa [M] Magnus formula, Sonntag 1990
OVER_ICE = (22.46, 272.62)  # 1, K [M] Magnus formula over ice, Sonntag 1990
OVER_WATER = (17.62, 243.12)  # 1, K [M] Magnus formula over water, Sonntag 1990
MASS_RATIO = 0.62198  # 1 [V] molar mass of water over that of dry air
AIR_HEAT = 1006.0  # J/(kg.K) [M] dry air
VAPOUR_HEAT = 1860.0  # J/(kg.K) [M] water vapour
EVAPORATION_HEAT = 2.501e6  # J/kg [M] water at 0 Cel
SMALLEST_PRESSURE = 1e-5  # Pa [A] keeps the logarithm finite in perfectly dry air


def vapour_pressure(dew_point: ca.SX) -> ca.SX:
    """Return the saturation pressure of water in Pa, over ice below 0 Cel (dew point in K)."""
    celsius = dew_point - ICE_POINT
    # the pole of each formula lies outside its branch; the clamp keeps the unused branch finite
    ice = OVER_ICE[0] * ca.fmin(celsius, 0) / (OVER_ICE[1] + ca.fmin(celsius, 0))
    water = OVER_WATER[0] * ca.fmax(celsius, 0) / (OVER_WATER[1] + ca.fmax(celsius, 0))
    return TRIPLE_PRESSURE * ca.exp(ice + water)


def dew_point(pressure: ca.SX) -> ca.SX:
    """Return the dew point in K, over ice below 0 Cel, of water vapour at a pressure in Pa."""
    log = ca.log(ca.fmax(pressure, SMALLEST_PRESSURE) / TRIPLE_PRESSURE)
    cold, warm = ca.fmin(log, 0), ca.fmax(log, 0)
    return (
        ICE_POINT
        + OVER_ICE[1] * cold / (OVER_ICE[0] - cold)
        + OVER_WATER[1] * warm / (OVER_WATER[0] - warm)
    )


def humidity(pressure: ca.SX, total: ca.SX) -> ca.SX:
    """Return water per dry air from the vapour's and the total pressure in Pa."""
    # boiling hot air may hold any humidity: the share is bounded so that it stays finite
    share = ca.fmin(pressure / total, 0.9)
    return MASS_RATIO * share / (1 - share)


def enthalpy(temperature: ca.SX, water: ca.SX) -> ca.SX:
    """Return J per kg of dry air above dry air and liquid water at 0 Cel."""
    celsius = temperature - ICE_POINT
    return AIR_HEAT * celsius + water * (EVAPORATION_HEAT + VAPOUR_HEAT * celsius)
