"""Another vendor's stack as client of the plant: it browses, subscribes and is refused a write."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from plant_support import HOUR, MINUTE, Running, guard_of, scenario_of

from linetwin.twin.security.certificates import read_certificate
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("node_client.js")
PACKAGE = "node-opcua-client@2.182"
PASSWORD = "correct horse battery"  # noqa: S105  of a test
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with node-opcua's client; the test is skipped where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be installed: {done.stderr[-200:]}")
    return folder


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Running]:
    """The pilot line, with a record a minute of its time; it moves on while the test lasts."""
    scenario = scenario_of(order_cells=None, duration_ticks=48 * HOUR, recording_ticks=MINUTE)
    guard = guard_of(tmp_path / "plant")
    guard.users.add("olga", Role.OBSERVER, PASSWORD)
    running = Running(scenario, guard, 7 * HOUR, opens=7 * HOUR).begin()
    ended = threading.Event()

    def move_on() -> None:
        while not ended.wait(0.05):
            running.pace.until = min(running.pace.until + MINUTE, 40 * HOUR)

    mover = threading.Thread(target=move_on)
    mover.start()
    try:
        yield running
    finally:
        ended.set()
        mover.join()
        running.end()


def asked(plant: Running, packages: Path, folder: Path) -> dict[str, Any]:
    """Run the client and return what it saw."""
    place = SecurityFolder(folder)
    identity = create_identity(place, Wish("node"))
    plant.guard.trust.add(read_certificate(identity.certificate_file))
    certificate = folder / "certificate.pem"
    certificate.write_bytes(identity.certificate.parsed.public_bytes(Encoding.PEM))
    key, user = str(identity.key_file), ("olga", PASSWORD)
    arguments = [plant.endpoint, str(certificate), key, identity.application_uri, *user]
    done = subprocess.run(
        [str(shutil.which("node")), str(SCRIPT), *arguments, str(packages)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr + str(
        [str(each.error) for each in plant.guard.refusals]
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_node_opcua_browses_and_subscribes_encrypted(
    plant: Running, packages: Path, tmp_path: Path
) -> None:
    """Values come in order, with the plant's times; an observer's write is refused."""
    begun = time.time()
    found = asked(plant, packages, tmp_path / "client")
    assert {*plant.scenario.stations, "building"} <= set(found["machines"])
    assert {"Identification", "Status", "Measurements", "Alarms"} <= set(found["folders"])
    assert found["unit"] == int.from_bytes(b"28", "big")
    assert found["written"] == "BadUserAccessDenied"
    line_time, energy = found["seen"]
    ticks = [each["value"] for each in line_time]
    assert ticks == sorted(ticks)
    true = {
        row["electric_energy"]
        for row in plant.rows.of("signals")
        if row["station"] == "cathode.mixer"
    }
    told = [each["value"] for each in energy]
    assert told == sorted(told)
    assert set(told) <= true
    assert {each["status"] for each in line_time + energy} == {"Good"}
    away = line_time[-1]["source"] - line_time[0]["source"]
    assert away == pytest.approx(1000 * (ticks[-1] - ticks[0]), abs=1.0)
    assert line_time[0]["source"] > 1000 * begun - 3_600_000
