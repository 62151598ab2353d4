"""What the program writes as YAML is read back as the same data."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from linetwin.scenario.emit import dump
from linetwin.scenario.reread import load

TEXTS = st.one_of(
    st.sampled_from(["yes", "null", "1e-9", "14:00", "A", "on", "- a", "a: b", "#", "", "~", "0x1",
                     "1 000", "Ümlaut", "m/s", "%", "W/(m2.K)", "a #b", "=", "<<", ".inf",
                     "\u2028"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), TEXTS
)
CONTENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


@given(content=CONTENTS)
def test_everything_is_read_back(content: dict[str, Any]) -> None:
    """Text that looks like a number or a word of YAML stays text; numbers keep every bit."""
    assert YAML(typ="safe", pure=True).load(dump(content)) == content


@given(content=CONTENTS)
def test_the_quick_reader_agrees_or_declines(content: dict[str, Any]) -> None:
    """It declines only signs that `emit` escapes as JSON does not know."""
    text = dump(content)
    if "\\U" in text:
        with contextlib.suppress(ValueError):
            assert load(text) == content
        return
    assert load(text) == content


@pytest.mark.parametrize(
    "text",
    ["a: 1 # told", "a: &b 1", "a: |\n  b", "a: 2026-01-15", "a: True", "null: 1", "1: a",
     "a: 1\na: 2", "a:\n    b: 1", "- 1", "a: [1", "a: 'b'", "a: ~", "a: 1\n  b: 2", "a: 0x1"],
)  # fmt: skip
def test_the_quick_reader_declines_other_yaml(text: str) -> None:
    """What it might take for something else it leaves to a reader of all of YAML."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, it is not shown
        load(text)


def test_a_value_stands_on_a_line() -> None:
    """With its evidence, as a reader looks for it."""
    value = {"value": 0.1, "unit": "m/s", "tag": "A", "source": "made up, once"}
    assert dump({"parameters": {"web_speed": value}}) == (
        'parameters:\n  web_speed: {value: 0.1, unit: m/s, tag: A, source: "made up, once"}\n'
    )
