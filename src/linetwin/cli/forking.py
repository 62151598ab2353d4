"""`linetwin fork`: a snapshot goes on with other inputs, in a run folder of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from linetwin.cli import running, snapshots
from linetwin.cli.compose import make_world
from linetwin.cli.driving import LateSink, drive
from linetwin.cli.evidence import model_evidence
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held
from linetwin.cli.printing import say_aside
from linetwin.cli.standing_in import stand_ins
from linetwin.cli.versions import made_with
from linetwin.errors import FmuError, ResultsError, SimulationError
from linetwin.line.fork import DAY_TICKS, branch, note
from linetwin.line.hindsight import look_back
from linetwin.results import fidelity, read
from linetwin.results.writer import RunWriter
from linetwin.scenario.entries import begun_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.cli.running import Request
    from linetwin.cli.snapshots import Snapshot
    from linetwin.scenario.resolved import Scenario


@dataclass(frozen=True)
class Change:
    """How a branch differs from the run that it leaves."""

    settings: tuple[str, ...]
    seed: int | None
    until: str | None
    holds: tuple[str, ...] = ()


def fork(path: Path, change: Change, output: Path | None, *, as_json: bool) -> None:
    """Go on from a snapshot, or the newest of a run folder, with other inputs.

    The source's folder is left as it is.
    """
    snapshot = snapshots.find(path)
    source = snapshot.folder
    asked = running.request_of(source)
    origin = asked.load()
    request = replace(
        asked,
        settings=(*asked.settings, *begun_at(change.settings, snapshot.tick)),
        seed=asked.seed if change.seed is None else change.seed,
        until=change.until or asked.until,
        holds=(*asked.holds, *change.holds),
        pace=None,
    )
    scenario = request.load()
    folder = running.folder_for(output, f"{scenario.name}-fork")
    base = running.base_of(request, scenario)
    sink = LateSink()
    world = make_world(scenario, base, sink)
    try:
        mark = branch(world, snapshot.blob, origin, reseed=change.seed is not None)
    except (SimulationError, FmuError) as error:
        message = f"{snapshot.file} cannot be continued: {error}"
        raise ResultsError(message) from error
    _tell(snapshot, world.now)
    manifest = _manifest(source, change, request, (scenario, base)) | {
        "branched_at_tick": world.now
    }
    text = scenario.text + model_evidence(scenario, base)
    with Interruption().watched() as interruption:
        sink.writer = RunWriter.branch(source, folder, mark, manifest=manifest, scenario_text=text)
        note(world, origin)
        look_back(world, origin, read(folder))
        with held(folder):
            outcome = drive(world, sink.writer, request.snapshot_ticks(), interruption, begin=False)
        running.finish(outcome, as_json=as_json)


def _manifest(
    source: Path, change: Change, request: Request, made: tuple[Scenario, Path]
) -> dict[str, Any]:
    """Return what the manifest of a branch says of it; `made`: its scenario and line file."""
    scenario, base = made
    past = _past(source, stand_ins(scenario))
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "request": request.asked(scenario),
        "branched_from": str(source),
        "branch_settings": list(change.settings),
        "made_with": made_with(scenario, base),
        "branch_holds": list(change.holds),
        **({fidelity.BEFORE: past} if past else {}),
    }


def _past(source: Path, now: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the stand-ins that answered before, oldest first, and say where others do now.

    As `stand_ins` of a manifest each; none where they are the same, or there were none at all.
    """
    manifest = read(source).manifest
    pasts = [*manifest.get(fidelity.BEFORE, ()), manifest.get(fidelity.NOW, {})]
    for text in fidelity.changed(pasts[-1], {fidelity.NOW: now}):
        say_aside(text)
    return pasts if any(fidelity.changed(past, {fidelity.NOW: now}) for past in pasts) else []


def _tell(snapshot: Snapshot, tick: int) -> None:
    """Say where the branch leaves its origin, and which newer snapshots are not whole."""
    snapshot.tell_passed_over()
    day = tick / DAY_TICKS
    say_aside(f"branching off at {snapshot.file} (day {day:.2f} of the line)")
