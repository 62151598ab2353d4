"""From a process of a resolved scenario to the model that answers for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from linetwin.cosim.binary import check_platform
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import read_description
from linetwin.cosim.groups.alone import group_of_one, uses_elements
from linetwin.cosim.groups.continuous import GroupContinuous, describe
from linetwin.cosim.groups.reading import is_group, read_group
from linetwin.cosim.groups.seeking import event_problems
from linetwin.cosim.isolated.models import IsolatedContinuous, IsolatedTransform, Opening
from linetwin.cosim.library import find_fmu
from linetwin.cosim.mapping import process_map
from linetwin.cosim.transform import FmuTransform
from linetwin.cosim.units import conversion, unit_of
from linetwin.cosim.wiring import check, wire
from linetwin.errors import Problem, WiringError
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from linetwin.contracts import Contract
    from linetwin.cosim.description import Description
    from linetwin.cosim.mapping import ProcessMap
    from linetwin.scenario.resolved import ProcessConfig

LoadedContinuous = FmuContinuous | GroupContinuous
ContinuousModel = LoadedContinuous | IsolatedContinuous
TransformModel = FmuTransform | IsolatedTransform

ISOLATED_TIMEOUT_S: Final = 60.0
"""How long a call of a model in a process of its own may take, where nobody says otherwise."""
WATCHDOG_S: Final = 600.0
"""The same of a model in the line's process, where giving up ends the run."""


def check_process(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> list[Problem]:
    """Return everything that keeps a process's FMU from answering; empty if it can.

    `relative_to`: the file or folder from which a path in the scenario counts. Nothing is loaded.
    """
    try:
        mapping = process_map(config.map, config.fixed, config.key)
    except WiringError as error:
        return list(error.problems)
    try:
        description, mapping = _described(find_fmu(config.model, relative_to), contract, mapping)
    except WiringError as error:
        key = ".".join(part for part in (config.key, "model") if part)
        return [
            problem if problem.file else replace(problem, key=key) for problem in error.problems
        ]
    numbers, problems = _numbers(config, description)
    problems += _event_problems(config, relative_to)
    return [*problems, *check(description, contract, mapping, numbers, config.key)]


def open_transform(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> TransformModel:
    """Load the FMU of a process whose contract is a Transform; errors as `FmuTransform`.

    Where it is isolated it is loaded in a process of its own, and nothing of it in this one.
    """
    found = opening(config, contract, relative_to)
    if config.isolate:
        return IsolatedTransform(_checked_name(found), found)
    return make_transform(found.fmu, contract, found.parameters, found.mapping)


def open_continuous(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> ContinuousModel:
    """Load the FMU or the group of a process whose contract is Continuous.

    Errors as `FmuContinuous` and `GroupContinuous`; isolated as `open_transform`.
    """
    found = opening(config, contract, relative_to)
    if config.isolate:
        return IsolatedContinuous(_checked_name(found), found)
    return make_continuous(found.fmu, contract, found.parameters, found.mapping, config.events)


def make_transform(
    fmu: Path, contract: Contract, parameters: Mapping[str, float], mapping: ProcessMap
) -> FmuTransform:
    """Load an FMU in this process; errors as `FmuTransform`."""
    return FmuTransform(fmu, contract, parameters, mapping)


def make_continuous(
    fmu: Path,
    contract: Contract,
    parameters: Mapping[str, float],
    mapping: ProcessMap,
    events: Collection[str] = (),
) -> LoadedContinuous:
    """Load an FMU or a group in this process; errors as `FmuContinuous` and `GroupContinuous`."""
    if is_group(fmu):
        return GroupContinuous(read_group(fmu), contract, parameters, mapping, events)
    description = read_description(fmu)
    if uses_elements(description, mapping):
        group, mapping = group_of_one(description, mapping)
        return GroupContinuous(group, contract, parameters, mapping)
    return FmuContinuous(fmu, contract, parameters, mapping)


def step_timeout(config: ProcessConfig) -> float:
    """Return how long a call of a process's model may take (s)."""
    if config.step_timeout_s is not None:
        return config.step_timeout_s
    return ISOLATED_TIMEOUT_S if config.isolate else WATCHDOG_S


def opening(config: ProcessConfig, contract: Contract, relative_to: Path | None = None) -> Opening:
    """Return what the model of a process is made of; WiringError for parameters that do not fit."""
    fmu = find_fmu(config.model, relative_to)
    mapping = process_map(config.map, config.fixed, config.key)
    described, _ = _described(fmu, contract, mapping, check=False)
    numbers = _checked_numbers(config, described)
    return Opening(fmu, contract, numbers, mapping, step_timeout(config), tuple(config.events))


def _checked_name(found: Opening) -> str:
    """Return the model's name; WiringError where it cannot answer, before a process is started."""
    described, mapping = _described(found.fmu, found.contract, found.mapping)
    wire(described, found.contract, mapping, found.parameters)
    return described.name


def model_descriptions(config: ProcessConfig, relative_to: Path | None = None) -> list[Description]:
    """Return the descriptions of a process's FMUs: one, or those of a group's members."""
    path = find_fmu(config.model, relative_to)
    if is_group(path):
        return [member.description for member in read_group(path).members]
    return [read_description(path)]


def _described(
    path: Path, contract: Contract, mapping: ProcessMap, *, check: bool = True
) -> tuple[Description, ProcessMap]:
    """Return what a model says of itself, and the mapping onto that.

    Raises WiringError where it cannot answer on this machine, which is looked at with `check`.
    """
    if not is_group(path):
        description = read_description(path)
        if check:
            check_platform(description)
        if contract.form == "continuous" and uses_elements(description, mapping):
            group, mapping = group_of_one(description, mapping)
            description = describe(group)
        return description, mapping
    if contract.form != "continuous":
        hint = f"{contract.kind} takes items through phases: an FMU does that"
        raise WiringError([Problem(f"{path.name} is a group of FMUs", hint=hint)])
    return describe(read_group(path)), mapping


def _event_problems(config: ProcessConfig, relative_to: Path | None) -> list[Problem]:
    """Return what keeps the line from being woken at a model's events."""
    if not config.events:
        return []
    path = find_fmu(config.model, relative_to)
    group = read_group(path) if is_group(path) else None
    return list(event_problems(group, config.events, config.key))


def _checked_numbers(config: ProcessConfig, description: Description) -> dict[str, float]:
    numbers, problems = _numbers(config, description)
    if problems:
        raise WiringError(problems)
    return numbers


def _numbers(
    config: ProcessConfig, description: Description
) -> tuple[dict[str, float], list[Problem]]:
    """Return the parameters as `check` takes them, and what is wrong with their units.

    A value without a unit counts in the FMU's own, or in the quantity's canonical one where the
    parameter bears a quantity's name; a value with a unit is converted to that.
    """
    words = vocabulary()
    numbers: dict[str, float] = {}
    problems: list[Problem] = []
    for name, value in config.parameters.items():
        numbers[name] = value.number
        variable = description.variables.get(name)
        if not value.unit or variable is None:
            continue
        try:
            target = unit_of(variable, description.units, None)
            if name in words:
                target = parse_unit(words[name].unit)
            affine = conversion(parse_unit(value.unit), target)
        except ValueError as error:
            key = ".".join(part for part in (config.key, "parameters", name) if part)
            wanted = f"a value in {variable.unit or '1'}"
            problems.append(Problem(f"wrong unit: {error}", key=key, hint=wanted))
        else:
            numbers[name] = affine.factor * value.number + affine.offset
    return numbers, problems
