"""Runs that fail or give no value: no window where they lie, no best of them without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.cli.study_answers import answer
from linetwin.cli.study_telling import check_kept
from linetwin.errors import ScenarioError
from linetwin.study.analysing.optimum import optimum
from linetwin.study.analysing.window import Refused, Window, window
from linetwin.study.reading import read_study_file
from linetwin.study.report import study_page
from linetwin.study.report_findings import Findings
from linetwin.study.report_words import address_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AIM = f"objectives: [{{maximise: {FIGURE}}}]"
NAN = float("nan")
EDGE = 0.6


def slope(shares: np.ndarray) -> float:
    """Return what grows with both factors."""
    return float(shares[0] + shares[1] / 2)


def beyond(where: Callable[[np.ndarray], bool]) -> Callable[[np.ndarray, int], dict[str, float]]:
    """Return a run that tells nothing at some places."""

    def run(shares: np.ndarray, _: int) -> dict[str, float]:
        return {FIGURE: NAN if where(shares) else slope(shares), SECOND: float(shares.sum())}

    return run


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_no_window_where_runs_fail_or_are_empty(
    tmp_path: Path,
    kind: str,
    fails: bool,  # noqa: FBT001
) -> None:
    """The best lies where nothing comes back: the window stays before it, and says so."""
    text = study_text(2, f"{{kind: {kind}, points: 32}}", f"replications: 2\n{AIM}")
    observed = carried(tmp_path, text, beyond(lambda shares: shares[0] > EDGE), fails=fails)
    found = window(observed)
    assert isinstance(found, Window)
    assert found.high[0] <= EDGE
    assert found.best[0] <= EDGE
    assert "of all runs told what is aimed at" in study_page(observed)


def test_the_window_of_thirty_points_stays_before_the_edge(tmp_path: Path) -> None:
    """There is one, and it reaches near where runs begin to fail."""
    text = study_text(2, "{kind: latin_hypercube, points: 40}", f"replications: 2\n{AIM}")
    found = window(carried(tmp_path, text, beyond(lambda shares: shares[0] > EDGE), fails=True))
    assert isinstance(found, Window)
    assert 0.35 < found.high[0] <= EDGE


def test_a_bound_without_a_value_is_not_kept(tmp_path: Path) -> None:
    """The bound's figure is empty beyond the edge; where it is told it is kept everywhere."""

    def run(shares: np.ndarray, _: int) -> dict[str, float]:
        return {FIGURE: slope(shares), SECOND: NAN if shares[0] > EDGE else 2.0 + shares[1]}

    more = (
        f"replications: 2\n{AIM}\nconstraints: [{{figure: {SECOND}, at_least: 1 J, chance: 0.9}}]"
    )
    found = window(
        carried(tmp_path, study_text(2, "{kind: latin_hypercube, points: 40}", more), run)
    )
    assert isinstance(found, Window)
    assert found.high[0] <= EDGE


def test_failures_all_over_leave_no_window(tmp_path: Path) -> None:
    """Half of all runs, whatever the place: too few tell anything, and it is said."""
    rng = np.random.default_rng(3)

    def run(shares: np.ndarray, _: int) -> dict[str, float]:
        return {FIGURE: NAN if rng.random() < 0.5 else slope(shares), SECOND: 1.0}

    text = study_text(2, "{kind: latin_hypercube, points: 40}", f"replications: 3\n{AIM}")
    observed = carried(tmp_path, text, run)
    found = window(observed)
    assert isinstance(found, Refused)
    assert found.why == "untold"
    assert found.share == pytest.approx(0.5, abs=0.1)
    assert "too many runs failed or gave no value" in study_page(observed)


def test_few_failures_all_over_lessen_the_chance(tmp_path: Path) -> None:
    """One run in twenty: the window stays, and its chance is at most what tells."""
    rng = np.random.default_rng(4)

    def run(shares: np.ndarray, _: int) -> dict[str, float]:
        return {FIGURE: NAN if rng.random() < 0.05 else slope(shares), SECOND: 1.0}

    text = study_text(2, "{kind: latin_hypercube, points: 40}", f"replications: 3\n{AIM}")
    observed = carried(tmp_path, text, run)
    found = window(observed)
    assert isinstance(found, Window)
    assert found.told == pytest.approx(0.95, abs=0.04)
    assert found.chance == pytest.approx((found.told, found.told))
    assert "a single run tells its figure with a chance of at least" in study_page(observed)


