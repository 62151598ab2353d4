"""Where a predictor may be asked: as a plain search of all points says, few features or many."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.bench.surrogate_cells import cells, whole
from linetwin.predictors.domain import INSIDE, NEAR, OUTSIDE, domain_of


@pytest.mark.parametrize(("wide", "count"), [(1, 30), (3, 500), (5, 200), (6, 300), (49, 700)])
def test_the_domain_is_that_of_a_plain_search(wide: int, count: int) -> None:
    """To 1e-12: rows among the points, on them, near, far, and without a number."""
    rng = np.random.default_rng(wide)
    rows = rng.normal(0, 1, (count, 4)) @ rng.normal(0, 1, (4, wide))
    rows += 0.3 * rng.normal(0, 1, rows.shape)
    domain = domain_of(rows)
    asked = np.concatenate([rows, rows + rng.normal(0, 0.4, rows.shape), 1e6 * rows[:3]])
    scaled = (asked - domain.low) / (domain.high - domain.low)
    apart = scaled[:, None] - domain.points
    plain = np.maximum(np.sqrt((apart**2).sum(axis=2).min(axis=1)) / domain.reach, 1.0)
    np.testing.assert_allclose(domain.away(scaled), plain, rtol=1e-12)
    found, widened = domain.judge(asked)
    excess = np.maximum(np.maximum(-scaled, scaled - 1), 0).max(axis=1)
    inside = (excess < 1e-9) & (plain <= 1 + 1e-9)
    outside = (excess > 0.1 * (1 + 1e-9)) | (plain > 2 * (1 + 1e-9))
    wanted = np.where(inside, INSIDE, np.where(outside, OUTSIDE, NEAR))
    assert (found == wanted).all()
    assert (widened[inside] == 1.0).all()
    asked[0, 0] = np.nan
    assert domain.judge(asked)[0][0] == OUTSIDE


def test_no_rows_and_rows_alone() -> None:
    """None gives none; a row alone says what it says among others."""
    rows = cells(400, 1)
    domain = domain_of(rows)
    asked = cells(50, 2)
    together, widened = domain.judge(asked)
    for at in range(50):
        found, factor = domain.judge(asked[at : at + 1])
        assert found[0] == together[at]
        assert factor[0] == pytest.approx(widened[at], rel=1e-12)
    assert len(domain.judge(asked[:0])[0]) == 0


def test_the_benchs_reference_is_every_distance() -> None:
    """By products, to 1e-9 of the plain search where rows are apart."""
    domain = domain_of(cells(300, 1))
    scaled = (cells(40, 2) - domain.low) / (domain.high - domain.low)
    plain = np.sqrt(((scaled[:, None] - domain.points) ** 2).sum(axis=2).min(axis=1))
    np.testing.assert_allclose(whole(domain, scaled), plain / domain.reach, rtol=1e-9)
