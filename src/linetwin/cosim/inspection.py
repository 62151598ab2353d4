"""Looking at an FMU, ours or anybody's: what it is, whether it behaves, what it computes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from linetwin.contracts import CONTRACTS
from linetwin.cosim.behaviour import check_behaviour
from linetwin.cosim.binary import check_platform, load_binary, platform_folder, platforms
from linetwin.cosim.description import read_description
from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table
from linetwin.cosim.stepping import advance_fully, step_rule
from linetwin.cosim.wiring import check, near
from linetwin.errors import FmuError, Problem, WiringError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.description import Description, Variable

_ROUNDING = 1e-9


@dataclass(frozen=True)
class FmuInfo:
    """What `linetwin fmu info` shows; `fulfils`: kinds of process whose contract it fulfils."""

    description: Description
    platforms: tuple[str, ...]
    needed_platform: str
    fulfils: tuple[str, ...]

    @property
    def runs_here(self) -> bool:
        """Whether it has a binary for this machine."""
        return self.needed_platform in self.platforms


@dataclass(frozen=True)
class Finding:
    """One thing found wrong with an FMU: an `error` keeps it from running, a `warning` does not."""

    severity: Literal["error", "warning"]
    text: str


def info(path: Path) -> FmuInfo:
    """Return what the FMU says of itself, without loading it; WiringError where it is none."""
    description = read_description(path)
    kinds = [k for k, contract in CONTRACTS.items() if not check(description, contract)]
    return FmuInfo(
        description=description,
        platforms=tuple(platforms(description.path)),
        needed_platform=platform_folder(description.version),
        fulfils=tuple(kinds),
    )


def validate(path: Path) -> list[Finding]:
    """Return what is wrong with an FMU: its description by FMPy's rules, its behaviour by ours.

    Behaviour: it loads, instantiates, initialises with its own start values, steps to finite
    outputs, repeats itself after a reset, and continues with the same bits from a saved state.
    """
    from fmpy.validation import validate_fmu

    try:
        description = read_description(path)
        check_platform(description)
    except WiringError as error:
        return [Finding("error", str(problem)) for problem in error.problems]
    findings = [Finding("warning", text) for text in validate_fmu(str(description.path))]
    try:
        binary = load_binary(path)
        findings += [Finding("error", text) for text in check_behaviour(binary)]
    except FmuError as error:
        findings.append(Finding("error", str(error)))
    return findings


def simulate(
    path: Path,
    stop_time_s: float,
    step_s: float,
    start_values: Mapping[str, float] | None = None,
    outputs: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Simulate an FMU alone from local time 0 and return a table, a row per step.

    `start_values` and `outputs` (default: all numeric outputs) name variables of the FMU, numbers
    are in their own units; `attrs["units"]` of the table holds the units of its columns.
    Raises WiringError for an FMU or a name that is not there, FmuError where the FMU fails.
    """
    import pandas as pd

    if not (step_s > 0.0 and stop_time_s > 0.0 and math.isfinite(stop_time_s / step_s)):
        raise WiringError(f"stop time {stop_time_s:g} s and step {step_s:g} s must be positive")
    binary = load_binary(path)
    chosen = _chosen(binary.description, outputs)
    start = _start_table(binary, start_values or {})
    number = math.ceil(stop_time_s / step_s * (1.0 - _ROUNDING))
    times = [min(index * step_s, stop_time_s) for index in range(number)] + [stop_time_s]
    table = Table(Port(binary, chosen), len(times))
    rule = step_rule(binary.description, None)
    with instantiate(binary) as instance:
        instance.set(start)
        instance.initialise()
        instance.get(table, 0)
        for row in range(1, len(times)):
            advance_fully(instance, times[row - 1], times[row], rule)
            instance.get(table, row)
    columns = {variable.name: table.read(index) for index, variable in enumerate(chosen)}
    frame = pd.DataFrame({"time": times, **columns})
    frame.attrs["units"] = {"time": "s", **{v.name: v.unit or "1" for v in chosen}}
    return frame


def _chosen(description: Description, names: Sequence[str] | None) -> list[Variable]:
    if names is None:
        return [v for v in description.of("output") if v.numeric and not v.shape]
    _require(description, names, "outputs")
    return [description.variables[name] for name in names]


def _start_table(binary: Binary, values: Mapping[str, float]) -> Table:
    description = binary.description
    _require(description, values, "start")
    fixed = [n for n in values if not description.variables[n].settable]
    if fixed:
        raise WiringError([Problem("it cannot be set", key=f"start.{name}") for name in fixed])
    table = Table(Port(binary, [description.variables[name] for name in values]))
    for position, value in enumerate(values.values()):
        table.write(position, value)
    return table


def _require(
    description: Description, names: Sequence[str] | Mapping[str, float], key: str
) -> None:
    problems = [
        Problem(
            f"{description.model} has no variable '{name}'",
            key=f"{key}.{name}",
            hint=near(name, description.variables),
        )
        for name in names
        if name not in description.variables
    ]
    if problems:
        raise WiringError(problems)
