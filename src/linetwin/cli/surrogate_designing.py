"""`linetwin surrogate design`: points of one model, chosen, run and kept as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.surrogates.designs.folder import Sheet
    from linetwin.surrogates.designs.task import DesignTask

EPILOG = (
    "Example: linetwin surrogate design calendering --vary 'line_load=200 N/mm to 900 N/mm' "
    "--vary 'porosity_before=40 % to 55 %' --read settled_porosity --points 64 -o designs/porosity"
)


def design(  # noqa: PLR0913, PLR0917  one parameter per option
    subject: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|SCENARIO",
            help="A model of the library by name, an FMU, or a scenario with --process.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="New, or one that is continued."),
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW to HIGH",
            help="What is varied: an input, a parameter, a start, 'duration'; with 'log' behind "
            "it evenly in the logarithm; a name alone over the model's range. Repeatable.",
        ),
    ] = None,
    process: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a scenario: STATION.PROCESS."),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="sobol, latin_hypercube, or adaptive: where least is known.")
    ] = "sobol",
    points: Annotated[int, typer.Option(metavar="N", help="How many points in all.")] = 64,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=AMOUNT", help="What is alike in all points."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long the model runs (0 s).")
    ] = None,
    phase: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'TIME: NAME=AMOUNT'",
            help="A phase, its settings separated by commas; repeatable, one after another.",
        ),
    ] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An output to keep (all, where left out); repeatable."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="Adaptive: the output that matters.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the points.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a model at points that cover its factors, and keep them as a dataset to learn from."""
    from linetwin.cli.calibrating import line_of, progress
    from linetwin.cli.locking import held
    from linetwin.cli.printing import print_json
    from linetwin.errors import Problem, ScenarioError
    from linetwin.surrogates.designs.reading import Asked, read_design
    from linetwin.surrogates.designs.working import carry_out

    if kind == "adaptive":
        _check_installed()
    asked = Asked(
        subject=subject, process=process, vary=vary or (), kind=kind, points=points,
        settings=settings or (), phases=phase or (), duration=duration, read=read or (),
        target=target, seed=seed,
    )  # fmt: skip
    task = read_design(asked, line_of(subject, ()))
    if output.exists() and not output.is_dir():
        raise ScenarioError([Problem(f"{output} is a file", "-o", "a folder")])
    output.mkdir(parents=True, exist_ok=True)
    with held(output), progress("design") as tell:
        sheet = carry_out(task, output, tell)
    if json:
        print_json({**task.identity(), "folder": str(output), "counts": sheet.counts()})
    else:
        _tell(task, sheet)


def _check_installed() -> None:
    from importlib.util import find_spec

    from linetwin.errors import LinetwinError

    if find_spec("sklearn") is None:
        raise LinetwinError("sklearn is not installed: pip install linetwin[surrogate]")


def _tell(task: DesignTask, sheet: Sheet) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.surrogates.designs.folder import FAILED, NOT_VALID

    counts = sheet.counts()
    process = f", process {task.subject.process} of {task.line}" if task.line else ""
    say(f"{task.subject.model}{process}: {len(sheet):,} points, {task.kind}, seed {task.seed}")
    rows = [
        [v.name, v.factor.unit, f"{v.factor.low:.5g}", f"{v.factor.high:.5g}",
         "log" if v.factor.log else ""]
        for v in task.varied
    ]  # fmt: skip
    print_table("", ("varied", "unit", "from", "to", "scale"), rows, 2)
    if task.as_it_starts:
        say(f"As the model starts, for nothing sets them: {', '.join(task.as_it_starts)}.")
    if task.target:
        half = f"{sheet.first:,} points of a Sobol design"
        say(f"Adaptive: {half}, the rest where {task.target} is least known.")
    if counts[FAILED]:
        why = next(filter(None, sheet.errors))
        say(f"The model failed at {counts[FAILED]:,} points, for one: {why}")
    if counts[NOT_VALID]:
        say(f"At {counts[NOT_VALID]:,} points the model says that its inputs are out of range.")
    if counts[FAILED] or counts[NOT_VALID]:
        say("These points are in points.csv, and no rows of the dataset.")
    say(f"dataset: {sheet.folder}")
