"""From a process of a resolved scenario to the model that answers for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.binary import check_platform
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import read_description
from linetwin.cosim.library import find_fmu
from linetwin.cosim.mapping import process_map
from linetwin.cosim.transform import FmuTransform
from linetwin.cosim.wiring import check
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.contracts import Contract
    from linetwin.scenario.resolved import ProcessConfig


def check_process(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> list[Problem]:
    """Return everything that keeps a process's FMU from answering; empty if it can.

    `relative_to`: the file or folder from which a path in the scenario counts. Nothing is loaded.
    """
    try:
        description = read_description(find_fmu(config.model, relative_to))
        check_platform(description)
    except WiringError as error:
        key = f"{config.key}.model".lstrip(".")
        return [replace(problem, key=key) for problem in error.problems]
    try:
        mapping = process_map(config.map, config.fixed, config.key)
    except WiringError as error:
        return list(error.problems)
    return check(description, contract, mapping, _numbers(config), config.key)


def open_transform(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> FmuTransform:
    """Load the FMU of a process whose contract is a Transform; errors as `FmuTransform`."""
    return FmuTransform(
        find_fmu(config.model, relative_to),
        contract,
        _numbers(config),
        process_map(config.map, config.fixed, config.key),
    )


def open_continuous(
    config: ProcessConfig, contract: Contract, relative_to: Path | None = None
) -> FmuContinuous:
    """Load the FMU of a process whose contract is Continuous; errors as `FmuContinuous`."""
    return FmuContinuous(
        find_fmu(config.model, relative_to),
        contract,
        _numbers(config),
        process_map(config.map, config.fixed, config.key),
    )


def _numbers(config: ProcessConfig) -> dict[str, float]:
    return {name: value.number for name, value in config.parameters.items()}
