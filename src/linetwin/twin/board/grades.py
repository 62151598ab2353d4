"""Grades of trays in process, days ahead: what share of a tray's cells will be A, B and scrap.

A tray that has been charged has its capacity, and the state from which the rest follows: what it
still has before it is computed by the line's own ageing model, with the times that stations are set
to. Then the line's own grader judges the cells, many times over, with capacity and resistance
scattered by what the scenario says of the model's doubt. Cells are not followed one by one: of a
tray its medians count, cells scatter about them, and any is scrapped by a share that is foreseen,
for tools wear, or was counted.
Once the plant has told what formation read of a tray, that is its capacity, and it is predicted
once more; trays that were read, or graded, teach the level of those that are still to come.
What comes out is counted by the plant.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from linetwin.line.kinds.cells import PENDING
from linetwin.line.kinds.formation import Formation
from linetwin.line.kinds.grading import GRADES, Grading
from linetwin.twin.assimilating.rows import Outcome, Prediction
from linetwin.twin.board.ahead import foreseen, least_capacity, way_of
from linetwin.twin.board.formed import Formed, Read, Tray
from linetwin.twin.board.level import Level
from linetwin.twin.board.losses import Losses
from linetwin.twin.board.tally import GRADE
from linetwin.twin.plant.model import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.contracts import Columns
    from linetwin.line.world import Models, World
    from linetwin.scenario.resolved import Scenario
    from linetwin.scenario.twin import GradeConfig
    from linetwin.twin.events import PlantEvent

QUANTITIES = ("grade_a_share", "grade_b_share", "grade_scrap_share")
"""What is predicted, in the order of `GRADES`."""
COUNTED = ("grade_a", "grade_b", "graded")
"""Counters of the plant's line; what is graded and neither A nor B is scrap."""
BEFORE = ("formation", "ocv_test", "ageing")
"""Kinds of stations at which a tray is predicted, when one of them takes it first."""
CHARGED, READ = 0, 1
"""`place` of a prediction: when the tray is charged, and when formation has read its capacity."""
READ_DEVIATION = 0.0005
"""Of a tray's capacity once it has been read [A: a gauge repeats to 0.05 % of a cell]."""
USUAL = 50.0
"""Trays over which reckoned capacities are averaged [A: what a tray of the twin's line differs by
is its own dice; a set value that changes is followed within a day]."""
BEGINS = 0.003
"""Standard deviation of the level that the long run says [A: 0.6 % over the root of 190 trays, of
which 40 are as one]."""
MEMBERS = 200
TOGETHER_TICKS = 240_000
"""Time by which the twin's grader and the plant's counters may differ for one tray [A: less than
half of what a tray of 40 cells takes]."""
GROUP_TICKS = 5_000
"""Counters that change within this time have counted one tray [A]: they are told one by one."""
WAITING = 64
KEPT = 4096
_COUNTERS, _CAPACITY = "count", "capacity"
CELLS = "tray"
"""Kind of a lot of cells that have no grade yet."""


@dataclass
class _Counted:
    """Cells of one tray by the plant's counters: A, B and all; `tick` of the first to change."""

    tick: int
    cells: list[float]


@dataclass(frozen=True)
class _Ahead:
    """What the grader will see of the cells of a tray, by what is known at `tick`.

    `place`: `CHARGED` or `READ`; `spread`: relative doubt of the capacity of the tray as a whole.
    """

    lot: str
    tick: int
    place: int
    cells: Columns
    spread: float


