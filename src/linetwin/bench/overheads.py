"""What a group costs besides stepping: line events, recording, making instances."""

from __future__ import annotations

import ctypes
import random
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import simpy

from linetwin.bench.masters import Ours
from linetwin.bench.rings import TINY, chain, ring
from linetwin.cosim.binary import load_binary
from linetwin.cosim.groups import FmuGroup
from linetwin.cosim.instance import instantiate

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from linetwin.bench.rings import Fmu

_COUNT: Final = 8
_INSTANCES: Final = 200
_LINE_MS: Final = 20_000
_STEP_MS: Final = 10
_EVENT_MS: Final = 500
"""Mean time between line events: 50 communication steps."""


@dataclass(frozen=True)
class Overheads:
    """Microseconds: an FMU-step among line events, a recorded value, an instance."""

    hybrid_us: float
    recording_us: float
    instantiation_us: float
    instantiation_bare_us: float


def overheads(folder: Path, fmus: Sequence[Fmu], repeats: int) -> Overheads:
    """Measure with the FMU that does nothing but add, so that the master's cost is left."""
    fmu = next(fmu for fmu in fmus if fmu.name == TINY and fmu.version == 3)  # noqa: PLR2004
    own = next(fmu for fmu in fmus if fmu.version == 3)  # noqa: PLR2004 - FMI's version
    group = ring(folder, fmu, _COUNT)
    plain, recording = Ours(group, 100), Ours(group, 100, recorded=_COUNT)
    hybrid = FmuGroup(chain(folder, fmu, _COUNT))
    best = [float("inf")] * 5
    for repeat in range(repeats):
        times = [
            _timed(plain.run) / plain.steps,
            _timed(recording.run) / recording.steps,
            _timed(_Line(hybrid, repeat).run) / (_LINE_MS / _STEP_MS),
            _instances(own),
            _bare_instances(own),
        ]
        best = [min(pair) for pair in zip(best, times, strict=True)]
    for master in (plain, recording):
        master.close()
    hybrid.close()
    return Overheads(
        hybrid_us=best[2] / _COUNT * 1e6,
        recording_us=(best[1] - best[0]) / _COUNT * 1e6,
        instantiation_us=best[3] * 1e6,
        instantiation_bare_us=best[4] * 1e6,
    )


def _timed(call: Any) -> float:  # noqa: ANN401 - any function
    start = perf_counter()
    call()
    return perf_counter() - start


class _Line:
    """A line in SimPy whose events set an input of the group and read an output."""

    def __init__(self, group: FmuGroup, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        self._group = group
        self._gaps = [1 + int(chance.expovariate(1.0 / _EVENT_MS)) for _ in range(_LINE_MS)]
        self._group.start(0, {"air": 1.0})
        self._environment = simpy.Environment()
        self._environment.process(self._events())

    def _events(self) -> Generator[simpy.Event, None, None]:
        environment, group = self._environment, self._group
        for gap in self._gaps:
            yield environment.timeout(gap)
            group.advance(int(environment.now), {"air": 1.0 + gap % 7})
            group.read(["x"])

    def run(self) -> None:
        """Go through the line's time."""
        self._environment.run(until=_LINE_MS)


def _instances(fmu: Fmu) -> float:
    """Return the time (s) that making and freeing an instance takes."""
    binary = load_binary(fmu.path)
    start = perf_counter()
    made = [instantiate(binary) for _ in range(_INSTANCES)]
    for instance in made:
        instance.free()
    return (perf_counter() - start) / _INSTANCES


def _bare_instances(fmu: Fmu) -> float:
    """Return the time (s) of the FMU's own functions alone, called with ready arguments."""
    binary = load_binary(fmu.path)
    make = binary.function("fmi3InstantiateCoSimulation", ctypes.c_void_p)
    free = binary.function("fmi3FreeInstance", None)
    arguments = (
        *(ctypes.c_char_p(text.encode()) for text in ("m", binary.description.token, "")),
        *(ctypes.c_bool(flag) for flag in (False, False, False, False)),
        None,
        ctypes.c_size_t(0),
        *(None, None, None),
    )
    start = perf_counter()
    made = [make(*arguments) for _ in range(_INSTANCES)]
    for handle in made:
        free(ctypes.c_void_p(handle))
    return (perf_counter() - start) / _INSTANCES
