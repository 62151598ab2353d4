"""Who was made from what: ancestors and descendants of cells and lots, with shares.

Two kinds of links are kept apart. `made_from` passes a share on: the part of the child's material
of one role that comes from the parent. `carried_in` says where something lay: a tray is no
ingredient of its cells.

A role path reads from the item towards the ancestor: `cathode.web.slurry.binder` is the binder in
the slurry on the web of the cathode. Along one role path the shares of the last lots sum to one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from linetwin.errors import ResultsError
from linetwin.results.ancestry import Link, Links
from linetwin.results.assumptions import plan
from linetwin.results.rows import Rows
from linetwin.results.whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from linetwin.results.reader import Run

STOCK = "stock"
"""Role of the lot that stands for what was in the line when the run began."""


@dataclass(frozen=True)
class Ancestor:
    """A lot that went into an item, or carried it.

    `share` of the item's material on this role path (NaN for a carrier); `last` is true where the
    path ends: no further parent of the same role.
    """

    lot: str
    kind: str
    relation: Literal["made_from", "carried_in"]
    path: str
    share: float
    last: bool


@dataclass(frozen=True)
class Descendant:
    """Something that contains a lot, or was carried in it; `place` is where it is or ended.

    `where`: in one word, see `Whereabouts`. `certain` is false where only the uncertainty of
    positions on a web lets it contain the lot; its share is then 0.
    """

    lot: str
    kind: str
    relation: Literal["made_from", "carried_in"]
    path: str
    share: float
    status: str
    place: str
    where: str = ""
    certain: bool = True


@dataclass(frozen=True)
class Work:
    """Which work is meant: all that is named must fit.

    `station`: a path or group; `tool`, `shift` and `place` (lane, place in a chamber) as in the
    table of operations; `position`: of a cell on its tray, which with `place` is a channel.
    """

    station: str = ""
    tool: str = ""
    shift: str = ""
    place: int | None = None
    position: int | None = None

    @property
    def text(self) -> str:
        """What is named, for messages."""
        return ", ".join(
            f"{key} {value}" for key, value in vars(self).items() if value not in ("", None)
        )


@dataclass(frozen=True)
class Branch:
    """A lot with its direct parents, for display; lengths in m on the lot, NaN where none.

    `uncertainty_m`: standard uncertainty of start and end.
    """

    lot: str
    kind: str
    role: str
    share: float
    start_m: float
    end_m: float
    parents: tuple[Branch, ...] = ()
    uncertainty_m: float = 0.0


class Genealogy:
    """The genealogy of a run; links are read once and walked as arrays.

    With `cells` given only those are known, and all lots: of a long run most links are of cells.
    """

    def __init__(self, run: Run, cells: Collection[str] | None = None) -> None:
        self._run = run
        self._cells = cells
        only = None
        if cells is not None:
            # lots that a killed run left open stand in no table but this one
            of_lots = run.only_in(("links", "child"), ("cells", "cell"))
            only = {"child": {*of_lots, *cells}}
        self._links = Links(run.objects("links", only=only))

    @cached_property
    def _things(self) -> pd.DataFrame:
        """Kind, status and place of every lot and cell, by name."""
        lots = self._run.table("lots", ["lot", "kind", "status", "place"])
        only = None if self._cells is None else {"cell": self._cells}
        cells = self._run.table("cells", ["cell", "status", "station"], only)
        cells = cells.rename(columns={"cell": "lot", "station": "place"}).assign(kind="cell")
        return pd.concat([cells, lots]).drop_duplicates("lot").set_index("lot")

    @cached_property
    def _whereabouts(self) -> Whereabouts:
        return Whereabouts(plan(self._run))

    def _known(self, name: str) -> str:
        if name not in self._links and name not in self._things.index:
            raise ResultsError(f"{self._run.path} knows no cell or lot '{name}'")
        return name

    def _about(self, name: str, column: str) -> str:
        return str(self._things.loc[name, column]) if name in self._things.index else ""

    def backward(self, name: str) -> list[Ancestor]:
        """Return the ancestors of a cell or lot, nearest first, then what carried them."""
        found = self._links.ancestors([self._known(name)])
        made = [
            Ancestor(lot, self._about(lot, "kind"), "made_from", path, float(share), bool(last))
            for lot, path, share, last in zip(
                found["lot"], found["path"], found["share"], found["last"], strict=True
            )
        ]
        carried = []
        for item, path in [(name, ""), *((ancestor.lot, ancestor.path) for ancestor in made)]:
            for carrier in self._links.carriers(item):
                kind = self._about(carrier, "kind")
                carried.append(Ancestor(carrier, kind, "carried_in", path, math.nan, last=True))
        return [*made, *dict.fromkeys(carried)]

    def forward(self, name: str) -> list[Descendant]:
        """Return everything that contains a lot, and where it is; then what it carried.

        Of the stock also the cells on its trays: they came with it, whatever they are made of.
        """
        found = self._links.descendants([self._known(name)])
        made = set(found["item"])
        carried = [each for lot in [name, *made] for each in self._links.contents(lot)]
        return self._told(found, [each for each in dict.fromkeys(carried) if each not in made])

    def forward_of(self, work: Work) -> list[Descendant]:
        """Return everything that some work was done on, what was made of it, and where it is.

        Cells are those that were on the tray then. ResultsError where no such work was done.
        """
        done = self._done(work)
        if done.empty:
            raise ResultsError(f"{self._run.path}: no such work was done ({work.text})")
        trays = done[[bool(self._links.contents(lot)) for lot in done["lot"]]]
        webs = list(dict.fromkeys(done["lot"][~done.index.isin(trays.index)]))
        if work.position is not None:
            webs = []
        found = self._links.descendants(webs)
        cells = self._on_trays(trays, work.position)
        itself = [*webs, *([] if work.position is not None else dict.fromkeys(trays["lot"]))]
        return self._told(
            found, [each for each in [*itself, *cells] if each not in {*found["item"]}]
        )

    def _done(self, work: Work) -> pd.DataFrame:
        """Return the rows of the table of operations that some work means."""
        members = plan(self._run).members.get(work.station, [work.station])
        meant = {"station": members, "tool": [work.tool], "shift": [work.shift]}
        kept = {name: values for name, values in meant.items() if any(values)}
        done = self._run.table("operations", only=kept)
        return done if work.place is None else done[done["place"] == work.place]

    def _on_trays(self, done: pd.DataFrame, position: int | None) -> list[str]:
        """Return the cells that were on trays when work on these began."""
        names = ["cell", "ended", *(["position"] if position is not None else [])]
        cells = self._run.table("cells", names).set_index("cell")
        if position is not None:
            cells = cells[cells["position"] == position]
        ended = cells["ended"].to_dict()
        makers = self._run.table("lots", ["lot", "station"]).set_index("lot")["station"].to_dict()
        found = []
        for tray, station, start in zip(done["lot"], done["station"], done["start"], strict=True):
            here = [cell for cell in self._links.contents(tray) if cell in ended]
            if makers.get(tray) != station:  # who fills the tray has worked on every cell
                here = [cell for cell in here if not 0 <= ended[cell] <= start]
            found += here
        return list(dict.fromkeys(found))

    def _told(self, found: pd.DataFrame, carried: list[str]) -> list[Descendant]:
        """Return descendants, and what was carried, with status and place."""
        rest = pd.DataFrame({"item": carried, "path": "", "share": math.nan})
        made, found = len(found), pd.concat([found, rest], ignore_index=True)
        table = self._things.reindex(found["item"]).fillna("")
        boxes = self._links.last_carriers(found["item"])
        where = self._whereabouts.tell(table, self._things.reindex(boxes).fillna(""))
        rows = zip(
            *(found[name] for name in ("item", "path", "share")),
            *(table[name] for name in ("kind", "status", "place")),
            where,
            strict=True,
        )
        return [
            Descendant(
                item,
                kind,
                "made_from" if number < made else "carried_in",
                path,
                float(share),
                status,
                place,
                word,
                certain=share != 0,
            )
            for number, (item, path, share, kind, status, place, word) in enumerate(rows)
        ]

    def where(self, name: str) -> str:
        """Return where a lot or cell is, in one word of `Whereabouts`; "" where no table says."""
        return self.where_each([name])[0] if name in self._things.index else ""

    def where_each(self, names: list[str]) -> list[str]:
        """Return where lots or cells are, all of them in the tables, as `where` says it."""
        boxes = self._things.reindex(self._links.last_carriers(names)).fillna("")
        return self._whereabouts.tell(self._things.loc[names], boxes)

    def contents(self, name: str) -> list[str]:
        """Return the cells that a tray or box carried."""
        return self._links.contents(self._known(name))

    def is_stock(self, name: str) -> bool:
        """Whether a lot, or what carried a cell, was in the line when the run began."""
        return any(
            parent.role == STOCK
            for each in [self._known(name), *self._links.carriers(name)]
            for parent in self._links.parents(each)
        )

    def pooled(self, cells: list[str]) -> pd.DataFrame:
        """Return the ancestors of many cells at once: path, lot and how many cells contain it."""
        found = self._links.ancestors(cells).drop_duplicates(["item", "path", "lot"])
        counted = found.groupby(["path", "lot"], sort=False, as_index=False).size()
        return counted.rename(columns={"size": "cells"})

    def operations(self, name: str) -> pd.DataFrame:
        """Return what was done to an item, its ancestors and what carried them, in time.

        The columns of the table of operations, and `path`, the role of the lot in the item.
        """
        roles = {each.lot: each.path for each in reversed(self.backward(name))} | {name: ""}
        found = self._run.table("operations", only={"lot": set(roles)})
        found = found.assign(path=found["lot"].map(roles))
        return found.sort_values(["start", "end"], kind="stable", ignore_index=True)

    def tree(self, name: str) -> Branch:
        """Return the ancestry as a tree; `share` is that of the direct child's stretch."""
        whole = Link(self._known(name), "", 1.0, math.nan, math.nan)
        return self._branch(whole, 0)

    def _branch(self, link: Link, depth: int) -> Branch:
        self._links.check_depth(depth)
        above = self._links.parents(link.parent, link.start_m, link.end_m)
        return Branch(
            link.parent,
            self._about(link.parent, "kind"),
            link.role,
            link.share,
            link.start_m,
            link.end_m,
            tuple(self._branch(parent, depth + 1) for parent in above),
            link.uncertainty_m,
        )

    def slurry_shares(self, cell: str) -> dict[str, dict[str, float]]:
        """Return, per electrode, the slurry batches in a cell with their shares (sum one)."""
        table = self.sources([self._known(cell)], "slurry")
        shares: dict[str, dict[str, float]] = {}
        for electrode, lot, share in zip(
            table["electrode"], table["lot"], table["share"], strict=True
        ):
            by_lot = shares.setdefault(electrode, {})
            by_lot[lot] = by_lot.get(lot, 0.0) + float(share)
        return shares

    def sources(self, items: list[str] | None = None, role: str = "slurry") -> pd.DataFrame:
        """Return the lots at which a role ends, for many cells at once (all by default).

        Columns: item, electrode (first role of the path), lot, share. For each item and electrode
        the shares sum to one: where a role is reached on several paths (both coated sides), each
        path counts alike.
        """
        names = self._run.table("cells", ["cell"])["cell"].tolist() if items is None else items
        found = self._links.ancestors(names)
        fits = found["path"].map(lambda path: path.rsplit(".", 1)[-1] == role).astype(bool)
        kept = found[fits & found["last"]].copy()
        kept["electrode"] = [path.split(".", 1)[0] for path in kept["path"]]
        keys = ["item", "electrode"]
        kept["share"] /= kept.groupby(keys)["path"].transform("nunique")
        summed = kept.groupby([*keys, "lot"], sort=False, as_index=False)["share"].sum()
        return summed[["item", "electrode", "lot", "share"]]

    def conditions(self, cell: str) -> dict[str, dict[str, float]]:
        """Return what a cell saw: place in its ancestry -> quantity -> mean, canonical units.

        `cell` holds its own columns; a role path ending at a web (`cathode`) the length-weighted
        means over the segments in it; other role paths the share-weighted properties of lots.
        `lot` holds those of a lot itself.
        """
        seen = {}
        for name, without in (("cell", ()), ("lot", ("amount",))):
            own = self._run.objects(f"{name}s", only={name: [self._known(cell)]})
            if len(own):
                seen[name] = _Numbers.of(own, *without).means([0], np.ones(1))
                break
        found = Rows.of(self._links.ancestors([cell]))
        lots = self._run.objects("lots", only={"lot": {*found["lot"]}})
        properties = _Numbers.of(lots, "amount")
        place = {lot: row for row, lot in enumerate(lots["lot"])}
        for path, group in found.by("path").items():
            known = group[np.array([lot in place for lot in group["lot"]], dtype=bool)]
            seen[path] = properties.means([place[lot] for lot in known["lot"]], known["share"])
        webs = Rows.of(self._links.stretches([cell]))
        webs = webs[~np.isnan(webs["start_m"])]
        segments = self._run.objects("segments", only={"roll": {*webs["lot"]}})
        rows = Rows.of(segments[["roll", "start_m", "end_m", "status"]])
        rolls = rows.assign(row=np.arange(len(rows))).by("roll")
        along = _Numbers.of(segments, "start_m", "end_m")
        webs = webs[np.array([lot in rolls for lot in webs["lot"]], dtype=bool)]
        for path, group in webs.by("path").items():
            seen[path] = {**seen.get(path, {}), **along.means(*_along(group, rolls))}
        return {path: values for path, values in seen.items() if values}


