"""`linetwin calibrate`: parameters of a model fitted to a table, and how sure they are."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.identifying import Gain, OpenGroup
    from linetwin.estimation.calibrating.scoring import Score
    from linetwin.estimation.calibrating.solving import Calibration
    from linetwin.estimation.calibrating.subject import Line

PARAMETERS, CONTENT = "parameters.yaml", "calibration.json"
_HELPFUL = 4


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
    from linetwin.cli.printing import print_json
    from linetwin.estimation.calibrating.reading import read_specification, read_task
    from linetwin.estimation.calibrating.solving import calibrate as solve
    from linetwin.estimation.calibrating.writing import content, parameter_text
    from linetwin.results.manifest import write_atomically

    checked = read_specification(fit)
    folder = _folder(output, checked.model.name)
    task = read_task(subject, _line(subject, tuple(settings or ())), checked, data)
    made = solve(task)
    found = content(made)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / PARAMETERS, parameter_text(made))
    write_atomically(folder / CONTENT, _text(found))
    if json:
        print_json({**found, "folder": str(folder)})
    else:
        _tell(made, folder)


def _line(subject: str, settings: tuple[str, ...]) -> Line | None:
    """Return the scenario that is named; None for a model."""
    from linetwin.cli.running import Request, base_of
    from linetwin.errors import Problem, ScenarioError
    from linetwin.estimation.calibrating.subject import Line, is_model

    if is_model(subject):
        if settings:
            hint = "give a scenario, or write `set:` into the calibration file"
            raise ScenarioError([Problem("a model has no addresses", "--set", hint)])
        return None
    request = Request(subject, settings, None, None)
    scenario = request.load()
    return Line(scenario, base_of(request, scenario))


def _folder(output: Path | None, name: str) -> Path:
    from linetwin.errors import ResultsError

    if output is None:
        return Path("calibrations") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        message = f"{output} is not empty: name another folder with -o, or remove it"
        raise ResultsError(message)
    return output


def _text(found: object) -> str:
    import json

    return json.dumps(_finite(found), indent=1, allow_nan=False) + "\n"


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --------------------------------------------------------------------------------- screen
def _tell(made: Calibration, folder: Path) -> None:
    from linetwin.cli.printing import print_table, say

    task = made.task
    where = f" of {task.subject.process}" if task.subject.process else ""
    groups = len(set(task.groups))
    grouped = f" in {groups} groups" if groups < task.rows else ""
    say(f"{task.file.name}: {task.subject.model}{where}, {task.rows} rows{grouped} of")
    say(f"{task.data.file.name}, SHA-256 {task.data.digest}")
    _tell_warnings(made)
    share = f"{task.file.confidence * 100:g} %"
    columns = ("parameter", "unit", "is", "fitted", f"{share} from", "to", "before")
    print_table("", columns, _parameter_rows(made), 3)
    typer.echo(f"Intervals: {_how(made)}.")
    headings = (
        "output",
        "compared",
        "rows",
        "RMS",
        "largest",
        "R2",
        "group out",
        "row out",
        "alike",
    )
    print_table("", headings, map(_score_row, made.scores), 2)
    typer.echo(
        "Out: RMS of what was left out of the fit. Alike: scatter of rows with equal inputs."
    )
    _tell_open(made)
    _tell_helpful(made)
    typer.echo(f"parameters: {folder / PARAMETERS}\neverything: {folder / CONTENT}")


def _tell_warnings(made: Calibration) -> None:
    from linetwin.cli.printing import say

    task = made.task
    if task.omitted:
        first = ", ".join(map(str, task.omitted[:5])) + (", ..." if len(task.omitted) > 5 else "")  # noqa: PLR2004
        what = "line" if task.data.is_text else "row"
        say(f"{len(task.omitted)} rows are left out, as a value is missing: {what} {first}")
    if made.outside:
        say(f"{made.outside} rows lie outside of the range for which the model is declared")
    if made.refused:
        say(f"the model refused {made.refused} of the evaluations on the way")
    starts = len(made.fit.ends)
    if made.fit.agreeing < starts:
        say(f"{made.fit.agreeing} of {starts} starts reached the best fit")
    if made.why:
        typer.echo(f"derivatives are differences: {made.why}")


def _how(made: Calibration) -> str:
    task = made.task
    if task.file.intervals == "bootstrap":
        return f"{task.file.resamples} draws of whole groups with replacement"
    freedom = made.fit.freedom
    known = "scatter as given" if freedom is None else f"{freedom} degrees of freedom"
    return f"profile likelihood, {known}"


def _parameter_rows(made: Calibration) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for axis, value, interval in zip(made.task.axes, made.values, made.intervals, strict=True):
        subject = made.task.subject
        before = subject.start(subject.binary.description.variables[axis.name])
        tag, _ = subject.tag(axis.name)
        shown = "-" if before is None else f"{before:.5g} {tag}".strip()
        state = {"interval": "fitted"}.get(interval.state, interval.state)
        ends = (f"{interval.low:.4g}", f"{interval.high:.4g}")
        if interval.state == "not told apart":
            ends = ("-", "-")
        rows.append((axis.name, axis.unit, state, f"{value:.5g}", *ends, shown))
    return rows


def _score_row(score: Score) -> tuple[str, ...]:
    numbers = (
        score.fitted,
        score.worst,
        score.determined,
        score.by_group,
        score.by_row,
        score.replicates,
    )
    compared = "ln" if score.log else score.unit
    shown = ("-" if math.isnan(number) else f"{number:.4g}" for number in numbers)
    return (score.name, compared, str(score.count), *shown)


def _tell_open(made: Calibration) -> None:
    found = made.identifiability
    for group in found.groups:
        _tell_group(group)
    names = [axis.name for axis in made.task.axes]
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            close = found.correlations[i, j]
            if abs(close) >= 0.9 and not made.is_open(first) and not made.is_open(names[j]):  # noqa: PLR2004
                typer.echo(
                    f"{first} and {names[j]} are nearly told together: correlation {close:.3f}"
                )


def _tell_group(group: OpenGroup) -> None:
    if len(group.names) == 1:
        typer.echo(f"Of {group.names[0]} the data tell less than its bounds.")
        return
    typer.echo(f"The data cannot tell apart: {', '.join(group.names)}.")
    for known in group.known:
        spread = f"{known.deviation:.1%}" if known.product else f"{known.deviation:.3g}"
        typer.echo(
            f"  known: {known.text} = {known.value:.4g} +- {spread} (one standard deviation)"
        )


def _tell_helpful(made: Calibration) -> None:
    if not made.gains:
        return
    has_open = bool(made.identifiability.groups)
    helpful = [gain for gain in made.gains if not has_open or gain.open_bits >= 0.01]  # noqa: PLR2004
    if not helpful:
        typer.echo("No output of the model, and no input varied, would tell what is open.")
        return
    about = "what is open" if has_open else "all parameters"
    typer.echo(f"What would tell most of {about}:")
    for gain in helpful[:_HELPFUL]:
        bits = gain.open_bits if has_open else gain.bits
        typer.echo(f"  {_helpful(gain)}: {bits:.1f} bits")


def _helpful(gain: Gain) -> str:
    if gain.kind == "measure":
        return f"measure {gain.name} in each row to {gain.scatter:.2g} {gain.unit}"
    values = " and ".join(f"{value:.4g}" for value in gain.values)
    return f"repeat the rows with {gain.name} = {values} {gain.unit}"
