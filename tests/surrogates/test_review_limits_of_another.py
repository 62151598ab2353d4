"""Limits that one run gave, held against another: what is said of the signals, and what is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from linetwin.surrogates.review.approving import APPROVED, Approved
from linetwin.surrogates.review.charting import charted
from linetwin.surrogates.review.page import lacks
from linetwin.surrogates.review.page_charts import charts_section
from linetwin.surrogates.review.statistics.charts import subgroups
from linetwin.surrogates.review.statistics.limits import phase_one
from linetwin.surrogates.review.streams import Stream

FALSE = "at most 5 % of the signals are false"
ANOTHER = "Limits of one run: another order differs by more than its scatter"


def _stream(level: float) -> Stream:
    """Return readings of 30 trays, 10 each but for the last, which has one."""
    draws = np.random.default_rng(5)
    values = level + draws.normal(0, 1, 291)
    labels = tuple(f"tray-{number // 10:04}" for number in range(291))
    return Stream("x by tray", "x", "1", "tray", subgroups(values, labels), values, labels, None)


def _found(level: float, *, logged: bool, targets: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - stands for `Review`
    limits = {"x by tray": phase_one("x by tray", _stream(0.0).groups)}
    approved = Approved(limits, "ann", "2026-11-22T09:00:00+00:00", ("1" * 64,), "2" * 64)
    log = (SimpleNamespace(what=APPROVED, about="2" * 64),) if logged else ()
    return SimpleNamespace(
        approved=approved, log=log, charts=charted([_stream(level)], limits), not_charted=(),
        cells=(), covered=(), left_out=(), begun=None, told=(), reliable={}, stops=(),
        run=SimpleNamespace(manifest={"status": "complete"}),
        facts=SimpleNamespace(plan=SimpleNamespace(filled=False)),
        policy=SimpleNamespace(assumed=0, characteristics={"found_known": None}),
        data=SimpleNamespace(simulated=False, targets=targets),
    )  # fmt: skip


@pytest.mark.parametrize("logged", [True, False])
def test_an_order_may_differ(*, logged: bool) -> None:
    """Of another run the page's top and charts count the signals and promise no 5 % of them."""
    found = _found(3.0, logged=logged)
    count = len(found.charts.alarms)
    assert count > 20
    intro = charts_section(found).intro
    assert (FALSE in intro) == logged
    assert (ANOTHER in intro) != logged
    said = f"{ANOTHER}; the {count:,} signals here may be that."
    assert (said in lacks(found)) != logged


def test_without_a_signal_none_is_explained() -> None:
    """Where nothing alarms only the limits' origin is told."""
    found = _found(0.0, logged=False)
    assert not found.charts.alarms
    assert f"{ANOTHER}." in lacks(found)


def test_the_scatter_tells_its_subgroups() -> None:
    """An S chart says how many subgroups had two readings or more: here not the last."""
    found = _found(0.0, logged=True)
    limits = found.approved.limits["x by tray"]
    assert (limits.subgroups, limits.spread_subgroups) == (30, 29)
    assert limits.reason == "subgroups with a single reading: 1 of 30"
    wide = _stream(0.0)
    values = np.where(np.arange(291) < 100, 9 * wide.values, wide.values)
    groups = subgroups(values, wide.labels)
    found.charts = charted([Stream("x by tray", "x", "1", "tray", groups, values, wide.labels,
                                   None)], {"x by tray": limits})  # fmt: skip
    (figure,) = charts_section(found).figures
    assert "limits from the 29 subgroups with 2 readings or more" in figure.caption


def test_findings_without_a_class_are_named() -> None:
    """What the policy knows, and cells that were taken for a test, are none."""
    targets = ("capacity", "found_known", "found_destructive_test", "found_bent_tab")
    said = lacks(_found(0.0, logged=True, targets=targets))
    assert "The policy has no class for what was found: bent tab." in said
    assert not any("no class" in text for text in lacks(_found(0.0, logged=True)))
