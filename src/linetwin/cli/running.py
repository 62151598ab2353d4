"""`linetwin run`, `resume` and `report`: from a scenario to a run folder with a report."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.cli import INTERRUPTED_EXIT
from linetwin.cli.compose import make_world, unsaved
from linetwin.cli.driving import LateSink, Outcome, drive
from linetwin.cli.evidence import model_evidence
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held
from linetwin.cli.printing import print_json, say, say_aside
from linetwin.cli.standing_in import known_alone
from linetwin.cli.summary import cells, replicated, summary
from linetwin.cli.versions import made_with
from linetwin.contracts import CONTRACTS
from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.line.checks import disturbable_inputs
from linetwin.quantities import vocabulary
from linetwin.results import kpis, read, replications
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario
from linetwin.scenario.units import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.scenario.resolved import Scenario

LEAST_PACE = 0.001
"""A line second takes a quarter of an hour then: what is slower is a slip, and looks hung."""


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    scenario: str
    settings: tuple[str, ...]
    seed: int | None
    snapshot_every: str | None
    until: str | None = None
    holds: tuple[str, ...] = ()
    pace: float | None = None

    def file(self) -> Path:
        """Return the scenario's file."""
        return find_scenario(self.scenario).resolve()

    def load(self) -> Scenario:
        """Read and check the scenario."""
        inputs = {kind: disturbable_inputs(kind) for kind in CONTRACTS}
        scenario = load(self.file(), self.settings, self.seed, holds=self.holds, inputs=inputs)
        end = _ticks(self.until, "--until")
        return scenario if end is None else replace(scenario, duration_ticks=end, limit_ticks=end)

    def snapshot_ticks(self) -> int | None:
        """Return the simulated time between snapshots [ticks]."""
        return _ticks(self.snapshot_every, "--snapshot-every")

    def asked(self, scenario: Scenario) -> dict[str, Any]:
        """Return plain data from which the run can be continued."""
        return {
            "scenario": str(self.file()),
            "settings": list(self.settings),
            "seed": scenario.seed,
            "snapshot_every": self.snapshot_every,
            "until": self.until,
            "holds": list(self.holds),
            "pace": self.pace,
        }


def _ticks(text: str | None, option: str) -> int | None:
    """Return a time given on the command line in ticks."""
    if text is None:
        return None
    try:
        ticks = round(parse(text, vocabulary()["process_time"]) * 1000)
    except ScenarioError as error:
        raise ScenarioError([replace(problem, key=option) for problem in error.problems]) from error
    if ticks < 1:
        hint = "1 ms or longer, such as 12 h"
        raise ScenarioError([Problem(f"'{text}' is shorter than 1 ms", option, hint)])
    return ticks


def check_pace(pace: float | None) -> None:
    """Refuse a pace that is none; ScenarioError."""
    if pace is not None and not LEAST_PACE <= pace < math.inf:
        hint = f"line time over wall time, {LEAST_PACE:g} or more, such as 1000"
        raise ScenarioError([Problem(f"{pace:g} is no pace", "--pace", hint)])


def run(request: Request, output: Path | None, replications: int, *, as_json: bool) -> None:
    """Run a scenario once or several times, and print what came out."""
    scenario = request.load()
    request.snapshot_ticks()
    check_pace(request.pace)
    folder = folder_for(output, scenario.name)
    with Interruption().watched() as interruption:
        if replications == 1:
            outcome = _run_once(request, scenario, folder, interruption)
            finish(outcome, as_json=as_json)
            return
        outcomes: list[Outcome] = []
        for index in range(replications):
            again = replace(request, seed=scenario.seed + index)
            part = folder / f"seed-{again.seed:04d}"
            outcomes.append(_run_once(again, again.load(), part, interruption))
            write_report(part)
            if interruption.asked:
                break
    _tell_replications(folder, outcomes, replications, as_json=as_json)


def report(folder: Path) -> None:
    """Write key figures and report of a run folder again."""
    page = write_report(folder)
    say(f"{summary(read(folder))}\nreport:     {page}")


