"""Control limits from several runs: how these differ is in them, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from linetwin.errors import ScenarioError
from linetwin.results.audit import entries
from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
from linetwin.surrogates.review.approving import approve, proposed, read_approved
from linetwin.surrogates.review.charting import charted
from linetwin.surrogates.review.joining import NOT_TRIED, Tried, joined
from linetwin.surrogates.review.log import LOG
from linetwin.surrogates.review.monitoring import Monitored, without_scrap
from linetwin.surrogates.review.page_limits import holds, is_odd, of_another
from linetwin.surrogates.review.starting_up import StartUp
from linetwin.surrogates.review.statistics.charts import Subgroups, subgroups
from linetwin.surrogates.review.statistics.counts import CountLimits, count_chart, phase_one_shares
from linetwin.surrogates.review.statistics.limits import (
    Limits,
    ewma_chart,
    location_chart,
    phase_one,
    spread_chart,
)
from linetwin.surrogates.review.statistics.limits_of_runs import phase_one_of_runs
from linetwin.surrogates.review.statistics.orders import Levels, chances, half_widths, student
from linetwin.surrogates.review.streams import DefectStream, Stream

if TYPE_CHECKING:
    from linetwin.surrogates.review.charting import Streams

TRAYS, CELLS = 36, 8
LABELS = tuple(f"tray-{number // CELLS:02}" for number in range(TRAYS * CELLS))


def _values(draws: np.random.Generator, between: float, phi: float) -> np.ndarray:
    """Return readings of a run: its level, an autoregression of trays, scatter within them."""
    noise = draws.standard_normal(TRAYS)
    trays = noise.copy()
    for number in range(1, TRAYS):
        trays[number] = phi * trays[number - 1] + np.sqrt(1 - phi**2) * noise[number]
    level = between * draws.standard_normal()
    return level + np.repeat(trays, CELLS) + draws.standard_normal(TRAYS * CELLS)


def _groups(draws: np.random.Generator, between: float, phi: float) -> Subgroups:
    return subgroups(_values(draws, between, phi), LABELS)


def _run(draws: np.random.Generator, between: float = 1.0, faulty: float = 0.05) -> Streams:
    """Return a run of two streams."""
    values = _values(draws, between, 0.3)
    names = tuple(dict.fromkeys(LABELS))
    sizes = np.full(TRAYS, CELLS)
    found = draws.binomial(sizes, faulty)
    stream = Stream("x by tray", "x", "1", "tray", subgroups(values, LABELS), values, LABELS, None)
    return [stream, DefectStream("scrap, by tray", found, sizes, names)]


@pytest.mark.parametrize(("runs", "between", "freedom"), [(2, 0.5, 30), (3, 1.0, 8), (8, 3.0, 90)])
def test_chances_are_those_of_two_students(runs: int, between: float, freedom: int) -> None:
    """The chance is that of a sum of two Student's t, here of a million drawn ones."""
    draws = np.random.default_rng(3)
    levels = Levels(runs, 0.0, between, 1.3, freedom)
    drawn = levels.sigma * draws.standard_t(runs - 1, 1_000_000)
    drawn += 1.3 * draws.standard_t(freedom, 1_000_000)
    for share in (0.2, 0.01, 0.0027):
        off = float(np.quantile(np.abs(drawn), 1 - share))
        assert float(chances(levels, np.array([off]))[0]) == pytest.approx(share, rel=0.05)


def test_chances_at_either_end() -> None:
    """Runs that hardly scatter inside leave Student's t of the levels; equal levels that within."""
    off = np.array([0.5, 3.0, 20.0])
    alone = chances(Levels(4, 0.0, 1.0, 1e-6, 50), off)
    assert alone == pytest.approx(2 * stats.t.sf(off / np.sqrt(1.25), 3), rel=1e-3)
    within = chances(Levels(4, 0.0, 0.0, 2.0, 7), off)
    assert within == pytest.approx(2 * stats.t.sf(off / 2, 7), rel=1e-6)