def test_a_factor_that_only_makes_runs_fail_is_narrowed(tmp_path: Path) -> None:
    """The third factor does nothing to the figure; above its middle no run comes back."""
    text = study_text(3, "{kind: latin_hypercube, points: 60}", f"replications: 2\n{AIM}")
    found = window(carried(tmp_path, text, beyond(lambda shares: shares[2] > 0.5), fails=True))
    assert isinstance(found, Window)
    assert 2 in found.matters
    assert found.high[2] <= 0.5


def test_where_all_runs_tell_nothing_is_said_of_telling(tmp_path: Path) -> None:
    """The window of a study without a failure is as wide as before, up to the best corner."""
    text = study_text(2, "{kind: latin_hypercube, points: 30}", f"replications: 2\n{AIM}")
    observed = carried(tmp_path, text, beyond(lambda _: False))
    found = window(observed)
    assert isinstance(found, Window)
    assert found.high[0] == 1.0
    assert (found.told, found.chance) == (1.0, (1.0, 1.0))
    assert "told what is aimed at" not in study_page(observed)


def test_who_gives_no_value_is_named_in_a_comparison(tmp_path: Path) -> None:
    """The better one tells nothing in most of its runs: on the screen, in JSON, in the headline."""

    def run(shares: np.ndarray, seed: int) -> dict[str, float]:
        more = len(shares) > 0 and shares[0] > 0
        rng = np.random.default_rng(seed + 1000 * more)
        value = NAN if more and seed % 5 < 3 else (5.0 if more else 1.0) + rng.normal(0, 0.3)
        return {FIGURE: value, SECOND: 0.0}

    more = f"{AIM}\nalternatives: {{as_is: {{}}, more: {{{ADDRESSES[1]}: 26 kg}}}}"
    observed = carried(tmp_path, study_text(0, "{kind: compare, most: 30}", more), run)
    lines, content = answer(Findings(observed))
    told = {each["name"]: each for each in content["alternatives"]}
    assert told["more"]["runs"] < told["more"]["made"]
    assert told["as_is"]["runs"] == told["as_is"]["made"]
    assert f" in {told['more']['runs']} of {told['more']['made']} runs" in lines[0]
    empty = told["more"]["made"] - told["more"]["runs"]
    page = study_page(observed)
    assert f"{empty} of {told['more']['made']} runs of more failed or gave no value" in page
    assert f"has no value in {empty} of" in page


def test_a_point_that_seldom_tells_is_not_the_best(tmp_path: Path) -> None:
    """The upper half tells one run in four: the best is from the lower half, where all do."""

    def run(shares: np.ndarray, seed: int) -> dict[str, float]:
        first = float(shares[0]) if len(shares) else 0.2
        return {FIGURE: NAN if first > 0.5 and seed % 4 else first, SECOND: 0.0}

    design = "{kind: optimise, trials: 20, fresh: 12, finalists: 20}\nreplications: 4"
    observed = carried(tmp_path, study_text(1, design, AIM), run)
    found = optimum(observed)
    assert found is not None
    first = [observed.shares[each.point][0] for each in found.finalists]
    assert first[0] <= 0.5
    told = [each.figures[0].n for each in found.finalists]
    assert told == sorted(told, reverse=True)
    assert "Told by 12 seeds the search had not seen" in study_page(observed)


@pytest.mark.parametrize("draw", range(4))
def test_the_window_keeps_off_an_edge_between_points(tmp_path: Path, draw: int) -> None:
    """Thirty points, the edge anywhere between two of them: no place of the window fails."""
    text = study_text(
        2, "{kind: latin_hypercube, points: 30}", f"replications: 2\nseed: {draw + 1}\n{AIM}"
    )
    found = window(carried(tmp_path, text, beyond(lambda shares: shares[0] > EDGE), fails=True))
    assert isinstance(found, Window)
    assert found.high[0] <= EDGE
    assert found.chance[0] >= 0.9


