"""Linear systems in an order of their own: right for any matrix, or refused and solved densely."""

from __future__ import annotations

import ctypes
import math
import re
from typing import TYPE_CHECKING

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.authoring import Model
from linetwin.authoring.build import build_model
from linetwin.authoring.codegen import ELIMINATION_FILE, generate
from linetwin.authoring.elimination import NONE, Elimination, eliminate, written
from linetwin.authoring.toolchain import compile_library, host_target
from linetwin.cosim.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

WRAPPED = """
{written}
__attribute__((visibility("default"))) void solve_sparse(double *a, double *b)
{{
    eliminate(a);
    substitute(a, b);
}}
"""


def solved(found: Elimination, matrix: NDArray[np.float64], b: NDArray[np.float64]) -> list[float]:
    """Do in Python what `written` writes in C."""
    a, x = matrix.copy(), b.copy()
    for pivot in found.pivots:
        p = pivot.unknown
        for i in pivot.rows:
            a[i, p] /= a[p, p]
            x[i] -= a[i, p] * x[p]
            for j in pivot.columns:
                a[i, j] -= a[i, p] * a[p, j]
    for pivot in reversed(found.pivots):
        p = pivot.unknown
        x[p] = (x[p] - sum(a[p, j] * x[j] for j in pivot.columns)) / a[p, p]
    return x.tolist()


def pattern(seed: int, size: int, share: float) -> set[tuple[int, int]]:
    """Return random entries and the diagonal."""
    random = np.random.default_rng(seed)
    places = np.argwhere(random.random((size, size)) < share).tolist()
    return {(i, j) for i, j in places} | {(i, i) for i in range(size)}


def filled(entries: set[tuple[int, int]], size: int, seed: int) -> NDArray[np.float64]:
    """Return a matrix with numbers at the entries, and a dominant diagonal."""
    random = np.random.default_rng(seed)
    matrix = np.zeros((size, size))
    for i, j in sorted(entries):
        matrix[i, j] = random.normal() + (3.0 * size if i == j else 0.0)
    return matrix


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12), share=st.floats(0.0, 0.6))
def test_the_order_solves_what_a_dense_elimination_solves(
    seed: int, size: int, share: float
) -> None:
    """Each entry that is touched has a place, and the solution is NumPy's."""
    entries = pattern(seed, size, share)
    found = eliminate(range(size), entries)
    assert entries <= set(found.places)
    assert sorted(found.places.values()) == list(range(len(found.places)))
    touched = {
        place
        for pivot in found.pivots
        for place in (
            *((i, pivot.unknown) for i in pivot.rows),
            *((i, j) for i in pivot.rows for j in pivot.columns),
        )
    }
    assert touched <= set(found.places)
    matrix, b = filled(entries, size, seed), np.arange(1.0, size + 1.0)
    np.testing.assert_allclose(solved(found, matrix, b), np.linalg.solve(matrix, b), rtol=1e-9)


@pytest.mark.parametrize(("size", "share"), [(1, 0.0), (9, 0.3), (14, 0.15)])
def test_the_c_code_solves_the_same(tmp_path: Path, size: int, share: float) -> None:
    """Compiled, against NumPy, on matrices with the same places and other numbers."""
    pytest.importorskip("ziglang")
    entries = pattern(size, size, share)
    found = eliminate(range(size), entries)
    source, library = tmp_path / "solve.c", tmp_path / "solve.library"
    source.write_text(WRAPPED.format(written=written(found)), encoding="utf-8")
    compile_library([source], [tmp_path], host_target(), library)
    solve = ctypes.CDLL(str(library)).solve_sparse
    for seed in range(5):
        matrix, b = filled(entries, size, seed), np.arange(1.0, size + 1.0)
        factors = (ctypes.c_double * len(found.places))()
        for (i, j), place in found.places.items():
            factors[place] = matrix[i, j]
        x = (ctypes.c_double * size)(*b)
        solve(factors, x)
        np.testing.assert_allclose(list(x), np.linalg.solve(matrix, b), rtol=1e-9)


def test_a_chain_gets_no_further_entries() -> None:
    """A band is eliminated within the band; an arrow from its tips to its head."""
    band = {(i, j) for i in range(30) for j in range(30) if abs(i - j) <= 1}
    arrow = {(i, j) for i in range(30) for j in range(30) if i == j or 0 in (i, j)}
    for entries in (band, arrow):
        assert set(eliminate(range(30), entries).places) == entries


def test_what_the_order_cannot_do_is_left_to_the_dense_elimination() -> None:
    """No entry on the diagonal, or more work than is worth writing out."""
    assert eliminate(range(2), {(0, 1), (1, 0)}) is NONE
    full = {(i, j) for i in range(40) for j in range(40)}
    assert eliminate(range(40), full) is NONE


def entangled() -> Model:
    """Two algebraic variables, each all but absent from its own equation: a = t, b = sin t."""
    m = Model("entangled", title="Weak pivots", validity="tests only")
    trace = m.parameter("trace", "1", 1e-19, minimum=0.0, maximum=1.0, tag="A", source="none")
    x = m.state("x", "1", start=0.0, nominal=1.0)
    a, b = m.algebraic("a", "1", nominal=1.0), m.algebraic("b", "1", nominal=1.0)
    m.der(x, a - x)
    m.residual(a, trace * a + b - ca.sin(m.time))
    m.residual(b, a + trace * b - m.time)
    return m


def test_a_weak_pivot_is_noticed(tmp_path: Path) -> None:
    """Where the fixed order loses all digits the trajectory is still the closed form's."""
    model = entangled()
    header = generate(model).files[ELIMINATION_FILE]
    factors = re.search(r"N_FACTORS (\d+)", header)
    assert factors is not None
    assert int(factors.group(1)) > 0
    fmu = build_model(model, tmp_path / "entangled.fmu")
    found = simulate(fmu, 3.0, 1.0, outputs=["x", "a", "b"])
    for time, x, a, b in found.itertuples(index=False):
        assert x == pytest.approx(time - 1.0 + math.exp(-time), abs=1e-6)
        assert (a, b) == pytest.approx((time, math.sin(time)), abs=1e-6)


def test_models_of_the_tests_are_eliminated_in_their_own_order(
    model: Callable[[str], Model],
) -> None:
    """A rod of 40 cells has no more factors than entries; a model without states has none."""
    rod = generate(model("chain")).files[ELIMINATION_FILE]
    assert "#define N_FACTORS 118\n" in rod
    assert "#define N_FACTORS 1\n" in generate(model("static")).files[ELIMINATION_FILE]
