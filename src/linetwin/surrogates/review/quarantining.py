"""Who finishes in quarantine: what predictors stop of a run, drawn and held against what was found.

Of the cells that predictors stop, the share of faults that they foretell stands beside that of the
cells drawn; of all cells likewise, from those that were let through and those drawn, each by
1 / the probability with which it finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.genealogy import Genealogy
from linetwin.results.reader import Run
from linetwin.surrogates.data.runs import INCLUSION_WEIGHT, dataset_of_run
from linetwin.surrogates.review.holds import SHIPPED
from linetwin.surrogates.review.policy import check_names, read_policy
from linetwin.surrogates.review.quarantine import Pool, Rule
from linetwin.surrogates.review.risks import Opened
from linetwin.surrogates.review.statistics.selection import WeightedShare, weighted_share
from linetwin.surrogates.review.steps import draw
from linetwin.surrogates.review.weighing import failures, lots_of, stopped, weighed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.policy import Policy
    from linetwin.surrogates.review.quarantine import Drawn
    from linetwin.surrogates.review.risks import Told
    from linetwin.surrogates.review.weighing import Weighed


@dataclass(frozen=True)
class Wanted:
    """What is asked of a draw: `cells` and `seed` are the policy's and the run's where None."""

    by: str
    reason: str
    cells: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Audited:
    """What cells told of a predictor: the share of faults expected, and that found by weights.

    `of`: "stopped" cells, or "all"; None where no cell of them has an outcome yet.
    """

    target: str
    of: str
    cells: int
    expected: float
    found: WeightedShare | None

    @property
    def fits(self) -> bool | None:
        """Whether what is expected lies inside of the interval of what was found."""
        if self.found is None:
            return None
        return self.found.share.low <= self.expected <= self.found.share.high

    @property
    def tells(self) -> bool | None:
        """Whether it is told if the risks are right to a factor of two.

        They are not where what is expected lies outside of the interval. Where it lies inside, and
        so does half or double of it, a predictor that is wrong by so much would look the same.
        """
        if self.found is None:
            return None
        share = self.found.share
        return not self.fits or (share.low > self.expected / 2 and share.high < self.expected * 2)


def quarantine(
    folder: Path, predictors: Sequence[Path], policy_file: Path | None, wanted: Wanted
) -> Drawn:
    """Draw among the cells of a run that its predictors stop; errors as `draw` and `Opened`."""
    policy, run = read_policy(policy_file), Run(folder)
    data = dataset_of_run(folder, unfinished=True)
    check_names(policy, data.columns)
    with Opened(predictors) as opened:
        told = opened.told(data, run, policy)
        pool = pool_of(told, data, policy, run)
    rule = rule_of(policy, wanted.cells)
    seed = seed_of(run) if wanted.seed is None else wanted.seed
    return draw(folder, pool, rule, seed, (wanted.by, wanted.reason))


def rule_of(policy: Policy, cells: int | None = None) -> Rule:
    """Return how many a policy draws, or the number that is asked."""
    return Rule(policy.audit_share, policy.audit_half_width, cells)


def seed_of(run: Run) -> int:
    """Return the seed of draws in a run, unless another is told."""
    return int(run.manifest.get("seed") or 0)


def halted_by(
    told: Sequence[Told], data: Dataset, policy: Policy
) -> tuple[tuple[Weighed, ...], list[np.ndarray]]:
    """Return what thresholds do, and by predictor which cells it stops, shape (cells,)."""
    weighing = tuple(weighed(told, data, policy))
    safe = {each.target: each.safety for each in weighing}
    return weighing, [stopped(each, safe.get(each.target)) for each in told]


def pool_of(told: Sequence[Told], data: Dataset, policy: Policy, run: Run) -> Pool:
    """Return the cells that predictors stop, each with the highest risk of those that stop it."""
    _, halted = halted_by(told, data, policy)
    risks: dict[str, float] = {}
    cells = [str(name) for name in data.frame.index]
    for each, stops in zip(told, halted, strict=True):
        for row in np.flatnonzero(stops).tolist():
            risks[cells[row]] = max(risks.get(cells[row], 0.0), float(each.risk[row]))
    models = {each.target: each.model for each in told}
    names = sorted(risks)
    where = Genealogy(run).where_each(names) if names else []
    left = frozenset(name for name, own in zip(names, where, strict=True) if own == SHIPPED)
    return Pool(tuple(names), risks, models, data.digest, policy.digest, left)


def audits(
    told: Iterable[Told], data: Dataset, chances: Mapping[str, float]
) -> list[Audited]:  # fmt: skip
    """Return by predictor what the cells drawn tell of those stopped, and of all; none undrawn."""
    if not chances:
        return []
    found = []
    drawn = np.array([str(name) in chances for name in data.frame.index])
    for each in told:
        if each.limited is not None or each.is_yes_or_no:
            every = np.ones(drawn.size, dtype=np.bool_)
            found += [_audited(each, data, rows, of)
                      for rows, of in ((drawn, "stopped"), (every, "all"))]  # fmt: skip
    return found


def proposed(cells: Mapping[str, float], policy: Policy, run: Run) -> Collection[str]:
    """Return which of the stopped cells (name -> risk) a draw by policy and run's seed takes."""
    if not cells:
        return ()
    names = sorted(cells)
    expected = float(np.mean(list(cells.values())))
    sample = rule_of(policy).sample(names, seed_of(run), expected)
    return frozenset(name for name, own in zip(names, sample.chosen, strict=True) if own)


def _audited(told: Told, data: Dataset, rows: np.ndarray, of: str) -> Audited:
    known, failed = failures(told, data)
    weights = data.numbers(INCLUSION_WEIGHT)
    judged = rows & np.isfinite(told.risk)
    expected = float(told.risk[judged].mean()) if judged.any() else np.nan
    seen = judged & known & np.isfinite(weights)
    share = None
    if seen.any():
        share = weighted_share(failed[seen], 1 / weights[seen], lots_of(data)[seen].tolist())
    return Audited(told.target, of, int(judged.sum()), expected, share)
