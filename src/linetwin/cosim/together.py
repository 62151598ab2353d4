"""Many models brought to one tick, given inputs and read: one call of the kernel for all of them.

What the kernel cannot do (groups, models in processes of their own, a step that an FMU ends early)
is done model by model in Python, to the same bits. The kernel is cosim/kernel/touch.c.
"""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.fmi2 import Fmi2Instance
from linetwin.cosim.instance import DISCARD
from linetwin.cosim.kernel.library import Kernel, kernel
from linetwin.cosim.kernel.structures import KernelBlocks
from linetwin.cosim.kernel.touch_structures import KernelTouch, TouchCall
from linetwin.cosim.stepping import ENDED, StepRule, advance_fully
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.cosim.instance import Instance
    from linetwin.cosim.port import Table

_NOTHING: Final = KernelBlocks()
_ANY_STEP: Final = StepRule()


class Model(Protocol):
    """What a model is asked where the kernel cannot ask it."""

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`."""
        ...

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to."""
        ...


class Together:
    """Models that are advanced and read at the same ticks; each sees what it would see alone."""

    def __init__(self, models: Sequence[Model], names: Sequence[str]) -> None:
        """Remember the models, started or not, and the outputs to read."""
        self._models = models
        self._names = tuple(names)
        compiled = kernel().kernel
        self._compiled: _Compiled | None = None
        self._places: list[int] = []
        fmus: list[FmuContinuous] = []
        if compiled is not None:
            for place, model in enumerate(models):
                if isinstance(model, FmuContinuous) and model.is_plain:
                    self._places.append(place)
                    fmus.append(model)
            self._compiled = _Compiled(fmus, self._names, compiled)
        self._others = sorted({*range(len(models))} - {*self._places})
        self._other: int | None = None

    @property
    def under_way(self) -> int:
        """The place of the model that is being called, or was last."""
        if self._other is not None or self._compiled is None or not self._places:
            return self._other or 0
        return self._places[self._compiled.at]

    def advance(self, tick: int, inputs: Sequence[Mapping[str, float]]) -> list[list[float]]:
        """Bring all models to `tick`, give each its inputs, and return the outputs of each.

        Errors as `FmuContinuous.advance` and `read`; `under_way` then says whose it is.
        """
        self._other = None
        if self._compiled is not None and not self._others:
            return self._compiled.advance(tick, inputs)
        rows: list[list[float]] = [[]] * len(self._models)
        if self._compiled is not None and self._places:
            found = self._compiled.advance(tick, [inputs[place] for place in self._places])
            for place, row in zip(self._places, found, strict=True):
                rows[place] = row
        for place in self._others:
            self._other = place
            model = self._models[place]
            model.advance(tick, inputs[place])
            values = model.read(self._names)
            rows[place] = [values[name] for name in self._names]
        return rows


class _Compiled:
    """FMUs that the kernel can advance and read alone."""

    def __init__(
        self, models: Sequence[FmuContinuous], names: tuple[str, ...], compiled: Kernel
    ) -> None:
        self._models = models
        self._names = names
        self._touches = (KernelTouch * len(models))()
        self._inside = [self._touches[place] for place in range(len(models))]
        self._laid: list[tuple[Instance | None, Table | None]] = [(None, None)] * len(models)
        self._count = ctypes.c_uint64(len(models))
        self._begin = ctypes.c_uint64()
        self._at = ctypes.c_uint64()
        self._call: Any = compiled.library["linetwin_touch"]
        self._call.restype = ctypes.c_uint64
        self._arguments = (self._touches, self._begin, self._count, ctypes.byref(self._at))
        self._read: Any = None
        """The outputs of all models, row by row; empty where each is to be asked for its own."""

    @property
    def at(self) -> int:
        """The place of the model that is being called, or was last."""
        return self._at.value

    def advance(self, tick: int, inputs: Sequence[Mapping[str, float]]) -> list[list[float]]:
        """Return the outputs of each model at `tick`."""
        if self._read is None:
            self._bind()
        self._lay(tick, inputs)
        models = self._models
        done, count = 0, len(models)
        while done < count:
            begin = self._begin.value = done
            done = self._call(*self._arguments)
            for model in models[begin:done]:
                model.touched(tick)
            if done < count:
                self._finish(done, tick)
                models[done].touched(tick)
                done += 1
        return self._outputs()

    def _bind(self) -> None:
        """Let all outputs be read into one array where they need no conversion: one look at it."""
        size = len(self._names)
        values = np.zeros(len(self._models) * size)
        alike = True
        for place, model in enumerate(self._models):
            self._at.value = place
            table, plain = model.table(self._names)
            alike &= plain and table.lie_in(values[place * size : (place + 1) * size])
        self._read = np.ctypeslib.as_ctypes(values) if alike else ()

    def _lay(self, tick: int, inputs: Sequence[Mapping[str, float]]) -> None:
        """Lay out what the kernel is to do; all is as before but time, mostly."""
        place, laid = 0, self._laid
        try:
            for place, model in enumerate(self._models):
                given = model.touching(tick, inputs[place], self._inside[place])
                if given != laid[place]:
                    laid[place] = given
                    self._show(self._inside[place], model, *given)
        except FmuError:
            self._at.value = place
            raise

    def _show(
        self, inside: KernelTouch, model: FmuContinuous, instance: Instance, given: Table | None
    ) -> None:
        """Show the kernel an instance, what is set and what is read."""
        version = instance.binary.description.version
        step: Any = instance.binary.function(f"fmi{version}DoStep")
        inside.handle = instance.address
        inside.step = ctypes.cast(step, ctypes.c_void_p).value
        inside.version = version
        inside.inputs = _NOTHING if given is None else given.setting
        inside.outputs = model.table(self._names)[0].getting

    def _outputs(self) -> list[list[float]]:
        """Return what has been read, finite all; FmuError, and `at`, where it is not."""
        size, numbers = len(self._names), self._read[:]
        if numbers and math.isfinite(sum(numbers)):  # quicker than asking each
            return [numbers[begin : begin + size] for begin in range(0, len(numbers), size)]
        rows = []
        for place, model in enumerate(self._models):
            self._at.value = place
            rows.append(model.outputs(self._names))
        return rows

    def _finish(self, place: int, tick: int) -> None:
        """Do the rest of a touch in which the kernel stopped, or raise what went wrong."""
        inside, model = self._inside[place], self._models[place]
        instance, given = self._laid[place]
        assert instance is not None  # noqa: S101  it has been laid out
        outputs, _ = model.table(self._names)
        call, end_s = TouchCall(inside.call), model.local(tick)
        instance.time = end_s
        if call is TouchCall.INPUTS and given is not None:
            label = given.cells[inside.block].block.label
            instance.fail_call(f"Set{label}", inside.status)
        if call is TouchCall.OUTPUTS:
            label = outputs.cells[inside.block].block.label
            instance.fail_call(f"Get{label}", inside.status)
        reached, ended = inside.reached, bool(inside.terminated)
        if call is TouchCall.STEP:
            instance.time = inside.time
            if not (inside.status == DISCARD and isinstance(instance, Fmi2Instance)):
                instance.fail_step(inside.status, inside.length)
            reached, _, ended = instance.discarded(inside.time, inside.length)
        if ended:
            instance.time = reached
            instance.fail(ENDED)
        advance_fully(instance, max(reached, inside.time), end_s, _ANY_STEP)
        if given is not None:
            instance.set(given)
        instance.get(outputs)
