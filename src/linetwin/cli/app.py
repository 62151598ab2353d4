"""Commands and their help. Each imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from linetwin.cli.aas import aas_app
from linetwin.cli.auditing import audit_app
from linetwin.cli.calibrating import calibrate
from linetwin.cli.fmu_commands import fmu_app, ssp_app
from linetwin.cli.live import live_app
from linetwin.cli.plant_command import plant
from linetwin.cli.surrogates import surrogate_app

app = typer.Typer(
    help="A digital twin of a battery-cell production line.",
    epilog="Exit codes: 0 done, 2 bad input, 3 a model failed, 4 a link failed, "
    "5 interrupted or anything else. Example: linetwin run baseline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(fmu_app, name="fmu")
app.command(
    epilog="Example: linetwin plant live_plant --anonymous. Ctrl-C ends it, with exit code 5."
)(plant)
app.command(
    epilog="Example: linetwin calibrate calendering --data compaction.csv --fit compaction.yaml"
)(calibrate)
app.add_typer(ssp_app, name="ssp")
app.add_typer(surrogate_app, name="surrogate")
app.add_typer(live_app, name="live")
app.add_typer(audit_app, name="audit")
app.add_typer(aas_app, name="aas")

ScenarioArgument = Annotated[
    str, typer.Argument(help="A scenario file, or a shipped one by name: baseline.")
]
RunArgument = Annotated[Path, typer.Argument(help="A run folder.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ADDRESS=VALUE", help="Change one address; may be repeated."),
]
HoldOption = Annotated[
    list[str] | None,
    typer.Option(
        "--hold",
        metavar="LOT",
        help="Hold all that is made of a lot, from now on; may be repeated. Or "
        "'{lot: LOT, until: 9 d, then: scrap, reason: WHY}'.",
    ),
]
PaceOption = Annotated[
    float | None,
    typer.Option(
        metavar="FACTOR",
        help="Hold line time to FACTOR times wall time, 0.001 or more; late events are caught up, "
        "none skipped.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def root() -> None:
    """Give subcommands a common root."""


@app.command(
    help="Simulate a scenario; ends with a summary and a run folder with a report. "
    "A folder that holds anything is refused. Ctrl-C ends the run after the event under way and "
    "keeps what was written, with exit code 5; twice ends it at once.",
    epilog='Example: linetwin run baseline --set "cathode.coater.web_speed=2.5 m/min"',
)
def run(  # noqa: PLR0913, PLR0917  one parameter per option
    scenario: ScenarioArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Run folder (runs/SCENARIO-TIME).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random streams (the scenario's).")
    ] = None,
    replications: Annotated[
        int, typer.Option(min=1, help="Runs with seeds one apart, each in a folder of its own.")
    ] = 1,
    snapshot_every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Save the line at this simulated interval: 12 h."),
    ] = None,
    pace: PaceOption = None,
    settings: SetOption = None,
    holds: HoldOption = None,
    json: JsonOption = False,
) -> None:
    """Simulate a scenario; ends with a summary and a run folder with a report."""
    gc.disable()  # what modules make as they are imported stays: 0.1 s to look through it
    from linetwin.cli import running

    gc.freeze()
    gc.enable()
    every = snapshot_every
    request = running.Request(
        scenario, tuple(settings or ()), seed, every, holds=tuple(holds or ()), pace=pace
    )
    running.run(request, output, replications, as_json=json)


@app.command(epilog="Example: linetwin resume runs/baseline")
def resume(
    snapshot: Annotated[
        Path, typer.Argument(help="A run folder (its newest whole snapshot), or one snapshot.")
    ],
    pace: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="Another pace than the run's; 0: as fast as it goes."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Go on from a snapshot, in the same run folder; what was written after it is replaced."""
    from linetwin.cli import resuming

    resuming.resume(snapshot, pace, as_json=json)


