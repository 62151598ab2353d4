"""What the page names, counts and rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.study.analysing.inferring import Estimate
from linetwin.study.factors import Factor
from linetwin.study.report import study_page
from linetwin.study.report_findings import Findings
from linetwin.study.report_words import Shown, address_name, estimate, figure_name, from_to

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
