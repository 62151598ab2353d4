"""The same study on a Dask cluster of this machine."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from study_support import Written, planned
from toy_runs import always_killed, other_versions, slow_total, total, versions

from linetwin.errors import LinkError
from linetwin.study import clustered
from linetwin.study.clustered import LOCAL, DaskExecutor
from linetwin.study.executing import StudyRun
from linetwin.study.folder import read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.tasks import Inputs

if TYPE_CHECKING:
    from linetwin.study.progress import Progress
    from linetwin.study.tasks import Runner

distributed = pytest.importorskip("distributed")
INPUTS = Inputs("study.yaml", {"study.yaml": b"schema: 1"}, {"linetwin": "1.0", "FMU drying": "a"})


def on_cluster(written: Written, run: Runner, *, kill_one: bool = False) -> StudyRun:
    """Carry a study out on a cluster of two workers; `kill_one` while it is at it."""
    spec = written.spec()
    writer = StudyWriter(written.output, spec, INPUTS)
    executor = DaskExecutor(run, INPUTS, LOCAL, 2, versions)
    killed = []

    def show(counts: object) -> None:
        if kill_one and not killed and len(writer.done) == 3:
            pids = executor.processes()
            os.kill(pids[0], signal.SIGKILL)
            killed.append(pids[0])

    study = StudyRun(spec, writer, executor, bool, show)
    try:
        study.results(planned(spec), spec.replications)
        writer.finish("complete")
    finally:
        executor.close()
    assert bool(killed) == kill_one
    return study


def test_a_cluster_gives_what_processes_give_though_a_worker_is_killed(written: Written) -> None:
    """Each run has its row with the sum of its factors and seed; SIGKILL of a worker loses none."""
    written.edit("design:", "replications: 4\ndesign:")
    on_cluster(written, slow_total, kill_one=True)
    runs = read_study(written.output).runs
    found = runs.join(read_study(written.output).points, on="point")
    expected = found["cathode.calender.line_load"] + found["cathode.mixer.batch_mass"]
    assert list(found["status"]) == ["complete"] * 24
    assert list(found["energy.energy_used"]) == list(expected + found["seed"])


@pytest.mark.slow
def test_runs_that_end_their_workers_are_recorded(written: Written) -> None:
    """Runs whose workers die have an error; others, in one batch with them too, come back."""
    written.edit("design:", "replications: 4\ndesign:")
    on_cluster(written, always_killed)
    runs = read_study(written.output).runs
    failed = runs["point"] == 0
    assert (runs.loc[failed, "status"] == "failed").sum() == 4
    assert (runs.loc[~failed, "status"] == "complete").sum() == 20
    assert runs.loc[failed, "error"].str.contains("died").all()


def test_other_versions_on_a_worker_are_refused_with_both(written: Written) -> None:
    """What another version makes is another run."""
    with pytest.raises(LinkError, match=r"linetwin is 1\.0 here, and 0\.9 on the worker at tcp"):
        DaskExecutor(total, INPUTS, LOCAL, 1, other_versions)


def test_a_cluster_that_is_not_there_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without a scheduler ends with a LinkError when it has not answered in time."""
    monkeypatch.setattr(clustered, "CONNECT_S", 1)
    begun = time.monotonic()
    with pytest.raises(LinkError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        DaskExecutor(total, INPUTS, "tcp://127.0.0.1:9", 1, versions)
    assert time.monotonic() - begun < 30


@pytest.mark.slow
def test_a_scheduler_that_goes_ends_the_study_and_what_came_back_is_kept(written: Written) -> None:
    """An address is that of a cluster started elsewhere; when that ends, a LinkError says so."""
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    )
    written.edit("design:", "replications: 40\ndesign:")
    spec = written.spec()
    writer = StudyWriter(written.output, spec, INPUTS)
    executor = DaskExecutor(slow_total, INPUTS, cluster.scheduler_address, 1, versions)

    def show(counts: Progress) -> None:
        if counts.made == 5:
            cluster.close()

    study = StudyRun(spec, writer, executor, bool, show)
    with pytest.raises(LinkError, match="scheduler has gone"):
        study.results(planned(spec), spec.replications)
    executor.close()
    writer.finish("failed")
    assert 5 <= len(read_study(written.output).runs) < 240
