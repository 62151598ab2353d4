"""The energy of a line in steady state, in closed form: what PHYSICS.md 1.9 calculates by hand.

Written anew from the equations: nothing of the line's own code for energy is used. Powers in W.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scipy.optimize import brentq

AIR = 1.2 * 1006.0
ROOM = 295.15
OUTDOOR_TEMPERATURE, OUTDOOR_WATER = 283.15, 0.006


@dataclass(frozen=True)
class Shares:
    """Shares of the time: working, waiting (switched on), the rest is switched off."""

    working: float
    waiting: float


@dataclass(frozen=True)
class Draw:
    """What something draws on average: electricity, heat, heat to water, air in m3/s, to room."""

    electric: float = 0.0
    heat: float = 0.0
    water: float = 0.0
    air: float = 0.0
    room: float = 0.0

    def __add__(self, other: Draw) -> Draw:
        return Draw(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )


def machine(parameters: dict[str, float], shares: Shares, load: float = 1.0) -> Draw:
    """Return the draw of a machine that is cold or warm through: power by state times its share."""
    p = {"off_power": 50.0, "standby_power": 1e3, "execute_power": 5e3} | parameters
    busy, on = shares.working * load, shares.working + shares.waiting
    electric = busy * (p["execute_power"] - p["standby_power"]) + on * p["standby_power"]
    electric += (1 - on) * p["off_power"]
    standby, execute = p.get("standby_air", 0.0), p.get("execute_air", 0.0)
    air = on * standby + busy * (execute - standby)
    return Draw(electric=electric, air=air, room=electric)


@dataclass(frozen=True)
class Dryer:
    """A dryer as PHYSICS.md 1.9 states it, with what it says is missing."""

    evaporation: float  # kg/s at the set speed
    concentration: float
    hottest: float
    latent: float
    length: float
    width: float
    loss: float
    recovered: float = 0.0
    heat_recovery: float = 0.6
    cold: float = 283.15
    distillation: float = 1.5e6

    def draw(self, shares: Shares) -> Draw:
        """Return heat, fans, cooling water on average; hot whenever switched on."""
        hot = shares.working + shares.waiting
        exhaust = self.evaporation / self.concentration
        inlet = self.cold if self.recovered else ROOM
        air = exhaust * AIR * (self.hottest - inlet) * (1 - self.heat_recovery)
        fans = (0.5 * self.length * self.width * 1200 + exhaust * 1500) / 0.6
        lost = self.loss * self.length * (self.hottest - ROOM)
        evaporated = shares.working * self.evaporation * self.latent
        distilled = shares.working * self.evaporation * self.recovered * self.distillation
        return Draw(
            electric=hot * fans,
            heat=hot * (air + lost - fans) + evaporated + distilled,
            water=(hot * air + evaporated + distilled) if self.recovered else 0.0,
            room=hot * lost,
        )


@dataclass(frozen=True)
class Site:
    """Sizes of the building, and people in the dry room; other constants as the model's README."""

    dry_room_area: float = 200.0
    hall_area: float = 600.0
    people: float = 4.0
    leaks: float = 6e3  # W of the compressors without any user
    base_cooling: float = 1e4

    def draw(self, machines: list[tuple[str, Draw]]) -> dict[str, float]:
        """Return power by part [W] for machines in `hall` or `dry_room`, at the yearly mean."""
        water = sum(draw.water for _, draw in machines) + self.base_cooling
        air = sum(draw.air for _, draw in machines)
        heat = {r: sum(d.room for room, d in machines if room == r) for r in ("hall", "dry_room")}
        performance = 0.4 * 277.15 / (298.15 - 277.15)
        dry = self._dry_room(heat["dry_room"], performance)
        hall = self._hall(heat["hall"])
        return {
            "dry room electricity": dry["electric"],
            "dry room heat": dry["heat"],
            "halls electricity": hall["electric"] + hall["cooling"] / performance,
            "halls heat": hall["heat"],
            "cooling water": water / performance,
            "compressed air": self.leaks + air * 4.3e5,
        }

    def _dry_room(self, machines: float, performance: float) -> dict[str, float]:
        """Solve the rotor's humidity balance; then its heater, coils and fans."""
        area, hall = self.dry_room_area, 297.15
        flow = 25 / 3600 * area * 3 * 1.2
        cold = 0.1 * 283.15 + 0.9 * ROOM
        fresh = min(OUTDOOR_WATER, _humidity(_over_water(10.0)))
        outside = OUTDOOR_WATER * 101325 / (0.62198 + OUTDOOR_WATER) / _over_water(135.0)
        floor = _humidity(_over_water(cold - 273.15) * outside ** (408.15 / cold))

        def rotor(humidity: float) -> tuple[float, float]:
            log = math.log(humidity * 101325 / (0.62198 + humidity) / 611.2)
            dew = 272.62 * log / (22.46 - log)
            ratio = 0.2 + 0.13 / (1 + math.exp(-(dew + 40.0)))
            return ratio, (0.1 * fresh + 0.9 * humidity - floor) * (1 - math.exp(-18 * ratio))

        def surplus(humidity: float) -> float:
            supply = 0.1 * fresh + 0.9 * humidity - rotor(humidity)[1]
            let_in = 1e-5 * area * (OUTDOOR_WATER - humidity)
            return flow * (supply - humidity) + self.people * 0.12 / 3600 + let_in

        ratio, removed = rotor(brentq(surplus, 1e-7, 5e-3, xtol=1e-18, rtol=1e-13))
        carried = 2.8e6 * removed + 0.35 * ratio * 1006 * (408.15 - cold)
        exhaust = 408.15 - carried / (ratio * 1006)
        heater = ratio * flow * 1006 * (408.15 - 283.15 - 0.5 * (exhaust - 283.15))
        fan, other = flow / 1.2 * 1500 / 0.6, ratio * flow / 1.2 * 1000 / 0.6
        light = 8 * area
        warmed = cold + carried / 1006 - ROOM
        gains = machines + self.people * 100 + light + area * (hall - ROOM)
        coil = max(0.0, flow * 0.1 * 2.501e6 * (OUTDOOR_WATER - fresh))
        cooling = flow * 1006 * warmed + fan + gains + coil
        return {"heat": heater, "electric": fan + other + light + cooling / performance}

    def _hall(self, machines: float) -> dict[str, float]:
        """Heat or cool outside 20 to 24 Cel."""
        area = self.hall_area
        flow = area * 6 / 3600 * 1.2
        loss = 0.9 * area + flow * 1006 * 0.4
        free = machines + 8 * area

        wall, gain = self.dry_room_area, 35.0 * area

        def held(setpoint: float) -> float:
            """Temperature where losses and the control's gain over its set point balance."""
            heat = free + loss * OUTDOOR_TEMPERATURE + wall * ROOM + gain * setpoint
            return heat / (loss + wall + gain)

        cooling = gain * max(0.0, held(297.15) - 297.15)
        heat = gain * max(0.0, 293.15 - held(293.15))
        return {"cooling": cooling, "heat": heat, "electric": flow / 1.2 * 600 / 0.6 + 8 * area}


