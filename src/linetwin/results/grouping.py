"""Sums by group over arrays, to the bits of pandas at a fraction of its time for small ones."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


class Groups:
    """Rows with the same keys, numbered in the order of their first rows; NaN equals NaN.

    `codes`: the group of each row; `first`: the first row of each group.
    """

    def __init__(self, keys: Sequence[np.ndarray]) -> None:
        """Group by integers or floats, arrays of one length."""
        plain = [_comparable(key) for key in keys]
        rows = len(plain[0])
        order = np.lexsort(plain[::-1])
        new = np.ones(rows, dtype=bool)
        if rows:
            new[1:] = False
            for key in plain:
                ordered = key[order]
                new[1:] |= ordered[1:] != ordered[:-1]
        # stable: the first row of a group is its first in order
        first = order[new]
        rank = np.empty(len(first), dtype=np.int64)
        by_row = np.argsort(first)
        rank[by_row] = np.arange(len(first))
        self.codes = np.empty(rows, dtype=np.int64)
        self.codes[order] = rank[np.cumsum(new) - 1]
        self.first = first[by_row]

    @cached_property
    def _turns(self) -> list[np.ndarray]:
        """Rows by their turn in their group: the first of each, the second of each, and so on."""
        order = np.argsort(self.codes, kind="stable")
        counts = np.bincount(self.codes, minlength=len(self.first))
        turn = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        by_turn = np.argsort(turn, kind="stable")
        ends = np.cumsum(np.bincount(turn))
        return np.split(order[by_turn], ends[:-1]) if len(order) else []

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of each group, NaN left out, by Kahan's summation."""
        total = np.zeros(len(self.first))
        lost = np.zeros(len(self.first))
        for rows in self._turns:
            present = rows[~np.isnan(values[rows])]
            codes = self.codes[present]
            added = values[present] - lost[codes]
            new = total[codes] + added
            rest = new - total[codes] - added
            lost[codes] = np.where(np.isnan(rest), 0.0, rest)
            total[codes] = new
        return total

    def highest(self, values: np.ndarray) -> np.ndarray:
        """Return the highest value of each group."""
        found = np.full(len(self.first), -np.inf)
        for rows in self._turns:
            codes = self.codes[rows]
            found[codes] = np.maximum(found[codes], values[rows])
        return found


def _comparable(key: np.ndarray) -> np.ndarray:
    """Return integers that are equal where the numbers are, all NaN being one."""
    if key.dtype.kind != "f":
        return key
    return np.where(np.isnan(key), np.nan, key + 0.0).view(np.int64)
