"""Groups over arrays are those of pandas; their sums are as near as Kahan's summation comes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.results.grouping import Groups

keys = st.tuples(st.integers(-2, 2), st.sampled_from([0.0, -0.0, 1.5, float("nan")]))
values = st.floats(-1e12, 1e12) | st.sampled_from([float("nan"), 1e-9, 0.1])


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(keys, values), max_size=30))
def test_groups_are_those_of_pandas(rows: list[tuple[tuple[int, float], float]]) -> None:
    """The same groups in the same order, sums within Kahan's bound, the same highest value."""
    first = np.array([key[0] for key, _ in rows], dtype=np.int64)
    second = np.array([key[1] for key, _ in rows], dtype=np.float64)
    numbers = np.array([value for _, value in rows], dtype=np.float64)
    groups = Groups((first, second))
    frame = pd.DataFrame({"first": first, "second": second + 0.0, "value": numbers})
    grouped = frame.groupby(["first", "second"], sort=False, dropna=False)["value"]
    sums = groups.sums(numbers)
    for number in range(len(groups.first)):
        own = numbers[groups.codes == number]
        own = own[~np.isnan(own)]
        # 2 u times the sum of all sizes (Higham, Accuracy and Stability, 4.8), and its rounding
        bound = 2.5 * np.finfo(float).eps * math.fsum(map(abs, own))
        assert abs(sums[number] - math.fsum(own)) <= bound
    np.testing.assert_array_equal(first[groups.first], grouped.sum().reset_index()["first"])
    whole = np.nan_to_num(numbers)
    expected = grouped.transform("sum").to_numpy()
    np.testing.assert_allclose(sums[groups.codes], expected, rtol=0.0, atol=0.05)
    highest = frame.assign(value=whole).groupby(["first", "second"], sort=False, dropna=False)
    np.testing.assert_array_equal(groups.highest(whole), highest["value"].max().to_numpy())
