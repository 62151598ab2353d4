"""An FMU that lives in line time: machines, mixing, the building."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from linetwin.cosim.binary import load_binary
from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.port import Port, Table
from linetwin.cosim.stepping import advance_ticks, step_rule
from linetwin.cosim.wiring import Wire, wire
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from linetwin.contracts import Contract
    from linetwin.cosim.kernel.touch_structures import KernelTouch
    from linetwin.cosim.mapping import ProcessMap

TICKS_PER_SECOND: Final = 1000
_MAGIC: Final = b"linetwin-fmu-1\0\0"
_HEADER: Final = struct.Struct("<16s32sqq")
"""Format, hash of the FMU, tick of the start, tick of the state; the FMU's own bytes follow."""


class _Bound(NamedTuple):
    """Quantities bound to variables: those that the FMU has, and their table.

    `wires` convert them; empty where quantities and variables agree. `lacking`: zeros for optional
    outputs that the FMU does without.
    """

    names: tuple[str, ...]
    table: Table
    wires: tuple[Wire, ...]
    lacking: dict[str, float]


class FmuContinuous:
    """Fulfils `contracts.Continuous` with an FMU.

    Time is a whole number of ticks; the FMU sees seconds since its own start, made from the
    difference of ticks, so they never drift. `can_save` says whether `save` works.
    """

    def __init__(
        self,
        fmu: Path,
        contract: Contract,
        parameters: Mapping[str, float] | None = None,
        mapping: ProcessMap | None = None,
        *,
        max_step_s: float | None = None,
    ) -> None:
        """Load and wire the FMU; `max_step_s` is the longest communication step.

        Raises WiringError where the FMU does not fulfil the contract, FmuError where it does not
        load.
        """
        self.binary = load_binary(fmu)
        description = self.binary.description
        self.model = description.name
        self.contract = contract
        self.can_save = description.capabilities.serialise_state
        self.unable_to_save: list[str] = []  # it has no members
        self.wiring = wire(description, contract, mapping, parameters)
        self._rule = step_rule(description, max_step_s)
        self._inputs: dict[tuple[str, ...], _Bound] = {}
        self._outputs: dict[tuple[str, ...], _Bound] = {}
        self._laid: tuple[dict[str, float], Table | None] = ({}, None)
        self._instance: Instance | None = None
        self._start_tick = 0
        self._tick = 0

    @property
    def digest(self) -> bytes:
        """Hash of the FMU."""
        return self.binary.digest

    @property
    def is_plain(self) -> bool:
        """Whether advancing is one step, without events around it: the kernel can do it."""
        found = self.binary.description
        return not (found.exchange or found.event_mode or self._rule.longest_s)

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick` with the model's start values and these inputs."""
        lacking = [q for q in self.wiring.inputs if q not in inputs]
        lacking = [q for q in lacking if q not in self.contract.optional]
        if lacking:
            raise FmuError(f"the start lacks {', '.join(lacking)}", self.model)
        instance = self._instance
        if instance is None or instance.broken:
            self.close()
            instance = self._instance = instantiate(self.binary)
        else:
            instance.reset()
        instance.offset_s = tick / TICKS_PER_SECOND
        if self.wiring.preset:
            self.wiring.preset.apply(instance)
        constants = self.wiring.constants
        if constants:
            variables = self.binary.description.variables
            table = Table(Port(self.binary, [variables[name] for name in constants]))
            for position, value in enumerate(constants.values()):
                table.write(position, value)
            instance.set(table)
        self._set(instance, inputs)
        instance.initialise()
        self._start_tick = self._tick = tick

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; unnamed ones keep their value.

        Raises FmuError where the FMU fails, and for a tick in the past.
        """
        instance = self._running()
        if tick != self._tick:
            self._check_order(tick)
            begin, end = self._tick - self._start_tick, tick - self._start_tick
            advance_ticks(instance, begin, end, TICKS_PER_SECOND, self._rule)
            self._tick = tick
        if inputs:
            self._set(instance, inputs)
            instance.settle()

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to, in canonical units.

        An optional output that the FMU does not have is 0.
        """
        asked = tuple(names)
        bound = self._outputs.get(asked) or self._bind_outputs(asked)
        instance = self._running()
        instance.get(bound.table)
        found = dict(zip(bound.names, _quantities(instance, bound), strict=True))
        return found | bound.lacking if bound.lacking else found

    def touching(
        self, tick: int, inputs: Mapping[str, float], inside: KernelTouch
    ) -> tuple[Instance, Table | None]:
        """Lay out what `advance` would do, for the kernel to do it; errors as `advance`.

        Only where `is_plain`. Returns who is to be called and what is set, None for nothing. Once
        it is done `touched` must follow; what was read into `table` is then told by `outputs`.
        """
        instance = self._instance
        if instance is None or not instance.running or instance.broken:
            instance = self._running()
        now, start = self._tick, self._start_tick
        if tick < now:
            self._check_order(tick)
        inside.time = begin = (now - start) / TICKS_PER_SECOND
        inside.length = (tick - start) / TICKS_PER_SECOND - begin
        before, given = self._laid
        # mostly as before: nothing happened
        return instance, given if inputs == before else self._lay(inputs)

    def touched(self, tick: int) -> None:
        """What was laid out has been done: the model stands at `tick`."""
        self._tick = tick
        if self._instance is not None:
            self._instance.time = (tick - self._start_tick) / TICKS_PER_SECOND

    def local(self, tick: int) -> float:
        """Return the FMU's own time at a tick (s)."""
        return (tick - self._start_tick) / TICKS_PER_SECOND

    def table(self, names: tuple[str, ...]) -> tuple[Table, bool]:
        """Return the table of outputs, and whether it holds them as they are asked for.

        If not they have to be converted, or some are lacking. FmuError for an unknown one.
        """
        bound = self._outputs.get(names) or self._bind_outputs(names)
        return bound.table, not (bound.wires or bound.lacking)

    def outputs(self, names: tuple[str, ...]) -> list[float]:
        """Return outputs that have been read into their table, in the order of their names."""
        bound = self._outputs[names]
        values = _quantities(self._running(), bound)
        if not bound.lacking:
            return values
        found = dict(zip(bound.names, values, strict=True)) | bound.lacking
        return [found[name] for name in names]

    def save(self) -> bytes:
        """Return the complete state; restoring it continues with the same bits.

        Raises FmuError for an FMU that cannot save (`can_save` is False).
        """
        self._require_save()
        instance = self._running()
        state = instance.save_state()
        try:
            content = instance.serialise(state)
        finally:
            instance.free_state(state)
        header = _HEADER.pack(_MAGIC, self.binary.digest, self._start_tick, self._tick)
        return header + content

    def restore(self, state: bytes) -> None:
        """Continue from a saved state, also one saved by another process.

        Raises FmuError for a state of another format or of another FMU.
        """
        self._require_save()
        start_tick, tick, content = self._unpack(state)
        instance = self._instance
        if instance is None or instance.broken:
            self.close()
            instance = self._instance = instantiate(self.binary)
        inside = instance.deserialise(content)
        try:
            instance.restore_state(inside)
        finally:
            instance.free_state(inside)
        self._start_tick, self._tick = start_tick, tick
        instance.offset_s = start_tick / TICKS_PER_SECOND
        instance.time = (tick - start_tick) / TICKS_PER_SECOND
        instance.running = True
        instance.messages.forget()

    def close(self) -> None:
        """Free the instance; `start` or `restore` make a new one."""
        if self._instance is not None:
            self._instance.free()
            self._instance = None

    def _unpack(self, state: bytes) -> tuple[int, int, bytes]:
        if len(state) < _HEADER.size or not state.startswith(_MAGIC):
            raise FmuError("the saved state is not one of an FMU, or of another format", self.model)
        _, digest, start_tick, tick = _HEADER.unpack_from(state)
        if digest != self.binary.digest:
            raise FmuError(
                f"the saved state belongs to another FMU ({digest.hex()[:12]},"
                f" this one is {self.binary.digest.hex()[:12]})",
                self.model,
            )
        return start_tick, tick, state[_HEADER.size :]

    def _require_save(self) -> None:
        if not self.can_save:
            raise FmuError("it cannot save and restore its state as bytes", self.model)

    def _running(self) -> Instance:
        if self._instance is None or not self._instance.running:
            raise FmuError("it has not been started", self.model)
        if self._instance.broken:
            raise FmuError(f"it has failed before: {self._instance.failure}", self.model)
        return self._instance

    def _check_order(self, tick: int) -> None:
        if tick < self._tick:
            raise FmuError(f"tick {tick} lies before tick {self._tick}", self.model)

    def _set(self, instance: Instance, inputs: Mapping[str, float]) -> None:
        """Set inputs; those that the FMU does without are left out."""
        table = self._lay(inputs)
        if table is not None:
            instance.set(table)

    def _lay(self, inputs: Mapping[str, float]) -> Table | None:
        """Return a table with inputs in it; None where the FMU does without all of them."""
        before, table = self._laid
        if inputs == before:
            return table
        key = tuple(inputs)
        bound = self._inputs.get(key) or self._bind_inputs(key)
        self._laid = ({}, None)
        if not bound.names:
            return None
        values = [inputs[name] for name in bound.names]
        if bound.wires:
            pairs = zip(values, bound.wires, strict=True)
            values = [float(found.to_variable(value)) for value, found in pairs]
        bound.table.write_row(values)
        self._laid = (dict(inputs), bound.table)
        return bound.table

    def _bind_inputs(self, asked: tuple[str, ...]) -> _Bound:
        """Bind inputs on first use, but for those of the contract that the FMU does without."""
        wired = self.wiring.inputs
        for name in asked:
            if name not in wired and name not in self.contract.inputs:
                raise FmuError(f"'{name}' is no input", self.model)
        names = tuple(name for name in asked if name in wired)
        bound = self._inputs[asked] = self._bind(names, wired, {})
        return bound

    def _bind_outputs(self, asked: tuple[str, ...]) -> _Bound:
        """Bind outputs on first use."""
        wired, optional = self.wiring.outputs, self.contract.optional
        unknown = [name for name in asked if name not in wired and name not in optional]
        if unknown:
            raise FmuError(f"{', '.join(unknown)}: no such output", self.model)
        names = tuple(name for name in asked if name in wired)
        lacking = {name: 0.0 for name in asked if name not in wired}
        bound = self._outputs[asked] = self._bind(names, wired, lacking)
        return bound

    def _bind(
        self, names: tuple[str, ...], wired: Mapping[str, Wire], lacking: dict[str, float]
    ) -> _Bound:
        wires = tuple(wired[name] for name in names)
        table = Table(Port(self.binary, [found.variable for found in wires]))
        plain = all(found.plain for found in wires)
        return _Bound(names, table, () if plain else wires, lacking)


def _quantities(instance: Instance, bound: _Bound) -> list[float]:
    """Return what stands in a table of outputs, in canonical units; all finite, or FmuError."""
    values = bound.table.read_row()
    if not math.isfinite(sum(values)):  # quicker than asking each
        instance.check_values([v.name for v in bound.table.port.variables], values)
    if bound.wires:
        pairs = zip(values, bound.wires, strict=True)
        values = [float(found.to_quantity(value)) for value, found in pairs]
    return values
