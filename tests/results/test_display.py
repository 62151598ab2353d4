"""Shares and counts as people read them: what is not all, or none, is not written so."""

from __future__ import annotations

import pytest

from linetwin.results import display


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.5, "50 %"),
        (0.9994, "99.9 %"),
        (0.9997, "> 99.9 %"),
        (1 - 2e-16, "100 %"),
        (1.0, "100 %"),
        (1.25, "125 %"),
        (None, "not known"),
    ],
)
def test_a_share(share: float | None, text: str) -> None:
    """A share is the whole only where it is; one more rounding of its sum does not matter."""
    assert display.share(share) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 lots"), (1, "1 lot"), (1204, "1,204 lots")])
def test_a_count(number: int, text: str) -> None:
    """One of a thing is in the singular."""
    assert display.counted(number, "lot") == text
