"""What the line's tests share: the pilot line on doubles, and tables compared bit by bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
from doubles import Doubles

from linetwin.line import run
from linetwin.line.drivers import StochasticDriver
from linetwin.line.kinds import make_station
from linetwin.line.streams import Streams
from linetwin.line.world import World
from linetwin.results.schemas import TABLES
from linetwin.results.writer import RunWriter
from linetwin.scenario import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from linetwin.line.drivers import Driver
    from linetwin.line.world import Models, Sink
    from linetwin.scenario.resolved import Scenario

HOUR = 3_600_000
BASELINE = Path(__file__).resolve().parents[2] / "scenarios" / "baseline.yaml"


class Memory:
    """A sink that keeps rows as dictionaries, by table."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        for values in zip(*columns.values(), strict=True):
            self.rows[table].append(dict(zip(columns, values, strict=True)))


def pilot(cells: int = 60, *overrides: str, seed: int | None = None, **changes: Any) -> Scenario:  # noqa: ANN401
    """Return the shipped baseline with a smaller order, shorter rests and an hour's recording.

    `changes`: fields of the scenario.
    """
    quick = ("cell.ageing.ageing_time=3 h", "cell.ocv_test.rest_time=1 h", *overrides)
    fields = {"order_cells": cells, "limit_ticks": 240 * HOUR, "recording_ticks": HOUR} | changes
    return replace(load(BASELINE, quick, seed), **fields)


def make_world(
    scenario: Scenario, sink: Sink, driver: Driver | None = None, models: Models | None = None
) -> World:
    """Return a line on doubles, not begun yet."""
    chance = driver or StochasticDriver(Streams(scenario.seed))
    return World(scenario, models or Doubles(), chance, sink, make_station)


def run_out(world: World) -> None:
    """Step a line to its end and write what is still open."""
    while world.step():
        pass
    run.close(world)


def run_into(scenario: Scenario, folder: Path, models: Models | None = None) -> World:
    """Run a scenario from its beginning into a run folder."""
    writer = RunWriter(folder, {"scenario": scenario.name, "seed": scenario.seed}, scenario.text)
    world = make_world(scenario, writer, models=models)
    world.begin()
    run_out(world)
    writer.finish("complete")
    return world


def in_memory(
    scenario: Scenario, driver: Driver | None = None, models: Models | None = None
) -> tuple[World, Memory]:
    """Run a scenario from its beginning; return the line and its rows."""
    sink = Memory()
    world = make_world(scenario, sink, driver, models)
    world.begin()
    run_out(world)
    return world, sink


def cells_of(sink: Memory) -> dict[str, dict[str, Any]]:
    """Return the last row of each cell."""
    return {row["cell"]: row for row in sink.rows["cells"]}


def graded(sink: Memory) -> list[dict[str, Any]]:
    """Return the rows of cells that were graded."""
    return [row for row in cells_of(sink).values() if row["station"] == "cell.grading"]


def imbalance(world: World) -> dict[str, float]:
    """Return material -> (out - in) / in of a closed line; its stock came in too."""
    found = {}
    for material in world.scenario.materials:
        came = world.ledger.total(material, "in") + world.ledger.total(material, "stock")
        went = sum(
            world.ledger.total(material, entry)
            for entry in ("cells", "scrap", "lost", "recovered", "in_process")
        )
        found[material] = (went - came) / max(came, 1e-300)
    return found


def differences(one: Path, other: Path) -> list[str]:
    """Return how the tables of two finished run folders differ, bit by bit."""
    found = []
    for name in TABLES:
        files = [folder / f"{name}.parquet" for folder in (one, other)]
        if [file.is_file() for file in files] == [True, True]:
            found += _table_differences(name, *(pq.read_table(file) for file in files))
        elif files[0].is_file() or files[1].is_file():
            found.append(f"{name}: only in one folder")
    return found


def _table_differences(name: str, one: pa.Table, other: pa.Table) -> list[str]:
    if one.schema != other.schema or one.num_rows != other.num_rows:
        return [f"{name}: {one.num_rows} and {other.num_rows} rows, or other columns"]
    found = []
    for column in one.column_names:
        pair = [np.asarray(table[column].to_numpy()) for table in (one, other)]
        if pair[0].dtype == np.float64:  # NaN equals NaN, and 0.0 is not -0.0
            pair = [values.view(np.int64) for values in pair]
        if not np.array_equal(*pair):
            found.append(f"{name}.{column}")
    return found
