"""Ppk of readings that are not normal: by median and the quantiles of 0.135 and 99.865 %.

ISO 22514-2 (method of percentiles [V]). Enough readings have these quantiles among them. Of fewer,
each side of the median is taken as the half of a shifted log-normal distribution of its own
(Tukey's g [M]): what the other side looks like does not bend it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from linetwin.surrogates.gauges import CONFIDENCE, Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FEWEST_BEYOND: Final = 5
"""Readings that are to be expected beyond a quantile that is told from readings alone [A]."""
_SHARE: Final = 0.00135
"""Share beyond either quantile, as beyond three sigma of a normal distribution [V]."""
FEWEST_READINGS: Final = math.ceil(FEWEST_BEYOND / _SHARE)
"""Readings from which on the quantiles are told from them alone: 3,704."""
_REACH: Final = float(stats.norm.isf(_SHARE))
_BENDS: Final = np.concatenate(
    [-np.geomspace(1.0, 0.03, 16), np.linspace(0.0, 1.0, 26), np.linspace(1.1, 4.0, 30)]
)
"""Bends of a side that are tried, over its root mean square; 0 is the half of a normal one."""
_LOWEST: Final = -1 + 1e-6
"""Bend times the farthest reading: the side ends beyond it."""
_FARTHEST: Final = 0.02
"""Share of a side whose places do not tell by what shape they are judged [A]."""
_ROUNDS: Final = 30
_STRANGE: Final = 0.01
"""Chance of a farthest reading under which the fitted side does not hold it [A]."""
FEWEST_FITTED: Final = 300
"""Readings below which no shape is fitted: of 100 sound ones intervals hold in 86 to 91 % [D]."""
_SMALLEST_SIDE: Final = 0.1
"""Share of the readings that lie on either side of the median, else they are mostly equal [A]."""
_WIDER: Final = 1.2
"""By how much intervals are wider than the bootstrap's, which hold in 89 to 93 % [D]."""
_TAILS: Final = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
FEWEST_GROUPS: Final = 10
"""Subgroups from which on they are what a bootstrap draws [A]."""
_DRAWS: Final = 200
_SEED: Final = 20_261_122


@dataclass(frozen=True)
class ByQuantiles:
    """Ppk of a shape that is not normal, and `how` its quantiles were told, or why they are not.

    `worst`: None with fewer than 300 readings, of mostly equal ones, or where `strange` readings
    lie farther out than the fitted shape allows.
    """

    worst: Estimate | None
    how: str
    strange: int = 0


def percentile_index(
    values: np.ndarray, labels: Sequence[str], limits: tuple[float, float]
) -> ByQuantiles:
    """Return Ppk by quantiles of readings (n,) with `limits` low and high, infinite for none.

    Readings of a subgroup of `labels` (n) may go together; below 10 subgroups they are taken as
    independent.
    """
    sides = [
        (sign * values, sign * limit)
        for sign, limit in zip((-1, 1), limits, strict=True)
        if math.isfinite(limit)
    ]
    lots = np.asarray(labels)
    if np.unique(lots).size < FEWEST_GROUPS:
        lots = np.arange(values.size)
    if min(float((side > np.median(side)).mean()) for side, _ in sides) < _SMALLEST_SIDE:
        return ByQuantiles(None, "most readings are equal")
    if values.size >= FEWEST_READINGS:
        told = [_of_readings(side, limit, lots) for side, limit in sides]
        if all(math.isfinite(each.low) for each in told):
            best, low, high = np.min(told, axis=0).tolist()
            return ByQuantiles(Estimate(best, low, high), "quantiles of the readings")
    if values.size < FEWEST_FITTED:
        why = f"{values.size} readings are too few for its quantiles: {FEWEST_FITTED} or more"
        return ByQuantiles(None, why)
    if strange := sum(_strange(side) for side, _ in sides):
        lie = "1 reading lies" if strange == 1 else f"{strange:,} readings lie"
        why = f"{lie} farther out than the shape that is fitted to the others allows"
        return ByQuantiles(None, why, strange)

    def worst(rows: np.ndarray) -> float:
        return min(_fitted_index(side[rows], limit) for side, limit in sides)

    return ByQuantiles(_estimate(worst, lots), "quantiles of a fitted shape")


def _of_readings(values: np.ndarray, limit: float, lots: np.ndarray) -> Estimate:
    """Return the index of the upper side from the readings, with the interval of the rank.

    So many of independent readings lie beyond the quantile as the binomial says; where those beyond
    come together in lots they count as fewer. NaN where the rank may lie beyond all readings. The
    median's own error is added in squares.
    """
    rising, middle = np.sort(values), float(np.median(values))
    far = float(np.quantile(values, 1 - _SHARE, method="median_unbiased"))
    alike = _alike(values >= far, lots)
    least, most = stats.binom.ppf(_TAILS, int(values.size / alike), _SHARE) * alike
    if least < 1:
        return Estimate(math.nan, math.nan, math.nan)
    ends = rising[[-math.floor(least), -math.ceil(most) - 1]]
    best, *others = ((limit - middle) / (each - middle) for each in (far, *ends))
    alike = _alike(values > middle, lots)
    about = stats.binom.ppf(_TAILS, int(values.size / alike), 0.5) * alike
    low, high = rising[np.clip(about.astype(np.int64), 0, values.size - 1)]
    error = (high - low) / 2 / (far - middle)
    return Estimate(
        best,
        best - math.hypot(best - min(others), error),
        best + math.hypot(max(others) - best, error),
    )


