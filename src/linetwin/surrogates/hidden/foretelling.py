"""Which cells will be scrapped, told before their formation, from what is read of their lots.

A cell that will be scrapped and is stopped before formation saves what formation, ageing and
grading cost; a good cell that is stopped is lost. The threshold follows from both. Runs are kept
apart: the model learns from some seeds and is asked about others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import logit

from linetwin.predictors.links import Link
from linetwin.results.genealogy import Genealogy
from linetwin.surrogates.hidden.readings import BALANCE, X_RAY, streams
from linetwin.surrogates.hidden.scoring import Share
from linetwin.surrogates.learning.task import Learning
from linetwin.surrogates.learning.training import train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.results.reader import Run

SAVED_EUR: Final = 3.0
"""What formation, ageing and grading of a cell cost [A: 0.05 kWh and a channel for a week]."""
LOST_EUR: Final = 12.0
"""What a good cell that is thrown away was worth before formation [A]."""
OUTCOME: Final = "scrap"
_KEPT: Final = 0.05
"""Share of good cells that is learnt from, each with the weight of those left out [A]."""
_DRAWS: Final = 2000
_OTHERS: Final = (0.05, 0.1, 0.2, 0.5)
_LEVEL: Final = 95


@dataclass(frozen=True)
class Foretold:
    """How a prediction of scrap did on runs that it had not seen; cells are those that were filled.

    `saving`: expected, in EUR for 1,000 cells, with its interval over seeds, and that of a
    prediction that is never wrong; `threshold`: probability from which a cell is stopped;
    `others`: other thresholds, with precision and recall.
    """

    winner: str
    threshold: float
    cells: int
    scrapped: int
    precision: Share
    recall: Share
    saving: tuple[float, float, float]
    best: float
    others: tuple[tuple[float, Share, Share], ...] = ()

    def content(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "winner": self.winner,
            "threshold": self.threshold,
            "cells": self.cells,
            "scrapped": self.scrapped,
            "precision": self.precision.content(),
            "recall": self.recall.content(),
            "saving_per_1000_cells_EUR": dict(
                zip(("mean", "low", "high"), self.saving, strict=True)
            ),
            "saving_at_best_EUR": self.best,
            "other_thresholds": [
                {"threshold": at, "precision": precision.content(), "recall": recall.content()}
                for at, precision, recall in self.others
            ],
        }


def known_before(run: Run) -> pd.DataFrame:
    """Return by filled cell what is read of its lots before formation, and whether it was scrapped.

    Columns are streams of readings; `scrap` is 1 or 0. Cells without an outcome are left out.
    """
    cells = run.table("cells")
    filled = cells["dosed_electrolyte"].notna() & cells["status"].isin(("A", "B", "scrap"))
    cells = cells[filled].set_index("cell")
    lots = _lots_of(run, list(map(str, cells.index)))
    found = {}
    for stream in streams(run):
        if stream.late or stream.is_share:
            continue
        values = np.asarray(stream.values)
        read = dict(zip(stream.lots, map(float, values), strict=True))
        found[stream.key] = _mapped(cells["tray"], lots, stream.station, read)
    table = pd.DataFrame(found, index=cells.index).assign(**of_cells(run, cells))
    return table.assign(**{OUTCOME: cells["status"].eq("scrap").astype(float)})


def of_cells(run: Run, cells: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return what is read of each cell: its dose on the balance, its overhang by X-ray."""
    stream = np.random.default_rng([int(run.manifest.get("seed") or 0), len(cells)])
    return {
        f"{each.quantity} of the cell": cells[each.quantity].to_numpy(float)
        + each.scatter * stream.normal(size=len(cells))
        for each in (BALANCE, X_RAY)
    }


def _lots_of(run: Run, cells: list[str]) -> dict[str, pd.Series]:
    """Return by role and electrode the lot that has most of each cell."""
    genealogy, found = Genealogy(run), {}
    for role in ("slurry", "web"):
        sources = genealogy.sources(cells, role).sort_values("share", kind="stable")
        for electrode, rows in sources.groupby("electrode", sort=True):
            found[f"{electrode} {role}"] = rows.groupby("item")["lot"].last().reindex(cells)
    links = run.objects("links", only={"child": {*cells}})
    for electrode in ("cathode", "anode"):
        own = links[links["role"].eq(electrode)].sort_values("share", kind="stable")
        found[f"{electrode} roll"] = own.groupby("child")["parent"].last().reindex(cells)
    return found


