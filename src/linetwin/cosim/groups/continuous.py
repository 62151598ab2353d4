"""A group as a model that lives in line time: a machine or the building of several FMUs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.description import Capabilities, Description
from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.group import FmuGroup
from linetwin.cosim.wiring import wire
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from linetwin.contracts import Contract
    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.mapping import ProcessMap
    from linetwin.cosim.wiring import Wire
    from linetwin.quantities.ucum import Unit


def describe(group: Group) -> Description:
    """Return what a group says of itself, as an FMU would.

    Its inputs, outputs and parameters are variables, and so is what else may be set before the
    start of a member, as `member.variable`. Units of one name that mean different things bear the
    member's name.
    """
    units: dict[str, Unit] = {}
    variables: dict[str, Variable] = {}
    for name, variable, member in _ports(group):
        unit = variable.unit
        defined = group.member(member).description.units.get(unit or "")
        if unit is not None and defined is not None and units.setdefault(unit, defined) != defined:
            unit = f"{unit} of {member}"
            units[unit] = defined
        variables[name] = replace(variable, name=name, unit=unit)
    able = [member.description.capabilities for member in group.members]
    return Description(
        path=group.file,
        version=0,
        name=group.name,
        model=group.name,
        title=group.meaning,
        token="",
        meaning=group.meaning,
        variables=variables,
        units=units,
        capabilities=Capabilities(
            variable_step=True,
            save_state=all(one.save_state for one in able),
            serialise_state=all(one.serialise_state for one in able),
            once_per_process=any(one.once_per_process for one in able),
            fixed_step_s=None,
        ),
        categories=(),
        step_s=float(group.step),
        stop_time_s=None,
        tolerance=None,
        evidence={},
    )


def _ports(group: Group) -> Iterator[tuple[str, Variable, str]]:
    """Yield name, variable and member of all that a group shows."""
    for taken in group.inputs.values():
        yield taken.name, taken.variable, taken.targets[0][0].member
    for given in group.outputs.values():
        yield given.name, given.variable, given.source.member
    for name, terminal in group.parameters.items():
        own = group.variable(terminal)
        yield name, replace(own, causality="parameter", array=""), terminal.member
    joined = {connection.target for connection in group.connections}
    joined |= {target for taken in group.inputs.values() for target, _ in taken.targets}
    joined |= set(group.parameters.values())
    for member in group.members:
        for variable in member.variables.values():
            terminal = Terminal(member.name, variable.name)
            scalar = variable.numeric and not variable.shape
            if variable.settable and scalar and terminal not in joined:
                state = (
                    variable.initial in {"exact", "approx"} and variable.causality != "parameter"
                )
                causality = "local" if state else "parameter"
                found = replace(variable, causality=causality, array="")
                yield str(terminal), found, member.name


class GroupContinuous:
    """Fulfils `contracts.Continuous` with a group; its ports stand for the quantities."""

    def __init__(
        self,
        group: Group,
        contract: Contract,
        parameters: Mapping[str, float] | None = None,
        mapping: ProcessMap | None = None,
        events: Collection[str] = (),
    ) -> None:
        """Wire the group and load its FMUs; `events`: those at which `seek` ends.

        Raises WiringError where the group does not fulfil the contract, FmuError where an FMU does
        not load.
        """
        self.contract = contract
        self.model = group.name
        self.wiring = wire(describe(group), contract, mapping, parameters)
        self._group = FmuGroup(group, sought=events)
        self._events = events
        self._occurred: list[str] = []
        self.can_save = self._group.can_save
        self.unable_to_save = self._group.unable_to_save() if len(group.members) > 1 else []
        ports = {n: v for n, v in self.wiring.constants.items() if n in group.inputs}
        self._held = ports
        self._values = {
            group.parameters.get(name) or Terminal(*name.split(".", 1)): number
            for name, number in self.wiring.constants.items()
            if name not in ports
        }

    def under_way(self) -> str:
        """Return the member that was called last, for another thread."""
        return self._group.under_way()

    @property
    def digest(self) -> bytes:
        """Hash of the members and of how they are joined."""
        return self._group.digest()

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick` with the start values and these inputs."""
        lacking = [q for q in self.wiring.inputs if q not in inputs]
        lacking = [q for q in lacking if q not in self.contract.optional]
        if lacking:
            raise FmuError(f"the start lacks {', '.join(lacking)}", self.model)
        self._group.start(tick, {**self._held, **self._ports(inputs)}, self._values)

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; others keep their value.

        Raises FmuError where a member fails, and for a tick in the past.
        """
        self._group.advance(tick, self._ports(inputs))
        self._check_ended(tick)
        self._note()

    def seek(self, tick: int) -> int:
        """Hold the present inputs until `tick`, or the first tick at or after an event of `events`.

        Return where it stands then. Until the next call, `back` undoes it. Errors as `advance`.
        """
        reached = self._group.seek(tick)
        if not self._group.ended:  # `occurred` tells, once it is sure
            self._note()
        return reached

    def back(self) -> None:
        """Stand where the last `seek` began; what it met has not happened."""
        self._group.back()
        self._occurred.clear()

    def occurred(self) -> list[str]:
        """Return the events of `events` that it has met since it was asked last, in their order.

        Raises FmuError where one has ended the group.
        """
        self._check_ended()
        found, self._occurred = self._occurred, []
        return found

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to, in canonical units.

        An optional output that the group does not have is 0.
        """
        wires: dict[str, Wire | None] = {}
        for name in names:
            wires[name] = self.wiring.outputs.get(name)
            if wires[name] is None and name not in self.contract.optional:
                raise FmuError(f"{name}: no such output", self.model)
        ports = self._group.read(found.variable.name for found in wires.values() if found)
        return {
            name: float(found.to_quantity(ports[found.variable.name])) if found else 0.0
            for name, found in wires.items()
        }

    def save(self) -> bytes:
        """Return the complete state; restoring it continues with the same bits."""
        return self._group.save()

    def restore(self, state: bytes) -> None:
        """Continue from a saved state, also one saved by another process."""
        self._group.restore(state)

    def close(self) -> None:
        """Free the instances; `start` or `restore` make new ones."""
        self._group.close()

    def _note(self) -> None:
        self._occurred += [name for name, _ in self._group.happenings if name in self._events]
        self._group.happenings.clear()

    @property
    def ended(self) -> bool:
        """Whether an event has ended the group."""
        return self._group.ended

    def _check_ended(self, goal: int = 0) -> None:
        """Raise FmuError where an event has ended the group, on the way to `goal` (ticks)."""
        if not self._group.ended:
            return
        name, time = self._group.happenings[-1]
        text = f"event '{name}' ended it"
        if goal > self._group.tick:
            text += f", met in the step to {goal / TICKS_PER_SECOND:.3f} s"
        raise FmuError(text, self.model, self._group.start_tick / TICKS_PER_SECOND + time)

    def _ports(self, inputs: Mapping[str, float]) -> dict[str, float]:
        """Return quantities as numbers of the group's inputs; what it does without is left out."""
        ports = {}
        for quantity, value in inputs.items():
            found = self.wiring.inputs.get(quantity)
            if found is not None:
                ports[found.variable.name] = float(found.to_variable(value))
            elif quantity not in self.contract.inputs:
                raise FmuError(f"'{quantity}' is no input", self.model)
        return ports
