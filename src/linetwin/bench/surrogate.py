"""`linetwin bench surrogate`: what surrogates cost and gain on this machine, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from threadpoolctl import threadpool_limits

from linetwin.bench.surrogate_cells import measure_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.bench.surrogate_cells import Rate

CELLS_PER_SECOND: Final = 100_000
"""With interval and domain, by either way."""
DOMAIN_SHARE: Final = 0.5
"""Of the time that asking for every distance takes: what the domain's check may take."""
_LIMIT_US: Final = 1e6 / CELLS_PER_SECOND


@dataclass(frozen=True)
class Measured:
    """What was measured: compact predictors."""

    cells: tuple[Rate, ...]


def measure(tell: Callable[[str], None] = lambda _: None) -> Measured:
    """Measure all; `tell` gets a line as each part begins. ResultsError where results differ."""
    with threadpool_limits(1):  # of one thread, as a predictor runs
        cells = measure_cells(tell)
    return Measured(tuple(cells))


def describe(found: Measured) -> str:
    """Return the figures as text."""
    lines = [
        f"{rate.kind}: {1e6 / rate.onnx_us:,.0f} cells a second by ONNX, "
        f"{1e6 / rate.fmu_us:,.0f} as an FMU in the row loop, on one core; "
        f"the domain takes {rate.domain_us:.1f} us of {rate.onnx_us:.1f}, every distance "
        f"{rate.whole_us:.1f} ({rate.whole_us / rate.domain_us:.1f} times as much); "
        f"{rate.inside:.0%} of the cells inside; FMU and ONNX differ by {rate.apart:.1g}"
        for rate in found.cells
    ]
    return "\n".join(lines)


def verdicts(found: Measured) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    limits: dict[str, tuple[float, float]] = {}
    for rate in found.cells:
        limits[f"{rate.kind}: processor time a cell by ONNX in us"] = (rate.onnx_us, _LIMIT_US)
        limits[f"{rate.kind}: the same as an FMU"] = (rate.fmu_us, _LIMIT_US)
        share = rate.domain_us / rate.whole_us
        limits[f"{rate.kind}: domain's time over that of every distance"] = (share, DOMAIN_SHARE)
    return limits
