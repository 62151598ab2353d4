"""What the page names, counts and rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from scipy.stats import qmc
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text
from study_support import NOTHING, Written

from linetwin.cli.study_report import report
from linetwin.study.analysing.effects import effects
from linetwin.study.analysing.inferring import Estimate
from linetwin.study.analysing.observing import Observed
from linetwin.study.factors import Factor
from linetwin.study.folder import read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.report import study_page
from linetwin.study.report_findings import Findings
from linetwin.study.report_words import (
    Shown,
    address_name,
    estimate,
    figure_name,
    from_to,
    shown,
    without_common_seeds,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Estimate(3.8123, 3.8118, 3.8128), "3.8123 (3.8118 to 3.8128) kWh"),
        (Estimate(1208.3, 1160.2, 1256.4), "1,208 (1,160 to 1,256) kWh"),
        (Estimate(0.01, -1.34, 1.36), "0.0 (-1.3 to 1.4) kWh"),
        (Estimate(-0.02, -1.34, 1.3), "0.0 (-1.3 to 1.3) kWh"),
        (Estimate(3.81, 3.81, 3.81), "3.81 kWh"),
        (Estimate(3.81), "3.81 kWh"),
    ],
)
def test_digits_follow_the_width_of_the_interval(found: Estimate, text: str) -> None:
    """Two digits of the width; no interval where there is none to see."""
    assert estimate(found, Shown(1.0, "kWh")) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.64, 0.68, "0.01896 to 0.01902 m"),
        (0.0, 1.0, "0.018 to 0.0195 m"),
        (0.66667, 0.66668, "0.019000005 to 0.01900002 m"),
    ],
)
def test_a_range_is_told_with_digits_that_tell_its_ends_apart(
    low: float, high: float, text: str
) -> None:
    """However narrow; two digits of its width."""
    factor = Factor("cathode.slit.gap", "m", None, 0.018, 0.0195)
    assert from_to(factor, low, high).replace(" m to", " to") == text


@pytest.mark.parametrize(
    ("figure", "unit", "seen"),
    [
        ("segments.loading_a.mean", "kg/m2", Shown(100.0, "mg/cm²")),
        ("segments.porosity_b.p95", "1", Shown(100.0, "%")),
        ("cells.dcir.sd", "Ohm", Shown(1000.0, "mΩ")),
        ("segments.peak_film_temperature_a.mean", "K", Shown(1.0, "K")),  # a zero of its own
        ("energy.good_energy", "J", Shown(1 / 3.6e6, "kWh")),
        ("cost.cost_per_loading", "EUR", Shown(1.0, "EUR")),
    ],
)
def test_figures_are_shown_as_factors_are(figure: str, unit: str, seen: Shown) -> None:
    """A statistic of a column has the vocabulary's unit, as the factor beside it has."""

    class One:
        def unit(self, _: str) -> str:
            return unit

    found = shown(cast("Observed", One()), figure)
    assert found.unit == seen.unit
    assert found.factor == pytest.approx(seen.factor, rel=1e-12)


def test_a_word_is_not_said_twice() -> None:
    """A section and a figure of the same first word."""
    assert figure_name("energy.energy.by_station") == "energy by station"
    assert figure_name("energy.energy_used") == "energy used"


@pytest.mark.parametrize(
    "design",
    [
        "{kind: sobol_indices, points: 64}",
        "{kind: morris, trajectories: 10}",
        "{kind: one_at_a_time}",
    ],
)
def test_only_what_is_worth_naming_is_named(tmp_path: Path, design: str) -> None:
    """Of three factors one does nearly all, one a thousandth, one nothing but noise of seeds."""

    def figure(shares: np.ndarray, seed: int) -> dict[str, float]:
        own = np.random.default_rng([seed, *abs(1e6 * shares).astype(int)]).normal()
        return {FIGURE: float(shares[0] + 1e-3 * shares[1] + 1e-4 * own), SECOND: 1.0}

    observed = carried(tmp_path, study_text(3, design, "replications: 3"), figure)
    assert Findings(observed).clear() == [0]
    page = study_page(observed)
    answer = page[page.index("What matters most") : page.index("</small>")]
    assert address_name(ADDRESSES[0]) in answer
    assert address_name(ADDRESSES[1]) not in answer
    assert "2 of 3 factors do less than 1 %" in answer


