"""What a change of a set value would do, on a calender whose law is known; and what came of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from foretelling import EXPECTED
from test_assimilating import CALENDER, LOAD, Law, Press, scenario

from linetwin.contracts import Phase
from linetwin.twin.advising.effects import Foresight
from linetwin.twin.advising.levers import Lever, lever_of
from linetwin.twin.writing.foretold import expected_of, told, told_change
from linetwin.twin.writing.watching import Seen, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns

OFF = -0.1
FALLS = 0.08
"""Porosity falls by this times the logarithm of the load."""


@cache
def foresight() -> Foresight:
    """A twin that has learnt from eight rolls that the load is a tenth too low."""
    press = Press(OFF)
    for number in range(1, 9):
        press.twin.measured(press.roll(number))
    config = scenario().twin
    assert config is not None
    return Foresight(config, press.twin.estimator.save(), lambda *_: Law())


def lever(after: float) -> Lever:
    """Return the line load, moved."""
    found = lever_of(f"{CALENDER}.line_load", lambda _: "calender", LOAD, after)
    assert found is not None
    return found


def handed_over(lot: int, value: float) -> Seen:
    """Return what a station shows that hands a lot over with its reading; NaN: without one."""
    read = {"thickness": (value, float(lot))} if math.isfinite(value) else {}
    return Seen(lot, float(lot), read)


def test_an_effect_is_that_of_the_law() -> None:
    """More load lowers the porosity by the law's logarithm, for every member alike."""
    found = {each.quantity: each for each in foresight().effect(lever(1.05 * LOAD))}
    porosity = found["porosity"]
    assert porosity.change == pytest.approx([-FALLS * math.log(1.05)] * 3, rel=1e-9)
    assert porosity.then[0] - porosity.now[0] == pytest.approx(porosity.change[0], rel=1e-6)
    assert porosity.now[1] < 0.3 - FALLS * math.log(1 + OFF) < porosity.now[2]
    thickness = found["coating_thickness"]
    assert thickness.shown is not None
    assert thickness.shown.signal == "cathode.calender.thickness"
    assert thickness.shown.scatter == pytest.approx(0.3e-6)
    wide, read = (span[2] - span[1] for span in (thickness.then, thickness.shown.then))
    assert read < 0.9 * math.hypot(wide, 2 * 1.96 * 0.1e-6)  # bias and load go together
    assert foresight().effect(lever(LOAD)) == []  # what does nothing is not foretold


def test_the_smallest_change_reaches_its_target() -> None:
    """What brings the porosity to nominal makes good the tenth that is lost; else there is none."""
    found = foresight().smallest(lever(LOAD), "porosity", 0.3, 1.3 * LOAD)
    assert found is not None
    assert found.after == pytest.approx(LOAD / (1 + OFF), rel=0.01)
    reached = float(np.median(foresight().as_pulled(found)["porosity"][0]))
    assert reached == pytest.approx(0.3, abs=1e-6)
    assert foresight().smallest(lever(LOAD), "porosity", 0.2, 1.3 * LOAD) is None
    assert foresight().smallest(lever(LOAD), "porosity", 0.3, 0.8 * LOAD) is None


