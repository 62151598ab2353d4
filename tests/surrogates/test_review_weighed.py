"""Risks, reasons, streams and thresholds of a review, on data made for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from surrogates.learners import rows, trained

from linetwin.predictors.evaluating import Predictor
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.goals import Goal
from linetwin.surrogates.review import weighing
from linetwin.surrogates.review.charting import charted
from linetwin.surrogates.review.decisions import Asked, Foretold
from linetwin.surrogates.review.log import recorded
from linetwin.surrogates.review.origins import Origin
from linetwin.surrogates.review.page_decided import decisions_section
from linetwin.surrogates.review.policy import read_policy
from linetwin.surrogates.review.quarantine import Rule
from linetwin.surrogates.review.quarantining import rule_of
from linetwin.surrogates.review.reasons import NEEDED, reason_of
from linetwin.surrogates.review.risks import Limited, Told, bad_of
from linetwin.surrogates.review.steps import decide
from linetwin.surrogates.review.streams import cell_streams, defect_streams, residual_streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRAYS, CELLS = 20, 30


def _data(shifted: int = -1) -> Dataset:
    """Return cells on trays, with a reading; one tray is shifted, each tenth cell is scrap."""
    rng = np.random.default_rng(3)
    tray = np.repeat(np.arange(TRAYS), CELLS)
    reading = 5 + rng.normal(0, 0.01, TRAYS)[tray] + rng.normal(0, 0.02, tray.size)
    reading[tray == shifted] += 0.2
    columns = {
        "measured_capacity": reading,
        "cathode_lane": np.tile([1.0, 2.0], tray.size // 2),
        "is_scrap": (np.arange(tray.size) % 10 == 0).astype(float),
        "tray": np.array([f"tray-{number:04}" for number in tray], dtype=object),
    }
    roles = {"measured_capacity": "inspection", "cathode_lane": "feature", "is_scrap": "target"}
    specs = {
        name: ColumnSpec(name, roles.get(name, "group"), "" if name == "tray" else
                         "A.h" if name == "measured_capacity" else "1")
        for name in columns
    }  # fmt: skip
    index = pd.Index([f"cell-{number:06}" for number in range(tray.size)], name="cell")
    return Dataset("made", "Made", pd.DataFrame(columns, index=index), specs, "made", "CC0-1.0",
                   "0" * 64, Path("made"))  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """What a predictor of porosity says of three rows, of which over 33 % is a fault."""
    _, stored = trained(tmp_path_factory.mktemp("review"), rows())
    with Predictor(stored) as predictor:
        asked = np.array([[2e5, 0.44], [4e5, 0.44], [1e6, 0.42]])
        nothing = np.full(3, np.nan)
        yield Told(
            predictor, "porosity.predictor", "0" * 64, asked, predictor.predict(asked),
            np.array([1.0, 0.5, 0.0]), nothing, nothing, None,
            Limited(Goal(-np.inf, 0.33), "made"), trained_here=False,
        )  # fmt: skip


def _from_nowhere(_cell: str, features: Sequence[str]) -> dict[str, Origin]:
    return {name: Origin("cathode.calender", "cathode.roll-0001", 1.0) for name in features}


def test_what_would_have_helped_helps(told: Told) -> None:
    """The line load that is named keeps the goal when the predictor is asked there."""
    reason = reason_of(told, 0, "cell", SimpleNamespace(of=_from_nowhere))
    assert reason is not None
    assert sum(part.adds for part in reason.parts) == pytest.approx(
        reason.prediction - reason.mean, abs=1e-9
    )
    load = next(part for part in reason.parts if part.feature == "line_load")
    assert load.worsens  # a low load leaves more pores
    help_ = next(text for text in reason.helps if "line load" in text)
    assert help_.startswith("porosity at most 33 % with probability 0.9")
    amount = float(help_.split(" been ")[1].split()[0].replace(",", ""))
    asked = np.array([[amount * 1e3, 0.44]])
    assert told.chance_of_good(asked)[0] == pytest.approx(NEEDED, abs=0.02)


def test_a_refused_cell_has_no_reason(told: Told) -> None:
    """Where nothing like it was seen, nothing is explained."""
    far = replace(told, predicted=told.predictor.predict(np.full((3, 2), 9e9)))
    assert reason_of(far, 0, "cell", SimpleNamespace(of=_from_nowhere)) is None


def test_subgroups_are_those_of_the_cells() -> None:
    """Means by tray, and by tray and lane, are pandas' own; faults are counted by tray."""
    data = _data()
    frame = data.frame
    streams = {stream.name: stream for stream in cell_streams(data)}
    assert [*streams] == [
        "capacity by tray",
        "capacity, cathode lane 1",
        "capacity, cathode lane 2",
    ]
    means = frame.groupby("tray", sort=False)["measured_capacity"].mean()
    np.testing.assert_allclose(streams["capacity by tray"].groups.means, means)
    own = frame[frame["cathode_lane"] == 2].groupby("tray", sort=False)["measured_capacity"].mean()
    np.testing.assert_allclose(streams["capacity, cathode lane 2"].groups.means, own)
    (scrap,) = defect_streams(data)
    assert scrap.counts.tolist() == frame.groupby("tray")["is_scrap"].sum().tolist()
    assert scrap.sizes.tolist() == [CELLS] * TRAYS


