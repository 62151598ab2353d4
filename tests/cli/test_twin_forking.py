"""`linetwin live fork`: two futures of a saved twin, and a twin that is left as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from linetwin.cli.twin_forking import SESSION, Fork, fork
from linetwin.cli.twin_run import TwinRequest, led_parts
from linetwin.errors import LinetwinError
from linetwin.results import read
from linetwin.scenario.loading import find_scenario
from linetwin.twin.following.joining import Standing
from linetwin.twin.session import Session

if TYPE_CHECKING:
    from pathlib import Path

NOW = 9 * 3_600_000
SPEED = "cathode.coater.web_speed"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a twin that has just joined."""
    folder = tmp_path_factory.mktemp("twin")
    request = TwinRequest("live_twin", folder, folder)
    scenario = request.load()
    parts, models = led_parts(scenario, request)
    try:
        session = Session.join(parts, Standing(tick=NOW))
        session.hear([], NOW + 60_000)
        cursor = {"origin": 0, "scenario": str(find_scenario("live_twin").resolve())}
        (folder / SESSION).write_bytes(session.save(cursor))
    finally:
        models.close()
    return folder


def test_two_futures_leave_the_twin_as_it_was(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run folders of both futures are read by report and compare; no byte of the twin differs."""
    before = {file.name: file.read_bytes() for file in twin.iterdir()}
    asked = Fork(twin, (f"{SPEED}=1.5 m/min",), "10 min", output=tmp_path / "ahead")
    fork(asked, as_json=False)
    assert {file.name: file.read_bytes() for file in twin.iterdir()} == before
    told = capsys.readouterr().out
    assert "B - A" in told
    runs = {name: read(tmp_path / "ahead" / name) for name in ("as_is", "changed")}
    for run in runs.values():
        assert run.manifest["status"] == "complete"
        assert run.manifest["branched_at_tick"] == pytest.approx(NOW + 60_000, abs=2)
        assert run.kpis["limits"]
        assert (run.path / "report.html").is_file()
    events = {name: run.table("events") for name, run in runs.items()}
    set_at = {name: each.query(f"cause == 'fork: {SPEED}'") for name, each in events.items()}
    assert set_at["as_is"].empty
    assert set_at["changed"]["amount"].tolist() == pytest.approx([0.025])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"span": "soon"}, "--for"),
        ({"settings": ("cathode.coater.web_sped=1.5 m/min",)}, "web_sped"),
        ({"settings": ("cathode.coater.machine.heat_capacity=1 kJ/K",)}, "heat_capacity"),
    ],
)
def test_what_cannot_be_forked_is_refused(
    twin: Path, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    """A time, an address that there is not: told before anything runs."""
    asked = Fork(twin, (), "1 h", output=tmp_path / "ahead")
    with pytest.raises(LinetwinError, match=why):
        fork(replace(asked, **change), as_json=False)
    assert not (tmp_path / "ahead").exists()


def test_what_is_no_twin_is_refused(tmp_path: Path) -> None:
    """No file, and one that is damaged: told with the file."""
    with pytest.raises(LinetwinError, match=SESSION):
        fork(Fork(tmp_path, (), "1 h"), as_json=False)
    (tmp_path / SESSION).write_bytes(b"linetwin twin\n" + bytes(40))
    with pytest.raises(LinetwinError, match="damaged"):
        fork(Fork(tmp_path, (), "1 h"), as_json=False)
