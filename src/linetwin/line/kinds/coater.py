"""Coater with dryer: coats and dries both sides of a foil, in two passes or in tandem.

In two passes the roll is turned and side B coated from its other end; in tandem a second die and a
second dryer follow the first, and both sides of a block are reckoned together. Either way side A
goes through a dryer twice. What lies wet in the dryer when the web stops stays there longer: a
block is dried only once the web has carried it out. All metres in `job` are metres of the pass.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.dryer_air import COLD, SWITCHED_OFF, AirDemand, dryer_air
from linetwin.line.kinds.coating import Die
from linetwin.line.kinds.drying import Dryer
from linetwin.line.kinds.web import add_content, link, mark
from linetwin.line.kinds.winding import FORWARD, JOINT_M, doubt, note_threading
from linetwin.line.moisture import expose
from linetwin.line.patches import mean_fraction
from linetwin.line.planning import SLURRY_RESERVE
from linetwin.line.start_up import waste_length
from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig

TANDEM = "tandem"
WEB_BREAK = "web_break"
"""Cause of failure that tears the web; its time to repair is that of rethreading."""
NEAR = 1e-9


class Coater(Station):
    """One roll at a time; the dryer is part of the web path."""

    def __init__(self, config: StationConfig, world: World) -> None:
        super().__init__(config, world)
        self._die = Die(self)
        self.dryer = Dryer(self)

    @property
    def job(self) -> dict[str, Any]:
        """`roll`, `side` (a, b or ab), `position` and `block` [m], since when it is coated.

        `starts` [m], `stops` [[m, s], ...], `waste` [[from, to, reason], ...]; `wet`: blocks in the
        dryer; `batches` last met; `coated` [s] since the die was cleaned; `halted` [tick].
        """
        return self.state.job

    @property
    def sides(self) -> str:
        """Sides that are coated in the present pass."""
        return str(self.job["side"])

    @property
    def is_tandem(self) -> bool:
        """Whether both sides are coated in one run."""
        return self.text("coating_mode") == TANDEM

    def has_finished(self) -> bool:
        """Whether no roll is mounted and the web in process covers the order."""
        return "roll" not in self.job and self.world.plan.is_covered(self.name.split(".")[0])

    def prepare(self) -> Operation | None:
        """Mount a foil, coat it block by block, let it run out, turn it or take it off."""
        if "roll" not in self.job:
            return self._starting("mount", "changeover_time")
        if self.job["position"] >= self.world.lots[self.job["roll"]].amount - NEAR:
            return self._end_of_pass()
        interval = self.value("die_cleaning_interval")
        if 0 < interval <= self.job.get("coated", 0.0):
            return self._starting("clean die", "die_cleaning_time")
        tank = self.world.tanks[self.config.takes["slurry"]]
        length = self._next_block()
        if self._die.discard_expired():
            self.world.wake_finished()
        if not tank.has(self.name, length * self.slurry_per_metre() * SLURRY_RESERVE):
            self.world.wake_finished()  # a mixer that thought it had made enough
            return None
        self._note_halt()
        self._note_batches(list(tank.shares()))
        self.job.update(speed=self.value("web_speed"), block=length)
        return Operation("coat", round(length / self.job["speed"] * 1000))

    def complete(self) -> None:
        """Compute the block, or set up the next pass."""
        match self.state.operation:
            case "mount":
                self._mount()
            case "turn":
                self._log_pass()
                note_threading(self.world.lots[self.job["roll"]])
                self._begin_pass("b")
            case "coat":
                self._coat()
            case "run out":
                self.dryer.release(math.inf)
            case "clean die":
                self._die.clean()
                self.job["coated"] = 0.0
            case "unload":
                self._unload()

    def deliver(self) -> bool:
        """Hand over a roll that is coated on both sides."""
        if "done" in self.job:
            if not self.give("rolls", self.job["done"]):
                return False
            del self.job["done"]
        return True

    def interrupted(self, cause: str) -> None:
        """Remember that the web tore: it is threaded anew."""
        if cause.replace(" ", "_") == WEB_BREAK and self.state.operation == "coat":
            self.job["torn"] = True

    def resumed(self, done: float, stopped_s: float) -> None:
        """The web stood still: what was in the dryer stayed longer, and the coater starts anew."""
        if self.state.operation == "run out":
            at = float(self.job["position"]) + done * self.dryer.reach()
            self.job["stops"].append([at, stopped_s])
        if self.state.operation == "coat":
            self._halt(float(self.job["position"]) + done * self.job["block"], stopped_s)

    def process_draw(self) -> dict[str, float]:
        """What the dryer's air draws and carries off [W]."""
        air = self._air()
        return {
            "process_power": air.fans,
            "process_heat": air.heat,
            "process_cooling": air.cooling,
            "heat_carried_off": air.carried_off,
        }

    def signals(self) -> dict[str, float]:
        """Speed of the web now."""
        return {"web_speed": self.job.get("speed", 0.0) if self.state.mode == "Execute" else 0.0}

    def zones(self) -> tuple[float, ...]:
        """Air temperatures of the zones of one dryer [K]."""
        return tuple(self.values("zone_temperatures"))

    def slurry_per_metre(self) -> float:
        """Slurry aimed at on a metre of web in this run [kg/m]."""
        wet = self.value("loading_target") / self.value("solids_target")
        sides = 2 if self.is_tandem else 1
        return wet * self.value("coating_width") * mean_fraction(self.value) * sides

    def at(self, lot: Lot, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return from and to of segments in metres of the pass."""
        start, end = lot.columns["start_m"][rows], lot.columns["end_m"][rows]
        return (lot.amount - end, lot.amount - start) if self.sides == "b" else (start, end)

    def areas(self, lot: Lot, rows: np.ndarray) -> np.ndarray:
        """Return the coated area of one side of segments [m2]."""
        lengths = lot.columns["end_m"][rows] - lot.columns["start_m"][rows]
        found: np.ndarray = (
            lengths * lot.columns["coated_fraction"][rows] * self.value("coating_width")
        )
        return found

    def _air(self) -> AirDemand:
        """What the dryer's air draws now; its exhaust is set for the speed that is set."""
        if self.state.mode in COLD:
            return SWITCHED_OFF
        solids = self.value("solids_target")
        wet = self.slurry_per_metre() * (1 - solids)
        return dryer_air(
            self.value,
            self.state.mode,
            max(self.zones()),
            wet * self.value("web_speed"),
            self.dryer.reach(),
        )

    def _end_of_pass(self) -> Operation:
        """Let the web run out of the dryer, then turn the roll or take it off."""
        if self.job["wet"]:
            self._note_halt()
            seconds = self.dryer.reach() / self.job["speed"]
            return Operation("run out", round(seconds * 1000))
        if "b" in self.sides:
            return self._starting("unload", "unload_time")
        return self._starting("turn", "changeover_time")

    def _starting(self, name: str, time: str) -> Operation:
        return Operation(name, round(self.value(time) * 1000), "Starting")

    def _next_block(self) -> float:
        left = self.world.lots[self.job["roll"]].amount - float(self.job["position"])
        return min(self.value("block_length"), left)

    def _mount(self) -> None:
        length, width = self.value("roll_length"), self.value("coating_width")
        width += self.value("bare_width")
        electrode = self.name.split(".")[0]
        lot = self.world.new_lot(f"{electrode}.roll", "mother_roll", self.name, length, "m")
        count = max(1, math.ceil(length / self.value("segment_length") - NEAR))
        edges = np.minimum(np.arange(count + 1) * self.value("segment_length"), length)
        lot.columns = {"start_m": edges[:-1], "end_m": edges[1:], "defect": np.zeros(count)}
        lot.properties["initial_porosity"] = self.value("initial_porosity")
        lot.properties["winding_direction"] = FORWARD
        self._lay_foil(lot, width)
        self.job["roll"] = lot.name
        note_threading(lot)
        self._begin_pass("ab" if self.is_tandem else "a")
        self.world.wake_finished()
        self.world.log_event(self.name, "take", lot=lot.name, amount=length)

    def _lay_foil(self, lot: Lot, width: float) -> None:
        """Take foil off its lots; where one ends a splice passes the die."""
        foil, rows, at = self.config.materials["foil"], np.arange(lot.items), 0.0
        start_m, end_m = lot.columns["start_m"], lot.columns["end_m"]
        add_content(lot, foil, rows, (end_m - start_m) * width)
        for drawn in self.world.supplies[foil].draw(lot.amount * width):
            if at > 0:
                after = at + self.value("splice_length")
                mark(lot, rows, (start_m < after - NEAR) & (end_m > at + NEAR), "splice")
                self.world.log_event(self.name, "note", lot=lot.name, cause="splice", amount=at)
                doubt(lot, JOINT_M)
            upto = at + drawn.amount / width
            link(
                self.world,
                lot.name,
                drawn.lot,
                "foil",
                share=drawn.amount / (lot.amount * width),
                amount=drawn.amount,
                amount_unit="m2",
                child_start_m=at,
                child_end_m=min(upto, lot.amount),
            )
            at = upto

    def _begin_pass(self, side: str) -> None:
        self.job.update(side=side, position=0.0, since=self.world.now, wet=[], stops=[])
        self.job.update(starts=[], waste=[], halted=-1)
        self._start_up(0.0)

    def _start_up(self, at: float) -> None:
        self.job["starts"].append(at)
        self._waste(at, at + waste_length(self.value), "start-up of the coater")

    def _waste(self, at: float, until: float, reason: str) -> None:
        """Discard web that passes the die; in tandem the web that passes the second one, too.

        What lies between the dies has been coated already: it is marked at once.
        """
        self.job["waste"].append([at, until, reason])
        if not self.is_tandem:
            return
        behind = self.dryer.die_distance()
        self.job["waste"].append([at - behind, until - behind, reason])
        lot = self.world.lots[self.job["roll"]]
        rows = np.arange(lot.items)
        low, high = self.at(lot, rows)
        between = (high + low) / 2 < float(self.job["position"])
        between &= (low < until - behind - NEAR) & (high > at - behind + NEAR)
        mark(lot, rows, between, reason)

    def _halt(self, at: float, seconds: float) -> None:
        """The web has stood still with the die at metre `at`."""
        self.job["stops"].append([at, seconds])
        if self.job.pop("torn", False):
            until = at + self.value("web_break_length")
            self.job["waste"].append([at, until, "web break"])
            doubt(self.world.lots[self.job["roll"]], JOINT_M)
            at = until
        self._start_up(at)

    def _note_halt(self) -> None:
        """Note a stop between two blocks: for want of slurry, for the night, for the die."""
        halted, self.job["halted"] = self.job["halted"], -1
        if 0 <= halted < self.world.now:
            self._halt(float(self.job["position"]), (self.world.now - halted) / 1000)

    def _note_batches(self, batches: list[str]) -> None:
        """Discard the web on which slurry of a new batch first appears."""
        known = self.job.get("batches", [])
        if known and set(batches) - set(known):
            at = float(self.job["position"])
            self._waste(at, at + self.value("batch_change_length"), "batch change")
        self.job["batches"] = batches

    def _rows(self, lot: Lot) -> np.ndarray:
        """Segments of the block, in the order in which they pass the die."""
        start = float(self.job["position"])
        low, high = self.at(lot, np.arange(lot.items))
        middle = (low + high) / 2
        rows = np.flatnonzero((middle >= start) & (middle < start + self.job["block"]))
        return rows[::-1] if self.sides == "b" else rows

    def _coat(self) -> None:
        lot = self.world.lots[self.job["roll"]]
        rows, start = self._rows(lot), float(self.job["position"])
        if rows.size:  # a last block shorter than half a segment holds no middle
            for side in self.sides:
                self._judge(lot, rows, side, self._die.coat(lot, rows, side))
            self.job["wet"].append([int(rows.min()), int(rows.max()), float(self.job["speed"])])
        end = start + self.job["block"]
        self.job["coated"] = self.job.get("coated", 0.0) + self.job["block"] / self.job["speed"]
        self.job.update(position=end, halted=self.world.now)
        last = max((at for at in self.job["starts"] if at < end), default=0.0)
        self.job["starts"] = [at for at in self.job["starts"] if at >= min(last, end - NEAR)]
        self.job["waste"] = [each for each in self.job["waste"] if each[1] > end + NEAR]
        self.dryer.release(end)

    def _judge(self, lot: Lot, rows: np.ndarray, side: str, coated: Columns) -> None:
        """Mark what was wasted and what the gauge after the die finds out of its window."""
        low, high = self.at(lot, rows)
        for start, end, reason in self.job["waste"]:
            mark(lot, rows, (low < end - NEAR) & (high > start + NEAR), reason)
        seen = self.measure("loading", coated["loading"])
        if "loading" in self.config.gauges:
            name = f"measured_loading_{side}"
            lot.columns.setdefault(name, np.full(lot.items, np.nan))[rows] = seen
        target, tolerance = self.value("loading_target"), self.value("loading_tolerance")
        mark(lot, rows, seen < target * (1 - tolerance), "loading below its window")
        mark(lot, rows, seen > target * (1 + tolerance), "loading above its window")
        mark(lot, rows, coated["air_entrainment"] > 0.5, "air entrainment")  # noqa: PLR2004  a flag
        mark(lot, rows, coated["swelling"] > 0.5, "swelling out of the gap")  # noqa: PLR2004  a flag
        if "streak_density" in coated:
            clean = np.exp(-coated["streak_density"] * self.areas(lot, rows))
            draws = self.world.driver.uniform(self.name, f"streak side {side}", len(rows))
            mark(lot, rows, draws > clean, "streak of agglomerates")

    def _log_pass(self) -> None:
        sides = self.sides.replace("ab", "a and b")
        tool = f"die-{self.job.get('die', 1):03d}"
        place = 2 if self.sides == "b" else 1
        roll = self.job["roll"]
        self.log_operation(roll, f"coat side {sides}", self.job["since"], tool, place)

    def _unload(self) -> None:
        self._log_pass()
        lot = self.world.lots[self.job.pop("roll")]
        expose(self, lot)
        self.job["done"] = lot.name
