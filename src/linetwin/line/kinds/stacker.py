"""Stacker: cuts sheets from a cathode and an anode roll and stacks them to cells."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.kinds.cell_design import ELECTRODES, FACES, of_the_powders, scarcer_face
from linetwin.line.kinds.cells import first_reason, scrap_cells, soft_short
from linetwin.line.kinds.web import CONTENT, link_many
from linetwin.line.materials import contents_of
from linetwin.line.moisture import absorb, expose, room_of
from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot

PARTICLE_SPREAD = 0.5
"""Standard deviation of the logarithm of a particle's size [A]."""
SURE, FARTHEST = 1e-12, 7.0
"""Below this chance a particle's size is taken at so many standard deviations."""
BURR_SPREAD = 0.2
"""Standard deviation of the logarithm of the burr height between cells of one roll [A]."""


class Stacker(Station):
    """Fills one tray after another; a roll that is used up is changed in between.

    `state.job`: `cathode` and `anode` (roll name), `cathode_at` and `anode_at` (good metres used),
    `tray`, and `count`, the cells of the operation under way; `since` when that, and `begun` when
    the tray's first one, was at work.
    """

    @property
    def job(self) -> dict[str, Any]:
        """The rolls and the tray in the machine."""
        return self.state.job

    def has_finished(self) -> bool:
        """Whether every cell of the order has been started."""
        return "tray" not in self.job and self.world.to_release() == 0

    def committed(self) -> int:
        """Cells of the operation under way: other stackers leave them alone."""
        stacking = self.state.operation == "stack" and self.is_under_way()
        return int(self.job["count"]) if stacking else 0

    def prepare(self) -> Operation | None:
        """Load rolls, then stack as many cells as tray, rolls and order allow.

        Where others have made the order's last cells, the tray begun is handed over.
        """
        if "tray" in self.job and self.world.to_release() == 0:
            return Operation("hand over", 0, "Completing")
        if any(electrode not in self.job for electrode in ELECTRODES):
            missing = [e for e in ELECTRODES if e not in self.job and not self._load(e)]
            if missing:
                return None
            return Operation("load", round(self.value("changeover_time") * 1000), "Starting")
        count = self._possible()
        if count < 1:
            return None
        self.job.update(count=count, since=self.world.now)
        sheets = 2 * int(self.value("cathode_sheets")) + 1
        return Operation("stack", round(count * sheets * self.value("sheet_cycle_time") * 1000))

    def complete(self) -> None:
        """Make the cells; drop rolls that are too short for another."""
        if self.state.operation != "stack":
            return
        self._stack(int(self.job["count"]))
        for electrode in ELECTRODES:
            if self._left(electrode) < self._length(electrode):
                self._drop(electrode)

    def deliver(self) -> bool:
        """Hand over a tray that is full, or the last one of an order."""
        if "tray" not in self.job:
            return True
        lot = self.world.lots[self.job["tray"]]
        if lot.items < self.value("tray_size") and self.world.to_release() != 0:
            return True
        if not self.give("cells", lot.name):
            return False
        del self.job["tray"]
        self.log_operation(lot.name, "stack", self.job.pop("begun"))
        return True

    def _length(self, electrode: str) -> float:
        """Metres of a lane in one cell."""
        sheets = self.value("cathode_sheets") + (1 if electrode == "anode" else 0)
        return sheets * self.value(f"{electrode}_sheet_length")

    def _left(self, electrode: str) -> float:
        if electrode not in self.job:
            return 0.0
        return (
            float(self.world.lots[self.job[electrode]].amount - self.job[f"{electrode}_at"]) + 1e-9
        )

    def _possible(self) -> int:
        room = int(self.value("tray_size"))
        if "tray" in self.job:
            room -= self.world.lots[self.job["tray"]].items
        counts = [room] + [int(self._left(e) / self._length(e)) for e in ELECTRODES]
        wanted = self.world.to_release()
        return min(counts if wanted is None else [*counts, wanted])

    def _load(self, electrode: str) -> bool:
        """Put a roll on; one that is too short or too moist for a cell is scrap at once."""
        while (lot := self.take(electrode)) is not None:
            self.job[electrode], self.job[f"{electrode}_at"] = lot.name, 0.0
            absorb(self, lot, room_of(self, electrode), self.value("uptake_time"))
            if lot.properties["moisture"] > self.value(f"{electrode}_moisture_limit"):
                self.world.log_event(
                    self.name, "scrap", lot=lot.name, cause="moisture", amount=lot.amount
                )
            elif lot.amount >= self._length(electrode):
                return True
            self._drop(electrode)
        return False

    def _drop(self, electrode: str) -> None:
        """Take a roll off; what is left on it is scrap."""
        lot = self.world.lots[self.job.pop(electrode)]
        at = self.job.pop(f"{electrode}_at")
        left = {
            material: content - used
            for (material, content), used in zip(
                contents_of(lot).items(), self._contents(lot, 0.0, at, 1).values(), strict=True
            )
        }
        self.world.ledger.book(
            {m: float(np.sum(v)) for m, v in left.items()},
            self.name,
            "scrap",
            self.world.material_units,
        )
        self.world.end_lot(lot.name, "used", self.name)
        self.world.wake_finished()

    def _edges(self, lot: Lot) -> np.ndarray:
        lengths = lot.columns["end_m"] - lot.columns["start_m"]
        return np.concatenate([[0.0], np.cumsum(lengths)])

    def _integral(self, lot: Lot, density: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Integral of a column (per segment) over good metres from 0 to `at`."""
        edges = self._edges(lot)
        sums = np.concatenate([[0.0], np.cumsum(density)])
        found: np.ndarray = np.interp(at, edges, sums)
        return found

    def _contents(self, lot: Lot, at: float, each: float, count: int) -> dict[str, np.ndarray]:
        """Raw materials in `count` stretches of `each` metres from `at`: material -> (count,)."""
        marks = at + each * np.arange(count + 1)
        return {
            name: np.diff(self._integral(lot, values, marks))
            for name, values in lot.columns.items()
            if name.startswith(CONTENT)
        }

    def _stack(self, count: int) -> None:
        world = self.world
        # one cell after another; a stop on the way is spread over them
        begun = np.linspace(self.job["since"], world.now, count, endpoint=False)
        columns: Columns = {"started": np.floor(begun)}
        first = world.lots.number("cell", count)
        columns["number"] = np.arange(first, first + count, dtype=float)
        names = [f"cell-{number:06d}" for number in range(first, first + count)]
        for electrode in ELECTRODES:
            self._cut(electrode, count, columns, names)
        self._add_separator(count, columns, names)
        self._assemble(count, columns)
        world.counts["started"] += count
        if world.to_release() == 0:
            world.wake_finished()  # a stacker that waits for a roll hands over what it has
        self._put_on_tray(count, columns, names)

    def _cut(self, electrode: str, count: int, columns: Columns, names: list[str]) -> None:
        lot = self.world.lots[self.job[electrode]]
        at, each = float(self.job[f"{electrode}_at"]), self._length(electrode)
        marks = at + each * np.arange(count + 1)
        edges = self._edges(lot)
        lengths = np.diff(edges)
        for name in ("loading", "porosity", "coating_thickness", "adhesion_index"):
            total = self._integral(lot, lot.columns[name] * lengths, marks)
            columns[f"{electrode}_{name}"] = np.diff(total) / each
        powder = lot.columns["loading"] * lot.columns["specific_capacity_factor"] * lengths
        laid = columns[f"{electrode}_loading"] * each
        columns[f"{electrode}_specific_capacity_factor"] = (
            np.diff(self._integral(lot, powder, marks)) / laid
        )
        sides = "ba" if lot.properties.get("sides_swapped", 0.0) > 0 else "ab"
        for face, side in zip(FACES, sides, strict=True):
            total = self._integral(lot, lot.columns[f"loading_{side}"] * lengths, marks)
            columns[f"{electrode}_{face}"] = np.diff(total) / each
        for name, values in self._contents(lot, at, each, count).items():
            columns[name] = columns.get(name, np.zeros(count)) + values
        if "misplaced_tabs" in lot.columns:
            middles = (edges[:-1] + edges[1:]) / 2
            tabs, _ = np.histogram(middles, marks, weights=lot.columns["misplaced_tabs"])
            columns["misplaced_tabs"] = columns.get("misplaced_tabs", np.zeros(count)) + tabs
        columns[f"{electrode}_lane"] = np.full(count, lot.properties.get("lane", -1.0))
        absorb(self, lot, self.config.room, self.value("uptake_time"))
        for name in ("moisture", "reference_moisture"):
            columns[f"{electrode}_{name}"] = np.full(count, lot.properties.get(name, 0.0))
        columns[f"{electrode}_burr_height"] = np.full(count, lot.properties["burr_height"])
        self._link_web(names, lot, electrode, marks)
        self.job[f"{electrode}_at"] = float(marks[-1])

    def _link_web(self, names: list[str], lot: Lot, role: str, marks: np.ndarray) -> None:
        """Link cells to each stretch of the mother roll that they were cut from.

        `marks`, shape (cells + 1,): where each cell begins, and the last one ends, in metres of
        good web; what was cut out between two stretches is in neither.
        """
        edges = self._edges(lot)
        inside = edges[(edges > marks[0] + 1e-9) & (edges < marks[-1] - 1e-9)]
        cuts = np.unique(np.concatenate([marks, inside]))
        cuts = cuts[np.append(True, np.diff(cuts) > 1e-9)]  # noqa: PLR2004  a nanometre
        middle = 0.5 * (cuts[:-1] + cuts[1:])
        cells = np.searchsorted(marks, middle, "right") - 1
        segments = np.minimum(np.searchsorted(edges, middle, "right") - 1, lot.items - 1)
        shift = lot.columns["start_m"][segments] - edges[segments]
        starts, ends = cuts[:-1] + shift, cuts[1:] + shift
        # pieces of one cell that meet on the mother roll are one stretch: 1e-6 m is rounding
        follows = (np.diff(cells) == 0) & (np.abs(starts[1:] - ends[:-1]) < 1e-6)  # noqa: PLR2004
        first = np.flatnonzero(np.append(True, ~follows))
        starts, ends = starts[first], ends[np.append(first[1:], len(ends)) - 1]
        link_many(
            self.world,
            [names[cell] for cell in cells[first].tolist()],
            lot.name,
            role,
            share=(ends - starts) / (marks[1] - marks[0]),
            amount=ends - starts,
            amount_unit="m",
            start_m=starts,
            end_m=ends,
        )

    def _link_tray(self, names: list[str], tray: str) -> None:
        link_many(
            self.world, names, tray, "tray", relation="carried_in", amount=1.0, amount_unit="1"
        )

    def _add_separator(self, count: int, columns: Columns, names: list[str]) -> None:
        area = self.value("separator_area")
        material = self.config.materials["separator"]
        columns[CONTENT + material] = np.full(count, area)
        drawn = self.world.supplies[material].draw_each(columns[CONTENT + material])
        link_many(
            self.world,
            [names[row] for row in drawn.rows],
            drawn.lots,
            "separator",
            share=drawn.amounts / area,
            amount=drawn.amounts,
            amount_unit="m2",
        )

    def _assemble(self, count: int, columns: Columns) -> None:
        """Offsets of the sheets, the cell's design values, burrs and particles."""
        driver = self.world.driver
        sheets = 2 * int(self.value("cathode_sheets")) + 1
        offsets = driver.normal(self.name, "offset", count * sheets).reshape(count, sheets)
        columns["stacking_offset"] = np.abs(offsets * self.value("offset_deviation")).max(axis=1)
        inputs = {
            f"{electrode}_{name}": columns[f"{electrode}_{name}"]
            for electrode in ELECTRODES
            for name in ("loading", "porosity", "coating_thickness")
        }
        first = f"cell-{int(columns['number'][0]):06d}"  # its tray may not be there yet
        result = self.transform("stacking", first).apply(
            {}, [Phase(inputs | {"stacking_offset": columns["stacking_offset"]})]
        )[-1]
        self.note_validity(result)
        columns.update(
            {name: values for name, values in result.items() if name not in ("valid", "phase_time")}
        )
        columns.update(of_the_powders(columns))
        columns["np_ratio"] = columns["np_ratio"] * scarcer_face(columns)
        worst = np.maximum(columns.pop("cathode_burr_height"), columns.pop("anode_burr_height"))
        scatter = np.exp(BURR_SPREAD * driver.normal(self.name, "burr", count))
        columns["burr_height"] = worst * scatter
        columns["particle_size"] = self._particles(count, columns["electrode_area"])
        for name in ("moisture", "reference_moisture"):
            both = np.vstack([columns.pop(f"{electrode}_{name}") for electrode in ELECTRODES])
            columns[name] = both.mean(axis=0)
        columns["leak_resistance"] = self._leaks(columns)
        # both faces of the sheet that lies worst lose their counterpart along one edge
        bare = 2 * np.maximum(0.0, -columns["overhang_margin"]) * self.value("cathode_sheet_length")
        columns["bare_edge_share"] = bare / columns["electrode_area"]

    def _particles(self, count: int, area: np.ndarray) -> np.ndarray:
        """Size of the largest particle in each cell; 0 where there is none [m].

        The number per cell is Poisson; the largest of them follows from one even number.
        """
        draws = self.world.driver.uniform(self.name, "particle", count)
        sizes = np.zeros(count)
        above = -np.log(draws) / (self.value("particle_rate") * area)
        for row in np.flatnonzero(above < 1):
            quantile = (
                NormalDist().inv_cdf(1 - float(above[row])) if above[row] > SURE else FARTHEST
            )
            sizes[row] = self.value("particle_size") * math.exp(PARTICLE_SPREAD * quantile)
        return sizes

    def _leaks(self, columns: Columns) -> np.ndarray:
        """Resistance of the soft short of a burr or particle [Ohm]."""
        excess = np.maximum(
            columns["burr_height"] / self.value("burr_limit"),
            columns["particle_size"] / self.value("particle_limit"),
        )
        return soft_short(
            excess, self.value("soft_short_resistance"), self.value("sound_resistance")
        )

    def _put_on_tray(self, count: int, columns: Columns, names: list[str]) -> None:
        world = self.world
        if "tray" not in self.job:
            self.job["tray"] = world.new_lot("tray", "tray", self.name, 0.0, "1").name
            self.job["begun"] = self.job["since"]
        lot = world.lots[self.job["tray"]]
        self._link_tray(names, lot.name)
        columns["position"] = self._free_positions(lot, count)
        ratio = self.measure("np_ratio", columns["np_ratio"])
        flags = [(ratio < self.value("np_limit"), "N/P ratio below its limit")]
        reasons = first_reason(flags, count)
        old = lot.columns
        lot.columns = {n: np.concatenate([old[n], v]) if old else v for n, v in columns.items()}
        lot.amount = float(lot.items)
        if not old:
            expose(self, lot)
        bad = np.zeros(lot.items, dtype=bool)
        bad[-count:] = [bool(reason) for reason in reasons]
        scrap_cells(world, lot, bad, self.name, [reason for reason in reasons if reason])

    def _free_positions(self, lot: Lot, count: int) -> np.ndarray:
        """Return the first `count` free places on a tray, counted from 1."""
        places = np.arange(1.0, self.value("tray_size") + 1)
        return np.setdiff1d(places, lot.columns.get("position", []))[:count]
