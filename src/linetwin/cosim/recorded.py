"""A model that cannot save its state: what was done to it is kept, and done again on restore."""

from __future__ import annotations

import struct
import tempfile
import weakref
import zlib
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgpack

from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MAGIC: Final = b"linetwin-inputs1"
_ROW: Final = struct.Struct("<qH")
"""Tick and number of the set of inputs; their values follow as doubles."""
_LENGTH: Final = struct.Struct("<I")
_BLOCK_BYTES: Final = 64 * 1024
"""Bytes of rows that are packed together; later blocks are not touched again."""
SEEK: Final = "seek "
"""Stands in a row for the inputs where an event was sought; no quantity is called so."""
_MEMORY_BYTES: Final = 1024 * 1024
"""Packed bytes kept in memory for one model; more lie in a nameless temporary file."""


class Advancing(Protocol):
    """What a recorded model must be able to do, saving apart."""

    model: str

    @property
    def digest(self) -> bytes:
        """Hash of what the model is made of."""
        ...

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick`."""
        ...

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`."""
        ...

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class Seeker(Advancing, Protocol):
    """What a recorded model must be able to do that seeks events."""

    def seek(self, tick: int) -> int:
        """Hold the present inputs until `tick`, or an event; return where it stands then."""
        ...

    def back(self) -> None:
        """Undo the last `seek`."""
        ...

    def occurred(self) -> list[str]:
        """Return the events since it was asked last."""
        ...


class InputRecord:
    """Every advance of a model since its start: tick and inputs, to the last bit.

    Memory is bounded: rows are packed block by block, and beyond 1 MiB they go into a temporary
    file that has no name and so is gone with the process.
    """

    def __init__(self, tick: int, inputs: Mapping[str, float]) -> None:
        self.tick, self.inputs = tick, dict(inputs)
        self.advances = 0
        self._names: dict[tuple[str, ...], int] = {}
        self._rows = bytearray()
        self._blocks = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115
        self._finalizer = weakref.finalize(self, self._blocks.close)

    def add(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Note one advance."""
        number = self._names.setdefault(tuple(inputs), len(self._names))
        self._rows += _ROW.pack(tick, number)
        self._rows += struct.pack(f"<{len(inputs)}d", *inputs.values())
        self.advances += 1
        if len(self._rows) >= _BLOCK_BYTES:
            self._pack()

    def content(self) -> dict[str, Any]:
        """Return everything as plain data; its size grows with the number of advances."""
        self._pack()
        self._blocks.seek(0)
        blocks = self._blocks.read()
        return {
            "tick": self.tick,
            "inputs": self.inputs,
            "advances": self.advances,
            "names": [list(names) for names in self._names],
            "blocks": blocks,
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> InputRecord:
        """Return the record again from its plain data."""
        record = cls(content["tick"], content["inputs"])
        record.advances = content["advances"]
        record._names = {tuple(names): n for n, names in enumerate(content["names"])}
        record._blocks.write(content["blocks"])
        return record

    def __iter__(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Yield tick and inputs of each advance, in order."""
        self._pack()
        names = list(self._names)
        self._blocks.seek(0)
        while head := self._blocks.read(_LENGTH.size):
            rows = zlib.decompress(self._blocks.read(_LENGTH.unpack(head)[0]))
            at = 0
            while at < len(rows):
                tick, number = _ROW.unpack_from(rows, at)
                at += _ROW.size
                values = struct.unpack_from(f"<{len(names[number])}d", rows, at)
                at += 8 * len(values)
                yield tick, dict(zip(names[number], values, strict=True))

    def close(self) -> None:
        """Forget everything."""
        self._finalizer()

    def _pack(self) -> None:
        if self._rows:
            packed = zlib.compress(bytes(self._rows), 1)
            self._blocks.seek(0, 2)
            self._blocks.write(_LENGTH.pack(len(packed)) + packed)
            self._rows.clear()


class RecordedContinuous:
    """Fulfils `contracts.Continuous` with a model that cannot save: `save` gives its inputs.

    `restore` simulates it again from its start, which takes as long as it took; the same calls in
    the same order give the same bits, as far as the model keeps to its inputs alone.
    """

    can_save = True

    def __init__(self, model: Advancing) -> None:
        self.model = model.model
        self._inner = model
        self._record: InputRecord | None = None
        self._tick = 0

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin (again) at `tick`; what was recorded before is forgotten."""
        self._inner.start(tick, inputs)
        self._begin(InputRecord(tick, inputs), tick)

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; unnamed ones keep their value.

        Raises FmuError where the model fails, and for a tick in the past.
        """
        self._inner.advance(tick, inputs)
        if tick != self._tick or inputs:
            self._running().add(tick, inputs)
            self._tick = tick

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Return outputs at the tick last advanced to, in canonical units."""
        return self._inner.read(names)

    def save(self) -> bytes:
        """Return everything that was done to the model since its start."""
        content = self._running().content()
        return _MAGIC + bytes(msgpack.packb({"digest": self._inner.digest, **content}))

    def restore(self, state: bytes) -> None:
        """Simulate the model again from its start to the saved moment.

        Raises FmuError for a state of another kind or of another model.
        """
        if not state.startswith(_MAGIC):
            raise FmuError("the saved state is no record of inputs", self.model)
        content = msgpack.unpackb(state[len(_MAGIC) :])
        if content["digest"] != self._inner.digest:
            raise FmuError("the recorded inputs belong to another FMU", self.model)
        record = InputRecord.of(content)
        self._inner.start(record.tick, record.inputs)
        tick = record.tick
        for tick, inputs in record:
            self._repeat(tick, inputs)
        self._begin(record, tick)

    def _repeat(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Do again what stands in a row of the record."""
        self._inner.advance(tick, inputs)

    def close(self) -> None:
        """Free the model; `start` or `restore` make a new one."""
        self._inner.close()
        if self._record is not None:
            self._record.close()
            self._record = None

    def _begin(self, record: InputRecord, tick: int) -> None:
        if self._record is not None:
            self._record.close()
        self._record, self._tick = record, tick

    def _running(self) -> InputRecord:
        if self._record is None:
            raise FmuError("it has not been started", self.model)
        return self._record


class RecordedSeeking(RecordedContinuous):
    """The same with a model that seeks events: how far it sought decides on its bits too."""

    def __init__(self, model: Seeker) -> None:
        super().__init__(model)
        self._seeker = model
        self._sought: int | None = None

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Hold the present inputs until `tick`, then set `inputs`; as `RecordedContinuous`."""
        self._keep()
        super().advance(tick, inputs)

    def seek(self, tick: int) -> int:
        """Hold the present inputs until `tick`, or an event; return where it stands then."""
        self._keep()
        reached = self._seeker.seek(tick)
        self._sought = tick
        return reached

    def back(self) -> None:
        """Undo the last `seek`."""
        self._sought = None
        self._seeker.back()

    def occurred(self) -> list[str]:
        """Return the events since it was asked last."""
        return self._seeker.occurred()

    def save(self) -> bytes:
        """Return everything that was done to the model since its start."""
        self._keep()
        return super().save()

    def restore(self, state: bytes) -> None:
        """Simulate the model again; what it met on the way has been told."""
        super().restore(state)
        self._sought = None
        self._seeker.occurred()

    def _keep(self) -> None:
        """Note the last `seek`: nothing undoes it any more."""
        if self._sought is not None:
            self._running().add(self._sought, {SEEK: 1.0})
            self._sought = None

    def _repeat(self, tick: int, inputs: Mapping[str, float]) -> None:
        if SEEK in inputs:
            self._seeker.seek(tick)
        else:
            super()._repeat(tick, inputs)
