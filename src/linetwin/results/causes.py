"""Why cells are of grade B or scrap: by finding, the ancestor that explains most of it.

An ancestor (lot, roll, lane, tray, place, shift) stands beside a finding where the shares of it
differ between its levels more than trays differ within a level: Kruskal and Wallis's test of the
shares by tray, ranks tied (chi-square by Wilson and Hilferty), corrected after Holm for all that
were looked at. Of those that are clear, the one with the largest share of the variance, taken off
what as many levels would explain by chance among as many trays. What all cells have in common has
no other to be compared with: for capacity, two such things are told beside it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linetwin.results.ancestry import SIDE, Links
from linetwin.results.grouping import Groups
from linetwin.results.inference import holm
from linetwin.results.kpis import Facts, Section, kpi
from linetwin.results.schemas import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.results.ancestry import Walk

_FEWEST = 20
_MOST_CELLS = 8000
_AT_ONCE = 300
"""Cells whose ancestors are walked together."""
_CLEAR = 0.01
_NOTABLE = 1e-3
_KINDS = ("material", "slurry_batch", "mother_roll", "daughter_roll")
_FACTOR, _LOADING = "cathode_specific_capacity_factor", "cathode_loading"


@dataclass(frozen=True)
class Factor:
    """Something that cells come from: a level for each (code, -1 not known), named in `levels`.

    `alone`: whether cells of one tray differ in it by chance alone, so each cell counts by itself.
    """

    name: str
    codes: np.ndarray
    levels: list[str]
    alone: bool = False


def causes(facts: Facts) -> Section:
    """Return, by finding, the ancestor that explains most; and what moved the capacity of all."""
    rows = list(_rows(facts))
    rows.sort(key=lambda row: -row["cells"])
    return {
        "causes": kpi(
            rows,
            "1",
            "cells of grade B and scrap by finding, with the ancestor that explains most of it: "
            "share with it and without it, share of the variance between trays explained. Kruskal "
            "and Wallis by trays, clear at 1 % after Holm. What was made one after another is "
            "alike in much: an ancestor may stand for another of the same time",
        ),
        "capacity_of_all": kpi(
            list(_common(facts)),
            "1",
            "what moved the capacity of all cells from its nominal value, and the share of grade "
            "B and scrap by capacity there would be had it not; capacity taken as proportional to "
            "the charge of the cathode",
        ),
    }


def _rows(facts: Facts) -> Iterator[dict[str, Any]]:
    bad = facts.cells[facts.cells["status"].isin(("B", "scrap")) & facts.cells["reason"].ne("")]
    # machines of a group look for the same; which of them it was is one of the ancestors
    for station, findings in bad.groupby(bad["station"].map(facts.plan.family), sort=False):
        counts = findings.groupby(["status", "reason"], sort=False).size()
        judged = _judged(facts, str(station))
        sample = _sampled(judged) if counts.max() >= _FEWEST else judged.iloc[:0]
        factors = _factors(facts, sample) if len(sample) else []
        trays = pd.factorize(sample["tray"])[0]
        for (status, reason), count in counts.items():
            row: dict[str, Any] = {
                "finding": str(reason), "status": str(status), "station": str(station),
                "cells": int(count), "share": int(count) / len(judged), "ancestor": "",
            }  # fmt: skip
            hit = sample["reason"].eq(reason) & sample["status"].eq(status)
            if count >= _FEWEST and hit.sum() >= _FEWEST:
                row |= _explained(factors, hit.to_numpy(), trays)
            yield row


def _judged(facts: Facts, station: str) -> pd.DataFrame:
    """Return the cells that a station, or one of a group, judged, whatever became of them later.

    Of those still in the line it may only be seen that they were not scrapped: left out, the rolls
    that entered last would look as if they gave nothing but scrap.
    """
    members = {*facts.plan.members.get(station, [station])}
    done = facts.run.objects("operations", ["lot", "station"], {"station": members})
    there = facts.cells["tray"].isin(done["lot"].unique())
    here = facts.cells["station"].isin(members)
    scrapped = facts.cells["status"].eq("scrap") & ~here
    own = here & facts.cells["status"].isin(("A", "B", "scrap"))
    return facts.cells[(there & ~scrapped) | own]


def _sampled(cells: pd.DataFrame) -> pd.DataFrame:
    """Return all cells, of very many those of every so many-th tray."""
    names = cells["tray"].unique()
    step = max(1, math.ceil(len(cells) / _MOST_CELLS))
    return cells[cells["tray"].isin(names[::step])].reset_index(drop=True)


def _factors(facts: Facts, cells: pd.DataFrame) -> list[Factor]:
    """Return what the cells come from, where it has more than one level among them."""
    places = cells["position"].where(cells["position"] >= 0)
    lanes = ("cathode_lane", "anode_lane")
    found = [
        _factor("tray", cells["tray"], alone=True),
        _factor("place on the tray", places, alone=True),
        *(_factor(lane.replace("_", " "), cells[lane].where(cells[lane] > 0)) for lane in lanes),
        *_lots(facts, cells),
        *_stations(facts, cells),
    ]
    return [factor for factor in found if len(factor.levels) > 1]


def _factor(name: str, values: pd.Series, *, alone: bool = False) -> Factor:
    codes, levels = pd.factorize(values)
    words = [f"{level:g}" if isinstance(level, float) else str(level) for level in levels]
    return Factor(name, np.asarray(codes), words, alone)


def _lots(facts: Facts, cells: pd.DataFrame) -> Iterator[Factor]:
    """Yield the lots in the cells, by what they are; of several the one with most in the cell."""
    # of a long run most links are of cells: only those of the sample are read
    children = {*facts.lots["lot"], *cells["cell"]}
    links = Links(facts.run.objects("links", only={"child": children}))
    kinds = dict(zip(facts.lots["lot"], facts.lots["kind"], strict=True))
    kind, kind_names = pd.factorize(np.array([kinds.get(name, "") for name in links.names]))
    items = cells["cell"].tolist()
    # a walk holds some hundred rows a cell: what is kept of it is one a factor
    lots: dict[str, np.ndarray] = {}
    for first in range(0, len(items), _AT_ONCE):
        found = links.walk(items[first : first + _AT_ONCE])
        # paths and kinds are few, rows many: each pair is named once
        names = [[_named(str(path), str(each)) for each in kind_names] for path in found.paths]
        codes, texts = pd.factorize(np.array(names, dtype=object).reshape(-1))
        factor = codes[found.path * len(kind_names) + kind[found.lot]]
        looked_at = np.array([bool(text) for text in texts], dtype=bool)[factor]
        for code, item, lot in _most(factor[looked_at], found.rows(looked_at)):
            own = lots.setdefault(str(texts[code]), np.full(len(items), -1))
            own[first + item] = lot
    for name, numbers in lots.items():
        known = numbers >= 0
        level = np.full(len(items), -1)
        level[known], levels = pd.factorize(numbers[known])
        yield Factor(name, level, [str(links.names[number]) for number in levels])


def _most(factor: np.ndarray, found: Walk) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield of ancestors, by factor, items and the lot that has most in each, all by number."""
    groups = Groups((factor, found.item, found.lot))
    share = groups.sums(found.share)
    factor, item, lot = (each[groups.first] for each in (factor, found.item, found.lot))
    order = np.argsort(share, kind="stable")
    # of each factor and item the last in this order
    width = int(item.max(initial=0)) + 1
    _, place = np.unique((factor * width + item)[order][::-1], return_index=True)
    chosen = order[np.sort(len(order) - 1 - place)]
    for code in pd.unique(factor[chosen]):
        own = chosen[factor[chosen] == code]
        yield int(code), item[own], lot[own]


