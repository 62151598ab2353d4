"""The page of a study: offline, with the sections its design supports, and what its tables tell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from study_oracles import ADDRESSES, FIGURE, SECOND, carried, study_text

from linetwin.study.analysing.window import Window, window
from linetwin.study.report import study_page, write_study_report

if TYPE_CHECKING:
    from pathlib import Path

KWH = 3.6e6
AIM = f"objectives: [{{maximise: {FIGURE}}}]"
BOUND = f"constraints: [{{figure: {SECOND}, at_most: 540 kWh}}]"
TWO = f"objectives: [{{maximise: {FIGURE}}}, {{minimise: {SECOND}}}]"
ALTERNATIVES = f"{AIM}\nalternatives: {{as_is: {{}}, more: {{{ADDRESSES[0]}: 800 N/mm}}}}"
MORE = "replications: 3"


def worth(shares: np.ndarray, seed: int) -> dict[str, float]:
    """Return a hill with its top at 0.75 of the first factor, and a slope; a little noise."""
    x, y = np.concatenate([shares, [0.5, 0.5]])[:2]
    noise = np.random.default_rng([seed, abs(int(1e6 * x)), abs(int(1e6 * y))]).normal()
    hill = 800 - 160 * (x - 0.75) ** 2 + 10 * y
    return {FIGURE: (hill + noise) * KWH, SECOND: (500 + 100 * x + 0.2 * noise) * KWH}


@pytest.mark.parametrize(
    ("count", "design", "more", "there"),
    [
        (2, "{kind: latin_hypercube, points: 20}", f"{AIM}\n{BOUND}\n{MORE}", "window effects"),
        (2, "{kind: full}", MORE, "effects points seeds"),
        (2, "{kind: one_at_a_time}", MORE, "tornado points"),
        (2, "{kind: morris, trajectories: 6}", MORE, "screening convergence"),
        (2, "{kind: sobol_indices, points: 32}", "", "indices convergence points"),
        (4, "{kind: screen, points: 9, groups: 4}", MORE, "screening"),
        (2, "{kind: optimise, trials: 20, fresh: 4}", f"{AIM}\n{BOUND}", "best window"),
        (2, "{kind: optimise, trials: 20, fresh: 4}", f"{TWO}\n{MORE}", "best points"),
        (0, "{kind: compare, most: 12}", ALTERNATIVES, "alternatives"),
        (0, "{kind: replications}", MORE, "figures convergence"),
    ],
)
def test_each_design_has_its_sections_and_nothing_is_fetched(
    tmp_path: Path, count: int, design: str, more: str, there: str
) -> None:
    """Sections by their names; every figure has a place and plain data; no address of a network."""
    observed = carried(tmp_path, study_text(count, design, more), worth)
    page = study_page(observed)
    shown = re.findall(r"<section id='(\w+)'", page)
    assert set(there.split()) <= set(shown)
    assert "default-src 'none'" in page
    own = page[: page.index("<script>")]
    assert not re.search(r"(?:src|href)=['\"]?https?:", own)
    data = re.search(r"id='figures'>(.*?)</script>", page)
    assert data is not None
    figures = json.loads(data.group(1))
    assert all(f"id='plot-{figure['name']}'" in own for figure in figures)
    assert "nan" not in re.sub(r"<[^>]*>", "", own).lower().split()


def test_the_window_is_where_the_tables_say(tmp_path: Path) -> None:
    """The slope forbids more than 0.4; a hill that rises up to there: the window ends below it."""
    text = study_text(2, "{kind: latin_hypercube, points: 30}", f"{AIM}\n{BOUND}")
    observed = carried(tmp_path, text, worth)
    found = window(observed)
    assert isinstance(found, Window)
    assert 0.36 < found.best[0] <= 0.4
    assert found.high[0] <= 0.4
    assert found.chance[0] >= 0.95
    assert found.explained[SECOND] > 0.99
    best = max(worth(np.array([x, y]), 0)[FIGURE] for x in (0.38, 0.4) for y in (0.9, 1.0))
    assert found.value.value == pytest.approx(best, rel=0.01)
    assert 0 <= found.loss < 5 * KWH
    inside = worth((found.low + found.high) / 2, 0)
    assert inside[SECOND] <= 540 * KWH


def test_a_page_of_a_study_with_failures_says_so_and_escapes(tmp_path: Path) -> None:
    """Failed runs are counted on top; figures are in kWh; a title is text."""

    def fragile(shares: np.ndarray, seed: int) -> dict[str, float]:
        found = worth(shares, seed)
        return found if shares[0] < 0.8 else found | {FIGURE: float("nan")}

    text = study_text(2, "{kind: latin_hypercube, points: 20}", 'title: "<b>bold</b> & more"')
    observed = carried(tmp_path, text, fragile, fails=True)
    page = study_page(observed)
    assert "4 of 20 runs failed" in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert "<b>bold</b>" not in page
    assert "change of energy used in kWh" in page


def test_what_chance_may_have_done_is_not_named(tmp_path: Path) -> None:
    """A figure of chance alone: the first screen names no factor as one that matters."""

    def chance(shares: np.ndarray, seed: int) -> dict[str, float]:
        rng = np.random.default_rng([seed, *abs(1e6 * shares).astype(int)])
        return {FIGURE: rng.normal(), SECOND: 1.0}

    page = study_page(carried(tmp_path, study_text(2, "{kind: full}", MORE), chance))
    assert "Nothing that can be told from chance with these runs." in page


def test_a_study_that_has_not_begun_has_a_page_too(tmp_path: Path) -> None:
    """No run: the page says so."""
    text = study_text(2, "{kind: full}")
    observed = carried(tmp_path, text, worth)
    for part in ("runs.parquet",):
        (observed.study.path / part).unlink()
    page = write_study_report(observed.study.path)
    assert "No run has come to an end yet" in page.read_text(encoding="utf-8")


def test_a_study_of_which_all_runs_failed_has_a_page(tmp_path: Path) -> None:
    """What the first run said is told, and nothing is analysed."""

    def nothing(shares: np.ndarray, seed: int) -> dict[str, float]:
        return worth(shares, seed) | {FIGURE: float("nan")}

    text = study_text(2, "{kind: full}")
    page = study_page(carried(tmp_path, text, nothing, fails=True))
    assert "The first said: roots of a negative number" in page
    assert "<section" not in page


def test_levels_and_whole_numbers_have_their_places(tmp_path: Path) -> None:
    """Words, whole numbers and levels: searched, drawn and told by their names."""
    text = study_text(1, "{kind: optimise, trials: 14, fresh: 3}", AIM)
    factors = (
        f"factors:\n  {ADDRESSES[1]}: {{levels: [20 kg, 24 kg, 28 kg]}}\n"
        "  cell.formation.parallel_places: {low: 80, high: 88}"
    )
    text = text.replace("factors:", factors)

    def best(shares: np.ndarray, seed: int) -> dict[str, float]:
        return worth(shares, seed) | {SECOND: float(seed)}

    page = study_page(carried(tmp_path, text, best))
    assert "batch mass" in page
    assert "20 kg, 24 kg, 28 kg" in page
    assert "parallel places" in page
