"""Random streams: named, independent of one another, and continued bit by bit."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.errors import SimulationError
from linetwin.line.streams import Streams

NAMES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xy"), st.sampled_from("uv")),
    min_size=1,
    max_size=8,
    unique=True,
)
DRAWS = st.lists(st.sampled_from(["normal", "random", "integer", "short"]), max_size=12)


def draw(generator: np.random.Generator, how: str) -> float:
    """Draw one number; `short` uses half of a 64-bit number and keeps the rest."""
    match how:
        case "normal":
            return float(generator.standard_normal())
        case "random":
            return float(generator.random())
        case "integer":
            return float(generator.integers(1 << 40))
        case _:
            return float(generator.integers(1000, dtype=np.uint32))


@given(names=NAMES, seed=st.integers(0, 2**63))
def test_a_stream_is_known_by_its_name_alone(names: list[tuple[str, str, str]], seed: int) -> None:
    """The same seed and name give the same numbers, in whatever order streams are first used."""
    one, other = Streams(seed), Streams(seed)
    there = {name: one.get(*name).random() for name in names}
    back = {name: other.get(*name).random() for name in reversed(names)}
    assert there == back
    assert len(set(there.values())) == len(names)


def test_a_new_stream_shifts_no_other() -> None:
    """A station that is added draws its own numbers and leaves everybody else's alone."""
    alone, together = Streams(5), Streams(5)
    expected = alone.get("coater", "pump ripple", "normal").standard_normal(6)
    found = []
    for index in range(6):
        found.append(together.get("coater", "pump ripple", "normal").standard_normal())
        together.get("new", "cause", str(index)).random(100)
    assert np.array_equal(expected, found)


@pytest.mark.parametrize(
    "changed",
    [
        (2, "unit", "cause", "use"),
        (1, "u", "cause", "use"),
        (1, "unit", "c", "use"),
        (1, "unit", "cause", "other"),
    ],
)
def test_seed_unit_cause_and_use_all_count(changed: tuple[int, str, str, str]) -> None:
    """Another seed, unit, cause or use is another stream."""
    seed, *name = changed
    assert Streams(1).get("unit", "cause", "use").random() != Streams(seed).get(*name).random()


@given(names=NAMES, before=DRAWS, after=DRAWS)
def test_saved_streams_go_on_bit_by_bit(
    names: list[tuple[str, str, str]], before: list[str], after: list[str]
) -> None:
    """After save and load, through MessagePack, all streams draw what they would have drawn."""
    streams, again = Streams(3), Streams(3)
    for name in names:
        for how in before:
            draw(streams.get(*name), how)
    again.load(msgpack.unpackb(msgpack.packb(streams.save())))
    assert again.save() == streams.save()
    for name in names:
        assert [draw(again.get(*name), how) for how in after] == [
            draw(streams.get(*name), how) for how in after
        ]


def test_loading_forgets_streams_that_were_not_saved() -> None:
    """A stream used only after the saved instant starts anew."""
    streams = Streams(3)
    saved = streams.save()
    first = streams.get("unit", "cause", "use").random()
    streams.load(saved)
    assert streams.get("unit", "cause", "use").random() == first


def test_a_name_without_its_three_parts_is_refused() -> None:
    """A saved stream must say unit, cause and use."""
    streams = Streams(3)
    streams.get("unit", "cause", "use")
    state = streams.save()["unit|cause|use"]
    with pytest.raises(SimulationError, match="not the name of a stream: unit"):
        Streams(3).load({"unit|cause": state})