def _over_water(celsius: float) -> float:
    return 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))


def _humidity(pressure: float) -> float:
    return 0.62198 * pressure / (101325.0 - pressure)


@dataclass
class Bill:
    """Collects draws by group and turns them into kWh per good kWh."""

    site: Site
    boiler: float = 0.85
    machines: list[tuple[str, str, Draw]] = field(default_factory=list)

    def add(self, group: str, room: str, draw: Draw) -> None:
        """Enter one machine."""
        self.machines.append((group, room, draw))

    def powers(self) -> dict[str, float]:
        """Return group -> W bought; utilities are put to those who take them."""
        parts = self.site.draw([(room, draw) for _, room, draw in self.machines])
        water = sum(draw.water for *_, draw in self.machines) + self.site.base_cooling
        air = sum(draw.air for *_, draw in self.machines) + self.site.leaks / 4.3e5
        found = {
            "dry room": parts["dry room electricity"] + parts["dry room heat"] / self.boiler,
            "halls and utilities": parts["halls electricity"]
            + parts["halls heat"] / self.boiler
            + self.site.leaks
            + parts["cooling water"] * self.site.base_cooling / max(water, 1e-9),
        }
        for group, _, draw in self.machines:
            bought = draw.electric + draw.heat / self.boiler
            bought += parts["cooling water"] * draw.water / max(water, 1e-9)
            bought += parts["compressed air"] * draw.air / air if air else 0.0
            found[group] = found.get(group, 0.0) + bought
        return found
