"""`linetwin fmu simulate`: an FMU or a group alone, its times and its table."""

from __future__ import annotations

import contextlib
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from linetwin.cli.alone import watching
from linetwin.cli.inputs import read_inputs
from linetwin.cli.printing import print_json, print_table
from linetwin.cli.ssp import opened
from linetwin.cosim import find_fmu
from linetwin.cosim.description import read_description
from linetwin.cosim.groups import is_group, read_group, simulated_group
from linetwin.cosim.groups.grid import parse_step
from linetwin.cosim.simulation import Request, simulated
from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario.units import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

STEPS = 100
"""Communication steps of a simulation that names none."""


@dataclass(frozen=True)
class Simulation:
    """What `linetwin fmu simulate` was asked for; times in s, `option`: what gave `stop`."""

    stop: float | None
    step: float | None
    start: tuple[str, ...]
    outputs: tuple[str, ...]
    csv: Path | None
    inputs: Path | None = None
    intermediate: bool = False
    option: str = "--stop"


def simulate(reference: str, request: Simulation, step_timeout: str, *, as_json: bool) -> None:
    """Run an FMU or a group alone; print or write its trajectory."""
    found = find_fmu(reference, Path.cwd() / ".")
    path, stop_s = opened(found, request.step)
    if path != found:  # what is asked for has been taken into account
        stop = request.stop if request.stop is not None else stop_s
        request = replace(request, stop=stop, step=None)
    with (
        _named_by({"stop": request.option, "step": "--step", "input": "--input"}),
        watching(path.stem, step_timeout) as watch,
        _trajectory(path, request) as frame,
        watch.elsewhere(),  # before the FMU is freed, as it may not survive that
    ):
        _show(frame, request.csv, as_json=as_json)
        sys.stdout.flush()


@contextlib.contextmanager
def _named_by(options: dict[str, str]) -> Iterator[None]:
    """Tell what is wrong by the options that gave it; what stands in a file has its own key."""
    try:
        yield
    except ScenarioError as error:
        problems = [
            p if p.file is not None else replace(p, key=options.get(p.key, p.key))
            for p in error.problems
        ]
        raise type(error)(problems) from error


def _show(frame: pd.DataFrame, csv: Path | None, *, as_json: bool) -> None:
    """Write a trajectory to a file, and print it in full or in short."""
    units = frame.attrs["units"]
    if csv is not None:
        try:
            frame.to_csv(csv, index=False)
        except OSError as error:
            problem = Problem(f"{csv} cannot be written: {error}", "--csv")
            raise ScenarioError([problem]) from error
    if as_json:
        columns = frame.astype(object).where(frame.notna(), None).to_dict("list")
        print_json({"units": units, "columns": columns})
        return
    if csv is not None:
        typer.echo(f"{len(frame)} rows in {csv}")
    else:
        headings = ("variable", "unit", "first", "lowest", "highest", "last")
        rows = [(name, units[name], *_extremes(frame[name])) for name in frame.columns[1:]]
        end = frame["time"].iloc[-1]  # an event may have ended it before its stop time
        title = f"{len(frame)} rows over {end:g} s; --csv writes them all"
        print_table(title, headings, rows, 2)
    if frame.attrs.get("steps"):
        typer.echo(frame.attrs["steps"])
    for name, time in frame.attrs.get("events", ()):
        typer.echo(f"event '{name}' at {time:.9g} s")


def _extremes(values: pd.Series) -> tuple[str, ...]:
    """Return the first, lowest, highest and last value of a column; text has no order."""
    first, last = values.iloc[0], values.iloc[-1]
    if isinstance(first, str):
        return first, "", "", last
    found = (first, values.min(), values.max(), last)
    return tuple(str(n) if isinstance(n, np.integer) else f"{n:.6g}" for n in found)


def stop_time(stop: str | None, until: str | None) -> float | None:
    """Return the stop time (s) given as `--stop` or `--until`."""
    if stop is not None and until is not None:
        raise ScenarioError([Problem("the stop time is given twice", "--until", "as --stop too")])
    return seconds(stop, "--stop") if until is None else seconds(until, "--until")


def seconds(text: str | None, option: str) -> float | None:
    """Return the stop time (s) of an option: `10`, which is in s, or `10 s`, or `1/60 s`."""
    if text is None:
        return None
    found = _seconds(text, option)
    if not 0.0 < found < math.inf:
        raise ScenarioError([Problem(f"'{text}' is no stop time", option, "more than 0 s: 10 s")])
    return found


def _seconds(text: str, option: str) -> float:
    """Return a time (s) as it is written; ScenarioError where it is none."""
    with contextlib.suppress(ValueError):
        return float(text)
    try:
        return float(parse_step(text)) if "/" in text else parse(text, vocabulary()["process_time"])
    except ScenarioError as error:
        problems = [replace(problem, key=option) for problem in error.problems]
        raise ScenarioError(problems) from error
    except ValueError as error:
        raise ScenarioError([Problem(f"'{text}' is no time", option, str(error))]) from error


@contextlib.contextmanager
def _trajectory(path: Path, request: Simulation) -> Iterator[pd.DataFrame]:
    """Give the table of a simulation, before its FMUs are ended."""
    stop, outputs = request.stop, request.outputs or None
    if is_group(path):
        start = _starts(request.start)
        if request.inputs is not None:
            raise ScenarioError([Problem("inputs over time are for one FMU alone", "--input")])
        if request.intermediate:
            raise ScenarioError([Problem("this is for one FMU alone", "--intermediate")])
        if request.step is not None:
            problem = Problem("a group steps as its file says", "--step", f"step: in {path.name}")
            raise ScenarioError([problem])
        stop = 1.0 if stop is None else stop
        with simulated_group(read_group(path), stop, start, outputs) as frame:
            yield frame
        return
    if stop is None:
        stop = _own_stop(path)
    step = request.step if request.step is not None else stop / STEPS
    values = _starts(request.start)
    inputs = []
    if request.inputs is not None:
        inputs = read_inputs(request.inputs, read_description(path), values)
    asked = Request(stop, step, values, outputs, inputs, within=request.intermediate)
    with simulated(path, asked) as frame:
        yield frame


def _own_stop(path: Path) -> float:
    """Return the stop time (s) that an FMU asks for, else 1 s."""
    stop = read_description(path).stop_time_s or 1.0
    if stop < 0.0:
        key, hint = "modelDescription.xml: DefaultExperiment", "name another with --stop"
        raise ScenarioError([Problem(f"stopTime='{stop:g}' is no end", key, hint, path)])
    return stop


_PAIR = "NAME=VALUE, in the FMU's unit, such as air_temperature=393.15"


def _starts(texts: Sequence[str]) -> dict[str, str]:
    """Return what `--start` gives, by name; ScenarioError for a name that is given twice."""
    found: dict[str, str] = {}
    problems = []
    for text in texts:
        name, value = _start(text)
        if name in found:
            both = f"'{name}' is given twice: {found[name]} and {value}"
            problems.append(Problem(both, "--start", "keep one of the two"))
        found[name] = value
    if problems:
        raise ScenarioError(problems)
    return found


def _start(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ScenarioError([Problem(f"'{text}' gives no value", "--start", _PAIR)])
    return name.strip(), value.strip()
