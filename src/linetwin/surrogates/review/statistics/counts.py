"""Charts of defects: how many pieces are defective (p), how many defects a piece has (u).

After Laney's charts (2002 [V]): where subgroups differ by more than chance, as tested by
chi-square, the limits widen by the scatter of the standardised shares, told by their moving ranges;
where neighbours go together these tell too little, and the scatter of all of them is taken. His
limits widen subgroups of all sizes by one factor; here it is told as a correlation within
subgroups, which widens large ones more: at one of 0.2 his alarm at 0, 0.4 and 2 % of unchanged
trays of 7, 20 and 40 pieces, these at 0.2, 0.5 and 0.7 % (15 % defective, 36 trays). Limits are
quantiles of the count itself, not three sigma: with one defect expected in a tray the normal
distribution raises many times the false alarms that it promises. What is uncertain of the level
after phase I is in them too (Jeffreys' prior), so that a stream without a defect has limits. Of
several runs how their shares differ is in them as well, as uncertain as so few runs leave it.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import stats

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.review.statistics.autocorrelation import process_of
from linetwin.surrogates.review.statistics.charts import D2_OF_TWO, Chart
from linetwin.surrogates.review.statistics.limits import FALSE_ALARM, FEWEST
from linetwin.surrogates.review.statistics.orders import mixing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEEN: Final = 0.05
"""Chance of such scatter under which subgroups differ by more than chance gives [M]."""
_PRIOR: Final = 0.5
"""Counts of Jeffreys' prior."""
_LARGEST: Final = 0.999
"""Largest correlation of pieces in a subgroup that is taken."""


@dataclass(frozen=True)
class CountLimits:
    """Frozen parameters of a stream's p or u chart.

    `chart`: p, u, or p' and u' where overdispersed; `events` in `size` pieces (or areas) of phase
    I; `dispersion`: standard deviation of the standardised shares, 1 or more; `chance`: of such
    scatter by chance alone; `set_aside`: outlying subgroups, which took no part; `runs`, `between`:
    number of runs, and the variance of their shares as counted; the rest as in `limits.Limits`.
    """

    stream: str
    chart: str
    events: float
    size: float
    dispersion: float
    chance: float
    subgroups: int
    set_aside: tuple[str, ...]
    data: str
    false_alarm: float = FALSE_ALARM
    approved_by: str = ""
    approved_at: str = ""
    runs: int = 1
    between: float = 0.0

    @property
    def centre(self) -> float:
        """Share of defective pieces, or defects for each piece."""
        return self.events / self.size

    @property
    def usual_size(self) -> float:
        """Mean size of the subgroups of phase I, from which the dispersion comes.

        How alike pieces of one subgroup are does not depend on how many it has: a large subgroup
        scatters more around the others, in standard deviations of chance, than a small one.
        """
        return self.size / (self.subgroups - len(self.set_aside))

    def record(self) -> dict[str, Any]:
        """Return the limits as plain values for a file or a log."""
        return asdict(self) | {"set_aside": list(self.set_aside)}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> CountLimits:
        """Return the limits of a record; ScenarioError where it is none."""
        try:
            return cls(**{**record, "set_aside": tuple(record["set_aside"])})
        except (KeyError, TypeError) as error:
            message = f"these are no limits of a chart of defects: {error}"
            raise ScenarioError([Problem(message, "limits", "as approved")]) from error

    def approved(self, by: str, at: str) -> CountLimits:
        """Return the limits as approved by a person at a time (ISO 8601, UTC)."""
        return replace(self, approved_by=by, approved_at=at)