class Echo:
    """A model that returns what it was given."""

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Return inputs, starts and durations of each phase."""
        return [
            {
                "air_temperature": np.asarray(each.inputs["air_temperature"]),
                "duration": np.broadcast_to(each.duration_s, 5),
                "slot_flow": np.broadcast_to(start["slot_flow"], 5),
            }
            for each in phases
        ]


def test_only_members_and_only_the_zone_that_was_named_are_moved() -> None:
    """Reference and nominal item stay; a row's number moves one phase; speed shortens all."""
    phases = [Phase({"air_temperature": np.full(5, 380.0)}, 30.0) for _ in range(3)]
    zone = lever_of("a.coater.zone_temperatures_2", lambda _: "coater", 380.0, 385.0)
    assert zone is not None
    assert zone.address == "a.coater.zone_temperatures_2"
    found = zone.pulled("drying", Echo()).apply({"slot_flow": 1.0}, phases)
    assert [each["air_temperature"].tolist() for each in found] == [
        [380.0] * 5,
        [385.0] * 3 + [380.0] * 2,
        [380.0] * 5,
    ]
    speed = lever_of("a.coater.web_speed", lambda _: "coater", 2.0, 2.5)
    assert speed is not None
    found = speed.pulled("drying", Echo()).apply({"slot_flow": 1.0}, phases)
    assert found[0]["duration"].tolist() == [24.0] * 3 + [30.0] * 2
    found = speed.pulled("coating", Echo()).apply({"slot_flow": 1.0}, phases)
    assert found[0]["slot_flow"].tolist() == [1.25] * 3 + [1.0] * 2
    assert lever_of("a.filler.electrolyte_dose", lambda _: "filler", 1.0, 2.0) is None


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([60e-6, 58.1e-6, 57.9e-6, 58.3e-6], "as foretold"),
        ([60e-6, 60.1e-6, 60e-6, 59.9e-6], "not as foretold"),
        ([58e-6, 58e-6, 58e-6], "not known yet"),
        ([60e-6, math.nan, 58e-6, 58e-6], "not known yet"),
    ],
)
def test_a_change_is_watched(values: list[float], verdict: str) -> None:
    """The lot in hand does not count; of at least three others the mean must lie where foretold."""
    assert EXPECTED.shown is not None
    watch = Watch(EXPECTED.shown, 10)
    for number, value in enumerate([60e-6, *values], 10):
        watch.take(handed_over(number, value))
    assert watch.verdict() == verdict


def test_a_small_effect_is_not_told_apart_at_once() -> None:
    """Where one reading scatters by more than the effect, many lots are waited for."""
    assert EXPECTED.shown is not None
    small = replace(EXPECTED.shown, then=(59.8e-6, 59.7e-6, 59.9e-6), now=(60e-6, 59.9e-6, 60.1e-6))
    watch = Watch(small, 0)
    verdicts = []
    for number in range(2, 40):
        watch.take(handed_over(number, 59.8e-6))
        verdicts.append(watch.verdict())
    assert verdicts[:2] == ["not known yet"] * 2
    assert verdicts[2] == "not told apart yet"
    assert verdicts[-1] == "as foretold"
    assert watch.is_settled


def test_what_was_foretold_is_plain_and_read_again() -> None:
    """All of it comes back, with and without a reading; an effect is sure where zero is outside."""
    for each in (EXPECTED, replace(EXPECTED, shown=None)):
        assert expected_of(json.loads(json.dumps(each.plain()))) == each
    assert EXPECTED.is_sure
    for change in ((1.0, 0.0, 2.0), (1.0, -1.0, 3.0), (1.0, math.nan, 2.0), (0.0, 0.0, 0.0)):
        assert not replace(EXPECTED, change=change).is_sure


@pytest.mark.parametrize(
    ("address", "value", "said"),
    [
        ("cathode.calender.line_load", 652e3, "652 N/mm"),
        ("cathode.coater.loading_target", 0.187, "18.7 mg/cm2"),
        ("cathode.coater.web_speed", 1.9 / 60, "1.9 m/min"),
        ("cathode.coater.zone_temperatures_2", 393.15, "120 °C"),
        ("porosity", 0.3, "30 %"),
        ("drying.solvent_loading@1", 0.0429, "42.9 g/m2"),
    ],
)
def test_values_are_told_as_people_write_them(address: str, value: float, said: str) -> None:
    """Never in N/m or kg/m2."""
    assert told(address, value) == said.replace("mg/cm2", "mg/cm²").replace("g/m2", "g/m²")
    assert told_change("zone_temperatures_2", 10.0) == "10 K"
    assert told_change("porosity", -0.008) == "-0.8 points"
