"""mosaik in one process: a simulator for each FMU, joined by time-shifted connections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from linetwin.bench.masters import SLOW
from linetwin.bench.rings import STEP_S
from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.port import Port, Table

if TYPE_CHECKING:
    from linetwin.bench.rings import Fmu

_META: Any = {
    "api_version": "3.0",
    "type": "time-based",
    "models": {"Fmu": {"public": True, "params": ["fmu", "start"], "attrs": ["u", "x"]}},
}


class RingSimulator:
    """One FMU as mosaik's API has it; mosaik makes it by its name."""

    meta = _META
    ended: ClassVar[dict[float, float]] = {}
    """The last output by what it began with: mosaik keeps the simulators to itself."""

    def __init__(self) -> None:
        self._start = 0.0
        self._instance: Instance | None = None
        self._input: Table
        self._output: Table

    def init(self, sid: str, time_resolution: float = 1.0) -> Any:  # noqa: ANN401 - mosaik's
        """Return what this simulator is."""
        del sid, time_resolution
        return self.meta

    def create(self, num: int, model: str, fmu: str, start: float) -> list[dict[str, str]]:
        """Make the FMU's instance, x at `start`."""
        del num
        instance = instantiate(Path(fmu))
        variables = instance.binary.description.variables
        self._input, self._output = (
            Table(Port(instance.binary, [variables[name]])) for name in ("u", "x")
        )
        self._start = start
        self._output.write(0, start)
        instance.set(self._output)
        instance.initialise()
        self._instance = instance
        return [{"eid": "fmu", "type": model}]

    def setup_done(self) -> None:
        """Nothing is left to do."""

    def step(self, time: int, inputs: Any, max_advance: int) -> int:  # noqa: ANN401 - mosaik's
        """Set the input, step, read the output; return the time of the next step."""
        del max_advance
        instance = self._instance
        if instance is None:
            return time + 1
        for value in inputs["fmu"]["u"].values():
            self._input.write(0, value)
        instance.set(self._input)
        instance.step(time * STEP_S, STEP_S)
        instance.get(self._output)
        return time + 1

    def get_data(self, outputs: Any) -> Any:  # noqa: ANN401 - mosaik's
        """Return the output."""
        return {eid: {"x": self._output.read_row()[0]} for eid in outputs}

    def finalize(self) -> None:
        """Free the FMU."""
        if self._instance is not None:
            self.ended[self._start] = self._output.read_row()[0]
            self._instance.free()
            self._instance = None


class Mosaik:
    """A world for each turn: one of mosaik runs once."""

    package = "mosaik"
    title = "mosaik"
    name = "mosaik in one process"
    steps = SLOW
    turns = 15

    def __init__(self, fmu: Fmu, count: int) -> None:
        """Build and start the worlds of all turns, and one to try."""
        self._fmu, self._count = fmu, count
        self._worlds = [self._world() for _ in range(self.turns + 1)]

    def _world(self) -> Any:  # noqa: ANN401 - mosaik's
        import mosaik

        place = f"{RingSimulator.__module__}:{RingSimulator.__name__}"
        world = mosaik.World(
            {"Fmu": {"python": place}}, skip_greetings=True, configure_logging=False
        )
        started = [world.start("Fmu") for _ in range(self._count)]
        entities = [
            simulator.Fmu(fmu=str(self._fmu.path), start=1.0 + index)
            for index, simulator in enumerate(started)
        ]
        for index, entity in enumerate(entities):
            world.connect(
                entities[index - 1],
                entity,
                ("x", "u"),
                time_shifted=True,
                initial_data={"x": 1.0 + (index - 1) % self._count},
            )
        return world

    def run(self) -> None:
        """Run the next world for `steps` communication steps."""
        self._worlds.pop().run(until=self.steps, print_progress=False)

    def values(self) -> list[float]:
        """Return the outputs of all FMUs at the end of the last turn: each begins anew."""
        return [RingSimulator.ended[1.0 + index] for index in range(self._count)]

    def close(self) -> None:
        """Stop the worlds that were not run."""
        for world in self._worlds:
            world.shutdown()
