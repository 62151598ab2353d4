"""Optimisation finds known optima within bounds, and tells them by runs it has not searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import norm
from study_oracles import FIGURE, SECOND, carried, runner, study_text
from study_support import NOTHING, Here, Written, unseen

from linetwin.cli.study_answers import answer
from linetwin.cli.study_telling import never_kept
from linetwin.study.analysing.aims import kept
from linetwin.study.analysing.optimum import optimum, unbeaten
from linetwin.study.carrying import carry_out
from linetwin.study.executing import Stopped, StudyRun
from linetwin.study.folder import read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.report import study_page
from linetwin.study.report_findings import Findings

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = np.array([2.0, 2.0])
"""Where the scenario lies, which bounds of two factors leave out: a run that sets none is its."""
ONE = f"objectives: [{{minimise: {FIGURE}}}]"


def bowl(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return a bowl with its bottom at 0.3, 0.7; noise that the search may take for luck."""
    shares = shares if len(shares) else OUTSIDE
    rng = np.random.default_rng([seed, *(shares * 1e9).astype(int)])
    depth = float(((shares - [0.3, 0.7]) ** 2).sum())
    return {FIGURE: depth + 0.05 * rng.normal(), SECOND: float(shares[0])}


def test_the_bottom_of_a_bowl_is_found_and_not_praised_too_much(tmp_path: Path) -> None:
    """Near the bottom; new runs tell its depth with an interval, where the search was too glad."""
    text = study_text(2, "{kind: optimise, trials: 60, fresh: 30}", ONE)
    observed = carried(tmp_path, text, bowl)
    found = optimum(observed)
    assert found is not None
    best = found.finalists[0]
    shares = observed.shares[best.point]
    assert shares == pytest.approx([0.3, 0.7], abs=0.2)
    true = float(((shares - [0.3, 0.7]) ** 2).sum())
    assert best.figures[0].low <= true <= best.figures[0].high
    assert best.searched[0] < true
    assert found.fresh == 30
    assert 0 <= found.loss < 0.05
    assert sum(each.unbeaten for each in found.finalists) == pytest.approx(1.0)
    assert observed.study.points.shape[0] == 60 + 1  # and the scenario


def test_a_constraint_keeps_the_search_on_its_side(tmp_path: Path) -> None:
    """The bottom is forbidden: what is told lies at the bound, with how often new runs keep it."""
    more = f"{ONE}\nconstraints: [{{figure: {SECOND}, at_least: 0.6 J}}]"
    observed = carried(tmp_path, study_text(2, "{kind: optimise, trials: 60}", more), bowl)
    found = optimum(observed)
    assert found is not None
    best = found.finalists[0]
    assert 0.6 <= observed.shares[best.point][0] < 0.75
    assert best.kept[0].value == 1.0
    assert best.kept[0].low == pytest.approx(20 / (20 + 1.96**2), abs=1e-4)


