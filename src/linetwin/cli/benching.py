"""`linetwin bench`: measure on this machine."""

from __future__ import annotations

from dataclasses import asdict

import typer

from linetwin.bench import line
from linetwin.cli.printing import print_json
from linetwin.errors import Problem, ScenarioError


def bench(part: str, *, as_json: bool) -> None:
    """Measure `part` and print figures with their limits, each as soon as it is there."""
    if part != "line":
        raise ScenarioError([Problem(f"nothing called '{part}' to measure", "bench", "line")])
    machine = line.machine()
    if not as_json:
        typer.echo(f"machine: {machine}")
    found = []
    for cells in line.CELLS:
        found.append(line.measure(cells))
        if not as_json:
            typer.echo(line.describe(found[-1]))
    verdicts = line.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, "runs": [asdict(run) for run in found], "limits": limits})
        return
    for name, (value, most) in verdicts.items():
        typer.echo(f"{name}: {value:.2f} of {most:g} {'(met)' if value <= most else '(NOT met)'}")
