"""Taking items through all their phases on one instance: in the compiled kernel, or in Python.

Both do the same calls in the same order, with the same bits and the same errors. The kernel is
cosim/kernel/rows.c: a change of one is a change of both.
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.kernel.library import Kernel, kernel
from linetwin.cosim.kernel.structures import (
    Call,
    Functions2,
    Functions3,
    KernelBlocks,
    KernelRunner,
)
from linetwin.cosim.presets import Preset
from linetwin.cosim.stepping import ENDED, StepRule, advance
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.batch import Batch
    from linetwin.cosim.binary import Binary
    from linetwin.cosim.port import Table

_NAMES: Final = {
    2: {
        "reset": "Reset",
        "setup": "SetupExperiment",
        "enter": "EnterInitializationMode",
        "leave": "ExitInitializationMode",
        "step": "DoStep",
        "real_status": "GetRealStatus",
        "boolean_status": "GetBooleanStatus",
    },
    3: {
        "reset": "Reset",
        "enter": "EnterInitializationMode",
        "leave": "ExitInitializationMode",
        "step": "DoStep",
    },
}
"""FMI's functions by the kernel's names, for each version."""
_CALLS: Final = {
    Call.RESET: "Reset",
    Call.SETUP: "SetupExperiment",
    Call.ENTER: "EnterInitializationMode",
    Call.LEAVE: "ExitInitializationMode",
}
ANY_STEP: Final = StepRule()
NOTHING: Final = Preset()


@dataclass(frozen=True)
class Plan:
    """What all items of a Transform have in common."""

    binary: Binary
    constants: Table | None = None
    rule: StepRule = ANY_STEP
    tolerance: float | None = None
    preset: Preset = NOTHING


class Runner(ABC):
    """One instance that serves items one after another; a failed one is replaced."""

    def __init__(self, plan: Plan) -> None:
        """Remember what to do; the instance is made by `open`, or with the first item."""
        self.plan = plan
        self._instance: Instance | None = None

    def open(self) -> Instance:
        """Return the instance, made where there is none."""
        if self._instance is None:
            self._instance = instantiate(self.plan.binary, early_return=True)
        return self._instance

    @abstractmethod
    def run(self, rows: range, phases: Sequence[Batch]) -> None:
        """Take items through all phases; raise FmuError with the row and the phase that failed."""

    def _stop(self, instance: Instance, row: int, phase: int, error: FmuError) -> FmuError:
        """Free a failed instance; return the error with the row and the phase that failed."""
        reason = instance.failure or str(error)
        self.close()
        moment = f"{error.moment} of the item's time"  # the line's is another
        return FmuError(f"row {row}, phase {phase}: {reason}", instance.model, error.time_s, moment)

    def close(self) -> None:
        """Free the instance; the next item makes a new one."""
        instance, self._instance = self._instance, None
        if instance is not None:
            instance.free()


@final
class PythonRunner(Runner):
    """Calls the FMU from Python, where there is no kernel for it."""

    def run(self, rows: range, phases: Sequence[Batch]) -> None:
        """Take items through all phases; raise FmuError with the row and the phase that failed."""
        instance = self.open()
        for row in rows:
            self._take(instance, row, phases)

    def _take(self, instance: Instance, row: int, phases: Sequence[Batch]) -> None:
        index = 0
        try:
            self._restart(instance)
            instance.set(phases[0].inputs, row)
            instance.initialise(self.plan.tolerance)
            at = 0.0
            for index, phase in enumerate(phases):
                if index:
                    instance.set(phase.inputs, row)
                end = at + phase.lengths[row]
                if end > at:  # else it has no length, or one that the time cannot hold
                    reached = advance(instance, at, end, self.plan.rule)
                    phase.times[row] = reached.time - at
                    at = reached.time
                    if reached.terminated and phase is not phases[-1]:
                        instance.fail(ENDED)
                instance.get(phase.outputs, row)
        except FmuError as error:
            raise self._stop(instance, row, index, error) from error

    def _restart(self, instance: Instance) -> None:
        """Bring the instance to its beginning, with the parameters set."""
        # Restoring a state saved here saves 0.4 us an item and asks more of anybody's FMU.
        if instance.running:
            instance.reset()
        if self.plan.preset:
            self.plan.preset.apply(instance)
        if self.plan.constants is not None:
            instance.set(self.plan.constants)


@final
class CompiledRunner(Runner):
    """Lets the kernel call the FMU: Python is asked once for all items."""

    def __init__(self, plan: Plan, compiled: Kernel) -> None:
        """Bind the FMU's functions; FmuError where it does not export all that the kernel needs."""
        super().__init__(plan)
        self._kernel = compiled
        self._inside = KernelRunner(
            version=plan.binary.description.version,
            tolerance_given=plan.tolerance is not None,
            tolerance=plan.tolerance or 0.0,
            longest=plan.rule.longest_s or 0.0,
            fixed=plan.rule.fixed,
            constants=plan.constants.setting if plan.constants is not None else KernelBlocks(),
        )
        if self._inside.version == 2:  # noqa: PLR2004 - the FMI version
            self._inside.fmi2 = Functions2(*_addresses(plan.binary))
        else:
            self._inside.fmi3 = Functions3(*_addresses(plan.binary))

    def open(self) -> Instance:
        """Return the instance, made and shown to the kernel where there is none."""
        new = self._instance is None
        instance = super().open()
        if new:
            inside = self._inside
            inside.handle = instance.address
            inside.running = False
            inside.time = 0.0
            # the kernel resets without a word to the messages
            start = inside.resets
            instance.messages.resets = lambda: int(inside.resets) - start
        return instance

    def run(self, rows: range, phases: Sequence[Batch]) -> None:
        """Take items through all phases; raise FmuError with the row and the phase that failed."""
        instance = self.open()
        done = self._kernel.run(self._inside, [phase.compiled for phase in phases], rows)
        instance.time = self._inside.time
        instance.running = bool(self._inside.running)
        if done:
            return
        failure = self._inside.failure
        try:
            self._tell(instance, phases)
        except FmuError as error:
            raise self._stop(instance, failure.row, failure.phase, error) from error

    def _tell(self, instance: Instance, phases: Sequence[Batch]) -> None:
        """Raise the FmuError that Python would have raised for the kernel's failure."""
        failure = self._inside.failure
        call = Call(failure.call)
        if call is Call.STEP:
            instance.fail_step(failure.status, failure.length)
        if call is Call.ENDED:
            instance.fail(ENDED)
        if call is Call.UNEVEN:
            self.plan.rule.count(failure.length, instance.model)
        table = {
            Call.CONSTANTS: self.plan.constants,
            Call.INPUTS: phases[failure.phase].inputs,
            Call.OUTPUTS: phases[failure.phase].outputs,
        }.get(call)
        name = _CALLS.get(call, "")
        if table is not None:
            verb = "Get" if call is Call.OUTPUTS else "Set"
            name = f"{verb}{table.cells[failure.block].block.label}"
        instance.fail_call(name, failure.status)


def _addresses(binary: Binary) -> list[Any]:
    version = binary.description.version
    functions = [binary.function(f"fmi{version}{name}") for name in _NAMES[version].values()]
    return [ctypes.cast(function, ctypes.c_void_p).value for function in functions]  # type: ignore[arg-type]


def make_runner(plan: Plan) -> Runner:
    """Return a runner for one thread: the kernel's where that is loaded and the FMU has it all."""
    compiled = kernel().kernel
    if compiled is not None and plan.binary.description.plain and not plan.preset:
        try:
            return CompiledRunner(plan, compiled)
        except FmuError:  # a function that it lacks: Python misses it only where it is called
            return PythonRunner(plan)
    return PythonRunner(plan)
