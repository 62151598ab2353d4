"""Functions and lines with a known answer, run as studies in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from study_support import NOTHING, Here, Written, unseen

from linetwin.study.analysing.observing import Observed
from linetwin.study.carrying import carry_out
from linetwin.study.executing import StudyRun
from linetwin.study.folder import read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.tasks import Outcome, Task, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Known = Callable[[np.ndarray, int], Mapping[str, float]]

ADDRESSES = (
    "cathode.calender.line_load",
    "cathode.mixer.batch_mass",
    "anode.calender.line_load",
    "anode.mixer.batch_mass",
)
BOUNDS = (("300 N/mm", "900 N/mm"), ("20 kg", "28 kg")) * 2
SPANS = ((3e5, 9e5), (20.0, 28.0)) * 2
FIGURE, SECOND = "energy.energy_used", "energy.good_energy"


def study_text(count: int, design: str, more: str = "") -> str:
    """Return a study file with so many factors."""
    lines = [
        f"  {address}: {{low: {low}, high: {high}}}"
        for address, (low, high) in zip(ADDRESSES[:count], BOUNDS, strict=False)
    ]
    factors = "\n".join(["factors:", *lines]) if count else ""
    return f"""\
schema: 1
study: known
scenario: hours.yaml
{factors}
design: {design}
figures: [{FIGURE}, {SECOND}]
{more}
"""


def shares_in(task: Task) -> np.ndarray:
    """Return where the factors of a task lie in their spans, 0 to 1."""
    pairs = (setting.split("=") for setting in task.settings)
    values = {address: float(value.strip('"').split()[0]) for address, value in pairs}
    return np.array(
        [
            (values[address] - low) / (high - low)
            for address, (low, high) in zip(ADDRESSES, SPANS, strict=True)
            if address in values
        ]
    )


def runner(function: Known, *, fails: bool = False) -> Callable[[Task], Outcome]:
    """Return a run that asks a function of shares and seed for its figures.

    `fails`: whether a figure that is not known makes it fail.
    """

    def run(task: Task) -> Outcome:
        figures = dict(function(shares_in(task), task.seed))
        if fails and any(np.isnan(value) for value in figures.values()):
            return failed(task, "roots of a negative number")
        where = (task.run, task.point, task.replication, task.seed)
        return Outcome(*where, "complete", figures=figures, units=dict.fromkeys(figures, "J"))

    return run


def carried(folder: Path, text: str, function: Known, *, fails: bool = False) -> Observed:
    """Carry a study of a function out; return it ready for analysis."""
    written = Written(folder, text)
    spec = written.spec()
    writer = StudyWriter(written.output, spec, NOTHING)
    try:
        carry_out(StudyRun(spec, writer, Here(runner(function, fails=fails)), bool, unseen))
        writer.finish("complete")
    finally:
        writer.close()
    return Observed(read_study(written.output))
