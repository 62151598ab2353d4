"""Clocks that tick too often, or never sensibly, and events that do not settle: by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from group_fmus import write_group

from linetwin.cosim.clocks import read_clocks
from linetwin.cosim.description import read_description
from linetwin.cosim.groups import read_group, simulate_group
from linetwin.cosim.simulation import simulate
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., Path]

WRONG = [float("-1e-3"), 0.0, 1e-12, 1e-10]


def pair(fmu: Path, **values: object) -> dict[str, object]:
    """Return two FMUs with clocks of every kind; the second one's values are given."""
    still = {"armed": 0, **{name: 0.0 for name in ("told",) if name in values}}
    return {
        "step": "1 s",
        "early_return": True,
        "members": {
            "well": {"fmu": str(fmu), "values": still},
            "ill": {"fmu": str(fmu), "values": {**still, **values}},
        },
        "outputs": {"x": "ill.x", "alarms": "ill.alarms", "alarmed": "ill.alarmed"},
    }


@pytest.mark.parametrize("interval", WRONG)
def test_an_interval_that_is_none_is_refused(
    tmp_path: Path, feature: Build, interval: float
) -> None:
    """A changing clock's, with member, clock, interval and what is allowed; alone and in groups."""
    fmu = feature("events3")
    message = rf"clock 'varying' has an interval of {interval:g} s \(allowed: at least"
    with pytest.raises(FmuError, match=f"{message} 1e-09 s"):
        simulate(fmu, 1.0, 0.5, {"pace": interval})
    group = read_group(write_group(tmp_path, **pair(fmu, pace=interval)))
    with pytest.raises(FmuError, match=f"member 'ill': {message} 1e-06 s"):
        simulate_group(group, 1.0)


def test_no_number_is_no_interval(feature: Build) -> None:
    """NaN and infinity are as little as what is below the bound."""
    fmu = feature("events3")
    clock = read_description(fmu).clocks["varying"]
    for interval in (float("nan"), float("inf")):
        assert "(allowed: at least 1e-09 s)" in clock.wrong(interval)
    assert not clock.wrong(1e-9)
    assert "at least 0.001 s" in clock.wrong(9e-4, 1e-3)


def test_a_countdown_of_nothing_ticks_at_once(tmp_path: Path, feature: Build) -> None:
    """At the instant at which it was set, 0.5 s; a negative one is refused."""
    fmu = feature("events3")
    frame = simulate(fmu, 2.0, 0.5, {"delay": 0.0}, ["alarms", "alarmed"], [(0.5, {"armed": 1})])
    assert list(frame["alarms"]) == [0, 1, 1, 1, 1]
    assert list(frame["alarmed"]) == [0.0, 0.5, 0.5, 0.5, 0.5]
    group = read_group(write_group(tmp_path, **pair(fmu, delay=0.0, armed=1)))
    assert list(simulate_group(group, 1.0)["alarms"])[-1] == 1
    with pytest.raises(FmuError, match=r"'alarm' has an interval of -1 s .* or 0 s"):
        simulate(fmu, 2.0, 0.5, {"delay": -1.0, "armed": 1})


DECLARED = [
    ('intervalDecimal="1e-12"', "clock 'sample' has an interval of 1e-12 s"),
    ('intervalDecimal="0"', "clock 'sample' has an interval of 0 s"),
    ('intervalDecimal="NaN"', "clock 'sample': Invalid literal for Fraction: 'NaN'"),
    ('intervalCounter="1" resolution="0"', "clock 'sample': "),
    ('intervalDecimal="0.25" shiftCounter="-1"', "clock 'sample' has a shift of -1 s"),
]


@pytest.mark.parametrize(("declared", "message"), DECLARED)
def test_a_declared_interval_is_looked_at_too(declared: str, message: str) -> None:
    """Before anything is loaded."""
    clock = f'<Clock name="sample" valueReference="0" causality="input" {declared}'
    text = f'<a><ModelVariables>{clock} intervalVariability="constant"/></ModelVariables></a>'
    with pytest.raises(ValueError, match=message):
        read_clocks(text.encode())


def test_a_clock_ticks_at_most_a_million_times_in_a_step(tmp_path: Path, feature: Build) -> None:
    """What is known beforehand is told beforehand, with what is allowed."""
    fmu = feature("events3", 'intervalDecimal="0.25"', 'intervalDecimal="2e-9"')
    with pytest.raises(WiringError) as caught:
        read_group(write_group(tmp_path, **pair(fmu)))
    assert "members.well: clock 'sample' ticks every 2e-09 s (at least a millionth" in str(
        caught.value
    )
    assert "1e-06 s, or a shorter `step`" in str(caught.value)


@pytest.mark.parametrize("restless", ["first", "second"])
def test_who_asks_for_more_iterations_is_named(
    tmp_path: Path, feature: Build, restless: str
) -> None:
    """Not the first member of the file."""
    fmu = feature("clocks3")
    values = {"rate": 0.7, "restless": 0}
    members = {
        name: {"fmu": str(fmu), "values": {**values, "restless": int(name == restless)}}
        for name in ("first", "second")
    }
    members["first"]["values"]["told"] = 0.0  # type: ignore[index]
    connections = {"second.poke": "first.crossed", "second.told": "first.whole"}
    content = {"members": members, "connections": connections, "outputs": {"x": "second.x"}}
    with pytest.raises(FmuError, match=f"member '{restless}': an event did not settle in 1000"):
        simulate_group(read_group(write_group(tmp_path, step="1 s", **content)), 1.0)
