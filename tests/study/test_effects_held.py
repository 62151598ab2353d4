"""Effects that do not exist are not named, whatever form a figure has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import qmc

from linetwin.study.analysing.effects import effects

if TYPE_CHECKING:
    from collections.abc import Callable

Z = np.ndarray
FORMS: list[Callable[[Z, Z], Z]] = [
    lambda z, _: np.sin(np.pi * z[:, 0]) + 7 * np.sin(np.pi * z[:, 1]) ** 2,
    lambda z, w: w[0] * z[:, 0] + 3 * w[1] * z[:, 0] ** 2 + w[2] * z[:, 1],
    lambda z, w: (z[:, 0] > 0.3 * w[0]) + 0.1 * w[1] * z[:, 1],
    lambda z, w: np.exp(2 * z[:, 0]) + w[1] * z[:, 1] ** 2,
    lambda z, w: np.abs(z[:, 0] - 0.3 * w[0]) + 0.2 * w[2] * z[:, 1],
    lambda z, w: z[:, 0] ** 3 - w[0] * z[:, 0] * z[:, 1] + w[1] * z[:, 1] ** 4,
    lambda z, w: 1 / (1.1 + z[:, 0]) + w[1] * z[:, 1],
]


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_few_studies_name_an_effect_that_does_not_exist(noise: float) -> None:
    """200 Latin hypercubes, 2 of 3 to 5 factors act, curved: under 5 % name one of the others."""
    wrong = right = 0
    for case in range(200):
        draw = np.random.default_rng([case, 7])
        points, factors = (16, 24, 32, 48)[case % 4], 3 + case % 3
        shares = qmc.LatinHypercube(factors, rng=draw).random(points)
        figure = FORMS[case % len(FORMS)](2 * shares - 1, draw.normal(size=3))
        values = figure[:, None] + noise * draw.normal(size=(points, 2))
        told = [each for each in effects(shares, values).effects if each.change.clear]
        wrong += any(max(each.factors) > 1 for each in told)
        right += any(max(each.factors) <= 1 for each in told)
    assert wrong < 10
    assert right > 80


def test_what_no_form_holds_is_said() -> None:
    """A parabola is held by its square; a step is not, which more than seeds explain."""
    draw = np.random.default_rng(1)
    shares = draw.random((30, 2))
    noise = 0.01 * draw.normal(size=(30, 3))
    parabola = effects(shares, (shares[:, :1] - 0.3) ** 2 + noise)
    assert parabola.lacking is False
    assert effects(shares, (shares[:, :1] > 0.6) + noise).lacking is True
    assert effects(shares, shares[:, :1]).lacking is None
