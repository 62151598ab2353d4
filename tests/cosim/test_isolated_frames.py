"""Messages between a line and a model in a process of its own keep every bit, or are refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.cosim.isolated import frames


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=9),
    st.integers(0, 2**64 - 1),
)
def test_numbers_keep_their_bits(column: list[int], scalar: int) -> None:
    """Every double survives the messages, whatever its bits; columns and scalars alike."""
    numbers = np.array(column, dtype=np.uint64).view(np.float64)
    single = struct.unpack("<d", struct.pack("<Q", scalar))[0]
    pipe = io.BytesIO()
    frames.send(pipe, {"values": frames.packed({"column": numbers, "scalar": single})})
    pipe.seek(0)
    found = frames.unpacked(frames.receive(pipe)["values"])
    assert np.asarray(found["column"]).tobytes() == numbers.tobytes()
    assert np.isnan(single) or found["scalar"] == single


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EOFError),
        (b"\x05\0\0\0abc", EOFError),
        (b"\xff\xff\xff\xff", ValueError),
        (b"\x01\0\0\0\x01", ValueError),
        (b"\x01\0\0\0\xc1", ValueError),
    ],
)
def test_what_is_no_message_is_refused(content: bytes, error: type[Exception]) -> None:
    """The end of the pipe, a length that is none, a number, a byte that MessagePack never uses."""
    with pytest.raises(error):
        frames.receive(io.BytesIO(content))
