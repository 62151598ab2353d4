"""A change that was made is watched, and taken back only where a person approved that with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from authority import Sheet, installed
from foretelling import EXPECTED
from hypothesis import given
from hypothesis import strategies as st
from test_writing import AFTER, BEFORE, LOAD, MINUTE, Panel, Room, policy_of

from linetwin.cli.interruption import Interruption
from linetwin.cli.twin_writing import Watching, watch_change
from linetwin.errors import OpcUaError, RefusedError
from linetwin.results.audit_check import verify
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.roles import Role
from linetwin.twin.security.users import Users
from linetwin.twin.writing.watching import Seen, Watch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THICKNESS = {"as foretold": 58e-6, "not as foretold": 60e-6}


@dataclass
class Measured(Panel):
    """A panel whose station hands over a lot at each look, of the same thickness."""

    thickness: float = 58e-6
    lots: int = 10
    breaks_at: int = 1000

    def seen(self, station: str, instruments: Sequence[str]) -> Seen:
        """Return lots handed over, and the thickness of the last."""
        assert station == "cathode.calender"
        assert set(instruments) <= {"thickness"}
        self.lots += 1
        if self.lots > self.breaks_at:
            raise OpcUaError("the plant has gone")
        at = float(self.lots)
        return Seen(self.lots, at, dict.fromkeys(instruments, (self.thickness, at)))


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


def test_a_lost_heartbeat_offers_the_rollback_that_was_approved(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it is good it needs no other approval; it goes through without the twin's word."""
    watching = changed(room, rollback_until=room.at + 60 * MINUTE)
    room.at += 11 * MINUTE
    with pytest.raises(RefusedError, match="heartbeat lost"):
        watch_change(watching, 30.0, Interruption())
    told = capsys.readouterr().err
    assert "taking it back was approved with it: the same command with --take-back" in told
    assert "live approve" not in told
    writer = room.writer()
    writer.roll_back(writer.written(watching.written.approval))
    assert room.panel.value == BEFORE


def watch() -> Watch:
    """Return a watch of the thickness that begins after eight lots; the ninth was in hand."""
    assert EXPECTED.shown is not None
    return Watch(EXPECTED.shown, 8)


def test_a_reading_that_comes_before_its_lot_is_counted_is_of_that_lot() -> None:
    """60.28, 59.85, 59.42, 60.10 after 10, 11, 12 and 12 lots: the fourth is the 13th lot's."""
    found, told = watch(), [(10, 10, 60.28), (11, 11, 59.85), (12, 12, 59.42), (12, 13, 60.10)]
    news = [found.take(Seen(given, given, {"thickness": (value, at)})) for given, at, value in told]
    assert news == [[10], [11], [12], []]
    assert found.readings == {10: 60.28, 11: 59.85, 12: 59.42}
    assert found.take(Seen(13, 13, {"thickness": (60.10, 13)})) == [13]
    assert found.readings[12] == 59.42
    assert found.readings[13] == 60.10


def test_a_reading_that_comes_after_its_lot_is_counted_is_of_that_lot() -> None:
    """While the counter has moved and the lot before is still shown, nothing is news."""
    found = watch()
    assert found.take(Seen(10, 10, {"thickness": (1.0, 10)})) == [10]
    assert found.take(Seen(11, 11, {"thickness": (1.0, 10)})) == []
    assert found.take(Seen(11, 11, {"thickness": (2.0, 11)})) == [11]
    assert found.take(Seen(14, 14, {"thickness": (3.0, 12)})) == []  # of which lot is not known
    assert found.take(Seen(15, 15, {})) == []
    assert found.readings == {10: 1.0, 11: 2.0}


@given(samples=st.lists(st.lists(st.floats(1.0, 2.0), max_size=5), min_size=3, max_size=8))
def test_samples_of_a_lot_are_one_reading(samples: list[list[float]]) -> None:
    """A gauge that reads along the web: a lot's reading is the mean, told once it is over."""
    found, news, at = watch(), list[int](), 0.0
    last: dict[str, tuple[float, float]] = {}
    for lot, of_lot in enumerate(samples, 9):  # lot 9 was in hand as the set value was changed
        begun = 10.0 * (lot - 1)
        for number, value in enumerate(of_lot, 1):
            at = begun + number
            last = {"thickness": (value, at)}
            news += found.take(Seen(lot - 1, begun, last))
        news += found.take(Seen(lot, begun + 10.0, last))  # its last sample is still shown
    news += found.take(Seen(lot, begun + 10.0, {"thickness": (1.5, begun + 11.0)}))
    read = {lot: of_lot for lot, of_lot in enumerate(samples[1:], 10) if of_lot}
    assert news == list(read)
    assert found.readings == {lot: pytest.approx(np.mean(values)) for lot, values in read.items()}
