"""node-opcua as a server of the tests: installed once, started, stalled, killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest
from small_server import free_port

from linetwin.scenario.mapping import load_mapping
from linetwin.twin.feed.process import FeedOrder
from linetwin.twin.opcua.visiting import variables_of
from linetwin.twin.security.connecting import Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.trust import Trust

PACKAGE = "node-opcua@2.182"
SCRIPT = Path(__file__).with_name("node_server.js")
INSTALL_S = 300.0
HOST = socket.gethostname()


def installed(folder: Path, *packages: str) -> Path:
    """Install packages, node-opcua if none is named; the test is skipped where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    wanted = packages or (PACKAGE,)
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    if done.returncode:
        pytest.skip(f"{', '.join(wanted)} cannot be installed: {done.stderr[-200:]}")
    return folder


class NodeServer:
    """A server with `tags` values that count, all at once, every so many ms."""

    def __init__(self, packages: Path, pki: Path, tags: int, every_ms: float) -> None:
        self.port = free_port()
        self.tags = tags
        self.endpoint = f"opc.tcp://127.0.0.1:{self.port}/counting"
        about = {"port": self.port, "tags": tags, "everyMs": every_ms, "pki": str(pki)}
        self._command = ["node", str(SCRIPT), json.dumps(about), str(packages)]
        self.process: subprocess.Popen[bytes] | None = None
        self.uri = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGCONT)
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"{"):
                self.uri = json.loads(line)["uri"]
                return
        pytest.fail("the server has not started")

    def count(self) -> None:
        """Let it begin to count."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """kill -9."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process = None


def feed_order(server: NodeServer, folder: Path, **source: Any) -> FeedOrder:  # noqa: ANN401
    """An order for all tags of a server, whose certificate a person has believed."""
    place = SecurityFolder(folder / "security")
    trust = Trust(place, approve=lambda _: True)
    variables = variables_of(
        server.endpoint, Terms(create_identity(place, Wish("feed")), trust, host_override=HOST)
    )
    assert sum(each.path[-1][1].startswith("tag") for each in variables) == server.tags
    about = {"publishing": "100 ms", "keep_alive": 5, "stale_after": "2 s", **source}
    lines = [
        "schema: 1\nname: counting\nowner: tests\nversion: '1'\nsources:\n  plc:",
        f"    endpoints: ['{server.endpoint}']\n    namespaces: {{plant: '{server.uri}'}}",
        f"    security: {{policy: Aes256_Sha256_RsaPss, host: '{HOST}'}}",
        "    clock: {owner: tests}",
        *(f"    {key}: {value}" for key, value in about.items()),
        "signals:",
        *(
            f"  tag{n}: {{node: nsu=plant;s=tag{n}, address: line.produced, kind: counter, "
            "sampling: 0 s, queue: 1000}"
            for n in range(server.tags)
        ),
    ]
    file = folder / "plant.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    load_mapping(file)
    return FeedOrder(file, folder / "security", record=folder / "feed")
