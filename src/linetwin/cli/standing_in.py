"""Stand-ins of a scenario: whether their files fit the processes, and who answers then."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from linetwin.contracts import CONTRACTS
from linetwin.cosim import find_fmu
from linetwin.cosim.description import read_description
from linetwin.errors import Problem, ScenarioError
from linetwin.predictors import stand_in_store
from linetwin.predictors.stand_in_card import DURATION
from linetwin.predictors.stand_in_choice import Chosen, knows, stand_in_of
from linetwin.predictors.stand_in_limits import Limits
from linetwin.predictors.stand_in_rough import rough_of, width_text
from linetwin.predictors.stand_in_store import settings_digest
from linetwin.quantities import vocabulary
from linetwin.results.display import duration

if TYPE_CHECKING:
    from collections.abc import Collection

    from linetwin.contracts import Contract, Transform
    from linetwin.predictors.stand_in_card import Regime
    from linetwin.predictors.stand_in_store import StoredStandIn
    from linetwin.scenario.resolved import ProcessConfig, Scenario, StationConfig

_AGAIN = "make it again with `linetwin surrogate stand-in`, or let the FMU answer: fidelity: fmu"


def read_stand_in(file: Path) -> StoredStandIn:
    """Read a stand-in's file, once for all stations; ScenarioError as `stand_in_store.read`."""
    return _read(file, file.stat().st_mtime_ns) if file.is_file() else stand_in_store.read(file)


@lru_cache(maxsize=32)
def _read(file: Path, changed_ns: int) -> StoredStandIn:
    del changed_ns  # a file that was written again is read again
    return stand_in_store.read(file)


def chosen(station: str, process: ProcessConfig, fmu: Transform | None) -> Chosen:
    """Return who answers for a checked process; without an FMU the stand-in does always."""
    widest = None if fmu is None else process.widest
    found = stand_in_of(read_stand_in(Path(process.stand_in)), process, station, widest)
    assert found is not None  # noqa: S101 - `stand_in_problems` has looked
    return Chosen(station, found, fmu)


def stand_in_problems(process: ProcessConfig, contract: Contract, base: Path) -> list[Problem]:
    """Return all that keeps a stand-in from answering for a process; `base`: as for its FMU."""
    if process.fidelity == "fmu":
        return []
    if contract.form != "transform":
        kinds = ", ".join(kind for kind, own in CONTRACTS.items() if own.form == "transform")
        message = f"{contract.kind} lives in line time: it has no stand-in"
        return [Problem(message, f"{process.fidelity_key}.fidelity", f"stand-ins are of {kinds}")]
    key = f"{process.fidelity_key}.stand_in"
    try:
        stored = read_stand_in(Path(process.stand_in))
    except ScenarioError as error:
        return [replace(problem, key=key) for problem in error.problems]
    reason = _misfit(stored, process, base)
    if reason:
        return [Problem(reason, key, _AGAIN, file=Path(process.stand_in))]
    return _width_problems(process, contract)


def _width_problems(process: ProcessConfig, contract: Contract) -> list[Problem]:
    """Return what is wrong with the widths of intervals up to which `auto` takes outputs."""
    problems = []
    for name, width in process.widest.items():
        key = f"{process.fidelity_key}.widest.{name}"
        if name not in contract.outputs:
            message = f"{contract.kind} answers no {name}"
            problems.append(Problem(message, key, ", ".join(contract.outputs)))
            continue
        own = vocabulary()[name]
        most = own.maximum - own.minimum
        if width > most:
            message = f"{width_text(own, width)} is wider than all that {name} can be"
            hint = f"above 0, up to {width_text(own, most)}"
            problems.append(Problem(message, key, hint))
    return problems


def _misfit(stored: StoredStandIn, process: ProcessConfig, base: Path) -> str:
    """Return why a file does not stand in for a process; "" where it does."""
    card = stored.card
    if card.process != process.kind:
        return f"stands in for {card.process}, not for {process.kind}"
    description = read_description(find_fmu(process.model, base))
    if description.token != card.token:
        return f"was made for another build of {card.model}, not for this one of {description.name}"
    if not knows(stored, process):
        where = ", ".join(sorted({regime.station for regime in card.regimes}))
        return f"knows no {process.kind} with these parameters; it was recorded at {where}"
    return ""


