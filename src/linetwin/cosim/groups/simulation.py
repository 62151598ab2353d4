"""Running a group alone, from its start, with a row for each communication point."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

from linetwin.cosim.groups.course import NANOSECONDS
from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.group import FmuGroup
from linetwin.cosim.groups.reading import read_group
from linetwin.cosim.groups.valuing import own_number
from linetwin.cosim.inspection import Finding
from linetwin.cosim.limits import check_table, not_taken
from linetwin.cosim.progress import watched
from linetwin.cosim.wiring import near
from linetwin.errors import FmuError, Problem, ScenarioError, WiringError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.groups.recorder import Recorder
    from linetwin.cosim.groups.written import Amount


def simulate_group(
    group: Group,
    stop_time_s: float,
    start_values: Mapping[str, Amount] | None = None,
    outputs: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Simulate a group alone and return a table, a row per communication point.

    `start_values`: the group's inputs, or `member.variable`. `outputs`: the group's outputs (its
    default, or all outputs of its members where it has none), or `member.variable`. Numbers are in
    the variables' own units, text as in a group file; `attrs["units"]` of the table holds those of
    its columns, `attrs["steps"]` says how many steps a group took that chooses them,
    `attrs["events"]` the names and times (s) of its events; where one stops it, the table ends.
    Raises WiringError for a name that is not there or a time of no whole ticks, FmuError where a
    member fails.
    """
    with simulated_group(group, stop_time_s, start_values, outputs) as frame:
        return frame


