"""Other masters, where they are installed: the same ring, stepped as their own documents do it."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from linetwin.bench.masters import FAST, SLOW
from linetwin.bench.mosaik_ring import Mosaik
from linetwin.bench.rings import STEP_S
from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from linetwin.bench.masters import Master
    from linetwin.bench.rings import Fmu


class ToolboxContainer:
    """The container of Renault's FMU Manipulation Toolbox: an FMU in FMI 2.0 that holds others.

    It is stepped by our own instance, with so many of its inner steps in one call.
    """

    package = "fmu_manipulation_toolbox"
    title = "FMU Manipulation Toolbox"
    steps = FAST
    turns = 0

    def __init__(self, folder: Path, fmu: Fmu, count: int, inner: int) -> None:
        """Build the container and start it."""
        from fmu_manipulation_toolbox.assembly import AssemblyNode

        logging.getLogger("fmu_manipulation_toolbox").setLevel(logging.CRITICAL)
        self.name = f"{self.title}, {inner} a call"
        self._inner = inner
        names = [f"m{index}.fmu" for index in range(count)]
        node = AssemblyNode(f"box{inner}.fmu", step_size=STEP_S, auto_output=False)
        for index, name in enumerate(names):
            node.add_fmu(name, str(fmu.path))
            node.add_link(names[index - 1], "x", name, "u")
            node.add_output(name, "x", f"x{index}")
            node.add_start_value(name, "x", str(1.0 + index))
        node.make_fmu(folder, fmi_version=2)
        container = instantiate(folder / node.name)
        container.initialise()
        variables = container.binary.description.variables
        outputs = [variables[f"x{index}"] for index in range(count)]
        self._instance = container
        self._table = Table(Port(container.binary, outputs))

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        instance, length = self._instance, self._inner * STEP_S
        begin = round(instance.time / STEP_S)
        for at in range(begin, begin + self.steps, self._inner):
            instance.step(at * STEP_S, length)

    def values(self) -> list[float]:
        """Return the outputs of all FMUs."""
        self._instance.get(self._table)
        return self._table.read_row()

    def close(self) -> None:
        """Free the FMUs."""
        self._instance.free()


class Ecos:
    """Ecos, stepped in its library in C++; a call is one turn."""

    package = "ecospy"
    title = "ecos"
    name = "ecos, 500 a call"
    steps = FAST
    turns = 0

    def __init__(self, fmu: Fmu, count: int) -> None:
        """Build the structure and start it."""
        from ecospy import EcosSimulation, EcosSimulationStructure

        names = [f"m{index}" for index in range(count)]
        self._structure = EcosSimulationStructure()
        for index, name in enumerate(names):
            self._structure.add_model(name, str(fmu.path))
            self._structure.make_real_connection(f"{names[index - 1]}::x", f"{name}::u")
        start = {f"{name}::x": 1.0 + index for index, name in enumerate(names)}
        self._structure.add_parameter_set("start", start)
        self._simulation: Any = EcosSimulation(structure=self._structure, step_size=STEP_S)
        self._simulation.init(parameter_set="start")
        self._names = names

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        self._simulation.step(self.steps)

    def values(self) -> list[float]:
        """Return the outputs of all FMUs."""
        return [float(self._simulation.get_real(f"{name}::x")) for name in self._names]

    def close(self) -> None:
        """Free the FMUs."""
        self._simulation.free()
        self._structure.free()


class Cofmupy:
    """CoFmuPy's coordinator, Jacobi, step by step."""

    package = "cofmupy"
    title = "CoFmuPy"
    name = "CoFmuPy, 1 a call"
    steps = SLOW
    turns = 0

    def __init__(self, folder: Path, fmu: Fmu, count: int) -> None:
        """Write the configuration and start the coordinator."""
        from cofmupy import Coordinator

        names = [f"m{index}" for index in range(count)]
        ends = [("source", "x"), ("target", "u")]
        content = {
            "fmus": [
                {"id": name, "path": str(fmu.path), "initialization": {"x": 1.0 + index}}
                for index, name in enumerate(names)
            ],
            "connections": [
                {
                    end: {"id": names[index - 1 + shift], "variable": variable, "unit": ""}
                    for shift, (end, variable) in enumerate(ends)
                }
                for index in range(count)
            ],
            "cosim_method": "jacobi",
            "iterative": False,
        }
        file = folder / f"cofmupy-{count}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        self._coordinator: Any = Coordinator()
        with contextlib.redirect_stdout(io.StringIO()):
            self._coordinator.start(str(file))
        self._names = names

    def run(self) -> None:
        """Go on by `steps` communication steps."""
        for _ in range(self.steps):
            self._coordinator.do_step(STEP_S)

    def values(self) -> list[float]:
        """Return the outputs of all FMUs."""
        results = self._coordinator.get_results()
        return [float(results[(name, "x")][-1]) for name in self._names]

    def close(self) -> None:
        """Free the FMUs."""
        del self._coordinator


def _makers(folder: Path, fmu: Fmu, count: int) -> Mapping[type, list[Callable[[], Master]]]:
    return {
        ToolboxContainer: [
            lambda: ToolboxContainer(folder, fmu, count, 10),
            lambda: ToolboxContainer(folder, fmu, count, 1),
        ],
        Ecos: [lambda: Ecos(fmu, count)],
        Cofmupy: [lambda: Cofmupy(folder, fmu, count)],
        Mosaik: [lambda: Mosaik(fmu, count)],
    }


_PEERS: Final = (ToolboxContainer, Ecos, Cofmupy, Mosaik)


def absent() -> tuple[str, ...]:
    """Return the peers that are not installed."""
    return tuple(p.title for p in _PEERS if importlib.util.find_spec(p.package) is None)


def installed(folder: Path, fmu: Fmu, count: int) -> tuple[list[Master], list[str]]:
    """Return the peers that are installed and can run the ring, and why others cannot."""
    found: list[Master] = []
    unable = []
    for kind, makers in _makers(folder, fmu, count).items():
        peer: Any = kind
        if importlib.util.find_spec(peer.package) is None:
            continue
        try:
            masters = [make() for make in makers]
            masters[0].run()
        except Exception as error:  # noqa: BLE001 - what a peer raises is its own
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            unable.append(f"{peer.title} with '{fmu.label}': {reason}")
        else:
            found += masters
    return found, unable
