"""A change that was made is watched, and taken back only where a person approved that with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from authority import Sheet, installed
from test_writing import AFTER, BEFORE, LOAD, MINUTE, Panel, Room, policy_of

from linetwin.cli.interruption import Interruption
from linetwin.cli.twin_writing import Watching, watch_change
from linetwin.errors import OpcUaError, RefusedError
from linetwin.results.audit_check import verify
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.roles import Role
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from pathlib import Path

THICKNESS = {"as foretold": 58e-6, "not as foretold": 60e-6}


@dataclass
class Measured(Panel):
    """A panel whose station hands over a lot at each look, of the same thickness."""

    thickness: float = 58e-6
    lots: int = 10
    breaks_at: int = 1000

    def given(self, station: str) -> int:
        """Return lots handed over."""
        assert station == "cathode.calender"
        self.lots += 1
        if self.lots > self.breaks_at:
            raise OpcUaError("the plant has gone")
        return self.lots

    def measurement(self, station: str, name: str) -> float:
        """Return the thickness."""
        assert (station, name) == ("cathode.calender", "thickness")
        return self.thickness


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Eve may approve; nobody waits."""
    monkeypatch.setattr("linetwin.cli.twin_writing._LOOK_S", 0.0)
    users = Users(tmp_path / "users.json")
    eve = installed(SecurityFolder(tmp_path / "eve"), Sheet("eve"))
    users.add("eve", Role.ENGINEER, eve.certificate)
    return Room(tmp_path, policy_of(tmp_path), eve, Measured())


def changed(room: Room, **limits: Any) -> Watching:  # noqa: ANN401
    """Make a change of which a thickness of 58 um was foretold."""
    writer = room.writer()
    written = writer.write(room.approved(**limits))
    assert isinstance(room.panel, Measured)
    return Watching(writer, room.panel, written)


@pytest.mark.parametrize("verdict", THICKNESS)
@pytest.mark.parametrize("both", [False, True])
def test_what_comes_is_compared(
    room: Room, verdict: str, *, both: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict is told and logged; the set value goes back only where both was approved."""
    assert isinstance(room.panel, Measured)
    room.panel.thickness = THICKNESS[verdict]
    limits = {"rollback_until": room.at + 60 * MINUTE} if both else {}
    watch_change(changed(room, **limits), 30.0, Interruption())
    told = capsys.readouterr()
    assert f"coating_thickness: {verdict}: " in told.out
    entries = [what for what, _ in room.told()]
    wrong = verdict != "as foretold"
    assert room.panel.value == (BEFORE if wrong and both else AFTER)
    assert ("rollback accepted" in entries) == (wrong and both)
    assert ("rollback proposed" in entries) == (wrong and not both)
    assert ("to take it back" in told.err) == (wrong and not both)
    seen = next(after for what, after in room.told() if what == "change watched")
    assert (seen["verdict"], seen["lots"]) == (verdict, 3)
    verify(room.folder / "audit.jsonl")


def test_a_lost_heartbeat_ends_the_watch(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """The twin, or the plant, is not heard: a person is told how to take the change back."""
    watching = changed(room)
    room.at += 11 * MINUTE
    with pytest.raises(RefusedError, match="heartbeat lost"):
        watch_change(watching, 30.0, Interruption())
    room.at -= 11 * MINUTE
    assert isinstance(room.panel, Measured)
    room.panel.breaks_at = room.panel.lots + 2
    with pytest.raises(OpcUaError, match="has gone"):
        watch_change(watching, 30.0, Interruption())
    assert [what for what, _ in room.told()].count("rollback proposed") == 2
    assert f"--set '{LOAD}=600 N/mm'" in capsys.readouterr().err
    assert room.panel.value == AFTER
