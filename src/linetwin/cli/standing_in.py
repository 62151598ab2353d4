"""Stand-ins of a scenario: whether their files fit the processes, and who answers then."""

from __future__ import annotations

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
from linetwin.predictors.stand_in_store import settings_digest
from linetwin.results.display import duration

if TYPE_CHECKING:
    from linetwin.contracts import Contract, Transform
    from linetwin.predictors.stand_in_store import StoredStandIn
    from linetwin.scenario.resolved import ProcessConfig, Scenario

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
    known = ", ".join(contract.outputs)
    return [
        Problem(
            f"{contract.kind} answers no {name}", f"{process.fidelity_key}.widest.{name}", known
        )
        for name in process.widest
        if name not in contract.outputs
    ]


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
    """Say of stand-ins that answer alone which times they know, and that a run may end by them."""
    said = []
    for config in scenario.stations.values():
        for kind, process in config.processes.items():
            if process.fidelity != "surrogate":
                continue
            file = Path(process.stand_in)
            known = _known(read_stand_in(file), process, (config.path, config.group))
            text = f"{config.path}.{kind}: {file.name} alone answers, and knows phases of "
            text += ", ".join(known.times)
            if known.left_out:
                text += f"; {known.left_out:,} of the items that it was made from it does not know"
            if known.unsure:
                text += f"; less surely than `auto` takes it, it tells {', '.join(known.unsure)}"
            said.append(text)
    if said:
        said.append("the first item that a stand-in alone does not know ends the run: exit code 3")
    return said


class _Known(NamedTuple):
    """Durations in words, items of its making that it leaves out, outputs told too widely."""

    times: list[str]
    left_out: int
    unsure: list[str]


def _known(stored: StoredStandIn, process: ProcessConfig, names: tuple[str, str]) -> _Known:
    """Return what a stand-in knows of a station of this path or group."""
    wanted = settings_digest(process)
    regimes = [each for each in stored.card.regimes if each.settings == wanted]
    times: dict[str, None] = {}
    unsure: dict[str, None] = {}
    left_out: dict[tuple[str, ...], int] = {}
    for regime in [each for each in regimes if each.station in names] or regimes:
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


def stand_ins(scenario: Scenario) -> dict[str, dict[str, str]]:
    """Return the stand-ins of a scenario by address: fidelity, file and SHA-256 of its card."""
    return {
        f"{config.path}.{kind}": {
            "fidelity": process.fidelity,
            "file": Path(process.stand_in).name,
            "digest": read_stand_in(Path(process.stand_in)).digest,
        }
        for config in scenario.stations.values()
        for kind, process in config.processes.items()
        if process.fidelity != "fmu"
    }
