"""Control charts: published constants and lines, and the false alarms that limits promise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.statistics import autocorrelation, charts, counts, limits
from linetwin.surrogates.review.statistics.alarms import alarms

# c4 of ASTM manual 7A, table for averages and standard deviations
C4 = {2: 0.7979, 3: 0.8862, 5: 0.9400, 6: 0.9515, 10: 0.9727, 25: 0.9896}
# Rosner (1983), vitamin E of 54 people, as the engineering statistics handbook of NIST prints it
ROSNER = [
    -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65,
    1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24,
    2.26, 2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59,
    3.68, 4.30, 4.64, 5.34, 5.42, 6.01,
]  # fmt: skip


def series(phi: float, shape: tuple[int, int], seed: int) -> np.ndarray:
    """Return stationary series of unit variance, one a row."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    values = noise.copy()
    for step in range(1, shape[1]):
        values[:, step] = phi * values[:, step - 1] + np.sqrt(1 - phi**2) * noise[:, step]
    return values


def single(values: np.ndarray) -> charts.Subgroups:
    """Return single readings as subgroups."""
    return charts.subgroups(values, [f"roll-{i:04}" for i in range(values.size)])


def beyond_three_sigma(found: np.ndarray, sizes: np.ndarray) -> float:
    """Return the share of points outside of the handbook's p chart."""
    share = found.sum() / sizes.sum()
    half = 3 * np.sqrt(share * (1 - share) / sizes)
    return float((np.abs(found / sizes - share) > half).mean())


@pytest.mark.parametrize(("count", "printed"), C4.items())
def test_constants(count: int, printed: float) -> None:
    """c4 is that of the published table."""
    assert charts.c4(count) == pytest.approx(printed, abs=6e-5)


def test_the_weighted_mean_of_the_handbook() -> None:
    """NIST's example of an EWMA: begun at 50, weight 0.3."""
    data = [52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, 49.6, 47.6, 49.9, 51.3,
            47.8, 51.2, 52.6, 52.4, 53.6, 52.1]  # fmt: skip
    printed = [50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33, 50.11, 49.36,
               49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99]  # fmt: skip
    assert charts.smoothed(np.array(data), 50.0, 0.3) == pytest.approx(printed, abs=0.011)


def test_rosners_outliers() -> None:
    """Three outliers are found in Rosner's data at 5 %, though no single test finds one."""
    found = np.flatnonzero(limits.outlying(np.array(ROSNER), 0.05))
    assert [ROSNER[i] for i in found] == [5.34, 5.42, 6.01]


def test_missing_readings_are_counted() -> None:
    """A reading that is no number counts nowhere and is told."""
    groups = charts.subgroups(np.array([1.0, np.nan, 3.0, 5.0]), ["b", "b", "b", "a"])
    assert groups.labels == ("b", "a")
    assert groups.means.tolist() == [2.0, 5.0]
    assert groups.missing == 1


def test_set_aside_is_told_and_stays_on_the_chart() -> None:
    """An outlying roll takes no part in the limits, is named, and is out on the chart."""
    values = np.random.default_rng(5).normal(100.0, 1.0, 30)
    clean = limits.phase_one("loading", single(values))
    values[12] = 112.0
    groups = single(values)
    found = limits.phase_one("loading", groups)
    assert found.set_aside == ("roll-0012",)
    assert found.sigma == pytest.approx(clean.sigma, rel=0.15)
    chart = limits.location_chart(found, groups)
    assert chart.labels[int(np.flatnonzero(chart.out)[0])] == "roll-0012"
    assert len(chart.points) == 30


def test_rate_of_false_alarms_with_autocorrelation() -> None:
    """New points of 300 series: limits keep 0.27 % nearly; plain ones raise up to 60 times that.

    Within 0.9 % at an autocorrelation of 0.6 from 25 points, where moving ranges give over 8 %.
    """
    for phi, most, plain_least in ((0.0, 0.004, 0.004), (0.3, 0.005, 0.015), (0.6, 0.009, 0.06)):
        own, plain = [], []
        for row in series(phi, (300, 225), 7):
            history, new = row[:25], row[25:]
            process = autocorrelation.process_of(history)
            half = stats.t.isf(0.00135, process.freedom)
            half *= process.sigma * np.sqrt(1 + process.mean_variance)
            own.append((np.abs(new - process.mean) > half).mean())
            sigma = np.abs(np.diff(history)).mean() / (2 / np.sqrt(np.pi))  # moving ranges
            plain.append((np.abs(new - history.mean()) > 3 * sigma).mean())
        assert 0.001 < np.mean(own) < most, phi
        assert np.mean(plain) > plain_least, phi