def _named(path: str, kind: str) -> str:
    """Name what a lot at the end of a role path is; '' for what is not looked at."""
    first, _, rest = re.sub(SIDE, "", path).partition(".")
    # a roll is slit, and notched under another name: the last of them stands for both
    if kind not in _KINDS or (kind == "daughter_roll" and rest):
        return ""
    if kind == "material":
        return f"{first} {rest.rpartition('.')[2]} lot".replace("_", " ").replace("  ", " ")
    return f"{first} {kind}".replace("_", " ")


def _stations(facts: Facts, cells: pd.DataFrame) -> Iterator[Factor]:
    """Yield places of stations in which trays were, and the shift in which they were stacked."""
    columns = ["lot", "station", "tool", "place", "shift"]
    done = facts.run.objects("operations", columns, {"lot": {*cells["tray"]}})
    done = done.assign(family=done["station"].map(facts.plan.family))
    for family, part in done.groupby("family", sort=False):
        last = part.drop_duplicates("lot", keep="last").set_index("lot")
        if len(set(last["station"])) > 1:
            yield _factor(f"machine of {family}", cells["tray"].map(last["station"]))
        if (last["place"] >= 0).any():
            names = last["station"] + " " + last["tool"] + " place " + last["place"].astype(str)
            yield _factor(f"place in {family}", cells["tray"].map(names))
        if facts.plan.kind(str(family)) == "stacker":
            shift = last["shift"].str.rsplit(" ", n=1).str[-1]
            yield _factor(f"shift at {family}", cells["tray"].map(shift))


