"""What is in a cell: raw materials by the genealogy, in the units in which the line counts them.

Electrodes are traced to the metres of the mother rolls; the rest by its own links. Electrolyte is
what was dosed less what left again, as weighed at the cell's last station. What was in the line
when the run began has no links: there the cell's own loading, the recipe's shares and what the
stations give each cell count, and the cell is named in `estimated`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from linetwin.results.ancestry import Links, Reach
from linetwin.results.assumptions import plan
from linetwin.shells.running.rolls import Recipe, Slurries, Strip, Web

if TYPE_CHECKING:
    from collections.abc import Collection

    from linetwin.results.reader import Run

ELECTRODES = ("cathode", "anode")
_AT_ONCE = 5_000
_ROLLS = ("mother_roll", "daughter_roll")


@dataclass(frozen=True)
class Inside:
    """Raw materials in cells.

    `amounts`, shape (cells, materials), by name of the cell and path of the material, in `units`
    (kg, m, m2, or 1 for pieces); `estimated`: cells of which not all is traced.
    """

    amounts: pd.DataFrame
    units: dict[str, str]
    estimated: frozenset[str]


def materials_in(run: Run, cells: Collection[str] | None = None) -> Inside:
    """Return the raw materials in cells of a run, in all of them unless some are named."""
    return _Tracing(run, cells).found()


class _Tracing:
    """Follows cells to the webs that they were cut from."""

    def __init__(self, run: Run, cells: Collection[str] | None) -> None:
        self._run, self._plan = run, plan(run)
        self._lots = _lots(run)
        only = None
        if cells is not None:
            only = {"child": {*run.only_in(("links", "child"), ("cells", "cell")), *cells}}
        links = run.objects("links", only=only)
        self._made = links[links["relation"] == "made_from"]
        self._links = Links(links)
        columns = [name for name in _CELLS if name in run.columns("cells")]
        table = run.table("cells", columns, None if cells is None else {"cell": cells})
        self._cells = table.set_index("cell")
        self._amounts: dict[str, np.ndarray] = {}
        self._traced = {
            electrode: np.zeros(len(self._cells), dtype=bool) for electrode in ELECTRODES
        }
        self._slurries = Slurries(self._made, self._lots)
        self._recipes = {each: Recipe.of(self._plan, each) for each in ELECTRODES}
        self._webs: dict[str, Web] = {}

    def found(self) -> Inside:
        """Return what is in the cells."""
        self._add_parts()
        self._add_rolls()
        missing = self._add_untraced()
        ledger = self._run.table("ledger", ["account", "item", "unit"])
        booked = ledger[ledger["account"] == "material"].drop_duplicates("item")
        units = dict(zip(booked["item"], booked["unit"], strict=True))
        amounts = pd.DataFrame(self._amounts, index=self._cells.index)
        return Inside(amounts, units, frozenset(self._cells.index[missing]))

    def _column(self, material: str) -> np.ndarray:
        return self._amounts.setdefault(material, np.zeros(len(self._cells)))

    def _add_parts(self) -> None:
        """Add what was put into a cell as such: separator, tabs, housing, electrolyte."""
        kinds = self._made["parent"].map(self._lots["kind"])
        rows = self._made[self._made["child"].isin(self._cells.index) & (kinds == "material")]
        materials = rows["parent"].map(self._lots["station"])
        at = self._cells.index.get_indexer(rows["child"])
        amounts = rows["amount"].to_numpy(dtype=np.float64)
        for material in materials.unique():
            chosen = (materials == material).to_numpy()
            np.add.at(self._column(str(material)), at[chosen], amounts[chosen])
        self._weigh()

    def _weigh(self) -> None:
        """Take for the electrolyte what was weighed last, where a cell has been filled."""
        material = self._given("electrolyte")[0]
        if material and "electrolyte_mass" in self._cells:
            weighed = self._cells["electrolyte_mass"].to_numpy(dtype=np.float64)
            self._amounts[material] = np.where(np.isnan(weighed), self._column(material), weighed)

    def _given(self, role: str) -> tuple[str, str]:
        """Return the raw material of a role that cells are given, and by which station."""
        for path, config in self._plan.stations.items():
            material = (config.get("materials") or {}).get(role)
            if material and path.partition(".")[0] not in ELECTRODES:
                return str(material), path
        return "", ""

    def _add_rolls(self) -> None:
        """Add what lies on the stretches of mother rolls that cells were cut from."""
        names = self._cells.index.tolist()
        kinds = self._lots["kind"].reindex(self._links.names)
        rolls = kinds.isin(_ROLLS).to_numpy()
        cut = self._made[self._made["role"].isin(ELECTRODES)]
        for begin in range(0, len(names), _AT_ONCE):
            some = names[begin : begin + _AT_ONCE]
            found = self._links.stretches(some, Reach(rolls))
            found = found[found["lot"].map(self._lots["kind"]) == "mother_roll"]
            roles = [path.partition(".")[0] for path in found["path"]]
            found = found.assign(role=np.array(roles, dtype=object))
            sources = cut[cut["child"].isin(some)].drop_duplicates(["child", "role"])
            sources = sources[["child", "role", "parent"]].rename(columns={"child": "item"})
            found = found.merge(sources, on=["item", "role"])
            for (role, mother, roll), rows in found.groupby(["role", "lot", "parent"], sort=False):
                self._add_stretches(str(role), str(mother), str(roll), rows)

    def _add_stretches(self, role: str, mother: str, roll: str, rows: pd.DataFrame) -> None:
        web = self._web(mother, role)
        if web is None:
            return
        at = self._cells.index.get_indexer(rows["item"])
        start, end = (rows[name].to_numpy(dtype=np.float64) for name in ("start_m", "end_m"))
        for material, amounts in web.within(self._strip(roll), start, end).items():
            np.add.at(self._column(material), at, amounts)
        self._traced[role][at] = True

    def _web(self, mother: str, role: str) -> Web | None:
        if mother not in self._webs:
            segments = self._run.table("segments", only={"roll": [mother]})
            if segments.empty:
                return None
            coater = str(self._lots.loc[mother, "station"])
            self._webs[mother] = Web(
                segments, self._plan, coater, self._recipes[role], self._slurries
            )
        return self._webs[mother]

    def _strip(self, roll: str) -> Strip:
        """Return how a roll was cut, by the stations that made it and those it came from."""
        lane, stations, name = self._lots["lane"].get(roll, 1.0), [], roll
        while self._lots["kind"].get(name) == "daughter_roll":
            stations.append(str(self._lots.loc[name, "station"]))
            parents = [each for each in self._links.parents(name) if each.role == "web"]
            name = parents[0].parent if parents else ""
        return Strip.of(self._plan, stations, int(lane))

    def _add_untraced(self) -> np.ndarray:
        """Estimate what came with the stock; return which cells have any of it."""
        missing = np.zeros(len(self._cells), dtype=bool)
        for electrode in ELECTRODES:
            rows = ~self._traced[electrode]
            missing = missing | rows
            if rows.any() and f"{electrode}_loading" in self._cells:
                self._estimate(electrode, rows)
        for role, quantity in _GIVEN.items():
            material, station = self._given(role)
            if not material or not missing.any():
                continue
            amount = 1.0 if not quantity else self._plan.number(station, quantity) or 0.0
            reached = self._cells["station"].isin(self._behind(station)).to_numpy()
            reached = reached | self._cells["status"].isin(("A", "B")).to_numpy()
            bare = missing & reached & (self._column(material) == 0)
            self._amounts[material] = np.where(bare, amount, self._column(material))
        return missing

    def _behind(self, station: str) -> set[str]:
        """Return a station and the buffers and stations that lie behind it."""
        flow = self._plan.behind.get(self._plan.family(station), set())
        takers = {
            path
            for path, config in self._plan.stations.items()
            if flow & {*(config.get("takes") or {}).values()}
        }
        return {*self._plan.members.get(self._plan.family(station), [station]), *flow, *takers}

    def _estimate(self, electrode: str, rows: np.ndarray) -> None:
        """Add an electrode by the cell's own loading, the recipe and the sizes of the sheets."""
        recipe, stacker = self._recipes[electrode], self._given("separator")[1]
        number = self._plan.number
        sheets = (number(stacker, "cathode_sheets") or 0.0) + (electrode == "anode")
        length = sheets * (number(stacker, f"{electrode}_sheet_length") or 0.0)
        own = [path for path in self._plan.stations if path.startswith(f"{electrode}.")]
        first = {self._plan.kind(path): path for path in reversed(own)}  # one of a group is as all
        cutters = [first[kind] for kind in ("slitter", "notcher") if kind in first]
        strip = Strip.of(self._plan, cutters, 1)
        slitter = first.get("slitter", "")
        width = number(slitter, "coating_width") or 0.0
        loading = np.nan_to_num(self._cells[f"{electrode}_loading"].to_numpy(dtype=np.float64))
        laid = np.where(rows, 2 * loading * length * strip.coating * width, 0.0)
        for material, share in recipe.solids(1.0).items():
            self._amounts[material] = self._column(material) + share * laid
        if foil := recipe.materials.get("foil"):
            # foil is counted before the calender stretches it
            stretch = number(first.get("calender", ""), "web_stretch") or 0.0
            whole = (width + (number(slitter, "bare_width") or 0.0)) * strip.foil
            whole *= length / (1 + stretch)
            self._amounts[foil] = self._column(foil) + np.where(rows, whole, 0.0)


_CELLS = (
    *("cell", "status", "station", "electrolyte_mass"),
    *(f"{electrode}_loading" for electrode in ELECTRODES),
)
_GIVEN = {"separator": "separator_area", "tabs": "tabs_per_cell", "housing": ""}
"""Role of what every cell is given -> the parameter that says how much; "" for one piece."""


def _lots(run: Run) -> pd.DataFrame:
    """Return what is asked of lots, by name."""
    wanted = ["lot", "kind", "station", "amount", "lane", "solids_fraction"]
    known = [name for name in wanted if name in run.columns("lots")]
    return run.table("lots", known).drop_duplicates("lot").set_index("lot")
