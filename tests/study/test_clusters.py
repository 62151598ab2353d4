"""The same study on a Dask cluster of this machine."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socketserver
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from study_support import Written, planned
from toy_runs import always_killed, other_versions, slow_total, total, versions

from linetwin.errors import LinkError, ScenarioError
from linetwin.study import clustered, greeting
from linetwin.study.clustered import LOCAL, DaskExecutor, check_address
from linetwin.study.executing import StudyRun
from linetwin.study.folder import read_study
from linetwin.study.keeping import StudyWriter
from linetwin.study.tasks import Inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.mark.parametrize(
    "address", ["nonsense", "", "tcp://", "http://here:8787", "here:", "tcp://here:x", "here:99999"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """Neither scheme nor port, or a wrong one: a mistake of the command, with what is allowed."""
    with pytest.raises(ScenarioError, match=r"--dask.*allowed: tcp://host:8786 or local"):
        check_address(address)


@pytest.mark.parametrize("address", [LOCAL, "tcp://here", "10.0.0.7:8786", "tls://[::1]:8786"])
def test_what_may_be_an_address_is_tried(address: str) -> None:
    """The scheme or the port may be left out, as Dask has both by itself."""
    check_address(address)


@pytest.mark.parametrize(
    ("says", "closes", "told"),
    [
        (b"", False, "something that says nothing within 1 s answers"),
        (b"", True, "something that says nothing"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True, "a web server answers"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", False, "something that says b'SSH-2.0-OpenSSH_' answers"),
        (struct.pack("<2Q", 58, 1) + b"half", False, "something that says"),
    ],
)
def test_others_than_schedulers_are_told_soon(
    monkeypatch: pytest.MonkeyPatch, says: bytes, *, closes: bool, told: str
) -> None:
    """Whoever takes the connection and is silent, closes it, or says something else."""
    monkeypatch.setattr(clustered, "CONNECT_S", 1)
    monkeypatch.setattr(greeting, "_ASK_S", 0.2)

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(says)
            if not closes:
                self.request.recv(64)  # until the other side goes

    with listening(Answer) as address, pytest.raises(LinkError, match=re.escape(told)):
        DaskExecutor(total, INPUTS, address, 1, versions)


def test_a_page_is_told_from_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard, or any other web server, waits to be asked before it says who it is."""
    monkeypatch.setattr(clustered, "CONNECT_S", 1)
    told = r"a web server answers at tcp://127\.0\.0\.1:\d+, no Dask scheduler"
    with listening(BaseHTTPRequestHandler) as address, pytest.raises(LinkError, match=told):
        DaskExecutor(total, INPUTS, address, 1, versions)


@contextlib.contextmanager
def listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """Listen on loopback; yield the address as one of a scheduler."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


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