def known_alone(scenario: Scenario) -> list[str]:
    """Say what is to be known of stand-ins before a run begins.

    Which times they know that answer alone, and that a run may end by them; what `auto` takes of
    them though it is told roughly; and which are named but never asked.
    """
    alone: list[str] = []
    rough: list[str] = []
    idle: dict[str, None] = {}
    for config in scenario.stations.values():
        for kind, process in config.processes.items():
            if process.fidelity == "surrogate":
                alone.append(_alone(config, kind, process))
            elif process.fidelity == "auto":
                rough += _rough(config, kind, process)
            elif process.stand_in:
                name = Path(process.stand_in).name
                text = f"{process.fidelity_key}.stand_in: {name} is not used, the FMU answers"
                idle[f"{text}; `fidelity: auto` beside it lets the stand-in answer"] = None
    if alone:
        alone.append("the first item that a stand-in alone does not know ends the run: exit code 3")
    return [*alone, *rough, *idle]


def _alone(config: StationConfig, kind: str, process: ProcessConfig) -> str:
    """Say which times a stand-in knows that answers alone, and what it does not know well."""
    file = Path(process.stand_in)
    known = _known(read_stand_in(file), process, (config.path, config.group))
    text = f"{config.path}.{kind}: {file.name} alone answers, and knows phases of "
    text += ", ".join(known.times)
    if known.left_out:
        text += f"; {known.left_out:,} of the items that it was made from it does not know"
    if known.unsure:
        text += f"; less surely than `auto` takes it, it tells {', '.join(known.unsure)}"
    return text


def _rough(config: StationConfig, kind: str, process: ProcessConfig) -> list[str]:
    """Say what `auto` takes though it is told roughly; nothing where there is nothing."""
    file = Path(process.stand_in)
    own = _regimes(read_stand_in(file), process, (config.path, config.group))
    said = rough_of(own, process.widest)
    if not said:
        return []
    text = f"{config.path}.{kind}: {file.name} tells {', '.join(said)} roughly"
    return [f"{text}; `widest` below that lets the FMU answer"]


class _Known(NamedTuple):
    """Durations in words, items of its making that it leaves out, outputs told too widely."""

    times: list[str]
    left_out: int
    unsure: list[str]


def _known(stored: StoredStandIn, process: ProcessConfig, names: tuple[str, str]) -> _Known:
    """Return what a stand-in knows of a station of this path or group."""
    times: dict[str, None] = {}
    unsure: dict[str, None] = {}
    left_out: dict[tuple[str, ...], int] = {}
    for regime in _regimes(stored, process, names):
        left_out[regime.station, str(regime.phases)] = regime.left_out
        for condition in regime.conditions:
            if condition.name == DURATION:
                times[duration(condition.value)] = None
        for each in regime.variables:
            if each.name == DURATION:
                times[f"{duration(each.low)} to {duration(each.high)}"] = None
        for output in regime.learnt:
            if Limits.of([output], process.widest).never(0)[0]:
                unsure[output.name] = None
    return _Known(list(times), sum(left_out.values()), list(unsure))


def _regimes(stored: StoredStandIn, process: ProcessConfig, names: tuple[str, str]) -> list[Regime]:
    """Return the regimes that answer at a station of this path or group."""
    wanted = settings_digest(process)
    regimes = [each for each in stored.card.regimes if each.settings == wanted]
    return [each for each in regimes if each.station in names] or regimes


def stand_ins(scenario: Scenario) -> dict[str, dict[str, str]]:
    """Return the stand-ins of a scenario by address: fidelity, file, and two SHA-256.

    `file`: its name, with as many folders before it as tell it from the others; `digest`: of its
    card, which names that of its numbers; `sha256`: of the file.
    """
    found = {
        f"{config.path}.{kind}": process
        for config in scenario.stations.values()
        for kind, process in config.processes.items()
        if process.fidelity != "fmu"
    }
    files = {Path(process.stand_in) for process in found.values()}
    return {
        address: {
            "fidelity": process.fidelity,
            "file": _apart(Path(process.stand_in), files),
            "digest": read_stand_in(Path(process.stand_in)).digest,
            "sha256": hashlib.sha256(Path(process.stand_in).read_bytes()).hexdigest(),
        }
        for address, process in found.items()
    }


def _apart(file: Path, files: Collection[Path]) -> str:
    """Return the end of a path that no other one has."""
    for count in range(1, len(file.parts)):
        own = file.parts[-count:]
        if sum(other.parts[-count:] == own for other in files) == 1:
            return "/".join(own)
    return file.as_posix()
