"""Models of a user's own library, as text: one that works, and two that fail after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = """\
import casadi as ca

from linetwin.authoring import Model


def build() -> Model:
"""
TANK = """\
    m = Model("tank", title="Draining tank", version="1.0", validity="tests")
    rate = m.parameter("rate", "1/s", 0.1, minimum=0.0, maximum=1.0, tag="A", source="a guess")
    level = m.state("level", "m", start=1.0, minimum=0.0)
    m.der(level, -rate * level)
    return m
"""
# The root of a negative number is not finite: no derivative, no step.
MACHINE = """\
    m = Model("fragile", title="A machine that fails", version="1.0", validity="tests")
    m.input("packml_state", "1", start=4, integer=True)
    for name, unit in (("load", "1"), ("process_power", "W"), ("process_heat", "W")):
        m.input(name, unit)
    ambient = m.input("ambient_temperature", "K", start=295.0)
    power = m.parameter("standby_power", "W", 500.0)
    for name, unit in (("off_power", "W"), ("execute_power", "W"), ("standby_air", "m3/s"),
                       ("execute_air", "m3/s")):
        m.parameter(name, unit, 0.0)
    limit = m.parameter("time_limit", "s", 5400.0)
    energy = m.state("electric_energy", "J")
    m.der(energy, power * ca.sqrt(limit - m.time) / 100.0)
    for name, unit in (("thermal_power", "W"), ("heat_emission", "W"), ("thermal_energy", "J"),
                       ("wear", "1")):
        m.output(name, unit, 0.0 * ambient)
    m.output("electric_power", "W", power)
    m.output("machine_temperature", "K", ambient)
    m.output("hazard_factor", "1", 1.0 + 0.0 * ambient)
    return m
"""
DRYER = """\
    m = Model("brittle", title="A vacuum dryer that fails", version="1.0", validity="tests")
    m.input("chamber_temperature", "K", start=383.0)
    m.input("chamber_pressure", "Pa", start=1000.0)
    moisture = m.state("moisture", "1", start=1e-3, nominal=1e-3)
    m.der(moisture, -1e-6 * moisture * ca.sqrt(600.0 - m.time))
    return m
"""
LIBRARY = {"tank": TANK, "fragile": MACHINE, "brittle": DRYER}


def write_library(folder: Path) -> Path:
    """Write the models as `linetwin fmu build --models` wants them."""
    for name, text in LIBRARY.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "model.py").write_text(_HEAD + text, encoding="utf-8")
    return folder
