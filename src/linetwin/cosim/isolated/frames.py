"""The messages between a line and a model in a process of its own: framing, and plain data."""

from __future__ import annotations

import struct
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any, Final

import msgpack
import numpy as np

from linetwin.contracts import Contract, Phase
from linetwin.cosim.mapping import Link, ProcessMap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Message = dict[str, Any]
Values = dict[str, float | bytes]
"""By quantity: a number, or the bytes of a column."""
MEMBER: Final = "member"
"""Request, also while another is answered, and answer: which member of a group is being called."""
_LENGTH: Final = struct.Struct("<I")
_LONGEST: Final = 1 << 30
"""Bytes of a frame: 130 million numbers; a length above it is no length."""
_DOUBLE: Final = np.dtype("<f8")


def send(stream: IO[bytes], message: Message) -> None:
    """Write one frame; OSError where nobody reads."""
    stream.write(framed(message))
    stream.flush()


def framed(message: Message) -> bytes:
    """Return the bytes of one frame."""
    content: bytes = msgpack.packb(message)
    return _LENGTH.pack(len(content)) + content


def receive(stream: IO[bytes]) -> Message:
    """Read one frame; EOFError where the other side has ended, ValueError for what is no frame."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _LONGEST:
        raise ValueError(f"a message of {length} bytes")
    message = msgpack.unpackb(_exactly(stream, length), strict_map_key=False)
    if not isinstance(message, dict):
        raise ValueError(f"a message that is no map: {message!r}")  # noqa: TRY004 - not a defect
    return message


def _exactly(stream: IO[bytes], count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError
    return content


def packed(values: Mapping[str, float | np.ndarray]) -> Values:
    """Return values as plain data, to the last bit; arrays have the shape (items,)."""
    return {name: _packed(value) for name, value in values.items()}


def _packed(value: float | np.ndarray) -> float | bytes:
    if isinstance(value, np.ndarray) and value.ndim:
        return np.ascontiguousarray(value, dtype=_DOUBLE).tobytes()
    return float(value)


def unpacked(values: Values) -> dict[str, float | np.ndarray]:
    """Return values again from their plain data."""
    return {name: _unpacked(value) for name, value in values.items()}


def _unpacked(value: float | bytes) -> float | np.ndarray:
    return np.frombuffer(value, dtype=_DOUBLE).copy() if isinstance(value, bytes) else value


def packed_phases(phases: Sequence[Phase]) -> list[Message]:
    """Return phases as plain data."""
    return [
        {"inputs": packed(phase.inputs), "duration_s": _packed(phase.duration_s)}
        for phase in phases
    ]


def unpacked_phases(phases: Sequence[Message]) -> list[Phase]:
    """Return phases again from their plain data."""
    return [Phase(unpacked(phase["inputs"]), _unpacked(phase["duration_s"])) for phase in phases]


def packed_contract(contract: Contract) -> Message:
    """Return a contract as plain data."""
    return asdict(contract)


def unpacked_contract(content: Message) -> Contract:
    """Return a contract again from its plain data."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
    }
    return Contract(**fields)


def packed_map(mapping: ProcessMap) -> Message:
    """Return a mapping as plain data."""
    links = {
        name: {**asdict(link), "enumeration": link.enumeration and dict(link.enumeration)}
        for name, link in mapping.quantities.items()
    }
    return {"quantities": links, "fixed": dict(mapping.fixed)}


def unpacked_map(content: Message) -> ProcessMap:
    """Return a mapping again from its plain data."""
    links = {name: Link(**link) for name, link in content["quantities"].items()}
    return ProcessMap(links, content["fixed"])