@contextlib.contextmanager
def simulated_group(
    group: Group,
    stop_time_s: float,
    start_values: Mapping[str, Amount] | None = None,
    outputs: Sequence[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Simulate as `simulate_group` does, and end the members only when the block is left.

    So the table is not lost with a member that does not survive its end.
    """
    ticks = round(stop_time_s * TICKS_PER_SECOND) if math.isfinite(stop_time_s) else 0
    if ticks <= 0 or abs(ticks - stop_time_s * TICKS_PER_SECOND) > 1e-6 * ticks:
        hint = "more than 0 s, in whole ms"
        raise WiringError([Problem(f"a group cannot stop at {stop_time_s:g} s", "stop", hint)])
    columns = _columns(group, outputs)
    check_table(stop_time_s, _longest_s(group), len(columns) + 1)
    inputs, values = _start(group, start_values or {})
    progress = watched()
    progress.name = group.name
    running = FmuGroup(group, list(dict.fromkeys(columns.values())))
    recorder = running.recorder
    if recorder is None:
        raise WiringError([Problem(f"{group.name} has nothing to record", "outputs")])
    progress.points, progress.under_way = running.points, running.under_way
    progress.doing = lambda: _doing(running, recorder)
    try:
        running.start(0, inputs, values)
        running.advance(ticks, {})
        counts, happenings = running.counts, running.happenings
        frame = _table(group, columns, recorder)
        frame.attrs["steps"] = str(counts) if counts else ""
        frame.attrs["events"] = [tuple(happening) for happening in happenings]
        yield frame
    finally:
        running.close()


def _doing(running: FmuGroup, recorder: Recorder) -> str:
    """Return from which point members step; setting and reading belong to a step."""
    rows = running.points()
    return f"the step at {recorder.times[rows - 1]:g} s" if rows else "starting"


def _longest_s(group: Group) -> float:
    """Return the longest time between two rows (s)."""
    adaptive = group.course.adaptive
    return float(group.step) if adaptive is None else adaptive.most_ns / NANOSECONDS


def _table(group: Group, columns: Mapping[str, Terminal], recorder: Recorder) -> pd.DataFrame:
    """Return what was recorded, with the units of the columns."""
    import pandas as pd

    found = recorder.columns()
    times = recorder.times[: recorder.rows].copy()
    data = {name: found[str(terminal)] for name, terminal in columns.items()}
    frame = pd.DataFrame({"time": times, **data})
    units = {name: _unit(group, terminal) for name, terminal in columns.items()}
    frame.attrs["units"] = {"time": "s", **units}
    return frame


def group_findings(path: Path) -> list[Finding]:
    """Return what keeps a group from running: its file's problems, and how its FMUs behave.

    The group is started with its own values and stepped to three communication points; from a
    saved state it has to go on with the same bits.
    """
    try:
        group = read_group(path)
    except WiringError as error:
        return [Finding("error", str(problem)) for problem in error.problems]
    progress = watched()
    progress.name = group.name
    running = FmuGroup(group)
    progress.under_way = running.under_way
    ticks = [math.ceil(k * group.step * TICKS_PER_SECOND) for k in (1, 3)]
    try:
        progress.doing = lambda: "starting"
        running.start(0, {})
        progress.doing = lambda: "the first step"
        running.advance(ticks[0], {})
        unable = running.unable_to_save()
        if unable:
            return [Finding("warning", f"{name} cannot save its state") for name in unable]
        progress.doing = lambda: "saving, or the second or third step"
        state = running.save()
        running.advance(ticks[1], {})
        expected = running.save()
        progress.doing = lambda: "restoring, or the second or third step"
        running.restore(state)
        running.advance(ticks[1], {})
        if running.save() != expected:
            return [Finding("error", "from a saved state it goes on with other values")]
    except FmuError as error:
        return [Finding("error", str(error))]
    finally:
        running.close()
    return []


def _unit(group: Group, terminal: Terminal) -> str:
    return group.variable(terminal).unit or "1"


def _columns(group: Group, outputs: Sequence[str] | None) -> dict[str, Terminal]:
    """Return what to record by column name; WiringError for names that are not there."""
    numbers = {name: found for name, found in group.outputs.items() if found.variable.numeric}
    own = {name: found.source for name, found in numbers.items()}
    inner = {
        f"{member.name}.{variable.name}": Terminal(member.name, variable.name)
        for member in group.members
        for variable in member.variables.values()
        if variable.causality in {"output", "local"} and variable.numeric and not variable.shape
    }
    if outputs is None:
        shown = {str(t): t for t in inner.values() if _causality(group, t) == "output"}
        return own or shown
    known = {**inner, **own}
    _refuse(group, [name for name in outputs if name not in known], known, "output")
    return {name: known[name] for name in outputs}


def _causality(group: Group, terminal: Terminal) -> str:
    return group.variable(terminal).causality


def _start(
    group: Group, values: Mapping[str, Amount]
) -> tuple[dict[str, float], dict[Terminal, float]]:
    """Return start values for the group's inputs, and for variables of its members."""
    joined = {connection.target for connection in group.connections}
    joined |= {target for taken in group.inputs.values() for target, _ in taken.targets}
    known = {
        str(terminal): terminal
        for member in group.members
        for variable in member.variables.values()
        if variable.settable and variable.numeric and not variable.shape
        if variable.causality != "structuralParameter"
        if (terminal := Terminal(member.name, variable.name)) not in joined
    } | dict(group.parameters)
    _refuse(group, [n for n in values if n not in {**known, **group.inputs}], known, "start value")
    problems = _twice(group, [name for name in values if name in known], known)
    numbers = {}
    for name, amount in values.items():
        try:
            numbers[name] = _number(group, name, known.get(name), amount)
        except (ScenarioError, ValueError) as error:
            problems.append(Problem(f"'{amount}': {error}", f"start.{name}", file=group.file))
    given = [(known[name], number) for name, number in numbers.items() if name in known]
    given += [
        (target, affine.factor * number + affine.offset)
        for name, number in numbers.items()
        if name in group.inputs
        for target, affine in group.inputs[name].targets
    ]
    problems += _unfit(group, given)
    if problems:
        raise WiringError(problems)
    inputs = {name: number for name, number in numbers.items() if name in group.inputs}
    return inputs, {known[name]: v for name, v in numbers.items() if name not in inputs}


def _twice(group: Group, names: Sequence[str], known: Mapping[str, Terminal]) -> list[Problem]:
    """Return what is wrong with names that mean one variable, by its own and as a parameter."""
    first: dict[Terminal, str] = {}
    return [
        Problem(f"it is set as '{other}' too", f"start.{name}", "keep one of the two", group.file)
        for name in names
        if (other := first.setdefault(known[name], name)) != name
    ]


def _number(group: Group, name: str, terminal: Terminal | None, amount: Amount) -> float:
    """Return a start value of a member's variable, or of the group's input where that is None."""
    first = group.inputs[name].targets[0][0] if terminal is None else terminal
    variable = group.inputs[name].variable if terminal is None else group.variable(terminal)
    return own_number(group.member(first.member).description, variable, amount)


def _unfit(group: Group, values: Sequence[tuple[Terminal, float]]) -> list[Problem]:
    """Return what is wrong with start values that types or declared ranges do not hold."""
    problems = []
    for terminal, number in values:
        variable = group.variable(terminal)
        hint = not_taken(group.member(terminal.member).description.version, variable, number)
        if hint:
            text = f"{number:.17g} does not fit {variable.type} variable '{terminal}'"
            problems.append(Problem(text, f"start.{terminal}", hint, group.file))
    return problems


def _refuse(group: Group, unknown: Sequence[str], known: Mapping[str, Terminal], what: str) -> None:
    """Refuse names that are not there; of a size of arrays, where it stands is said."""
    sizes = {
        f"{member.name}.{variable.name}": f"it decides the size of arrays: members.{member.name}"
        ".values in the file"
        for member in group.members
        for variable in member.description.of("structuralParameter")
    }
    if unknown:
        raise WiringError(
            [
                Problem(f"there is no {what} '{n}'", n, sizes.get(n) or near(n, known), group.file)
                for n in unknown
            ]
        )
