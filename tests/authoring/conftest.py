"""Small models with known answers, built once for the session, and a handle to drive them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import casadi as ca
import pytest
from fmpy import extract, read_model_description
from fmpy.fmi3 import FMU3Slave

from linetwin.authoring import Model
from linetwin.authoring.build import build_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def circuit() -> Model:
    """A capacitor behind a non-linear resistor (index 1), with a trip that stops the step."""
    m = Model("circuit", title="Circuit", validity="tests only", version="2.0")
    source = m.input("source", "V", start=1.0, minimum=-5.0, maximum=5.0, meaning="open voltage")
    mode = m.input("mode", "1", start=1, enumeration={"off": 0, "on": 1})
    level = m.parameter("trip_level", "V", 100.0, tag="A", source="none", tunable=True)
    resistance = m.parameter("resistance", "Ohm", 2.0, minimum=0.1, maximum=10.0, tag="A")
    cubic = m.parameter("cubic", "Ohm/A2", 0.0, minimum=0.0)
    v = m.state("voltage", "V", start=0.0, nominal=1.0)
    q = m.state("charge", "A.h", start=0.0, nominal=1e-3)
    i = m.algebraic("current", "A", nominal=0.1)
    tripped = m.discrete("tripped", "1")
    drive = ca.if_else(tripped > 0.5, 0.0, mode * source)
    m.residual(i, resistance * i + cubic * i**3 - (drive - v))
    m.der(v, i / 0.5)
    m.der(q, i / 3600.0)
    m.output("power", "W", i * drive)
    m.when("trip", ca.if_else(tripped > 0.5, -1.0, v - level), {tripped: 1}, stop=True)
    return m


def ball() -> Model:
    """A bouncing ball, and a clock that rings at 0.4321 s."""
    m = Model("ball", title="Bouncing ball")
    height = m.state("height", "m", start=1.0)
    speed = m.state("speed", "m/s")
    bounces, rung = m.discrete("bounces", "1"), m.discrete("rung", "1")
    m.der(height, speed)
    m.der(speed, -9.81)
    m.when("bounce", ca.fmin(-height, -speed), {speed: -0.8 * speed, bounces: bounces + 1})
    m.when("ring", ca.if_else(rung > 0, -1.0, m.time - 0.4321), {rung: m.time}, stop=True)
    return m


def static() -> Model:
    """No states at all: x**3 + x = u + time."""
    m = Model("static", title="Static")
    u = m.input("u", "1", start=1.0, minimum=-1e3, maximum=1e3)
    x = m.algebraic("x", "1")
    passed = m.discrete("passed", "1")
    m.residual(x, x**3 + x - u - m.time)
    m.output("square", "1", x * x)
    m.when("pass", ca.if_else(passed > 0.5, -1.0, x - 2.0), {passed: m.time})
    return m


def stiff() -> Model:
    """Robertson's reaction with a feed that varies in time."""
    m = Model("stiff", title="Robertson")
    feed = m.input("feed", "1/s", start=0.0, minimum=0.0, maximum=0.1)
    a = m.state("a", "1", start=1.0)
    b = m.state("b", "1", nominal=1e-5)
    c = m.state("c", "1")
    first, second = 0.04 * a - 1e4 * b * c, 3e7 * b * b
    wave = feed * (1 + ca.sin(0.7 * m.time))
    m.der(a, -first + wave)
    m.der(b, first - second)
    m.der(c, second - wave)
    m.output("total", "1", a + b + c)
    return m


def faulty() -> Model:
    """A model that fails in the way that `mode` asks for."""
    m = Model("faulty", title="Faulty")
    mode = m.input("mode", "1", start=0, integer=True)
    x, y = m.state("x", "1", start=1.0), m.discrete("y", "1")
    a = m.algebraic("a", "1")
    m.der(x, ca.if_else(mode == 2, x * x, -x))
    m.residual(a, ca.if_else(mode == 3, a * a + 1.0, a - x))
    m.output("z", "1", ca.if_else(mode == 6, ca.log(-1.0 - x * x), x))
    m.when("flip", ca.if_else(mode == 1, 1.0, -1.0), {y: 1 - y})
    m.when("odd", ca.if_else(mode == 4, ca.sqrt(-1.0 - x * x), -1.0), {y: y})
    m.when("wild", ca.if_else(mode == 5, 1.0, -1.0), {y: ca.log(-1.0 - x * x)})
    return m


