"""`linetwin calibrate`: parameters of a model fitted to a table, and how sure they are."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.estimation.calibrating.solving import Calibration
    from linetwin.estimation.calibrating.subject import Line

TOLD_EVERY_S: Final = 5.0
"""Time between two lines of progress where there is no terminal."""
PARAMETERS, CONTENT, PAGE = "parameters.yaml", "calibration.json", "calibration.html"


def calibrate(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO|MODEL",
            help="A scenario (file or name), or a model of the library by name, or an FMU.",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Measurements: CSV, Parquet, SQLite, or a run folder."),
    ],
    fit: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Which parameters and columns: a calibration file."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder, new or empty (calibrations/NAME-TIME)."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="Change one address; repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit parameters of a process model to measurements, and say how sure they are."""
    from linetwin.cli.folders import makeable, try_folder
    from linetwin.cli.printing import print_json
    from linetwin.estimation.calibrating.page import calibration_page
    from linetwin.estimation.calibrating.reading import read_task
    from linetwin.estimation.calibrating.schema import CalibrationFile
    from linetwin.estimation.calibrating.solving import calibrate as solve
    from linetwin.estimation.calibrating.writing import content, parameter_text
    from linetwin.results.manifest import write_atomically
    from linetwin.scenario.validation import read_checked

    checked = read_checked(fit, CalibrationFile)
    folder = _folder(output, checked.model.name)
    try_folder(folder)  # a fit takes long
    task = read_task(subject, line_of(subject, tuple(settings or ())), checked, data)
    with progress("calibration") as tell:
        made = solve(task, tell)
    found = content(made)
    files = {CONTENT: _text(found), PAGE: calibration_page(made)}
    if made.explains:
        files[PARAMETERS] = parameter_text(made)
    with makeable(folder):  # only now: who stops it before finds no half of it
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_atomically(folder / name, text)
    if json:
        print_json({**found, "folder": str(folder)})
    else:
        _tell(made, folder)
    if not made.explains:  # what is to be looked at has been written and told
        parameter_text(made)


def line_of(subject: str, settings: tuple[str, ...]) -> Line | None:
    """Return the scenario that is named; None for a model."""
    from linetwin.cli.running import Request, base_of
    from linetwin.errors import Problem, ScenarioError
    from linetwin.estimation.calibrating.subject import Line, is_model

    if is_model(subject):
        if settings:
            hint = "give a scenario, or write `set:` into the calibration file"
            raise ScenarioError([Problem("a model has no addresses", "--set", hint)])
        return None
    _check_name(subject)
    request = Request(subject, settings, None, None)
    scenario = request.load()
    return Line(scenario, base_of(request, scenario))


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """Say on standard error how far each part is: on a terminal one line, else now and then."""
    from rich.console import Console

    from linetwin.study.progress import duration

    console = Console(stderr=True)
    part, begun, told = "", time.monotonic(), time.monotonic()
    with console.status(what) if console.is_terminal else contextlib.nullcontext() as line:

        def tell(now: str, done: int, of: int) -> None:
            nonlocal part, begun, told
            moment = time.monotonic()
            if now != part:
                part, begun = now, moment
            text = f"{now}: {done} of {of}"
            if done:
                text += f", {duration((moment - begun) / done * (of - done))} left of this part"
            if line is not None:
                line.update(text)
            elif moment - told > TOLD_EVERY_S:
                told = moment
                sys.stderr.write(f"linetwin: {text}\n")

        yield tell


def _check_name(subject: str) -> None:
    """Raise ScenarioError for what is neither a scenario nor a model, with the nearest of both."""
    from linetwin.cosim.library import shipped_models
    from linetwin.errors import Problem, ScenarioError
    from linetwin.scenario.loading import find_scenario, shipped_folders
    from linetwin.scenario.problems import nearest

    try:
        find_scenario(subject)
    except ScenarioError as error:
        scenarios = [file.stem for folder in shipped_folders() for file in folder.glob("*.yaml")]
        hint = nearest(subject, [*shipped_models(), *scenarios], "model or scenario")
        message = f"no scenario and no model is called '{subject}'"
        raise ScenarioError([Problem(message, hint=hint)]) from error


def _folder(output: Path | None, name: str) -> Path:
    from linetwin.errors import ResultsError

    if output is None:
        return Path("calibrations") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    if output.is_dir() and any(output.iterdir()):
        message = f"{output} is not empty: name another folder with -o, or remove it"
        raise ResultsError(message)
    return output


def _text(found: object) -> str:
    import json

    from linetwin.results.plain import plain

    return json.dumps(plain(found), indent=1, allow_nan=False) + "\n"


def _tell(made: Calibration, folder: Path) -> None:
    from linetwin.cli.printing import print_table, say
    from linetwin.estimation.calibrating import telling

    say(f"{made.task.file.name}: {telling.subject_of(made)}")
    for warning in telling.warnings_of(made):
        say(warning)
    say(f"SHA-256 {made.task.data.digest}")
    print_table("", telling.parameter_heads(made), telling.parameter_rows(made), 3)
    typer.echo(telling.interval_note(made))
    print_table("", telling.score_heads(made), telling.score_rows(made), 2)
    typer.echo(telling.SCORE_NOTE)
    for sentence in telling.open_sentences(made):
        say(sentence)
    head = telling.helpful_head(made)
    if head:
        typer.echo(head)
    for sentence in telling.helpful_sentences(made):
        say(f"  {sentence}")
    parameters = folder / PARAMETERS if made.explains else "no file is written"
    say(f"parameters: {parameters}\nreport:     {folder / PAGE}")
