"""What alternatives differ in besides what they are compared by, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.study.analysing.inferring import Estimate, mean_of

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed


@dataclass(frozen=True)
class Beside:
    """A figure of all alternatives: `mean` of the one that stands first in the study's file.

    `differences`: name of another one -> by how much it is above that, over the seeds that both
    have, with the t-interval of this difference alone (95 %).
    """

    figure: str
    mean: Estimate
    differences: dict[str, Estimate]


def beside(observed: Observed) -> list[Beside]:
    """Return every figure of a comparison, in the order in which they were asked for."""
    others = observed.study.plan["name"].to_list()[1:]
    found = []
    for figure in observed.figures:
        values = observed.values(figure)
        differences = {
            name: mean_of(values[number] - values[0]) for number, name in enumerate(others, 1)
        }
        found.append(Beside(figure, mean_of(values[0]), differences))
    return found
