"""What the stop in force does: cells stopped once, those wrongly, and what it saves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.data.runs import INCLUSION_WEIGHT
from linetwin.surrogates.review.page_decided import in_short, policy_section
from linetwin.surrogates.review.policy import read_policy
from linetwin.surrogates.review.stopping import Stop, in_force

POLICY = read_policy()
B = np.array([1.0, 1, 0, 0, 0, 0, np.nan, 0])
"""Grade A of eight cells: six are none, of one nothing is known."""
SCRAP = np.array([0.0, 0, 0, 1, 0, 0, np.nan, 0])
STOPS = {
    "is_grade_a": np.array([1, 0, 1, 0, 0, 1, 1, 0], dtype=bool),
    "is_scrap": np.array([1, 0, 0, 1, 1, 0, 0, 0], dtype=bool),
}


def _data(
    *, weights: bool = False, trays: int = 4, of: tuple[np.ndarray, np.ndarray] = (B, SCRAP)
) -> Dataset:
    grade, scrap = of
    columns: dict[str, Any] = {
        "is_grade_a": grade, "is_scrap": scrap,
        "tray": [f"tray-{number % trays}" for number in range(grade.size)],
    }  # fmt: skip
    specs = {name: ColumnSpec(name, "target", "1") for name in ("is_grade_a", "is_scrap")}
    specs["tray"] = ColumnSpec("tray", "group", "")
    if weights:
        columns[INCLUSION_WEIGHT] = np.ones(grade.size)
        specs[INCLUSION_WEIGHT] = ColumnSpec(INCLUSION_WEIGHT, "weight", "1")
    frame = pd.DataFrame(columns, index=[f"cell-{number}" for number in range(grade.size)])
    return Dataset("made", "Made", frame, specs, "made", "CC0-1.0", "0" * 64, Path("made"))


def _told(target: str, **changed: Any) -> Any:  # noqa: ANN401 - stands for `Told`
    own = {
        "target": target, "weighs": POLICY.characteristics[target], "limited": None,
        "is_yes_or_no": True, "bad": POLICY.characteristics[target].bad, "trained_here": False,
        "risk": np.full(B.size, 0.5),
    }  # fmt: skip
    return SimpleNamespace(**(own | changed))


def _stops(data: Dataset, **changed: bool) -> tuple[Stop, ...]:
    told = [_told(name, **changed) for name in STOPS]
    return in_force(told, list(STOPS.values()), data)


def test_a_cell_is_stopped_once() -> None:
    """Counted by hand: cell 0 costs the dearer alarm once, cell 3 saves the escape of scrap."""
    together, grade, scrap = _stops(_data())
    assert (together.stopped, together.known, together.sound) == (6, 5, 2)
    assert together.saving is not None
    by_hand = -12 + 8 + 60 - 12 + 8  # cells 0, 2, 3, 4, 5; 6 has no outcome, 1 and 7 pass
    assert together.saving.value == pytest.approx(1000 * by_hand / 7)
    assert together.saving.low < together.saving.value < together.saving.high
    assert (grade.stopped, grade.known, grade.sound) == (4, 3, 1)
    assert grade.saving is not None
    assert grade.saving.value == pytest.approx(1000 * (-3 + 8 + 8) / 7)
    assert (together.base, grade.base, scrap.base) == (7, 7, 7)
    assert (scrap.stopped, scrap.known, scrap.sound) == (3, 3, 2)
    assert scrap.saving is not None
    assert scrap.saving.value == pytest.approx(1000 * (-12 + 60 - 12) / 7)


def test_a_stop_is_wrong_only_where_all_its_faults_are_known_to_be_absent() -> None:
    """By hand: one known fault makes it right; one that is sound and one unknown is not known.

    Savings leave out all cells of which a predictor has a risk and no outcome, faulty or not, and
    take in those that one predictor refuses and the other knows.
    """
    grade = np.array([1.0, 0, 1, 1, np.nan, 0, 1, 1])
    scrap = np.array([np.nan, np.nan, 0, np.nan, 1, 1, np.nan, np.nan])
    stops = {
        "is_grade_a": np.array([1, 1, 1, 1, 1, 0, 0, 1], dtype=bool),
        "is_scrap": np.array([1, 1, 1, 0, 1, 1, 0, 0], dtype=bool),
    }
    risk = np.array([0.5] * 7 + [np.nan])
    told = [_told("is_grade_a"), _told("is_scrap", risk=risk)]
    together, *_ = in_force(told, list(stops.values()), _data(of=(grade, scrap)))
    # rightly 1, 4, 5; wrongly 2, 3 (stopped for the grade alone) and 7; not known 0
    assert (together.stopped, together.known, together.sound) == (7, 6, 3)
    assert together.saving is not None
    assert together.base == 3  # 2: alarm of scrap; 5: escape of scrap; 7: refused by scrap's
    assert together.saving.value == pytest.approx(1000 * (-12 + 60 - 3) / 3)


def test_outcomes_that_come_later_do_not_raise_what_is_saved() -> None:
    """Half of the cells still wait for one outcome: the saving stays that of all, about 0.

    Of those that wait a fault may be known and a sound outcome cannot: they count for nothing.
    """
    draws, count = np.random.default_rng(5), 1200
    bad, scrapped = draws.random((2, count)) < 0.3
    policy = [POLICY.characteristics[name] for name in STOPS]
    waits = draws.random(count) < 0.5
    values = 1.0 - bad, np.where(waits, np.nan, scrapped)
    every = [np.ones(count, dtype=bool)] * 2
    told = [_told(name, risk=np.full(count, 0.5)) for name in STOPS]
    found = in_force(told, every, _data(of=values, trays=40))[0]
    escape, alarm = (
        [getattr(each, name) for each in policy]
        for name in ("cost_of_escape", "cost_of_false_alarm")
    )
    gain = np.where(bad | scrapped, np.maximum(bad * escape[0], scrapped * escape[1]), -max(alarm))
    assert found.saving is not None
    assert found.saving.low < 1000 * gain.mean() < found.saving.high
    assert found.base == int((~waits).sum())


def test_what_cannot_be_counted_is_not() -> None:
    """Of cells that were learnt from, or drawn for, only the stopped are told; safety has none."""
    for stops in (_stops(_data(), trained_here=True), _stops(_data(weights=True))):
        assert [(each.stopped, each.sound, each.saving) for each in stops] == [
            (6, None, None), (4, None, None), (3, None, None),
        ]  # fmt: skip
        assert all(each.refused for each in stops)
    one_tray = _stops(_data(trays=1))[0]
    assert (one_tray.sound, one_tray.saving) == (2, None)
    assert one_tray.refused == "all cells are of one lot"
    safe = POLICY.characteristics["found_self_discharge"]
    of_safety = in_force([_told("is_scrap", weighs=safe)], [STOPS["is_scrap"]], _data())
    assert [(each.sound, each.saving) for each in of_safety] == [(2, None)] * 2
    assert in_force([_told("is_scrap", weighs=None)], [STOPS["is_scrap"]], _data()) == ()


def test_the_page_tells_the_stop_in_force() -> None:
    """The saving and its cells stand beside the cheapest threshold, which is not in force."""
    found: Any = SimpleNamespace(policy=POLICY, stops=_stops(_data()), weighed=())
    html = policy_section(found).html
    assert "cheapest here, not in force" in html
    assert "2 of 5" in html
    assert "7,429 EUR" in html
    (said,) = in_short(found)
    assert said.startswith("of 5 stopped cells it is known: 2 have none of the faults")
    assert "7,429 EUR" in said
    assert "counted on the 7 that have a risk and all outcomes (refused cells" in said
    assert ", of 7 cells" in html
