"""`linetwin run` and `linetwin resume`: from a scenario to a run folder with a report."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from linetwin.cli.compose import make_world
from linetwin.cli.summary import summary
from linetwin.errors import LinetwinError, Problem, ResultsError, ScenarioError
from linetwin.line import run as engine
from linetwin.quantities import vocabulary
from linetwin.results import kpis, read
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario
from linetwin.scenario.units import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario

FLUSH_EVERY_S = 5.0
INTERRUPTED_EXIT = 5


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    scenario: str
    settings: tuple[str, ...]
    seed: int | None
    snapshot_every: str | None

    def file(self) -> Path:
        """The scenario's file."""
        return find_scenario(self.scenario).resolve()

    def load(self) -> Scenario:
        """Read and check the scenario."""
        return load(self.file(), self.settings, self.seed)

    def snapshot_ticks(self) -> int | None:
        """Simulated time between snapshots [ticks]."""
        if self.snapshot_every is None:
            return None
        try:
            ticks = round(parse(self.snapshot_every, vocabulary()["process_time"]) * 1000)
        except ScenarioError as error:
            raise ScenarioError(
                [replace(problem, key="--snapshot-every") for problem in error.problems]
            ) from error
        if ticks < 1:
            raise ScenarioError(
                [Problem("must be longer than nothing", "--snapshot-every", "such as 12 h")]
            )
        return ticks


class Interruption:
    """Notes Ctrl-C and a polite kill; the run ends after the event under way."""

    def __init__(self) -> None:
        self.asked = False

    @contextlib.contextmanager
    def watched(self) -> Iterator[Interruption]:
        """Watch for signals; a second one ends at once."""
        before = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def run(request: Request, output: Path | None, replications: int, *, as_json: bool) -> None:
    """Run a scenario once or several times, and print what came out."""
    scenario = request.load()
    ticks = request.snapshot_ticks()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = output or Path("runs") / f"{scenario.name}-{stamp}"
    if replications == 1:
        _finish(_run_once(request, scenario, folder, ticks), as_json=as_json)
        return
    for index in range(replications):
        seed = scenario.seed + index
        again = replace(request, seed=seed)
        part = folder / f"seed-{seed:04d}"
        status = _run_once(again, again.load(), part, ticks)
        if status.stopped:
            _finish(status, as_json=as_json)
    typer.echo(f"{replications} runs in {folder}; compare them with: linetwin compare {folder} ...")


@dataclass(frozen=True)
class Outcome:
    """A run that has ended, one way or another."""

    folder: Path
    stopped: bool


def resume(snapshot: Path, *, as_json: bool) -> None:
    """Go on from a snapshot in its own run folder."""
    folder = snapshot.resolve().parent.parent
    try:
        blob = snapshot.read_bytes()
        manifest = read(folder).manifest
    except OSError as error:
        message = f"{snapshot}: {error.strerror or error}"
        raise ResultsError(message) from error
    asked = manifest["request"]
    request = Request(
        asked["scenario"], tuple(asked["settings"]), asked["seed"], asked["snapshot_every"]
    )
    scenario = request.load()
    sink = _LateSink()
    world = make_world(scenario, _base(request, scenario), sink)
    mark = engine.load(world, blob)
    sink.writer = RunWriter.resume(folder, mark)
    outcome = _drive(world, sink.writer, request.snapshot_ticks())
    _finish(outcome, as_json=as_json)


def report(folder: Path) -> None:
    """Write key figures and report of a run folder again."""
    typer.echo(f"report: {_write_report(folder)}")


class _LateSink:
    """Stands in for a writer that can only be opened once the snapshot has been read."""

    writer: RunWriter

    def add(self, table: str, columns: Any) -> None:  # noqa: ANN401  a table's columns
        self.writer.add(table, columns)


def _base(request: Request, scenario: Scenario) -> Path:
    """The line file: an FMU's path in it counts from there."""
    file = request.file()
    return file.parent / scenario.files[1] if len(scenario.files) > 1 else file


def _run_once(request: Request, scenario: Scenario, folder: Path, ticks: int | None) -> Outcome:
    sink = _LateSink()
    world = make_world(scenario, _base(request, scenario), sink)
    asked = {
        "scenario": str(request.file()),
        "settings": list(request.settings),
        "seed": scenario.seed,
        "snapshot_every": request.snapshot_every,
    }
    manifest = {"scenario": scenario.name, "seed": scenario.seed, "request": asked}
    sink.writer = RunWriter(folder, manifest, scenario.text)
    world.begin()
    return _drive(world, sink.writer, ticks)


def _drive(world: World, writer: RunWriter, snapshot_ticks: int | None) -> Outcome:
    """Step a line to its end; whatever happens, the folder stays readable."""
    interruption = Interruption()
    try:
        with interruption.watched(), _progress(world) as show:
            _loop(world, writer, snapshot_ticks, interruption, show)
        engine.close(world)
    except LinetwinError as error:
        writer.update(end_tick=world.now)
        writer.finish("failed", str(error))
        raise
    writer.update(end_tick=world.now, ended_by=world.ended or "interruption", events=world.events)
    writer.update(outside_validity=world.outside_validity)
    writer.finish("interrupted" if interruption.asked else "complete")
    return Outcome(writer.folder, interruption.asked)


def _loop(
    world: World,
    writer: RunWriter,
    every: int | None,
    interruption: Interruption,
    show: Callable[[World], None],
) -> None:
    due = None if every is None else (world.now // every + 1) * every
    flushed = time.monotonic()
    while not interruption.asked and world.step():
        if due is not None and every is not None and world.now >= due:
            _snapshot(world, writer)
            due = (world.now // every + 1) * every
        if world.events % 200 == 0:
            show(world)
            if time.monotonic() - flushed > FLUSH_EVERY_S:
                writer.flush()
                flushed = time.monotonic()


def _snapshot(world: World, writer: RunWriter) -> None:
    folder = writer.folder / "snapshots"
    folder.mkdir(exist_ok=True)
    file = folder / f"{world.now:012d}.snapshot"
    partial = file.with_suffix(".partial")
    partial.write_bytes(engine.save(world, writer.mark()))
    partial.replace(file)
    writer.update(snapshots=[*writer.manifest.get("snapshots", []), file.name])


@contextlib.contextmanager
def _progress(world: World) -> Iterator[Callable[[World], None]]:
    """Show a bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0)

        def show(world: World) -> None:
            day = world.now / 86_400_000
            order = world.scenario.order_cells
            done = day * 86_400_000 / (world.scenario.duration_ticks or world.scenario.limit_ticks)
            if order is not None:
                done = (world.counts["started"] + world.graded()) / (2 * order)
            text = f"day {day:5.2f}  started {world.counts['started']}  graded {world.graded()}"
            bar.update(task, completed=done, description=text)

        show(world)
        yield show


def _write_report(folder: Path) -> Path:
    from linetwin.results.report import write_report

    kpis.write(read(folder))
    return write_report(folder)


def _finish(outcome: Outcome, *, as_json: bool) -> None:
    page = _write_report(outcome.folder)
    found = read(outcome.folder).kpis
    if as_json:
        typer.echo(json.dumps({"folder": str(outcome.folder), "report": str(page), "kpis": found}))
    else:
        typer.echo(summary(read(outcome.folder)))
        typer.echo(f"run folder: {outcome.folder}\nreport:     {page}")
    if outcome.stopped:
        sys.stderr.write("linetwin: interrupted; the run folder holds everything up to then\n")
        sys.exit(INTERRUPTED_EXIT)
