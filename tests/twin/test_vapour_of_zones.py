"""Vapour in the exhaust of each zone of a dryer: what a plant shows and what a twin makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from twinned import Case, as_plant, electrode_line

from linetwin.cli.compose import FmuModels
from linetwin.line.kinds.web import WET
from linetwin.twin.plant.instruments import mean_of

ZONES = (1, 2, 3)


@pytest.fixture(scope="module")
def case() -> Case:
    """Two rolls of a plant without faults, and its twin."""
    models = FmuModels(Path(), recording=False)
    scenario = electrode_line(6.5)
    return Case(as_plant(scenario, {}), scenario, models).play()


def test_what_was_laid_went_into_the_exhaust_of_a_zone_or_is_left(case: Case) -> None:
    """Of each segment and side: vapour of all zones and the rest are the solvent laid on."""
    rolls = [each for each in case.plant_world.lots.open_lots() if each.kind == "mother_roll"]
    dried = [each for each in rolls if "solvent_loading_b" in each.columns]
    assert dried
    coater = case.plant_world.station("cathode.coater")
    for roll in dried:
        areas = coater.areas(roll, np.arange(roll.items))
        for side in "ab":
            laid = roll.columns[f"{WET}{side}"] / areas
            zones = [roll.columns[f"evaporated_solvent@{zone}_{side}"] for zone in ZONES]
            rest = roll.columns[f"solvent_loading_{side}"]
            known = np.isfinite(zones[0])
            np.testing.assert_allclose((sum(zones) + rest)[known], laid[known], rtol=1e-9)
            assert all((each[known] >= -1e-12).all() for each in zones)


def test_the_twin_foresees_the_vapour_of_each_zone(case: Case) -> None:
    """Nothing is off: the members' mean is the plant's within two deviations of a sensor."""
    estimator = case.twin.estimator
    for zone in ZONES[:2]:
        key = f"evaporated_solvent@{zone}"
        lot = estimator.last["cathode.coater"].lot
        members = estimator.members_of("cathode.coater", lot, key)
        assert members is not None
        truth = [mean_of(each, key) for each in case.plant_world.lots.open_lots()]
        assert members.mean() == pytest.approx(next(t for t in truth if t is not None), rel=0.03)
        assert members.std() > 0
