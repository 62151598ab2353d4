"""An aim that has no value is told by the first runs, long before all are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from study_oracles import FIGURE, SECOND, runner, study_text
from study_support import NOTHING, Here, Written

from linetwin.cli.studying import _progress
from linetwin.study.carrying import carry_out
from linetwin.study.executing import StudyRun
from linetwin.study.keeping import StudyWriter
from linetwin.study.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from study_oracles import Known

TEXT = study_text(1, "{kind: full, levels: 20}", f"objectives: [{{maximise: {FIGURE}}}]")


def said(folder: Path, function: Known, *, fails: bool = False) -> dict[int, str]:
    """Return after how many runs what was said, of a study of twenty points."""
    written = Written(folder, TEXT)
    spec, found = written.spec(), dict[int, str]()
    writer = StudyWriter(written.output, spec, NOTHING)

    def show(counts: Progress) -> None:
        found[counts.made] = counts.said

    try:
        carry_out(StudyRun(spec, writer, Here(runner(function, fails=fails)), bool, show))
    finally:
        writer.close()
    return {made: text for made, text in found.items() if text}


def test_an_aim_without_a_value_is_told_after_eight_runs(tmp_path: Path) -> None:
    """By its name; what nobody aims at may be empty."""
    told = said(tmp_path, lambda _, __: {FIGURE: np.nan, SECOND: 1.0})
    assert min(told) == 8
    (text,) = set(told.values())
    assert text.startswith(f"{FIGURE} has no value in the first 8 runs")
    assert "another figure" in text
    # carried on with: it has been told already
    assert said(tmp_path, lambda _, __: {FIGURE: np.nan, SECOND: 1.0}) == {}


def test_one_value_is_enough(tmp_path: Path) -> None:
    """Of the eight runs a single one tells the aim; the second figure never has a value."""
    assert said(tmp_path, lambda x, _: {FIGURE: 1.0 if x[0] < 0.01 else np.nan,
                                        SECOND: np.nan}) == {}  # fmt: skip


def test_runs_that_fail_tell_nothing_of_an_aim(tmp_path: Path) -> None:
    """They are counted by themselves: the first ten points fail, the others have values."""
    fails = said(
        tmp_path, lambda x, _: {FIGURE: np.nan if x[0] < 0.5 else 1.0, SECOND: 1.0}, fails=True
    )
    assert fails == {}


def test_what_the_first_runs_tell_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, however often progress is shown."""
    counts = Progress(planned=20)
    with _progress() as show:
        show(counts)
        counts.said = "energy.energy_used has no value in the first 8 runs"
        for _ in range(3):
            show(counts)
    told = capsys.readouterr().err
    assert told.count("linetwin: energy.energy_used has no value in the first 8 runs\n") == 1
