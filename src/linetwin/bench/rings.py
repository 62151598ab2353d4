"""Rings of small FMUs, built on the spot: each takes what the one before it gives."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruamel.yaml import YAML

from linetwin.cosim.binary import library_suffix, platform_folder
from linetwin.cosim.groups import read_group
from linetwin.errors import LinetwinError

if TYPE_CHECKING:
    from linetwin.cosim.groups import Group

STEP_S: Final = 1e-3
"""Communication step of a ring: one tick."""
OWN: Final = "our smallest"
TINY: Final = "one addition"
_TINY: Final = "tiny.c"
_HEAVY: Final = """
from linetwin.authoring import Model


def build() -> Model:
    m = Model("swinging", title="A lag beside a fast swing", description="For benchmarks.",
              version="1.0", validity="benchmarks")
    u = m.input("u", "1", start=0.0)
    x = m.state("x", "1", start=1.0)
    w = m.state("w", "1", start=1.0)
    v = m.state("v", "1", start=0.0)
    m.der(x, u - x)
    m.der(w, 5e4 * v)
    m.der(v, -5e4 * w)
    return m
"""
"""50 rad in a step of 1 ms."""
_MODEL: Final = """
from linetwin.authoring import Model


def build() -> Model:
    m = Model("authored", title="A first-order lag", description="For benchmarks.",
              version="1.0", validity="benchmarks")
    u = m.input("u", "1", start=0.0)
    x = m.state("x", "1", start=1.0)
    m.der(x, u - x)
    return m
"""
_DESCRIPTION2: Final = """<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="2.0" modelName="tiny" guid="{tiny}" numberOfEventIndicators="0">
<CoSimulation modelIdentifier="tiny" canHandleVariableCommunicationStepSize="true"/>
<ModelVariables>
<ScalarVariable name="x" valueReference="0" causality="output" variability="continuous"
  initial="exact"><Real start="1"/></ScalarVariable>
<ScalarVariable name="u" valueReference="1" causality="input" variability="continuous">
  <Real start="0"/></ScalarVariable>
</ModelVariables>
<ModelStructure><Outputs><Unknown index="1" dependencies=""/></Outputs></ModelStructure>
</fmiModelDescription>
"""
_DESCRIPTION3: Final = """<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="3.0" modelName="tiny" instantiationToken="{tiny}">
<CoSimulation modelIdentifier="tiny" canHandleVariableCommunicationStepSize="true"/>
<ModelVariables>
<Float64 name="time" valueReference="2" causality="independent" variability="continuous"/>
<Float64 name="x" valueReference="0" causality="output" variability="continuous"
  initial="exact" start="1"/>
<Float64 name="u" valueReference="1" causality="input" variability="continuous" start="0"/>
</ModelVariables>
<ModelStructure><Output valueReference="0" dependencies=""/></ModelStructure>
</fmiModelDescription>
"""


@dataclass(frozen=True)
class Fmu:
    """An FMU with an input `u` and an output `x` that depends on no input at once."""

    name: str
    path: Path
    version: int

    @property
    def label(self) -> str:
        """What it is called in tables."""
        return f"{self.name}, FMI {self.version}"


def build_fmus(folder: Path) -> list[Fmu]:
    """Build an FMU that does nothing but add, and the smallest of our own, in both versions.

    Raises LinetwinError where the compiler is not installed, ModelError where building fails.
    """
    try:
        from linetwin.authoring.build import build_fmu
        from linetwin.authoring.standards import FMI2
        from linetwin.authoring.toolchain import compile_library, host_target
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install linetwin[fmu]"
        raise LinetwinError(message) from error
    library = folder / f"tiny{library_suffix()}"
    compile_library([source(_TINY)], [], host_target(), library)
    model = folder / "authored" / "model.py"
    model.parent.mkdir()
    model.write_text(_MODEL, encoding="utf-8")
    return [
        Fmu(OWN, build_fmu(model, folder / "built3"), 3),
        Fmu(OWN, build_fmu(model, folder / "built2", standard=FMI2), 2),
        Fmu(TINY, _pack(folder / "tiny3.fmu", library, _DESCRIPTION3, 3), 3),
        Fmu(TINY, _pack(folder / "tiny2.fmu", library, _DESCRIPTION2, 2), 2),
    ]


def build_heavy(folder: Path) -> Fmu:
    """Build an FMU whose step of a ring takes some 100 us; errors as `build_fmus`."""
    from linetwin.authoring.build import build_fmu

    model = folder / "heavy" / "model.py"
    model.parent.mkdir()
    model.write_text(_HEAVY, encoding="utf-8")
    return Fmu("a fast swing", build_fmu(model, folder / "built"), 3)


def _pack(fmu: Path, library: Path, description: str, version: int) -> Path:
    with zipfile.ZipFile(fmu, "w") as archive:
        archive.writestr("modelDescription.xml", description)
        archive.write(library, f"binaries/{platform_folder(version)}/{library.name}")
    return fmu


def source(name: str) -> Path:
    """Return the path of a C source of the benchmarks."""
    return Path(__file__).with_name(name)


def ring(folder: Path, fmu: Fmu, count: int) -> Group:
    """Return a ring of so many FMUs as a group, Jacobi; the first one's x is its output."""
    return _group(folder, fmu, count, "1 ms", 0)


def chain(folder: Path, fmu: Fmu, count: int) -> Group:
    """Return a chain whose first FMU takes the group's input `air`; it steps every 10 ms."""
    return _group(folder, fmu, count, "10 ms", 1)


def _group(folder: Path, fmu: Fmu, count: int, step: str, first: int) -> Group:
    """Return FMUs of which each from the one numbered `first` takes what the one before gives."""
    names = [f"m{index}" for index in range(count)]
    content: dict[str, object] = {
        "schema": 1,
        "name": "ring",
        "step": step,
        "members": {
            name: {"fmu": str(fmu.path), "values": {"x": 1.0 + index}}
            for index, name in enumerate(names)
        },
        "connections": {f"{names[i]}.u": f"{names[i - 1]}.x" for i in range(first, count)},
        "inputs": {"air": f"{names[0]}.u"} if first else {},
        "outputs": {"x": f"{names[0]}.x"},
    }
    file = folder / f"{'chain' if first else 'ring'}-{count}.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump(content, stream)
    return read_group(file)
