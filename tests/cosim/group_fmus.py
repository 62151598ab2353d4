"""Small FMUs for groups, with closed forms, and ways to write group files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from linetwin.cosim.groups import read_group

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.groups import Group

MASS_MODEL = """
from linetwin.authoring import Model


def build() -> Model:
    m = Model("mass", title="A mass between two springs", description="For tests: linear.",
              version="1.0", validity="tests")
    other = m.input("neighbour", "m", start=0.0)
    stiffness = m.parameter("stiffness", "N/m", 1.0)
    coupling = m.parameter("coupling", "N/m", 0.2)
    mass = m.parameter("mass", "kg", 1.0, minimum=1e-3)
    x = m.state("position", "m", start=0.0, nominal=1.0)
    v = m.state("velocity", "m/s", start=0.0, nominal=1.0)
    m.der(x, v)
    m.der(v, (-stiffness * x + coupling * (other - x)) / mass)
    return m
"""
"""No input passes through at once."""

LAG_MODEL = """
from linetwin.authoring import Model


def build() -> Model:
    m = Model("lag", title="A first-order lag", description="For tests: linear.",
              version="1.0", validity="tests")
    u = m.input("inlet", "Cel", start=20.0, minimum=-200.0, maximum=1000.0)
    switch = m.input("switch", "1", start=1, minimum=0, maximum=3, integer=True)
    tau = m.parameter("time_constant", "s", 1.0, minimum=1e-6)
    x = m.state("level", "K", start=300.0, nominal=100.0)
    m.der(x, switch * ((u + 273.15) - x) / tau)
    m.output("passed", "K", u + 273.15 + 0.0 * x)
    m.output("stage", "1", switch + 0.0 * x)
    return m
"""
"""`passed` and `stage` follow the inputs at once, `level` (K) goes to `inlet` (degC)."""


def write_group(folder: Path, **content: object) -> Path:
    """Write a group file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "group.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump({"schema": 1, "name": "group", **content}, stream)
    return file


def oscillators(folder: Path, mass: Path, **changes: object) -> Group:
    """Return two equal masses that pull at each other; the left one begins at 1 m."""
    content: dict[str, object] = {
        "step": "10 ms",
        "members": {
            "left": {"fmu": str(mass), "values": {"position": 1.0}},
            "right": {"fmu": str(mass)},
        },
        "connections": {"left.neighbour": "right.position", "right.neighbour": "left.position"},
        "outputs": {"left_position": "left.position", "right_position": "right.position"},
    }
    return read_group(write_group(folder, **{**content, **changes}))


def lags(folder: Path, lag: Path, **changes: object) -> Group:
    """Return three lags in a row: each passes its inlet on at once, and lags behind it."""
    member = {"fmu": str(lag), "values": {"switch": 1}}
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {"third": member, "second": member, "first": member},
        "connections": {"third.inlet": "second.passed", "second.inlet": "first.passed"},
        "inputs": {"air": "first.inlet"},
        "outputs": {"end": "third.passed", "level": "third.level"},
    }
    return read_group(write_group(folder, **{**content, **changes}))
