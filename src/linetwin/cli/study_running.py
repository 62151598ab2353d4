"""Making one run of a study in a worker, and what is taken along to it."""

from __future__ import annotations

import gc
import math
import os
import shutil
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linetwin.cli import OBJECTS_BETWEEN_LOOKS
from linetwin.cli.compose import make_world, processes, release
from linetwin.cli.driving import LateSink, drive
from linetwin.cli.interruption import Interruption
from linetwin.cli.versions import code_digest, made_with
from linetwin.contracts import CONTRACTS
from linetwin.cosim import model_descriptions
from linetwin.cosim.library import find_fmu, is_bare_name
from linetwin.line.checks import disturbable_inputs
from linetwin.results import kpis, read
from linetwin.results.compare import chosen
from linetwin.results.manifest import environment
from linetwin.results.writer import RunWriter
from linetwin.scenario.fidelity_set import PREFIX as ANSWERING
from linetwin.scenario.loading import Asked, open_scenario
from linetwin.study.tasks import PROCESSOR_TIME, Inputs, Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.results.reader import Run
    from linetwin.scenario.loading import Opened
    from linetwin.scenario.resolved import Scenario
    from linetwin.study.reading import Spec
    from linetwin.study.tasks import Column

# Whatever decides the bits but differs from machine to machine is no part of what a run is.
_OF_A_MACHINE = ("system", "C library", "processor features of NumPy")


def gather(file: Path, scenario: Scenario, stand_ins: Iterable[Path] = ()) -> Inputs:
    """Return the files that decide the runs of a scenario: its own, and a user's own models.

    `stand_ins`: those that a study names; the scenario's go along too, also where the FMU answers,
    as a study may let them.
    """
    base = line_file(file, scenario)
    files = {(file.parent / label).resolve() for label in scenario.files}
    files |= {Path(each.stand_in) for _, each in processes(scenario) if each.stand_in}
    files |= set(stand_ins)
    for _, process in processes(scenario):
        if not is_bare_name(process.model):
            files.add(find_fmu(process.model, base))
            files |= {each.path for each in model_descriptions(process, base)}
    files = {part for path in files for part in _within(path)}
    root = Path(os.path.commonpath([path.parent for path in files]))
    content = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(files)}
    versions = made_with(scenario, base)
    for name in _OF_A_MACHINE:
        versions.pop(name)
    return Inputs(file.relative_to(root).as_posix(), content, versions)


def check_line(file: Path, scenario: Scenario) -> None:
    """Raise what keeps the line from being built, before a thousand runs say so."""
    release(make_world(scenario, line_file(file, scenario), LateSink(), recording=False))


def check_answering(spec: Spec) -> None:
    """Raise what keeps stand-ins that a study lets answer from it, before runs say so."""
    levels = [f.setting(level) for f in spec.factors for level in f.levels]
    for settings in (*spec.alternatives.values(), *((level,) for level in levels)):
        if any(text.startswith(ANSWERING) for text in settings):
            asked = Asked((*spec.settings, *settings), spec.seed)
            scenario = open_scenario(spec.scenario_file).scenario(asked)
            check_line(spec.scenario_file, scenario)


def versions_here() -> dict[str, str]:
    """Return what a worker must have in common with whoever sends it runs."""
    return {"linetwin": environment()["linetwin"], "code of linetwin": code_digest()}


def _within(path: Path) -> Iterator[Path]:
    """Yield a file, or all files of a folder: an FMU may be one."""
    yield from (each for each in path.rglob("*") if each.is_file()) if path.is_dir() else (path,)


def line_file(file: Path, scenario: Scenario) -> Path:
    """Return the line's file, from which the paths of FMUs count."""
    return file.parent / scenario.files[1] if len(scenario.files) > 1 else file


@lru_cache(maxsize=2)
def _opened(file: Path) -> Opened:
    """Return a scenario's files, read once in a process."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 20)  # as the command does
    return open_scenario(file)


def run_point(task: Task) -> Outcome:
    """Make one run of a study: its folder is temporary, its figures come back."""
    begun = time.monotonic()
    inputs = {kind: disturbable_inputs(kind) for kind in CONTRACTS}
    scenario = _opened(task.scenario).scenario(Asked(task.settings, task.seed, inputs=inputs))
    folder = Path(tempfile.mkdtemp(prefix="run-"))
    try:
        begun_s = time.process_time()
        simulate(scenario, task.scenario, folder / "run")
        spent_s = time.process_time() - begun_s
        run = read(folder / "run")
        told = (name for name in task.wanted.figures if name != PROCESSOR_TIME)
        values, units, unknown = chosen(kpis.compute(run), list(told))
        if PROCESSOR_TIME in task.wanted.figures:
            values[PROCESSOR_TIME], units[PROCESSOR_TIME] = spent_s, "s"
        for column in task.wanted.columns:
            values[column.name] = _statistic(run, column)
            units[column.name] = column.unit
        if task.wanted.keep is not None:
            kept = Path(task.wanted.keep) / task.run
            shutil.rmtree(kept, ignore_errors=True)  # what a kill left half moved
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / "run", kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(
        run=task.run,
        point=task.point,
        replication=task.replication,
        seed=task.seed,
        status=run.manifest["status"],
        wall_s=time.monotonic() - begun,
        figures=values,
        units=units,
        unknown={n: hint for n, hint in unknown.items() if n not in task.wanted.default},
    )


def simulate(scenario: Scenario, file: Path, folder: Path) -> None:
    """Run a scenario of a file into a folder; without key figures, report or snapshots."""
    sink = LateSink()
    world = make_world(scenario, line_file(file, scenario), sink, recording=False)
    manifest = {"scenario": scenario.name, "seed": scenario.seed}
    sink.writer = RunWriter(folder, manifest, scenario.text)
    drive(world, sink.writer, None, Interruption(), begin=True)


def _statistic(run: Run, column: Column) -> float:
    """Return a statistic of the numbers that stand in a column; NaN where there are none."""
    if column.column not in run.columns(column.table):
        return math.nan
    numbers = run.table(column.table, [column.column])[column.column].to_numpy(float)
    there, statistic = numbers[np.isfinite(numbers)], column.statistic
    if not len(there):
        return math.nan
    if statistic.startswith("p"):
        return float(np.percentile(there, int(statistic[1:])))
    if statistic == "sd":
        return float(there.std(ddof=1)) if len(there) > 1 else math.nan
    return float(getattr(np, statistic)(there))
