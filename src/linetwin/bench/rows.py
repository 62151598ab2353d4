"""`linetwin bench rows`: what the compiled row loop costs beside a bare loop in C, and Python's.

A small order is run, and what its stations asked of their models is asked again of each loop alone:
the same items, the same calls into the same FMU, one thread. Only the loops are timed, and of each
call the quickest of some repeats counts, so that what else the machine does matters little.
"""

from __future__ import annotations

import ctypes
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.contracts import Phase
from linetwin.cosim import FmuTransform
from linetwin.cosim.kernel.library import Kernel, kernel
from linetwin.cosim.runners import CompiledRunner, PythonRunner, Runner
from linetwin.errors import LinetwinError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.cosim.runners import Plan

SCENARIO = "baseline"
CELLS = 100
REPEATS = 7
BARE_LIMIT = 1.3
"""Time of the compiled loop over that of the bare one, all models together."""
_BARE = Path(__file__).with_name("bare_rows.c")


@dataclass(frozen=True)
class Rate:
    """Time of an item (s) of one model in each loop; `phases`: the most that an item goes through.

    Nearly all of the bare loop's time is the FMU's own.
    """

    model: str
    rows: int
    phases: int
    bare_s: float
    compiled_s: float
    python_s: float


@dataclass(frozen=True)
class Asked:
    """One call of a Transform, with copies of what it was given."""

    transform: FmuTransform
    start: Mapping[str, float | np.ndarray]
    phases: tuple[Phase, ...]


@dataclass(frozen=True)
class Nowhere:
    """Takes the tables of a run and forgets them."""

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Forget rows."""


def measure(cells: int = CELLS, repeats: int = REPEATS) -> list[Rate]:
    """Run an order of `cells` and return a rate for each of its models with items.

    Raises LinetwinError where the row loop is not built, ModelError where the bare one cannot be.
    """
    loaded = kernel()
    if loaded.kernel is None:
        raise LinetwinError(f"nothing to measure: {loaded.reason}")
    calls: dict[str, list[Asked]] = {}
    for asked in _asked(cells):
        calls.setdefault(asked.transform.model, []).append(asked)
    with _bare_loop() as bare:
        found = [_rate(name, own, (bare, loaded.kernel), repeats) for name, own in calls.items()]
    return sorted(found, key=lambda rate: -rate.rows * rate.python_s)


def _asked(cells: int) -> list[Asked]:
    """Run the order and return what was asked of all Transforms."""
    from linetwin.cli.compose import make_world
    from linetwin.scenario import load
    from linetwin.scenario.loading import find_scenario

    file = find_scenario(SCENARIO).resolve()
    scenario = replace(load(file), order_cells=cells)
    found: list[Asked] = []
    owner: Any = FmuTransform
    apply = owner.apply

    def noted(transform: FmuTransform, start: Any, phases: Any) -> Any:  # noqa: ANN401 - apply's
        kept = [Phase(_copies(phase.inputs), np.copy(phase.duration_s)) for phase in phases]
        found.append(Asked(transform, _copies(start), tuple(kept)))
        return apply(transform, start, phases)

    owner.apply = noted
    try:
        world = make_world(scenario, file.parent / scenario.files[1], Nowhere())
        world.begin()
        while world.step():
            pass
    finally:
        owner.apply = apply
    return found


def _copies(values: Mapping[str, float | np.ndarray]) -> dict[str, float | np.ndarray]:
    return {name: np.copy(value) for name, value in values.items()}


@contextmanager
def _bare_loop() -> Iterator[Kernel]:
    """Compile the bare loop and load it for a while."""
    try:
        from linetwin.authoring.kernel import SOURCES
        from linetwin.authoring.toolchain import compile_library, host_target
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install linetwin[fmu]"
        raise LinetwinError(message) from error
    target = host_target()
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        library = Path(name, "bare.library")
        compile_library([_BARE], [SOURCES], target, library)
        yield Kernel(ctypes.CDLL(str(library)), "bare_rows")


def _rate(model: str, calls: Sequence[Asked], loops: tuple[Kernel, Kernel], repeats: int) -> Rate:
    """Return the rate of a model's calls: each loop's quickest repeat of each call, summed."""
    runners: dict[int, list[Runner]] = {}
    seconds, rows = np.zeros(3), 0
    for asked in calls:
        plan = asked.transform.plan
        if id(plan) not in runners:
            runners[id(plan)] = _runners(plan, loops)
        own = runners[id(plan)]
        batches = asked.transform.prepare(asked.start, asked.phases)
        every = range(batches[0].rows)
        times = np.empty((repeats, len(own)))
        for repeat in range(repeats):
            for column, runner in enumerate(own):
                start = time.perf_counter()
                runner.run(every, batches)
                times[repeat, column] = time.perf_counter() - start
        seconds += times.min(axis=0)
        rows += len(every)
    for runner in (runner for own in runners.values() for runner in own):
        runner.close()
    phases = max(len(asked.phases) for asked in calls)
    bare, compiled, python = (seconds / rows).tolist()
    return Rate(model, rows, phases, bare, compiled, python)


def _runners(plan: Plan, loops: tuple[Kernel, Kernel]) -> list[Runner]:
    """Return the bare, the compiled and Python's loop, each with an instance of its own."""
    return [*(CompiledRunner(plan, loop) for loop in loops), PythonRunner(plan)]


def describe(rates: Sequence[Rate]) -> str:
    """Return the rates as a table."""
    head = "model           items phases   bare C  compiled   Python  us an item;"
    lines = [f"{head}  compiled/bare  Python/compiled"]
    lines += [
        f"{rate.model:14s}{rate.rows:7d}{rate.phases:7d}{rate.bare_s * 1e6:9.2f}"
        f"{rate.compiled_s * 1e6:10.2f}{rate.python_s * 1e6:9.2f}"
        f"{rate.compiled_s / rate.bare_s:27.3f}{rate.python_s / rate.compiled_s:17.2f}"
        for rate in rates
    ]
    return "\n".join(lines)


def verdicts(rates: Sequence[Rate]) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    bare = sum(rate.rows * rate.bare_s for rate in rates)
    compiled = sum(rate.rows * rate.compiled_s for rate in rates)
    worst = max(rates, key=lambda rate: rate.compiled_s / rate.bare_s)
    ratio = worst.compiled_s / worst.bare_s
    return {
        "compiled over bare loop, all models": (compiled / bare, BARE_LIMIT),
        f"compiled over bare loop, {worst.model}": (ratio, BARE_LIMIT),
    }
