"""Few of many factors act: the screening finds them in a fraction of the runs that one needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from study_oracles import ADDRESSES, FIGURE, SECOND, study_text
from study_support import NOTHING, Here, Written, unseen

from linetwin.study.analysing.observing import Observed
from linetwin.study.analysing.screened import screened, spread_of
from linetwin.study.carrying import carry_out
from linetwin.study.executing import StudyRun
from linetwin.study.factors import Factor
from linetwin.study.folder import read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.tasks import Outcome, Task

if TYPE_CHECKING:
    from pathlib import Path

MANY = 300
ACT = {17: 8.0, 18: -6.0, 140: 5.0, 255: 4.0}
SMALL = {60: 2e-9, 140: 4e-9, 201: -1e-9}
"""What acts on the second figure, whose unit makes all numbers small."""


def run(task: Task) -> Outcome:
    """Return a sum of which few factors are part, of their product, and a little noise."""
    x = dict.fromkeys(range(MANY), 0.0)
    for setting in task.settings:
        address, value = setting.split("=")
        x[int(address.removeprefix("a.x"))] = float(value.split()[0])
    rng = np.random.default_rng(int(task.run, 16))
    total = sum(weight * x[n] / 2 for n, weight in ACT.items()) + 3 * x[17] ** 2
    figures = {
        FIGURE: total + 0.1 * rng.normal(),
        SECOND: sum(weight * x[n] / 2 for n, weight in SMALL.items()),
    }
    where = (task.run, task.point, task.replication, task.seed)
    return Outcome(*where, "complete", figures=figures)


def test_those_that_act_are_found_among_many(tmp_path: Path) -> None:
    """Four of 300, two of them neighbours of opposite sign, in 150 runs, each in its interval.

    So are those that act on another figure, little as its numbers are.
    """
    text = study_text(2, "{kind: screen, points: 150}")
    written = Written(tmp_path, text)
    factors = tuple(Factor(f"a.x{n}", "m", 0.0, -1.0, 1.0) for n in range(MANY))
    spec = replace(written.spec(), factors=factors)
    writer, executor = StudyWriter(written.output, spec, NOTHING), Here(run)
    carry_out(StudyRun(spec, writer, executor, bool, unseen))
    writer.finish("complete")
    assert len(executor.made) <= 150
    observed = Observed(read_study(written.output))
    found = screened(observed, FIGURE)
    assert found is not None
    assert {n for n, _ in found.factors[: len(ACT)]} == set(ACT)
    told = dict(found.factors)
    assert all(told[n].low <= weight <= told[n].high for n, weight in ACT.items())
    assert all(told[n].clear for n in ACT)
    other = screened(observed, SECOND)
    assert other is not None
    assert [n for n, _ in other.factors[: len(SMALL)]] == [140, 60, 201]
    assert [told.value for _, told in other.factors[:3]] == pytest.approx([4e-9, 2e-9, -1e-9])
    assert ADDRESSES[0] in text


def test_the_spread_of_effects_is_that_of_those_that_are_none() -> None:
    """Ninety of chance and ten large ones: within 15 % of the spread of chance."""
    rng = np.random.default_rng(1)
    effects = np.concatenate([rng.normal(0, 2.0, 900), rng.normal(0, 60.0, 100)])
    assert abs(spread_of(effects) - 2.0) < 0.3
