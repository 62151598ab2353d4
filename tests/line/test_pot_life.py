"""Slurry past its pot life is dropped: material closes, and the order is made all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from line_support import imbalance, pilot, run_into

from linetwin.results import read

if TYPE_CHECKING:
    from pathlib import Path


def test_slurry_past_its_pot_life_is_lost_and_mixed_anew(tmp_path: Path) -> None:
    """With an hour of pot life the coaters drop what is left of batches; nothing goes missing."""
    scenario = pilot(20, "cathode.coater.pot_life=1 h", "anode.coater.pot_life=1 h")
    world = run_into(scenario, tmp_path / "run")
    assert world.ended == "order"
    assert imbalance(world) == {
        material: pytest.approx(0.0, abs=1e-9) for material in world.material_units
    }
    events = read(tmp_path / "run").table("events")
    dropped = events[(events["event"] == "scrap") & (events["cause"] == "pot life")]
    assert set(dropped["station"]) == {"cathode.coater", "anode.coater"}
    assert (dropped["amount"] > 0).all()
