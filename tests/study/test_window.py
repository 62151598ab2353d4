"""The recommended window: no more than the surfaces can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import qmc
from study_oracles import FIGURE, SECOND, carried, study_text

from linetwin.study.analysing.surface import fitted
from linetwin.study.analysing.window import Refused, Window, window
from linetwin.study.report import study_page

if TYPE_CHECKING:
    from pathlib import Path

AIM = f"objectives: [{{minimise: {FIGURE}}}]\nreplications: 2"


def test_what_does_not_matter_is_not_narrowed(tmp_path: Path) -> None:
    """Only the first of three factors acts, curved: the others keep their whole spans."""

    def curved(shares: np.ndarray, seed: int) -> dict[str, float]:
        own = np.random.default_rng([seed, *(shares * 1e6).astype(int)]).normal()
        return {FIGURE: float(np.exp(2 * shares[0]) + 0.01 * own), SECOND: 1.0}

    text = study_text(3, "{kind: latin_hypercube, points: 24}", AIM)
    observed = carried(tmp_path, text, curved)
    found = window(observed)
    assert isinstance(found, Window)
    assert found.matters == {0}
    assert found.low[1:].tolist() == [0.0, 0.0]
    assert found.high[1:].tolist() == [1.0, 1.0]
    assert found.high[0] < 0.5
    assert found.value.low < curved(found.best, 9)[FIGURE] < found.value.high
    assert ">any</td>" in study_page(observed)


def test_no_window_where_points_left_out_are_not_foretold(tmp_path: Path) -> None:
    """A figure that swings four times over the span: no window, and the page says why."""

    def swinging(shares: np.ndarray, seed: int) -> dict[str, float]:
        return {FIGURE: float(np.sin(25 * shares[0]) + 0.01 * seed), SECOND: 1.0}

    text = study_text(2, "{kind: latin_hypercube, points: 24}", AIM)
    observed = carried(tmp_path, text, swinging)
    assert isinstance(window(observed), Refused)
    assert "No window is recommended" in study_page(observed)


def test_the_foretold_value_holds_what_a_run_there_gives() -> None:
    """150 hypercubes of curved figures: at the surface's best place a run lies in the interval."""
    inside = []
    for case in range(150):
        draw = np.random.default_rng([case, 3])
        weights = draw.normal(size=3)

        def figure(shares: np.ndarray, weights: np.ndarray = weights) -> np.ndarray:
            x, y = shares[:, 0], shares[:, 1]
            bent: np.ndarray = np.exp(weights[0] * x) + weights[1] * y**3 + weights[2] * x * y
            return bent

        shares = qmc.LatinHypercube(3, rng=draw).random(24)
        noise = 0.02 * draw.normal(size=(24, 2))
        surface = fitted(shares, figure(shares)[:, None] + noise)
        assert surface is not None
        places = draw.random((512, 3))
        best = places[int(np.argmin(surface.at(places)))]
        run = figure(best[None])[0] + 0.02 * draw.normal()
        inside.append(abs(run - surface.at(best[None])[0]) < surface.half(best))
    assert np.mean(inside) >= 0.93
