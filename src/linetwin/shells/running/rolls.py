"""Raw materials along the webs of a run, and what of them is in a metre of a lane.

What a charge of slurry held lies on its stretch of the mother roll as the loading says; a lane has
its width's part of that, heavier or lighter as the die left it across the web. Charges hold what
their batches were mixed of. Where a batch or a web was in the line when the run began, nobody wrote
down what went in: then the recipe's shares count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cross_web import lane_deviation, lane_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from linetwin.results.assumptions import Plan

SIDES = ("a", "b")
_SOLIDS = ("active_material", "conductive_additive", "binder")
_COLUMNS = ("coated_fraction", "loading", "solvent_loading", "lip_tilt", "edge_rise")


@dataclass(frozen=True)
class Recipe:
    """What an electrode is made of: path of each raw material by role, shares of the solids."""

    materials: Mapping[str, str]
    shares: Mapping[str, float]

    @classmethod
    def of(cls, plan: Plan, electrode: str) -> Recipe:
        """Return what mixer and coater of an electrode say."""
        found: dict[str, str] = {}
        shares: dict[str, float] = {}
        for path, config in plan.stations.items():
            kind = config.get("kind")
            if path.partition(".")[0] != electrode or kind not in {"mixer", "coater"}:
                continue
            found |= {
                str(role): str(name) for role, name in (config.get("materials") or {}).items()
            }
            if kind == "mixer":
                shares = {role: plan.number(path, f"{role}_share") or 0.0 for role in _SOLIDS}
        return cls(found, shares)

    def solids(self, mass: float) -> dict[str, float]:
        """Return the raw materials of so many kg of dry coating."""
        return {
            self.materials[role]: mass * share
            for role, share in self.shares.items()
            if role in self.materials
        }


@dataclass(frozen=True)
class Strip:
    """How a roll that cells are cut from was cut out of its mother roll."""

    lane: int
    lanes: int
    coating: float
    foil: float
    """Part of the width that is in the lane: of the coating; of the foil, tabs cut out."""

    @classmethod
    def of(cls, plan: Plan, stations: list[str], lane: int) -> Strip:
        """Return what the slitter and the notcher among `stations` leave of the width."""
        lanes, coating, foil = 1, 1.0, 1.0
        for station in stations:
            kind = plan.kind(station)
            width, bare = (
                plan.number(station, n) or 0.0 for n in ("lane_width", "lane_bare_width")
            )
            if kind == "slitter":
                lanes = int(plan.number(station, "lane_count") or 1)
                whole = plan.number(station, "coating_width") or width
                coating = width / whole
                foil *= (width + bare) / (whole + (plan.number(station, "bare_width") or 0.0))
            elif kind == "notcher":
                foil *= 1 - bare / (bare + width) * (1 - (plan.number(station, "tab_share") or 0.0))
        return cls(lane, lanes, coating, foil)


class Slurries:
    """Raw materials in slurry batches and in the charges drawn of them."""

    def __init__(self, made: pd.DataFrame, lots: pd.DataFrame) -> None:
        self._lots = lots
        self._parents = {
            str(child): rows for child, rows in made.groupby("child", sort=False)[_LINK]
        }
        self._batches: dict[str, dict[str, float]] = {}

    def charge(self, name: str, recipe: Recipe) -> dict[str, float]:
        """Return the raw materials in a charge [kg]."""
        found: dict[str, float] = {}
        for batch, _, mass in self._rows(name):
            for material, part in self._batch(batch, recipe).items():
                found[material] = found.get(material, 0.0) + part * mass
        return found

    def _batch(self, name: str, recipe: Recipe) -> dict[str, float]:
        """Return the raw materials in a kg of a batch."""
        if name not in self._batches:
            whole: dict[str, float] = {}
            for lot, _, mass in self._rows(name):
                material = str(self._lots.loc[lot, "station"])
                whole[material] = whole.get(material, 0.0) + mass
            if whole:
                amount = float(self._lots.loc[name, "amount"])
                whole = {material: mass / amount for material, mass in whole.items()}
            elif "solids_fraction" in self._lots:
                whole = recipe.solids(float(self._lots.loc[name, "solids_fraction"]))
            self._batches[name] = whole
        return self._batches[name]

    def _rows(self, child: str) -> list[tuple[str, str, float]]:
        rows = self._parents.get(child)
        if rows is None:
            return []
        known = rows[rows["role"] != "stock"]
        return list(zip(known["parent"], known["role"], known["amount"], strict=True))

    def on(self, roll: str, side: str) -> list[tuple[str, float, float]]:
        """Return the charges on one side of a mother roll, with their metres on it."""
        rows = self._parents.get(roll)
        if rows is None:
            return []
        rows = rows[rows["role"] == f"slurry side {side}"]
        return list(zip(rows["parent"], rows["child_start_m"], rows["child_end_m"], strict=True))

    def foil(self, roll: str) -> str:
        """Return the raw material that a roll's foil is, "" where it came with the stock."""
        rows = self._parents.get(roll)
        lots = [] if rows is None else rows.loc[rows["role"] == "foil", "parent"].tolist()
        return str(self._lots.loc[lots[0], "station"]) if lots else ""


