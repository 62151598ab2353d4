"""`linetwin live fork`: what if, from now on; a saved twin goes on by itself in run folders."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.cli.comparing import compare
from linetwin.cli.compose import FmuModels, check_models
from linetwin.cli.driving import LateSink, Outcome, drive
from linetwin.cli.evidence import model_evidence
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held as locked
from linetwin.cli.printing import print_json, say, say_aside
from linetwin.cli.running import Request, folder_for, write_report
from linetwin.cli.summary import summary
from linetwin.cli.twin_keeping import SESSION, span
from linetwin.cli.versions import made_with
from linetwin.errors import Problem, RefusedError, ResultsError, ScenarioError, SimulationError
from linetwin.line import run as engine
from linetwin.line.checks import check_line
from linetwin.line.drivers import StochasticDriver
from linetwin.line.fork import note
from linetwin.line.kinds import make_station
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.quantities import Quantity
from linetwin.results import read
from linetwin.results.writer import RunWriter
from linetwin.scenario import units
from linetwin.scenario.entries import begun_at
from linetwin.scenario.text import resolved_text
from linetwin.twin.advising.alone import Books, leave
from linetwin.twin.advising.kept import Kept, held, kept, members_for
from linetwin.twin.assimilating.notes import NotedModels
from linetwin.twin.writing.contact import check_contact

if TYPE_CHECKING:
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.advising.kept import Present

AS_IS, CHANGED = "as_is", "changed"
_SPAN = Quantity("time", "s", "time ahead", minimum=1.0, maximum=3.2e7)
_TICKS_PER_S = 1000
_TICKS_PER_DAY = 86_400 * _TICKS_PER_S
OLD_S = 600.0
"""From what age on a saved twin is warned of, and nothing is approved by it: two savings [A]."""


@dataclass(frozen=True)
class Fork:
    """What the user asked for."""

    source: Path
    settings: tuple[str, ...]
    span: str
    replications: int = 1
    output: Path | None = None

    def ticks(self) -> int:
        """Return how far to look ahead [ticks]."""
        try:
            seconds = units.parse(self.span, _SPAN)
        except ScenarioError as error:
            problems = [Problem(each.message, "--for", each.hint) for each in error.problems]
            raise ScenarioError(problems) from error
        if not _SPAN.minimum <= seconds <= _SPAN.maximum:
            raise ScenarioError(
                [Problem(f"'{self.span}' is out of range", "--for", "1 s to 370 d")]
            )
        return round(seconds * _TICKS_PER_S)


def fork(asked: Fork, *, as_json: bool) -> None:
    """Go on from a saved twin as it is and as asked; its folder is only read."""
    file, found = read_kept(asked.source)
    tell_age(found)
    warn_of_age(found)
    branches = _branches(found, asked)
    folder = folder_for(asked.output, f"{branches[0].origin.name}-ahead")
    done: list[Path] = []
    with Interruption().watched() as interruption:
        for branch in branches:
            for index in range(asked.replications):
                if not interruption.asked:
                    part = folder / branch.name
                    part = part / f"seed-{index + 1:04d}" if asked.replications > 1 else part
                    outcome = branch.run(index, part, file, interruption)
                    write_report(outcome.folder)
                    done.append(outcome.folder)
    _tell(folder, done, as_json=as_json)


def read_kept(source: Path) -> tuple[Path, Kept]:
    """Return the file of a saved twin, named itself or by its folder, and what it holds."""
    file = source / SESSION if source.is_dir() else source
    try:
        return file, kept(file.read_bytes())
    except OSError as error:
        hint = "the folder of a twin that `linetwin live run` has saved, or its file"
        problem = Problem(f"cannot be read: {error.strerror}", str(file), hint)
        raise ScenarioError([problem]) from error
    except SimulationError as error:
        raise ResultsError(f"{file}: {error}") from error


def tell_age(found: Kept) -> None:
    """Say of what time of the line a saved twin is, how it followed, and how old all that is."""
    contact, now = found.contact, datetime.now(UTC)
    saved = "it is not told when" if contact.saved is None else f"{span(contact.saved_s(now))} ago"
    heard = "it is not told when" if contact.heard is None else f"{span(contact.data_s(now))} ago"
    day = contact.tick / _TICKS_PER_DAY
    sys.stderr.write(
        f"linetwin: the saved twin is of day {day:.3f} of the line, {contact.state}; "
        f"saved: {saved}; plant heard last: {heard}\n"
    )


def warn_of_age(found: Kept) -> None:
    """Warn where a saved twin is old, was not in step, or had not heard the plant for long."""
    try:
        check_contact(found.contact, OLD_S, datetime.now(UTC))
    except RefusedError as error:
        say_aside(f"warning: {error}")


def origin_of(found: Kept) -> Request:
    """Return what the twin's scenario was asked for; ScenarioError where it does not say."""
    if not found.scenario:
        hint = "save it anew: linetwin live run"
        raise ScenarioError([Problem("the saved twin names no scenario", hint=hint)])
    return Request(found.scenario, found.settings, None, None)


