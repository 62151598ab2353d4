"""`linetwin bench`: measure on this machine."""

from __future__ import annotations

from dataclasses import asdict

import typer

from linetwin.bench import line
from linetwin.cli.printing import print_json
from linetwin.errors import Problem, ScenarioError


def bench(part: str, *, as_json: bool) -> None:
    """Measure `part` and print figures with their limits."""
    if part != "line":
        raise ScenarioError([Problem(f"nothing called '{part}' to measure", "bench", "line")])
    found = [line.measure(cells) for cells in line.CELLS]
    if as_json:
        print_json([asdict(run) for run in found])
        return
    for text in line.report(found):
        typer.echo(text)