def test_a_screening_does_not_name_what_chance_gives(tmp_path: Path) -> None:
    """Noise of a fifth of the effect gives every factor a mu*: only the one that acts is named."""

    def figure(shares: np.ndarray, seed: int) -> dict[str, float]:
        own = np.random.default_rng([seed, *abs(1e6 * shares).astype(int)]).normal()
        return {FIGURE: float(shares[0] + 0.2 * own), SECOND: 1.0}

    text = study_text(4, "{kind: morris, trajectories: 12}", "replications: 3")
    assert Findings(carried(tmp_path, text, figure)).clear() == [0]


def chancy(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return an effect of 1 under noise of 2 at each point and seed."""
    own = np.random.default_rng([seed, *(1e6 * shares).astype(int)]).normal()
    return {FIGURE: float(shares[0] + 2.0 * own), SECOND: 1.0}


@pytest.mark.parametrize(
    ("design", "squares"), [("{kind: full}", False), ("{kind: latin_hypercube, points: 16}", True)]
)
def test_what_would_tell_effects_from_chance_is_said(
    tmp_path: Path, design: str, *, squares: bool
) -> None:
    """How many replications; more points where the fit has but one more than coefficients."""
    observed = carried(tmp_path, study_text(3, design, "replications: 3"), chancy)
    found = Findings(observed)
    assert found.clear() == []
    wanted = found.effects[FIGURE].replications()
    page = study_page(observed)
    assert (wanted is None) != squares
    assert f"about {wanted} of each point" in page or "More points would help" in page
    assert "with a seed of its own" not in page
    assert ("With squares they hold" in page) == squares


def test_twice_as_many_replications_do_tell() -> None:
    """In 9 of 10 studies; half of what is said tells less often. Said is from four seeds.

    24 points of three factors, of which one does 4, with noise of 2 at each point and seed.
    """
    places = qmc.LatinHypercube(3, rng=1).random(24)
    shown = {0.5: 0, 2.0: 0}
    for case in range(10):
        noise = 2.0 * np.random.default_rng([case, 8]).normal(size=(24, 100))
        seen = 4.0 * places[:, :1] + noise
        wanted = effects(places, seen[:, :4]).replications()
        assert wanted is not None
        for times in shown:
            more = effects(places, seen[:, : max(2, round(times * wanted))]).effects
            shown[times] += any(each.change.clear for each in more)
    assert shown[2.0] >= 9 > shown[0.5]


def test_why_a_study_failed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a study that ended before any run: by the page and by the command."""
    written = Written(tmp_path)
    writer = StudyWriter(written.output, written.spec(), NOTHING)
    writer.finish("failed", "no Dask scheduler answers")
    assert "no Dask scheduler answers" in study_page(Observed(read_study(written.output)))
    report(written.output)
    assert "ended with:  no Dask scheduler answers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("saved", "said"),
    [(2.5, "2.5 times as many"), (0.944, "no more"), (1.0, "no more"),
     (float("inf"), "common seeds take all chance out")],
)  # fmt: skip
def test_what_common_seeds_save_is_never_less_than_nothing(saved: float, said: str) -> None:
    """An estimate below 1 is chance: it is not called a number of times fewer runs."""
    assert without_common_seeds(saved) == said


def test_seeds_that_move_all_points_alike_are_told(tmp_path: Path) -> None:
    """The share of chance stands in the table, though no finite number of runs is saved."""

    def run(shares: np.ndarray, seed: int) -> dict[str, float]:
        return {FIGURE: float(shares[0]) + seed % 7, SECOND: 1.0}

    text = study_text(2, "{kind: latin_hypercube, points: 12}", "replications: 3")
    page = study_page(carried(tmp_path, text, run))
    assert "common seeds take all chance out" in page
    assert "runs without common seeds" in page
