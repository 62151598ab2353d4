"""One FMU alone, from its own time 0: values of every type, and inputs that change on the way."""

from __future__ import annotations

import contextlib
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.binary import load_binary
from linetwin.cosim.events import Fmi3EventInstance
from linetwin.cosim.fmi3 import Fmi3Instance
from linetwin.cosim.instance import instantiate
from linetwin.cosim.limits import check_table
from linetwin.cosim.port import Port, Table
from linetwin.cosim.progress import watched
from linetwin.cosim.stepping import advance_fully, step_rule
from linetwin.cosim.values import (
    Field,
    configure,
    element_names,
    given,
    shape_of,
    structural_sizes,
)
from linetwin.cosim.wiring import near
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.instance import Instance
    from linetwin.cosim.values import Value
    from linetwin.cosim.watch import Watch

_ROUNDING: Final = 1e-9
_REAL: Final = {"Real", "Float32", "Float64"}

Inputs = tuple[float, dict[str, Any]]
"""A time (s), and the values that inputs and tunable parameters have from then on."""


@dataclass(frozen=True)
class Request:
    """What `simulate` takes; `within`: also rows for times within the steps.

    They hold the floating-point outputs that an FMI 3.0 FMU shows there (intermediate update), and
    NaN for the rest.
    """

    stop_time_s: float
    step_s: float
    start_values: Mapping[str, Value] = field(default_factory=dict)
    outputs: Sequence[str] | None = None
    inputs: Sequence[Inputs] = ()
    within: bool = False


def simulate(
    path: Path,
    stop_time_s: float,
    step_s: float,
    start_values: Mapping[str, Value] | None = None,
    outputs: Sequence[str] | None = None,
    inputs: Sequence[Inputs] = (),
) -> pd.DataFrame:
    """Simulate an FMU alone from local time 0 and return a table, a row per step.

    `start_values` and `outputs` (default: all outputs) name variables of the FMU; values are in
    their own units, or text that is read by their type. `inputs` are in order of time; a step is
    cut where one lies within it, and a row shows the values after those of its time; a triggered
    clock among them ticks. An array has a column for each element, a clock one with its ticks.
    `attrs["units"]` holds the units of the columns.
    Raises WiringError for an FMU, a name or a value that does not fit, FmuError where it fails.
    """
    request = Request(stop_time_s, step_s, start_values or {}, outputs, inputs)
    with simulated(path, request) as frame:
        return frame


@contextlib.contextmanager
def simulated(path: Path, request: Request) -> Iterator[pd.DataFrame]:
    """Simulate as `simulate` does, and end the FMU only when the block is left.

    So the table is not lost with an FMU that does not survive its end.
    """
    binary = load_binary(path)
    asked = _asked(binary.description, request)
    times = _times(binary.description, request, asked)
    with instantiate(binary, watched=request.within) as instance:
        frame = _run(instance, asked, times)
        watch = instance.watch if isinstance(instance, Fmi3Instance) else None
        yield frame if watch is None else _with_points(frame, watch)


def _times(description: Description, request: Request, asked: _Asked) -> list[float]:
    """Return the times of the rows (s).

    WiringError where there are none, too many, or such as the FMU's fixed step does not reach.
    """
    stop_time_s, step_s = request.stop_time_s, request.step_s
    problems = [
        Problem(f"{time:g} s is not positive and finite", name, "more than 0 s")
        for name, time in (("stop", stop_time_s), ("step", step_s))
        if not 0.0 < time < math.inf
    ]
    if problems:
        raise WiringError(problems)
    columns = sum(math.prod(shape_of(variable, asked.sizes)) for variable in asked.outputs)
    check_table(stop_time_s, step_s, columns + 1)
    _check_fixed(description, request, asked)
    number = math.ceil(stop_time_s / step_s * (1.0 - _ROUNDING))
    return [min(index * step_s, stop_time_s) for index in range(number)] + [stop_time_s]


def _check_fixed(description: Description, request: Request, asked: _Asked) -> None:
    """Refuse times that are no whole number of the only step that the FMU takes."""
    rule = step_rule(description, None)
    stop, step = request.stop_time_s, min(request.step_s, request.stop_time_s)
    times = [("stop", stop), ("step", step), *(("input", time) for time, _ in asked.inputs)]
    problems = [
        Problem(
            f"{time:g} s is no whole number of steps",
            key,
            f"{description.name} takes only steps of {rule.longest_s:g} s",
        )
        for key, time in times
        if not rule.reaches(time)
    ]
    if problems:
        raise WiringError(problems)


