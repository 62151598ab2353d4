"""`linetwin plant` from the command line: what it refuses, and a day that ends by itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from asyncua import Client
from plant_support import of_line
from small_server import free_port

from linetwin.cli import plant as commands
from linetwin.cli import running
from linetwin.cli.plant import PlantRequest
from linetwin.cli.running import Request
from linetwin.errors import ResultsError, ScenarioError
from linetwin.scenario.loading import find_scenario
from linetwin.twin.plant.model import NAMESPACE

FOLDER = Path(__file__).parent

COMMAND = [sys.executable, "-m", "linetwin.cli", "plant"]
PATIENCE_S = 120.0


def wanted(folder: Path, **changes: Any) -> PlantRequest:  # noqa: ANN401  fields of it
    """Return what a user asks for."""
    run = Request("baseline", (), None, None)
    good = PlantRequest(
        run, "opc.tcp://127.0.0.1:4840/linetwin", 1.0, None, folder / "security", "500 ms"
    )
    return replace(good, **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pace": 0.0}, "--pace: 0 is no pace"),
        ({"endpoint": "127.0.0.1:4840"}, "--endpoint: no endpoint"),
        ({"endpoint": "opc.tcp://plant:high/x"}, "--endpoint: no endpoint"),
        ({"publish_interval": "2 h"}, "--publish-interval: 7200 s"),
        ({"publish_interval": "often"}, "--publish-interval"),
        ({"truth": FOLDER}, "is not empty"),
    ],
)
def test_what_is_wrong_is_told_before_anything_opens(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    """An error of exit code 2 says which option is wrong; no certificate has been made."""
    with pytest.raises((ScenarioError, ResultsError), match=told) as error:
        commands.plant(wanted(tmp_path, **changes))
    assert error.value.exit_code == 2
    assert not list(tmp_path.iterdir())


async def wait_for_line_time(endpoint: str, seconds: float) -> None:
    """Read the plant's clock until it shows a time of the line."""
    async with asyncio.timeout(PATIENCE_S), Client(endpoint) as client:
        index = await client.get_namespace_index(NAMESPACE)
        clock = client.get_node(f"ns={index};s=line/Clock/line_time")
        shown = 0.0
        while shown < seconds:
            value = (await clock.read_data_value(raise_on_bad_status=False)).Value.Value
            shown = value or 0.0
            await asyncio.sleep(0.05)


@pytest.mark.slow
def test_an_interrupted_plant_leaves_the_truth(tmp_path: Path) -> None:
    """Ctrl-C ends with exit code 5, with the line's tables, what was hidden, and a report."""
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}/linetwin"
    late = "{tags: '*/Energy/electric_power', kind: late, delay: 1 min}"
    scenario = tmp_path / "hiding.yaml"
    shipped = find_scenario("baseline").resolve()
    text = shipped.read_text("utf-8")
    for name in ("line", "recipe", "prices"):
        text = text.replace(f"\n{name}: ", f"\n{name}: {shipped.parent}/")
    scenario.write_text(f"{text}\nplant: {{opens: 6 h, hides: [{late}]}}\n", "utf-8")
    arguments = [str(scenario), "--endpoint", endpoint, "--pace", "3600", "--truth", "truth"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*COMMAND, *arguments, "--anonymous", "--insecure"],
        cwd=tmp_path,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert endpoint in running.stdout.readline()
        asyncio.run(wait_for_line_time(endpoint, 6.2 * 3600))
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 5, err
    assert "anonymous clients are let in" in err
    assert "run folder: truth" in out
    manifest = json.loads((tmp_path / "truth" / "manifest.json").read_text("utf-8"))
    assert manifest["status"] == "interrupted"
    assert manifest["plant"]["endpoint"] == endpoint
    hidden = pq.read_table(tmp_path / "truth" / "hidden.parquet").to_pylist()
    assert {row["kind"] for row in hidden} == {"late"}
    assert all(row["arrived"] == row["tick"] + 60_000 for row in hidden)
    signals = pq.read_table(tmp_path / "truth" / "signals.parquet").to_pylist()
    true = defaultdict(set)  # at the end a second record of its instant follows the last events
    for row in signals:
        true[row["tick"], f"{row['station']}/Energy/electric_power"].add(row["electric_power"])
    own = [row for row in hidden if not row["node"].startswith("line/")]
    assert own
    assert all(row["value"] in true[row["tick"], row["node"]] for row in own)
    assert (tmp_path / "truth" / "report.html").is_file()


@pytest.mark.slow
def test_the_truth_is_the_run(tmp_path: Path) -> None:
    """Every table of a plant's truth is, bit by bit, that of `linetwin run` of the scenario."""
    request = Request("live_plant", (), None, None, "9 h")
    running.run(request, tmp_path / "run", 1, as_json=False)
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}/linetwin"
    truth = tmp_path / "truth"
    commands.plant(
        replace(wanted(tmp_path, truth=truth), run=request, endpoint=endpoint, pace=3000.0)
    )
    assert of_line("line_support").differences(tmp_path / "run", truth) == []
    assert (truth / "hidden.parquet").is_file()
