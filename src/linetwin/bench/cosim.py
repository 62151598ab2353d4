"""`linetwin bench cosim`: what stepping a group costs, beside a bare loop in C and other masters.

All masters step the same ring of FMUs (each takes what the one before it gives) in one process.
Their turns are interleaved, and of each the quickest counts: ratios of such minima repeat to some
percent where single ratios differ by half.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from linetwin.bench import peers
from linetwin.bench.crowd import COUNT, Crowd, crowd
from linetwin.bench.masters import BareLoop, FmpySlaves, Ours, compile_bare
from linetwin.bench.overheads import Overheads, overheads
from linetwin.bench.rings import OWN, TINY, build_fmus, build_heavy, ring
from linetwin.cosim.kernel.library import kernel
from linetwin.errors import LinetwinError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.bench.masters import Master
    from linetwin.bench.rings import Fmu

COUNTS: Final = (2, 8)
REPEATS: Final = 101
CROWD_REPEATS: Final = 15
EVERY: Final = (100, 10, 1)
"""Communication steps a call."""
LIMITS: Final = {100: 1.3, 10: 1.5}
"""Time of our kernel over that of the bare loop, by communication steps a call."""
FMPY_TIMES: Final = 30.0
"""How many times as fast as FMPy's slaves we have to be."""
HYBRID_LIMIT_US: Final = 0.10
RECORDING_LIMIT_US: Final = 0.03
INSTANTIATION_LIMIT_US: Final = 10.0
_MANY: Final = 100.0
"""Ratio to the bare loop from which decimals say nothing."""


@dataclass(frozen=True)
class Figure:
    """The quickest turn of a master on so many FMUs; `us`: microseconds an FMU-step."""

    fmu: str
    count: int
    master: str
    us: float


@dataclass(frozen=True)
class Found:
    """All figures, what was measured apart, and peers that are missing.

    `absent`: not installed; `unable`: what a peer that is installed could not run, and why.
    `crowd`: threads on heavy FMUs; None on one processor.
    """

    figures: tuple[Figure, ...]
    apart: Overheads
    absent: tuple[str, ...]
    unable: tuple[str, ...]
    crowd: Crowd | None = None

    def us(self, fmu: str, count: int, master: str) -> float:
        """Return one master's figure; infinite where it did not run."""
        wanted = (fmu, count, master)
        own = (f.us for f in self.figures if (f.fmu, f.count, f.master) == wanted)
        return next(own, inf)


def measure(counts: Sequence[int] = COUNTS, repeats: int = REPEATS) -> Found:
    """Build the FMUs and measure all masters that are installed.

    Raises LinetwinError where the kernel or the compiler is missing.
    """
    loaded = kernel()
    if loaded.kernel is None:
        raise LinetwinError(f"nothing to measure: {loaded.reason}")
    figures: list[Figure] = []
    unable: list[str] = []
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name, _quiet():
        folder = Path(name)
        fmus, bare = build_fmus(folder), compile_bare(folder)
        for fmu in fmus:
            for count in counts:
                others, problems = peers.installed(folder, fmu, count)
                unable += problems
                masters = [*_masters(folder, fmu, count, bare), *others]
                figures += _race(fmu.label, count, masters, repeats)
        apart = overheads(folder, fmus, repeats)
        threads = crowd(folder, build_heavy(folder), min(repeats, CROWD_REPEATS))
    return Found(tuple(figures), apart, peers.absent(), tuple(dict.fromkeys(unable)), threads)


def _masters(folder: Path, fmu: Fmu, count: int, bare: Path) -> list[Master]:
    group = ring(folder, fmu, count)
    found: list[Master] = [BareLoop(fmu, count, bare)]
    found += [Ours(group, every) for every in EVERY]
    return [*found, Ours(group, EVERY[0], compiled=False), FmpySlaves(fmu, count)]


def _race(label: str, count: int, masters: Sequence[Master], repeats: int) -> list[Figure]:
    """Let the masters take turns; return the quickest turn of each."""
    best = [inf] * len(masters)
    for repeat in range(repeats):
        for index, master in enumerate(masters):
            if 0 < master.turns <= repeat:
                continue
            start = perf_counter()
            master.run()
            best[index] = min(best[index], perf_counter() - start)
    for master in masters:
        master.close()
    return [
        Figure(label, count, master.name, time / master.steps / count * 1e6)
        for master, time in zip(masters, best, strict=True)
    ]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the FMUs' messages out of the figures."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def verdicts(found: Found) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    own = [f for f in found.figures if f.fmu.startswith(OWN) and f.master == BareLoop.name]
    limits = {}
    for every, most in LIMITS.items():
        name = Ours.called(every)
        worst = max(found.us(f.fmu, f.count, name) / f.us for f in own)
        limits[f"kernel over bare C loop, {every} a call, {OWN} FMU"] = (worst, most)
    tiny = [f for f in found.figures if f.fmu.startswith(TINY) and f.master == FmpySlaves.name]
    times = min(f.us / found.us(f.fmu, f.count, Ours.called(100)) for f in tiny)
    limits[f"30 times our time over FMPy's, {TINY}"] = (FMPY_TIMES / times, 1.0)
    apart = found.apart
    limits["hybrid with line events, us an FMU-step"] = (apart.hybrid_us, HYBRID_LIMIT_US)
    limits["recording, us a value"] = (apart.recording_us, RECORDING_LIMIT_US)
    limits["instantiation above the FMU's own, us"] = (
        apart.instantiation_us - apart.instantiation_bare_us,
        INSTANTIATION_LIMIT_US,
    )
    return limits


def describe(found: Found) -> str:
    """Return the figures as a table: a row a master, a column a group."""
    groups = list(dict.fromkeys((f.fmu, f.count) for f in found.figures))
    masters = list(dict.fromkeys(f.master for f in found.figures))
    lines = ["us an FMU-step (times the bare loop); FMUs:"]
    lines += [f"  {chr(97 + i)}: {count} of '{fmu}'" for i, (fmu, count) in enumerate(groups)]
    lines.append(f"{'':36s}" + "".join(f"{chr(97 + i):>16s}" for i in range(len(groups))))
    for master in masters:
        cells = []
        for fmu, count in groups:
            us = found.us(fmu, count, master)
            ratio = us / found.us(fmu, count, BareLoop.name)
            shown = f"{us:.4f} ({ratio:.3g})" if ratio < _MANY else f"{us:.2f} ({ratio:.0f})"
            cells.append("-" if us == inf else shown)
        lines.append(f"{master:36s}" + "".join(f"{cell:>16s}" for cell in cells))
    apart = found.apart
    lines.append(
        f"instantiation: {apart.instantiation_us:.1f} us, of which the FMU's own calls take"
        f" {apart.instantiation_bare_us:.1f} us"
    )
    if found.crowd is not None:
        threads = found.crowd
        lines.append(
            f"{COUNT} heavy FMUs, a step: one thread {threads.alone_us:.0f} us, threads"
            f" {threads.together_us:.0f} us, {threads.ratio:.2f} times as fast; the group found"
            f" {'threads' if threads.chosen else 'one thread'} quicker"
        )
    lines += [f"not run: {problem}" for problem in found.unable]
    if found.absent:
        lines.append(f"not installed, so not measured: {', '.join(found.absent)}")
    return "\n".join(lines)