def _alike(beyond: np.ndarray, lots: np.ndarray) -> float:
    """Return how much more the number of readings beyond scatters over lots than by chance."""
    _, places = np.unique(lots, return_inverse=True)
    share = float(beyond.mean())
    off = np.bincount(places, beyond - share)
    return max(1.0, float((off**2).sum()) / (beyond.size * share * (1 - share)))


def _estimate(worst: Callable[[np.ndarray], float], lots: np.ndarray) -> Estimate:
    """Return the index of all rows with its interval by bootstrap over lots.

    Of the logarithm, bias taken out, Student's t of as many lots, wider by what was counted. An
    index that is not above 0 has the percentiles of the draws.
    """
    names, places = np.unique(lots, return_inverse=True)
    members = [np.flatnonzero(places == kind) for kind in range(names.size)]
    draws, drawn = np.random.default_rng(_SEED), []
    for _ in range(_DRAWS):
        picks = draws.integers(0, names.size, names.size)
        drawn.append(worst(np.concatenate([members[pick] for pick in picks])))
    best, found = worst(np.arange(lots.size)), np.array(drawn)
    if not (best > 0 and (found > 0).all()):
        low, high = np.quantile(found, _TAILS)
        return Estimate(best, float(low), float(high))
    logs = np.log(found)
    half = _WIDER * stats.t.ppf(_TAILS[1], names.size - 1) * logs.std(ddof=1)
    centre = 2 * math.log(best) - logs.mean()
    return Estimate(best, math.exp(centre - half), math.exp(centre + half))


def _fitted_index(values: np.ndarray, limit: float) -> float:
    """Return the index of the upper side by its fitted quantile."""
    middle = float(np.median(values))
    off = values - middle
    bend, scale = _fitted(off[off > 0])
    reach = math.expm1(bend * scale * _REACH) / bend if bend else _REACH * scale
    return (limit - middle) / reach


def _fitted(above: np.ndarray) -> tuple[float, float]:
    """Return bend and scale: log(1 + bend x) / bend / scale of `above` (n,) is half normal.

    The likeliest of a grid of bends, each with its likeliest scale.
    """
    usual = math.sqrt(float((above**2).mean()))
    bends = _BENDS[_BENDS * float(above.max()) / usual > _LOWEST] / usual
    inner = np.log1p(bends[:, None] * above)
    straight = bends == 0
    squares = (inner**2).mean(axis=1) / np.where(straight, 1.0, bends) ** 2
    squares[straight] = usual**2
    best = int(np.argmax(-np.log(squares) / 2 - inner.mean(axis=1)))
    return float(bends[best]), math.sqrt(float(squares[best]))


def _strange(values: np.ndarray) -> int:
    """Return how many readings lie farther above the median than the fitted side allows.

    Of the farthest fiftieth the fit knows only that they lie beyond the others: they could bend it
    to themselves.
    """
    off = values - np.median(values)
    above = np.sort(off[off > 0])
    bend, scale = _fitted_without(above, math.ceil(_FARTHEST * above.size))
    if bend:
        ends = np.maximum(bend * above, -1.0)  # a side that bends inwards has an end
        with np.errstate(divide="ignore"):
            above = np.log1p(ends) / bend
    return int((2 * stats.norm.sf(above / scale) * above.size < _STRANGE).sum())


def _fitted_without(above: np.ndarray, hidden: int) -> tuple[float, float]:
    """Return bend and scale as `_fitted` of rising `above` (n,), the last `hidden` censored."""
    usual = math.sqrt(float((above[:-hidden] ** 2).mean()))
    edge, known = above[-hidden - 1], above[:-hidden]
    bends = _BENDS[_BENDS * float(edge) / usual > _LOWEST] / usual
    straight = np.where(bends == 0, 1.0, bends)
    inner = np.log1p(bends[:, None] * known)
    squares = np.where(bends == 0, usual**2, (inner**2).mean(axis=1) / straight**2)
    last = np.where(bends == 0, edge, np.log1p(bends * edge) / straight)
    scale = np.sqrt(squares)
    for _ in range(_ROUNDS):
        scores = last / scale
        steep = np.exp(stats.norm.logpdf(scores) - stats.norm.logsf(scores))
        scale = np.sqrt(squares + hidden / known.size * scale * last * steep)
    likelihood = -np.log(scale) - squares / scale**2 / 2 - inner.mean(axis=1)
    likelihood += hidden / known.size * stats.norm.logsf(last / scale)
    best = int(np.argmax(likelihood))
    return float(bends[best]), float(scale[best])
