"""Looking at an FMU, ours or anybody's: what it is, and whether it behaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from linetwin.contracts import CONTRACTS
from linetwin.cosim.behaviour import check_behaviour
from linetwin.cosim.binary import check_platform, load_binary, platform_folder, platforms
from linetwin.cosim.description import read_description
from linetwin.cosim.wiring import check
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.description import Description


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
