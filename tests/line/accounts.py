"""The material account of a run, reckoned again from segments, cells, lots and links alone.

The ledger is not read here: it is what the result is compared with. A kilogram of solids on the web
follows from the loading of its segment and from what was dosed into the batches of its slurry.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from linetwin.results.reader import Run
    from linetwin.scenario.resolved import Scenario

SOLIDS = ("active_material", "conductive_additive", "binder")
ELECTRODES = ("cathode", "anode")

Account = dict[tuple[str, str], float]
"""(material, entry) -> kg or m2; entries: in, cells, scrap, lost, recovered, in_process."""


class Accountant:
    """Reckons the account of one run."""

    def __init__(self, result: Run, scenario: Scenario) -> None:
        self._links = result.table("links")
        self._lots = result.table("lots").set_index("lot")
        self._cells = result.table("cells").set_index("cell")
        self._segments = result.table("segments")
        self._stations = scenario.stations
        self._account: Account = defaultdict(float)
        self._webs: dict[str, list[tuple[str, float, float, float, float]]] = {}
        columns = ["parent", "start_m", "end_m", "child_start_m", "child_end_m"]
        for child, rows in self._made_from("web").groupby("child"):
            self._webs[str(child)] = list(rows[columns].itertuples(index=False, name=None))

    def account(self) -> Account:
        """Return every material's entries, summed over stations."""
        raw = self._lots.index[self._lots["kind"] == "material"]
        used = self._links[self._links["parent"].isin(raw)]
        for parent, amount in zip(used["parent"], used["amount"], strict=True):
            self._account[str(parent).rpartition("-")[0], "in"] += amount
        for electrode in ELECTRODES:
            drawn = self._slurry(electrode)
            for roll in self._segments["roll"].unique():
                if str(roll).startswith(electrode):
                    self._roll(electrode, str(roll), drawn)
        self._cells_own()
        return dict(self._account)

    def _made_from(self, role: str) -> pd.DataFrame:
        return self._links[self._links["role"] == role]

    def _book(self, electrode: str, entry: str, contents: dict[str, float]) -> None:
        for role, amount in contents.items():
            self._account[f"{electrode}.{role}", entry] += float(amount)

    def _batches(self, electrode: str) -> dict[str, dict[str, float]]:
        """What was dosed into each batch [kg]."""
        found: dict[str, dict[str, float]] = {}
        for role in (*SOLIDS, "solvent"):
            rows = self._made_from(role)
            rows = rows[rows["child"].str.startswith(f"{electrode}.")]
            for batch, amount in rows.groupby("child")["amount"].sum().items():
                found.setdefault(str(batch), {})[role] = amount
        return found

    def _slurry(self, electrode: str) -> dict[str, dict[str, float]]:
        """Book what was never coated; return each tank charge's raw materials [kg]."""
        batches = self._batches(electrode)
        left = {name: sum(dosed.values()) for name, dosed in batches.items()}
        charges: dict[str, dict[str, float]] = {}
        rows = self._made_from("slurry")
        rows = rows[rows["child"].str.startswith(f"{electrode}.")]
        for charge, batch, mass in zip(rows["child"], rows["parent"], rows["amount"], strict=True):
            left[batch] -= mass
            content = charges.setdefault(charge, defaultdict(float))
            for role, dosed in batches[batch].items():
                content[role] += mass * dosed / sum(batches[batch].values())
        for charge, content in charges.items():
            if self._lots.loc[charge, "status"] == "scrap":  # rinsed out of the die
                self._book(electrode, "lost", content)
        for batch, mass in left.items():
            entry = "in_process" if self._lots.loc[batch, "status"] == "in_process" else "lost"
            total = sum(batches[batch].values())
            self._book(electrode, entry, {r: d * mass / total for r, d in batches[batch].items()})
        return charges

    def _web(
        self, electrode: str, roll: str, segments: pd.DataFrame, drawn: dict[str, dict[str, float]]
    ) -> dict[str, np.ndarray]:
        """Raw materials in each segment [kg; foil m2]; what the dryer took is booked as lost."""
        width, bare = (
            self._stations[f"{electrode}.coater"].parameters[name].number
            for name in ("coating_width", "bare_width")
        )
        start, end = segments["start_m"].to_numpy(), segments["end_m"].to_numpy()
        area = (end - start) * width
        found = {role: np.zeros(len(area)) for role in (*SOLIDS, "solvent")}
        found["foil"] = (end - start) * (width + bare)
        if "coated_fraction" in segments:
            area = area * segments["coated_fraction"].fillna(0.0).to_numpy()
        for side in "ab":
            rows = self._made_from(f"slurry side {side}")
            for row in rows[rows["child"] == roll].itertuples():
                content = drawn[row.parent]
                inside = (start >= row.child_start_m - 1e-9) & (end <= row.child_end_m + 1e-9)
                solids = np.where(inside, segments[f"loading_{side}"] * area, 0.0)
                residue = np.where(inside, segments[f"solvent_loading_{side}"] * area, 0.0)
                whole = sum(content[role] for role in SOLIDS)
                for role in SOLIDS:
                    found[role] += solids * content[role] / whole
                found["solvent"] += residue
                dosed = solids.sum() / whole * content["solvent"]
                evaporated = dosed - residue.sum()
                back = self._stations[f"{electrode}.coater"].parameters["solvent_recovery"].number
                self._book(electrode, "recovered", {"solvent": evaporated * back})
                self._book(electrode, "lost", {"solvent": evaporated * (1 - back)})
        return found

    def _roll(self, electrode: str, roll: str, drawn: dict[str, dict[str, float]]) -> None:
        """Book a mother roll: what was cut out, trimmed, left over, made into cells."""
        segments = self._segments[self._segments["roll"] == roll].sort_values("start_m")
        web = self._web(electrode, roll, segments, drawn)
        if self._lots.loc[roll, "status"] == "in_process":
            self._book(electrode, "in_process", {r: v.sum() for r, v in web.items()})
            return
        good = (segments["status"] == "good").to_numpy()
        edges = np.append(segments["start_m"].to_numpy(), segments["end_m"].iloc[-1])
        webs = self._made_from("web")
        lanes = sorted(set(webs[webs["parent"] == roll]["child"]))
        for role, content in web.items():
            kept, trimmed = np.where(good, content, 0.0), content.sum()
            for daughter in lanes:
                held = kept * self._lane(electrode, role)
                if role != "foil":
                    held = held * self._heavier(electrode, int(daughter[-1]), segments)
                trimmed -= held.sum()
                sums = np.append(0.0, np.cumsum(held))
                self._daughter(electrode, role, daughter, (edges, sums))
            self._book(electrode, "scrap", {role: trimmed})

    def _lane(self, electrode: str, role: str) -> float:
        """Part of the web's material in one lane; foil is wider than the coating."""
        slitter = self._stations[f"{electrode}.slitter"].parameters
        lane, width = slitter["lane_width"].number, slitter["coating_width"].number
        if role == "foil":
            lane += slitter["lane_bare_width"].number
            width += slitter["bare_width"].number
        return float(lane / width)

    def _heavier(self, electrode: str, lane: int, segments: pd.DataFrame) -> np.ndarray:
        """Coating of a lane over that of the mean web: the profile, by Gauss's three points."""
        slitter = self._stations[f"{electrode}.slitter"].parameters
        count, width = slitter["lane_count"].number, slitter["coating_width"].number
        x = np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)])
        x = (2 * lane - 1 - count + x) * slitter["lane_width"].number / width
        found, mass = np.zeros(len(segments)), np.zeros(len(segments))
        for side in "ab":
            tilt, rise, loading = (
                segments[f"{name}_{side}"].fillna(0.0).to_numpy()
                for name in ("lip_tilt", "edge_rise", "loading")
            )
            here = 1 + np.outer(tilt, x) + np.outer(rise, 1.5 * x**2 - 0.5)
            found += loading * (here @ [5 / 18, 8 / 18, 5 / 18])
            mass += loading
        return found / np.where(mass > 0, mass, 1.0)

    def _daughter(
        self, electrode: str, role: str, slit: str, along: tuple[np.ndarray, np.ndarray]
    ) -> None:
        """Book a lane: what notching took off, what went into cells, what is left of it.

        `along`: metres of the mother roll, and what the lane holds up to there.
        """
        webs = self._made_from("web")
        notched = sorted(set(webs[webs["parent"] == slit]["child"]))
        daughter, kept = (notched[0], 1.0) if notched else (slit, 1.0)
        if notched and role == "foil":
            notcher = self._stations[f"{electrode}.notcher"].parameters
            bare, lane = notcher["lane_bare_width"].number, notcher["lane_width"].number
            kept = 1 - bare / (bare + lane) * (1 - notcher["tab_share"].number)
        whole = self._within(along, slit, (0.0, self._lots.loc[slit, "amount"]))
        wound = self._within(along, daughter, (0.0, self._lots.loc[daughter, "amount"]))
        self._book(electrode, "scrap", {role: whole - wound * kept})
        rows = self._made_from(electrode)
        rows = rows[rows["parent"] == daughter]
        left = wound
        for cell, start, end in zip(rows["child"], rows["start_m"], rows["end_m"], strict=True):
            taken = self._within(along, daughter, (start, end))
            left -= taken
            self._book(electrode, self._entry(cell), {role: taken * kept})
        open_ = self._lots.loc[daughter, "status"] == "in_process"
        self._book(electrode, "in_process" if open_ else "scrap", {role: left * kept})

    def _within(
        self, along: tuple[np.ndarray, np.ndarray], lot: str, stretch: tuple[float, float]
    ) -> float:
        """What a stretch of a daughter roll holds, by the stretches of its mother it came from."""
        links = self._webs.get(lot)
        if links is None:
            return float(abs(np.diff(np.interp(stretch, *along))[0]))
        total = 0.0
        for parent, start, end, child_start, child_end in links:
            low, high = max(stretch[0], child_start), min(stretch[1], child_end)
            if high > low:
                scale = (end - start) / (child_end - child_start)
                ends = (start + (x - child_start) * scale for x in (low, high))
                total += self._within(along, parent, tuple(sorted(ends)))
        return total

    def _entry(self, cell: str) -> str:
        status = self._cells.loc[cell, "status"]
        return {"A": "cells", "B": "cells", "sample": "scrap"}.get(str(status), str(status))

    def _cells_own(self) -> None:
        """Book separator and electrolyte; what a soaked cell no longer holds has evaporated."""
        for role in ("separator", "electrolyte", "tabs", "housing"):
            given = self._made_from(role).groupby("child")["amount"].sum()
            for cell, amount in given.items():
                kept = amount
                if role == "electrolyte" and np.isfinite(
                    self._cells.loc[cell, "wetting_saturation"]
                ):
                    kept = self._cells.loc[cell, "electrolyte_mass"]
                self._book("cell", self._entry(str(cell)), {role: kept})
                self._book("cell", "lost", {role: amount - kept})