def _run(instance: Instance, asked: _Asked, times: list[float]) -> pd.DataFrame:
    """Take a new instance through all times."""
    drive, progress = _Drive(instance, asked), watched()
    progress.doing = lambda: f"{drive.doing} at {instance.time:g} s"
    configure(instance, asked.structural)
    recorder = _Recorder(instance, asked, len(times))
    progress.points = lambda: recorder.rows
    drive.begin()
    drive.read(recorder, 0)
    for row in range(1, len(times)):
        drive.go(times[row - 1], times[row])
        drive.read(recorder, row)
    return recorder.frame(times)


def _with_points(frame: pd.DataFrame, watch: Watch) -> pd.DataFrame:
    """Add rows for what was seen within the steps; communication points keep their own."""
    import pandas as pd

    known = set(frame["time"])
    names = [variable.name for variable in watch.variables]
    points = [
        {"time": time, **dict(zip(names, values, strict=True))}
        for time, values in watch.points
        if time not in known
    ]
    if not points:
        return frame
    seen = pd.DataFrame(points)[[name for name in frame.columns if name in {"time", *names}]]
    kinds = {"i": "Int64", "u": "UInt64"}  # which may be missing, and are not made floats by that
    exact = {name: kinds[kind.kind] for name, kind in frame.dtypes.items() if kind.kind in kinds}
    joined = pd.concat([frame.astype(exact), seen]).sort_values(
        "time", kind="stable", ignore_index=True
    )
    joined.attrs = frame.attrs
    return joined


@dataclass(frozen=True)
class _Asked:
    """A request that has been checked: what is set before the start, then, and what is shown."""

    structural: dict[str, Value]
    start: dict[str, Value]
    sizes: dict[str, int]
    outputs: list[Variable]
    inputs: list[Inputs] = field(default_factory=list)


def _asked(description: Description, request: Request) -> _Asked:
    """Check names and times; WiringError with what is wrong."""
    values, outputs, inputs = request.start_values, request.outputs, request.inputs
    _require(description, values, "start")
    variables = description.variables
    structural = {n: v for n, v in values.items() if _structural(variables[n])}
    start = {n: v for n, v in values.items() if n not in structural}
    fixed = [name for name in start if not variables[name].settable]
    if fixed:
        raise WiringError([Problem("it cannot be set", key=f"start.{name}") for name in fixed])
    check_inputs(description, inputs)
    early = [row for row in inputs if row[0] <= 0.0]
    for _, row in early:
        start |= row
    if outputs is not None:
        _require(description, outputs, "outputs")
        chosen = [variables[name] for name in outputs]
    else:
        chosen = description.of("output")
    sizes = structural_sizes(description, structural)
    for name, value in start.items():
        if variables[name].type != "Clock":
            given(variables[name], value, shape_of(variables[name], sizes))
    return _Asked(structural, start, sizes, chosen, list(inputs[len(early) :]))


def _structural(variable: Variable) -> bool:
    return variable.causality == "structuralParameter"


def check_inputs(description: Description, inputs: Sequence[Inputs]) -> None:
    """Refuse what may not change in a simulation, and times that do not rise, by WiringError."""
    times = [time for time, _ in inputs]
    if any(later <= earlier for earlier, later in itertools.pairwise(times)):
        raise WiringError([Problem("the times do not rise", key="input")])
    names = {name for _, row in inputs for name in row}
    _require(description, sorted(names), "input")
    problems = []
    for name in sorted(names):
        variable = description.variables[name]
        clock = description.clocks.get(name)
        if clock is not None and clock.kind != "triggered":
            hint = "a triggered one can be made to tick"
            problems.append(Problem("a clock that ticks by itself", f"input.{name}", hint))
        elif variable.causality != "input" and variable.variability != "tunable":
            what = f"a {variable.variability} {variable.causality}"
            hint = "inputs and tunable parameters can"
            problems.append(Problem(f"{what} cannot change", key=f"input.{name}", hint=hint))
    if problems:
        raise WiringError(problems)