def noisy(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return a slope, and a bound figure that scatters by 0.1 from run to run around it."""
    shares = shares if len(shares) else OUTSIDE
    rng = np.random.default_rng([seed, *(shares * 1e9).astype(int)])
    return {FIGURE: float(shares[0]), SECOND: float(shares[0]) + 0.1 * rng.normal()}


def test_a_chance_is_kept_by_what_is_called_best(tmp_path: Path) -> None:
    """One run a trial tells no scatter: new seeds do, and other trials are looked at then.

    A normal figure with standard deviation 0.1 is 0.6 or more in 90 % of runs from 0.728 on; trials
    whose single run was lucky lie far below.
    """
    more = f"{ONE}\nconstraints: [{{figure: {SECOND}, at_least: 0.6 J, chance: 0.9}}]"
    observed = carried(tmp_path, study_text(1, "{kind: optimise, trials: 40}", more), noisy)
    found = optimum(observed)
    assert found is not None
    best = found.finalists[0]
    assert best.keeps
    assert best.kept[0].value >= 0.9
    true = norm.cdf((observed.shares[best.point][0] - 0.6) / 0.1)
    assert true >= 0.8  # 20 seeds of a chance of 0.8 keep it in 18 or more with 0.21
    assert never_kept(Findings(observed)) == []
    searched = [each for each in found.finalists if each.searched[0] < best.searched[0]]
    assert searched  # those the search liked better did not keep it
    assert not any(each.keeps for each in searched)


def test_a_chance_that_nobody_keeps_is_told(tmp_path: Path) -> None:
    """The bound lies where at best half of the runs keep it: nobody is called the best."""
    more = f"{ONE}\nconstraints: [{{figure: {SECOND}, at_least: 1 J, chance: 0.9}}]"
    observed = carried(tmp_path, study_text(1, "{kind: optimise, trials: 20}", more), noisy)
    (told,) = never_kept(Findings(observed))
    assert "in 90% of the runs; nearest is" in told
    lines, content = answer(Findings(observed))
    assert "none that was run again keeps all constraints as asked" in lines[0]
    assert ", 90 % asked" in lines[1]
    first = content["points"][0]
    assert not first["keeps"]
    assert (first["kept"][0]["at_least"], first["kept"][0]["asked"]) == (1.0, 0.9)
    shares = [each["kept"][0]["value"] for each in content["points"]]
    assert shares == sorted(shares, reverse=True)


def test_the_nearest_breaks_as_little_as_can_be(tmp_path: Path) -> None:
    """One bound is out of reach: nearest is who keeps the other; all that breaks is told."""

    def apart(shares: np.ndarray, seed: int) -> dict[str, float]:
        shares = shares if len(shares) else OUTSIDE
        rng = np.random.default_rng([seed, *(shares * 1e9).astype(int)])
        first, second = 0.15 * rng.normal(), 0.1 * rng.normal()
        return {FIGURE: float(shares[0]) + first, SECOND: float(shares[1]) + second}

    bounds = (
        f"constraints: [{{figure: {FIGURE}, at_least: 1.4 J, chance: 0.9}}, "
        f"{{figure: {SECOND}, at_most: 0.3 J, chance: 0.5}}]"
    )
    text = study_text(2, "{kind: optimise, trials: 16, fresh: 10}", f"{ONE}\n{bounds}")
    observed = carried(tmp_path, text, apart)
    found = optimum(observed)
    assert found is not None
    first = found.finalists[0]
    assert first.kept[1].value >= 0.5
    assert not first.keeps
    (told,) = never_kept(Findings(observed))
    assert f"nearest is point {first.point} (" in told
    assert f"keeps that of energy used in {first.kept[0].value:.0%} of its runs" in told
    assert "in 50% of the runs" not in told  # others keep it, and so does the nearest


def test_a_scenario_without_a_value_hides_no_best(tmp_path: Path) -> None:
    """The scenario as it is makes nothing: the best is told, and no gain against it."""

    def slope(shares: np.ndarray, _: int) -> dict[str, float]:
        value = float(shares[0]) if len(shares) else 0.0
        return {FIGURE: float("nan") if abs(value - OWN) < 1e-6 else value, SECOND: 1.0}

    text = study_text(1, "{kind: optimise, trials: 16, fresh: 4, finalists: 2}", ONE)
    first = carried(tmp_path, text, lambda shares, _: {FIGURE: float(shares[0]), SECOND: 1.0})
    OWN = float(first.shares[0][0])
    (tmp_path / "again").mkdir()
    observed = carried(tmp_path / "again", text, slope)
    found = optimum(observed)
    assert found is not None
    assert not found.finalists[0].gains
    assert answer(Findings(observed))[0][0].startswith("best:")


def test_the_nearest_is_one_point(tmp_path: Path) -> None:
    """No run keeps the bound: who lies least beyond it, on the screen as in the error."""

    def flat(shares: np.ndarray, _: int) -> dict[str, float]:
        shares = shares if len(shares) else OUTSIDE - 2.0
        return {FIGURE: float(shares[0]), SECOND: float(shares.sum())}

    more = f"{ONE}\nconstraints: [{{figure: {SECOND}, at_least: 2.5 J}}]"
    observed = carried(tmp_path, study_text(2, "{kind: optimise, trials: 24}", more), flat)
    found = optimum(observed)
    assert found is not None
    sums = [observed.shares[each.point].sum() for each in found.finalists]
    assert sums[0] == max(sums)
    (told,) = never_kept(Findings(observed))
    assert f"nearest is point {found.finalists[0].point} (" in told


def test_runs_that_cannot_tell_keep_no_bound(tmp_path: Path) -> None:
    """A bound without a value in every fifth seed is kept in 80 %, by answer and check alike."""

    def gaps(shares: np.ndarray, seed: int) -> dict[str, float]:
        shares = shares if len(shares) else OUTSIDE
        return {FIGURE: float(shares[0]), SECOND: float("nan") if seed % 5 == 0 else 1.0}

    more = f"{ONE}\nconstraints: [{{figure: {SECOND}, at_least: 0.5 J, chance: 0.9}}]"
    text = study_text(1, "{kind: optimise, trials: 12, fresh: 20}", more)
    observed = carried(tmp_path, text, gaps)
    found = optimum(observed)
    assert found is not None
    assert not found.finalists[0].keeps
    assert found.finalists[0].kept[0].value == pytest.approx(0.8, abs=0.06)
    (told,) = never_kept(Findings(observed))
    assert f"in {found.finalists[0].kept[0].value:.0%} of its runs" in told


def test_two_objectives_have_a_front(tmp_path: Path) -> None:
    """x^2 + y^2 against (x - 1)^2 + y^2: the front is y = 0, from end to end."""
    more = f"objectives: [{{minimise: {FIGURE}}}, {{minimise: {SECOND}}}]"

    def two(shares: np.ndarray, seed: int) -> dict[str, float]:
        del seed
        x, y = shares if len(shares) else OUTSIDE
        return {FIGURE: x * x + y * y, SECOND: (x - 1) ** 2 + y * y}

    observed = carried(tmp_path, study_text(2, "{kind: optimise, trials: 120}", more), two)
    found = optimum(observed)
    assert found is not None
    *of_front, own = found.finalists
    front = observed.shares[[each.point for each in of_front]]
    assert len(front) >= 6
    assert np.median(front[:, 1]) < 0.15
    assert front[:, 0].max() - front[:, 0].min() > 0.6
    assert all(each.unbeaten == 1.0 for each in of_front)
    assert own.unbeaten == 0.0
    assert np.isnan(found.loss)


def test_a_search_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    """Stopped after 20 runs and called again: the same points, and none of the 20 again."""
    text = study_text(2, "{kind: optimise, trials: 24, batch: 5, fresh: 2}", ONE)
    (tmp_path / "whole").mkdir()
    whole = carried(tmp_path / "whole", text, bowl)
    written = Written(tmp_path, text)
    spec, executor = written.spec(), Here(runner(bowl))
    writer = StudyWriter(written.output, spec, NOTHING)
    with pytest.raises(Stopped):
        carry_out(StudyRun(spec, writer, executor, lambda: len(executor.made) >= 20, unseen))
    writer.finish("interrupted")
    writer = StudyWriter(written.output, spec, NOTHING)
    carry_out(StudyRun(spec, writer, executor, bool, unseen))
    writer.finish("complete")
    assert len(executor.made) == len({task.run for task in executor.made})
    assert len(executor.made) == len(whole.study.runs.drop_duplicates("run"))
    assert read_study(written.output).points.equals(whole.study.points)


def test_who_is_beaten_and_how_often_bounds_are_kept() -> None:
    """By hand: a row that another exceeds in all objectives is no part of the front."""
    rows = np.array([[1.0, 3.0], [2.0, 2.0], [1.5, 1.5], [1.0, 3.0]])
    assert list(unbeaten(rows)) == [True, True, False, True]
    from linetwin.study.schema import Constraint

    bound = Constraint(figure="a.b", at_most=2.0)
    assert kept(bound, np.array([1.0, 2.0, 3.0, np.nan])).value == 0.5  # who cannot tell keeps none


def test_what_is_gained_is_told_seed_by_seed(tmp_path: Path) -> None:
    """Seeds that differ by ten times the gain, alike at all points: the gain is told to 2 %."""

    def hill(shares: np.ndarray, seed: int) -> dict[str, float]:
        common = 10 * np.random.default_rng(seed).normal()
        return {FIGURE: float((shares[0] - 0.9) ** 2) + common, SECOND: 0.0}

    text = study_text(1, "{kind: optimise, trials: 20, fresh: 5, finalists: 2}", ONE)
    observed = carried(tmp_path, text, hill)
    found = optimum(observed)
    assert found is not None
    assert len(found.finalists) == 3
    best = found.finalists[0]
    share = observed.shares[best.point][0]
    assert best.gains[0].value == pytest.approx((share - 0.9) ** 2 - 0.16, abs=1e-9)
    assert best.gains[0].clear
    assert best.figures[0].high - best.figures[0].low > 5


def test_a_scenario_outside_of_the_bounds_is_still_compared_with(tmp_path: Path) -> None:
    """Fresh runs of it tell what is gained; it is no candidate, however good it is."""

    def best_outside(shares: np.ndarray, seed: int) -> dict[str, float]:
        del seed
        return {FIGURE: float(shares[0]) if len(shares) else -1.0, SECOND: 0.0}

    text = study_text(1, "{kind: optimise, trials: 12, fresh: 3, finalists: 2}", ONE)
    text = text.replace("low: 300 N/mm, high: 900 N/mm", "low: 850 N/mm, high: 900 N/mm")
    observed = carried(tmp_path, text, best_outside)
    found = optimum(observed)
    assert found is not None
    assert len(found.finalists) == 3
    best, own = found.finalists[0], found.finalists[-1]
    assert own.figures[0].value == -1.0
    assert own.unbeaten == 0.0
    assert best.gains[0].value == pytest.approx(best.figures[0].value + 1.0)
    assert sum(each.unbeaten for each in found.finalists) >= 1.0
    assert found.loss == pytest.approx(0.0)
    assert answer(Findings(observed))[0][-1].startswith(
        f"  point {own.point}, the scenario as it is: "
    )
    assert study_page(observed)
