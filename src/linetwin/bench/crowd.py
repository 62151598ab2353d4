"""What threads win on a group whose FMUs take long, measured beside one thread."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final

from linetwin.bench.rings import ring
from linetwin.cosim.groups import FmuGroup
from linetwin.cosim.kernel.crew_structures import Choice

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.bench.rings import Fmu

COUNT: Final = 8
_POINTS: Final = 100


@dataclass(frozen=True)
class Crowd:
    """Time (us) of a communication step of a heavy group: one thread, and as many as processors.

    `chosen`: whether the group itself found that threads pay.
    """

    alone_us: float
    together_us: float
    chosen: bool

    @property
    def ratio(self) -> float:
        """How many times as fast threads are."""
        return self.alone_us / self.together_us


def crowd(folder: Path, fmu: Fmu, repeats: int) -> Crowd | None:
    """Measure a ring of a heavy FMU, each way in turn, the quickest of each; None on one processor.

    Others may use the processors now and then: what counts is what threads can win.
    """
    group = FmuGroup(ring(folder, fmu, COUNT))
    best = {Choice.ALONE: float("inf"), Choice.TOGETHER: float("inf")}
    chosen = 0
    for _ in range(repeats):
        for choice in (*best, Choice.UNDECIDED):
            group.start(0, {})
            crew = group.crew
            if crew is None:  # one processor
                group.close()
                return None
            crew.insist(choice)
            begin = perf_counter()
            group.advance(_POINTS, {})
            took = (perf_counter() - begin) / _POINTS
            if choice is Choice.UNDECIDED:
                chosen += crew.choice is Choice.TOGETHER
            else:
                best[choice] = min(best[choice], took)
    group.close()
    times = [time * 1e6 for time in best.values()]
    return Crowd(times[0], times[1], chosen > repeats // 2)