def _require(description: Description, names: Iterable[str], key: str) -> None:
    problems = [
        Problem(
            f"{description.name} has no variable '{name}'",
            key=f"{key}.{name}",
            hint=near(name, description.variables),
        )
        for name in names
        if name not in description.variables
    ]
    if problems:
        raise WiringError(problems)


class _Drive:
    """Takes an instance through its time, and sets what changes; `doing`: what it is at."""

    def __init__(self, instance: Instance, asked: _Asked) -> None:
        self._instance = instance
        self._asked = asked
        self._rule = step_rule(instance.binary.description, None)
        self._left = list(reversed(asked.inputs))
        self.doing = "setting"

    def begin(self) -> None:
        """Set the start values and initialise."""
        self._set(self._asked.start)
        self._instance.initialise()

    def go(self, begin: float, end: float) -> None:
        """Step from `begin` to `end` (s), and set the inputs of the times after `begin`."""
        self.doing = "the step"
        at = begin
        while self._left and self._left[-1][0] <= end * (1.0 + _ROUNDING):
            time, row = self._left.pop()
            time = min(time, end)
            advance_fully(self._instance, at, time, self._rule)
            self.doing = "setting"
            self._set(row)
            self._instance.settle()
            self.doing = "the step"
            at = time
        advance_fully(self._instance, at, end, self._rule)

    def read(self, recorder: _Recorder, row: int) -> None:
        """Read all outputs into a row."""
        self.doing = "reading"
        recorder.take(row)

    def _set(self, values: Mapping[str, Value]) -> None:
        variables = self._instance.binary.description.variables
        for name, value in values.items():
            variable = variables[name]
            if isinstance(self._instance, Fmi3EventInstance) and variable.type == "Clock":
                self._instance.activate(name)
            else:
                Field(self._instance, variable, self._asked.sizes).write(value)


class _Recorder:
    """The columns of the outputs: scalar numbers by table, the rest one by one."""

    def __init__(self, instance: Instance, asked: _Asked, rows: int) -> None:
        self._instance = instance
        self._asked = asked
        self.rows = 0
        plain = [v for v in asked.outputs if v.numeric and not v.shape]
        self._table = Table(Port(instance.binary, plain), rows)
        self._places = {variable.name: index for index, variable in enumerate(plain)}
        clocks = [v.name for v in asked.outputs if v.type == "Clock"]
        self._ticks: dict[str, list[int]] = {name: [] for name in clocks}
        known = {*self._places, *clocks}
        others = [v for v in asked.outputs if v.name not in known]
        self._fields = [Field(instance, variable, asked.sizes) for variable in others]
        self._values: dict[str, list[list[Any]]] = {f.variable.name: [] for f in self._fields}

    def take(self, row: int) -> None:
        """Read all outputs into a row; rows come in order."""
        self.rows = row
        self._instance.get(self._table, row)
        self._instance.check_values(list(self._places), self._table.row(row))
        for found in self._fields:
            elements = found.read()
            self._values[found.variable.name].append(elements)
            if found.variable.type in _REAL:
                self._instance.check_values(found.names, elements)
        if self._ticks and isinstance(self._instance, Fmi3EventInstance):
            for name, counts in self._ticks.items():
                counts.append(self._instance.ticks[name])

    def frame(self, times: list[float]) -> pd.DataFrame:
        """Return the table: whole numbers as such, true as 1, bytes as hexadecimal digits."""
        import pandas as pd

        columns: dict[str, Any] = {"time": times}
        units = {"time": "s"}
        for variable in self._asked.outputs:
            names = element_names(variable, self._asked.sizes)
            units |= dict.fromkeys(names, variable.unit or "1")
            place = self._places.get(variable.name)
            if place is not None:
                columns[names[0]] = self._table.read_exactly(place)
                continue
            if variable.name in self._ticks:
                columns[variable.name] = self._ticks[variable.name]
                continue
            rows = self._values[variable.name]
            for index, name in enumerate(names):
                columns[name] = [_shown(elements[index]) for elements in rows]
        frame = pd.DataFrame(columns)
        frame.attrs["units"] = units
        return frame


def _shown(value: Any) -> Any:  # noqa: ANN401 - an element of any type
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if isinstance(value, bool) else value
