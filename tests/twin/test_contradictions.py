"""Readings of one quantity of one lot that cannot all be right."""

from __future__ import annotations

from dataclasses import replace

import msgpack
from test_assimilating import CALENDER, Press, scenario

from linetwin.twin.assimilating import Assimilator

SIGNALS = ("thickness", "thickness_by_hand", "thickness_in_laboratory")


class Measured(Press):
    """A press whose rolls are measured by several instruments, each off by 0.2 um."""

    def __init__(self, count: int) -> None:
        super().__init__(0.0)
        config = scenario().twin
        assert config is not None
        own = config.instruments[0]
        readers = tuple(
            replace(own, name=name, signal=f"{CALENDER}.{name}", prior=2e-7)
            for name in SIGNALS[:count]
        )
        found = replace(scenario(), twin=replace(config, instruments=readers))
        self.twin = Assimilator(found, self.twin._bare, 1)

    def measure(self, number: int, *off: float) -> None:
        """Press a roll, and read it with each instrument: by so much too thick [m]."""
        event = self.roll(number)
        for name, away in zip(SIGNALS, off, strict=False):
            self.twin.measured(replace(event, name=name, value=event.value + away))


def kinds(press: Measured) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is said to be wrong."""
    return [(each.kind, each.names) for each in press.twin.findings()]


def test_the_odd_one_out_is_named_where_two_others_agree_and_is_not_learnt_from() -> None:
    """5 um too thick in the laboratory: as if that reading had not come."""
    press, without = Measured(3), Measured(3)
    for number in range(1, 7):
        press.measure(number, 0.0, 1e-7, -1e-7)
        without.measure(number, 0.0, 1e-7, -1e-7)
    assert kinds(press) == []
    press.measure(7, 0.0, 1e-7, 5e-6)
    without.measure(7, 0.0, 1e-7)
    (finding,) = press.twin.findings()
    assert (finding.kind, finding.names) == ("mismatch", ("thickness_in_laboratory",))
    assert "these 3 readings of coating_thickness of plant-7 cannot all be right" in finding.text
    assert [each.median for each in press.twin.estimates()] == [
        each.median for each in without.twin.estimates()
    ]


def test_two_that_contradict_are_both_told() -> None:
    """Nobody knows which is wrong; both names, both values."""
    press = Measured(2)
    for number in range(1, 7):
        press.measure(number, 0.0, 1e-7)
    press.measure(7, 0.0, 2.5e-6)
    told = {each.names: each.text for each in press.twin.findings() if each.kind == "mismatch"}
    assert set(told) == {SIGNALS[:2]}
    assert "odd one out" not in told[SIGNALS[:2]]
    assert all(name in told[SIGNALS[:2]] for name in SIGNALS[:2])


def test_one_that_stays_odd_is_learnt_as_biased_and_nothing_else_is_named() -> None:
    """Twelve rolls 5 um too thick by one of three: its bias, not the rolls."""
    press = Measured(3)
    for number in range(1, 19):
        press.measure(number, 0.0, 0.0, 5e-6 if number > 6 else 0.0)
    assert {names for _, names in kinds(press)} == {("thickness_in_laboratory",)}
    assert ("bias", ("thickness_in_laboratory",)) in kinds(press)
    rolls = press.twin.estimates()[0]
    assert rolls.low < 1 < rolls.high


def test_contradictions_go_on_from_plain_data() -> None:
    """Saved between a contradiction and the next roll: the same findings and members."""
    one = Measured(3)
    for number in range(1, 8):
        one.measure(number, 0.0, 0.0, 5e-6 if number > 6 else 0.0)
    other = Measured(3)
    other.twin.load(msgpack.unpackb(msgpack.packb(one.twin.save()), strict_map_key=False))
    assert other.twin.findings() == one.twin.findings()
    event = one.roll(8)
    other._chance = one._chance
    other.roll(8)
    for press in (one, other):
        press.twin.measured(replace(event, name=SIGNALS[2], value=event.value + 5e-6))
    assert kinds(one) == kinds(other)