@dataclass(frozen=True)
class Branch:
    """One future of a saved twin; `settings`: what is set otherwise, from now on."""

    name: str
    kept: Kept
    request: Request
    origin: Scenario
    changed: Scenario
    settings: tuple[str, ...]
    ticks: int
    members: tuple[int | None, ...]

    def run(self, index: int, folder: Path, source: Path, interruption: Interruption) -> Outcome:
        """Run one replication into a folder."""
        now = int(engine.unseal(self.kept.line)["now"])
        scenario = ahead(self.changed, now, now + self.ticks, self.origin.seed + index)
        assert self.origin.twin is not None  # noqa: S101  a saved twin has one
        base = base_of(self.request, scenario)
        sink = LateSink()
        books = Books(sink)
        models = FmuModels(base, recording=False)
        present = held(self.kept, self.origin.twin, self.members[index])
        try:
            world = world_of(scenario, models, present, books)
            asked = {each.partition("=")[0].strip() for each in self.settings}
            otherwise = leave(world, self.kept, self.origin, asked)
            manifest = {
                "scenario": scenario.name,
                "seed": scenario.seed,
                "forked_from": str(source.resolve()),
                "branched_at_tick": now,
                "branch_settings": list(self.settings),
                "set_by_the_plant": otherwise,
                "member": self.members[index],
                "made_with": made_with(scenario, base),
            }
            text = scenario.text + model_evidence(scenario, base)
            sink.writer = RunWriter(folder, manifest, text)
            with locked(folder):
                books.open(world)
                note(world, self.origin)
                return drive(world, sink.writer, None, interruption, begin=False)
        finally:
            models.close()


def ahead(scenario: Scenario, now: int, end: int, seed: int) -> Scenario:
    """Return a scenario that ends at a tick, and whose figures are those from `now` on."""
    found = replace(
        scenario,
        start="filled",
        seed=seed,
        order_cells=None,
        duration_ticks=end,
        limit_ticks=end,
        window_ticks=(now, end),
    )
    return replace(found, text=resolved_text(found))


def base_of(request: Request, scenario: Scenario) -> Path:
    """Return the line file: an FMU's path in it counts from there."""
    file = request.file()
    return file.parent / scenario.files[1] if len(scenario.files) > 1 else file


def world_of(scenario: Scenario, models: FmuModels, present: Present, sink: Books) -> World:
    """Return a line that runs by itself with its estimated parameters held."""
    models.open_all(scenario)
    noted = NotedModels(models, present, lambda *_: None)
    world = World(scenario, noted, StochasticDriver(Streams(scenario.seed)), sink, make_station)
    check_line(world)
    return world


def _branches(found: Kept, asked: Fork) -> list[Branch]:
    """Return the future that was asked for, if anything is set, and the one as it is.

    What cannot be changed on the way is so refused before anything runs.
    """
    request, ticks = origin_of(found), asked.ticks()
    origin = request.load()
    if origin.twin is None:
        raise ScenarioError([Problem("has no section twin", "twin", file=Path(found.scenario))])
    members = tuple(members_for(found, asked.replications, origin.seed))
    wished = begun_at(asked.settings, engine.unseal(found.line)["now"])
    wishes = {CHANGED: wished, AS_IS: ()} if wished else {AS_IS: ()}
    branches = []
    for name, settings in wishes.items():
        changed = replace(request, settings=(*request.settings, *settings)).load()
        check_models(changed, base_of(request, changed))
        branches.append(Branch(name, found, request, origin, changed, settings, ticks, members))
    return branches


def _tell(folder: Path, done: list[Path], *, as_json: bool) -> None:
    """Print what came out: the differences of two futures, or the one there is."""
    both = [folder / name for name in (AS_IS, CHANGED) if (folder / name).is_dir()]
    if len(both) > 1:
        compare(both, as_json=as_json)
    elif as_json:
        print_json([{"folder": str(each), "kpis": read(each).kpis} for each in done])
    else:
        for each in done:
            say(summary(read(each)))
    say_aside(f"run folders in {folder}")
