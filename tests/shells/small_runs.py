"""Small runs on doubles, and what the line itself held in each cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from neighbours import module_of

from linetwin.line import stock
from linetwin.line.kinds.web import CONTENT
from linetwin.results import read
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.line.world import World
    from linetwin.results.reader import Run
    from linetwin.scenario.resolved import StationConfig

support = module_of("line", "line_support")
doubles = module_of("line", "doubles")
BASELINE = support.BASELINE
DEFECTS = (
    "cell.tab_welder.cold_weld.rate=5 %",
    "cell.tab_welder.weld_spatter.rate=5 %",
    "cell.ocv_test.sample_interval=25",
    "cathode.notcher.misplaced_tab.rate=2 %",
)
LOTS = {"cathode.active_material": 7.0, "cathode.foil": 60.0, "cell.separator": 11.1}
"""Lots so small that batches, rolls and cells are of several."""


class Weighing(doubles.DoubleTransform):  # type: ignore[name-defined,misc]
    """Filling whose cells hold what was dosed, less what evaporates while they soak."""

    def __init__(self) -> None:
        super().__init__("filling")

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Return one set of columns per phase."""
        results: list[Columns] = super().apply(start, phases)
        doses = [phase.inputs["electrolyte_dose_rate"] * phase.duration_s for phase in phases]
        soaked = np.asarray(doses[1]) * (0.002 if len(phases) > 2 else 0.0)
        results[-1]["evaporated_electrolyte"] = soaked
        results[-1]["electrolyte_mass"] = sum(np.asarray(dose) for dose in doses) - soaked
        return results


class WeighedDoubles(doubles.Doubles):  # type: ignore[name-defined,misc]
    """Doubles of which filling conserves the electrolyte."""

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model."""
        found: Transform = Weighing() if kind == "filling" else super().transform(config, kind)
        return found


@dataclass(frozen=True)
class SmallRun:
    """A run, and what the line held in each cell: cell -> material -> amount.

    That is what stood on the trays after each event, the last of it.
    """

    run: Run
    held: dict[str, dict[str, float]]


def run_watched(folder: Path, cells: int) -> SmallRun:
    """Run an order with scrap of many kinds."""
    scenario = support.pilot(cells, *DEFECTS)
    small = {
        name: replace(config, lot_size=replace(config.lot_size, value=LOTS[name]))
        for name, config in scenario.materials.items()
        if name in LOTS
    }
    scenario = replace(scenario, materials={**scenario.materials, **small})
    writer = RunWriter(folder, {"scenario": scenario.name, "seed": scenario.seed}, scenario.text)
    world = support.make_world(scenario, writer, models=WeighedDoubles())
    world.begin()
    held: dict[str, dict[str, float]] = {}
    while world.step():
        _note(world, held)
    support.run.close(world)
    writer.finish("complete")
    return SmallRun(read(folder), held)


def run_filled(folder: Path, hours: float) -> Run:
    """Run the pilot line from full for some hours, people always there."""
    ticks = round(hours * support.HOUR)
    scenario = support.pilot(1, start="filled", order_cells=None, duration_ticks=ticks)
    always = {name: replace(each, open_s=()) for name, each in scenario.calendars.items()}
    scenario = replace(scenario, limit_ticks=ticks, calendars=always)
    writer = RunWriter(folder, {"scenario": scenario.name, "seed": scenario.seed}, scenario.text)
    world = support.make_world(scenario, writer, models=WeighedDoubles())
    stock.fill(world)
    world.begin()
    support.run_out(world)
    writer.finish("complete")
    return read(folder)


def _note(world: World, held: dict[str, dict[str, float]]) -> None:
    for lot in world.lots.open_lots():
        if lot.kind != "tray" or not lot.items:
            continue
        contents = {n.removeprefix(CONTENT): v for n, v in lot.columns.items() if CONTENT in n}
        if contents:  # once graded the books have them as sold
            for row, number in enumerate(lot.columns["number"].astype(int).tolist()):
                held[f"cell-{number:06d}"] = {name: v[row] for name, v in contents.items()}
