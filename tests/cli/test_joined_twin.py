"""A plant's mapping goes through shells and back, and the twin follows the plant by it."""

from __future__ import annotations

import json
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli_support import COMMAND
from ruamel.yaml import YAML
from test_twin_processes import PATIENCE_S, process, until

from linetwin.scenario import load
from linetwin.scenario.mapping import load_mapping

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = "AssetInterfacesDescription/InterfaceOPCUA/EndpointMetadata"
BARE = ("line", "building")


def called(folder: Path, *words: str) -> str:
    """Run a command that ends well and return what it prints."""
    done = subprocess.run(
        (*COMMAND, *words), cwd=folder, capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def decisions(folder: Path, stations: list[str]) -> str:
    """Write what a person decides: an open server, and parameters that stay the line's own."""
    answers = {each: {"security": {ENDPOINT: "None"}} for each in (*stations, *BARE)}
    for station in stations:
        answers[station]["parameters"] = {"*": "ignore"}
    answers["line"]["shell"] = {"name": "pilot"}
    with (folder / "decisions.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump({"schema": 1, **answers}, stream)
    return "decisions.yaml"


@pytest.mark.slow
def test_a_twin_follows_by_a_mapping_that_went_through_shells(tmp_path: Path) -> None:
    """All that `live map` proposed comes back; no station is behind by more than a lot or two."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"opc.tcp://127.0.0.1:{free.getsockname()[1]}/linetwin"
    called(tmp_path, "live", "certificate", "create", "--name", "twin")
    plant = (*COMMAND, "plant", "live_plant", "--pace", "60", "--anonymous", "--insecure")
    with process(tmp_path, "plant.log", *plant, "--endpoint", endpoint):
        until(tmp_path / "plant.log", "certificate:")
        about = ("--policy", "None", "--scenario", "live_twin", "--owner", "tests")
        called(tmp_path, "live", "map", endpoint, *about, "-o", "map.yaml")
        called(tmp_path, "aas", "export", "live_plant", "--mapping", "map.yaml", "-o", "p.aasx")
        scenario = load("live_twin")
        stations = list(scenario.stations)
        places = [word for each in (*stations, *BARE) for word in ("--as", each)]
        decided = ("--decisions", decisions(tmp_path, stations), "--owner", "tests")
        joining = ("aas", "import", "p.aasx", "--into", "live_twin", *places, *decided)
        said = called(tmp_path, *joining, "-o", "joined")
        assert "live run cannot" not in said
        before, after = (
            {(each.address, each.kind, str(each.node)) for each in load_mapping(file).signals}
            for file in (tmp_path / "map.yaml", tmp_path / "joined" / "mapping.yaml")
        )
        assert before == after
        follow = ("live", "run", "joined/scenario.yaml", "--mapping", "joined/mapping.yaml")
        found = json.loads(called(tmp_path, *follow, "--for", "25 s", "-o", "twin", "--json"))
        assert found["state"] in {"in step", "out of step"}
        assert len(found["stations"]) == len(stations)
        assert sum(each["behind"] for each in found["stations"].values()) <= 2
        assert found["events"] > 500
