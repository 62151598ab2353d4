"""The page of a study, written again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.cli.printing import say
from linetwin.study.folder import POINTS, read_study
from linetwin.study.report import write_study_report

if TYPE_CHECKING:
    from pathlib import Path


def is_study(folder: Path) -> bool:
    """Whether a folder is a study's, not a run's."""
    return (folder / POINTS).is_file()


def report(folder: Path) -> None:
    """Write the page of a study again, with what its runs tell so far."""
    study = read_study(folder)
    page = write_study_report(folder)
    done = f"{len(study.runs):,} runs of {len(study.points):,} points"
    say(f"{study.manifest['study']}: {study.manifest['status']}, {done}")
    if study.manifest["message"]:
        say(f"ended with:  {study.manifest['message']}")
    say(f"report:     {page}")
