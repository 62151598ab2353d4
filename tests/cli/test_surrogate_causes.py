"""`surrogate causes`: sound runs that say nothing new of what is normal are refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cli_support import Answer, Clerk, Order


def test_one_run_told_several_times_is_refused(
    clerk: Clerk, finished: tuple[Order, Answer], run: Path
) -> None:
    """The run that is asked about, in its own folder and in a copy, is no sound run beside it."""
    own = finished[0].run
    sound = [part for each in (own, own, run) for part in ("--sound", each)]
    answer = clerk("surrogate", "causes", own, *sound)
    assert answer.code == 2
    assert answer.err.count("is the run that is asked about") == 3
    assert f"{run} is the run that is asked about: its lots and cells are those of {own}" in (
        answer.err.replace("\n", "")
    )
    assert "Traceback" not in answer.err


def test_too_few_sound_runs_are_refused(clerk: Clerk, run: Path, tmp_path: Path) -> None:
    """Two tell no limit; the way without any is named."""
    other = shutil.copytree(run, tmp_path / "other")
    answer = clerk("surrogate", "causes", run, "--sound", other, "--sound", other)
    assert answer.code == 2
    assert "lots are held against each other then" in answer.err
