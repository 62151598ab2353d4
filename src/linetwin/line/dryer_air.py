"""The air of a dryer: what its heaters, fans and condenser draw, at work and waiting.

    exhaust   V = evaporation at the set speed / exhaust_concentration, at fixed speed while hot
    heater    Q = V rho c_p (T_zone - T_in)(1 - eta_HR) + m dh_v + loss + distillation
    condenser   C = V rho c_p (T_zone - T_in)(1 - eta_HR) + m dh_v, where solvent is recovered
    fans      P = (circulated dp + V dp_ex) / eta_fan

T_in is the room where exhaust goes outdoors, the condenser's temperature where the air goes round:
what the condenser took out, the heater puts in again. Fans heat the air that they move, so the
heater saves that. Terms after PHYSICS.md 1.9; constants are parameters of the coater.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM_TEMPERATURE_K = 295.15
AIR_HEAT_CAPACITY = 1.2 * 1006.0
"""Density times heat capacity of room air, J/(m3.K) [A: 1.2 kg/m3, 1006 J/(kg.K)]."""
COLD = ("Stopped", "Complete", "Idle")
"""PackML states in which a dryer is switched off; in all others its zones are kept hot."""


@dataclass(frozen=True)
class AirDemand:
    """Heat, electricity of fans, heat to cooling water, and what does not stay in the room [W]."""

    heat: float = 0.0
    fans: float = 0.0
    cooling: float = 0.0
    carried_off: float = 0.0


SWITCHED_OFF = AirDemand()


def dryer_air(
    value: Callable[[str], float],
    mode: str,
    hottest: float,
    evaporation: float,
    length: float,
) -> AirDemand:
    """Return what the air of a dryer draws now.

    `value` gives the coater's parameters; `mode` is its PackML state; `hottest` the temperature of
    its hottest zone [K]; `evaporation` the solvent removed at the set speed [kg/s], which sets the
    exhaust; `length` the web inside, over all dryers of the coater [m].
    """
    if mode in COLD:
        return SWITCHED_OFF
    working = mode == "Execute"
    share = 1.0 if working else value("idle_air_share")
    recovered = value("solvent_recovery")
    closed = recovered > 0
    inlet = value("condensing_temperature") if closed else ROOM_TEMPERATURE_K
    exhaust = share * evaporation / value("exhaust_concentration")
    rise = max(0.0, hottest - inlet)
    air = exhaust * AIR_HEAT_CAPACITY * rise * (1 - value("heat_recovery"))
    circulated = share * value("circulation_velocity") * length * value("coating_width")
    moved = circulated * value("circulation_pressure") + exhaust * value("exhaust_pressure")
    fans = moved / value("fan_efficiency")
    loss = value("dryer_loss_coefficient") * length
    loss *= max(0.0, hottest - ROOM_TEMPERATURE_K)
    latent = evaporation * value("latent_heat") if working else 0.0
    distilled = evaporation * recovered * value("distillation_heat") if working else 0.0
    heater = max(0.0, air + latent + loss - fans)
    cooling = air + latent + distilled if closed else 0.0
    return AirDemand(
        heat=heater + distilled,
        fans=fans,
        cooling=cooling,
        carried_off=max(0.0, heater + distilled + fans - loss),
    )
