"""Readings that are too far off while nothing tells why: which, and what a person can do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.results.display import counted
from linetwin.twin.scales import scale_of_spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.scenario.twin import ReaderConfig, TwinConfig
    from linetwin.twin.assimilating.readings import Readings

NAMED_INSTRUMENTS = 5
AGREE = 2.0
"""Means of two instruments agree up to so many standard errors of their difference [A]."""


class Compared(NamedTuple):
    """What another instrument read of the same lots; `more`: than the first, in the mean.

    Known biases are taken off. Relative where the first one's repeatability is.
    """

    other: str
    lots: int
    more: float
    agrees: bool


def unexplained(
    config: TwinConfig, off: Mapping[str, float], readings: Readings
) -> tuple[str, str]:
    """Return which readings are too far off, and what to do.

    `off`: instrument -> deviations, the worst first; `readings`: of the last lots.
    """
    first = list(off.items())[:NAMED_INSTRUMENTS]
    named = ", ".join(f"{name} by up to {away:.1f}" for name, away in first)
    more = f" and {len(off) - len(first)} more" * (len(off) > len(first))
    text = (
        f"readings are farther from what was expected than they should be: {named}{more} "
        "standard deviations; all parameters and biases are within their priors"
    )
    worst = next(each for each in config.instruments if each.name == first[0][0])
    is_model = f"the model is off at {worst.station}"
    look = f"look after {worst.name}, or give it a larger repeatability"
    found = compared(config, worst, readings)
    if found is None:
        return text, (
            f"measure a lot's {worst.quantity} again, by another instrument if there is one: if it "
            f"says what {worst.name} said, {is_model}; if not, {look}"
        )
    scale = scale_of_spread(worst)
    said = f"{scale.number(abs(found.more)):.2g} {scale.unit_text}".rstrip()
    way = "more" if found.more > 0 else "less"
    return text, (
        f"{found.other} read {said} {way} than {worst.name} in the mean of "
        f"{counted(found.lots, 'lot')} that both have read, known biases taken off: "
        + (f"they agree, so {is_model}" if found.agrees else f"they do not agree, so {look}")
    )


def compared(config: TwinConfig, first: ReaderConfig, readings: Readings) -> Compared | None:
    """Return what the other instrument that has read most of the same lots said of them."""
    found = []
    for other in config.instruments:
        if other.name == first.name or (other.station, other.key) != (first.station, first.key):
            continue
        pairs = np.array(readings.both(first, other.name)).reshape(-1, 2)
        if not len(pairs):
            continue
        mean, theirs = (float(each) for each in pairs.mean(axis=0))
        scatter = math.hypot(_scatter(first, mean), _scatter(other, theirs))
        more = theirs - mean
        agrees = abs(more) <= AGREE * scatter / math.sqrt(len(pairs))
        shown = more / mean if first.relative and mean else more
        found.append(Compared(other.name, len(pairs), shown, agrees))
    return max(found, key=lambda each: each.lots, default=None)


def _scatter(instrument: ReaderConfig, value: float) -> float:
    return instrument.repeatability * (abs(value) if instrument.relative else 1.0)
