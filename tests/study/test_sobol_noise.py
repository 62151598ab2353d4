"""Sobol indices of what scatters: the seeds' part is not the factors'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from SALib.analyze import sobol as salib
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.study.analysing.sensitivity import sobol
from linetwin.study.designs import unit_problem
from linetwin.study.report import study_page
from linetwin.study.report_words import address_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def scattered(size: float, draw: int) -> Callable[[np.ndarray, int], dict[str, float]]:
    """Return a run that grows tenfold with the first factor alone, and scatters by itself."""
    rng = np.random.default_rng(draw)

    def run(shares: np.ndarray, seed: int) -> dict[str, float]:
        return {FIGURE: 10 * float(shares[0]) + seed + rng.normal(0, size), SECOND: 1.0}

    return run


def text(seeds: int, points: int = 64) -> str:
    """Return a study of three factors."""
    design = f"{{kind: sobol_indices, points: {points}}}"
    return study_text(3, design, f"replications: {seeds}")


@pytest.mark.parametrize(("size", "seeds"), [(4.0, 3), (2.0, 3), (4.0, 5)])
def test_factors_that_do_nothing_have_no_total_index(
    tmp_path: Path, size: float, seeds: int
) -> None:
    """Two of three are dead; of four draws their intervals hold zero nearly always.

    Without the seeds' part taken off they are 0.15 to 0.44, clear of zero, in each draw.
    """
    held, first = 0, []
    for draw in range(4):
        folder = tmp_path / str(draw)
        folder.mkdir()
        found = sobol(carried(folder, text(seeds), scattered(size, draw)), FIGURE)
        assert found is not None
        held += sum(each.low <= 0 <= each.high for each in found.total[1:])
        first.append(found.total[0])
        noise = size**2 / seeds
        assert found.noise == pytest.approx(noise / (100 / 12 + noise), rel=0.3)
    assert held >= 7
    assert sum(each.low <= 1 <= each.high for each in first) >= 3
    assert np.mean([each.value for each in first]) == pytest.approx(1.0, abs=0.25)


def test_the_page_names_what_acts_and_no_more(tmp_path: Path) -> None:
    """The headline: the first factor, no more than all of the variance."""
    page = study_page(carried(tmp_path, text(3), scattered(4.0, 1)))
    answer = page[page.index("What matters most") :][:600]
    assert address_name(ADDRESSES[0]) in answer
    assert address_name(ADDRESSES[1]) not in answer
    assert "2 of 3 factors do less than 1 % of the variance" in answer.replace(
        "\u202f", " "
    ).replace("1%", "1 %")
    assert "that is taken off the indices" in page


def test_noise_alone_names_nothing(tmp_path: Path) -> None:
    """Nothing acts: points differ by no more than seeds make them, and nothing is named."""
    rng = np.random.default_rng(2)
    page = study_page(
        carried(tmp_path, text(3), lambda _, seed: {FIGURE: seed + rng.normal(0, 4), SECOND: 1.0})
    )
    assert "Nothing that can be told from chance with these runs." in page


def test_without_scatter_the_indices_are_salibs(tmp_path: Path) -> None:
    """Two seeds that shift all points alike: what SALib says of one of them."""

    def run(shares: np.ndarray, seed: int) -> dict[str, float]:
        value = float(np.sin(3 * shares[0]) + shares[1] * shares[2])
        return {FIGURE: value + 5 * seed, SECOND: 1.0}

    observed = carried(tmp_path, text(2, 32), run)
    found = sobol(observed, FIGURE)
    assert found is not None
    told = salib.analyze(
        unit_problem(3), observed.values(FIGURE)[observed.rows, 0], calc_second_order=False, seed=1
    )
    assert [each.value for each in found.first] == pytest.approx(list(told["S1"]), abs=1e-9)
    assert [each.value for each in found.total] == pytest.approx(list(told["ST"]), abs=1e-9)
    assert found.noise == pytest.approx(0.0, abs=1e-12)


def test_one_seed_cannot_tell_and_the_headline_says_so(tmp_path: Path) -> None:
    """What scatter does stands in the indices of all factors then."""
    page = study_page(carried(tmp_path, text(1), scattered(2.0, 1)))
    answer = page[page.index("What matters most") :][:700]
    assert "With one seed, what chance does counts as what factors do." in answer


def test_samples_without_a_value_are_all_counted(tmp_path: Path) -> None:
    """Empty from six tenths of the first factor on: used and left out are all base samples."""

    def run(shares: np.ndarray, _: int) -> dict[str, float]:
        return {FIGURE: float("nan") if shares[0] > 0.6 else float(shares.sum()), SECOND: 1.0}

    observed = carried(tmp_path, text(1), run)
    found = sobol(observed, FIGURE)
    assert found is not None
    assert found.samples + found.left_out == 64
    assert f"{found.left_out} of 64 base samples tell nothing" in study_page(observed)
