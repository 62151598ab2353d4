"""A mapping file proposed for a person to confirm: by browse names, units and types.

A signal is proposed where its path names a station and a quantity of that station in full, its unit
converts, and nothing else fits as well. All else is written as a comment with the reason: nothing
uncertain is taken without a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.line.readable import level_of, quantities_of
from linetwin.quantities import vocabulary
from linetwin.quantities.unece import UCUM_OF
from linetwin.scenario import units
from linetwin.scenario.mapping_signals import COUNTERS, GRADED, PASSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linetwin.quantities import Quantity
    from linetwin.scenario.mapped import SignalKind
    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.twin.opcua.browsing import Variable

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NUMBERS = {"Double", "Float", "SByte", "Byte"} | {
    f"{sign}Int{bits}" for sign in ("", "U") for bits in (16, 32, 64)
}
_SETPOINT_WORDS = {"setpoint", "setpoints", "sp", "set", "target", "recipe"}
_EMPTY_WORDS = {"actual", "current", "measured", "pv", "status", "unit", "value"}
_ASKING_WORDS = {"command", "commands", "request", "requests", "alarm", "alarms"}
_SURE = 1.0
_WORTH_A_LOOK = 0.5
"""Half of the words that name a station, and the quantity: less is shown as fitting nothing."""


@dataclass(frozen=True)
class Target:
    """What a variable could stand for: the words that name it, and of which kind it is."""

    address: str
    kind: SignalKind
    place: frozenset[str]
    words: tuple[str, ...]
    quantity: Quantity | None = None


@dataclass(frozen=True)
class Proposal:
    """One line of the file; `doubt` says why a person has to look, "" where nothing is in doubt."""

    name: str
    variable: Variable
    target: Target | None
    unit: str = ""
    doubt: str = ""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a name, lower-case: `WebSpeed_1` is web, speed, 1."""
    return tuple(word.lower() for word in _WORD.findall(text))


def propose(variables: Sequence[Variable], scenario: Scenario) -> list[Proposal]:
    """Return a proposal for each variable; what nothing fits has no target."""
    targets = list(targets_of(scenario))
    found = [_proposal(variable, targets) for variable in variables]
    taken: dict[str, int] = {}
    for proposal in found:
        if proposal.target is not None and not proposal.doubt:
            key = f"{proposal.target.kind} {proposal.target.address}"
            taken[key] = taken.get(key, 0) + 1
    return [_named(each, taken) for each in found]


def _named(proposal: Proposal, taken: dict[str, int]) -> Proposal:
    target = proposal.target
    if target is None or proposal.doubt:
        return proposal
    if taken[f"{target.kind} {target.address}"] > 1:
        doubt = f"{taken[f'{target.kind} {target.address}']} variables fit {target.address}"
        return Proposal(proposal.name, proposal.variable, target, proposal.unit, doubt)
    return proposal


def targets_of(scenario: Scenario) -> Iterable[Target]:
    """Yield everything of a line that a variable of a plant could stand for."""
    stations = [*scenario.stations.values()]
    stations += [scenario.building] if scenario.building is not None else []
    for station in stations:
        place = frozenset(words_of(station.path))
        yield from _of_station(station, place)
    for path, buffer in scenario.buffers.items():
        *above, last = path.split(".")
        name = level_of(buffer)
        place = frozenset(word for part in above for word in words_of(part))
        address = f"{path}.{name}"
        yield Target(address, "measurement", place, words_of(last), vocabulary()[name])
    for reader in scenario.twin.instruments if scenario.twin is not None else ():
        path, _, name = reader.signal.rpartition(".")
        if name != reader.quantity:
            place = frozenset(words_of(path))
            about = vocabulary()[reader.quantity]
            yield Target(reader.signal, "measurement", place, words_of(name), about)
    line = frozenset({"line"})
    for name in (*COUNTERS, *GRADED):
        yield Target(f"line.{name}", "counter", line, words_of(name))