def test_autocorrelation_has_an_honest_interval() -> None:
    """Of 500 series of 100 points at 0.5 the 95 % interval holds the truth in 92 to 98 %."""
    found = [autocorrelation.process_of(row).autocorrelation for row in series(0.5, (500, 100), 11)]
    assert np.mean([each.value for each in found]) == pytest.approx(0.5, abs=0.03)
    assert 0.92 < np.mean([each.low <= 0.5 <= each.high for each in found]) < 0.98


def test_variance_of_the_weighted_mean() -> None:
    """It is Schmid's in the long run, the textbook's without autocorrelation."""
    for phi in (0.0, 0.6):
        tail = autocorrelation.ewma_variance(phi, 0.2, 400)[-1]
        closed = 0.2 / 1.8 * (1 + phi * 0.8) / (1 - phi * 0.8)
        assert tail == pytest.approx(closed, rel=1e-9)
    first = autocorrelation.ewma_variance(0.0, 0.2, 5)
    assert first == pytest.approx(0.2 / 1.8 * (1 - 0.8 ** (2 * np.arange(1, 6))))


def test_rolls_that_differ_choose_the_chart() -> None:
    """Scatter between rolls takes limits between; without it, X-bar; X-bar would alarm falsely."""
    draws = np.random.default_rng(2)
    labels = [f"r{i // 8}" for i in range(320)]
    noise = draws.standard_normal(320)
    plain = limits.phase_one("a", charts.subgroups(noise, labels))
    mixed = noise + np.repeat(draws.normal(0, 1.5, 40), 8)
    groups = charts.subgroups(mixed, labels)
    found = limits.phase_one("b", groups)
    assert (plain.chart, found.chart) == ("within", "between")
    assert "differ by more" in found.reason
    assert not limits.location_chart(found, groups).out.any()
    forced = limits.phase_one("b", groups, "within")
    assert limits.location_chart(forced, groups).out.mean() > 0.4


def test_within_limits_keep_their_rate() -> None:
    """X-bar, S and EWMA of 300 new subgroups, over 60 histories, alarm at about 0.27 %."""
    draws = np.random.default_rng(8)
    rates = []
    for _ in range(60):
        history, new = draws.standard_normal((25, 5)), draws.standard_normal((300, 5))
        names = [f"r{i // 5}" for i in range(1500)]
        found = limits.phase_one("a", charts.subgroups(history.ravel(), names[:125]), "within")
        groups = charts.subgroups(new.ravel(), names)
        spread = limits.spread_chart(found, groups)
        assert spread is not None
        shown = (limits.location_chart(found, groups), limits.ewma_chart(found, groups), spread)
        rates.append([chart.out.mean() for chart in shown])
    mean = np.mean(rates, axis=0)
    assert (mean > 0.0012).all()
    assert (mean < 0.0055).all()


def test_scatter_of_heavy_tails() -> None:
    """Readings of Student's t with 4 degrees of freedom: S alarms at 1 % at most, F limits at 3 %.

    Rolls of which some scatter more than others likewise; the record keeps the limits.
    """
    draws = np.random.default_rng(14)
    names = [f"r{i // 10}" for i in range(6000)]
    heavy = draws.standard_t(4, 6000)
    mixed = draws.standard_normal(6000) * np.repeat(draws.lognormal(0, 0.35, 600), 10)
    for values in (heavy, mixed):
        found = limits.phase_one("a", charts.subgroups(values[:600], names[:600]))
        groups = charts.subgroups(values, names)
        assert found.spread_scores is not None
        own = limits.spread_chart(found, groups)
        plain = limits.spread_chart(replace(found, spread_scores=None), groups)
        kept = json.loads(json.dumps(found.record(), allow_nan=False))
        again = limits.spread_chart(limits.Limits.of_record(kept), groups)
        assert own is not None
        assert plain is not None
        assert again is not None
        assert own.out.mean() < 0.011
        assert plain.out.mean() > 0.03
        assert own.high.tolist() == again.high.tolist()


