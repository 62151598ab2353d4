"""Where in the dryer a film is dry: what the twin predicts in place of a residue nobody can see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.cli.twin_run import TwinRequest, led_parts
from linetwin.twin.assimilating.notes import Note
from linetwin.twin.assimilating.outcome import DRY_FROM, FINE, Runner, _time_to
from linetwin.twin.scales import DRY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.contracts import Columns, Phase, Transform

COATER = "cathode.coater"
ZONES = (383.15, 393.15, 393.15)
SPEED, LENGTH = 1.9 / 60, 3.0


class Echo:
    """A process that says what it was given."""

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Return inputs as outputs."""
        del start
        return [{name: np.asarray(value) for name, value in phases[-1].inputs.items()}]


@given(rates=st.lists(st.floats(0.05, 2.0), min_size=1, max_size=5), steps=st.integers(3, 40))
def test_an_exponential_is_dry_when_its_closed_form_says(rates: list[float], steps: int) -> None:
    """Whatever the step; one that is never dry takes all of the time."""
    first, whole = 0.09, 30.0
    times = np.linspace(0.0, whole, steps + 1)
    left = np.array([[first * math.exp(-rate * time) for rate in rates] for time in times])
    found = _time_to(DRY, left, np.full(steps, whole / steps))
    exact = [min(whole, math.log(first / DRY) / rate) for rate in rates]
    assert found == pytest.approx(exact, rel=1e-6)


def test_the_place_is_that_of_a_fine_run_of_the_dryer(tmp_path: Path) -> None:
    """On the shipped model, for loadings within 10 %: to 1 cm of 3 m; the wetter side counts."""
    request = TwinRequest("live_twin", tmp_path, tmp_path)
    parts, models = led_parts(request.load(), request)
    try:
        drying = models.transform(parts.scenario.stations[COATER], "drying")
        by_kind: dict[str, Transform] = {"drying": drying, "coating": Echo()}
        runner = Runner(by_kind.__getitem__, [], {}, 6, frozenset({DRY_FROM}))
        chain = np.linspace(0.9, 1.1, 8)
        bare, covered = (dried(below) for below in (0.0, 0.185))
        found = runner.outcome([coated(), bare, covered], chain)[DRY_FROM]
        fine = runner._run(covered, chain, parts=20 * FINE)
        left = np.array([each["solvent_loading"] for each in fine])
        steps = np.repeat(LENGTH / len(ZONES) / (20 * FINE), len(left))
        exact = np.cumsum(steps)[(left < DRY).argmax(axis=0)]
        assert found == pytest.approx(exact, abs=0.01)
        assert (runner.outcome([coated(), bare], chain)[DRY_FROM] < found).all()
        assert DRY_FROM not in runner.outcome([bare, covered], chain)
    finally:
        models.close()


def coated() -> Note:
    """Return what is noted of the die; nothing but the speed counts here."""
    return Note("coating", 10, {}, [{"web_speed": SPEED}], [1.0], {}, [{}])


def dried(below: float) -> Note:
    """Return a pass through the dryer over so much dry coating on the other side [kg/m2]."""
    conditions = {
        "loading": 0.187,
        "heat_transfer_coefficient": 40.0,
        "solvent_pressure": 0.0,
        "dry_mass_below": below,
    }
    inputs = [conditions | {"air_temperature": each} for each in ZONES]
    seconds = LENGTH / len(ZONES) / SPEED
    start = {"solvent_loading": 0.0921, "film_temperature": 293.15}
    return Note("drying", 10, start, inputs, [seconds] * len(ZONES), {}, [{}] * len(ZONES))
