"""Grades of trays in process: by the grader's own rules, against what the plant counts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from plant_support import HOUR, of_line, scenario_of

from linetwin.errors import ScenarioError
from linetwin.line.drivers import StochasticDriver
from linetwin.line.streams import Streams
from linetwin.scenario import load
from linetwin.scenario.twin import GradeConfig
from linetwin.twin.board.board import Board
from linetwin.twin.board.grades import CHARGED, MEMBERS, QUANTITIES, READ, READ_DEVIATION, Grader
from linetwin.twin.events import PlantEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.world import World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.assimilating.rows import Outcome, Prediction

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
LONG_RUN = (0.9, 0.08, 0.02)
SURE = GradeConfig(0.0, 0.0, 0.0, LONG_RUN, "A", "test")
UNSURE = GradeConfig(0.02, 0.03, 0.005, LONG_RUN, "A", "test")
CELLS = 64
NOMINAL_AH = 5.0


class Watched:
    """A line that predicts its own trays; what its counters say is told as a plant would."""

    def __init__(self, scenario: Scenario, config: GradeConfig, reads: float = 0.0) -> None:
        """`reads`: what the plant tells of capacities, over what this line reckons; 0: nothing."""
        self.passed: list[tuple[str, str, str]] = []
        self.rows: list[dict[str, Any]] = []
        self.reads = reads
        self.events: list[PlantEvent] = []
        self.capacities: list[tuple[int, float]] = []
        self.left: list[tuple[int, str]] = []
        self.predictions: list[Prediction] = []
        self.outcomes: list[Outcome] = []
        driver = StochasticDriver(Streams(scenario.seed))
        self.world: World = of_line("line_support").make_world(scenario, self, driver)
        self.world.on_reading = self._read
        self.grader = Grader(scenario, config, self.world.models)

    def _read(self, station: str, quantity: str, tick: int, readings: np.ndarray) -> None:
        if (station, quantity) == ("cell.formation", "capacity"):
            self.capacities.append((tick, float(readings.mean())))
            if self.reads:
                value = self.reads * float(readings.mean())
                event = PlantEvent(tick, station, "measurement", quantity, value)
                self.events.append(event)

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Note lots that pass, and cells that end."""
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if table == "events":
            self.passed += [
                (row["station"], row["event"], row["lot"])
                for row in rows
                if row["event"] in {"take", "give"} and row["lot"]
            ]
            self.left += [
                (row["tick"], row["lot"])
                for row in rows
                if (row["station"], row["event"]) == ("cell.formation", "give")
            ]
        if table == "cells":
            self.rows += [row for row in rows if row["station"] == "cell.grading"]

    def play(self) -> Watched:
        """Play to the end of the order."""
        self.world.begin()
        self._tell()
        goes_on = True
        while goes_on:
            goes_on = self.world.step()
            seen, self.passed = self.passed, []
            done = set()
            for station, event, lot in seen:
                if event == "take":
                    self.grader.took(self.world, station, lot, self.world.now)
                elif (station, lot) not in done:
                    done.add((station, lot))
                    self.grader.gave(self.world, station, lot, self.world.now)
            for event in self.events:
                self.grader.told(self.world, event)
            self.events.clear()
            self._tell()
            self.predictions += self.grader.predictions()
            self.outcomes += self.grader.outcomes(self.world.now)
        self.outcomes += self.grader.outcomes(self.world.now + HOUR)
        return self

    def _tell(self) -> None:
        counts = self.world.counts
        good = counts["A"] + counts["B"]
        for name, value in (
            ("grade_a", counts["A"]),
            ("grade_b", counts["B"]),
            ("graded", good + counts["scrap at grading"]),
        ):
            event = PlantEvent(self.world.now, "line", "measurement", name, float(value))
            self.grader.told(self.world, event)

    def shares(self, lot: str) -> list[float]:
        """Return the shares of A, B and scrap that the cells table has of a tray."""
        mine = [row["status"] for row in self.rows if row["tray"] == lot]
        return [mine.count(grade) / len(mine) for grade in ("A", "B", "scrap")]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The pilot line with an order of a few trays."""
    found: Scenario = scenario_of(order_cells=CELLS, limit_ticks=400 * HOUR)
    return found


@pytest.fixture(scope="module")
def sure(scenario: Scenario) -> Watched:
    """A line whose twin has no doubts."""
    return Watched(scenario, SURE).play()


def test_a_plant_tells_capacity_when_a_tray_leaves_formation(sure: Watched) -> None:
    """Not when it goes in, although the line reckons it then; it is the mean over the cells."""
    assert len(sure.capacities) == len(sure.left) > 1
    for (told, value), (left, lot) in zip(sure.capacities, sure.left, strict=True):
        assert told == left
        cells = [row["measured_capacity"] for row in sure.rows if row["tray"] == lot]
        assert value == pytest.approx(float(np.mean(cells)), rel=1e-3)


def test_a_tray_is_graded_as_its_cells_scatter(sure: Watched) -> None:
    """The share of A foreseen is that of a normal spread about the tray's median, hours ahead."""
    middle, spread = float(np.median([row["capacity"] for row in sure.rows])), 0.01
    limit = middle * (1 - 0.5 * spread)
    override = f"cell.grading.capacity_limit_a={100 * limit / NOMINAL_AH:.5f} %"
    scenario = scenario_of(override, order_cells=CELLS, limit_ticks=400 * HOUR)
    config = GradeConfig(0.0, 0.0, spread, (0.7, 0.3, 0.0), "D", "this line")
    found = Watched(scenario, config).play()
    for lot in {each.lot for each in found.predictions}:
        cells = [row["capacity"] for row in found.rows if row["tray"] == lot]
        mine = float(np.median(cells))
        share = NormalDist().cdf((mine - limit) / (spread * mine))
        told = next(each for each in found.predictions if each.lot == lot)
        chance = math.sqrt(share * (1 - share) / (MEMBERS * len(cells)))
        assert told.median == pytest.approx(share, abs=4 * chance), lot
        assert told.low < share < told.high
    assert found.predictions[0].made_tick < min(row["ended"] for row in found.rows) - 3 * HOUR


