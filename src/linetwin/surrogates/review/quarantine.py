"""Cells that finish in quarantine though a prediction stops them, drawn at random, in the log.

The others that were stopped are scrapped: they have no outcome. Each cell that was drawn stands in
the run's review log with the probability with which it was, and weighs 1 / it for those that were
not (`statistics.selection`). A cell is drawn for once: a later draw is among cells that were not
stopped before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import ResultsError
from linetwin.surrogates.review.log import LOG
from linetwin.surrogates.review.statistics.selection import audit_sample, audit_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.audit import Entry
    from linetwin.surrogates.review.statistics.selection import AuditSample

DRAWN: Final = "quarantine drawn"
ON_PREDICTION: Final = "scrapped on a prediction"
"""Where a cell is that was stopped and not drawn."""


@dataclass(frozen=True)
class Rule:
    """How many are drawn: a `share`, and as many at least as give the interval that is wanted.

    `half_width`: of the share of faults among the stopped, None: no matter; `cells`: this many, and
    neither of both.
    """

    share: float
    half_width: float | None = None
    cells: int | None = None

    def sample(self, stopped: Sequence[str], seed: int, expected: float) -> AuditSample:
        """Return which of the stopped cells finish; `expected`: their share of faults, 0 to 1."""
        if self.cells is not None:
            return audit_sample(stopped, 0.0, seed, self.cells)
        least = 0
        if self.half_width is not None and stopped:
            least = audit_size(self.half_width, expected, len(stopped))
        return audit_sample(stopped, self.share, seed, least)


@dataclass(frozen=True)
class Pool:
    """Cells that predictors stop, with what is to stand beside the draw.

    `expected`: mean of their highest risks; `models`: SHA-256 by target; `data`, `policy`: of what
    is known of the run's cells and of the policy's file; `shipped`: those that have left.
    """

    stopped: tuple[str, ...]
    risks: Mapping[str, float]
    models: Mapping[str, str]
    data: str
    policy: str
    shipped: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Drawn:
    """A draw: cells that finish with the probability of each, and those that are scrapped.

    `shipped`: of the scrapped those that have left, and are to be recalled; `held`: how many cells
    that are stopped took no part, as they are on hold.
    """

    cells: Mapping[str, float]
    scrapped: tuple[str, ...]
    seed: int
    expected: float
    reason: str
    by: str
    time: str
    seq: int
    shipped: tuple[str, ...] = ()
    held: int = 0


def drawn_of(entry: Entry) -> Drawn:
    """Return the draw that an entry tells; ResultsError where it tells none."""
    message = f"{LOG}: entry {entry.seq} is no draw of `surrogate quarantine`"
    try:
        after: dict[str, Any] = entry.after
        cells = {str(cell): float(chance) for cell, chance in after["cells"].items()}
        scrapped = tuple(str(cell) for cell in after["scrapped"])
        found = Drawn(
            cells, scrapped, int(after["seed"]), float(entry.before["expected"]), after["reason"],
            entry.who, entry.time, entry.seq, tuple(after["shipped"]), int(after["held"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultsError(message) from error
    if not all(0 < chance <= 1 for chance in cells.values()):
        raise ResultsError(message)
    return found
