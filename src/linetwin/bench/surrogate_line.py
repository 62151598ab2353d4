"""What stand-ins cost in accuracy and gain in speed on the whole line: paired runs of `baseline`.

Each seed is run twice with the same random numbers: once the FMUs answer, once stand-ins do that
were learnt from other seeds (`fidelity: auto`). CPU time counts, of a call that of its thread: the
writer's thread works on beside it, so FMUs and matrix products keep to one thread here. What a
stand-in's own checks, and the FMUs that it falls back to, take counts as the stand-in's. Models
that live in line time (machines, mixers, the building) have no stand-in and are told apart.
"""

from __future__ import annotations

import math
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t
from threadpoolctl import threadpool_limits

from linetwin.bench.watched import Stopwatch
from linetwin.cli.compose import make_world, release
from linetwin.cli.driving import LateSink
from linetwin.cli.surrogate_standing_in import make_all
from linetwin.contracts import CONTRACTS
from linetwin.cosim import FmuContinuous, Together
from linetwin.cosim import transform as cosim_transform
from linetwin.line import run as engine
from linetwin.line.equipment import Equipment
from linetwin.results import fidelity, kpis, read
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.results.reader import Run
    from linetwin.scenario.resolved import Scenario

SCENARIO = "baseline"
LINE_TIME = "models in line time"
_THREADS = (cosim_transform, "processors")
"""What says on how many threads an FMU takes its items."""
SEEDS = (101, 102, 103, 104, 105)
"""Seeds of the paired runs; stand-ins are learnt from others."""
SPEED_UP = 10.0
"""How much faster the physics that have stand-ins are to be."""
CONFIDENCE = 0.95
FIGURES = (
    "order.cells_good", "order.cells_a", "order.cells_scrap_at_grading", "order.last_cell_graded",
    "order.throughput", "quality.rolled_throughput_yield", "energy.energy_used",
    "energy.energy_per_good_energy", "cost.cost_per_good_energy",
)  # fmt: skip
PRODUCT = ("capacity", "dcir", "first_cycle_efficiency", "cathode_porosity", "cathode_loading")
"""True properties of graded cells, whose means are compared as well."""


@dataclass(frozen=True)
class Timed:
    """CPU times (s) of one run: Transforms, models in line time, all; figures; who answered.

    `calls`: of all calls of Transforms, how many the stand-ins answered, with those of all;
    `kinds_s`: of `transforms_s` what each kind of process took.
    """

    transforms_s: float
    continuous_s: float
    whole_s: float
    figures: dict[str, float]
    calls: tuple[int, int]
    kinds_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """Runs by seed, with FMUs and with stand-ins; `training_s`: CPU time of making them all."""

    seeds: tuple[int, ...]
    fmus: tuple[Timed, ...]
    stand_ins: tuple[Timed, ...]
    training_s: float

    def seconds(self, part: str) -> tuple[float, float]:
        """Return a part's CPU time with FMUs and with stand-ins, summed over the seeds (s)."""
        return (
            sum(getattr(run, part) for run in self.fmus),
            sum(getattr(run, part) for run in self.stand_ins),
        )

    def kinds(self) -> dict[str, tuple[float, float]]:
        """Return each kind's CPU time with FMUs and with stand-ins, summed over the seeds (s)."""
        return {
            kind: (
                sum(run.kinds_s[kind] for run in self.fmus),
                sum(run.kinds_s.get(kind, 0.0) for run in self.stand_ins),
            )
            for kind in self.fmus[0].kinds_s
        }

    @property
    def speed_up(self) -> float:
        """How much faster the physics that have stand-ins are."""
        before, after = self.seconds("transforms_s")
        return before / after

    @property
    def gain(self) -> float:
        """How much faster the whole line is."""
        before, after = self.seconds("whole_s")
        return before / after

    @property
    def amdahl(self) -> float:
        """How much faster the whole line would be if those physics took no time."""
        whole, part = self.seconds("whole_s")[0], self.seconds("transforms_s")[0]
        return whole / (whole - part)

    def differences(self) -> dict[str, tuple[float, float, float]]:
        """Return for each figure the mean paired difference, its half-width, and the line's own.

        The last is the half-width of the mean over the seeds with FMUs, which a difference has to
        stay below; both at `CONFIDENCE`, by Student's t.
        """
        found = {}
        for name in self.fmus[0].figures:
            before = np.array([run.figures[name] for run in self.fmus])
            after = np.array([run.figures[name] for run in self.stand_ins])
            own = after - before
            found[name] = float(own.mean()), _half_width(own), _half_width(before)
        return found


def _half_width(values: np.ndarray) -> float:
    """Return the half-width of the interval of a mean."""
    count = len(values)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, count - 1))
    return reach * float(values.std(ddof=1)) / math.sqrt(count)


def measure(folder: Path | None = None, seeds: Sequence[int] = SEEDS) -> Measured:
    """Run all pairs; some minutes. Without a `folder` of stand-ins they are made first."""
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        begun = time.process_time()
        where = folder or Path(name)
        if folder is None:
            make_all(SCENARIO, where)
        training = time.process_time() - begun
        file = find_scenario(SCENARIO).resolve()
        pairs = []
        for seed in seeds:
            line = load(file, seed=seed)
            base = file.parent / line.files[1]
            both = (line, with_stand_ins(line, where))
            pairs.append(
                [_run(each, base, Path(name, f"{seed}-{at}")) for at, each in enumerate(both)]
            )
    fmus, stand_ins = zip(*pairs, strict=True)
    return Measured(tuple(seeds), tuple(fmus), tuple(stand_ins), training)


