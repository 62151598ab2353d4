"""`linetwin bench surrogate`: what surrogates cost and gain on this machine, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from threadpoolctl import threadpool_limits

from linetwin.bench import surrogate_line
from linetwin.bench.surrogate_cells import measure_cells
from linetwin.bench.surrogate_set import LONGEST_S, SCENARIO, describe_set, measure_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.bench.surrogate_cells import Rate
    from linetwin.bench.surrogate_set import Trained

CELLS_PER_SECOND: Final = 100_000
"""With interval and domain, by either way."""
DOMAIN_SHARE: Final = 0.5
"""Of the time that asking for every distance takes: what the domain's check may take."""
_LIMIT_US: Final = 1e6 / CELLS_PER_SECOND


@dataclass(frozen=True)
class Measured:
    """What was measured: compact predictors, training of the shipped set, the whole line."""

    cells: tuple[Rate, ...]
    trained: Trained
    line: surrogate_line.Measured


def measure(tell: Callable[[str], None] = lambda _: None) -> Measured:
    """Measure all; some minutes. ResultsError where results differ.

    `tell` gets a line as each part begins, and its figures as soon as they are there.
    """
    with threadpool_limits(1):  # of one thread, as a predictor runs
        cells = measure_cells(tell)
    for rate in cells:
        tell(describe_cells(rate))
    trained = measure_set(tell)
    tell(describe_set(trained))
    tell(f"the line: {SCENARIO} with FMUs and with stand-ins, some minutes")
    return Measured(tuple(cells), trained, surrogate_line.measure())


def describe(found: Measured) -> str:
    """Return the figures as text."""
    return "\n".join(
        [
            *(describe_cells(rate) for rate in found.cells),
            describe_set(found.trained),
            surrogate_line.describe(found.line),
        ]
    )


def describe_cells(rate: Rate) -> str:
    """Return the figures of one kind of compact predictor as text."""
    return (
        f"{rate.kind}: {1e6 / rate.onnx_us:,.0f} cells a second by ONNX, "
        f"{1e6 / rate.fmu_us:,.0f} as an FMU in the row loop, on one core; "
        f"the domain takes {rate.domain_us:.1f} us of {rate.onnx_us:.1f}, every distance "
        f"{rate.whole_us:.1f} ({rate.whole_us / rate.domain_us:.1f} times as much); "
        f"{rate.inside:.0%} of the cells inside; FMU and ONNX differ by {rate.apart:.1g}"
    )


def verdicts(found: Measured) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    limits: dict[str, tuple[float, float]] = {}
    for rate in found.cells:
        limits |= limits_of_cells(rate)
    limits["processor time of training the shipped set in s"] = (found.trained.cpu_s, LONGEST_S)
    return limits | surrogate_line.verdicts(found.line)


def limits_of_cells(rate: Rate) -> dict[str, tuple[float, float]]:
    """Return the limits of one kind of compact predictor."""
    return {
        f"{rate.kind}: processor time a cell by ONNX in us": (rate.onnx_us, _LIMIT_US),
        f"{rate.kind}: the same as an FMU": (rate.fmu_us, _LIMIT_US),
        f"{rate.kind}: domain's time over that of every distance": (
            rate.domain_us / rate.whole_us,
            DOMAIN_SHARE,
        ),
    }
