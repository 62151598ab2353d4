"""`linetwin bench feed`: what it measures, not how fast this machine is."""

from __future__ import annotations

import pytest

from linetwin.bench import feed


@pytest.mark.slow
def test_the_whole_way_and_each_step_are_measured() -> None:
    """A small load: nothing is lost, every figure is there, and verdicts follow from them."""
    found = feed.measure(tags=4, rate_hz=20.0, seconds=1.0, rows=400)
    assert found.lost == 0
    assert found.received_hz > 0
    assert list(found.costs_us) == ["decode", "judge", "record", "hand on"]
    assert all(cost >= 0 for cost in found.costs_us.values())
    assert found.lag_s["50 %"] <= found.lag_s["95 %"] <= found.lag_s["99 %"]
    verdicts = feed.verdicts(found)
    assert verdicts["values lost"] == (0.0, 0.0)
    assert verdicts["lag of 99 of 100 values in s"][0] == found.lag_s["99 %"]
    assert "changes a second" in feed.describe(found)