@pytest.mark.parametrize("between", [0.0, 0.1, 40.0])
def test_limits_lie_where_the_chance_is(between: float) -> None:
    """The chance at the limits is the one that was asked for."""
    levels = Levels(3, 0.0, between, 0.7, 12.5)
    own, share = np.linspace(0.1, 1, 7), np.linspace(0.04, 1, 7)
    half = half_widths(levels, 0.0027, own, share)
    assert chances(levels, half, own, share) == pytest.approx(np.full(7, 0.0027), rel=1e-4)


@pytest.mark.parametrize("freedom", [3.0, 6.0, 1e9])
def test_tails_are_found(freedom: float) -> None:
    """Scale and tails of drawn values are near those that scipy finds by likelihood."""
    drawn = 2.5 * np.random.default_rng(7).standard_t(freedom, 1500)
    scale, tails = student(drawn)
    own, _, other = stats.t.fit(drawn, floc=0)
    assert scale == pytest.approx(other, rel=0.02)
    assert tails == pytest.approx(1 / own, abs=0.03)
    assert student(np.zeros(5)) == (0.0, 0.0)


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_false_alarms_of_an_unseen_run(phi: float) -> None:
    """Where runs differ by half of what trays do, limits of five alarm at less than 0.7 %.

    Limits of one alarm at over 2 % of the points, of the weighted means at over 5 %.
    """
    draws = np.random.default_rng(11)
    of_five, of_one = [], []
    for _ in range(40):
        runs = [_groups(draws, 0.5, phi) for _ in range(5)]
        new = _groups(draws, 0.5, phi)
        for limits, told in ((phase_one_of_runs("x", runs), of_five),
                             (phase_one("x", runs[0]), of_one)):  # fmt: skip
            own = (location_chart(limits, new), ewma_chart(limits, new), spread_chart(limits, new))
            told.append([np.mean(chart.chances < 0.0027) for chart in own if chart is not None])
    several, single = np.mean(of_five, axis=0), np.mean(of_one, axis=0)
    assert (several < 0.007).all()
    assert single[0] > 0.01
    assert single[1] > 0.05


def test_few_runs_widen_and_a_shift_is_seen() -> None:
    """Limits of two runs are wider than of ten; of ten a shift of ten deviations is seen."""
    draws = np.random.default_rng(2)
    runs = [_groups(draws, 0.5, 0.3) for _ in range(10)]
    two, ten = phase_one_of_runs("x", runs[:2]), phase_one_of_runs("x", runs)
    wide, narrow = (location_chart(each, runs[0]) for each in (two, ten))
    assert wide.high[0] - wide.low[0] > 3 * (narrow.high[0] - narrow.low[0])
    assert (two.runs, ten.runs, ten.subgroups) == (2, 10, 10 * TRAYS)
    shifted = replace(runs[0], means=runs[0].means + 10)
    assert (location_chart(ten, shifted).chances < 1e-5).mean() > 0.9
    assert not location_chart(ten, runs[0]).out.any()


def test_scatter_within_that_differs_between_runs() -> None:
    """Runs whose scatter within differs by a factor have an S chart that holds it."""
    draws = np.random.default_rng(9)
    factors = draws.lognormal(0, 0.4, 8)
    runs = [subgroups(factor * draws.standard_normal(TRAYS * CELLS), LABELS) for factor in factors]
    limits = phase_one_of_runs("x", runs[:7])
    assert limits.orders is not None
    assert limits.orders.spread is not None
    chart = spread_chart(limits, runs[7])
    assert chart is not None
    assert not chart.out.any()
    kept = Limits.of_record(json.loads(json.dumps(limits.record(), allow_nan=False)))
    assert kept == limits


