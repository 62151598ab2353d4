"""A gauge that alone reads what a machine does is not believed alone, nor blamed alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_assimilating import CALENDER, Press, scenario

from linetwin.twin.assimilating import Assimilator


class Gauged(Press):
    """A calender whose gauge is off by `bias` [m], beside a micrometer or alone.

    By its maker the gauge is off by 0.1 um, the micrometer by 0.2 um.
    """

    def __init__(self, off: float, bias: float, *, beside: bool) -> None:
        super().__init__(off)
        config = scenario().twin
        assert config is not None
        gauge = replace(config.instruments[0], prior=1e-7, wanders=2e-8)
        hand = replace(gauge, name="by_hand", signal=f"{CALENDER}.by_hand", prior=2e-7)
        readers = (gauge, hand) if beside else (gauge,)
        found = replace(scenario(), twin=replace(config, instruments=readers))
        self.twin = Assimilator(found, self.twin._bare, 1)
        self._bias, self._beside = bias, beside

    def days(self, count: int) -> set[tuple[str, tuple[str, ...]]]:
        """Press 24 rolls a day; return all that was said to be wrong."""
        told: set[tuple[str, tuple[str, ...]]] = set()
        for number in range(1, 24 * count + 1):
            event = self.roll(number)
            self.twin.measured(replace(event, value=event.value + self._bias))
            if self._beside:
                scatter = float(3e-7 * self._chance.standard_normal())
                self.twin.measured(replace(event, name="by_hand", value=event.value + scatter))
            told |= {(each.kind, each.names) for each in self.twin.findings()}
        return told


@pytest.mark.parametrize("bias", [9e-7, 3e-6])
def test_a_gauge_that_is_off_and_alone_never_names_the_rolls(bias: float) -> None:
    """By 9 and by 30 of its maker's deviations, for five days: ambiguous, and what would tell."""
    press = Gauged(0.0, bias, beside=False)
    told = press.days(5)
    assert ("ambiguous", ("cathode_rolls", "cathode_thickness")) in told
    assert not [names for kind, names in told if kind in {"drift", "bias"}]
    (finding,) = press.twin.findings()
    assert finding.advice == (
        "another, independent measurement of cathode.calender.coating_thickness would tell"
    )
    bounds = finding.text.rpartition("cathode_thickness off by ")[2].split(" µm")[0].split(" to ")
    assert float(bounds[0]) < bias * 1e6 < float(bounds[1]) + 1.0


def test_rolls_that_two_instruments_read_are_named() -> None:
    """20 % too little load, by gauge and micrometer: a drift of the rolls."""
    assert ("drift", ("cathode_rolls",)) in Gauged(-0.2, 0.0, beside=True).days(3)


def test_a_gauge_that_is_off_beside_a_micrometer_never_names_the_rolls() -> None:
    """0.9 um too much by the gauge alone: it is suspected, then named; the rolls never are."""
    told = Gauged(0.0, 9e-7, beside=True).days(3)
    assert ("drift", ("cathode_rolls",)) not in told
    assert ("bias", ("cathode_thickness",)) in told
