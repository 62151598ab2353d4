"""Ranges that are asked for: too wide ones are told, and those of settings are recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from standing import Press, asked_of, at_work, made_of, porosity_of, recorded

from linetwin.contracts import Phase
from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.surrogates.standing_in.recording import Call
from linetwin.surrogates.standing_in.sweeping import Sweep, parted, sweeps_of

if TYPE_CHECKING:
    from linetwin.scenario.resolved import StationConfig


def test_a_range_that_is_too_wide_is_named_with_one_that_goes() -> None:
    """The flag jumps at 520 N/mm, the line works up to 400: 800 is too much, half way to it is not.

    Half of the way from 400 to 600 N/mm is 500.
    """
    press = Press(jumps_at=520e3)
    found = str(made_of(press, recorded(press), line_load=(300e3, 600e3)))
    assert "within_fit jumps between 0 and 1" in found
    assert "since the range of line_load is too wide" in found
    assert "a narrower one goes, such as line_load=" in found
    high = float(found.rpartition(" to ")[2].split()[0])
    assert 400 < high < 520


def test_a_line_that_jumps_by_itself_blames_no_range() -> None:
    """At 350 N/mm, where the line works."""
    press = Press(jumps_at=350e3)
    found = str(made_of(press, recorded(press), line_load=(300e3, 600e3)))
    assert "within_fit jumps" in found
    assert "range" not in found


def _station(path: str) -> StationConfig:
    return load("baseline").stations[path]


def _swept(press: Press, config: StationConfig) -> list[tuple[StationConfig, Call]]:
    """Return calls of a line at three loads, under which rest takes the less time the more load."""
    generator = np.random.default_rng(31)
    calls = []
    for node, load_ in enumerate((300e3, 330e3, 360e3)):
        for lot in range(6):
            start, (pressed, rested) = asked_of(12, generator, load_)
            phases = (pressed, Phase(rested.inputs, 600.0 * 330e3 / load_))
            kept = {name: np.asarray(value, dtype=float) for name, value in start.items()}
            results = tuple(press.apply(start, phases))
            name = f"{node}/{lot}"
            calls.append((config, Call("s", name, kept, phases, results, "line_load", node)))
    return calls


def test_what_follows_a_setting_is_learnt_between_neighbouring_values() -> None:
    """Two regimes for three values; load and the time that follows it are answered in between."""
    press = Press()
    parts = parted(_swept(press, _station("cathode.calender")))
    assert [{call.node for _, call in part} for part in parts] == [{0, 1}, {1, 2}]
    found = []
    for part in parts:
        made = made_of(press, [call for _, call in part])
        assert isinstance(made, list), made
        found += made
    stand_in = at_work(found)
    generator = np.random.default_rng(32)
    for load_ in (310e3, 325e3, 345e3):
        start, (pressed, rested) = asked_of(8, generator, load_)
        start["porosity"] = np.clip(start["porosity"], 0.43, 0.47)
        rest = 600.0 * 330e3 / load_
        told = stand_in.apply(start, [pressed, Phase(rested.inputs, rest)])
        wanted = porosity_of(np.asarray(start["porosity"]), np.asarray(load_))
        np.testing.assert_allclose(told[0]["porosity"], wanted, atol=2e-4)
        rise = 0.01 * (1 - np.exp(-rest / 600.0))
        np.testing.assert_allclose(told[1]["porosity"], wanted + rise, atol=2e-4)


def test_a_range_of_what_kept_its_value_is_swept_or_refused() -> None:
    """A setting by its address, between its ends; anything else with its value and station."""
    config = _station("cathode.calender")
    start = {"porosity": np.full(3, 0.4)}
    inputs = {"line_load": np.array(3e5), "web_speed": np.array(1.0), "current": np.array(2.0)}
    columns = ({"valid": np.ones(3)},)
    call = Call(config.path, "a", start, (Phase(inputs, 5.0),), columns)
    other = Phase({**inputs, "line_load": np.array(3.1e5)}, 5.0)
    calls = [(config, call), (config, Call(config.path, "b", start, (other,), columns))]
    (sweep,) = sweeps_of(calls, {"web_speed": (1.0, 1.1), "line_load": (1e5, 9e5)})
    assert (sweep.name, sweep.stations) == ("web_speed", (config.path,))
    assert (sweep.values[0], sweep.values[-1]) == (1.0, 1.1)
    assert np.all(np.diff(np.log(sweep.values)) < np.log(1.0501))
    assert sweep.settings(0) == (f"{config.path}.web_speed=1.0 m/s",)
    with pytest.raises(ScenarioError, match=r"current kept its value .*2 A at cathode\.calender"):
        sweeps_of(calls, {"current": (1.0, 2.0)})
    with pytest.raises(ScenarioError, match="values of web_speed"):
        sweeps_of(calls, {"web_speed": (1.0, 100.0)})


def test_a_temperature_is_set_in_kelvins() -> None:
    """As a file of a scenario may have it."""
    sweep = Sweep("roll_temperature", ("a.b",), (300.0, 310.0))
    assert sweep.settings(1) == ("a.b.roll_temperature=310.0 K",)