def test_limits_survive_their_record() -> None:
    """A record read back gives the same chart; who approved and when stand in it."""
    groups = single(np.random.default_rng(1).normal(5, 1, 30))
    found = limits.phase_one("x", groups).approved("A. Person", "2026-11-22T04:00:00Z")
    again = limits.Limits.of_record(json.loads(json.dumps(found.record(), allow_nan=False)))
    assert again.approved_by == "A. Person"
    one, other = limits.location_chart(found, groups), limits.location_chart(again, groups)
    assert one.high.tolist() == other.high.tolist()
    assert again.data == limits.data_hash(groups)
    with pytest.raises(ScenarioError, match="no limits"):
        limits.Limits.of_record({"stream": "x"})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.arange(9.0), "9 subgroups are too few"),
        (np.ones(30), "do not scatter"),
        (np.cumsum(np.ones(60)), "drift"),
        (np.r_[np.random.default_rng(0).normal(0, 1, 16), 40.0, 41.0, 42.0, 43.0], "lie apart"),
    ],
)
def test_no_limits(values: np.ndarray, words: str) -> None:
    """Too few, equal, drifting or two-state histories give no limits, and say why."""
    with pytest.raises(ScenarioError, match=words):
        limits.phase_one("loading", single(values))


@pytest.mark.parametrize(("chart", "words"), [("within", "no scatter within"), ("r", "no chart")])
def test_no_such_chart(chart: str, words: str) -> None:
    """X-bar limits of single readings, and a chart of an unknown name, are refused."""
    with pytest.raises(ScenarioError, match=words):
        limits.phase_one("loading", single(np.random.default_rng(0).normal(size=30)), chart)


def test_counts_keep_their_rate_where_three_sigma_do_not() -> None:
    """One defect expected in four trays of 40: exact limits stay below 0.4 %, three sigma do not.

    Laney's widening keeps it for overdispersed shares in large lots.
    """
    draws = np.random.default_rng(4)
    labels = [str(i) for i in range(4000)]
    sizes = np.full(4000, 40)
    rare = draws.binomial(40, 0.00625, 4000)
    found = counts.phase_one_counts("burr", "p", rare[:500], sizes[:500], labels[:500])
    assert found.chart == "p"
    assert counts.count_chart(found, rare, sizes, labels).out.mean() < 0.004
    assert beyond_three_sigma(rare, sizes) > 0.02
    lots = np.full(2000, 1000)
    share = draws.beta(50, 950, 2000)
    many = draws.binomial(1000, share)
    laney = counts.phase_one_counts("burr", "p", many[:200], lots[:200], labels[:200])
    assert laney.chart == "p'"
    assert laney.dispersion == pytest.approx(np.sqrt(1 + 999 / 1001), rel=0.12)
    assert counts.count_chart(laney, many, lots, labels[:2000]).out.mean() < 0.006
    assert beyond_three_sigma(many, lots) > 0.02


def test_shares_that_wander_have_wider_limits() -> None:
    """Where the rate of defects wanders slowly its whole scatter counts, not its small steps.

    Laney's moving ranges alone tell half of it: with them new lots alarm at over 10 %.
    """
    wander = np.clip(0.1 + 0.02 * series(0.9, (1, 2400), 3)[0], 0.005, 0.9)
    found = np.random.default_rng(13).binomial(2000, wander)
    sizes, labels = np.full(2400, 2000), [str(i) for i in range(2400)]
    own = counts.phase_one_counts("a", "p", found[:100], sizes[:100], labels[:100])
    assert own.chart == "p'"
    scores = (found / 2000 - own.centre) / np.sqrt(own.centre * (1 - own.centre) / 2000)
    assert own.dispersion == pytest.approx(scores.std(), rel=0.25)
    assert counts.count_chart(own, found, sizes, labels).out.mean() < 0.02
    steps = float(np.abs(np.diff(scores[:100])).mean() / 1.128)
    laney = replace(own, dispersion=steps)
    assert counts.count_chart(laney, found, sizes, labels).out.mean() > 0.1


