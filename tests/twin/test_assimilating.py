"""Assimilation on a calender whose law is known: what is learnt, when, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest
from twinned import electrode_line

from linetwin.contracts import Phase
from linetwin.line.lots import Lot
from linetwin.twin.assimilating import Assimilator
from linetwin.twin.assimilating.entries import Reading
from linetwin.twin.events import PlantEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns
    from linetwin.scenario.resolved import Scenario, StationConfig

CALENDER = "cathode.calender"
HOUR = 3_600_000
LOAD = 6e5
BEFORE = 8.3e-5


class Law:
    """A calender: porosity falls with the logarithm of the load, solids stay."""

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Press items."""
        del start
        inputs = phases[-1].inputs
        load, before = np.broadcast_arrays(inputs["line_load"], inputs["coating_thickness_before"])
        porosity = 0.3 - 0.08 * np.log(load / LOAD)
        return [{"porosity": porosity, "coating_thickness": before * 0.5 / (1 - porosity)}]


class Laws:
    """Models of a line of one calender."""

    def transform(self, config: StationConfig, kind: str) -> Law:
        """Return the law."""
        del config, kind
        return Law()


@cache
def scenario() -> Scenario:
    """The calender alone, with its thickness gauge; nothing scatters but the gauge."""
    whole = electrode_line(1.0)
    twin = whole.twin
    assert twin is not None
    rolls = next(each for each in twin.estimates if each.name == "cathode_rolls")
    gauge = next(each for each in twin.instruments if each.name == "cathode_thickness")
    gauge = replace(gauge, prior=1e-9, wanders=0.0)
    twin = replace(
        twin,
        estimates=(replace(rolls, scatter=0.0),),
        instruments=(gauge,),
        predicts=tuple(each for each in twin.predicts if each.station == CALENDER),
    )
    return replace(whole, twin=twin)