_LINK = ["parent", "role", "amount", "child_start_m", "child_end_m"]


class Web:
    """A mother roll: raw materials in each of its segments, over its whole width."""

    def __init__(
        self, segments: pd.DataFrame, plan: Plan, coater: str, recipe: Recipe, slurries: Slurries
    ) -> None:
        self._columns = {
            name: segments[name].to_numpy(dtype=np.float64)
            for name in segments
            if str(name) in {"start_m", "end_m"} or str(name).startswith(_COLUMNS)
        }
        start, end = self._columns["start_m"], self._columns["end_m"]
        self._edges = np.append(start, end[-1:])
        width = plan.number(coater, "coating_width") or 0.0
        self._area = (end - start) * self._columns["coated_fraction"] * width
        self._roll = str(segments["roll"].iloc[0])
        self._recipe, self._slurries = recipe, slurries
        foil = slurries.foil(self._roll) or recipe.materials.get("foil", "")
        whole = width + (plan.number(coater, "bare_width") or 0.0)
        self._foil = {foil: (end - start) * whole}

    @cached_property
    def coating(self) -> dict[str, np.ndarray]:
        """Raw material of the coating -> kg in each segment, both sides."""
        found: dict[str, np.ndarray] = {}
        for side in SIDES:
            for material, amounts in self._side(side).items():
                found[material] = found.get(material, 0.0) + amounts
        return found

    def _side(self, side: str) -> dict[str, np.ndarray]:
        laid = np.nan_to_num(self._columns[f"loading_{side}"]) * self._area
        middle = (self._edges[:-1] + self._edges[1:]) / 2
        bare = np.ones(len(laid), dtype=bool)  # no charge is known that lies there
        found: dict[str, np.ndarray] = {}
        solvent = self._recipe.materials.get("solvent", "")
        for charge, start, end in self._slurries.on(self._roll, side):
            inside = (middle > start) & (middle < end)
            bare &= ~inside
            parts = np.where(inside, laid, 0.0) / laid[inside].sum()
            for material, mass in self._slurries.charge(charge, self._recipe).items():
                if material != solvent:
                    found[material] = found.get(material, 0.0) + mass * parts
        for material, share in self._recipe.solids(1.0).items():
            found[material] = found.get(material, 0.0) + np.where(bare, laid * share, 0.0)
        if solvent and f"solvent_loading_{side}" in self._columns:
            left = np.nan_to_num(self._columns[f"solvent_loading_{side}"])
            found[solvent] = left * self._area
        return found

    def within(self, strip: Strip, start_m: np.ndarray, end_m: np.ndarray) -> dict[str, np.ndarray]:
        """Return the raw materials in stretches of a lane: material -> amounts, shape of these."""
        heavier = self._heavier(strip)
        whole = {name: kg * heavier * strip.coating for name, kg in self.coating.items()}
        whole |= {name: area * strip.foil for name, area in self._foil.items()}
        found = {}
        for material, amounts in whole.items():
            sums = np.append(0.0, np.cumsum(amounts))
            ends = np.interp([start_m, end_m], self._edges, sums)
            found[material] = ends[1] - ends[0]
        return found

    def _heavier(self, strip: Strip) -> np.ndarray:
        """Return the loading of a lane over that of the whole width."""
        span = lane_span(strip.lane, strip.lanes, strip.coating)
        loading = {side: np.nan_to_num(self._columns[f"loading_{side}"]) for side in SIDES}
        both = loading["a"] + loading["b"]
        laid = sum(
            loading[side] * (1 + lane_deviation(self._columns, side, span)) for side in SIDES
        )
        found: np.ndarray = laid / np.where(both > 0, both, 1.0)
        return found
