"""What the page and JSON say of a capability that its own readings contradict."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np

from linetwin.surrogates.gauges import Gauge
from linetwin.surrogates.review.capable import Capable
from linetwin.surrogates.review.page_capability import capability_section
from linetwin.surrogates.review.statistics.capability import Tolerance, capability

GAUGE = Gauge(bias=0.0, linearity=0.0, repeatability=5e-5, reproducibility=5e-5)


def judged(values: np.ndarray) -> Capable:
    """Return the capability of a resistance with the limit 35 mOhm, trays of 40."""
    trays = [f"tray-{row // 40}" for row in range(values.size)]
    found = capability("dcir by tray", values, trays, Tolerance(high=0.035), GAUGE)
    return Capable("dcir by tray", "dcir", "Ohm", None, 0.035, found)


def page(own: Capable) -> str:
    """Return the section's HTML."""
    found: Any = SimpleNamespace(capable=(own,), scrapped=frozenset())
    return capability_section(found).html


def test_an_index_that_its_readings_contradict_is_not_to_be_used() -> None:
    """One of 1,003 readings beyond the limit, Cpk above 5: both say that it does not hold."""
    values = np.random.default_rng(8).normal(29.93e-3, 0.13e-3, 1003)
    assert "not to be used" not in page(judged(values))
    assert "0: 0 ppm (0 to 3,671)" in page(judged(values))
    values[500] = 37.86e-3
    own = judged(values)
    html = page(own)
    assert html.count(", not to be used") == 4
    assert "1: 997 ppm (25 to 5,54" in html
    assert "Cpk and Ppk are not to be used: 1 of 1,003 readings lies beyond the limits" in html
    assert "has less than 1 ppm at most" in html
    assert "no Ppk by quantiles: 1 reading lies farther out" in html
    assert "1 on S outside of the limits that these readings give" in html
    plain = json.loads(json.dumps(asdict(own), allow_nan=False))["found"]
    assert plain["contradicted"] is True
    assert plain["beyond"]["count"] == 1
    assert plain["quantiles"]["worst"] is None
    assert plain["outside"]["points"]["S"] == 1
    assert "stable" not in plain
