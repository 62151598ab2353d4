"""A machine of the line: power and heat by PackML state, warm-up, heat emission, wear.

Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import casadi as ca
from tables import Row, declare_inputs, declare_parameters

from linetwin.authoring import Model

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKML = {  # ISA-TR88.00.02 [M], state numbers of StateCurrent
    "undefined": 0,
    "clearing": 1,
    "stopped": 2,
    "starting": 3,
    "idle": 4,
    "suspended": 5,
    "execute": 6,
    "stopping": 7,
    "aborting": 8,
    "aborted": 9,
    "holding": 10,
    "held": 11,
    "unholding": 12,
    "suspending": 13,
    "unsuspending": 14,
    "resetting": 15,
    "completing": 16,
    "complete": 17,
}
SWITCHED_OFF = ("undefined", "clearing", "stopped", "aborting", "aborted")  # drives and heaters [A]
WAITING = ("suspending", "suspended", "unsuspending", "holding", "held", "unholding")
SETTING_UP = ("starting", "resetting", "completing")

# fmt: off
INPUTS = (
    Row("load", "1", 1.0, 0.0, 2.0, "A", "nominal", "throughput over its nominal value"),
    Row("process_power", "W", 0.0, -1e8, 1e8, "A", "none",
        "electric power that the process computes; negative where it gives power back"),
    Row("process_heat", "W", 0.0, 0.0, 1e8, "A", "none", "heat that the process computes"),
    Row("process_cooling", "W", 0.0, 0.0, 1e8, "A", "none",
        "heat that the process gives to cooling water"),
    Row("heat_carried_off", "W", 0.0, 0.0, 1e8, "A", "none",
        "heat of the process that leaves with exhaust, product or cooling water"),
    Row("ambient_temperature", "K", 295.15, 243.15, 323.15, "A", "22 Cel",
        "temperature of the room"),
)
POWER = (
    Row("off_power", "W", 50.0, 0.0, 1e8, "A", "controller", "electric power while switched off"),
    Row("standby_power", "W", 1e3, 0.0, 1e8, "A", "set by the station",
        "electric power in every other state but Execute"),
    Row("execute_power", "W", 5e3, 0.0, 1e8, "A", "set by the station",
        "electric power in Execute at load 1"),
    Row("standby_heat", "W", 0.0, 0.0, 1e8, "A", "set by the station",
        "heat drawn in every state but Execute while switched on"),
    Row("execute_heat", "W", 0.0, 0.0, 1e8, "A", "set by the station",
        "heat drawn in Execute at load 1"),
    Row("waiting_factor", "1", 1.0, 0.0, 10.0, "A", "as in standby",
        "power and heat in Suspended and Held over those in standby"),
    Row("setup_factor", "1", 1.0, 0.0, 10.0, "A", "as in standby",
        "power and heat in Starting, Resetting and Completing over those in standby"),
    Row("cooling_water_share", "1", 0.0, 0.0, 1.0, "A", "air-cooled",
        "share of the machine's electric power that cooling water takes up"),
    Row("product_heat_share", "1", 0.0, 0.0, 1.0, "A", "all heat stays in the room",
        "share of the power that leaves with product and exhaust"),
)
WARM_UP = (
    Row("operating_temperature", "K", 295.15, 243.15, 523.15, "A", "22 Cel: nothing to warm up",
        "temperature held while switched on"),
    Row("heat_capacity", "J/K", 1e5, 1.0, 1e9, "A", "200 kg of steel",
        "heat capacity of what is warmed up"),
    Row("warmup_time", "s", 1200.0, 1.0, 1e5, "A", "an hour to 95 %",
        "time constant of warming up"),
    Row("cooling_time", "s", 7200.0, 1.0, 1e6, "A", "slower than the heater",
        "time constant of cooling down while switched off"),
    Row("warmup_electric_share", "1", 1.0, 0.0, 1.0, "A", "electric heaters",
        "share of the warm-up energy drawn as electricity"),
)
LOSS = (
    Row("loss_conductance", "W/K", 0.0, 0.0, 1e6, "A", "standby_heat holds the losses",
        "heat lost to the room per kelvin above it, made up by the heater while switched on"),
)
AIR = (
    Row("standby_air", "m3/s", 0.0, 0.0, 1e3, "A", "no pneumatics",
        "compressed air while switched on, leaks included (20 Cel, 101325 Pa)"),
    Row("execute_air", "m3/s", 0.0, 0.0, 1e3, "A", "no pneumatics",
        "compressed air in Execute at load 1"),
)
SERVICE = (
    Row("wear_removed", "1", 0.0, 0.0, 1e6, "A", "none",
        "wear that maintenance has taken away since the machine was new"),
)
WEAR = (
    Row("wear_life", "s", 3.6e6, 1.0, 1e10, "A", "1000 h in Execute at load 1",
        "life of the part that wears, in Execute at load 1"),
    Row("hazard_gain", "1", 1.0, 0.0, 100.0, "A", "twice the failures at the end of life",
        "k in hazard = 1 + k wear^m"),
    Row("hazard_exponent", "1", 2.0, 1.0, 6.0, "A", "slow at first",
        "m in hazard = 1 + k wear^m"),
)
# fmt: on


def build() -> Model:
    """Return the machine model."""
    m = Model(
        "machine",
        title="Machine of a production line",
        description="Power and heat by PackML state, warm-up, heat emission and wear",
        version="1.0",
        validity="any machine whose power is set by state and throughput",
    )
    state = m.input(
        "packml_state",
        "1",
        start=PACKML["idle"],
        enumeration=PACKML,
        meaning="state number of ISA-TR88.00.02",
        tag="A",
        source="idle",
    )
    p = declare_inputs(m, (*INPUTS, *SERVICE))
    for rows in (POWER, WARM_UP, LOSS, AIR, WEAR):
        p |= declare_parameters(m, rows)
    on = 1.0 - _one_of(state, SWITCHED_OFF)
    executing = _one_of(state, ("execute",))
    _wear(m, p, executing)
    _energy(m, p, state, on, executing)
    _compressed_air(m, p, on, executing)
    return m


def _one_of(state: ca.SX, names: Iterable[str]) -> ca.SX:
    """Return 1 where the state is one of those named, else 0."""
    any_of_them = reduce(ca.logic_or, [state == PACKML[name] for name in names])
    return ca.if_else(any_of_them, 1.0, 0.0)


def _wear(m: Model, p: dict[str, ca.SX], executing: ca.SX) -> None:
    total = m.state("total_wear", "1", meaning="wear since the machine was new")
    m.der(total, executing * p["load"] / p["wear_life"])
    wear = m.output(
        "wear",
        "1",
        ca.fmax(total - p["wear_removed"], 0.0),
        meaning="0 new or maintained, 1 at the end of the part's life",
    )
    worn = wear ** p["hazard_exponent"]
    m.output(
        "hazard_factor",
        "1",
        1.0 + p["hazard_gain"] * worn,
        meaning="failure rate over its value when new",
    )


def _energy(m: Model, p: dict[str, ca.SX], state: ca.SX, on: ca.SX, executing: ca.SX) -> None:
    """Declare temperature, power, heat emission and their integrals."""
    temperature = m.state(
        "machine_temperature", "K", start=295.15, nominal=100.0, meaning="of the part warmed up"
    )
    warming = (p["operating_temperature"] - temperature) / p["warmup_time"]
    cooling = (p["ambient_temperature"] - temperature) / p["cooling_time"]
    m.der(temperature, ca.if_else(on > 0.0, warming, cooling))
    # what is too hot when switched on cools by itself: no heater runs backwards
    warm_up = on * p["heat_capacity"] * ca.fmax(warming, 0.0)
    lost = on * p["loss_conductance"] * ca.fmax(temperature - p["ambient_temperature"], 0.0)
    stored = p["heat_capacity"] * ca.if_else(on > 0.0, warming, cooling)

    used = executing * p["load"]
    ready = _level(p, state)
    base = ca.if_else(on > 0.0, ready * p["standby_power"], p["off_power"])
    own = base + used * (p["execute_power"] - p["standby_power"])
    electric = own + p["process_power"]
    thermal = on * ready * p["standby_heat"] + used * (p["execute_heat"] - p["standby_heat"])
    thermal += p["process_heat"]
    leaving = p["product_heat_share"] * (electric + thermal)
    leaving += p["cooling_water_share"] * own + p["heat_carried_off"]
    electric += p["warmup_electric_share"] * (warm_up + lost)
    thermal += (1.0 - p["warmup_electric_share"]) * (warm_up + lost)
    to_water = p["cooling_water_share"] * own + p["process_cooling"]

    for name, power, meaning in (
        ("electric", electric, "electricity drawn"),
        ("thermal", thermal, "heat of the heat network drawn"),
        ("cooling", to_water, "heat given to cooling water"),
    ):
        m.output(f"{name}_power", "W", power, nominal=1e3, meaning=f"{meaning} now")
        energy = m.state(f"{name}_energy", "J", nominal=1e6, meaning=f"{meaning} so far")
        m.der(energy, power)
    emission = m.output(
        "heat_emission",
        "W",
        electric + thermal - leaving - stored,
        nominal=1e3,
        meaning="heat given to the room; negative where a cold machine takes heat up",
    )
    emitted = m.state("emitted_energy", "J", nominal=1e6, meaning="heat given to the room so far")
    m.der(emitted, emission)


def _level(p: dict[str, ca.SX], state: ca.SX) -> ca.SX:
    """Return power over standby power: waiting and set-up have factors of their own."""
    waiting, setting_up = _one_of(state, WAITING), _one_of(state, SETTING_UP)
    return 1.0 + waiting * (p["waiting_factor"] - 1.0) + setting_up * (p["setup_factor"] - 1.0)


def _compressed_air(m: Model, p: dict[str, ca.SX], on: ca.SX, executing: ca.SX) -> None:
    """Declare the flow of compressed air and its integral."""
    flow = on * p["standby_air"]
    flow += executing * p["load"] * (p["execute_air"] - p["standby_air"])
    m.output("compressed_air_flow", "m3/s", flow, nominal=1e-2, meaning="compressed air drawn now")
    volume = m.state("compressed_air_volume", "m3", meaning="compressed air drawn so far")
    m.der(volume, flow)
