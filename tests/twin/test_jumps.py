"""What jumps at once: the twin is not sure of a cause before readings have told it apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from twinned import ACTS_ON, HOUR, LOADING, SET, Case, as_plant, deviation, electrode_line, without

from linetwin.cli.compose import FmuModels

BEGIN = 30 * HOUR
OFF = {"cathode_gauge": 0.027, "cathode_pump": 0.027, "cathode_dryer": -0.15}
ROLLS = (
    "cathode.coater.roll_length=180 m",
    "cathode.coater.changeover_time=20 min",
    "cathode.coater.segment_length=5 m",
    "cathode.coater.block_length=45 m",
)


@pytest.fixture(scope="module")
def models() -> FmuModels:
    """The FMUs of the line, opened once."""
    return FmuModels(Path(), recording=False)


def played(models: FmuModels, culprit: str, *lacks: str) -> Case:
    """Play 44 h in which something jumps at hour 30."""
    scenario = without(electrode_line(44, *ROLLS), *lacks)
    subject, address = ACTS_ON.get(culprit, ("reading", "cathode.coater.loading"))
    amount = OFF[culprit] * SET.get(culprit, LOADING)
    hidden = deviation(subject, address, amount, 0.0, BEGIN)
    return Case(as_plant(scenario, {}, *hidden), scenario, models, 3).play()


@pytest.mark.parametrize(
    "culprit",
    ["cathode_gauge", "cathode_dryer", pytest.param("cathode_pump", marks=pytest.mark.slow)],
)
def test_a_jump_is_found_and_nothing_else_is_named(models: FmuModels, culprit: str) -> None:
    """Told within two rolls, with the culprit among what is said; its interval holds the truth."""
    case = played(models, culprit)
    told = {names: tick for (_, names), tick in case.told.items()}
    assert told
    assert all(culprit in names for names in told)
    assert BEGIN < min(told.values()) < BEGIN + 10 * HOUR
    found = next(each for each in case.twin.estimates() if each.name == culprit)
    middle = 1.0 if found.kind == "factor" else 0.0
    assert found.low < middle + OFF[culprit] < found.high
    assert case.twin.counts["jumps"] <= 2


def test_what_nothing_can_tell_apart_stays_open(models: FmuModels) -> None:
    """One gauge alone: it or the pump, as long as no second reading of the loading comes."""
    others = ("scale", "thickness", "micrometer", "exhaust", "vapour_1", "vapour_2")
    case = played(models, "cathode_gauge", *(f"cathode_{each}" for each in others))
    (finding,) = case.twin.findings()
    assert finding.kind in {"change", "ambiguous"}
    assert set(finding.names) == {"cathode_gauge", "cathode_pump"}
    assert "independent measurement of cathode.coater.loading" in finding.advice
