"""The links of a run as arrays: walked for one item or for all cells at once.

A walk goes level by level over (item, lot, role path) with a share each; contributions that reach
the same lot on the same role path are added. A role that follows itself (a batch topped up with an
earlier batch, a web from a web) does not lengthen the path.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from linetwin.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Link(NamedTuple):
    """One direct parent; the stretch in m on the parent, NaN where none."""

    parent: str
    role: str
    share: float
    start_m: float
    end_m: float


class _Side:
    """Links grouped by the lot at one of their ends."""

    def __init__(self, near: np.ndarray, far: np.ndarray, nodes: int) -> None:
        self.order = np.argsort(near, kind="stable")
        self.far = far
        self._first = np.searchsorted(near[self.order], np.arange(nodes + 1))

    def of(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (row of `nodes`, row of the links) for each link that touches `nodes`."""
        first, last = self._first[nodes], self._first[nodes + 1]
        counts = last - first
        which = np.repeat(np.arange(len(nodes)), counts)
        ends = np.cumsum(counts)
        steps = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
        return which, self.order[np.repeat(first, counts) + steps]


class _Paths:
    """Role paths by number; 0 is the empty path."""

    def __init__(self, roles: list[str], *, outwards: bool) -> None:
        self.roles = roles
        self.names = [""]
        self._numbers = {"": 0}
        self._outwards = outwards
        self._steps: dict[tuple[int, int], int] = {}

    def step(self, path: np.ndarray, role: np.ndarray) -> np.ndarray:
        """Return the numbers of the paths that are one role longer."""
        width = max(len(self.roles), 1)
        pairs, where = np.unique(path * width + role, return_inverse=True)
        numbers = [self._number(int(pair) // width, int(pair) % width) for pair in pairs]
        return np.array(numbers, dtype=np.int64)[where]

    def _number(self, path: int, role: int) -> int:
        if (path, role) not in self._steps:
            known, new = self.names[path], self.roles[role]
            words = known.split(".") if known else []
            if self._outwards:
                words = words if words[-1:] == [new] else [*words, new]
            else:
                words = words if words[:1] == [new] else [new, *words]
            name = ".".join(words)
            if name not in self._numbers:
                self._numbers[name] = len(self.names)
                self.names.append(name)
            self._steps[path, role] = self._numbers[name]
        return self._steps[path, role]


class Links:
    """The links table, indexed both ways."""

    def __init__(self, table: pd.DataFrame) -> None:
        made = table[table["relation"] == "made_from"].reset_index(drop=True)
        ends = pd.concat([made["child"], made["parent"]], ignore_index=True)
        codes, names = pd.factorize(ends)
        self._names = pd.Index(names)
        child, parent = codes[: len(made)], codes[len(made) :]
        self._up = _Side(child, parent, len(names))
        self._down = _Side(parent, child, len(names))
        self._share = made["share"].to_numpy(dtype=np.float64)
        self._role, roles = pd.factorize(made["role"])
        self._roles = [str(role) for role in roles]
        self._continued = np.unique(child * max(len(self._roles), 1) + self._role)
        self._made = made
        carried = table[table["relation"] == "carried_in"]
        self._carriers = carried.groupby("child", sort=False)["parent"].agg(list).to_dict()
        self._contents = carried.groupby("parent", sort=False)["child"].agg(list).to_dict()

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in self._carriers or name in self._contents

    def carriers(self, item: str) -> list[str]:
        """Return what carried an item."""
        return list(self._carriers.get(item, []))

    def contents(self, carrier: str) -> list[str]:
        """Return what a carrier carried."""
        return list(self._contents.get(carrier, []))

    def parents(self, item: str) -> list[Link]:
        """Return the direct parents of an item, in the order in which they were linked."""
        if item not in self._names:
            return []
        _, links = self._up.of(np.array([self._names.get_loc(item)]))
        columns = ["parent", "role", "share", "start_m", "end_m"]
        return [Link(*row) for row in self._made.loc[links, columns].itertuples(index=False)]

    def ancestors(self, items: Iterable[str]) -> pd.DataFrame:
        """Return columns item, lot, path, share, last for the ancestors of `items`."""
        return self._walk(items, self._up, outwards=True)

    def descendants(self, items: Iterable[str]) -> pd.DataFrame:
        """Return columns item, lot, path, share, last for what was made from `items`.

        The share is the part of the descendant's material on the path; the path reads from the
        descendant.
        """
        return self._walk(items, self._down, outwards=False)

    def check_depth(self, depth: int) -> None:
        """Raise ResultsError where a walk is longer than there are lots: links in a circle."""
        if depth > len(self._names):
            raise ResultsError("the genealogy has a circle: a lot is its own ancestor")

    def _walk(self, items: Iterable[str], side: _Side, *, outwards: bool) -> pd.DataFrame:
        starts = list(items)
        nodes = self._names.get_indexer(pd.Index(starts, dtype=object))
        item = np.flatnonzero(nodes >= 0)
        node = nodes[item].astype(np.int64)
        path, share = np.zeros(len(item), dtype=np.int64), np.ones(len(item))
        paths = _Paths(self._roles, outwards=outwards)
        levels: list[pd.DataFrame] = []
        while len(node):
            self.check_depth(len(levels))
            which, links = side.of(node)
            level = pd.DataFrame(
                {
                    "item": item[which],
                    "lot": side.far[links],
                    "path": paths.step(path[which], self._role[links]),
                    "role": self._role[links],
                    "share": share[which] * self._share[links],
                }
            )
            level = _summed(level)
            levels.append(level)
            item, node = level["item"].to_numpy(), level["lot"].to_numpy()
            path, share = level["path"].to_numpy(), level["share"].to_numpy()
        found = _summed(pd.concat(levels)) if levels else _NOTHING
        ends = found["lot"].to_numpy() * max(len(self._roles), 1) + found["role"].to_numpy()
        return pd.DataFrame(
            {
                "item": np.array(starts, dtype=object)[found["item"].to_numpy(dtype=np.int64)],
                "lot": self._names.to_numpy(dtype=object)[found["lot"].to_numpy(dtype=np.int64)],
                "path": np.array(paths.names, dtype=object)[found["path"].to_numpy(dtype=np.int64)],
                "share": found["share"].to_numpy(dtype=np.float64),
                "last": ~np.isin(ends, self._continued),
            }
        )

    def stretches(self, item: str, rolls: set[str]) -> dict[str, list[tuple[str, float, float]]]:
        """Return role -> stretches (mother roll, start_m, end_m) that are in an item.

        `rolls` are the mother rolls that have segments; a stretch on any other web is followed to
        the webs it was made from, laid end to end in the order of their links.
        """
        found: dict[str, list[tuple[str, float, float]]] = {}
        for link in self.parents(item):
            pieces = self._followed(link, rolls, 0)
            if pieces:
                found.setdefault(link.role, []).extend(pieces)
        return found

    def _followed(self, link: Link, rolls: set[str], depth: int) -> list[tuple[str, float, float]]:
        self.check_depth(depth)
        if math.isnan(link.start_m) or math.isnan(link.end_m):
            return []
        if link.parent in rolls:
            return [(link.parent, link.start_m, link.end_m)]
        pieces, begin = [], 0.0
        low, high = sorted((link.start_m, link.end_m))
        for above in self.parents(link.parent):
            length = abs(above.end_m - above.start_m)
            if math.isnan(length):
                continue
            first, last = max(low, begin) - begin, min(high, begin + length) - begin
            begin += length
            if last > first:
                sign = math.copysign(1.0, above.end_m - above.start_m)
                start, end = above.start_m + sign * first, above.start_m + sign * last
                part = above._replace(start_m=start, end_m=end)
                pieces.extend(self._followed(part, rolls, depth + 1))
        return pieces


_NOTHING = pd.DataFrame(
    {"item": [], "lot": [], "path": [], "role": [], "share": []}, dtype=np.float64
)


def _summed(level: pd.DataFrame) -> pd.DataFrame:
    """Add up contributions to one lot on one role path, keeping the order of first mention."""
    grouped = level.groupby(["item", "lot", "path", "role"], sort=False, as_index=False)
    return grouped["share"].sum()
