"""The shipped line of 2 GWh a year, simulated, against the hand calculation of the same line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import doubles
import pytest
from line_support import make_world, run_out
from test_energy_by_hand import DAY, GOOD_KW, MachinesOnFmus, gigafactory

from linetwin.cosim.library import shipped_models
from linetwin.line import stock
from linetwin.results import kpis, read
from linetwin.results.meters import by_group, purchases, read_meters
from linetwin.results.writer import RunWriter
from linetwin.scenario import load

WEEK = Path(__file__).resolve().parents[2] / "scenarios" / "gigafactory_week.yaml"
FROM = DAY // 2
CELL_KWH = 60 * 3.7e-3
"""Energy of a 60 A.h cell; the doubles do not age or grade it, so all graded ones count."""


@pytest.mark.slow
@pytest.mark.skipif(
    not {"machine", "building"} <= set(shipped_models()), reason="the FMUs have not been built"
)
def test_a_day_of_the_gigafactory_draws_what_the_hand_calculation_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines and building on FMUs, processes as doubles: within 15 %, nothing fitted."""
    monkeypatch.setitem(doubles.DEFAULTS, "electrode_area", 1.978)
    monkeypatch.setitem(doubles.DEFAULTS, "pore_volume", 84e-6)
    scenario = load(WEEK, ("building.outdoor_temperature_swing=0 K",))
    scenario = replace(scenario, duration_ticks=DAY, limit_ticks=DAY, window_ticks=(FROM, DAY))
    writer = RunWriter(tmp_path / "run", {"scenario": scenario.name, "seed": 1}, scenario.text)
    world = make_world(scenario, writer, models=MachinesOnFmus())
    stock.fill(world)
    world.begin()
    run_out(world)
    writer.finish("complete")
    facts = kpis.Facts(read(tmp_path / "run"))
    ended = facts.cells["ended"]
    kwh = float(((ended > FROM) & (ended <= DAY)).sum()) * CELL_KWH
    bought = purchases(facts, read_meters(facts), FROM, DAY)
    groups = {name: sum(row.values()) for name, row in by_group(bought, 1 / 3.6e6 / kwh).items()}
    by_hand = {name: power / 1e3 / GOOD_KW for name, power in gigafactory().powers().items()}
    assert kwh / 12 == pytest.approx(GOOD_KW, rel=0.15)
    assert sum(groups.values()) == pytest.approx(sum(by_hand.values()), rel=0.15)
    for name, own in (
        ("dry room", "dry room"),
        ("cathode coating and drying", "cathode drying"),
        ("anode coating and drying", "anode drying"),
    ):
        assert groups[name] == pytest.approx(by_hand[own], rel=0.2), name