def test_failures_that_grow_slowly_are_kept_as_rare_as_asked(tmp_path: Path) -> None:
    """Log odds of failing grow with the first factor; five studies of 60 points, 90 % asked."""
    kept = []
    for draw in range(5):
        rng = np.random.default_rng(draw)

        def odds(first: float) -> float:
            return float(1 / (1 + np.exp(-12 * (first - EDGE))))

        def run(shares: np.ndarray, _: int, rng: np.random.Generator = rng) -> dict[str, float]:
            return {FIGURE: NAN if rng.random() < odds(shares[0]) else slope(shares), SECOND: 1.0}

        folder = tmp_path / str(draw)
        folder.mkdir()
        more = f"replications: 2\nseed: {draw + 1}\n{AIM}"
        text = study_text(3, "{kind: latin_hypercube, points: 60}", more)
        found = window(carried(folder, text, run))
        if isinstance(found, Window):
            spread = np.linspace(found.low[0], found.high[0], 50)
            kept.append(float(np.mean([1 - odds(each) for each in spread])))
    assert kept
    assert np.mean(kept) >= 0.85  # a standard error of 0.03 about 0.9


def test_optimise_turns_to_trials_that_come_back(tmp_path: Path) -> None:
    """Above the edge six runs in ten fail: the best is below it, and comes back each time."""
    for draw in range(3):
        rng = np.random.default_rng(draw)

        def run(shares: np.ndarray, _: int, rng: np.random.Generator = rng) -> dict[str, float]:
            shares = shares if len(shares) else np.array([0.2, 0.2])
            bad = shares[0] > EDGE and rng.random() < 0.6
            return {FIGURE: NAN if bad else slope(shares), SECOND: float(shares[1])}

        bound = f"constraints: [{{figure: {SECOND}, at_most: 0.9 J, chance: 0.9}}]"
        design = "{kind: optimise, trials: 30, finalists: 3, fresh: 12}"
        more = f"replications: 3\nseed: {100 + draw}\n{AIM}\n{bound}"
        folder = tmp_path / str(draw)
        folder.mkdir()
        observed = carried(folder, study_text(2, design, more), run, fails=True)
        found = optimum(observed)
        assert found is not None
        assert found.finalists[0].keeps
        assert found.finalists[0].figures[0].n == 12
        assert observed.shares[found.finalists[0].point][0] <= EDGE


def test_a_fit_without_a_point_to_spare_names_nothing(tmp_path: Path) -> None:
    """Four corners, one seed, nothing but noise."""
    rng = np.random.default_rng(1)
    text = study_text(2, "{kind: full}")
    page = study_page(
        carried(tmp_path, text, lambda _, __: {FIGURE: float(rng.normal()), SECOND: 1.0})
    )
    assert "Nothing that can be told from chance with these runs." in page


def test_of_a_factor_that_no_two_runs_differ_in_nothing_is_said(tmp_path: Path) -> None:
    """All runs off the middle level of the second factor fail."""
    text = study_text(2, "{kind: full, levels: 5}", "replications: 2")
    observed = carried(
        tmp_path, text, beyond(lambda shares: abs(shares[1] - 0.5) > 0.1), fails=True
    )
    page = study_page(observed)
    assert f"of {address_name(ADDRESSES[1])} nothing is known: no two runs that told differ" in page
    assert "1 of 2 factors" not in page


def test_seeds_that_only_round_do_nothing(tmp_path: Path) -> None:
    """Sums in another order differ by a bit: no share of chance is told of it."""

    def run(shares: np.ndarray, seed: int) -> dict[str, float]:
        return {FIGURE: slope(shares) * (1 + 1e-16 * seed), SECOND: 1.0}

    text = study_text(2, "{kind: latin_hypercube, points: 12}", "replications: 3")
    assert "with a seed of its own" not in study_page(carried(tmp_path, text, run))


