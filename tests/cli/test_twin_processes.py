"""`linetwin plant` and `linetwin live run` as processes of their own, over OPC UA."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from cli_support import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 120.0
RUN = (*COMMAND, "live", "run", "live_twin", "-o", "twin")


@contextmanager
def process(folder: Path, name: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own, whose output goes into a file; none of it is left."""
    with (folder / name).open("ab") as stream:
        made = subprocess.Popen(
            words, cwd=folder, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            yield made
        finally:
            if made.poll() is None:
                made.kill()
            made.wait(PATIENCE_S)


def until(file: Path, text: str) -> None:
    """Wait until a file says something."""
    end = time.monotonic() + PATIENCE_S
    while not file.exists() or text not in file.read_text():
        assert time.monotonic() < end, file.read_text() if file.exists() else "nothing was written"
        time.sleep(0.2)


def left_of(group: int) -> bool:
    """Whether a process of a session is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def follow(folder: Path, *words: str) -> dict[str, Any]:
    """Run the twin for a while and return what it says at its end."""
    done = subprocess.run(
        (*RUN, *words, "--json"), cwd=folder, capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"said": done.stderr.decode()}


@pytest.mark.slow
def test_a_twin_joins_is_killed_goes_on_and_is_in_step(tmp_path: Path) -> None:
    """Lots that passed while it was dead are caught up; no process is left after the kill."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"opc.tcp://127.0.0.1:{free.getsockname()[1]}/linetwin"
    where = ("--endpoint", endpoint)
    introduced = (*COMMAND, "live", "trust", "introduce", "security/twin", "security/plant")
    subprocess.run(introduced, cwd=tmp_path, check=True, timeout=PATIENCE_S)
    plant = (*COMMAND, "plant", "live_plant", "--pace", "60", "--anonymous", *where)
    with process(tmp_path, "plant.log", *plant) as played:
        until(tmp_path / "plant.log", "certificate:")
        with process(tmp_path, "twin.log", *RUN, *where) as first:
            until(tmp_path / "twin.log", "joined the plant at day 0")
            time.sleep(5)
            os.kill(first.pid, signal.SIGKILL)
            first.wait(PATIENCE_S)
        end = time.monotonic() + PATIENCE_S
        while left_of(first.pid):
            assert time.monotonic() < end, "the feed has outlived its twin"
            time.sleep(0.2)
        time.sleep(20)  # twenty minutes of the plant
        found = follow(tmp_path, *where, "--for", "25 s")
        assert "goes on from twin.session" in found["said"]
        assert found["state"] in {"in step", "out of step"}
        assert sum(each["behind"] for each in found["stations"].values()) <= 2
        assert found["events"] > 500
        assert found["sources"][0]["link"] == "live"
        assert not left_of(first.pid)
        again = follow(tmp_path, *where, "--for", "12 s")
        assert again["tick"] > found["tick"]
        assert again["events"] > found["events"]
        played.send_signal(signal.SIGINT)
        played.wait(PATIENCE_S)
