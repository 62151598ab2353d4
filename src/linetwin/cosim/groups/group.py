"""A group of FMUs that runs: start, advance to a tick, read, save and restore."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgpack
import numpy as np

from linetwin.cosim.groups import saving
from linetwin.cosim.groups.clocked import ClockedEngine
from linetwin.cosim.groups.compiled import CompiledEngine
from linetwin.cosim.groups.engine import PythonEngine, check_members, failure, named
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.iterating import IteratedEngine
from linetwin.cosim.groups.planning import plan
from linetwin.cosim.groups.recorder import Recorder
from linetwin.cosim.groups.rolling import RollingEngine
from linetwin.cosim.kernel.library import kernel
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from linetwin.cosim.groups.adaptive import Counts
    from linetwin.cosim.groups.crew import Crew
    from linetwin.cosim.groups.crossings import Happening
    from linetwin.cosim.groups.definition import Group, Terminal
    from linetwin.cosim.groups.engine import Engine
    from linetwin.cosim.groups.running import RunningMember
    from linetwin.cosim.groups.slots import Given


class FmuGroup:
    """Members of a `Group` that step together; numbers are in the units of the group's ports.

    Time is a whole number of ticks (1 ms); members see seconds since the group's start. All of
    them stand at the same tick after each call.
    """

    def __init__(
        self,
        group: Group,
        recorded: Sequence[Terminal] = (),
        *,
        compiled: bool = True,
        sought: Collection[str] = (),
    ) -> None:
        """Load the members; every communication point becomes a row of the `recorded` variables.

        `sought`: what `seek` looks out for, of `seeking.event_names`.
        `compiled`: step in the compiled kernel where it is loaded, else in Python, to the same
        bits. Raises FmuError where an FMU does not load.
        """
        self.group = group
        self.plan = plan(group, recorded)
        self._members = {found.member.name: found for found in self.plan.members}
        slots = {str(t): self._members[t.member].outputs.slots[t.variable] for t in recorded}
        self.recorder = Recorder(slots) if recorded else None
        self._fixed = [
            member for member in group.members if not member.description.capabilities.variable_step
        ]
        self._compiled = compiled
        self._sought = sought
        self._sought_from = 0
        self._engine: Engine | None = None
        self._failure = ""
        self._beginning = ""
        self.start_tick = 0
        self.tick = 0

    @property
    def can_save(self) -> bool:
        """Whether every member can save its state."""
        return not self.unable_to_save()

    def unable_to_save(self) -> list[str]:
        """Return the members that cannot save their state."""
        return [
            member.name
            for member in self.group.members
            if not member.description.capabilities.serialise_state
        ]

    def digest(self) -> bytes:
        """Return a hash of what a saved state depends on: the FMUs, and how they are joined."""
        return saving.digest(self.plan, self.group)

    def start(
        self,
        tick: int,
        inputs: Mapping[str, Given],
        values: Mapping[Terminal, float] | None = None,
    ) -> None:
        """Begin (again) at `tick`; `values` come after the group's own, before initialisation.

        A member is initialised with what those before it give; where members feed each other, the
        later one's start value of the input stands in. Raises FmuError where a member fails.
        """
        self._failure = ""
        self._drop()
        self.start_tick = self.tick = tick
        if self.recorder is not None:
            self.recorder.rows = 0
        self._taking(inputs)
        done: set[str] = set()
        for index in self.plan.starting:
            member = self.plan.members[index]
            self._beginning = member.member.name
            try:
                self._initialise(member, inputs, values or {}, done)
            except FmuError as error:
                raise self._failed(failure(self.group.name, member, error)) from error
            member.before = member.at = 0.0
            done.add(member.member.name)
        self._beginning = ""
        self._settle(self._ready())
        if self.recorder is not None:
            self.recorder.note(0.0)

    def advance(self, tick: int, inputs: Mapping[str, Given]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; others keep their value.

        Raises FmuError where a member fails, and for a tick in the past.
        """
        engine = self._engine or self._running()
        if tick > self.tick:
            end = tick - self.start_tick
            if self._fixed:
                self._check_fixed(self.tick - self.start_tick, end)
            if self.recorder is not None and self.group.course.plain:
                points = self.plan.grid.between(self.tick - self.start_tick, end)
                self.recorder.reserve(len(points) + 1)
            try:
                engine.advance(end)
            except FmuError as error:
                raise self._failed(error) from error
            self.tick = tick
            if isinstance(engine, RollingEngine):
                self.tick = self.start_tick + engine.tick
        elif tick < self.tick:
            raise FmuError(f"tick {tick} lies before tick {self.tick}", self.group.name)
        if inputs:
            for member in self._taking(inputs):
                member.running.time = (tick - self.start_tick) / TICKS_PER_SECOND
                try:
                    self._give(member, inputs)
                except FmuError as error:
                    raise self._failed(failure(self.group.name, member, error)) from error
            self._settle(engine)

    def seek(self, tick: int) -> int:
        """Hold the present inputs until `tick`, or the first tick at or after what is sought.

        Return where it stands then. Until the next call, `back` undoes it. Raises FmuError where a
        member fails.
        """
        engine = self._running()
        if isinstance(engine, RollingEngine | ClockedEngine):
            self._sought_from = self.tick
            try:
                engine.seek(tick - self.start_tick)
            except FmuError as error:
                raise self._failed(error) from error
            self.tick = self.start_tick + engine.tick
        return self.tick

    def back(self) -> None:
        """Stand where the last `seek` began; what it met has not happened."""
        engine = self._running()
        if isinstance(engine, RollingEngine | ClockedEngine):
            engine.back()
            self.tick = self._sought_from

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs that are numbers, at the tick last advanced to."""
        self._running()
        sources = {name: self.group.outputs[name].source for name in names}
        try:
            return {n: self._members[s.member].read(s.variable) for n, s in sources.items()}
        except FmuError as error:
            raise self._failed(named(self.plan, error)) from error

    def read_text(self, name: str) -> str | bytes:
        """Return an output that is a text, or bytes, at the tick last advanced to."""
        self._running()
        source = self.group.outputs[name].source
        return self._members[source.member].outputs.texts[source.variable].read()

    def save(self) -> bytes:
        """Return the complete state; FmuError where a member cannot save its own."""
        engine = self._running()
        self._require_save()
        content = {
            "format": saving.FORMAT,
            "digest": self.digest(),
            "start": self.start_tick,
            "tick": self.tick,
            "states": [saving.saved(member.running) for member in self._each()],
            "values": [c.content() for m in self.plan.members for c in m.buffers()],
            "previous": [member.previous.tobytes() for member in self.plan.members],
            "before": engine.befores() if self.group.linear else [],
            "course": engine.state() if isinstance(engine, RollingEngine) else None,
        }
        packed: bytes = msgpack.packb(content)
        return packed

    def restore(self, state: bytes) -> None:
        """Continue from a saved state, also one saved by another process.

        Raises FmuError for a state of another format or of another group.
        """
        self._require_save()
        content = saving.unpacked(state, self.digest(), self.group.name)
        self._failure = ""
        self._drop()
        self.start_tick, self.tick = content["start"], content["tick"]
        local = (self.tick - self.start_tick) / TICKS_PER_SECOND
        for member, saved in zip(self._each(), content["states"], strict=True):
            instance = member.renew()
            saving.restore(instance, saved)
            instance.offset_s = self.start_tick / TICKS_PER_SECOND
            instance.time = local
            instance.running = True
        for member, raw in zip(self.plan.members, content["previous"], strict=True):
            member.previous[:] = np.frombuffer(raw)
        if self.group.linear:
            for member, before in zip(self.plan.members, content["before"], strict=True):
                member.before = before
        cells = [cell for member in self.plan.members for cell in member.buffers()]
        for cell, raw in zip(cells, content["values"], strict=True):
            cell.load(raw)
        engine = self._ready()
        if isinstance(engine, RollingEngine):
            engine.restore(content["course"])

    @property
    def counts(self) -> Counts | None:
        """How many steps were taken and taken back, where a group finds its own points."""
        return self._engine.counts if isinstance(self._engine, RollingEngine) else None

    @property
    def happenings(self) -> list[Happening]:
        """The events since it was started or restored, in the order of their times."""
        engine = self._engine
        return engine.happenings if isinstance(engine, RollingEngine | ClockedEngine) else []

    @property
    def ended(self) -> bool:
        """Whether an event has ended it; it then stands at the tick after that."""
        return isinstance(self._engine, RollingEngine) and self._engine.ended

    def points(self) -> int:
        """Return a number that changes with each point that is recorded, for another thread."""
        if isinstance(self._engine, CompiledEngine):
            return self._engine.rows
        return self.recorder.rows if self.recorder is not None else 0

    def under_way(self) -> str:
        """Return the member that was called last, for another thread."""
        return self._beginning or (self._engine.under_way() if self._engine is not None else "")

    @property
    def crew(self) -> Crew | None:
        """The threads that may step it together; None where one thread does it."""
        return self._engine.crew if isinstance(self._engine, CompiledEngine) else None

    def close(self) -> None:
        """Free the instances; `start` or `restore` make new ones."""
        self._drop()
        for member in self._each():
            member.close()

    def _each(self) -> Iterator[RunningMember]:
        """Yield the members; meanwhile it is known which of them is called."""
        try:
            for member in self.plan.members:
                self._beginning = member.member.name
                yield member
        finally:
            self._beginning = ""

    def _drop(self) -> None:
        """Let the engine go, before its members' instances are."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _initialise(
        self,
        member: RunningMember,
        inputs: Mapping[str, Given],
        values: Mapping[Terminal, float],
        done: set[str],
    ) -> None:
        instance = member.renew()
        instance.offset_s = self.start_tick / TICKS_PER_SECOND
        own = {t.variable: number for t, number in values.items() if t.member == member.member.name}
        if own:
            member.set_once(own)
        member.to_start()
        self._give(member, inputs)
        member.begin(done)
        instance.initialise()
        instance.get(member.outputs.table)

    def _taking(self, inputs: Iterable[str]) -> list[RunningMember]:
        """Return the members that take any of these inputs; FmuError for one that is none."""
        taking: dict[str, RunningMember] = {}
        for name in inputs:
            found = self.group.inputs.get(name)
            if found is None:
                raise FmuError(f"'{name}' is no input", self.group.name)
            taking |= {target.member: self._members[target.member] for target, _ in found.targets}
        return list(taking.values())

    def _give(self, member: RunningMember, inputs: Mapping[str, Given]) -> None:
        """Set what a member takes from outside; those of its inputs that are not named stay."""
        for name, value in inputs.items():
            for target, affine in self.group.inputs[name].targets:
                if target.member != member.member.name:
                    continue
                if isinstance(value, str | bytes):
                    member.give_text(target.variable, value)
                else:
                    member.give(target.variable, affine.factor * value + affine.offset)
        member.running.set(member.given.table)

    def _ready(self) -> Engine:
        """Return an engine for the members' instances, which may be new."""
        # the kernel only calls DoStep, and only knows factors and offsets
        plain = all(member.binary.description.plain for member in self.plan.members)
        plain = plain and not any(connection.table for connection in self.group.connections)
        course = self.group.course
        if plain and (course.early_return or course.iterate):  # which the kernel does not know
            plain = False
            logging.getLogger(f"linetwin.fmu.{self.group.name}").info("stepped in Python")
        found = kernel().kernel if self._compiled and plain else None
        local = self.tick - self.start_tick
        rolling = not course.plain and not self.plan.clockwork
        recorder = None if rolling else self.recorder
        engine: PythonEngine | CompiledEngine | RollingEngine
        if self.plan.clockwork:
            engine = ClockedEngine(self.plan, recorder, local, self._sought)
        elif course.iterate is not None:
            engine = IteratedEngine(self.plan, local, course.iterate)
        elif found is None:
            engine = PythonEngine(self.plan, recorder, local)
        else:
            engine = CompiledEngine(self.plan, recorder, local, found)
        if rolling:
            engine = RollingEngine(self.plan, engine, self.recorder, local, self._sought)
        self._engine = engine
        return engine

    def _settle(self, engine: Engine) -> None:
        try:
            engine.settle()
            if self.tick == self.start_tick:  # some members' first values have yet to settle
                check_members(self.plan)
        except FmuError as error:
            raise self._failed(error) from error

    def _check_fixed(self, begin: int, end: int) -> None:
        """Refuse a tick at which a member that takes one fixed step only cannot stand."""
        for member in self._fixed:
            points = [self.plan.grid.index(tick) for tick in (begin, end)]
            if any(point is None or point % member.every for point in points):
                own = float(self.group.step * member.every)
                raise FmuError(
                    f"member '{member.name}' takes only steps of {own:g} s, and {end} ms after the"
                    " start is no whole number of them",
                    self.group.name,
                )

    def _running(self) -> Engine:
        if self._failure:
            raise FmuError(f"it has failed before: {self._failure}", self.group.name)
        if self._engine is None:
            raise FmuError("it has not been started", self.group.name)
        return self._engine

    def _failed(self, error: FmuError) -> FmuError:
        self._failure = str(error)
        self._drop()
        return error

    def _require_save(self) -> None:
        unable = self.unable_to_save()
        if unable:
            raise FmuError(f"{', '.join(unable)} cannot save the state as bytes", self.group.name)