def _of_station(station: StationConfig, place: frozenset[str]) -> Iterable[Target]:
    path, known = station.path, vocabulary()
    yield Target(f"{path}.state", "state", place, ("state",))
    yield Target(f"{path}.mode", "mode", place, ("mode",))
    for name in COUNTERS:
        yield Target(f"{path}.{name}", "counter", place, words_of(name))
    for role in dict.fromkeys([*PASSING, *station.takes, *station.gives, *station.materials]):
        yield Target(f"{path}.{role}", "lot", place, words_of(role))
    for name in quantities_of(station):
        if name in known and known[name].type != "str":
            yield Target(f"{path}.{name}", "measurement", place, words_of(name), known[name])
    for name, value in station.parameters.items():
        if not isinstance(value.value, (str, tuple)) and name in known:
            yield Target(f"{path}.{name}", "setpoint", place, words_of(name), known[name])


def _proposal(variable: Variable, targets: Sequence[Target]) -> Proposal:
    words = [word for _, name in variable.path for word in words_of(name)]
    own = set(words_of(variable.path[-1][1]))
    if _ASKING_WORDS & set(words):
        return Proposal(_name(words), variable, None)
    is_set = bool(_SETPOINT_WORDS & set(words))
    scored = [
        (_score(target, set(words), own), target)
        for target in targets
        if _type_fits(variable, target)
        and (target.kind == "setpoint") == (is_set and target.quantity is not None)
        and (target.kind != "lot" or {"lot", "lots"} & set(words))
    ]
    best = max((score for score, _ in scored), default=0.0)
    if best < _WORTH_A_LOOK:
        return Proposal(_name(words), variable, None)
    fitting = [target for score, target in scored if score == best]
    # Of a station and the line that it stands in the station is meant.
    closest = max(len(target.place) for target in fitting)
    fitting = [target for target in fitting if len(target.place) == closest]
    target = fitting[0]
    name = f"{target.address}.{target.kind}" if target.kind == "setpoint" else target.address
    if len(fitting) > 1:
        others = ", ".join(sorted({each.address for each in fitting[1:]})[:3])
        return Proposal(name, variable, target, doubt=f"fits {others} as well")
    if best < _SURE:
        return Proposal(name, variable, target, doubt="its name says it only in part")
    return _with_unit(name, variable, target)


def _name(words: Sequence[str]) -> str:
    return "_".join(words)


def _type_fits(variable: Variable, target: Target) -> bool:
    if target.kind == "lot":
        return variable.type == "String"
    if target.kind in {"state", "mode"}:
        return variable.type in {"String", *_NUMBERS} - {"Double", "Float"}
    return variable.type in _NUMBERS and not isinstance(variable.value, list)


def _score(target: Target, words: set[str], own: set[str]) -> float:
    """Return 1 where station and quantity are named in full and the name says nothing more."""
    place = len(target.place & words) / len(target.place)
    wanted = set(target.words)
    named = len(wanted & words) / len(wanted)
    if named < 1.0 or not wanted & own:
        return 0.4 * place * named
    more = len(own - wanted - target.place - _SETPOINT_WORDS - _EMPTY_WORDS)
    return place * named - 0.1 * more


def _with_unit(name: str, variable: Variable, target: Target) -> Proposal:
    """Return the proposal with a unit that converts, or with a doubt."""
    quantity = target.quantity
    if quantity is None:
        doubt = ""
        if target.kind in {"state", "mode"} and not _is_packml(variable):
            doubt = "say what its codes mean, under states or modes"
        return Proposal(name, variable, target, doubt=doubt)
    candidates = [variable.unit, UCUM_OF.get(variable.unit_code, "")]
    for unit in filter(None, candidates):
        try:
            units.linear(unit, quantity)
        except ScenarioError:
            continue
        return Proposal(name, variable, target, unit)
    if any(candidates):
        said = variable.unit or variable.unit_code
        return Proposal(name, variable, target, doubt=f"its unit {said} does not fit")
    if quantity.unit == "1":
        return Proposal(name, variable, target, "1")
    return Proposal(name, variable, target, doubt="the server names no unit")


def _is_packml(variable: Variable) -> bool:
    """Say whether a state is one of PackML by what the server calls it."""
    uris = " ".join(uri for uri, _ in variable.path).lower()
    names = variable.name.lower()
    return "packml" in uris or "packml" in names or "urn:linetwin:battery-line" in uris
