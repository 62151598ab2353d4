"""Stepping a line to its end: snapshots, progress, and a run folder that stays readable."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from linetwin.cli import snapshots
from linetwin.cli.compose import before_hanging_end, isolated, release
from linetwin.cli.interruption import Interrupted
from linetwin.cli.pacing import Pace
from linetwin.cli.printing import safe, say_aside
from linetwin.cli.standing_in import stand_ins
from linetwin.cosim.kernel.library import row_loop
from linetwin.errors import ModelError
from linetwin.line import run as engine
from linetwin.line import stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from linetwin.cli.interruption import Interruption
    from linetwin.errors import FmuError
    from linetwin.line.world import World
    from linetwin.results.writer import RunWriter, Status

TICKS_PER_SECOND = 1000
DAY_S = 86_400
FLUSH_EVERY_S = 5.0
_LOOK_EVERY = 200
"""Events between two looks at the clock."""


class LateSink:
    """Stands in for a writer that can only be opened once the line is known to be right."""

    writer: RunWriter

    def add(self, table: str, columns: Any) -> None:  # noqa: ANN401  a table's columns
        """Pass rows on."""
        self.writer.add(table, columns)


@dataclass(frozen=True)
class Outcome:
    """A run that has ended, one way or another."""

    folder: Path
    seed: int
    snapshots: tuple[str, ...]
    stopped: bool


def drive(
    world: World,
    writer: RunWriter,
    snapshot_ticks: int | None,
    interruption: Interruption,
    *,
    begin: bool,
    pace: float | None = None,
) -> Outcome:
    """Step a line to its end, from its beginning or from a snapshot.

    `pace`: line time over wall time; None: as fast as it goes.
    Whatever happens, the folder stays readable, and its manifest says what happened.
    """
    writer.manifest.pop("pace", None)  # that of a run which is resumed at another
    writer.update(row_loop=row_loop(), isolated=isolated(world.scenario))
    writer.update(disturbances=world.disturbances.report())
    if found := stand_ins(world.scenario):
        writer.update(stand_ins=found)
    before_hanging_end(world, lambda error: _leave_hung(world, writer, error))
    try:
        if begin:
            if world.scenario.start == "filled":
                _fill(world, writer)
            world.begin()
        with _progress(world) as show:
            loop = _Loop(world, writer, snapshot_ticks, interruption, show)
            loop.run(None if pace is None else Pace(pace, _warn))
        if snapshot_ticks is not None and not world.ended:
            snapshots.write(world, writer)  # whoever goes on loses nothing
        engine.close(world)
        writer.update(
            end_tick=world.now,
            ended_by=world.ended or "interruption",
            events=world.events,
            outside_validity=world.outside_validity,
        )
        # At its limit an order is given up; a run over a duration has no limit.
        ended: Status = "given up" if world.ended == "limit" else "complete"
        writer.finish(ended if world.ended else "interrupted")
    except Interrupted:  # asked twice: what is written is readable, and nothing more is done
        raise
    except ModelError as error:
        told = _with_time(error, world)
        _leave_failed(world, writer, told)
        raise told from error
    except Exception as error:
        _leave_failed(world, writer, error)
        raise
    finally:
        release(world)
    saved = tuple(writer.manifest["snapshots"])
    return Outcome(writer.folder, world.scenario.seed, saved, interruption.asked)


def _fill(world: World, writer: RunWriter) -> None:
    """Fill the line, and say with what: a template run of it takes a moment."""
    console = Console(stderr=True)
    with console.status("filling the line: a short run of it shows what its stock looks like"):
        filled = stock.fill(world)
    writer.update(stock=filled.report())
    lots, limit = sum(filled.lots.values()), filled.limited_by
    console.print(
        f"line filled with {filled.cells:,} cells on trays, {lots:,} lots in all, for "
        f"{filled.cells_per_hour:.3g} cells an hour ({safe(limit)})",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _with_time(error: ModelError, world: World) -> ModelError:
    """Add the line's time: a process model counts the time of its item."""
    seconds = world.now / TICKS_PER_SECOND
    return ModelError(str(error), f"day {seconds / DAY_S:.2f} of the line, {seconds:.3f} s")


def _leave_hung(world: World, writer: RunWriter, error: FmuError) -> Exception:
    """Leave the folder of a line whose model never returns, and the error with the line's time."""
    told = _with_time(error, world)
    _leave_failed(world, writer, told)
    return told


def _leave_failed(world: World, writer: RunWriter, error: Exception) -> None:
    # The disk may be what failed: the first error is the one to be told.
    with contextlib.suppress(OSError):
        writer.update(end_tick=world.now, ended_by="error", events=world.events)
        writer.finish("failed", str(error) or type(error).__name__)


@dataclass(frozen=True)
class _Loop:
    """What is done between one event and the next."""

    world: World
    writer: RunWriter
    every: int | None
    interruption: Interruption
    show: Callable[[], None]

    def run(self, pace: Pace | None) -> None:
        """Serve events until the line has ended or the user asks, each at its time if paced."""
        world, every = self.world, self.every
        due = None if every is None else (world.now // every + 1) * every
        flushed = time.monotonic()
        if pace is not None:
            pace.begin(world.now)
        while self._may_go_on():
            waited = pace is not None and self._wait(pace)
            # A signal during the wait: the event is left for whoever goes on.
            if not self._may_go_on() or not world.step():
                break
            if due is not None and every is not None and world.now >= due:
                snapshots.write(world, self.writer)
                due = (world.now // every + 1) * every
            if waited or world.events % _LOOK_EVERY == 0:
                self.show()
                if time.monotonic() - flushed > FLUSH_EVERY_S:
                    self._flush(pace)
                    flushed = time.monotonic()
        if pace is not None:
            self.writer.update(pace=pace.report())

    def _may_go_on(self) -> bool:
        return not self.interruption.asked

    def _wait(self, pace: Pace) -> bool:
        tick = self.world.next_tick()
        return tick is not None and pace.wait_for(tick, self._may_go_on)

    def _flush(self, pace: Pace | None) -> None:
        self.writer.flush(wait=False)
        # What a killed run can still tell: cells in process stand in no table yet.
        world = self.world
        self.writer.update(progress={"tick": world.now, "counts": dict(world.counts)})
        if pace is not None:
            self.writer.update(pace=pace.report())


def _warn(text: str) -> None:
    say_aside(text)


@contextlib.contextmanager
def _progress(world: World) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0)

        def show() -> None:
            order = world.scenario.order_cells
            formed = world.counts["in formation or past it"]
            done = world.now / (world.scenario.duration_ticks or world.scenario.limit_ticks)
            if order is not None:
                done = (world.counts["started"] + formed + world.graded()) / (3 * order)
            day = world.now / (TICKS_PER_SECOND * DAY_S)
            text = (
                f"day {day:5.2f}  started {world.counts['started']}  "
                f"formed {formed}  graded {world.graded()}"
            )
            bar.update(task, completed=done, description=text)

        show()
        yield show
