"""Masters that step the same ring: a bare loop in C, ours in several ways, FMPy's slaves."""

from __future__ import annotations

import ctypes
import itertools
import shutil
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from linetwin.bench.rings import STEP_S, source
from linetwin.cosim.binary import load_binary
from linetwin.cosim.groups import FmuGroup, Terminal
from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.bench.rings import Fmu
    from linetwin.cosim.groups import Group


FAST: Final = 500
"""Communication steps of a turn: short, so that some turns are not interrupted by other work."""
SLOW: Final = 20


class Master(Protocol):
    """Something that steps a ring, in turns of `steps` communication steps.

    `turns`: how many it takes at most; 0 for any number.
    """

    name: str
    steps: int
    turns: int

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        ...

    def values(self) -> list[float]:
        """Return the outputs of all FMUs: they tell whether all masters do the same."""
        ...

    def close(self) -> None:
        """Free the FMUs."""
        ...


class _Ring(ctypes.Structure):
    """The structure of bare_group.c."""

    _fields_: ClassVar = [
        ("handles", ctypes.c_void_p),
        ("sources", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("set", ctypes.c_void_p),
        ("get", ctypes.c_void_p),
        ("step", ctypes.c_void_p),
        ("input", ctypes.c_uint32),
        ("output", ctypes.c_uint32),
        ("inputs", ctypes.c_void_p),
        ("outputs", ctypes.c_void_p),
        ("length", ctypes.c_double),
        ("steps", ctypes.c_int64),
    ]


class BareLoop:
    """The limit: a loop in C with the same calls and nothing else."""

    name = "bare C loop"
    steps = FAST
    turns = 0

    def __init__(self, fmu: Fmu, count: int, library: Path) -> None:
        """Instantiate the FMUs; `library` is that of `compile_bare`."""
        binary = load_binary(fmu.path)
        variables = binary.description.variables
        state = Table(Port(binary, [variables["x"]]))
        access = state.port.blocks[0]
        self._instances = [instantiate(binary) for _ in range(count)]
        for index, instance in enumerate(self._instances):
            state.write(0, 1.0 + index)
            instance.set(state)
            instance.initialise()
        step: Any = binary.function(f"fmi{fmu.version}DoStep")
        handles = [instance.address for instance in self._instances]
        arrays: list[Any] = [
            (ctypes.c_void_p * count)(*handles),
            (ctypes.c_uint64 * count)(*((index - 1) % count for index in range(count))),
            (ctypes.c_double * count)(),
            (ctypes.c_double * count)(*(1.0 + index for index in range(count))),
        ]
        places = [ctypes.addressof(array) for array in arrays]
        self._kept = arrays
        self.ring = _Ring(
            handles=places[0],
            sources=places[1],
            count=count,
            set=ctypes.cast(access.set, ctypes.c_void_p).value,  # type: ignore[arg-type]
            get=ctypes.cast(access.get, ctypes.c_void_p).value,  # type: ignore[arg-type]
            step=ctypes.cast(step, ctypes.c_void_p).value,
            input=variables["u"].reference,
            output=variables["x"].reference,
            inputs=places[2],
            outputs=places[3],
            length=STEP_S,
        )
        self._function = ctypes.CDLL(str(library))[f"bare_ring{fmu.version}"]
        self._function.restype = None
        self._arguments = (ctypes.byref(self.ring), ctypes.c_int64(self.steps))

    def values(self) -> list[float]:
        """Return the outputs of all FMUs."""
        return list(self._kept[3])

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        self._function(*self._arguments)

    def close(self) -> None:
        """Free the FMUs."""
        for instance in self._instances:
            instance.free()


def compile_bare(folder: Path) -> Path:
    """Compile the bare loop; LinetwinError or ModelError where that is not possible."""
    from linetwin.authoring.kernel import SOURCES
    from linetwin.authoring.toolchain import compile_library, host_target

    library = folder / "bare.library"
    compile_library([source("bare_group.c")], [SOURCES], host_target(), library)
    return library


class Ours:
    """Our group: `every` communication steps a call, in the kernel or in Python."""

    turns = 0

    def __init__(
        self, group: Group, every: int, *, compiled: bool = True, recorded: int = 0
    ) -> None:
        """Start the group; the first `recorded` members' outputs are recorded."""
        self.name = self.called(every, compiled=compiled)
        self.steps = FAST if compiled else every
        terminals = [Terminal(member.name, "x") for member in group.members[:recorded]]
        self.group = FmuGroup(group, terminals, compiled=compiled)
        self.group.start(0, {})
        self._every = every

    @staticmethod
    def called(every: int, *, compiled: bool = True) -> str:
        """Return the name of one with so many communication steps a call."""
        return f"our {'kernel' if compiled else 'Python engine'}, {every} a call"

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        group, every = self.group, self._every
        if group.recorder is not None:
            group.recorder.rows = 0
        advance, nothing = group.advance, dict[str, float]()
        begin = group.tick
        for tick in range(begin + every, begin + self.steps + 1, every):
            advance(tick, nothing)

    def values(self) -> list[float]:
        """Return the outputs of all FMUs."""
        return [member.outputs.slots["x"].read() for member in self.group.plan.members]

    def close(self) -> None:
        """Free the FMUs."""
        self.group.close()


class FmpySlaves:
    """FMPy's own slaves in a plain loop of Python, as its examples do it."""

    name = "FMPy slaves"
    steps = SLOW
    turns = 0

    def __init__(self, fmu: Fmu, count: int) -> None:
        """Instantiate and initialise the slaves."""
        import fmpy
        from fmpy.fmi2 import FMU2Slave
        from fmpy.fmi3 import FMU3Slave

        description = fmpy.read_model_description(str(fmu.path), validate=False)
        variables = {v.name: v.valueReference for v in description.modelVariables}
        self._input, self._output = [variables["u"]], [variables["x"]]
        self._folder = fmpy.extract(str(fmu.path))
        kind: Any = FMU2Slave if fmu.version == 2 else FMU3Slave  # noqa: PLR2004 - FMI's version
        self.slaves: list[Any] = [
            kind(
                instanceName=f"m{index}",
                guid=description.guid,
                unzipDirectory=self._folder,
                modelIdentifier=description.coSimulation.modelIdentifier,
            )
            for index in range(count)
        ]
        self._reading = [getattr(s, "getReal", None) or s.getFloat64 for s in self.slaves]
        self._writing = [getattr(s, "setReal", None) or s.setFloat64 for s in self.slaves]
        for index, slave in enumerate(self.slaves):
            slave.instantiate()
            if fmu.version == 2:  # noqa: PLR2004 - FMI's version
                slave.setupExperiment(startTime=0.0)
            self._writing[index](self._output, [1.0 + index])
            slave.enterInitializationMode()
            slave.exitInitializationMode()
        self._at = itertools.count()
        self._values = [read(self._output) for read in self._reading]

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        for _ in range(self.steps):
            now = next(self._at) * STEP_S
            for index, write in enumerate(self._writing):
                write(self._input, self._values[index - 1])
            for index, slave in enumerate(self.slaves):
                slave.doStep(currentCommunicationPoint=now, communicationStepSize=STEP_S)
                self._values[index] = self._reading[index](self._output)

    def values(self) -> list[float]:
        """Return the outputs of all FMUs."""
        return [float(value[0]) for value in self._values]

    def close(self) -> None:
        """Free the FMUs and their folder."""
        for slave in self.slaves:
            slave.terminate()
            slave.freeInstance()
        shutil.rmtree(self._folder, ignore_errors=True)
