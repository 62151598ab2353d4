"""Patterns of names that would hang a command are refused; those that people write are not."""

from __future__ import annotations

import re
import time

import pytest

from linetwin.scenario.backtracking import is_slow


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "(A+)+",
            "(A*)*B",
            "(A|AA)+",
            "(A?)*B",
            "(?:A+B?)+",
            "((A+){9})+",
            "(A{1,99})*",
            "(A)\\1+",
        ),
        *("A*A*A*A*B", "(A*){4}B", "(?=(A+)+B)A"),
    ],
)
def test_a_pattern_that_may_take_for_ever_is_refused(pattern: str) -> None:
    """Also where the repeat is in a group, a choice or a look ahead."""
    assert is_slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            r"(?P<body>[A-Z]{2}\d{5})-(?P<check>\d{2})",
            r"[A-Z]+-\d{4}",
            "(R|C)X[0-9]{1,6}",
            "A*B*C*",
        ),
        *("(AB)+", "(?:[A-Z]{3}){2}-?[0-9]+", r"\w+-\d+(-\d{2})?"),
    ],
)
def test_a_pattern_of_names_is_read(pattern: str) -> None:
    """And a long name against it takes no time."""
    assert not is_slow(pattern)
    begun = time.perf_counter()
    assert not re.fullmatch(pattern, "A" * 300 + "!")
    assert time.perf_counter() - begun < 0.5
