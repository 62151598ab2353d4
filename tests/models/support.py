"""The model library built once for a test session, and FMUs driven as the line drives them."""

from __future__ import annotations

import atexit
import math
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fmpy import extract, read_model_description
from fmpy.fmi3 import FMU3Slave

from linetwin.authoring.build import build_fmu, load_model
from linetwin.authoring.reference import ReferenceModel
from linetwin.authoring.variables import Kind, Variable
from linetwin.contracts import CONTRACTS
from linetwin.cosim.library import shipped_folder

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np

    from linetwin.authoring.model import Model

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "fmus"
DATA = ROOT.parent / "shared" / "data"
FOLDERS = sorted(path.parent.name for path in MODELS.glob("*/model.py"))


def kind(name: str) -> str:
    """Return the kind of a model: its name, or the first part of it where it has other laws."""
    return max((each for each in CONTRACTS if f"{name}_".startswith(f"{each}_")), key=len)


Phases = Sequence[tuple[Mapping[str, float], float]]


@cache
def _build_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="linetwin-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def model(name: str) -> Model:
    """Return the symbolic model of a folder of the library."""
    return load_model(MODELS / name / "model.py")


def module(name: str) -> ModuleType:
    """Return the Python module of a model, with its parameter sets."""
    model(name)
    return sys.modules[f"fmu_{name}"]


def parameters(name: str, chosen: str, **others: float) -> dict[str, float]:
    """Return one of a model's parameter sets by name, with other values for some."""
    published = module(name).PARAMETER_SETS[chosen]
    return {key: row[0] for key, row in published.items()} | others


@cache
def reference(name: str) -> ReferenceModel:
    """Return the model as integrated by scipy."""
    return ReferenceModel(model(name))


@cache
def fmu_path(name: str) -> Path:
    """Return the model's FMU: a copy of the built one where that is current, else one built now."""
    built = shipped_folder() / f"{name}.fmu"
    if built.is_file():
        shutil.copy(built, _build_folder())
    return build_fmu(MODELS / name / "model.py", _build_folder())


@cache
def _unzipped(name: str) -> str:
    # once in a session: the library must not be written anew while a process has it loaded
    return str(extract(str(fmu_path(name)), unzipdir=str(_build_folder() / f"{name}-unzipped")))


@cache
def fmu(name: str) -> Fmu:
    """Return the model's FMU, loaded once in a session."""
    return Fmu(name)


class Fmu:
    """An FMU on FMPy's slave class; `messages` holds what it logged since the last start."""

    def __init__(self, name: str, *, early_return: bool = False) -> None:
        folder = _unzipped(name)
        description = read_model_description(folder)
        self.model = model(name)
        self.variables = {v.name: v for v in description.modelVariables}
        self.messages: list[str] = []
        self.time = 0.0
        self._slave = FMU3Slave(
            instanceName=name,
            guid=description.guid,
            unzipDirectory=folder,
            modelIdentifier=description.coSimulation.modelIdentifier,
        )
        self._slave.instantiate(
            loggingOn=True, logMessage=self._log, earlyReturnAllowed=early_return
        )
        kinds = (Kind.STATE, Kind.ALGEBRAIC, Kind.DISCRETE, Kind.OUTPUT)
        self.outputs = [variable.name for variable in self.model.of_kind(*kinds)]

    def _log(self, _environment: object, _status: int, _category: bytes, text: bytes) -> None:
        self.messages.append(text.decode())

    def start(
        self,
        start: Mapping[str, float],
        inputs: Mapping[str, float],
        values: Mapping[str, float],
        tolerance: float | None = None,
    ) -> None:
        """Reset, set parameters, starts and inputs, and initialise at time 0."""
        self._slave.reset()
        self.messages.clear()
        self.time = 0.0
        self.set(values)
        self.set(start)
        self._slave.enterInitializationMode(tolerance=tolerance, startTime=0.0)
        self.set(inputs)
        self._slave.exitInitializationMode()

    def set(self, values: Mapping[str, float]) -> None:
        """Set variables by name."""
        for name, value in values.items():
            variable = self.variables[name]
            if variable.type == "Int32":
                self._slave.setInt32([variable.valueReference], [int(value)])
            else:
                self._slave.setFloat64([variable.valueReference], [float(value)])

    def get(self, *names: str) -> list[float]:
        """Return variables by name."""
        found = []
        for name in names:
            variable = self.variables[name]
            read = getattr(self._slave, f"get{variable.type}")
            found.append(float(read([variable.valueReference])[0]))
        return found

    def read(self) -> dict[str, float]:
        """Return all states, discrete variables and outputs, and `time`."""
        numbers = self.get(*self.outputs)
        return dict(zip(self.outputs, numbers, strict=True)) | {"time": self.time}

    @property
    def valid(self) -> bool:
        """Whether all inputs and parameters lie in their ranges."""
        return bool(self.get("valid")[0])

    def step(self, duration: float) -> None:
        """Advance by `duration` s; a duration of 0 does nothing."""
        if duration > 0.0:
            self._slave.doStep(self.time, duration)
            self.time += duration

    def run(
        self,
        start: Mapping[str, float],
        phases: Phases,
        values: Mapping[str, float] | None = None,
        tolerance: float | None = None,
    ) -> list[dict[str, float]]:
        """Do what `ReferenceModel.simulate` does, with the compiled model."""
        self.start(start, phases[0][0] if phases else {}, values or {}, tolerance)
        results = []
        for inputs, duration in phases:
            self.set(inputs)
            self.step(duration)
            results.append(self.read())
        return results

    def save(self) -> object:
        """Return FMPy's handle of the FMU's state."""
        return self._slave.getFMUState()

    def restore(self, state: object) -> None:
        """Go back to a state; the handle stays good."""
        self._slave.setFMUState(state)

    def free(self, state: object) -> None:
        """Give a state back to the FMU."""
        self._slave.freeFMUState(state)


def draw(variable: Variable, generator: np.random.Generator) -> float:
    """Return a random value in the variable's whole range, in small and in large decades alike."""
    low = variable.minimum if math.isfinite(variable.minimum) else -10.0
    high = variable.maximum if math.isfinite(variable.maximum) else low + 20.0
    if variable.integer:
        return float(generator.integers(int(low), int(high) + 1))
    if low >= 0.0 and high > 0.0 and generator.random() < 0.3:
        floor = max(low, high * 1e-6)  # ranges span decades: an even draw leaves out the small
        return float(floor * (high / floor) ** generator.random())
    return float(generator.uniform(low, high))


def near(variable: Variable, generator: np.random.Generator, share: float = 0.1) -> float:
    """Return a random value within `share` of the variable's start, inside its range."""
    if variable.integer:
        return variable.start
    value = variable.start * (1.0 + share * generator.uniform(-1.0, 1.0))
    return float(min(max(value, variable.minimum), variable.maximum))
