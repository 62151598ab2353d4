"""`linetwin live browse|map|watch|record|replay` by the command line, against a small server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "twin"))

from small_server import SmallServer, mapping_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli_support import Clerk

SIGNAL = "  speed: {node: nsu=plant;s=speed, address: cathode.coater.web_speed, unit: m/min}\n"


@pytest.fixture(scope="module")
def server() -> Iterator[SmallServer]:
    """A server with a speed of 1.5."""
    with SmallServer(["speed"]) as made:
        made.write({"speed": 1.5})
        yield made


@pytest.fixture(scope="module")
def folder(clerk: Clerk, server: SmallServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and a mapping."""
    place = tmp_path_factory.mktemp("live")
    made = clerk("live", "certificate", "create", "--security", place / "security")
    assert made.code == 0, made.err
    text = mapping_text(server.endpoint, SIGNAL)
    (place / "plant.yaml").write_text(text, encoding="utf-8")
    return place


def test_a_server_is_browsed_and_mapped(clerk: Clerk, server: SmallServer, folder: Path) -> None:
    """What is there is listed; a proposal is written once and never over another file."""
    common = ("--policy", "None", "--security", folder / "security")
    found = clerk("live", "browse", server.endpoint, *common, "--json")
    assert found.code == 0, found.err
    (variable,) = json.loads(found.out)
    assert (variable["node"], variable["value"]) == ("nsu=urn:test:plant;s=speed", 1.5)
    nowhere = clerk("live", "browse", server.endpoint, *common, "--below", "Line/Cotter")
    assert (nowhere.code, "nothing is there below 'Line/Cotter'" in nowhere.err) == (2, True)
    target = folder / "proposed.yaml"
    asked = ("live", "map", server.endpoint, *common, "--scenario", "baseline", "-o", target)
    made = clerk(*asked)
    assert made.code == 0, made.err
    assert "0 signals proposed" in made.out
    assert "s=speed" in target.read_text(encoding="utf-8")
    again = clerk(*asked)
    assert (again.code, "is there already" in again.err) == (2, True)


def test_a_server_is_not_trusted_unasked(clerk: Clerk, server: SmallServer, folder: Path) -> None:
    """Without protection only where that is asked for by name."""
    answer = clerk("live", "browse", server.endpoint, "--security", folder / "security")
    assert answer.code == 4
    assert "does not offer Basic256Sha256" in answer.err


@pytest.mark.slow
def test_a_feed_is_recorded_and_played(clerk: Clerk, folder: Path) -> None:
    """The value in canonical units, its source live; the recording shows the same again."""
    feed = folder / "feed"
    common = ("--security", folder / "security", "--json")
    recorded = clerk("live", "record", folder / "plant.yaml", "-o", feed, "--for", "3 s", *common)
    assert recorded.code == 0, recorded.err
    live = json.loads(recorded.out)
    assert live["signals"][0]["value"] == pytest.approx(1.5 / 60)
    assert live["sources"][0]["state"] == "live"
    played = clerk("live", "replay", feed, "--json")
    assert played.code == 0, played.err
    again = json.loads(played.out)
    for key in ("value", "status", "flags", "changes"):
        assert again["signals"][0][key] == live["signals"][0][key]
    shown = clerk("live", "replay", feed)
    assert "1.5" in shown.out
    assert "m/min" in shown.out


@pytest.mark.parametrize("source", ["server", "file"])
def test_a_recording_of_nothing_is_a_failure(
    clerk: Clerk, server: SmallServer, folder: Path, tmp_path: Path, source: str
) -> None:
    """No server, or no file: what is wrong is said, with the exit code of a link."""
    text = (folder / "plant.yaml").read_text(encoding="utf-8")
    if source == "server":
        text = text.replace(server.endpoint, "opc.tcp://127.0.0.1:1")
    else:
        text = (
            "schema: 1\nname: files\nowner: us\nversion: '1'\nsources:\n"
            "  nobody: {file: nobody.csv, clock: {owner: us}}\nsignals:\n"
            "  speed: {column: v, address: cathode.coater.web_speed, unit: m/min}\n"
        )
    mapping = tmp_path / "nothing.yaml"
    mapping.write_text(text, encoding="utf-8")
    common = ("--for", "1 s", "--security", folder / "security", "--json")
    ended = clerk("live", "record", mapping, "-o", tmp_path / "feed", *common)
    assert ended.code == 4, ended.err
    assert "no source was ever live" in ended.err
    assert json.loads(ended.out)["sources"][0]["state"] != "live"


def test_mistakes_are_told_before_anything_is_started(clerk: Clerk, folder: Path) -> None:
    """A mapping, a time, a folder, a speed."""
    mapping, common = folder / "plant.yaml", ("--security", folder / "security")
    wrong = folder / "wrong.yaml"
    wrong.write_text(mapping.read_text(encoding="utf-8").replace("m/min", "kg"), encoding="utf-8")
    for arguments, said in (
        (("watch", wrong, *common), "signals.speed.unit"),
        (("watch", mapping, "--for", "soon", *common), "--for"),
        (("watch", mapping, "--for=-1 s", *common), "--for: -1 s is not possible"),
        (("record", mapping, "-o", folder, *common), "not empty"),
        (("replay", folder / "none"), "mapping.yaml"),
    ):
        answer = clerk("live", *arguments)
        assert answer.code == 2, answer.err
        assert said in answer.err


def test_a_signal_that_the_server_has_not_is_shown_as_refused(
    clerk: Clerk, server: SmallServer, folder: Path
) -> None:
    """Nothing of it has come, so it is not good."""
    gone = SIGNAL.replace("speed:", "gone:").replace("s=speed", "s=gone")
    gone = gone.replace("coater.web_speed", "mixer.jacket_temperature").replace("m/min", "Cel")
    text = mapping_text(server.endpoint, SIGNAL + gone)
    (folder / "gone.yaml").write_text(text, encoding="utf-8")
    found = clerk("live", "watch", folder / "gone.yaml", "--security", folder / "security",
                  "--for", "5 s")  # fmt: skip
    assert found.code == 0, found.err
    rows = {line.split()[0]: line.split() for line in found.out.splitlines() if line.split()}
    assert "refused" in rows["gone"]
    assert "good" not in rows["gone"]
    assert "good" in rows["speed"]
