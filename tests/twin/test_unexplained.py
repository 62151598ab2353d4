"""Readings that are too far off while nothing tells why: named, and what a person can do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgpack
from test_assimilating import Laws

from linetwin.scenario import load
from linetwin.twin.assimilating import Assimilator
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