def test_a_shifted_tray_alarms_against_frozen_limits() -> None:
    """Limits of a sound run, approved, find the shifted tray of the next, and no other."""
    before = charted([*cell_streams(_data())])
    assert before.alarms == ()
    limits = {each.stream.name: each.limits.approved("ann", "") for each in before.charted
              if each.limits is not None}  # fmt: skip
    found = charted([*cell_streams(_data(shifted=13)), *defect_streams(_data())], limits)
    assert found.frozen
    location = [alarm for alarm in found.alarms if alarm.chart != "EWMA"]
    assert {alarm.label for alarm in location} == {"tray-0013"}
    (unknown,) = [each for each in found.charted if each.refused]
    assert (unknown.stream.name, unknown.charts) == ("scrap, by tray", ())


def test_no_residuals_without_a_gauge() -> None:
    """Of a target whose gauge is not stated there is no stream, and the reason is told."""
    named = SimpleNamespace(target="capacity", trained_here=False)
    streams, refused = residual_streams(_data(), [named])
    assert streams == []
    assert "no gauge is stated" in refused[0]


def test_safety_stops_what_is_surely_above_the_mean(told: Told) -> None:
    """Without a shown threshold a low end above ceiling and mean risk stops; cost has no say."""
    policy = read_policy().characteristics
    risk, low = np.array([0.001, 0.002, 0.3]), np.array([0.0, 0.0015, 0.2])
    own = replace(told, risk=risk, low=low, weighs=policy["found_self_discharge"], limited=None)
    assert weighing.stopped(own, None).tolist() == [False, False, True]
    cost = replace(own, weighs=policy["is_scrap"])
    assert weighing.stopped(cost, None).tolist() == [False, False, True]
    assert not weighing.stopped(replace(own, weighs=None), None).any()


def test_grade_a_is_no_fault() -> None:
    """Without a policy 1 is a fault, but of grade A; a policy has the say."""
    policy = read_policy().characteristics
    assert [bad_of(name, None) for name in ("is_grade_a", "is_scrap", "found_x")] == [0, 1, 1]
    assert bad_of("is_grade_a", replace(policy["is_grade_a"], bad=1)) == 1


def test_the_audit_is_nobodys_choice() -> None:
    """A fiftieth of the cells, the same in any order, another with another seed."""
    cells = [f"cell-{number}" for number in range(500)]
    rule = Rule(read_policy().audit_share)
    chosen = {cells[row] for row in np.flatnonzero(rule.sample(cells, 1, 0.5).chosen)}
    assert len(chosen) == 10
    turned = cells[::-1]
    assert chosen == {turned[row] for row in np.flatnonzero(rule.sample(turned, 1, 0.5).chosen)}
    assert chosen != {cells[row] for row in np.flatnonzero(rule.sample(cells, 2, 0.5).chosen)}
    assert rule_of(read_policy(), 3).sample(cells, 1, 0.5).chosen.sum() == 3


def test_what_people_write_is_text(tmp_path: Path) -> None:
    """Markup in a name or a reason is shown as it was typed, and does nothing."""
    said = Foretold("capacity", 4.9, 4.8, 5.0, "inside", "capacity", "0" * 64)
    reason = "<script>alert(1)</script>"
    decide(tmp_path, {"cell-1": Asked("A", reason)}, {"cell-1": [said]}, "<b>ann</b>", "1" * 64)
    html = decisions_section(SimpleNamespace(log=recorded(tmp_path))).html
    assert "<script>" not in html
    assert "<b>ann" not in html
    assert "&lt;script&gt;" in html