def folder_for(output: Path | None, name: str) -> Path:
    """Return the run folder; ResultsError for one that holds something, before anything runs."""
    if output is None:
        return Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    if output.is_dir() and any(output.iterdir()):
        message = f"{output} is not empty: name another folder with -o, or remove it"
        raise ResultsError(message)
    return output


def base_of(request: Request, scenario: Scenario) -> Path:
    """Return the line file: an FMU's path in it counts from there."""
    file = request.file()
    return file.parent / scenario.files[1] if len(scenario.files) > 1 else file


def _run_once(
    request: Request, scenario: Scenario, folder: Path, interruption: Interruption
) -> Outcome:
    sink, base = LateSink(), base_of(request, scenario)
    saving = request.snapshot_every is not None
    world = make_world(scenario, base, sink, recording=saving)
    if saving:
        _tell_unsaved(unsaved(world))
    for text in known_alone(scenario):
        say_aside(text)
    asked = request.asked(scenario)
    manifest = {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "request": asked,
        "made_with": made_with(scenario, base),
    }
    interruption.check()
    sink.writer = RunWriter(folder, manifest, scenario.text + model_evidence(scenario, base))
    every, pace = request.snapshot_ticks(), request.pace
    with held(folder):
        return drive(world, sink.writer, every, interruption, begin=True, pace=pace)


def _tell_unsaved(stations: list[str]) -> None:
    """Name the models that a snapshot can only hold by what was done to them."""
    if stations:
        text = f"{', '.join(stations)} cannot save its state: its inputs are recorded, and a resume"
        say_aside(f"{text} simulates it again from its start")


def request_of(folder: Path) -> Request:
    """Return what the run in `folder` was asked for; ResultsError where it does not say."""
    asked = read(folder).manifest.get("request")
    if not isinstance(asked, dict):
        message = f"{folder}: its manifest names no request, so it cannot be continued"
        raise ResultsError(message)
    return Request(
        str(asked.get("scenario", "")),
        tuple(map(str, asked.get("settings", ()))),
        asked.get("seed"),
        asked.get("snapshot_every"),
        asked.get("until"),
        tuple(map(str, asked.get("holds", ()))),
        asked.get("pace"),
    )


def write_report(folder: Path) -> Path:
    """Write key figures and report of a run folder; return the report."""
    from linetwin.results import report as reports

    facts = kpis.Facts(read(folder))
    kpis.write(facts.run, facts)
    return reports.write_report(folder, facts)


def finish(outcome: Outcome, *, as_json: bool) -> None:
    """Write the report of a run that has ended, and print its summary."""
    tell(outcome.folder, write_report(outcome.folder), as_json=as_json)
    if outcome.stopped:
        _end_interrupted(outcome)


def tell(folder: Path, page: Path, *, as_json: bool) -> None:
    """Print what came out of a run whose report is written."""
    found = read(folder)
    if as_json:
        print_json({"folder": str(folder), "report": str(page), "kpis": found.kpis})
    else:
        say(f"{summary(found)}\nrun folder: {folder}\nreport:     {page}")


def _tell_replications(
    folder: Path, outcomes: Sequence[Outcome], asked: int, *, as_json: bool
) -> None:
    found_again = replications.write(folder, [read(each.folder) for each in outcomes])
    if as_json:
        runs = [
            {"folder": str(each.folder), "seed": each.seed, "kpis": read(each.folder).kpis}
            for each in outcomes
        ]
        print_json({"folder": str(folder), "runs": runs, "replications": found_again})
    else:
        for each in outcomes:
            found = read(each.folder)
            say(f"{each.folder.name} {found.manifest['status']}: {cells(found)}")
        say(replicated(found_again))
        say(f"{len(outcomes)} of {asked} runs in {folder}; each holds its report.html")
        say(f"compare them with: linetwin compare {folder} OTHER")
    if outcomes[-1].stopped:
        _end_interrupted(outcomes[-1])


def _end_interrupted(outcome: Outcome) -> None:
    text = "linetwin: interrupted; the run folder holds everything up to then\n"
    if outcome.snapshots:
        last = outcome.folder / "snapshots" / outcome.snapshots[-1]
        text += f"linetwin: go on with: linetwin resume {last}\n"
    say(text.rstrip("\n"), err=True)
    sys.exit(INTERRUPTED_EXIT)
