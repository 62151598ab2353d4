"""What the program writes as YAML is read back as the same data."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from linetwin.scenario.emit import dump

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


def test_a_value_stands_on_a_line() -> None:
    """With its evidence, as a reader looks for it."""
    value = {"value": 0.1, "unit": "m/s", "tag": "A", "source": "made up, once"}
    assert dump({"parameters": {"web_speed": value}}) == (
        'parameters:\n  web_speed: {value: 0.1, unit: m/s, tag: A, source: "made up, once"}\n'
    )
