"""Steps that are no whole number of ticks are held as fractions: time does not drift."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_fmus import DRYING_RATE, OVEN, rewritten

from linetwin.cosim import FmuContinuous
from linetwin.cosim.instance import Step
from linetwin.cosim.stepping import StepRule, advance_ticks
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from pathlib import Path

SIXTIETH = StepRule(1 / 60, fixed=True)
SECONDS = 100_000


class Stepper:
    """Stands in for an instance: adds up nothing, but notes every communication point."""

    model = "stepper"

    def __init__(self) -> None:
        self.time = 0.0
        self.steps = 0
        self.points: list[tuple[float, float]] = []
        self.keep = True

    def step(self, time: float, length: float) -> Step:
        """Go from `time` on by `length`."""
        assert time == self.time or not self.steps
        self.steps += 1
        if self.keep:
            self.points.append((time, length))
        self.time = time + length
        return Step(self.time, early=False, terminated=False)


class Exact(Stepper):
    """A stepper that forgives the last bit of a length: it stands where it is told to."""

    def step(self, time: float, length: float) -> Step:
        """Go from `time` on by `length`."""
        self.time = time
        return super().step(time, length)


def go(stepper: Any, begin: int, end: int, rule: StepRule = SIXTIETH) -> None:  # noqa: ANN401
    """Advance a stand-in."""
    advance_ticks(stepper, begin, end, 1000, rule)


@given(
    stretches=st.lists(st.integers(1, 200), min_size=1, max_size=40),
    begin=st.integers(0, 10**9),
    divisor=st.integers(1, 997),
)
def test_every_point_is_the_exact_one_rounded_once(
    stretches: list[int], begin: int, divisor: int
) -> None:
    """Against rational arithmetic: k-th of n equal steps between two ticks, up to 11 days out."""
    stepper, tick = Exact(), begin
    rule = StepRule(1 / divisor)
    expected: list[float] = []
    for length in stretches:
        end = tick + length
        number = -(-length * divisor // 1000)
        expected += [
            float(Fraction(tick, 1000) + Fraction(length, 1000) * Fraction(k, number))
            for k in range(number)
        ]
        go(stepper, tick, end, rule)
        assert stepper.time == end / 1000
        tick = end
    assert [time for time, _ in stepper.points] == expected


def test_late_stretches_of_a_sixtieth_are_whole_numbers_of_steps() -> None:
    """50 ms are three steps also after 30 years, where a second has few bits left."""
    for begin in (0, 10**6, 10**9, 10**12):
        stepper = Exact()
        go(stepper, begin, begin + 50)
        assert stepper.steps == 3
        assert stepper.time == (begin + 50) / 1000


@pytest.mark.slow
def test_after_six_million_steps_of_a_sixtieth_it_stands_at_exactly_a_hundred_thousand() -> None:
    """In stretches of 50 ms and of 1,000 s: 6e6 steps, 100,000 s, not a bit more."""
    for stretch in (50, 1_000_000):
        stepper = Exact()
        stepper.keep = False
        for begin in range(0, SECONDS * 1000, stretch):
            go(stepper, begin, begin + stretch)
        assert (stepper.steps, stepper.time) == (6_000_000, 100_000.0)


def test_a_real_fmu_of_a_fixed_step_of_a_sixtieth_stands_on_every_tick(
    web: Path, tmp_path: Path
) -> None:
    """An FMU that takes 1/60 s and no other step, in stretches of 50 ms: 100 s, exactly."""

    def fixed(text: str) -> str:
        able = 'canHandleVariableCommunicationStepSize="true"'
        assert able in text
        return text.replace(able, f'fixedInternalStepSize="{1 / 60!r}"')

    model = FmuContinuous(rewritten(web, tmp_path / "web.fmu", fixed), OVEN)
    model.start(1_000_000_000, {"air_temperature": 400.0, "mode": 1.0})
    for tick in range(50, 100_001, 50):
        model.advance(1_000_000_000 + tick, {})
        assert model._instance is not None
        assert model._instance.time == tick / 1000
    solvent = model.read(["solvent_loading"])["solvent_loading"]
    assert solvent == pytest.approx(0.1 - 100 * DRYING_RATE, rel=1e-9, abs=1e-12)
    with pytest.raises(FmuError, match="no whole number"):
        model.advance(1_000_100_001, {})
