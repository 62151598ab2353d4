"""Which runs a design asks for, one after the other or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.study.keeping import Planned
from linetwin.study.optimising import optimise
from linetwin.study.screening import screen
from linetwin.study.sequential import compare

if TYPE_CHECKING:
    from linetwin.study.executing import StudyRun


def carry_out(carried: StudyRun) -> None:
    """Make all runs of a study that are missing; Stopped where the user asks to end."""
    spec = carried.spec
    if spec.design.kind == "optimise":
        optimise(carried)
    elif spec.design.kind == "compare":
        compare(carried)
    elif spec.design.kind == "screen":
        screen(carried)
    else:
        points = [Planned(spec.settings_of(point), point) for point in spec.points()]
        carried.results(points, spec.replications)
