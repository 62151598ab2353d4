"""A group that runs for ever: memory stays flat over steps, instances and saved states."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linetwin.bench.rings import TINY, build_fmus, ring
from linetwin.cosim.binary import load_binary
from linetwin.cosim.groups import FmuGroup
from linetwin.cosim.instance import instantiate
from linetwin.cosim.kernel.library import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.bench.rings import Fmu

STATUS = Path("/proc/self/statm")
GROWTH_KB = 1024
"""What the allocator may keep; a leak of a byte a step would be a hundred times as much."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(kernel().kernel is None, reason=f"no compiled kernel: {kernel().reason}"),
    pytest.mark.skipif(not STATUS.is_file(), reason="resident memory is read from /proc"),
]


@pytest.fixture(scope="module")
def fmus(tmp_path_factory: pytest.TempPathFactory) -> list[Fmu]:
    """The FMUs of the benchmark."""
    pytest.importorskip("casadi")
    return build_fmus(tmp_path_factory.mktemp("rings"))


def resident_kb() -> int:
    """Return the resident memory of this process."""
    gc.collect()
    return int(STATUS.read_text("ascii").split()[1]) * 4


def growth_kb(work: Callable[[], None], times: int) -> int:
    """Return by how much memory grows over repeated work, after a tenth of it to warm up."""
    for _ in range(max(1, times // 10)):
        work()
    before = resident_kb()
    for _ in range(times):
        work()
    return resident_kb() - before


def test_a_hundred_million_steps(tmp_path: Path, fmus: list[Fmu]) -> None:
    """10^8 FMU-steps of 8 FMUs, 500 communication steps a call: memory stays, and so does time."""
    fmu = next(fmu for fmu in fmus if fmu.name == TINY)
    group = FmuGroup(ring(tmp_path, fmu, 8))
    group.start(0, {})
    assert growth_kb(lambda: group.advance(group.tick + 500, {}), 25_000) < GROWTH_KB
    assert group.tick == 500 * 27_500
    mean = sum(1.0 + index for index in range(8)) / 8
    values = [member.outputs.slots["x"].read() for member in group.plan.members]
    assert values == pytest.approx([mean] * 8, rel=1e-9)
    group.close()


def test_a_hundred_thousand_instances(fmus: list[Fmu]) -> None:
    """10^5 times made and freed, in both versions of FMI."""
    for fmu in fmus:
        binary = load_binary(fmu.path)
        assert growth_kb(lambda binary=binary: instantiate(binary).free(), 100_000) < GROWTH_KB
        assert binary.instances == 0


def test_starting_and_saving_again(tmp_path: Path, fmus: list[Fmu]) -> None:
    """Started, saved and restored 10,000 times."""
    group = FmuGroup(ring(tmp_path, fmus[0], 2))

    def work() -> None:
        group.start(0, {})
        group.advance(10, {})
        group.restore(group.save())

    assert growth_kb(work, 10_000) < GROWTH_KB
    group.close()
