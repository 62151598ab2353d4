"""Inputs over time for one FMU: a CSV file, read and checked before anything runs."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from linetwin.cosim.simulation import check_inputs
from linetwin.cosim.values import given, shape_of, structural_sizes
from linetwin.errors import Problem, ScenarioError, WiringError
from linetwin.scenario.problems import Place, Problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.cosim.description import Description
    from linetwin.cosim.simulation import Inputs

_TIME: Final = "time"
_FORM: Final = "a CSV file with the column `time` (s) and one for each variable"

Row = tuple[int, list[str]]
"""A line's number in the file, and its fields."""


def read_inputs(path: Path, description: Description, start: Mapping[str, str]) -> list[Inputs]:
    """Return times (s) and the values from then on; an empty field leaves a value as it is.

    `start`: the values asked for, which may decide the sizes of arrays. Raises ScenarioError with
    file, line and column of all that does not fit the FMU.
    """
    problems = Problems()
    names, rows = _lines(path, problems)
    inputs: list[Inputs] = []
    for line, fields in rows:
        row = dict(zip(names, fields, strict=False))
        time = _time(Place(_TIME, path, line), row.pop(_TIME, ""), inputs, problems)
        if len(fields) > len(names):
            message = f"{len(fields)} fields, but {len(names)} columns are named"
            problems.add(Place("", path, line), message, _FORM)
        inputs.append((time, {name: text for name, text in row.items() if text}))
    problems.check()
    try:
        check_inputs(description, inputs)
    except WiringError as error:  # names of columns: they stand at the top
        raise WiringError([replace(p, file=path, line=1) for p in error.problems]) from error
    sizes = structural_sizes(description, start)
    for (line, _), (_, row) in zip(rows, inputs, strict=True):
        _check_values(Place("", path, line), description, sizes, row, problems)
    problems.check()
    return inputs


def _lines(path: Path, problems: Problems) -> tuple[list[str], list[Row]]:
    """Return the columns' names and the lines below; ScenarioError where these make no table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            found = [(reader.line_num, fields) for fields in reader if fields]
    except (OSError, ValueError, csv.Error) as error:
        problem = Problem(f"{path} cannot be read: {error}", "--input", _FORM)
        raise ScenarioError([problem]) from error
    names = [name.strip() for name in found[0][1]] if found else []
    twice = sorted({name for name in names if names.count(name) > 1})
    if _TIME not in names:
        problems.add(Place("--input", path, 1), f"no column `{_TIME}`", _FORM)
    elif len(names) == 1:
        problems.add(Place("--input", path, 1), f"no column beside `{_TIME}`", _FORM)
    elif len(found) == 1:
        problems.add(Place("--input", path, 1), "no line below the columns' names", _FORM)
    for name in twice:
        problems.add(Place("--input", path, 1), f"two columns are named '{name}'", "keep one")
    problems.check()
    return names, found[1:]


def _time(place: Place, text: str, before: Sequence[Inputs], problems: Problems) -> float:
    """Return the time (s) of a line; NaN, and a problem, where it is none or does not rise."""
    try:
        time = float(text)
    except ValueError:
        time = math.nan
    if not math.isfinite(time):
        problems.add(place, f"'{text}' is no time", "a number of s")
    elif before and time <= before[-1][0]:
        hint = "each line is later than the one before"
        problems.add(place, f"{time:g} s comes after {before[-1][0]:g} s", hint)
    return time


def _check_values(
    place: Place,
    description: Description,
    sizes: Mapping[str, int],
    row: Mapping[str, str],
    problems: Problems,
) -> None:
    """Note the values of a line that do not fit their variables."""
    for name, text in row.items():
        variable = description.variables[name]
        if variable.type == "Clock":  # it ticks, whatever is written
            continue
        try:
            given(variable, text, shape_of(variable, sizes))
        except ScenarioError as error:
            problems.adopt(error, place.below(name))
