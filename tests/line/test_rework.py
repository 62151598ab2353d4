"""Work done once more on a pouch line: cells soaked and measured again, also across a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from doubles import Doubles, DoubleTransform
from line_support import Memory, cells_of, graded, imbalance, in_memory, make_world, pilot, run_out

from linetwin.line import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.line.world import World
    from linetwin.scenario.resolved import StationConfig


class Slow(Doubles):
    """Cells need more than one soak: they wet in proportion to time."""

    def __init__(self, hours: float) -> None:
        super().__init__()
        self._hours = hours

    def transform(self, config: StationConfig, kind: str) -> Transform:
        """Return a process model."""
        del config
        return self._transforms.setdefault(kind, _Slow(kind, self._hours))


class _Slow(DoubleTransform):
    def __init__(self, kind: str, hours: float) -> None:
        super().__init__(kind)
        self._hours, self._soaked = hours, 0.0

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        self._soaked = float(np.max(phases[-1].duration_s))
        return super().apply(start, phases)

    def _filling(self, columns: Columns, seen: Columns, index: int) -> None:
        super()._filling(columns, seen, index)
        wetted = min(1.0, self._soaked / (self._hours * 3600))
        columns["wetting_saturation"] = np.full_like(columns["fill_ratio"], wetted)


@pytest.mark.parametrize(("hours", "scrapped"), [(24.0, False), (40.0, True)])
def test_dry_cells_are_soaked_again_once(*, hours: float, scrapped: bool) -> None:
    """20 h do not wet; 8 h more do, or the cells are scrap: the counter says how often."""
    scenario = pilot(40, limit_ticks=130 * 3_600_000)
    world, sink = in_memory(scenario, models=Slow(hours))
    soaked = [row for row in sink.rows["operations"] if row["operation"] == "soak"]
    assert soaked[0]["end"] - soaked[0]["start"] == 28 * 3_600_000
    rows = [row for row in cells_of(sink).values() if row["station"] == "cell.soak"]
    dry = [row for row in rows if row["reason"] == "not wetted"]
    assert bool(dry) == scrapped
    assert all(row["rework_count"] == 1 for row in (dry if scrapped else graded(sink)))
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_an_odd_voltage_is_read_once_more() -> None:
    """With a voltmeter that scatters by 4 mV, cells out of tolerance are measured again."""
    setting = "cell.grading.open_circuit_voltage.repeatability=4 mV"
    _, sink = in_memory(pilot(60, setting))
    rows = graded(sink)
    again = [row for row in rows if row["rework_count"] == 1]
    assert 0 < len(again) < len(rows)
    work = [row["operation"] for row in sink.rows["operations"] if row["station"] == "cell.grading"]
    assert work == ["grade"] * len(work)
    assert {row["true_grade"] for row in rows} == {"A"}
    wrong = [row for row in rows if row["status"] != "A"]
    assert wrong
    assert all("voltage" in row["reason"] or "self-discharge" in row["reason"] for row in wrong)


def is_measuring_again(world: World) -> bool:
    """Whether some cells are being read once more."""
    return "again" in world.units["cell.grading"].state.job


def is_soaking_again(world: World) -> bool:
    """Whether a tray with dry cells stays on."""
    return any(lot.rework for lot in world.lots.open_lots())


@pytest.mark.parametrize(
    ("moment", "setting", "hours"),
    [
        (is_measuring_again, "cell.grading.open_circuit_voltage.repeatability=4 mV", 1.0),
        (is_soaking_again, "cell.inspection.cold_weld.miss=50 %", 24.0),
    ],
)
def test_rework_survives_a_snapshot(
    moment: Callable[[World], bool], setting: str, hours: float
) -> None:
    """Saved in the middle of rework, the line goes on with the same rows."""
    scenario = pilot(40, setting)
    world = make_world(scenario, sink := Memory(), models=Slow(hours))
    world.begin()
    while not moment(world):
        assert world.step()
    again = make_world(scenario, rows := Memory(), models=Slow(hours))
    run.load(again, run.save(world, {}))
    before = {table: len(each) for table, each in sink.rows.items()}
    for each in (world, again):
        run_out(each)
    for table in ("cells", "operations", "links", "events", "ledger"):
        assert str(sink.rows[table][before[table] :]) == str(rows.rows[table]), table