def test_shares_that_differ_between_runs() -> None:
    """Runs of 2 to 20 % faulty cells: limits of them hold another; of equal ones 30 % is seen."""
    draws = np.random.default_rng(4)
    sizes, names = np.full(TRAYS, 20), [str(number) for number in range(TRAYS)]

    def drawn(share: float) -> np.ndarray:
        return draws.binomial(sizes, share)

    def limits_of(shares: list[float]) -> CountLimits:
        many = [drawn(share) for share in shares]
        return phase_one_shares("scrap", many, [sizes] * len(many), names * len(many))

    differing = limits_of([0.02, 0.2, 0.08, 0.11, 0.05, 0.15])
    alike = limits_of([0.05] * 6)
    assert count_chart(differing, drawn(0.14), sizes, names).out.mean() < 0.02
    assert count_chart(alike, drawn(0.05), sizes, names).out.mean() < 0.03
    assert count_chart(alike, drawn(0.4), sizes, names).out.mean() > 0.6
    assert CountLimits.of_record(json.loads(json.dumps(differing.record()))) == differing
    none = limits_of([0.0] * 6)
    assert count_chart(none, np.array([0, 9]), sizes[:2], names[:2]).out.tolist() == [False, True]


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (subgroups(np.arange(9.0), LABELS[::CELLS][:9]), "9 subgroups of run 2 are too few"),
        (subgroups(np.ones(30), [str(number) for number in range(30)]), "run 2 do not scatter"),
        (subgroups(np.arange(60.0), [str(number) for number in range(60)]), "run 2 drift"),
    ],
)
def test_runs_that_give_no_limits(odd: Subgroups, words: str) -> None:
    """A run that is too short, equal or drifting is named."""
    with pytest.raises(ScenarioError, match=words):
        phase_one_of_runs("x", [_groups(np.random.default_rng(1), 1.0, 0.0), odd])


def test_each_run_is_held_against_the_others() -> None:
    """The run with a shift in a third of its trays stands out among five; of two nothing is said.

    A finding that some runs did not have is none of their cells; other streams are to be in all.
    """
    draws = np.random.default_rng(6)
    runs = [_run(draws, 0.3) for _ in range(4)]
    values = _values(draws, 0.3, 0.0) + np.where(np.arange(TRAYS * CELLS) % 96 < 8, 25.0, 0.0)
    stream = replace(runs[0][0], groups=subgroups(values, LABELS), values=values)
    scrap = runs[0][1]
    assert isinstance(scrap, DefectStream)
    rare = replace(scrap, name="finding burr, by tray", counts=np.eye(1, TRAYS, 3)[0].astype(int))
    runs.append([stream, scrap, rare, replace(stream, name="y by tray")])
    found = joined(runs)
    assert int(np.argmax(found.tried.signals)) == 4
    assert max(found.tried.signals[:4]) < found.tried.signals[4]
    assert {*found.limits} == {"x by tray", "scrap, by tray", "finding burr, by tray"}
    assert found.refused == {"y by tray": "in 1 of 5 runs only"}
    burrs = found.limits["finding burr, by tray"]
    assert isinstance(burrs, CountLimits)
    assert (burrs.events, burrs.size, burrs.runs) == (1, 5 * TRAYS * CELLS, 5)
    assert joined(runs[:2]).tried == NOT_TRIED


def _told(tmp_path: Path, count: int) -> list[Monitored]:
    draws = np.random.default_rng(8)
    found = []
    for number in range(count):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        begun = StartUp(frozenset(), TRAYS, filled=False)
        found.append(Monitored(folder, f"{number}" * 64, _run(draws), begun))
    return found


def test_approval_stands_in_the_log_of_each_run(tmp_path: Path) -> None:
    """Limits of three runs go into a file that is read again, and into three logs; none twice."""
    runs, file = _told(tmp_path, 3), tmp_path / "limits.json"
    found = proposed(runs)
    done = approve(runs, found, "ann", file)
    again = read_approved(file)
    assert (again.digest, again.runs, again.tried) == (done.digest, 3, found.tried)
    assert len(again.tried.signals) == 3
    for each in runs:
        log = list(entries(each.folder / LOG))
        assert again.is_logged(log)
        assert log[-1].who == "ann"
    new = _run(np.random.default_rng(99))
    before, after = (charted(new, limits).charted for limits in (done.limits, again.limits))
    for one, other in zip(before, after, strict=True):
        for own, kept in zip(one.charts, other.charts, strict=True):
            assert own.chances.tolist() == kept.chances.tolist()
    text = file.read_text("utf-8").replace('"runs": 3', '"runs": 4')
    file.write_text(text, "utf-8")
    with pytest.raises(ScenarioError, match="was changed"):
        read_approved(file)
    with pytest.raises(ScenarioError, match=r"run-0 has the same cells as .*run-0"):
        proposed([runs[0], runs[1], runs[0]])