def test_large_counts_have_laneys_lines() -> None:
    """With hundreds expected the exact lines are three widened sigmas, to 5 %; u' likewise."""
    draws = np.random.default_rng(6)
    sizes, labels = np.full(100, 5000), [str(i) for i in range(100)]
    found = draws.binomial(5000, draws.normal(0.1, 0.01, 100))
    for kind in ("p", "u"):
        own = counts.phase_one_counts("a", kind, found, sizes, labels)
        chart = counts.count_chart(own, found, sizes, labels)
        variance = own.centre * (1 - own.centre) if kind == "p" else own.centre
        half = 3 * own.dispersion * np.sqrt(variance / 5000)
        assert (chart.high[0] - chart.low[0]) / 2 == pytest.approx(half, rel=0.05)
        assert counts.CountLimits.of_record(json.loads(json.dumps(own.record()))) == own


def test_stream_without_a_defect_has_limits() -> None:
    """None in 4,000 cells: one is no alarm, three in a tray are; a bad tray is set aside."""
    labels, sizes = [str(i) for i in range(100)], np.full(100, 40)
    none = counts.phase_one_counts("weld", "p", np.zeros(100), sizes, labels)
    chart = counts.count_chart(none, np.array([0, 1, 3]), sizes[:3], labels[:3])
    assert chart.out.tolist() == [False, False, True]
    found = np.zeros(100)
    found[40] = 9
    assert counts.phase_one_counts("weld", "p", found, sizes, labels).set_aside == ("40",)
    with pytest.raises(ScenarioError, match="more are defective"):
        counts.phase_one_counts("weld", "p", sizes + 1, sizes, labels)


def _streams(draws: np.random.Generator, shifted: int, shared: float) -> tuple[int, int, int]:
    """Return false and true alarms, and points out, of 200 streams of ten new points each."""
    common = draws.standard_normal(60)
    drawn: dict[str, charts.Chart] = {}
    for stream in range(200):
        sign = 1 if stream % 2 else -1
        values = np.sqrt(1 - shared) * draws.standard_normal(60) + sign * np.sqrt(shared) * common
        values[-1] += 6.0 if stream < shifted else 0.0
        found = limits.phase_one(str(stream), single(values[:50]))
        drawn[str(stream)] = limits.location_chart(found, single(values[50:]))
    found_alarms = alarms(drawn)
    true = sum(int(a.stream) < shifted and a.label == "roll-0009" for a in found_alarms)
    return len(found_alarms) - true, true, sum(int(c.out.sum()) for c in drawn.values())


def _shifts(shifted: int, reviews: int) -> np.ndarray:
    """Return false alarms, true alarms and points out of each review, shape (reviews, 3)."""
    draws = np.random.default_rng(12)
    return np.array([_streams(draws, shifted, 0.5) for _ in range(reviews)])


def test_alarms_of_a_shift() -> None:
    """Two hundred streams, ten of them shifted: most shifts and hardly more are told.

    Half of the scatter is shared between the streams, with either sign.
    """
    false, true, out = _shifts(10, 2).sum(axis=0)
    assert true >= 16
    assert false <= 3
    assert out > 22


@pytest.mark.slow
def test_false_alarms_over_two_hundred_streams() -> None:
    """Of 60 quiet shifts at most 5 raise an alarm; three sigma raise five or so in each.

    With ten shifted streams of 200 a twentieth of the alarms is false on average (counted 3.8 %),
    and 96 % of the shifts are found.
    """
    quiet = _shifts(0, 60)
    assert (quiet[:, 0] > 0).sum() <= 5
    assert quiet[:, 2].mean() > 4
    false, true, _ = _shifts(10, 60).T
    assert (false / np.maximum(1, false + true)).mean() < 0.06
    assert true.mean() / 10 > 0.9


def test_adjusted_chances_by_hand() -> None:
    """Three chances in two streams: Hochberg's steps over all of them, worked by hand."""
    off, lines = np.array([3.0, 2.0]), np.full(2, 4.0)
    two = charts.Chart("Xbar", ("a", "b"), off, 0.0, -lines, lines, np.array([0.01, 0.04]))
    one = charts.Chart("Xbar", ("c",), off[:1], 0.0, -lines[:1], lines[:1], np.array([0.03]))
    found = alarms({"x": two, "y": one}, 1.0)
    assert [(each.stream, each.label) for each in found] == [("x", "a"), ("x", "b"), ("y", "c")]
    assert [each.adjusted for each in found] == pytest.approx([0.03, 0.04, 0.04])
    assert len(alarms({"x": two, "y": one}, 0.03)) == 1