def chain() -> Model:
    """Heat in a rod of 40 cells, held cold at both ends; beside the event a guard that idles."""
    m = Model("chain", title="Chain")
    mode = [math.sin(math.pi * k / 41) for k in range(1, 41)]
    cells = [m.state(f"cell_{k}", "1", start=mode[k]) for k in range(40)]
    padded = [ca.SX(0), *cells, ca.SX(0)]
    for k, cell in enumerate(cells):
        m.der(cell, padded[k] - 2.0 * cell + padded[k + 2])
    cold, never = m.discrete("cold", "s"), m.discrete("never", "1")
    m.when("idle", ca.SX(-1e-12), {never: 1})
    m.when("cools", ca.if_else(cold > 0, -1.0, 0.5 - cells[0] / mode[0]), {cold: m.time})
    return m


MODELS: dict[str, Callable[[], Model]] = {
    "circuit": circuit,
    "ball": ball,
    "static": static,
    "stiff": stiff,
    "faulty": faulty,
    "chain": chain,
}


class Instance:
    """One instance, set and read by name; keeps the messages as (status, text)."""

    def __init__(self, folder: Path, token: str | None = None, **options: bool | str) -> None:
        self.description = read_model_description(str(folder))
        self.variables = {v.name: v for v in self.description.modelVariables}
        self.messages: list[tuple[int, str]] = []
        self.time = 0.0
        self.slave = FMU3Slave(
            instanceName="test",
            guid=token or self.description.guid,
            unzipDirectory=str(folder),
            modelIdentifier=self.description.coSimulation.modelIdentifier,
        )
        self.slave.instantiate(logMessage=self._log, **options)

    def _log(self, _environment: object, status: int, _category: bytes, text: bytes) -> None:
        self.messages.append((status, text.decode()))

    def start(self, tolerance: float | None = None, **values: float) -> Instance:
        """Set values and go through initialisation to step mode at time 0."""
        self.slave.reset()
        self.set(**values)
        self.slave.enterInitializationMode(tolerance=tolerance)
        self.slave.exitInitializationMode()
        self.time = 0.0
        return self

    def set(self, **values: float) -> None:
        """Set variables by name."""
        for name, value in values.items():
            variable = self.variables[name]
            write = self.slave.setInt32 if variable.type == "Int32" else self.slave.setFloat64
            write([variable.valueReference], [value])

    def get(self, *names: str) -> list[float]:
        """Get variables by name."""
        return [
            getattr(self.slave, f"get{self.variables[n].type}")([self.variables[n].valueReference])[
                0
            ]
            for n in names
        ]

    def step(self, size: float) -> bool:
        """Do a step; return whether it came back early."""
        *_, early, self.time = self.slave.doStep(self.time, size)
        return bool(early)

    def everything(self) -> list[float]:
        """Get all variables, in the order of the description."""
        return self.get(*self.variables)


@pytest.fixture(scope="session")
def model_makers() -> dict[str, Callable[[], Model]]:
    """Makers of the symbolic models by name."""
    return MODELS


@pytest.fixture(scope="session")
def fmus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths of the built FMUs by model name."""
    folder = tmp_path_factory.mktemp("fmus")
    return {name: build_model(make(), folder / f"{name}.fmu") for name, make in MODELS.items()}


@pytest.fixture(scope="session")
def folders(fmus: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The unzipped FMUs by model name."""
    root = tmp_path_factory.mktemp("unzipped")
    return {name: Path(extract(str(fmu), str(root / name))) for name, fmu in fmus.items()}


@pytest.fixture
def instance(folders: dict[str, Path]) -> Iterator[Callable[..., Instance]]:
    """Make instances by model name; they are freed at the end of the test."""
    made: list[Instance] = []

    def make(name: str, **options: bool | str) -> Instance:
        made.append(Instance(folders[name], **options))
        return made[-1]

    yield make
    for one in made:
        one.slave.fmi3FreeInstance(one.slave.component)


@pytest.fixture
def model() -> Callable[[str], Model]:
    """Make the symbolic model of a name."""
    return lambda name: MODELS[name]()
