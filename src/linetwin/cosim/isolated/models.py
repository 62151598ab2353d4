"""The two model interfaces, answered by a model in a process of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.cosim.isolated import frames
from linetwin.cosim.isolated.process import ModelProcess
from linetwin.cosim.recorded import SEEK, InputRecord
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

    `parameters` and `mapping` as `FmuContinuous` takes them; `limit_s`: how long a call may take;
    `events`: those of a group that the line asks for.
    """

    fmu: Path
    contract: Contract
    parameters: Mapping[str, float]
    mapping: ProcessMap
    limit_s: float
    events: tuple[str, ...] = ()

    def process(self, model: str) -> ModelProcess:
        """Start a process for the model; FmuError where it cannot be opened there."""
        message: Message = {
            "fmu": str(self.fmu.resolve()),
            "contract": frames.packed_contract(self.contract),
            "parameters": {name: float(value) for name, value in self.parameters.items()},
            "map": frames.packed_map(self.mapping),
            "events": list(self.events),
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
        """Have a process; what was in the one before is gone."""
        if not self._process.alive:
            self._process = self._opening.process(self.model)
        self._failure = ""

    def _ask(self, request: Message, time_s: float | None = None) -> Message:
        """Return the answer; where the process ends over it, ask once more in a new one.

        The same call on the same state in a fresh process: what only a moment was to blame for
        (memory that ran out, a licence that was not there) is survived, with a warning.
        """
        if not self._process.alive:
            reason = f"it has failed before: {self._failure}" if self._failure else "it is closed"
            raise FmuError(reason, self.model)
        try:
            try:
                return self._process.ask(request, time_s)
            except FmuError as error:
                if self._process.alive:  # the FMU has said so itself, and would again
                    raise
                logger = logging.getLogger(f"linetwin.fmu.{self.model}")
                logger.warning("%s; asked once more in a new process", error)
                self._revive()
                self._recover()
                return self._process.ask(request, time_s)
        except FmuError as error:
            self._failure = str(error)
            raise

    def _recover(self) -> None:
        """Bring a new process to where the one before was."""


class IsolatedContinuous(_Isolated):
    """Fulfils `contracts.Continuous` with an FMU or a group in a process of its own; same bits.

    Where that hangs or crashes, a new one is brought to the same state by the same calls, and the
    call is made once more; the second time it is an FmuError. `start` and `restore` always work.
    """

    def __init__(self, model: str, opening: Opening) -> None:
        """Start the process; FmuError where the model cannot be opened there.

        A saved state is that of the model itself: it fits one without a process of its own too.
        """
        super().__init__(model, opening)
        self.can_save = bool(self._process.opened["can_save"])
        self.unable_to_save: list[str] = self._process.opened["unable_to_save"]
        self.digest = bytes(self._process.opened["digest"])
        self._time_s: float | None = None
        self._origin: Message | None = None
        self._since = InputRecord(0, {})
        self._asked: dict[str, None] = {}
        self._values: dict[str, float] = {}
        self._met: list[str] = []
        self._ended = False
        self._sought: int | None = None
        self._sought_from_s: float | None = None

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick` with the model's start values and these inputs."""
        self._begin(
            {"call": "start", "tick": tick, "inputs": _floats(inputs)}, tick / TICKS_PER_SECOND
        )

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; unnamed ones keep their value.

        Raises FmuError where the FMU fails, hangs or crashes, and for a tick in the past.
        """
        values = _floats(inputs)
        self._keep()
        self._note(_advance(tick, values, list(self._asked)))
        self._since.add(tick, values)
        self._time_s = tick / TICKS_PER_SECOND

    def seek(self, tick: int) -> int:
        """Hold the present inputs until `tick`, or an event of a group; as `GroupContinuous`."""
        self._keep()
        reached = int(self._note(_seek(tick, list(self._asked)))["tick"])
        self._sought, self._sought_from_s = tick, self._time_s
        self._time_s = reached / TICKS_PER_SECOND
        return reached

    def back(self) -> None:
        """Stand where the last `seek` began; what it met has not happened."""
        self._note({"call": "back", "names": list(self._asked)})
        self._sought, self._time_s = None, self._sought_from_s
        self._met.clear()

    def occurred(self) -> list[str]:
        """Return the events that it has met since it was asked last; as `GroupContinuous`."""
        if self._ended:
            self._ask({"call": "occurred"}, self._time_s)
        found, self._met = self._met, []
        return found

    def _note(self, request: Message) -> Message:
        """Ask for something that takes time, and note what comes of it."""
        self._values = {}  # of a model that fails nothing can be read
        answer = self._ask(request, self._time_s)
        self._values, self._ended = answer["values"], answer["ended"]
        self._met += answer["met"]
        return answer

    def _keep(self) -> None:
        """Note the last `seek`: nothing undoes it any more."""
        if self._sought is not None:
            self._since.add(self._sought, {SEEK: 1.0})
            self._sought = None

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to, in canonical units.

        What was read before comes with each advance: two messages in three are saved.
        """
        asked = list(names)
        if not self._process.alive or not self._values.keys() >= set(asked):
            answer = self._ask({"call": "read", "names": asked}, self._time_s)
            self._values |= answer["values"]
            self._asked |= dict.fromkeys(asked)
        return {name: self._values[name] for name in asked}

    def save(self) -> bytes:
        """Return the complete state; restoring it continues with the same bits."""
        return bytes(self._ask({"call": "save"}, self._time_s)["state"])

    def restore(self, state: bytes) -> None:
        """Continue from a saved state, also one saved by another process."""
        self._begin({"call": "restore", "state": state}, None)

    def _begin(self, request: Message, time_s: float | None) -> None:
        """Begin from a start or from a saved state; what was done before is over."""
        self._revive()
        self._origin, self._time_s, self._values = None, time_s, {}
        self._sought, self._ended, self._met = None, False, []
        self._ask(request, time_s)
        self._origin = request
        self._since.close()
        self._since = InputRecord(0, {})

    def _recover(self) -> None:
        if self._origin is None:
            return
        self._process.ask(self._origin)
        for tick, inputs in self._since:
            again = _seek(tick, []) if SEEK in inputs else _advance(tick, inputs, [])
            self._process.ask(again)
        if self._sought is not None:
            self._process.ask(_seek(self._sought, []))


class IsolatedTransform(_Isolated):
    """Fulfils `contracts.Transform` with an FMU in a process of its own; same bits.

    Where that hangs or crashes, the call is made once more in a new one; the second time it is an
    FmuError. The next call goes on in a new process.
    """

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through `phases`; see `contracts.Transform.apply`."""
        self._revive()
        items, conditions = frames.packed(start), frames.packed_phases(phases)
        answer = self._ask({"call": "apply", "start": items, "phases": conditions})
        return [frames.unpacked(columns) for columns in answer["columns"]]  # type: ignore[misc]


def _advance(tick: int, inputs: dict[str, float], names: list[str]) -> Message:
    return {"call": "advance", "tick": tick, "inputs": inputs, "names": names}


def _seek(tick: int, names: list[str]) -> Message:
    return {"call": "seek", "tick": tick, "names": names}


def _floats(inputs: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in inputs.items()}