def test_a_capacity_that_was_read_decides(scenario: Scenario) -> None:
    """3 % less than reckoned: told once more when it is read, by that."""
    config = GradeConfig(0.006, 0.0, 0.0, LONG_RUN, "A", "test")
    found = Watched(scenario, config, reads=0.97).play()
    charged, read = (
        {
            each.lot: each
            for each in found.predictions
            if (each.place, each.quantity) == (place, "grade_a_share")
        }
        for place in (CHARGED, READ)
    )
    assert charged.keys() == read.keys()
    values = {lot: value for (_, lot), (_, value) in zip(found.left, found.capacities, strict=True)}
    limit = found.world.units["cell.grading"].value("capacity_limit_a") * NOMINAL_AH
    for tick, lot in found.left:
        assert read[lot].made_tick == tick
        told = 0.97 * values[lot]
        share = 1 - NormalDist(told, told * READ_DEVIATION).cdf(limit)
        assert read[lot].median == pytest.approx(share * (1 - LONG_RUN[2]), abs=0.02)
        assert charged[lot].median > read[lot].median + 0.3
    assert found.grader.save()["margins"] == {}
    assert len({each.prediction for each in found.outcomes}) == 6 * len(read)


def test_outcomes_are_what_the_plant_has_counted(sure: Watched) -> None:
    """Each tray comes out once, with the shares of the cells table."""
    by_id = {each.id: each for each in sure.predictions}
    assert len(sure.outcomes) == len(sure.predictions)
    for outcome in sure.outcomes:
        made = by_id[outcome.prediction]
        expected = sure.shares(made.lot)[QUANTITIES.index(made.quantity)]
        assert outcome.value == pytest.approx(expected)
        assert outcome.tick > made.made_tick


def test_doubt_smooths_and_is_scored(scenario: Scenario, sure: Watched, tmp_path: Path) -> None:
    """Probabilities lie between none and all, sum to one, and the board has their Brier scores."""
    found = Watched(scenario, UNSURE).play()
    assert [row["cell"] for row in found.rows] == [row["cell"] for row in sure.rows]
    for lot in {each.lot for each in found.predictions}:
        told = [each for each in found.predictions if each.lot == lot]
        assert sum(each.median for each in told) == pytest.approx(1.0)
        assert all(0 <= each.low <= each.median <= each.high <= 1 for each in told)
        assert [each.open_loop for each in told] == list(LONG_RUN)
    board = Board(tmp_path)
    for each in found.predictions:
        board.register([each], each.made_tick)
    board.score(found.outcomes, found.world.now)
    scores = [each for each in board.scores() if each.span == "all"]
    assert {each.quantity for each in scores} == set(QUANTITIES)
    for score in scores:
        pairs = [
            (made.median, out.value)
            for out in found.outcomes
            for made in found.predictions
            if made.id == out.prediction and made.quantity == score.quantity
        ]
        p, s = np.array(pairs).T
        assert score.brier == pytest.approx(float(np.mean((p - s) ** 2 + s * (1 - s))))


def test_a_saved_grader_goes_on(scenario: Scenario, sure: Watched) -> None:
    """All of it is plain data; what was counted before it was saved is matched after."""
    world = sure.world
    grader = Grader(scenario, SURE, world.models)
    for tick, value in ((0, 5.0), (HOUR, 9.0)):
        grader.told(world, PlantEvent(tick, "line", "measurement", "graded", value))
    again = Grader(scenario, SURE, sure.world.models)
    again.load(json.loads(json.dumps(grader.save())))
    assert again.save() == grader.save()


def test_counters_that_belong_to_no_tray_tell_nothing(scenario: Scenario, sure: Watched) -> None:
    """A jump without the twin's grader, or of another time, is no outcome; nor is a step back."""
    world = sure.world
    grader = Grader(scenario, SURE, world.models)
    for tick, value in ((0, 5.0), (10, 9.0), (20, 3.0)):
        grader.told(world, PlantEvent(tick, "line", "measurement", "graded", value))
    grader.told(world, PlantEvent(30, "line", "measurement", "graded", 99.0, usable=False))
    assert grader.outcomes(HOUR) == []


def test_shares_must_be_a_whole(tmp_path: Path) -> None:
    """A scenario whose long-run shares do not add up is refused."""
    text = (SCENARIOS / "live_twin.yaml").read_text()
    for folder in ("lines", "recipes"):
        text = text.replace(f": {folder}/", f": {SCENARIOS}/{folder}/")
    (tmp_path / "twin.yaml").write_text(text.replace("A: 91.6 %", "A: 80 %"))
    with pytest.raises(ScenarioError, match=r"twin.grades.long_run: shares add up to 88.4%"):
        load(tmp_path / "twin.yaml")