def _mapped(
    trays: pd.Series, lots: Mapping[str, pd.Series], station: str, read: Mapping[str, float]
) -> np.ndarray:
    """Return the reading of the lot of each cell that a station made or worked on."""
    electrode, _, kind = station.partition(".")
    roles = {"mixer": "slurry", "coater": "web", "calender": "web"}
    of_cell = electrode == "cell"
    own = trays if of_cell else lots[f"{electrode} {roles.get(kind, 'roll')}"]
    return np.asarray(own.map(read), dtype=float)


def foretell(tables: Mapping[str, pd.DataFrame], seeds: Mapping[str, int]) -> Foretold:
    """Learn from runs of odd seeds, ask about those of even ones; both by the run's name.

    `tables`: those of `known_before`, of four odd seeds or more, with cells that were scrapped.
    """
    learnt = pd.concat([_thinned(t, seeds[n]) for n, t in tables.items() if seeds[n] % 2])
    asked = pd.concat([t.assign(seed=seeds[n]) for n, t in tables.items() if not seeds[n] % 2])
    names = [name for name in learnt if name not in {OUTCOME, "seed", "weight"}]
    middle = learnt[names].median()
    names = [name for name in names if np.ptp(learnt[name].fillna(middle[name])) > 0]
    weight = learnt["weight"].to_numpy()
    learning = Learning(
        features=learnt[names].fillna(middle).to_numpy(),
        names=tuple(names),
        units=("1",) * len(names),
        target=learnt[OUTCOME].to_numpy(),
        target_name=OUTCOME,
        target_unit="1",
        groups=np.unique(learnt["seed"], return_inverse=True)[1],
        labels=tuple(map(str, np.unique(learnt["seed"]))),
        link=Link(kind="logit"),
        monotonic=(0,) * len(names),
        logs=(False,) * len(names),
        chance=True,
        weights=weight / weight.mean(),
    )
    trained = train(learning, ["linear", "trees"])
    odds = trained.fitted.linked(asked[names].fillna(middle).to_numpy(), learning)
    threshold = LOST_EUR / (LOST_EUR + SAVED_EUR)
    found = _judged(trained.winner.name, threshold, asked, odds >= logit(threshold))
    scrap = asked[OUTCOME].to_numpy() == 1
    others = tuple((at, *_rates(scrap, odds >= logit(at))) for at in _OTHERS)
    return replace(found, others=others)


def _rates(scrap: np.ndarray, stopped: np.ndarray) -> tuple[Share, Share]:
    """Return precision and recall of cells that are stopped."""
    hits = int((scrap & stopped).sum())
    return Share(hits, int(stopped.sum())), Share(hits, int(scrap.sum()))


def _thinned(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return scrapped cells, and some of the good ones with their weight."""
    stream = np.random.default_rng(seed)
    scrap = table[OUTCOME].eq(1)
    kept = scrap | (stream.random(len(table)) < _KEPT)
    weight = np.where(scrap, 1.0, 1 / _KEPT)
    return table.assign(seed=seed, weight=weight)[kept]


def _judged(winner: str, threshold: float, asked: pd.DataFrame, stopped: np.ndarray) -> Foretold:
    scrap = asked[OUTCOME].to_numpy() == 1
    precision, recall = _rates(scrap, stopped)
    gain = np.where(stopped, np.where(scrap, SAVED_EUR, -LOST_EUR), 0.0)
    names, which = np.unique(asked["seed"], return_inverse=True)
    sums, counts = np.bincount(which, gain), np.bincount(which)
    drawn = np.random.default_rng(1).integers(0, len(names), (_DRAWS, len(names)))
    means = 1000 * sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (100 - _LEVEL) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Foretold(
        winner=winner,
        threshold=threshold,
        cells=len(asked),
        scrapped=int(scrap.sum()),
        precision=precision,
        recall=recall,
        saving=(1000 * float(gain.mean()), float(low), float(high)),
        best=1000 * SAVED_EUR * float(scrap.mean()),
    )
