"""`linetwin study`: many runs of one scenario, in a folder that can be interrupted and extended."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from linetwin.cli import INTERRUPTED_EXIT
from linetwin.cli.folders import makeable, no_space
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held
from linetwin.cli.study_running import check_answering, check_line, gather, run_point, versions_here
from linetwin.cli.study_telling import check_any, check_kept, tell
from linetwin.study.analysing.observing import Observed
from linetwin.study.carrying import carry_out
from linetwin.study.clustered import DaskExecutor, check_address, check_answers
from linetwin.study.executing import Stopped, StudyRun
from linetwin.study.folder import KEPT, LOG, read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.local import LocalExecutor
from linetwin.study.progress import duration
from linetwin.study.reading import find_study, read_study_file
from linetwin.study.report import write_study_report
from linetwin.study.report_findings import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.study.executing import Executor
    from linetwin.study.progress import Progress as Counts
    from linetwin.study.reading import Spec
    from linetwin.study.tasks import Inputs

TOLD_EVERY_S = 30.0
"""Wall time between two lines of progress where standard error is no terminal."""


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    file: str
    output: Path | None = None
    workers: int | None = None
    dask: str | None = None
    retry: bool = False
    keep: bool = False


def study(request: Request, *, as_json: bool) -> None:
    """Carry a study out, or go on with it, and print what came of it."""
    if request.dask is not None:
        check_address(request.dask)
    spec = read_study_file(find_study(request.file))
    check_line(spec.scenario_file, spec.scenario)
    check_answering(spec)
    inputs = gather(spec.scenario_file, spec.scenario, spec.stand_ins)
    if request.dask is not None:
        check_answers(request.dask)  # before there is a folder
    folder = request.output or Path("studies") / f"{spec.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    with Interruption().watched() as interruption, _held(folder):
        if request.keep:
            kept = str((folder / KEPT).resolve())
            spec = replace(spec, wanted=replace(spec.wanted, keep=kept))
        writer = StudyWriter(folder, spec, inputs, retry=request.retry)
        try:
            status = _carry_out(request, spec, inputs, writer, interruption)
        except BaseException as error:
            with contextlib.suppress(OSError):
                writer.finish("failed", str(error) or type(error).__name__)
            raise
        writer.finish(status)
        write_study_report(folder)
    found = Findings(Observed(read_study(folder)))
    tell(found, spec, as_json=as_json)
    if status == "interrupted":
        text = f"linetwin: interrupted; go on with: linetwin study {request.file} -o {folder}\n"
        sys.stderr.write(text)
        sys.exit(INTERRUPTED_EXIT)
    check_any(found)
    check_kept(found, spec)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    advice = "free some, and the same command goes on with what is there"
    with contextlib.ExitStack() as stack:
        with makeable(folder, advice):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(folder))
        try:
            yield
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise no_space(folder, advice) from error


def _carry_out(
    request: Request, spec: Spec, inputs: Inputs, writer: StudyWriter, interruption: Interruption
) -> str:
    """Make the runs that are missing; return how the study ended."""
    with _progress() as show, contextlib.closing(_executor(request, inputs, writer)) as executor:
        carried = StudyRun(spec, writer, executor, lambda: interruption.asked, show)
        try:
            carry_out(carried)
        except Stopped:
            return "interrupted"
    return "complete"


def _executor(request: Request, inputs: Inputs, writer: StudyWriter) -> Executor:
    workers = request.workers or os.cpu_count() or 1
    if request.dask is not None:
        return DaskExecutor(run_point, inputs, request.dask, workers, versions_here)
    return LocalExecutor(run_point, inputs, workers, writer.path / LOG)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Counts], None]]:
    """Show how far a study is: a bar on a terminal, else a line now and then."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0)
        told, said = time.monotonic(), ""

        def show(counts: Counts) -> None:
            nonlocal told, said
            text = _how_far(counts)
            if counts.said != said:
                said = counts.said
                sys.stderr.write(f"linetwin: {said}\n")
            bar.update(task, completed=counts.done / max(counts.planned, 1), description=text)
            if not console.is_terminal and time.monotonic() - told > TOLD_EVERY_S:
                told = time.monotonic()
                sys.stderr.write(f"linetwin: {text}\n")

        yield show


def _how_far(counts: Counts) -> str:
    left = counts.left_s
    text = f"{counts.done:,} of {counts.planned:,} runs"
    if counts.failed:
        text += f", {counts.failed:,} failed"
    return text if left is None else f"{text}, {duration(left)} left"