@app.command(
    epilog="Example: linetwin fork runs/week/snapshots/000086400000.snapshot "
    '--set "cathode.coater.web_speed=2.2 m/min" -o runs/faster',
)
def fork(  # noqa: PLR0913, PLR0917  one parameter per option
    snapshot: Annotated[
        Path, typer.Argument(help="A run folder (its newest whole snapshot), or one snapshot.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Run folder (runs/SCENARIO-fork-TIME).")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Begin all random streams anew from this seed, alike in every branch."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End at this time of the line: 9 d.")
    ] = None,
    settings: SetOption = None,
    holds: HoldOption = None,
    json: JsonOption = False,
) -> None:
    """Go on from a snapshot with other inputs, in a new run folder that holds the past as well."""
    from linetwin.cli import forking

    change = forking.Change(tuple(settings or ()), seed, until, tuple(holds or ()))
    forking.fork(snapshot, change, output, as_json=json)


@app.command(epilog="Example: linetwin compare runs/slow runs/fast")
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of replications.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Every figure, not only what is asked first and differs.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write every figure of every run to this file.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Key figures side by side, and paired differences with their confidence."""
    from linetwin.cli import comparing

    comparing.compare(runs, csv, everything=everything, as_json=json)


@app.command(
    help="Follow a cell or lot back to its raw materials, or a lot, a tool, a shift, a lane or a "
    "channel forward to its cells and where they are.",
    epilog="Example: linetwin trace runs/baseline cell-000123; forward: --lot cathode.slurry-0002, "
    'or --station cathode.slitter --tool knife-001 --shift "day 3 late"',
)
def trace(  # noqa: PLR0913, PLR0917  one parameter per option
    run: RunArgument,
    item: Annotated[
        str | None, typer.Argument(help="A cell or lot: its ancestry and what it saw.")
    ] = None,
    lot: Annotated[
        str | None, typer.Option(help="A lot: all that became of it, and where that is.")
    ] = None,
    station: Annotated[str, typer.Option(help="What was worked on at a station or group.")] = "",
    tool: Annotated[str, typer.Option(help="What was worked on with a tool: knife-001.")] = "",
    shift: Annotated[str, typer.Option(help="What was begun in a shift: day 3 late.")] = "",
    place: Annotated[
        int | None, typer.Option(help="What was in a lane or a place of a chamber.")
    ] = None,
    position: Annotated[
        int | None, typer.Option(help="Cells at a position on the tray; with --place a channel.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Forward: write all descendants to this file.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Follow a cell or lot back, or a lot or some work forward."""
    from linetwin.cli import tracing
    from linetwin.results.genealogy import Work

    question = tracing.Question(item, lot, Work(station, tool, shift, place, position))
    tracing.trace(run, question, csv, as_json=json)


@app.command(
    help="Make many runs of a scenario, as a study file says; ends with a folder of points and "
    "runs. With the folder of an earlier call only what is missing is run. Ctrl-C keeps what has "
    "ended, with exit code 5.",
    epilog="Example: linetwin study coating -o studies/coating",
)
def study(  # noqa: PLR0913, PLR0917  one parameter per option
    file: Annotated[str, typer.Argument(help="A study file, or a shipped one by name: coating.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Study's folder (studies/STUDY-TIME).")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes (as many as there are cores).")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run on a Dask cluster; local starts one here."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Run again what failed before.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep all run folders, in kept/.")] = False,
    json: JsonOption = False,
) -> None:
    """Make many runs of a scenario, as a study file says."""
    from linetwin.cli import studying

    request = studying.Request(file, output, workers, dask, retry, keep)
    studying.study(request, as_json=json)


@app.command(epilog="Example: linetwin report runs/baseline")
def report(run: RunArgument) -> None:
    """Write the report of a run, with its key figures, or of a study again, as far as it is."""
    from linetwin.cli import running, study_report

    if study_report.is_study(run):
        study_report.report(run)
    else:
        running.report(run)


@app.command(epilog="Example: linetwin bench line")
def bench(
    part: Annotated[
        str,
        typer.Argument(
            help="What to measure: line, week, rows, cosim, feed, twin, aas, study, causes or "
            "surrogate."
        ),
    ] = "line",
    json: JsonOption = False,
) -> None:
    """Measure speed and memory on this machine."""
    from linetwin.cli import benching

    benching.bench(part, as_json=json)
