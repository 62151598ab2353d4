"""Small FMUs that the co-simulation tests run, and ways to spoil them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.contracts import Contract

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(__file__).resolve().parents[2] / "src"

WEB = Contract(
    "web",
    "transform",
    start=("film_temperature", "solvent_loading"),
    inputs=("air_temperature", "mode"),
    outputs=("film_temperature", "solvent_loading"),
)
OVEN = Contract(
    "oven",
    "continuous",
    inputs=("air_temperature", "mode"),
    outputs=("film_temperature", "solvent_loading"),
)
TIME_CONSTANT_S = 10.0
DRYING_RATE = 1e-3
"""Solvent lost per second while mode is 1 (kg/(m2.s))."""

WEB_MODEL = """
import casadi as ca

from linetwin.authoring import Model


def build() -> Model:
    m = Model("web", title="A warming and drying web", description="For tests: closed forms exist.",
              version="1.0", validity="tests")
    air = m.input("air_temperature", "K", start=400.0, minimum=273.15, maximum=473.15)
    mode = m.input("mode", "1", start=1, minimum=0, maximum=3, integer=True,
                   enumeration={"rest": 0, "dry": 1})
    tau = m.parameter("time_constant", "s", 10.0, minimum=0.1, maximum=1000.0)
    limit = m.parameter("dry_limit", "kg/m2", -1.0, minimum=-1.0, maximum=1.0)
    film = m.state("film_temperature", "K", start=300.0, nominal=100.0)
    solvent = m.state("solvent_loading", "kg/m2", start=0.1, nominal=0.1)
    done = m.discrete("done", "1", start=0)
    m.der(film, (air - film) / tau)
    m.der(solvent, -1e-3 * mode)
    m.when("dry", ca.if_else(done > 0.5, -1.0, limit - solvent), {done: 1}, stop=True)
    m.output("evaporation_rate", "kg/(m2.s)", 1e-3 * mode)
    return m
"""

FOREIGN_MODEL = """
from linetwin.authoring import Model


def build() -> Model:
    m = Model("foreign", title="The same web in other words and units", description="For tests.",
              version="1.0", validity="tests")
    air = m.input("T_air", "Cel", start=20.0, minimum=0.0, maximum=200.0)
    switch = m.input("Switch", "1", start=2, minimum=1, maximum=2, integer=True,
                     enumeration={"off": 1, "on": 2})
    m.input("Fan", "1", start=1.0, minimum=0.0, maximum=1.0)
    film = m.state("T_film", "Cel", start=20.0, nominal=100.0)
    solvent = m.state("X", "g/m2", start=100.0, nominal=100.0)
    m.der(film, (air - film) / 10.0)
    m.der(solvent, -1.0 * (switch - 1))
    return m
"""


def build_model(source: str, folder: Path) -> Path:
    """Build an FMU from the text of a model file; it takes some seconds."""
    from linetwin.authoring.build import build_fmu

    model_file = folder / "model" / "model.py"
    model_file.parent.mkdir(parents=True)
    model_file.write_text(source, encoding="utf-8")
    return build_fmu(model_file, folder / "out")


def rewritten(
    fmu: Path,
    copy: Path,
    description: Callable[[str], str] = str,
    keep: Callable[[str], bool] = bool,
) -> Path:
    """Copy an FMU with another modelDescription.xml, and only with the members to `keep`."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(copy, "w") as new:
        for name in filter(keep, old.namelist()):
            content = old.read(name)
            if name == "modelDescription.xml":
                content = description(content.decode()).encode()
            new.writestr(name, content)
    return copy


def without_binaries(fmu: Path, copy: Path) -> Path:
    """Copy an FMU as if it had been made for another machine only."""
    rewritten(fmu, copy, keep=lambda name: not name.startswith("binaries/"))
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("binaries/riscv64-plan9/web.so", b"")
    return copy


def run_python(script: str, *arguments: str, temporary: Path, check: bool = True) -> str:
    """Run a script in a fresh process with its own temporary folder; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done.stdout
