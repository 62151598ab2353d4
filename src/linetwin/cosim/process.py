"""From a process of a resolved scenario to the model that answers for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.binary import check_platform
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import read_description
from linetwin.cosim.groups.continuous import GroupContinuous, describe
from linetwin.cosim.groups.reading import is_group, read_group
from linetwin.cosim.library import find_fmu
from linetwin.cosim.mapping import process_map
from linetwin.cosim.transform import FmuTransform
from linetwin.cosim.units import conversion, unit_of
from linetwin.cosim.wiring import check
from linetwin.errors import Problem, WiringError
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.contracts import Contract
    from linetwin.cosim.description import Description
    from linetwin.scenario.resolved import ProcessConfig

ContinuousModel = FmuContinuous | GroupContinuous


def check_process(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> list[Problem]:
    """Return everything that keeps a process's FMU from answering; empty if it can.

    `relative_to`: the file or folder from which a path in the scenario counts. Nothing is loaded.
    """
    try:
        description = _described(find_fmu(config.model, relative_to), contract)
    except WiringError as error:
        key = ".".join(part for part in (config.key, "model") if part)
        return [
            problem if problem.file else replace(problem, key=key) for problem in error.problems
        ]
    try:
        mapping = process_map(config.map, config.fixed, config.key)
    except WiringError as error:
        return list(error.problems)
    numbers, problems = _numbers(config, description)
    return [*problems, *check(description, contract, mapping, numbers, config.key)]


def open_transform(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> FmuTransform:
    """Load the FMU of a process whose contract is a Transform; errors as `FmuTransform`."""
    fmu = find_fmu(config.model, relative_to)
    return FmuTransform(
        fmu,
        contract,
        _checked_numbers(config, read_description(fmu)),
        process_map(config.map, config.fixed, config.key),
    )


def open_continuous(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> ContinuousModel:
    """Load the FMU or the group of a process whose contract is Continuous.

    Errors as `FmuContinuous` and `GroupContinuous`.
    """
    fmu = find_fmu(config.model, relative_to)
    if is_group(fmu):
        group = read_group(fmu)
        return GroupContinuous(
            group,
            contract,
            _checked_numbers(config, describe(group)),
            process_map(config.map, config.fixed, config.key),
        )
    return FmuContinuous(
        fmu,
        contract,
        _checked_numbers(config, read_description(fmu)),
        process_map(config.map, config.fixed, config.key),
    )


def model_descriptions(config: ProcessConfig, relative_to: Path | None = None) -> list[Description]:
    """Return the descriptions of a process's FMUs: one, or those of a group's members."""
    path = find_fmu(config.model, relative_to)
    if is_group(path):
        return [member.description for member in read_group(path).members]
    return [read_description(path)]


def _described(path: Path, contract: Contract) -> Description:
    """Return what a model says of itself; WiringError where it cannot answer on this machine."""
    if not is_group(path):
        description = read_description(path)
        check_platform(description)
        return description
    if contract.form != "continuous":
        hint = f"{contract.kind} takes items through phases: an FMU does that"
        raise WiringError([Problem(f"{path.name} is a group of FMUs", hint=hint)])
    return describe(read_group(path))


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
