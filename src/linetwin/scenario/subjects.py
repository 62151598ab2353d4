"""What a disturbance acts on: a live value, a reading, a signal, a model's input, a machine.

cathode.coater.web_speed                    a live value: what the machine really does
cathode.coater.drying.air_temperature       an input of a process model: likewise
cathode.coater.measured_loading             what the gauge reads: the truth stays
cathode.coater.measured_machine_temperature what is recorded of a signal: the truth stays
cathode.coater                              the machine as a whole
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario import deviations
from linetwin.scenario.problems import nearest
from linetwin.scenario.sections import GAUGES

if TYPE_CHECKING:
    from linetwin.quantities import Quantity
    from linetwin.scenario.addressing import Plant, Target
    from linetwin.scenario.kinds import Kind

TOOL_LIVES = ("roll_life", "knife_life", "notching_tool_life")


@dataclass(frozen=True)
class Aim:
    """What an address of a disturbance points at; `station` is a group where all are meant.

    `rest` is what follows the station's path, `process` that of an input.
    """

    station: str
    subject: deviations.Subject | Literal["machine"]
    rest: str = ""
    what: str = ""
    process: str = ""
    quantity: Quantity | None = None
    is_list: bool = False

    @property
    def needed(self) -> Quantity:
        """The quantity; a machine has none."""
        assert self.quantity is not None  # noqa: S101  only asked of what is a number
        return self.quantity


def aim_of(plant: Plant, address: str) -> Aim:
    """Return what an address points at; ScenarioError with what is allowed otherwise."""
    if address in plant.kinds:
        return Aim(address, "machine")
    inside = [path for path in plant.kinds if address.startswith(f"{path}.")]
    station = max(inside, key=len, default="")
    rest = address.removeprefix(f"{station}.")
    if station and rest.startswith(deviations.MEASURED):
        return _measured(plant, station, rest)
    target = plant.target(address)
    if target.section == "processes":
        known = vocabulary()
        if target.name not in known:
            raise ScenarioError([_no_input(plant, target)])
        return Aim(station, "input", rest, target.name, target.group, known[target.name])
    if target.section == GAUGES:
        hint = f"disturb what the gauge reads: {station}.{deviations.MEASURED}{target.group}"
        raise ScenarioError([Problem(f"{address} is a term of a gauge", hint=hint)])
    quantity = target.quantity
    if quantity is None or quantity.type in {"str", "bool"}:
        raise ScenarioError([Problem(f"{address} is no number", hint="allowed: numbers")])
    return Aim(station, "value", rest, quantity.name, "", quantity, target.is_list)


def _no_input(plant: Plant, target: Target) -> Problem:
    """Return what to say of a name that no model has as an input."""
    model = f"{target.station}.{target.group}"
    inputs = plant.inputs.get(target.group, ())
    near = nearest(target.name, inputs or [each.name for each in vocabulary()])
    # Where nothing is like the name, all quantities there are would be told.
    hints = [near] if near.startswith("did you mean") else []
    hints += [f"inputs: {', '.join(sorted(inputs))}"] if inputs else []
    hints += ["a parameter of an FMU holds for a run"]
    message = f"the model of {model} has no input '{target.name}' that can be disturbed"
    return Problem(message, hint="; ".join(hints))


def _measured(plant: Plant, station: str, rest: str) -> Aim:
    """Return a gauge's reading or a signal as recorded."""
    name = rest.removeprefix(deviations.MEASURED)
    gauges = tuple(plant.parts.get(station, {}).get(GAUGES, ()))
    kind = plant.kinds[station]
    if name in gauges or name in kind.signals:
        subject: deviations.Subject = "reading" if name in gauges else "signal"
        return Aim(station, subject, rest, name, "", vocabulary()[name])
    if name in kind.gauges:
        message = f"{station} has no gauge of {name}"
        hint = f"name one in the line file, as in gauges: {{{name}: {{repeatability: 0.1 %}}}}"
        raise ScenarioError([Problem(message, hint=hint)])
    allowed = [f"{deviations.MEASURED}{each}" for each in (*gauges, *kind.signals)]
    raise ScenarioError([Problem(f"{station} measures no {name}", hint=nearest(rest, allowed))])


def is_chamber(kind: Kind) -> bool:
    """Whether a kind holds many lots at once, each for its own time."""
    return "parallel_places" in kind.parameters


def fault_problem(plant: Plant, aim: Aim, kind: str, *, lasts: bool, cause: str) -> Problem | None:
    """Return why a machine cannot have a fault; None where it can.

    `lasts`: whether the scenario says for how long; `cause`: of a stop.
    """
    station, parts = plant.kinds[aim.station], plant.parts.get(aim.station, {})
    causes = [*parts.get("failures", ()), *parts.get("micro_stops", ())]
    where, message, hint = aim.station, "", ""
    if not station.takes and not station.gives:
        message, hint = f"{where} is no machine of the line", "allowed: a station"
    elif kind == "slow" and is_chamber(station):
        message, hint = f"{where} holds lots for a time and has no speed", "set its times"
    elif kind == "tool_break" and not any(life in station.parameters for life in TOOL_LIVES):
        message, hint = f"{where} has no tool that breaks", "a calender, slitter or notcher has"
    elif kind == "hazard" and not causes:
        message, hint = f"{where} has no failures", "name one in the line file, or use stop"
    elif kind == "stop" and not lasts and "formation" in station.processes:
        message, hint = f"each place of {where} fails for itself", "say how long: for: 2 h"
    elif kind == "stop" and not lasts and cause not in causes:
        message = f"{where} has no failure '{cause}' to be repaired"
        hint = f"say how long, as in for: 2 h; or {nearest(cause, causes, 'cause of failure')}"
    return Problem(message, hint=hint) if message else None