class Grader:
    """Predicts grades of trays in the twin's line, and learns from the plant what they became.

    `models`: those that the assimilator wraps: what is asked here is no work on a lot.
    """

    def __init__(self, scenario: Scenario, config: GradeConfig, models: Models) -> None:
        self._config, self._seed, self._models = config, scenario.seed, models
        self.signals = frozenset(f"{LINE}.{name}" for name in COUNTED) | frozenset(
            f"{path}.{_CAPACITY}"
            for path, each in scenario.stations.items()
            if each.kind == "formation"
        )
        """Addresses of what a plant tells that matters here."""
        self._level = Level(config.capacity)
        self._losses = Losses(config.long_run[QUANTITIES.index("grade_scrap_share")])
        self._formed = Formed()
        self._margins: dict[str, float] = {}
        """Tray without a reading -> logarithm of reckoned capacity over the least of grade A."""
        self._usual: float | None = None
        self._due: dict[str, list[str]] = {}
        self._last: dict[str, float] = {}
        self._counted: list[_Counted] = []
        self._given: list[tuple[int, str]] = []
        self._predictions: list[Prediction] = []
        self._outcomes: list[Outcome] = []
        self._number = 0

    # ------------------------------------------------------------------------- what comes in
    def took(self, world: World, station: str, name: str, tick: int) -> None:
        """A station of the twin's line has taken a lot: predict it once, if it has been charged."""
        kinds = {each.name: each.config.kind for each in world.equipment()}
        if kinds[station] not in BEFORE or name in self._due or name not in world.lots:
            return
        way, lot = way_of(world), world.lots[name]
        if way is None or not lot.columns.keys() & {"capacity", f"{PENDING}capacity"}:
            return
        seen = foreseen(way, self._models, lot, tick)
        self._losses.reckoned(name, seen.leaking)
        cells = seen.cells
        if self._config.capacity:
            least = least_capacity(way.grader)
            margin = self._usual_with(math.log(float(cells["capacity"][0]) / least))
            self._margins[name] = margin
            cells["capacity"] = np.full(lot.items, least * math.exp(margin + self._level.mean))
            spread = math.hypot(self._config.capacity, self._level.deviation)
        else:
            spread = 0.0
        self._predict(way.grader, _Ahead(name, tick, CHARGED, cells, spread))
        for kept in (self._due, self._margins):
            while len(kept) > KEPT:
                del kept[next(iter(kept))]

    def _usual_with(self, margin: float) -> float:
        """Return the usual margin now that one more is reckoned; the first one begins the level.

        The long run says where the level lies: at its share of A.
        """
        if self._usual is None:
            self._usual = margin
            config = self._config
            whole = math.hypot(config.capacity, config.cells)
            share = config.long_run[0] / max(1e-9, 1 - config.long_run[2])
            away = float(ndtri(min(max(share, 0.001), 0.999))) * whole
            self._level.begin(away - margin, BEGINS)
        self._usual += (margin - self._usual) / USUAL
        return self._usual

    def gave(self, world: World, station: str, name: str, tick: int) -> None:
        """A station of the twin's line has handed a lot over: formed trays, and graded ones."""
        unit = world.units[station]
        if isinstance(unit, Formation) and world.lots[name].items:
            self._take_up(world, self._formed.gave(Tray(tick, name)))
        elif isinstance(unit, Grading):
            self._given = [*self._given, (tick, name)][-WAITING:]
            self._match()

    def told(self, world: World, event: PlantEvent) -> None:
        """The plant has told one of `signals`; everything else is left alone."""
        if event.address not in self.signals or not event.usable:
            return
        if event.name == _CAPACITY:
            if event.value > 0:
                self._take_up(world, self._formed.told(event.tick, event.value))
            return
        before = self._last.get(event.name)
        self._last[event.name] = event.value
        if before is None or event.value <= before:
            return
        cells = self._group(event.tick).cells
        cells[COUNTED.index(event.name)] += event.value - before
        self._match()

    def _take_up(self, world: World, found: Iterable[Read]) -> None:
        """Learn from capacities that were read, and predict those trays once more."""
        for read in found:
            name, now, way = read.tray.name, world.now, way_of(world)
            margin = self._margins.pop(name, self._usual)
            if way is None or name not in world.lots:
                continue
            if margin is not None:
                away = math.log(read.capacity / least_capacity(way.grader)) - margin
                self._level.read(away, read.tray.tick)
            lot = world.lots[name]
            if lot.kind != CELLS or not lot.items:
                continue
            cells = foreseen(way, self._models, lot, now).cells
            cells["capacity"] = np.full(lot.items, read.capacity)
            self._predict(way.grader, _Ahead(name, now, READ, cells, READ_DEVIATION))

    def _group(self, tick: int) -> _Counted:
        for each in self._counted:
            if abs(each.tick - tick) <= GROUP_TICKS:
                return each
        found = _Counted(tick, [0.0] * len(COUNTED))
        self._counted = [*self._counted, found][-WAITING:]
        return found

    # ------------------------------------------------------------------------ what comes out
    def predictions(self) -> list[Prediction]:
        """Return what has been predicted since this was asked last."""
        found, self._predictions = self._predictions, []
        return found

    def outcomes(self, now: int) -> list[Outcome]:
        """Return what trays have become since this was asked last; `now`: tick of the line."""
        self._match(now)
        found, self._outcomes = self._outcomes, []
        return found

    def _match(self, now: int = -1) -> None:
        """Bring trays that the grader has done together with what was counted then.

        A tray whose counters may not all have been told yet waits.
        """
        while self._given and self._counted:
            (tick, name), counted = self._given[0], self._counted[0]
            if abs(tick - counted.tick) <= TOGETHER_TICKS:
                if now < max(tick, counted.tick) + GROUP_TICKS:
                    return
                self._given.pop(0)
                self._counted.pop(0)
                self._tell(name, counted)
            elif tick < counted.tick:
                self._given.pop(0)
            else:
                self._counted.pop(0)

    def _tell(self, name: str, counted: _Counted) -> None:
        first, second, whole = counted.cells
        ids, margin = self._due.pop(name, None), self._margins.pop(name, None)
        if ids is None or whole <= 0 or first + second > whole:
            return
        self._losses.graded(name, round(whole - first - second), round(whole), counted.tick)
        if margin is not None:
            good, cells = round(first), round(first + second)
            self._level.graded(good, cells, margin, self._config.cells, counted.tick)
        shares = (first / whole, second / whole, (whole - first - second) / whole)
        for number, share in zip(ids, cycle(shares), strict=False):
            tick = counted.tick
            self._outcomes.append(Outcome(number, tick, tick, _COUNTERS, share, 0.0, ""))

    def _predict(self, grader: Grading, ahead: _Ahead) -> None:
        shares = self._shares(grader, ahead)
        for quantity, members in zip(QUANTITIES, shares.T, strict=True):
            self._number += 1
            low, high = (float(each) for each in np.quantile(members, (0.025, 0.975)))
            mean = float(members.mean())
            row = Prediction(
                id=f"g{self._number:07d}",
                made_tick=ahead.tick,
                station=grader.name,
                lot=ahead.lot,
                quantity=quantity,
                unit="1",
                median=mean,
                low=min(low, mean),
                high=max(high, mean),
                open_loop=self._config.long_run[QUANTITIES.index(quantity)],
                place=ahead.place,
                kind=GRADE,
            )
            self._predictions.append(row)
            self._due.setdefault(ahead.lot, []).append(row.id)

    def _shares(self, grader: Grading, ahead: _Ahead) -> np.ndarray:
        """Return shares of A, B and scrap in each member, shape (members, 3)."""
        cells = ahead.cells
        chance = np.random.default_rng([self._seed, zlib.crc32(ahead.lot.encode()), ahead.place])
        count, config = len(cells["capacity"]), self._config
        limit = grader.value("plating_limit") * grader.value("nominal_capacity")
        plated = cells["plated_capacity"] > limit
        missed = grader.config.inspections.get("lithium plating")
        near = self._losses.around(ahead.lot)
        found: list[list[float]] = []
        for _ in range(MEMBERS):
            whole, each = chance.standard_normal(2), chance.standard_normal((2, count))
            factors = [
                1 + spread * of_tray + config.cells * of_cell
                for spread, of_tray, of_cell in zip(
                    (ahead.spread, config.resistance), whole, each, strict=True
                )
            ]
            seen = plated & (chance.random(count) >= (missed.miss.number if missed else 0.0))
            judged = cells | {
                "capacity": cells["capacity"] * factors[0],
                "dcir": cells["dcir"] * factors[1],
            }
            lost = chance.random(count) < self._losses.draw(near, chance)
            grades, _ = grader.grade(judged, "", seen | lost)
            found.append([grades.count(grade) / count for grade in GRADES])
        return np.array(found)

    # -------------------------------------------------------------------------------- saving
    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "level": self._level.save(),
            "losses": self._losses.save(),
            "formed": self._formed.save(),
            "margins": dict(self._margins),
            "usual": self._usual,
            "due": dict(self._due),
            "last": dict(self._last),
            "counted": [[each.tick, each.cells] for each in self._counted],
            "given": [list(each) for each in self._given],
            "predictions": [vars(each) for each in self._predictions],
            "outcomes": [vars(each) for each in self._outcomes],
            "number": self._number,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._level.load(data["level"])
        self._losses.load(data["losses"])
        self._formed.load(data["formed"])
        self._margins = dict(data["margins"])
        self._usual = data["usual"]
        self._due = {name: list(ids) for name, ids in data["due"].items()}
        self._last = dict(data["last"])
        self._counted = [_Counted(tick, list(cells)) for tick, cells in data["counted"]]
        self._given = [(tick, name) for tick, name in data["given"]]
        self._predictions = [Prediction(**each) for each in data["predictions"]]
        self._outcomes = [Outcome(**each) for each in data["outcomes"]]
        self._number = data["number"]
