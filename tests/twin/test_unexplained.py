"""Readings that are too far off while nothing tells why: named, and what a person can do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgpack
import pytest
from test_assimilating import Laws

from linetwin.scenario import load
from linetwin.twin.assimilating import Assimilator
from linetwin.twin.assimilating.readings import Corrected
from linetwin.twin.assimilating.unexplained import compared
from linetwin.twin.assimilating.watch import Watchman

if TYPE_CHECKING:
    from linetwin.estimation.ensemble import Innovation


def off(away: float) -> Innovation:
    """One reading that is so many standard deviations from what was expected."""
    told = SimpleNamespace(normalised=[away], values=[away], nis=away * away)
    return cast("Innovation", told)


def test_the_instruments_whose_readings_are_off_are_named_the_worst_first() -> None:
    """To and fro, so that nothing has shifted: with how many deviations; one that fits is not."""
    scenario = load("live_twin")
    config = scenario.twin
    assert config is not None
    twin = Assimilator(scenario, Laws(), 1)  # type: ignore[arg-type]
    ensemble, watch = twin.estimator.ensemble, Watchman(config)
    worst, other, sound = (each.name for each in config.instruments[:3])
    size = {worst: 5.0, other: 3.0, sound: 0.5}
    for number in range(config.window):
        name = (worst, other, sound)[number % 3]
        sign = 1 if number // 3 % 2 else -1
        watch.look(name, off(sign * size[name]), number * 1000, ensemble)
    (finding,) = watch.findings
    assert (finding.kind, finding.names) == ("mismatch", ())
    assert f"{worst} by up to 5.0, {other} by up to 3.0 standard deviations" in finding.text
    assert sound not in finding.text
    assert "measure a lot's" in finding.advice
    assert f"look after {worst}" in finding.advice
    again = Watchman(config)
    again.load(msgpack.unpackb(msgpack.packb(watch.save())))
    for each in (watch, again):
        each.look(sound, off(0.1), 10**6, ensemble)
    assert again.findings == watch.findings == [finding]


@pytest.mark.parametrize(("more", "agrees"), [(0.0, True), (0.01, False)])
def test_what_another_instrument_said_of_the_same_lots_is_told(more: float, agrees: bool) -> None:  # noqa: FBT001
    """The gauge is off; the scale has read the same rolls: 1 % apart is five deviations."""
    scenario = load("live_twin")
    config = scenario.twin
    assert config is not None
    twin = Assimilator(scenario, Laws(), 1)  # type: ignore[arg-type]
    ensemble, watch = twin.estimator.ensemble, twin.estimator.watchman
    by_name = {each.name: each for each in config.instruments}
    gauge, scale = by_name["anode_gauge"], by_name["anode_scale"]
    for number in range(config.window):
        for reader, value in ((gauge, 0.1), (scale, 0.1 * (1 + more))):
            read = Corrected(reader.name, value, 0.01)
            twin.estimator.judge.readings.meet(reader, f"roll-{number % 4}", read, 9.0)
        watch.look(gauge.name, off(4.0 * (-1) ** number), number * 1000, ensemble)
    (finding,) = watch.findings
    assert finding.names == ()
    said = f"anode_scale read {100 * more:.2g} % {'less' if agrees else 'more'} than anode_gauge"
    assert finding.advice.startswith(f"{said} in the mean of 4 lots that both have read")
    assert finding.advice.endswith(
        "they agree, so the model is off at anode.coater"
        if agrees
        else "they do not agree, so look after anode_gauge, or give it a larger repeatability"
    )
    assert compared(config, scale, twin.estimator.judge.readings) is not None
    assert compared(config, by_name["anode_exhaust"], twin.estimator.judge.readings) is None