def with_stand_ins(line: Scenario, folder: Path) -> Scenario:
    """Return a line in which the stand-ins of a folder answer where they can."""
    stations = {
        path: replace(
            config,
            processes={
                kind: replace(process, fidelity="auto", stand_in=str(folder / f"{kind}.standin"))
                if CONTRACTS[kind].form == "transform"
                else process
                for kind, process in config.processes.items()
            },
        )
        for path, config in line.stations.items()
    }
    return replace(line, stations=stations)


def _run(line: Scenario, base: Path, folder: Path) -> Timed:
    """Run a line into a folder; CPU time from composing it to its key figures."""
    with _watched() as (clock, kinds):
        begun = time.process_time()
        sink = LateSink()
        world = make_world(line, base, sink, recording=False)
        sink.writer = RunWriter(folder, {"scenario": line.name, "seed": line.seed}, line.text)
        try:
            world.begin()
            while world.step():
                pass
            engine.close(world)
        finally:
            release(world)
        sink.writer.update(end_tick=world.now, ended_by=world.ended, events=world.events)
        sink.writer.finish("complete")
        facts = kpis.Facts(read(folder))
        kpis.write(facts.run, facts)
        whole = time.process_time() - begun
    run = read(folder)
    line_time = clock.seconds[LINE_TIME]
    return Timed(sum(kinds.values()), line_time, whole, _figures(run), _calls(run), kinds)


def _figures(run: Run) -> dict[str, float]:
    found = {}
    for address in FIGURES:
        section, _, name = address.partition(".")
        found[address] = float(run.kpis[section][name]["value"])
    cells = run.table("cells", columns=["status", *PRODUCT])
    graded = cells[cells["status"].isin(["A", "B"])]
    return found | {f"mean {name}": float(graded[name].mean()) for name in PRODUCT}


def _calls(run: Run) -> tuple[int, int]:
    who = fidelity.choices(run)["who"]
    return int((who == "surrogate").sum()), len(who)


@contextmanager
def _watched() -> Iterator[tuple[Stopwatch, dict[str, float]]]:
    """Keep the CPU time of calls into models for a while: in line time, and by kind of process."""
    clock, kinds = Stopwatch(), dict[str, float]()
    watched: list[tuple[type, str]] = [
        (Together, "advance"),
        *((FmuContinuous, name) for name in ("start", "advance", "read")),
    ]
    before = [getattr(owner, name) for owner, name in watched]
    transform, processors = Equipment.transform, getattr(*_THREADS)

    def timed(station: Equipment, kind: str, lot: str = "") -> Transform:
        return _Timed(transform(station, kind, lot), kind, kinds)

    for owner, name in watched:
        clock.watch(LINE_TIME, owner, name)
    Equipment.transform = timed  # type: ignore[method-assign,assignment]
    setattr(*_THREADS, lambda: 1)
    clock.stop()
    try:
        with threadpool_limits(1):
            yield clock, kinds
    finally:
        setattr(*_THREADS, processors)
        Equipment.transform = transform  # type: ignore[method-assign]
        for (owner, name), own in zip(watched, before, strict=True):
            setattr(owner, name, own)


@dataclass
class _Timed:
    """A Transform of which calls are timed, whoever answers them; `kinds`: where the time goes."""

    model: Transform
    kind: str
    kinds: dict[str, float]

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases."""
        begun = time.thread_time()
        results = self.model.apply(start, phases)
        self.kinds[self.kind] = self.kinds.get(self.kind, 0.0) + time.thread_time() - begun
        return results


def describe(found: Measured) -> str:
    """Return the figures as text."""
    before, after = found.seconds("transforms_s")
    whole, quick = found.seconds("whole_s")
    answered, calls = (sum(run.calls[at] for run in found.stand_ins) for at in range(2))
    lines = [
        f"{len(found.seeds)} seeds of {SCENARIO}, each with FMUs and with stand-ins; CPU time:",
        (
            f"physics that have stand-ins: {before:.2f} s, with stand-ins {after:.3f} s "
            f"({found.speed_up:.1f} times as fast); {answered:,} of {calls:,} calls by stand-ins"
        ),
        *(
            f"  {kind:14s}{slow:7.3f} s, with stand-ins {quick:6.3f} s: {slow / quick:4.1f} times"
            for kind, (slow, quick) in found.kinds().items()
        ),
        (
            "models that live in line time, by FMUs always: "
            f"{found.seconds('continuous_s')[0]:.2f} s, beside stand-ins "
            f"{found.seconds('continuous_s')[1]:.2f} s"
        ),
        (
            f"whole line: {whole:.1f} s, with stand-ins {quick:.1f} s ({found.gain:.2f} times as "
            f"fast; {found.amdahl:.2f} times if those physics, {before / whole:.0%}, took no time)"
        ),
        f"making the stand-ins: {found.training_s:.0f} s" if found.training_s > 1 else "",
        "figure: mean difference by stand-ins, with its 95 % interval; that of the line's own mean",
    ]
    lines += [
        f"  {name:34s}{mean:+12.4g} +- {half:<10.3g} {own:.3g}"
        for name, (mean, half, own) in found.differences().items()
    ]
    return "\n".join(line for line in lines if line)


def verdicts(found: Measured) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    before, after = found.seconds("transforms_s")
    ratios = {
        name: abs(mean) / own if own else (math.inf if mean else 0.0)
        for name, (mean, _, own) in found.differences().items()
    }
    worst = max(ratios, key=ratios.__getitem__)
    return {
        "CPU time of physics with stand-ins over with FMUs": (after / before, 1 / SPEED_UP),
        f"mean difference over the interval over seeds, {worst}": (ratios[worst], 1.0),
    }