def _explained(factors: list[Factor], hit: np.ndarray, trays: np.ndarray) -> dict[str, Any]:
    """Return the clear factor that explains most of a finding, with its worst level; or {}."""
    known = [factor for factor in factors if (factor.codes[hit] >= 0).mean() > 0.5]  # noqa: PLR2004
    tests = [_tested(factor, hit, trays) for factor in known]
    if not tests:
        return {}
    clear = holm([chance for chance, _ in tests]) < _CLEAR
    best = max(range(len(known)), key=lambda at: (bool(clear[at]), tests[at][1]))
    if not clear[best] or tests[best][1] <= 0:
        return {"looked_at": len(known)}
    factor = known[best]
    inside = factor.codes >= 0
    counts = np.bincount(factor.codes[inside])
    hits = np.bincount(factor.codes[inside], hit[inside])
    worst = int(np.argmax(hits - counts * hits.sum() / counts.sum()))
    rest = counts.sum() - counts[worst]
    return {
        "looked_at": len(known),
        "ancestor": factor.name,
        "levels": len(factor.levels),
        "which": factor.levels[worst],
        "with": float(hits[worst] / counts[worst]),
        "without": float((hits.sum() - hits[worst]) / rest),
        "explained": tests[best][1],
    }


def _tested(factor: Factor, hit: np.ndarray, trays: np.ndarray) -> tuple[float, float]:
    """Return the chance of such differences between levels, and the share of variance explained."""
    inside = factor.codes >= 0
    codes, hits = factor.codes[inside], hit[inside].astype(float)
    if factor.alone:
        units, levels, sizes = hits, codes, np.ones(len(hits))
    else:
        pairs, where = np.unique(np.stack([codes, trays[inside]]), axis=1, return_inverse=True)
        where = where.reshape(-1)
        sizes = np.bincount(where).astype(float)
        units, levels = np.bincount(where, hits) / sizes, pairs[0]
    groups, count = len(np.unique(levels)), len(units)
    if groups < 2 or count <= groups:  # noqa: PLR2004 - nothing to compare
        return 1.0, 0.0
    chance = kruskal_wallis(units, levels)
    mean = float((units * sizes).sum() / sizes.sum())
    whole = float((sizes * (units - mean) ** 2).sum())
    weights = np.bincount(levels, sizes)
    means = np.bincount(levels, units * sizes) / np.where(weights > 0, weights, 1.0)
    left = float((sizes * (units - means[levels]) ** 2).sum())
    share = 1 - left / (count - groups) / (whole / (count - 1)) if whole else 0.0
    return chance, share


def kruskal_wallis(values: np.ndarray, levels: np.ndarray) -> float:
    """Return the chance of so different ranks of values between levels; 1 where all are equal."""
    count = len(values)
    _, where, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[where.reshape(-1)]
    ties = 1 - float((sizes.astype(float) ** 3 - sizes).sum()) / (float(count) ** 3 - count)
    _, codes, members = np.unique(levels, return_inverse=True, return_counts=True)
    codes = codes.reshape(-1)
    freedom = len(members) - 1
    if ties <= 0 or freedom < 1:
        return 1.0
    sums = np.bincount(codes, ranks)
    statistic = 12 / (count * (count + 1)) * float((sums**2 / members).sum()) - 3 * (count + 1)
    spread = 2 / (9 * freedom)
    normal = ((max(0.0, statistic) / ties / freedom) ** (1 / 3) - 1 + spread) / math.sqrt(spread)
    return NormalDist().cdf(-normal)


def _common(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield what moved the capacity of all cells from its nominal value: powder, loading."""
    recorded = set(facts.run.columns("cells"))
    station = next((s for s in facts.plan.stations if facts.plan.kind(s) == "grading"), "")
    limits = [facts.plan.number(station, n) for n in ("nominal_capacity", "capacity_limit_a")]
    coaters = (s for s in facts.plan.stations if facts.plan.kind(s) == "coater")
    coater = next((s for s in coaters if s.startswith("cathode")), "")
    target = facts.plan.number(coater, "loading_target") if coater else None
    nominals = {_FACTOR: 1.0, _LOADING: target}
    names = [name for name, nominal in nominals.items() if nominal and name in recorded]
    if None in limits or not names or "capacity" not in recorded or facts.graded.empty:
        return
    least = math.prod(limit for limit in limits if limit is not None)
    reading = f"{MEASURED}capacity" if f"{MEASURED}capacity" in recorded else "capacity"
    # rows of one table: those of the graded cells, in its order
    place = np.sort(facts.graded.index)
    graded = facts.run.objects("cells", [reading, *names]).iloc[place]
    graded = graded[graded[reading].notna()]
    now = float((graded[reading] < least).mean()) if len(graded) else 0.0
    for name in names:
        ratio = float(graded[name].mean()) / float(nominals[name] or 1.0)
        if now and abs(ratio - 1) >= _NOTABLE:
            else_share = float((graded[reading] / ratio < least).mean())
            yield {"what": name, "change": ratio - 1, "now": now, "at_nominal": else_share}
