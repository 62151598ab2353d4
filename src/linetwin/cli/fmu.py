"""`linetwin fmu`: the model library, and anybody's FMU."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

import linetwin
from linetwin.cosim import find_fmu, inspection
from linetwin.errors import Problem, ScenarioError


@dataclass(frozen=True)
class Simulation:
    """What `linetwin fmu simulate` was asked for; times in s."""

    stop: float | None
    step: float | None
    start: tuple[str, ...]
    outputs: tuple[str, ...]
    csv: Path | None


def build(
    names: list[str] | None, models: Path | None, output: Path | None, *, all_platforms: bool
) -> None:
    """Build the FMUs of a model library."""
    package = Path(linetwin.__file__).resolve().parent
    library = models or package.parents[1] / "fmus"
    if not library.is_dir():
        problem = Problem(
            f"no model library at {library}", "--models", "a folder with <name>/model.py"
        )
        raise ScenarioError([problem])
    try:
        from linetwin.authoring.build import build_library
    except ModuleNotFoundError as error:
        problem = Problem(
            f"{error.name} is not installed", "fmu build", "pip install linetwin[fmu]"
        )
        raise ScenarioError([problem]) from error
    targets = ("all",) if all_platforms else ("host",)
    files = build_library(
        library, output or package / "_fmus", names or None, targets, progress=typer.echo
    )
    typer.echo(f"{len(files)} FMUs are current in {output or package / '_fmus'}")


def info(reference: str, *, as_json: bool) -> None:
    """Print what an FMU says of itself."""
    found = inspection.info(find_fmu(reference, Path.cwd() / "."))
    description = found.description
    if as_json:
        variables = [
            {"name": v.name, "causality": v.causality, "unit": v.unit, "start": v.start}
            for v in description.variables.values()
        ]
        content = {
            "model": description.model,
            "fmi_version": description.version,
            "platforms": found.platforms,
            "runs_here": found.runs_here,
            "fulfils": found.fulfils,
            "variables": variables,
        }
        typer.echo(json.dumps(content, default=str))
        return
    typer.echo(f"{description.model}: FMI {description.version} co-simulation")
    typer.echo(f"  platforms  {', '.join(found.platforms) or 'none'}")
    typer.echo(f"  runs here  {'yes' if found.runs_here else 'no: needs ' + found.needed_platform}")
    typer.echo(f"  fulfils    {', '.join(found.fulfils) or 'no contract by its own names'}")
    table = Table(box=None)
    for heading in ("variable", "causality", "unit", "start", "tag", "source"):
        table.add_column(heading)
    evidence = description.evidence.get("variables", {})
    for variable in description.variables.values():
        about = evidence.get(variable.name, {})
        start = "" if variable.start is None else f"{variable.start}"
        table.add_row(
            variable.name,
            variable.causality,
            variable.unit or "1",
            start,
            about.get("tag", ""),
            about.get("source", ""),
        )
    Console().print(table)


def validate(reference: str, *, as_json: bool) -> None:
    """Print findings; exit code 3 where one of them keeps the FMU from running."""
    path = find_fmu(reference, Path.cwd() / ".")
    findings = inspection.validate(path)
    if as_json:
        typer.echo(json.dumps([{"severity": f.severity, "text": f.text} for f in findings]))
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.text}")
        typer.echo(
            f"{path.name}: {len(findings)} findings" if findings else f"{path.name}: no findings"
        )
    if any(finding.severity == "error" for finding in findings):
        sys.exit(3)


def simulate(reference: str, request: Simulation, *, as_json: bool) -> None:
    """Run an FMU alone; print or write its trajectory."""
    stop = request.stop if request.stop is not None else 1.0
    step = request.step if request.step is not None else stop / 100
    frame = inspection.simulate(
        find_fmu(reference, Path.cwd() / "."),
        stop,
        step,
        dict(_start(text) for text in request.start),
        request.outputs or None,
    )
    if request.csv is not None:
        frame.to_csv(request.csv, index=False)
        typer.echo(f"{len(frame)} rows in {request.csv}")
    elif as_json:
        typer.echo(json.dumps({"units": frame.attrs["units"], "columns": frame.to_dict("list")}))
    else:
        table = Table(title=f"{len(frame)} rows over {stop:g} s; --csv writes them all", box=None)
        for heading in ("variable", "unit", "first", "lowest", "highest", "last"):
            table.add_column(
                heading, justify="left" if heading in ("variable", "unit") else "right"
            )
        for name in frame.columns[1:]:
            values = frame[name]
            numbers = (values.iloc[0], values.min(), values.max(), values.iloc[-1])
            table.add_row(
                name, frame.attrs["units"][name], *(f"{number:.6g}" for number in numbers)
            )
        Console().print(table)


def _start(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        return name.strip(), float(value) if equals else float("nan")
    except ValueError as error:
        problem = Problem(
            f"'{value}' is not a number", f"--start {name}", "NAME=VALUE in the FMU's unit"
        )
        raise ScenarioError([problem]) from error
