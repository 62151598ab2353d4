"""The compiled answer of a stand-in against the one by numpy, for regimes of any make."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from linetwin.cosim.kernel.library import kernel
from linetwin.predictors.links import Link
from linetwin.predictors.stand_in_asking import Asking
from linetwin.predictors.stand_in_card import (
    Condition,
    Constant,
    Copy,
    Learnt,
    Regime,
    Tie,
    Variable,
    Weights,
)
from linetwin.predictors.stand_in_compiled import Compiled
from linetwin.predictors.stand_in_limits import Limits
from linetwin.predictors.stand_in_reference import Reference

LINKS = (Link(), Link(kind="log"), Link(kind="logit", low=-1.0, high=3.0))
SCALES = ("identity", "log", "inverse")


def _regime(generator: np.random.Generator, variables: int, learnt: int) -> Regime:
    """Return a regime of two phases with quantities of any names, scales and links."""
    named = [f"x{at}" for at in range(variables)]
    return Regime(
        station="cell.press", settings="0" * 64, start=named,
        phases=[["fixed", "tied"], []],
        conditions=[Condition(place=0, name="fixed", value=2.5),
                    Condition(place=0, name="duration", value=5.0),
                    Condition(place=1, name="duration", value=7.0)],
        ties=[Tie(place=0, name="tied", variable=0, factor=-1.5)],
        variables=[
            Variable(place=-1, name=name, unit="1", low=0.5, high=4.0, seen_low=1.0,
                     seen_high=3.0, scale=SCALES[int(generator.integers(3))])
            for name in named
        ],
        constants=[Constant(phase=0, name="phase_time", value=5.0)],
        copies=[Copy(phase=1, name="copied", variable=variables - 1, factor=3.0)],
        learnt=[
            Learnt(phase=at % 2, name=f"y{at}", unit="1",
                   link=LINKS[int(generator.integers(3))], bounded=bool(generator.integers(2)),
                   candidate="network", half_widths=(0.01, 0.02, 0.04), low=0.0, high=1.0,
                   error=0.01, widest=float(generator.uniform(0.01, 3.0)))
            for at in range(learnt)
        ],
        rows=10, lots=2, designed=3, left_out=0, covered=[], said=[],
    )  # fmt: skip


def _weights(
    generator: np.random.Generator, variables: int, learnt: int, bends: int, *, quadratic: bool
) -> Weights:
    products = variables * (variables + 1) // 2 if quadratic else 0
    terms = 1 + variables + products + bends
    return Weights(
        centres=generator.uniform(0.5, 2.0, variables).tolist(),
        spreads=generator.uniform(0.2, 2.0, variables).tolist(),
        quadratic=quadratic,
        hidden=generator.normal(0, 1, (bends, variables)).tolist(),
        offsets=generator.normal(0, 3, bends).tolist(),
        axes=generator.normal(0, 1, (variables, variables)).tolist(),
        low=[-3.0] * variables,
        high=[3.0] * variables,
        coefficients=generator.normal(0, 0.5, (learnt, terms)).tolist(),
    )


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.integers(1, 7),
    st.sampled_from([0, 1, 5, 90]),
    st.sampled_from([1, 3, 4, 10, 31, 32, 33, 100]),
)
def test_compiled_and_plain_answers_agree(
    seed: int, variables: int, learnt: int, bends: int, items: int
) -> None:
    """Outputs to 1e-12 of their size; the same items known, region, and first too wide output."""
    library = kernel().kernel
    if library is None:
        pytest.skip("the kernel is not built")
    generator = np.random.default_rng(seed)
    regime = _regime(generator, variables, learnt)
    quadratic = bool(generator.integers(2))
    weights = _weights(generator, variables, learnt, bends, quadratic=quadratic)
    asking, limits = Asking(regime), Limits.of(regime.learnt, {})
    plain = Reference(asking, weights, limits)
    quick = Compiled(library.library, asking, weights, limits)
    narrow = generator.uniform(0.0, 1.0)
    asked = generator.uniform(2.0 - 1.5 * narrow, 2.0 + 2.0 * narrow, (variables, items))
    matrix = np.vstack([asked, np.full((1, items), 2.5), np.full((1, items), 5.0),
                        np.full((1, items), 7.0), -1.5 * asked[:1]])  # fmt: skip
    if generator.integers(2):  # one number of one item is wrong, or nearly so
        wrong = [np.nan, np.inf, 0.1, 4.1, 2.5 * (1 + 3e-9), 2.5 * (1 + 5e-10)]
        where = int(generator.integers(len(matrix))), int(generator.integers(items))
        matrix[where] = wrong[int(generator.integers(len(wrong)))]
    wanted, found = plain.answer(matrix.copy()), quick.answer(matrix.copy())
    assert (wanted is None) == (found is None)
    assert (found is not None) == bool(asking.known(matrix).all())
    if wanted is None or found is None:
        return
    assert found.region == wanted.region
    assert found.wide == wanted.wide
    np.testing.assert_allclose(found.made, wanted.made, rtol=1e-12, atol=1e-12)


def test_calls_of_any_length_follow_each_other() -> None:
    """Room grows and is used again; an earlier answer stays what it was."""
    library = kernel().kernel
    if library is None:
        pytest.skip("the kernel is not built")
    generator = np.random.default_rng(4)
    regime = _regime(generator, 3, 4)
    weights = _weights(generator, 3, 4, 20, quadratic=True)
    asking, limits = Asking(regime), Limits.of(regime.learnt, None)
    plain = Reference(asking, weights, limits)
    quick = Compiled(library.library, asking, weights, limits)
    kept = []
    for items in (3, 500, 1, 33, 2000, 7):
        matrix = quick.matrix(items)
        matrix[:3] = generator.uniform(1.0, 3.0, (3, items))
        matrix[3:6] = np.array([2.5, 5.0, 7.0])[:, None]
        matrix[6] = -1.5 * matrix[0]
        asked = matrix.copy()
        answer = quick.answer(matrix)
        assert answer is not None
        kept.append((asked, answer.made))
    for asked, made in kept:
        wanted = plain.answer(asked)
        assert wanted is not None
        np.testing.assert_allclose(made, wanted.made, rtol=1e-12, atol=1e-12)
