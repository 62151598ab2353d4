"""`linetwin resume`: a run goes on from a snapshot, to the same end as if nothing had happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.cli import running, snapshots
from linetwin.cli.compose import make_world
from linetwin.cli.driving import LateSink, drive
from linetwin.cli.evidence import model_evidence
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held
from linetwin.cli.printing import say_aside
from linetwin.cli.versions import differences, made_with
from linetwin.errors import FmuError, ResultsError, SimulationError
from linetwin.line import run as engine
from linetwin.results import read
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.cli.snapshots import Snapshot
    from linetwin.line.world import World

DAY_TICKS = 86_400_000
ENDED = ("complete", "given up")


def resume(path: Path, pace: float | None, *, as_json: bool) -> None:
    """Go on from a snapshot in its own run folder, or from the newest whole one of a run folder.

    `pace`: another one than the run was asked for; 0: as fast as it goes.
    """
    if pace != 0:
        running.check_pace(pace)
    if path.is_dir() and read(path).manifest["status"] in ENDED:
        _tell_ended(path, as_json=as_json)
        return
    snapshot = snapshots.find(path)
    request = running.request_of(snapshot.folder)
    scenario = request.load()
    base = running.base_of(request, scenario)
    _check_versions(snapshot, made_with(scenario, base))
    sink = LateSink()
    world = make_world(scenario, base, sink)
    mark = _thaw(world, snapshot)
    every = request.snapshot_ticks()
    wanted = (request.pace if pace is None else pace) or None
    with Interruption().watched() as interruption:
        with held(snapshot.folder):
            _tell(snapshot, world.now)
            snapshots.drop_later(snapshot)
            text = scenario.text + model_evidence(scenario, base)
            sink.writer = RunWriter.resume(snapshot.folder, mark, scenario_text=text)
            # A kill may have come before the manifest knew the last one.
            sink.writer.update(snapshots=snapshots.names(snapshot.folder))
            outcome = drive(world, sink.writer, every, interruption, begin=False, pace=wanted)
        running.finish(outcome, as_json=as_json)


def _check_versions(snapshot: Snapshot, present: Mapping[str, Any]) -> None:
    """Refuse to go on with anything that may change a bit; ResultsError names it and a way out."""
    found = differences(snapshot.made_with, present)
    if not found:
        return
    message = (
        f"{snapshot.file} cannot be continued with the same bits; it was saved with "
        f"{'; '.join(found)}. Resume it with what it was saved with, or branch off with what is "
        f"here: linetwin fork {snapshot.file} -o FOLDER"
    )
    raise ResultsError(message)


def _thaw(world: World, snapshot: Snapshot) -> dict[str, Any]:
    """Put the line into the saved state; a snapshot that does not fit is the user's mistake."""
    try:
        return engine.load(world, snapshot.blob)
    except (SimulationError, FmuError) as error:
        message = f"{snapshot.file} cannot be continued: {error}"
        raise ResultsError(message) from error


def _tell(snapshot: Snapshot, tick: int) -> None:
    """Say where the run goes on, and which newer snapshots are not whole."""
    snapshot.tell_passed_over()
    day = tick / DAY_TICKS
    say_aside(f"going on from {snapshot.file} (day {day:.2f} of the line)")


def _tell_ended(folder: Path, *, as_json: bool) -> None:
    """A run that has ended needs nothing, but for the report where a kill came before it."""
    page = folder / "report.html"
    if not page.is_file():
        page = running.write_report(folder)
    say_aside(f"{folder} has ended: there is nothing to go on with")
    running.tell(folder, page, as_json=as_json)
