"""An FMU that turns items into items: a run of its own for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np

from linetwin.cosim.batch import Batch
from linetwin.cosim.binary import load_binary
from linetwin.cosim.port import Port, Table
from linetwin.cosim.rows import Rows, processors
from linetwin.cosim.runners import Plan, make_runner
from linetwin.cosim.stepping import step_rule
from linetwin.cosim.wiring import Wire, wire
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.contracts import Columns, Contract, Phase
    from linetwin.cosim.mapping import ProcessMap

_BATCHES_KEPT: Final = 40
"""Batches of one model that are kept for the next call of the same shape."""


class FmuTransform:
    """Fulfils `contracts.Transform` with an FMU.

    Each item starts from the FMU's start values with the parameters, the item's start quantities
    and the inputs of its first phase set before initialisation; a phase is one step, which the FMU
    may end early. An instance serves many items, with others beside it in other threads where an
    item takes long; results are the same for any number of them.
    """

    def __init__(
        self,
        fmu: Path,
        contract: Contract,
        parameters: Mapping[str, float] | None = None,
        mapping: ProcessMap | None = None,
        *,
        step_s: float | None = None,
    ) -> None:
        """Load and wire the FMU.

        `parameters` are in the canonical unit where they bear a quantity's name, else in the
        variable's own. `step_s`: longest communication step (s).
        Raises WiringError where the FMU does not fulfil the contract, FmuError where it does not
        load.
        """
        self.binary = load_binary(fmu)
        description = self.binary.description
        self.model = description.name
        self.contract = contract
        self.wiring = wire(description, contract, mapping, parameters)
        own, asked = description.tolerance, contract.tolerance
        tolerance = asked if asked is not None and own is not None and own < asked else None
        rule = step_rule(description, step_s)
        self.plan = Plan(self.binary, self._constant_table(), rule, tolerance, self.wiring.preset)
        self._batches: dict[tuple[int, int, tuple[str, ...]], Batch] = {}
        self._outputs = tuple(self.wiring.outputs.values())
        self._constants_hold = all(
            description.variables[name].holds(value)
            for name, value in self.wiring.constants.items()
        )
        # scipy integrates one model at a time: threads would only wait for each other
        alone = description.capabilities.once_per_process or description.exchange
        self._items = Rows([make_runner(self.plan) for _ in range(1 if alone else processors())])

    def _constant_table(self) -> Table | None:
        constants = self.wiring.constants
        if not constants:
            return None
        variables = self.binary.description.variables
        table = Table(Port(self.binary, [variables[name] for name in constants]))
        for position, value in enumerate(constants.values()):
            table.write(position, value)
        return table

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through `phases`; see `contracts.Transform.apply`.

        A phase's input that is not given keeps its value from the phase before.
        """
        if not phases:
            return []
        batches = self.prepare(start, phases)
        self._items.run(batches[0].rows, batches)
        return self._columns(batches)

    def prepare(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Batch]:
        """Return the batches of at least one phase, filled with their inputs, for a runner.

        They hold until the next call, which may fill them anew.
        """
        missing = [q for q in self.wiring.inputs if q not in phases[0].inputs]
        missing = [q for q in missing if q not in self.contract.optional]
        if missing:
            raise FmuError(f"the first phase lacks {', '.join(missing)}", self.model)
        rows = _rows(start, phases)
        return [
            self._batch(index, start if index == 0 else {}, phase, rows)
            for index, phase in enumerate(phases)
        ]

    def close(self) -> None:
        """Free the instances; the next call of `apply` makes new ones."""
        self._items.close()

    def _batch(
        self, index: int, start: Mapping[str, float | np.ndarray], phase: Phase, rows: int
    ) -> Batch:
        """Return a phase's batch, filled with its inputs (and start quantities for the first)."""
        pairs = [
            (self._wire_of(quantity, self.wiring.start, "start quantity"), value)
            for quantity, value in start.items()
        ]
        pairs += [
            (found, value)
            for quantity, value in phase.inputs.items()
            if (found := self._input_wire(quantity)) is not None
        ]
        # one for each place in the sequence: all phases are filled before the first item runs
        key = (index, rows, tuple([found.variable.name for found, _ in pairs]))
        batch = self._batches.get(key)
        if batch is None:
            if len(self._batches) >= _BATCHES_KEPT:  # trays differ by a few cells, rolls by many
                del self._batches[next(iter(self._batches))]
            wires = [found for found, _ in pairs]
            batch = self._batches[key] = Batch(self.binary, wires, self._outputs, rows)
        batch.fill((value for _, value in pairs), phase.duration_s)
        return batch

    def _input_wire(self, quantity: str) -> Wire | None:
        """Return the wire of an input; None for one that the FMU does without."""
        found = self.wiring.inputs.get(quantity)
        if found is None and quantity in self.contract.inputs:
            return None
        return found or self._wire_of(quantity, self.wiring.inputs, "input")

    def _wire_of(self, quantity: str, wires: Mapping[str, Wire], what: str) -> Wire:
        if quantity not in wires:
            known = ", ".join(wires) or "none"
            raise FmuError(f"'{quantity}' is no {what} (known: {known})", self.model)
        return wires[quantity]

    def _columns(self, batches: Sequence[Batch]) -> list[Columns]:
        """Return the outputs of all phases in canonical units."""
        results: list[Columns] = []
        in_range = np.full(batches[0].rows, self._constants_hold)
        for batch in batches:
            columns: Columns = {}
            whole = all(np.isfinite(cell.values).all() for cell in batch.outputs.numbers)
            for position, found in enumerate(self._outputs):
                values = batch.outputs.read(position)
                if not (whole or np.isfinite(values).all()):
                    self._refuse(len(results), found, values)
                columns[found.quantity] = np.asarray(found.to_quantity(values))
            columns["phase_time"] = batch.taken.copy()
            if "valid" not in columns:
                in_range = in_range & batch.in_range()
                columns["valid"] = in_range.astype(np.float64)
            results.append(columns)
        return results

    def _refuse(self, phase: int, wire: Wire, values: np.ndarray) -> NoReturn:
        """Raise FmuError for the first item of which an output is no finite number."""
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        text = f"'{wire.variable.name}' is {values[row]:g}, and a finite number is needed"
        raise FmuError(f"row {row}, phase {phase}: {text}", self.model)


def _rows(start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]) -> int:
    """Return the number of items: the length of the arrays, 1 where all values are scalars."""
    given = [*start.values()]
    for phase in phases:
        given += [*phase.inputs.values(), phase.duration_s]
    lengths = {len(value) for value in given if isinstance(value, np.ndarray) and value.ndim}
    if len(lengths) > 1:
        raise FmuError(f"columns of different lengths: {sorted(lengths)}")
    return lengths.pop() if lengths else 1
