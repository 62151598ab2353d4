"""`linetwin bench`: measure on this machine."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import typer

from linetwin.bench import cosim, feed, line, rows, twin, week
from linetwin.cli.printing import print_json
from linetwin.errors import Problem, ScenarioError

LIMIT_EXIT = 1
"""Something was slower, or farther off, than its limit."""


def bench(part: str, *, as_json: bool) -> None:
    """Measure `part` and print figures with their limits, each as soon as it is there."""
    others = {
        "week": _week,
        "rows": _rows,
        "cosim": _cosim,
        "feed": _feed,
        "twin": _twin,
        "aas": _aas,
        "study": _study,
        "causes": _causes,
        "surrogate": _surrogate,
    }
    if part in others:
        others[part](as_json=as_json)
        return
    if part != "line":
        hint = ", ".join(["line", *others])
        raise ScenarioError([Problem(f"nothing called '{part}' to measure", "bench", hint)])
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
    _print_verdicts(verdicts)


def _week(*, as_json: bool) -> None:
    """Measure a week of the gigafactory."""
    machine, found = line.machine(), week.measure()
    verdicts = week.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, "runs": [asdict(found)], "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{week.describe(found)}")
    _print_verdicts(verdicts)


def _cosim(*, as_json: bool) -> None:
    """Measure our groups beside a bare loop in C and other masters."""
    machine, found = line.machine(), cosim.measure()
    verdicts = cosim.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, **asdict(found), "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{cosim.describe(found)}")
    _print_verdicts(verdicts)


def _rows(*, as_json: bool) -> None:
    """Measure the compiled row loop beside a bare one and Python's."""
    machine, found = line.machine(), rows.measure()
    verdicts = rows.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        models = [asdict(rate) for rate in found]
        print_json({"machine": machine, "models": models, "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{rows.describe(found)}")
    _print_verdicts(verdicts)


def _feed(*, as_json: bool) -> None:
    """Measure what a change of a value costs on its way from a server to the engine."""
    machine, found = line.machine(), feed.measure()
    verdicts = feed.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, **asdict(found), "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{feed.describe(found)}")
    _print_verdicts(verdicts)


def _twin(*, as_json: bool) -> None:
    """Follow a plant for a month, and tell each day as it passes."""
    machine = line.machine()
    found = twin.measure(tell=lambda day: typer.echo(day, err=True))
    verdicts = twin.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, **asdict(found), "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{twin.describe(found)}")
    _print_verdicts(verdicts)


def _aas(*, as_json: bool) -> None:
    """Measure describing, writing and reading shells beside basyx alone."""
    from linetwin.bench import aas  # basyx, which no other bench needs

    machine, found = line.machine(), aas.measure()
    verdicts = aas.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, **asdict(found), "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{aas.describe_figures(found)}")
    _print_verdicts(verdicts)


def _study(*, as_json: bool) -> None:
    """Measure what a study adds to its runs, and what a second core gives."""
    from linetwin.bench import study  # Dask, which no other bench needs

    machine, found = line.machine(), study.measure()
    verdicts = study.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, **asdict(found), "limits": limits})
        return
    typer.echo(f"machine: {machine}\n{study.describe(found)}")
    _print_verdicts(verdicts)


def _surrogate(*, as_json: bool) -> None:
    """Measure compact predictors, and tell each part as it begins."""
    from linetwin.bench import surrogate  # scikit-learn, which no other bench needs

    machine = line.machine()
    found = surrogate.measure(tell=lambda part: typer.echo(part, err=True))
    verdicts = surrogate.verdicts(found)
    if as_json:
        limits = {name: {"value": value, "limit": most} for name, (value, most) in verdicts.items()}
        print_json({"machine": machine, **asdict(found), "limits": limits})
    else:
        typer.echo(f"machine: {machine}\n{surrogate.describe(found)}")
        _print_verdicts(verdicts)
    if any(value > most for value, most in verdicts.values()):
        sys.exit(LIMIT_EXIT)


def _causes(*, as_json: bool) -> None:
    """Hide causes in runs, name what is wrong in each, and tell how often that was right."""
    from linetwin.bench import causes  # scikit-learn, which no other bench needs

    found = causes.measure(Path(causes.FOLDER), lambda text: typer.echo(text, err=True))
    if as_json:
        print_json(found.content())
        return
    for text in causes.described(found):
        typer.echo(text)


def _print_verdicts(verdicts: dict[str, tuple[float, float]]) -> None:
    for name, (value, most) in verdicts.items():
        typer.echo(f"{name}: {value:.2f} of {most:g} {'(met)' if value <= most else '(NOT met)'}")
