"""Whether intervals of numbers hold on cells that the predictor was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.predictors.domain import OUTSIDE
from linetwin.results import display
from linetwin.surrogates.gauges import CONFIDENCE
from linetwin.surrogates.review.statistics.reliability import design_effect
from linetwin.surrogates.review.weighing import lots_of
from linetwin.surrogates.shares import upper_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.risks import Told


@dataclass(frozen=True)
class Covered:
    """How many readings of one target lay in their intervals; shares.

    `promised`: the coverage of the card; `upper`: the exact binomial 95 % bound of the share
    inside, of as many readings as trays that hold or fail together are worth.
    """

    target: str
    readings: int
    inside: int
    promised: float
    upper: float

    @property
    def fails(self) -> bool:
        """Whether the intervals hold less often than they promise."""
        return self.upper < self.promised

    @property
    def text(self) -> str:
        """What is said of it."""
        name, promised = display.name(self.target), display.share(self.promised)
        said = f"{name}: {self.inside:,} of {self.readings:,} cells inside {promised} intervals"
        if not self.fails:
            return f"{said}."
        return (
            f"{said} (at most {display.share(self.upper)}, 95 % confidence): do not use these "
            "intervals, nor risks that rest on them."
        )


def covered(told: Iterable[Told], data: Dataset) -> Iterator[Covered]:
    """Yield how far the intervals of each predictor of a number hold where its target is known.

    Of cells it was trained on that shows nothing; of a chance no single cell shows it.
    """
    for each in told:
        if each.trained_here or each.is_yes_or_no or each.target not in data.columns:
            continue
        values, own = data.numbers(each.target), each.predicted
        rows = np.isfinite(values) & np.isfinite(own.value) & (own.domain != OUTSIDE)
        count = int(rows.sum())
        if not count:
            continue
        within = (values >= own.low) & (values <= own.high)
        held = within[rows].astype(np.float64)
        promised = each.predictor.card.coverage
        effect = design_effect(np.full(count, held.mean()), held, lots_of(data)[rows])
        inside = int(held.sum())
        upper = upper_share(inside / effect, count / effect, CONFIDENCE)
        yield Covered(each.target, count, inside, promised, upper)
