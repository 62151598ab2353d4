"""The two model interfaces, answered by a model in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linetwin.cosim.isolated import frames
from linetwin.cosim.isolated.process import ModelProcess
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from linetwin.contracts import Columns, Contract, Phase
    from linetwin.cosim.isolated.frames import Message
    from linetwin.cosim.mapping import ProcessMap

TICKS_PER_SECOND = 1000


@dataclass(frozen=True)
class Opening:
    """What a model is made of: a file, its contract, and what the scenario says of it.

    `parameters` and `mapping` as `FmuContinuous` takes them; `limit_s`: how long a call may take.
    """

    fmu: Path
    contract: Contract
    parameters: Mapping[str, float]
    mapping: ProcessMap
    limit_s: float

    def process(self, model: str) -> ModelProcess:
        """Start a process for the model; FmuError where it cannot be opened there."""
        message: Message = {
            "fmu": str(self.fmu.resolve()),
            "contract": frames.packed_contract(self.contract),
            "parameters": {name: float(value) for name, value in self.parameters.items()},
            "map": frames.packed_map(self.mapping),
        }
        return ModelProcess(model, self.limit_s, message)


class _Isolated:
    """A model whose process is started anew after it has ended."""

    def __init__(self, model: str, opening: Opening) -> None:
        self.model = model
        self.contract = opening.contract
        self._opening = opening
        self._process = opening.process(model)
        self._failure = ""

    def close(self) -> None:
        """End the process; the next start makes a new one."""
        self._process.close()

    def _revive(self) -> None:
        if not self._process.alive:
            self._process = self._opening.process(self.model)
        self._failure = ""

    def _ask(self, call: str, time_s: float | None = None, **content: Any) -> Message:  # noqa: ANN401
        if not self._process.alive:
            reason = f"it has failed before: {self._failure}" if self._failure else "it is closed"
            raise FmuError(reason, self.model)
        try:
            return self._process.ask({"call": call, **content}, time_s)
        except FmuError as error:
            self._failure = str(error)
            raise


class IsolatedContinuous(_Isolated):
    """Fulfils `contracts.Continuous` with an FMU or a group in a process of its own; same bits.

    A hang or a crash is an FmuError; `start` and `restore` then go on in a new process.
    """

    def __init__(self, model: str, opening: Opening) -> None:
        """Start the process; FmuError where the model cannot be opened there.

        A saved state is that of the model itself: it fits one without a process of its own too.
        """
        super().__init__(model, opening)
        self.can_save = bool(self._process.opened["can_save"])
        self.digest = bytes(self._process.opened["digest"])
        self._time_s: float | None = None

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick` with the model's start values and these inputs."""
        self._revive()
        self._time_s = tick / TICKS_PER_SECOND
        self._ask("start", self._time_s, tick=tick, inputs=_floats(inputs))

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; unnamed ones keep their value.

        Raises FmuError where the FMU fails, hangs or crashes, and for a tick in the past.
        """
        self._ask("advance", self._time_s, tick=tick, inputs=_floats(inputs))
        self._time_s = tick / TICKS_PER_SECOND

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to, in canonical units."""
        values: dict[str, float] = self._ask("read", self._time_s, names=list(names))["values"]
        return values

    def save(self) -> bytes:
        """Return the complete state; restoring it continues with the same bits."""
        return bytes(self._ask("save", self._time_s)["state"])

    def restore(self, state: bytes) -> None:
        """Continue from a saved state, also one saved by another process."""
        self._revive()
        self._time_s = None
        self._ask("restore", state=state)


class IsolatedTransform(_Isolated):
    """Fulfils `contracts.Transform` with an FMU in a process of its own; same bits.

    A hang or a crash is an FmuError; the next call goes on in a new process.
    """

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through `phases`; see `contracts.Transform.apply`."""
        self._revive()
        start_values, conditions = frames.packed(start), frames.packed_phases(phases)
        answers = self._ask("apply", start=start_values, phases=conditions)["columns"]
        return [frames.unpacked(columns) for columns in answers]  # type: ignore[misc]


def _floats(inputs: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in inputs.items()}
