"""The links of a run as arrays: walked for one item or for all cells at once.

A walk goes level by level over (item, lot, role path, stretch of the lot) with a share each. Where
a link says which stretch of the child it became, only what overlaps the stretch that is in the
item counts: a cell has the slurry of its own metres, not of the whole roll. A role that follows
itself (a tank topped up with an earlier charge) does not lengthen the path.

Positions on a web are uncertain (`position_uncertainty`, one standard deviation). A walk that asks
what may be inside widens each stretch that it steps to by `COVERAGE` of them on either side.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from linetwin.errors import ResultsError
from linetwin.results.grouping import Groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIDE = r" side [ab]\b"
"""How a role names the coated side: `slurry side a`."""

COVERAGE = 2.0
"""Standard deviations by which a stretch is widened: about 95 % of what may be inside."""

_STRETCHES = ["start_m", "end_m", "child_start_m", "child_end_m"]


class Link(NamedTuple):
    """One direct parent; stretches in m on the parent, NaN where none, with their uncertainty."""

    parent: str
    role: str
    share: float
    start_m: float
    end_m: float
    uncertainty_m: float = 0.0


class Reach(NamedTuple):
    """How far a walk goes: `only` lots so marked (by number), `widened` by what is uncertain.

    Beside them it names the charges on either coated side, but goes no further there.
    """

    only: np.ndarray | None = None
    widened: bool = False


class _Level(NamedTuple):
    """A level of a walk: item, lot, role path and last role by number, share, stretch [m]."""

    item: np.ndarray
    lot: np.ndarray
    path: np.ndarray
    role: np.ndarray
    share: np.ndarray
    start_m: np.ndarray
    end_m: np.ndarray
    doubt: np.ndarray

    def rows(self, chosen: np.ndarray) -> _Level:
        """Return some rows."""
        return _Level(*(each[chosen] for each in self))


class Walk(NamedTuple):
    """Ancestors of items: item, lot and role path by number, share, whether the path ends there.

    `lots`, `paths`: names by number; numbers of items are those of the walk's own list.
    """

    item: np.ndarray
    lot: np.ndarray
    path: np.ndarray
    share: np.ndarray
    last: np.ndarray
    start_m: np.ndarray
    end_m: np.ndarray
    lots: np.ndarray
    paths: np.ndarray

    def rows(self, chosen: np.ndarray) -> Walk:
        """Return some rows."""
        numbers = (each[chosen] for each in self[:-2])
        return Walk._make((*numbers, self.lots, self.paths))

    def frame(self, items: Sequence[str]) -> pd.DataFrame:
        """Return columns item, lot, path, share, last by name."""
        columns = {
            "item": np.array(items, dtype=object)[self.item],
            "lot": self.lots[self.lot],
            "path": self.paths[self.path],
        }
        texts = {name: pd.Series(each, dtype=object) for name, each in columns.items()}
        return pd.DataFrame({**texts, "share": self.share, "last": self.last})


class _Side:
    """Rows of the links table grouped by the lot at one of their ends."""

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

    def __init__(self, roles: list[str]) -> None:
        self._roles = roles
        self.names = [""]
        self._numbers = {"": 0}

    def step(self, path: np.ndarray, role: np.ndarray) -> np.ndarray:
        """Return the numbers of the paths that go on with these roles."""
        width = max(len(self._roles), 1)
        pairs, where = np.unique(path * width + role, return_inverse=True)
        numbers = [
            self._number(int(pair) // width, self._roles[int(pair) % width]) for pair in pairs
        ]
        return np.array(numbers, dtype=np.int64)[where]

    def _number(self, path: int, role: str) -> int:
        words = self.names[path].split(".") if path else []
        name = ".".join(words if words[-1:] == [role] else [*words, role])
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


class Links:
    """The links table, indexed both ways."""

    def __init__(self, table: pd.DataFrame) -> None:
        made = table[table["relation"] == "made_from"].reset_index(drop=True)
        codes, names = pd.factorize(pd.concat([made["child"], made["parent"]], ignore_index=True))
        self.names = np.asarray(names, dtype=object)
        self._names = pd.Index(names, dtype=object)
        child, parent = codes[: len(made)], codes[len(made) :]
        self._up = _Side(child, parent, len(names))
        self._down = _Side(parent, child, len(names))
        self._share = made["share"].to_numpy(dtype=np.float64)
        self._role, roles = pd.factorize(made["role"])
        self._roles = [str(role) for role in roles]
        self._sided = np.array([re.search(SIDE, f" {role}") is not None for role in self._roles])
        self._continued = np.unique(child * max(len(self._roles), 1) + self._role)
        self._stretches = {name: made[name].to_numpy(dtype=np.float64) for name in _STRETCHES}
        doubts = made.get("position_uncertainty", pd.Series(np.zeros(len(made))))
        self._doubt = np.nan_to_num(doubts.to_numpy(dtype=np.float64))
        carried = table[table["relation"] == "carried_in"]
        self._carried = carried["child"].to_numpy(), carried["parent"].to_numpy()

    @cached_property
    def _carriers(self) -> dict[str, list[str]]:
        return _listed(*self._carried)

    @cached_property
    def _contents(self) -> dict[str, list[str]]:
        return _listed(*self._carried[::-1])

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in self._carriers or name in self._contents

    def carriers(self, item: str) -> list[str]:
        """Return what carried an item."""
        return list(self._carriers.get(item, []))

    def contents(self, carrier: str) -> list[str]:
        """Return what a carrier carried."""
        return list(self._contents.get(carrier, []))

    def last_carriers(self, items: Iterable[str]) -> list[str]:
        """Return what carried each item last, "" where nothing did."""
        return [(self._carriers.get(item) or [""])[-1] for item in items]

    def parents(self, item: str, start_m: float = np.nan, end_m: float = np.nan) -> list[Link]:
        """Return the direct parents of an item, or of a stretch of it, in the order of links.

        Shares are those of the stretch; parents that do not reach into it are left out.
        """
        if item not in self._names:
            return []
        near = _begin(np.zeros(1, np.int64), np.array([self._names.get_loc(item)]), start_m, end_m)
        level = self._next(near, _Paths(self._roles))
        numbers = (level.share, level.start_m, level.end_m, level.doubt)
        return [
            Link(str(self._names[lot]), self._roles[role], *found)
            for lot, role, *found in zip(
                level.lot, level.role, *(each.tolist() for each in numbers), strict=True
            )
        ]

    def check_depth(self, depth: int) -> None:
        """Raise ResultsError where a walk is longer than there are lots: links in a circle."""
        if depth > len(self._names):
            raise ResultsError("the genealogy has a circle: a lot is its own ancestor")

    def ancestors(self, items: Sequence[str], reach: Reach | None = None) -> pd.DataFrame:
        """Return columns item, lot, path, share, last: one row per item, lot and role path."""
        found = self.walk(items, reach)
        groups = Groups((found.item, found.lot, found.path, found.last))
        once = found.rows(groups.first)
        return once._replace(share=groups.sums(found.share)).frame(items)

    def stretches(self, items: Sequence[str], reach: Reach | None = None) -> pd.DataFrame:
        """Return the ancestors by stretch: with start_m and end_m on the lot, NaN for all of it."""
        found = self.walk(items, reach)
        return found.frame(items).assign(start_m=found.start_m, end_m=found.end_m)

    def walk(self, items: Sequence[str], reach: Reach | None = None) -> Walk:
        """Return the ancestors by stretch, by number: what is counted of many cells at once."""
        reach = reach or Reach()
        nodes = self._names.get_indexer(pd.Index(items, dtype=object))
        item = np.flatnonzero(nodes >= 0)
        near = _begin(item, nodes[item].astype(np.int64), np.nan, np.nan)
        paths = _Paths(self._roles)
        levels = [near.rows(np.zeros(0, dtype=np.int64))]
        depth = 0
        while len(near.item):
            depth += 1
            self.check_depth(depth)
            near = self._next(near, paths)
            if reach.only is not None:
                inside = reach.only[near.lot]
                levels.append(near.rows(~inside & self._sided[near.role]))
                near = near.rows(inside)
            if reach.widened:
                spread = COVERAGE * near.doubt
                near = near._replace(
                    start_m=near.start_m - spread,
                    end_m=near.end_m + spread,
                    doubt=np.zeros(len(spread)),
                )
            levels.append(near)
        found = _Level(*map(np.concatenate, zip(*levels, strict=True)))
        ends = found.lot * max(len(self._roles), 1) + found.role
        last = ~np.isin(ends, self._continued)
        share, edges = found.share, (found.start_m, found.end_m)
        names = np.array(paths.names, dtype=object)
        return Walk(found.item, found.lot, found.path, share, last, *edges, self.names, names)

    def _next(self, near: _Level, paths: _Paths) -> _Level:
        """Return the level above: the parents of `near`, by the stretch of them that is inside."""
        which, links = self._up.of(near.lot)
        low, high, role = near.start_m[which], near.end_m[which], self._role[links]
        on_parent, on_child = (
            self._on(links, "start_m", "end_m"),
            self._on(links, "child_start_m", "child_end_m"),
        )
        inside = np.minimum(high, on_child.max(axis=0)) - np.maximum(low, on_child.min(axis=0))
        length = on_child[1] - on_child[0]
        part = np.clip(inside, 0.0, None) / np.abs(length)
        placed = np.isfinite(part)
        # Shares of one role go over to the stretch: those of the links that overlap it, scaled up.
        full = self._share[links]
        kept = np.where(placed, full * part, full)
        groups = Groups((which, role))
        kept_sum = groups.sums(kept)[groups.codes]
        hit = kept_sum > 0
        scale = groups.sums(full)[groups.codes] / np.where(hit, kept_sum, 1.0)
        # Where no link of a role overlaps, the position says nothing and the whole lot counts.
        weight = np.where(hit, kept * scale, full)
        with np.errstate(invalid="ignore"):
            first = (np.maximum(low, on_child.min(axis=0)) - on_child[0]) / length
            last = (np.minimum(high, on_child.max(axis=0)) - on_child[0]) / length
        along = on_parent[1] - on_parent[0]
        mapped = placed & (part > 0)
        ends = np.where(mapped, on_parent[0] + along * [first, last], on_parent)
        level = _Level(
            near.item[which],
            self._up.far[links],
            paths.step(near.path[which], role),
            role,
            near.share[which] * weight,
            ends.min(axis=0),
            ends.max(axis=0),
            self._doubt[links],
        )
        return _together(level.rows(weight > 0))

    def _on(self, links: np.ndarray, start: str, end: str) -> np.ndarray:
        return np.array([self._stretches[start][links], self._stretches[end][links]])

    def descendants(self, lots: Sequence[str]) -> pd.DataFrame:
        """Return columns item, path, share for whatever contains one of `lots`.

        The share is the part of the item's material on the path, which reads from the item; both
        coated sides are one path here and count alike. It is 0 for what may contain a lot only
        because positions are uncertain.
        """
        known = [lot for lot in lots if lot in self._names]
        below = self._below(known)
        only = np.zeros(len(self._names), dtype=bool)
        only[self._names.get_indexer(pd.Index([*below, *known], dtype=object))] = True
        sure = self._containing(below, known, Reach(only))
        if not self._doubt.any():
            return sure
        maybe = self._containing(below, known, Reach(only, widened=True))
        new = maybe[~maybe["item"].isin(set(sure["item"]))]
        return pd.concat([sure, new.assign(share=0.0)], ignore_index=True)

    def _containing(self, items: list[str], lots: Sequence[str], reach: Reach) -> pd.DataFrame:
        found = self.ancestors(items, reach)
        if found.empty:
            return found[["item", "path", "share"]]
        # both coated sides are in an item where a charge of either is among its ancestors
        coats = {path: _coat(path) for path in found["path"].unique()}
        found["coat"] = found["path"].map(coats)
        found["coats"] = found["coat"].str.replace(SIDE, "", regex=True)
        sides = found.groupby(["item", "coats"], sort=False)["coat"].transform("nunique")
        found["share"] /= np.where(found["coat"] == "", 1, sides)
        found = found[found["lot"].isin(set(lots))]
        found = found.assign(whole=found["path"].str.replace(SIDE, "", regex=True))
        summed = found.groupby(["item", "whole"], sort=False, as_index=False)["share"].sum()
        return summed.rename(columns={"whole": "path"})

    def _below(self, lots: Sequence[str]) -> list[str]:
        """Return everything that may contain one of `lots`, nearest first."""
        near = self._names.get_indexer(pd.Index(lots, dtype=object))
        seen = np.zeros(len(self._names), dtype=bool)
        below = []
        while len(near):
            _, links = self._down.of(near)
            near = np.unique(self._down.far[links])
            near = near[~seen[near]]
            seen[near] = True
            below.extend(self._names[near].tolist())
        return below


def _listed(keys: np.ndarray, values: np.ndarray) -> dict[str, list[str]]:
    """Return key -> its values in their order."""
    found: dict[str, list[str]] = {}
    for key, value in zip(keys, values, strict=True):
        found.setdefault(key, []).append(value)
    return found


def _coat(path: str) -> str:
    """Return a role path up to the coated side that it names, "" where it names none."""
    found = re.search(SIDE, path)
    return path[: found.end()] if found else ""


def _begin(item: np.ndarray, lot: np.ndarray, start_m: float, end_m: float) -> _Level:
    """Return the level that a walk begins at: items themselves, or a stretch of them."""
    count, nothing = len(item), np.zeros(len(item), dtype=np.int64)
    stretch = np.full(count, start_m), np.full(count, end_m)
    return _Level(item, lot, nothing, nothing, np.ones(count), *stretch, np.zeros(count))


def _together(level: _Level) -> _Level:
    """Return each item, lot, role path and stretch once, in the order of their first rows."""
    keys = (level.item, level.lot, level.path, level.role, level.start_m, level.end_m)
    groups = Groups(keys)
    once = level.rows(groups.first)
    return once._replace(share=groups.sums(level.share), doubt=groups.highest(level.doubt))