def phase_one_counts(
    stream: str, kind: str, counts: np.ndarray, sizes: np.ndarray, labels: Sequence[str]
) -> CountLimits:
    """Return limits from counts and sizes (subgroups,) in time; `kind`: p or u.

    A subgroup whose chance against the others is below 1 % of all of them together is set aside
    and named. ScenarioError with fewer than 10 subgroups, or with more defective than there are.
    """
    found, total = np.asarray(counts, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    _check(stream, kind, found, total)
    kept = np.ones(found.size, dtype=np.bool_)
    limits = _fitted(stream, kind, found, total, kept)
    for _ in range(found.size // FEWEST):
        chart = count_chart(limits, found, total, labels)
        worst = np.where(kept, chart.chances, 1.0)
        if worst.min() >= 0.01 / found.size:
            break
        kept[int(np.argmin(worst))] = False
        limits = _fitted(stream, kind, found, total, kept)
    digest = hashlib.sha256("\n".join(labels).encode())
    digest.update(found.astype("<f8").tobytes() + total.astype("<f8").tobytes())
    aside = tuple(label for label, own in zip(labels, kept, strict=True) if not own)
    return replace(limits, subgroups=found.size, set_aside=aside, data=digest.hexdigest())


def phase_one_shares(
    stream: str, counts: Sequence[np.ndarray], sizes: Sequence[np.ndarray], labels: Sequence[str]
) -> CountLimits:
    """Return limits of a p chart from two runs or more; `counts`, `sizes`: by run (subgroups,).

    Scatter within runs is that around the share of each; nothing is set aside. The shares of runs
    differ by no less than chance makes them. Errors as `phase_one_counts`.
    """
    for found, total in zip(counts, sizes, strict=True):
        _check(stream, "p", np.asarray(found, np.float64), np.asarray(total, np.float64))
    found, total = np.concatenate(counts), np.concatenate(sizes)
    runs, points, size = len(counts), total.size, float(total.sum())
    events = float(found.sum())
    own = np.array([each.sum() / many.sum() for each, many in zip(counts, sizes, strict=True)])
    expected = np.repeat(own, [each.size for each in counts])
    known = expected * (1 - expected) > 0
    scores = (found - expected * total)[known] / np.sqrt((expected * (1 - expected) * total)[known])
    freedom = max(1, int(known.sum()) - int((own * (1 - own) > 0).sum()))
    chance = float(stats.chi2.sf((scores**2).sum(), freedom))
    dispersion = 1.0
    if chance < _SEEN:
        dispersion = max(1.0, float((scores**2).sum()) / freedom) ** 0.5
    share = (events + _PRIOR) / (size + 2 * _PRIOR)
    by_chance = dispersion**2 * share * (1 - share) * runs / size
    digest = hashlib.sha256("\n".join(labels).encode())
    digest.update(found.astype("<f8").tobytes() + total.astype("<f8").tobytes())
    return CountLimits(
        stream, "p" if dispersion == 1 else "p'", events, size, dispersion, chance, points,
        set_aside=(), data=digest.hexdigest(), runs=runs,
        between=max(float(own.var(ddof=1)), by_chance),
    )  # fmt: skip


def count_chart(
    limits: CountLimits, counts: np.ndarray, sizes: np.ndarray, labels: Sequence[str]
) -> Chart:
    """Return the chart of defects against frozen limits; `counts`, `sizes`: shape (subgroups,)."""
    found, size = np.asarray(counts, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    chances, low, high = (np.empty(size.size) for _ in range(3))
    judge = _of_pieces if limits.chart.startswith("p") else _of_defects
    for own in np.unique(size):
        rows = np.flatnonzero(size == own)
        tails, (bottom, top) = judge(limits, float(own), found[rows])
        chances[rows] = np.minimum(1.0, 2 * tails)
        low[rows], high[rows] = bottom / own, top / own
    return Chart(
        limits.chart, tuple(labels), found / size, limits.centre, low, high, chances
    )  # fmt: skip


def _of_pieces(
    limits: CountLimits, size: float, found: np.ndarray
) -> tuple[np.ndarray, tuple[float, float]]:
    """Return the smaller tail of each count of defective pieces, and the two limits.

    Beta-binomial: its precision holds the dispersion, what phase I left uncertain, and how runs
    differ: a mean over what that may be.
    """
    extra, count = limits.dispersion**2 - 1, limits.size + 2 * _PRIOR
    share = (limits.events + _PRIOR) / count
    factors, weights = mixing(limits.runs - 1) if limits.runs > 1 else (np.zeros(1), np.ones(1))
    runs = limits.between * (1 + 1 / limits.runs) / (share * (1 - share)) * factors
    alike = np.minimum(extra / max(limits.usual_size - 1, 1.0) + runs, _LARGEST)
    precision = 1 / (alike / (1 - alike) + 1 / count)
    pieces = round(size)
    chance = weights @ stats.betabinom.pmf(
        np.arange(pieces + 1), pieces, (share * precision)[:, None],
        ((1 - share) * precision)[:, None],
    )  # fmt: skip
    below, above = np.cumsum(chance), np.cumsum(chance[::-1])[::-1]
    tail = limits.false_alarm / 2
    top = min(pieces, int(np.searchsorted(below, 1 - tail)))
    whole = found.astype(np.int64)
    tails = np.minimum(below[whole], above[whole])
    return tails, (float(np.searchsorted(below, tail)), float(top))


def _of_defects(
    limits: CountLimits, size: float, found: np.ndarray
) -> tuple[np.ndarray, tuple[float, float]]:
    """Return the smaller tail of each count of defects, and the two limits: negative binomial."""
    events = limits.events + _PRIOR
    expected = events / limits.size * size
    usual = events / limits.size * limits.usual_size
    shape = 1 / ((limits.dispersion**2 - 1) / usual + 1 / events)
    spread = stats.nbinom(shape, shape / (shape + expected))
    tail = limits.false_alarm / 2
    tails = np.minimum(spread.cdf(found), spread.sf(found - 1))
    return tails, (float(spread.ppf(tail)), float(spread.ppf(1 - tail)))


def _fitted(
    stream: str, kind: str, counts: np.ndarray, sizes: np.ndarray, kept: np.ndarray
) -> CountLimits:
    found, size = counts[kept], sizes[kept]
    events, total = float(found.sum()), float(size.sum())
    share = events / total
    variance = share * (1 - share) if kind == "p" else share
    dispersion, chance = 1.0, 1.0
    if variance > 0:
        scores = (found / size - share) / np.sqrt(variance / size)
        chance = float(stats.chi2.sf((scores**2).sum(), scores.size - 1))
        if chance < _SEEN:
            dispersion = max(1.0, float(np.abs(np.diff(scores)).mean()) / D2_OF_TWO)
            process = process_of(scores)
            if process.autocorrelation.low > 0:
                dispersion = max(dispersion, process.sigma)
    name = kind if dispersion == 1 else f"{kind}'"
    return CountLimits(
        stream, name, events, total, dispersion, chance, int(kept.sum()), set_aside=(), data=""
    )


def _check(stream: str, kind: str, counts: np.ndarray, sizes: np.ndarray) -> None:
    problems = []
    if counts.size < FEWEST:
        message = f"{stream}: {counts.size} subgroups are too few for limits"
        problems.append(Problem(message, "limits", f"{FEWEST} or more"))
    if kind not in ("p", "u"):
        problems.append(Problem(f"{stream}: '{kind}' is no chart of defects", "limits", "p or u"))
    if not (np.isfinite(counts).all() and (counts >= 0).all() and (sizes > 0).all()):
        problems.append(Problem(f"{stream}: a count or a size is odd", "limits", "0 or more of 1"))
    elif kind == "p" and (counts > sizes).any():
        problems.append(Problem(f"{stream}: more are defective than there are", "limits"))
    if problems:
        raise ScenarioError(problems)
