"""`linetwin bench cosim`: all masters do the same work, and all figures are there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from linetwin.bench import cosim, peers
from linetwin.bench.masters import BareLoop, FmpySlaves, Ours, compile_bare
from linetwin.bench.rings import OWN, STEP_S, build_fmus, ring
from linetwin.cosim.kernel.library import kernel
from linetwin.cosim.rows import processors

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.bench.rings import Fmu

pytestmark = pytest.mark.skipif(
    kernel().kernel is None, reason=f"no compiled kernel: {kernel().reason}"
)


@pytest.fixture(scope="module")
def fmus(tmp_path_factory: pytest.TempPathFactory) -> list[Fmu]:
    """The FMUs of the benchmark, built once."""
    pytest.importorskip("casadi")
    return build_fmus(tmp_path_factory.mktemp("rings"))


def exact(fmu: Fmu, count: int, steps: int) -> list[float]:
    """Return the outputs of a ring after so many communication steps."""
    values = [1.0 + index for index in range(count)]
    through = 1.0 - math.exp(-STEP_S) if fmu.name == OWN else STEP_S
    for _ in range(steps):
        held = [values[index - 1] for index in range(count)]
        values = [x + through * (u - x) for x, u in zip(values, held, strict=True)]
    return values


@pytest.mark.parametrize("count", [1, 3])
def test_all_masters_do_the_same(tmp_path: Path, fmus: list[Fmu], count: int) -> None:
    """After as many steps the outputs are those of the exact ring, whoever stepped it."""
    bare = compile_bare(tmp_path)
    for fmu in fmus:
        group = ring(tmp_path, fmu, count)
        masters = [
            BareLoop(fmu, count, bare),
            Ours(group, 100),
            Ours(group, 10),
            Ours(group, 100, compiled=False),
            FmpySlaves(fmu, count),
        ]
        steps = math.lcm(*(master.steps for master in masters))
        for master in masters:
            for _ in range(steps // master.steps):
                master.run()
            assert master.values() == pytest.approx(exact(fmu, count, steps), rel=1e-6)
            master.close()


def test_peers_do_the_same_where_they_are_installed(tmp_path: Path, fmus: list[Fmu]) -> None:
    """After a turn, or two, the outputs are those of the exact ring; CoFmuPy is a step behind."""
    if len(peers.absent()) == 4:
        pytest.skip(f"none is installed: {', '.join(peers.absent())}")
    for fmu in fmus:
        masters, unable = peers.installed(tmp_path, fmu, 3)
        assert all("CoFmuPy" in problem for problem in unable)
        for master in masters:
            master.run()
            near = [exact(fmu, 3, turns * master.steps) for turns in (1, 2)]
            assert any(master.values() == pytest.approx(one, rel=4e-3) for one in near)
            master.close()


def test_figures_and_verdicts() -> None:
    """Every master has a positive figure; limits stand beside what is held against them."""
    pytest.importorskip("casadi")
    found = cosim.measure(counts=(2,), repeats=1)
    assert {figure.count for figure in found.figures} == {2}
    assert len({figure.fmu for figure in found.figures}) == 4
    assert all(figure.us > 0.0 for figure in found.figures)
    verdicts = cosim.verdicts(found)
    assert [most for _, most in verdicts.values()] == [1.3, 1.5, 1.0, 0.10, 0.03, 10.0]
    table = cosim.describe(found)
    for name in ("bare C loop", "our kernel, 100 a call", "our kernel, 1 a call", "FMPy slaves"):
        assert name in table
    assert (found.crowd is None) == (processors() == 1)
    assert ("8 heavy FMUs" in table) == (processors() > 1)