def _along(webs: Rows, rolls: dict[str, Rows]) -> tuple[np.ndarray, np.ndarray]:
    """Return segments that stretches (lot, start_m, end_m) of mother rolls hold, and how much."""
    pieces, lengths = [], []
    for roll, start, end in zip(webs["lot"], webs["start_m"], webs["end_m"], strict=True):
        segments = rolls[roll]
        overlap = np.minimum(segments["end_m"], end) - np.maximum(segments["start_m"], start)
        # What was cut out as scrap is not in the cell, unless nothing else is known.
        inside = overlap > 0
        good = inside & (segments["status"] != "scrap")
        chosen = good if good.any() else inside
        pieces.append(segments["row"][chosen])
        lengths.append(overlap[chosen])
    return np.concatenate(pieces), np.concatenate(lengths)


@dataclass(frozen=True)
class _Numbers:
    """The quantities of a table, shape (rows, quantities)."""

    names: list[str]
    values: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, *without: str) -> _Numbers:
        """Return the columns of numbers, without some."""
        numbers = table.select_dtypes("float64").drop(columns=[*without])
        return cls([str(name) for name in numbers], numbers.to_numpy())

    def means(self, rows: Sequence[int] | np.ndarray, weights: np.ndarray) -> dict[str, float]:
        """Return the weighted mean of each quantity over the rows that have a value."""
        numbers = self.values[np.asarray(rows, dtype=np.int64)]
        present = np.where(np.isnan(numbers), 0.0, weights[:, None])
        total = present.sum(axis=0)
        sums = (np.nan_to_num(numbers) * present).sum(axis=0)
        return {
            name: float(part / whole)
            for name, part, whole in zip(self.names, sums, total, strict=True)
            if whole > 0
        }