class Press:
    """A plant's calender with a load that is off, and the twin's."""

    def __init__(self, off: float, seed: int = 1) -> None:
        self.twin = Assimilator(scenario(), Laws(), seed)  # type: ignore[arg-type]
        self._off, self._chance = off, np.random.default_rng(seed)

    def roll(self, number: int) -> PlantEvent:
        """Press a roll on both; return what the plant's gauge reads."""
        name, tick = f"roll-{number}", number * HOUR
        inputs = {
            "line_load": LOAD,
            "coating_thickness_before": BEFORE * (1 + 0.01 * self._chance.standard_normal(4)),
        }
        self.twin.took(CALENDER, name, tick - HOUR // 2)
        model = self.twin.models.transform(scenario().stations[CALENDER], "calendering")
        pressed = model.apply({}, [Phase(inputs)])[-1]
        lot = Lot(name, "mother_roll", CALENDER, tick, 40.0, "m", CALENDER)
        lot.columns = {f"{key}_a": value for key, value in pressed.items()}
        self.twin.gave(CALENDER, lot, tick, f"plant-{number}")
        true = Law().apply({}, [Phase(inputs | {"line_load": LOAD * (1 + self._off)})])[-1]
        value = float(true["coating_thickness"].mean() + 3e-7 * self._chance.standard_normal())
        return PlantEvent(tick, CALENDER, "measurement", "thickness", value)


def state(twin: Assimilator) -> bytes:
    """Return the estimator's state as bytes."""
    return bytes(msgpack.packb(twin.estimator.save()))


@pytest.mark.parametrize("zero", ["read", "foreseen"])
def test_a_relative_reading_of_nothing_is_left_out_and_counted(zero: str) -> None:
    """Of zero a repeatability in % is no scatter: what is known stays to the bit."""
    press = Press(0.0)
    config = press.twin.config
    (gauge,) = config.instruments
    relative = replace(gauge, relative=True, repeatability=0.005)
    press.twin.config = press.twin.estimator.config = replace(config, instruments=(relative,))
    press.twin.measured(press.roll(1))
    told = press.roll(2)
    if zero == "foreseen":
        name = f"{CALENDER}|roll-2|coating_thickness"
        press.twin.estimator.ensemble.carried[name][:] = 0.0
    before = state(press.twin)
    press.twin.outcomes()
    press.twin.measured(replace(told, value=0.0 if zero == "read" else told.value))
    assert state(press.twin) == before
    assert press.twin.counts["of nothing"] == 1
    assert press.twin.outcomes() == []


def test_a_load_that_is_off_is_found_named_and_predicted_with() -> None:
    """15 % too little load: within the interval, named, and the next roll's porosity is told."""
    press = Press(-0.15)
    for number in range(1, 31):
        press.twin.measured(press.roll(number))
    rolls = press.twin.estimates()[0]
    assert rolls.low < 0.85 < rolls.high
    assert rolls.high - rolls.low < 0.06
    assert [(each.kind, each.names) for each in press.twin.findings()] == [
        ("drift", ("cathode_rolls",))
    ]
    last = [each for each in press.twin.predictions() if each.quantity == "porosity"][-1]
    truth = 0.3 - 0.08 * np.log(0.85)
    assert last.low < truth < last.high
    assert last.open_loop == pytest.approx(0.3, abs=1e-6)
    assert abs(last.median - truth) < abs(last.open_loop - truth) / 3


def test_nothing_is_named_where_nothing_is_off() -> None:
    """Thirty rolls of a sound calender."""
    press = Press(0.0)
    for number in range(1, 31):
        press.twin.measured(press.roll(number))
        assert press.twin.findings() == []


def test_a_prediction_is_made_before_its_lot_and_met_by_its_reading() -> None:
    """Each outcome belongs to a prediction made half an hour before the roll was handed over."""
    press = Press(0.0)
    for number in (1, 2, 3):
        press.twin.measured(press.roll(number))
    made = {each.id: each for each in press.twin.predictions()}
    met = press.twin.outcomes()
    assert {made[each.prediction].quantity for each in met} == {"coating_thickness"}
    assert [each.plant_lot for each in met] == ["plant-2", "plant-3"]
    for each in met:
        row = made[each.prediction]
        assert row.made_tick == each.tick - HOUR // 2
        assert row.low < each.value + 3 * each.deviation
        assert row.high > each.value - 3 * each.deviation
    assert press.twin.predictions() == []


def test_what_comes_late_is_learnt_as_if_it_had_come_in_time() -> None:
    """Readings five rolls late, named by their lot: the same members, and nothing told anew."""
    prompt, late = Press(-0.1), Press(-0.1)
    _without_feedback(prompt, late)
    waiting: list[PlantEvent] = []
    for number in range(1, 13):
        prompt.twin.measured(prompt.roll(number))
        event = late.roll(number)
        waiting.append(replace(event, text=f"plant-{number}", arrived=event.tick + 5 * HOUR))
        if number > 5:
            late.twin.measured(waiting.pop(0))
    published = late.twin.predictions()
    assert state(late.twin) != state(prompt.twin)
    for event in waiting:
        late.twin.measured(event)
    assert state(late.twin) == state(prompt.twin)
    assert late.twin.counts["late"] > 5
    assert published
    assert late.twin.predictions() == []


def waiting(twin: Assimilator) -> list[tuple[str, int, bool]]:
    """Return the lots that readings wait for, how many, and whether the lots can come."""
    return [(each.lot, each.readings, each.can_come) for each in twin.waiting()]


def test_a_reading_of_a_lot_that_is_not_handed_over_waits_for_it() -> None:
    """It is not taken for the lot of its time; a name in another spelling is the same name.

    A lot of a number that has passed, or named as none is, is not known.
    """
    press = Press(-0.1)
    reading = replace(press.roll(1), text="Plant_2")
    before = state(press.twin)
    press.twin.measured(reading)
    assert state(press.twin) == before
    assert waiting(press.twin) == [("Plant_2", 1, True)]
    again = Press(-0.1)
    again.twin.load(msgpack.unpackb(msgpack.packb(press.twin.save())))
    again._chance = press._chance
    again.roll(2)
    assert waiting(again.twin) == []
    read = [each.lot for each in again.twin._journal.entries if isinstance(each, Reading)]
    assert read == ["roll-2"]
    ahead = replace(reading, tick=9 * HOUR, text="plant-9")  # may be the one at work
    for name in ("plant-9", "plant-9", "plant-0", "roll 7", "9" * 5000):
        again.twin.measured(replace(ahead, text=name))
    found = waiting(again.twin)
    assert found[:3] == [("plant-9", 1, True), ("plant-0", 1, False), ("roll 7", 1, False)]
    assert not found[3][2]


def test_readings_of_one_lot_count_as_their_mean_whenever_they_come() -> None:
    """Two readings at once, or one of them three rolls later: the same members."""
    one, other = Press(-0.1), Press(-0.1)
    _without_feedback(one, other)
    late: list[PlantEvent] = []
    for number in range(1, 6):
        for press in (one, other):
            event = press.roll(number)
            second = replace(event, value=event.value * 1.01)
            press.twin.measured(event)
            if number != 2:
                continue
            if press is one:
                press.twin.measured(second)
            else:
                late.append(second)
    other.twin.measured(late[0])
    assert state(other.twin) == state(one.twin)
    assert one.twin._journal.entries[3].count == 2


def test_what_filled_the_line_is_no_lot_of_the_plants() -> None:
    """Calls that were made before the twin began do not count for the first roll."""
    one, other = Press(-0.1), Press(-0.1)
    model = other.twin.models.transform(scenario().stations[CALENDER], "calendering")
    model.apply({}, [Phase({"line_load": 1e5, "coating_thickness_before": np.full(4, 1e-4)})])
    for press in (one, other):
        press.twin.advance(0)
        press.twin.measured(press.roll(1))
    assert state(other.twin) == state(one.twin)


def test_nothing_is_learnt_from_lots_that_were_begun_before_the_twin() -> None:
    """A roll half made when the twin began, and rolls whose coating it has not seen."""
    press = Press(-0.1)
    before = state(press.twin)
    press.twin.took = lambda *_: None  # type: ignore[method-assign]
    press.twin.measured(press.roll(1))
    assert state(press.twin) == before
    press.twin.measured(press.roll(2))
    assert state(press.twin) != before
    coated = Press(-0.1)
    whole = electrode_line(1.0).twin
    assert whole is not None
    pump = next(each for each in whole.estimates if each.name == "cathode_pump")
    config = coated.twin.config
    coated.twin.config = replace(config, estimates=(*config.estimates, pump))
    for number in (1, 2, 3):
        coated.twin.measured(coated.roll(number))
    assert state(coated.twin) == state(Press(-0.1).twin)


def test_nothing_is_learnt_from_a_lot_in_process_while_the_twin_heard_nothing() -> None:
    """A roll that was begun before the silence ended; the next one counts again."""
    press = Press(-0.1)
    for number in (1, 2, 3):
        press.twin.measured(press.roll(number))
    before = state(press.twin)
    press.twin.unheard(4 * HOUR - HOUR // 4)
    press.twin.measured(press.roll(4))
    assert state(press.twin) == before
    press.twin.measured(press.roll(5))
    assert state(press.twin) != before


def _without_feedback(*presses: Press) -> None:
    """Let the line's calls keep nominal parameters, so that two twins make the same calls."""
    for press in presses:
        models: Any = press.twin.models
        models.present = lambda *_: []


def test_a_twin_goes_on_from_plain_data_with_the_same_bits() -> None:
    """Saved after any roll, packed, and loaded into a new one."""
    one = Press(-0.1)
    for number in range(1, 9):
        one.twin.measured(one.roll(number))
    other = Press(-0.1)
    other.twin.load(msgpack.unpackb(msgpack.packb(one.twin.save()), strict_map_key=False))
    other._chance = np.random.default_rng()
    other._chance.bit_generator.state = one._chance.bit_generator.state
    for number in range(9, 14):
        for press in (one, other):
            press.twin.measured(press.roll(number))
    saved = [msgpack.packb(each.twin.save()) for each in (one, other)]
    assert saved[0] == saved[1]


def test_without_readings_what_is_known_grows_old() -> None:
    """The interval grows with the square root of time, and nothing else changes."""
    press = Press(0.0)
    for number in range(1, 9):
        press.twin.measured(press.roll(number))
    before = press.twin.estimates()[0]
    press.twin.advance((8 + 24 * 9) * HOUR)
    after = press.twin.estimates()[0]
    known, reach = before.high - before.low, after.high - after.low
    assert reach**2 - known**2 == pytest.approx((2 * 1.959964 * 0.01 * 3) ** 2, rel=1e-6)
    assert after.median == before.median


def test_what_may_not_be_learnt_from_is_counted_and_left_alone() -> None:
    """Manual mode, an unknown signal, a value older than the journal."""
    press = Press(0.0)
    event = press.roll(1)
    before = state(press.twin)
    press.twin.measured(replace(event, usable=False))
    press.twin.measured(replace(event, name="roll_wear"))
    press.twin.measured(replace(event, value=float("nan")))
    assert state(press.twin) == before
    assert press.twin.counts == {"not usable": 1}
    for number in range(2, 380):
        press.roll(number)
    assert len(press.twin._journal.entries) < 340
    press.twin.measured(event)
    assert press.twin.counts["too late"] == 1