def island(shares: np.ndarray) -> bool:
    """Whether a place lies in a tenth of all that is varied, within."""
    return bool(abs(shares[0] - 0.4) < 0.1 and abs(shares[1] - 0.4) < 0.25)


@pytest.mark.parametrize(("points", "replications"), [(30, 2), (60, 1), (60, 3)])
def test_no_window_over_an_island_where_the_best_would_be(
    tmp_path: Path, points: int, replications: int
) -> None:
    """The hill's top fails: windows lie beside it, if there are any."""
    found = []
    for draw in range(4):

        def run(shares: np.ndarray, _: int) -> dict[str, float]:
            hill = 1 - float(((shares - 0.4) ** 2).sum())
            return {FIGURE: NAN if island(shares) else hill, SECOND: 1.0}

        more = f"replications: {replications}\nseed: {draw + 1}\n{AIM}"
        text = study_text(2, f"{{kind: latin_hypercube, points: {points}}}", more)
        folder = tmp_path / str(draw)
        folder.mkdir()
        told = window(carried(folder, text, run, fails=draw % 2 == 0))
        if isinstance(told, Window):
            places = np.random.default_rng(0).uniform(told.low, told.high, (200, 2))
            found.append(any(island(place) for place in places))
    assert found
    assert not any(found)


def test_failing_at_both_ends_leaves_the_middle(tmp_path: Path) -> None:
    """A band of the first factor comes back: the window lies in it."""
    text = study_text(2, "{kind: latin_hypercube, points: 40}", f"replications: 2\n{AIM}")
    ends = beyond(lambda shares: bool(shares[0] < 0.2 or shares[0] > 0.7))
    found = window(carried(tmp_path, text, ends, fails=True))
    assert isinstance(found, Window)
    assert 0.2 <= found.low[0] < found.high[0] <= 0.7


def test_without_constraints_the_best_comes_back_too(tmp_path: Path) -> None:
    """The farther up, the more runs fail: who is on top is told by nearly all new runs."""
    for draw in range(3):
        rng = np.random.default_rng(draw)

        def run(shares: np.ndarray, _: int, rng: np.random.Generator = rng) -> dict[str, float]:
            first = float(shares[0]) if len(shares) else 0.2
            return {FIGURE: NAN if rng.random() < first**2 else 10 * first, SECOND: 0.0}

        folder = tmp_path / str(draw)
        folder.mkdir()
        design = "{kind: optimise, trials: 30, fresh: 10}"
        text = study_text(2, design, f"replications: 3\nseed: {100 + draw}\n{AIM}")
        found = optimum(carried(folder, text, run, fails=True))
        assert found is not None
        assert found.finalists[0].figures[0].n >= 8
        seldom = [each for each in found.finalists if each.figures[0].n <= 5]
        assert not any(each.unbeaten for each in seldom)


def test_where_no_trial_comes_back_it_is_said(tmp_path: Path) -> None:
    """Only the scenario does, which the bounds leave out: no best, a page, and exit code 2."""

    def run(shares: np.ndarray, _: int) -> dict[str, float]:
        return {FIGURE: 1.0 if not len(shares) or not 0 <= shares[0] <= 1 else NAN, SECOND: 1.0}

    design = "{kind: optimise, trials: 4, batch: 4, finalists: 2, fresh: 2}"
    text = study_text(1, design, AIM).replace("low: 300 N/mm", "low: 800 N/mm")
    observed = carried(tmp_path, text, run, fails=True)
    assert optimum(observed) is None
    assert "runs failed" in study_page(observed)
    spec = read_study_file(tmp_path / "study.yaml")
    with pytest.raises(ScenarioError, match="no trial told what is aimed at in new runs"):
        check_kept(Findings(observed), spec)


def test_trajectories_that_all_cross_failures_are_said_to(tmp_path: Path) -> None:
    """Every trajectory crosses the middle: nothing is told, and more replications are no advice."""
    text = study_text(2, "{kind: morris, trajectories: 8}", "replications: 2")
    observed = carried(tmp_path, text, beyond(lambda shares: shares[0] > 0.5), fails=True)
    page = study_page(observed)
    assert "too few samples are whole" in page
    assert "More replications" not in page
