"""Readings that cannot all be right, and the odd one out."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.estimation.agreement import Disagreement, disagreement, farthest

LIMIT = 3.0


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1.0, 1.01], None),
        ([1.0, 1.1], Disagreement(None)),
        ([1.0, 1.01, 1.02], None),
        ([1.0, 1.01, 1.1], Disagreement(2)),
        ([1.1, 1.0, 1.01], Disagreement(0)),
        ([1.0, 1.1, 1.2], Disagreement(None)),
        ([1.0, 1.03, 1.06], Disagreement(None)),
        ([1.0, 1.0, 1.1, 1.1], Disagreement(None)),
        ([1.0, 1.0, 1.0, 1.1], Disagreement(3)),
    ],
)
def test_the_odd_one_is_named_where_others_agree(
    values: list[float], found: Disagreement | None
) -> None:
    """All of deviation 0.01: two that differ cannot say which, nor can two pairs, nor a chain."""
    assert disagreement(values, [0.01] * len(values), LIMIT) == found


def test_readings_disagree_by_chance_as_rarely_as_stated() -> None:
    """Of 20,000 pairs with errors of their own a share of 1 % differs by more than the limit."""
    drawn = np.random.default_rng(5).standard_normal((20_000, 2)) * [1.0, 3.0]
    limit = farthest(0.01)
    told = sum(disagreement(list(pair), [1.0, 3.0], limit) is not None for pair in drawn)
    assert told == pytest.approx(200, abs=60)
