"""A server beside which `live run` is started: waited for while nobody answers, else refused."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from small_server import SmallServer, free_port

from linetwin.cli import visiting
from linetwin.cli.visiting import Visit, propose_mapping
from linetwin.errors import LinkError, OpcUaError
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    """A visit to a port on which nobody listens, with a minute's patience."""
    create_identity(SecurityFolder(tmp_path / "security"), Wish("test"))
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}/test"
    return Visit(endpoint, tmp_path / "security", "None", "", "", patience_s=60.0)


class Sleeps:
    """Stands in for waiting: counts how often, and what is done meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        monkeypatch.setattr(visiting, "time", self)

    def monotonic(self) -> float:
        """Return how long was waited [s]."""
        return self.passed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.passed += seconds


def test_a_server_that_never_opens_is_given_up_after_a_minute(
    visit: Visit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Told every five seconds for which endpoint; then exit code 4 with what to do."""
    sleeps = Sleeps(monkeypatch)
    with pytest.raises(LinkError, match="nothing has answered for 60 s; start the plant") as found:
        propose_mapping(visit, "live_twin", "us", tmp_path / "mapping.yaml", aside=True)
    assert found.value.exit_code == 4
    assert 60 < sleeps.passed <= 62
    told = [line for line in capsys.readouterr().err.splitlines() if visit.endpoint in line]
    assert len(told) == 13
    assert told[1] == f"waits for {visit.endpoint}: nothing answers there yet (5 of 60 s)"


def test_a_port_that_opens_meanwhile_is_visited(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three seconds later the server is there, and is browsed."""
    sleeps = Sleeps(monkeypatch)
    with contextlib.ExitStack() as stack:

        def opens(seconds: float) -> None:
            sleeps.passed += seconds
            if sleeps.passed == 3:
                port = int(visit.endpoint.split(":")[2].split("/")[0])
                stack.enter_context(SmallServer(["a"], port))

        monkeypatch.setattr(sleeps, "sleep", opens)
        propose_mapping(visit, "live_twin", "us", tmp_path / "mapping.yaml", aside=True)
    assert sleeps.passed == 3
    assert (tmp_path / "mapping.yaml").exists()


@pytest.mark.parametrize("wrong", ["host", "impatient"])
def test_what_time_does_not_heal_is_refused_at_once(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """A name that nobody knows; and any server of a command that is not patient."""
    sleeps = Sleeps(monkeypatch)
    hosts = {"host": "opc.tcp://plant.invalid:4840"}
    asked = replace(
        visit,
        endpoint=hosts.get(wrong, visit.endpoint),
        patience_s=0.0 if wrong == "impatient" else 60.0,
    )
    with pytest.raises(OpcUaError):
        propose_mapping(asked, "live_twin", "us", tmp_path / "mapping.yaml", aside=True)
    assert sleeps.passed == 0


def test_a_person_may_end_the_waiting(visit: Visit, tmp_path: Path) -> None:
    """Ctrl-C: exit code 5, no mapping, and the folder may be used again."""
    words = ("live", "run", "live_twin", "-o", "twin", "--endpoint", visit.endpoint)
    command = (sys.executable, "-m", "linetwin.cli", *words, "--security", "security")
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as made:
        try:
            assert made.stderr is not None
            assert made.stderr.readline().startswith(f"waits for {visit.endpoint}")
            os.kill(made.pid, signal.SIGINT)
            assert "interrupted" in made.stderr.read()
            assert made.wait() == 5
        finally:
            made.kill()
    assert not (tmp_path / "twin" / "mapping.yaml").exists()