def test_limits_of_a_file_before_several_runs(tmp_path: Path) -> None:
    """A file of one run as it was written before (schema 1) is read as it was."""
    from linetwin.surrogates.review.approving import _digest

    (run,), file = _told(tmp_path, 1), tmp_path / "limits.json"
    approve([run], proposed([run]), "ann", file)
    content = json.loads(file.read_text("utf-8"))
    for name in ("sha256", "tried"):
        content.pop(name)
    content |= {"schema": 1, "data": content["data"][0]}
    for limits in content["limits"]:
        for name in ("orders", "runs", "between"):
            limits.pop(name, None)
    file.write_text(json.dumps({**content, "sha256": _digest(content)}), "utf-8")
    read = read_approved(file)
    assert (read.runs, read.data, read.tried) == (1, (run.digest,), NOT_TRIED)
    assert {*read.limits} == {"x by tray", "scrap, by tray"}


def _found(
    signals: tuple[int, ...], versus: tuple[int, ...], runs: int, *, own: bool = False
) -> Any:  # noqa: ANN401 - stands for `Review`
    approved = SimpleNamespace(runs=runs, tried=Tried(signals), is_logged=lambda _: own)
    charts = SimpleNamespace(alarms=(None,) * 7)
    return SimpleNamespace(approved=approved, log=(), charts=charts, versus=versus)


def test_what_limits_hold_is_said() -> None:
    """One run, two and several: what is promised, and whether this run has more than they had."""
    two = of_another(_found((), (), 2))
    assert "one difference" in two
    assert two.endswith("The 7 signals here may be that.")
    each = (0, 4, 1, 2, 0)
    many = _found(each, (1, 5, 9, 3, 1), 5)
    assert "each of them had 0 to 4 signals" in holds(many.approved)
    assert "chance of 1 in 6 at most" in holds(many.approved)
    assert is_odd(many)
    assert of_another(many).endswith(
        "This run has more than each: it is odd. Against the limits of all 5 it has 7 signals."
    )
    few = _found(each, (1, 5, 9, 2, 1), 5)
    assert not is_odd(few)
    assert "no more than sound runs have" in of_another(few)
    assert "one of them" in of_another(_found(each, (), 5, own=True))
    assert "not how runs differ" in holds(_found((), (), 1).approved)
    assert not of_another(_found((), (), 1, own=True))


def test_readings_of_scrap_are_left_out() -> None:
    """A scrapped cell is told of no tray, one without an outcome keeps its own."""
    frame = pd.DataFrame({"is_scrap": [0.0, 1.0, np.nan], "tray": ["a", "a", "b"]})
    columns = {"is_scrap": ColumnSpec("is_scrap", "target", "1"),
               "tray": ColumnSpec("tray", "group", "")}  # fmt: skip
    data = Dataset("made", "Made", frame, columns, "made", "CC0-1.0", "0" * 64, Path("made"))
    assert without_scrap(data).frame["tray"].tolist() == ["a", "", "b"]
    bare = replace(data, columns={"tray": columns["tray"]})
    assert without_scrap(bare) is bare


def test_a_sound_run_is_odd_as_seldom_as_is_said() -> None:
    """Of five sound runs one at most is odd, and in half of the draws one is.

    Their scatter differs by factors, which no limits hold: each run is held against the other four.
    """
    draws, odd = np.random.default_rng(12), []
    for _ in range(5):
        runs: list[Streams] = []
        for _ in range(5):
            trays = draws.lognormal() * np.repeat(draws.standard_normal(TRAYS), CELLS)
            values = trays + 0.1 * draws.standard_normal(TRAYS * CELLS)
            groups = subgroups(values, LABELS)
            runs.append([Stream("x", "x", "1", "tray", groups, values, LABELS, None)])
        own = 0
        for number, new in enumerate(runs):
            tried = joined([*runs[:number], *runs[number + 1 :]]).tried
            pairs = zip(tried.signals_of(new), tried.signals, strict=True)
            own += all(mine > theirs for mine, theirs in pairs)
        odd.append(own)
    assert max(odd) == 1
    assert sum(odd) >= 2
