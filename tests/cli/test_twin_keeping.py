"""The saved twin in its folder, and a twin that is fed by hand: no server, no FMU of a plant."""

from __future__ import annotations

import contextlib
import io
import math
import os
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.cli import twin_run
from linetwin.cli.interruption import Interruption
from linetwin.cli.twin_clock import WallClock
from linetwin.cli.twin_feed import Beginning, TwinFeed
from linetwin.cli.twin_following import Following
from linetwin.cli.twin_keeping import BEFORE, NEW, SESSION, Keeper
from linetwin.cli.twin_run import TwinRequest, led_parts
from linetwin.cli.twin_screen import Screen, screen
from linetwin.errors import LinkError, RefusedError, ResultsError, ScenarioError
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.advising.kept import kept
from linetwin.twin.assimilating.rows import Prediction
from linetwin.twin.board import held as held_module
from linetwin.twin.columns import Batch, raw_rows
from linetwin.twin.events import PlantEvent
from linetwin.twin.feed.parcels import Counts, Parcel
from linetwin.twin.feed.process import FeedOrder
from linetwin.twin.following.joining import Standing
from linetwin.twin.opcua.health import Health
from linetwin.twin.session import Parts, Session
from linetwin.twin.writing.status import StatusFile, check_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from linetwin.cli.visiting import Visit
    from linetwin.scenario.mapped import Mapping

HOUR, S = 3_600_000, 1_000_000_000
SECONDS = 100
"""In which frames are more than a pty holds."""
NOW = 9 * HOUR
START = 1_000 * 86_400 * S
MAPPING = """\
schema: 1
name: pilot
owner: us
version: "1"
line_start: "1972-09-27T00:00:00+00:00"
sources:
  plant: {endpoints: [opc.tcp://plc:4840], clock: {owner: us, played: true}}
states: {packml: {codes: packml}}
signals:
  state: {node: i=1, address: cathode.coater.state, kind: state, states: packml}
  taken: {node: i=2, address: cathode.calender.taken, kind: counter}
  given: {node: i=3, address: cathode.calender.given, kind: counter}
  scale: {node: i=4, address: cathode.coater.loading_scale, quantity: loading, unit: mg/cm2}
"""
SIGNALS = {"state": 0, "taken": 1, "given": 2, "scale": 3}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Return what the shipped twin is made of."""
    folder = tmp_path_factory.mktemp("parts")
    request = TwinRequest("live_twin", folder, folder)
    found, models = led_parts(request.load(), request)
    yield found
    models.close()


@pytest.fixture(scope="module")
def blob(parts: Parts) -> bytes:
    """Return a twin that has just joined, saved."""
    return Session.join(parts, Standing(tick=NOW)).save({"origin": START})


# --------------------------------------------------------------------------------- saved files
def test_the_last_two_twins_are_kept(tmp_path: Path, parts: Parts, blob: bytes) -> None:
    """A damaged file costs what came since the one before it, and is named."""
    keeper = Keeper(tmp_path)
    assert keeper.load(parts) is None
    keeper.save(blob)
    keeper.save(blob)
    assert {each.name for each in tmp_path.iterdir()} == {SESSION, BEFORE}
    (tmp_path / SESSION).write_bytes(blob[: len(blob) // 2])
    again = Keeper(tmp_path)
    found = again.load(parts)
    assert found is not None
    assert found[0].now == NOW
    assert found[1] == {"origin": START}
    assert "damaged" in again.notices[0]
    assert BEFORE in again.notices[1]


@pytest.mark.parametrize("left", [(BEFORE, NEW), (BEFORE,), (NEW,)])
def test_a_kill_between_two_renames_loses_nothing(
    tmp_path: Path, parts: Parts, blob: bytes, left: tuple[str, ...]
) -> None:
    """Whatever of the three files is there and whole, the twin goes on from it."""
    for name in left:
        (tmp_path / name).write_bytes(blob)
    assert Keeper(tmp_path).load(parts) is not None


def test_two_damaged_files_are_refused_with_what_to_do(tmp_path: Path, parts: Parts) -> None:
    """Nothing is thrown away silently: a person moves the files."""
    (tmp_path / SESSION).write_bytes(b"no twin")
    (tmp_path / BEFORE).write_bytes(b"linetwin twin\n" + bytes(40))
    with pytest.raises(ResultsError, match=r"(?s)twin\.session: .*move it away.*before: .*move"):
        Keeper(tmp_path).load(parts)


def test_another_scenario_is_refused(tmp_path: Path, parts: Parts, blob: bytes) -> None:
    """A twin goes on with the settings that it was begun with only."""
    Keeper(tmp_path).save(blob)
    other = replace(parts, scenario=replace(parts.scenario, text="another"))
    with pytest.raises(ScenarioError, match="of another scenario, settings or version"):
        Keeper(tmp_path).load(other)


def test_a_full_disk_leaves_the_twin_that_is_saved(
    tmp_path: Path, parts: Parts, blob: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin goes on, says why it is not saved, and saves again when there is room."""
    keeper = Keeper(tmp_path)
    keeper.save(blob)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        keeper.save(blob)
    assert keeper.unsaved == "No space left on device"
    assert [each.name for each in tmp_path.iterdir()] == [SESSION]
    assert keeper.load(parts) is not None
    keeper.save(blob)
    assert not keeper.unsaved


def test_times_of_which_nothing_was_heard_are_told(
    parts: Parts, blob: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes without news, as after a restart: until when; seconds are none."""
    session, _ = Session.load(parts, blob)
    told: list[int] = []
    monkeypatch.setattr(parts.assimilator, "unheard", told.append)

    def hear(*after_s: int) -> None:
        ticks = [NOW + 1000 * each for each in after_s]
        events = [PlantEvent(t, "cathode.coater", "measurement", "speed") for t in ticks]
        session.hear(events, ticks[-1])

    hear(10, 20, 50)
    assert told == []
    hear(700, 705, 800)
    assert told == [NOW + 700_000, NOW + 800_000]


# --------------------------------------------------------------------------------- fed by hand
@dataclass
class Hand(WallClock):
    """Makes parcels by hand; `wall`: the clock that the twin reads [ns], steady and of the day."""

    mapping: Mapping
    wall: int = 1000 * S
    rows: int = 0
    begun: int = field(default_factory=lambda: time.time_ns() - 1000 * S)

    def steady_ns(self) -> int:
        """Return our own clock [ns]."""
        return self.wall

    def utc_ns(self) -> int:
        """Return the time of day [ns UTC]: that of the start, and what has passed since."""
        return self.begun + self.wall

    def parcel(self, tick: int, connections: int = 1, /, **values: float) -> Parcel:
        """Return what the plant tells at a tick of the line."""
        stamp = START + tick * 1_000_000
        signals = [SIGNALS[name] for name in values]
        came = raw_rows(signals, self.utc_ns(), raw=np.array(list(values.values())))
        count = len(signals)
        batch = Batch(
            came,
            np.full(count, stamp),
            np.array(list(values.values())),
            np.zeros(count, np.uint32),
        )
        self.rows += count
        health = Health("plant", "live", "opc.tcp://plc:4840", self.utc_ns(), connections)
        return Parcel(batch, (health,), (), Counts(self.rows, 0, 0, 0, 0, ()), self.utc_ns())


class Told(Beginning):
    """A plant whose clock tells an instant at each new link."""

    begun, seen, answers = START, 0, True

    def look(self, health: Iterable[Health]) -> int | None:
        """Return the instant, once a link."""
        link = next(iter(health))
        if link.connections == self.seen or not self.answers:
            return None
        self.seen = self._links[link.source] = link.connections
        return self.begun


@pytest.fixture
def twin(tmp_path: Path, parts: Parts, blob: bytes) -> tuple[Following, Hand, Told]:
    """Return a twin that goes on from what was saved, fed by hand."""
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    mapping = load_mapping(file, parts.scenario)
    assert mapping.line_start == START
    Keeper(tmp_path).save(blob)
    hand, told = Hand(mapping), Told(mapping, FeedOrder(file, tmp_path))
    return Following(parts, mapping, Keeper(tmp_path, hand), told, {}), hand, told


def feed(twin: Following, hand: Hand, tick: int, **values: float) -> None:
    """Let a second pass in which the plant tells values of a tick, and so what time it is."""
    hand.wall += S
    twin.take(hand.parcel(tick, **values))
    twin.time.heard(hand.wall, START + tick * 1_000_000)
    twin.go_on()


def test_lots_that_passed_meanwhile_are_caught_up_by_counters(
    twin: tuple[Following, Hand, Told],
) -> None:
    """Counters that stand higher than before are lots that the line makes good."""
    following, hand, _ = twin
    assert following.session is not None
    feed(following, hand, NOW + 60_000, taken=10.0, given=10.0)
    leader = following.session.follower.leader
    assert following.state().told == "catching up: 60 s of line behind"  # no pace is known yet
    feed(following, hand, NOW + 120_000, taken=11.0, given=11.0)
    feed(following, hand, NOW + 180_000, taken=11.0)
    assert leader.of("cathode.calender").given.lots == 1
    for minute in range(4, 90):
        feed(following, hand, NOW + minute * 60_000, taken=11.0)
    assert leader.of("cathode.calender").apart == 0
    assert following.state().word == "in step"


def test_silence_is_told_and_ends(twin: tuple[Following, Hand, Told]) -> None:
    """Without a value for 5 s the line goes on at the plant's pace; the estimates widen.

    The saved twin says so at once: who acts on it must know.
    """
    following, hand, _ = twin
    assert following.state().word == "joining"
    for minute in (1, 2, 3):
        feed(following, hand, NOW + minute * 60_000, state=6.0)
    assert following.session is not None
    assert following.state().word == "in step"
    before, narrow = following.session.now, widths(following)
    hand.wall += 60 * S
    following.go_on()
    following.look()
    state = following.state()
    assert state.word == "open loop"
    assert state.quiet_s == pytest.approx(60.0)
    assert following.session.now - before == pytest.approx(HOUR, rel=0.1)
    assert all(wide >= small for wide, small in zip(widths(following), narrow, strict=True))
    assert any(wide > small for wide, small in zip(widths(following), narrow, strict=True))
    assert following.session.follower.leader.alone
    contact = kept(following.keeper.file.read_bytes()).contact
    assert (contact.state, contact.tick) == ("open loop", following.session.now)
    assert contact.saved is not None
    assert contact.data_s(contact.saved) == pytest.approx(60.0, abs=0.1)
    assert contact.heard is not None
    assert (contact.saved - contact.heard).total_seconds() == pytest.approx(60.0, abs=0.1)
    following.serve(None)
    said = StatusFile(following.keeper.file.parent).read()
    assert said is not None
    assert said.state == "open loop"
    assert said.heard == pytest.approx(said.told - 60.0)
    feed(following, hand, NOW + 64 * 60_000, state=6.0)
    following._looked = -math.inf
    following.look()
    assert following.state().word == "in step"
    assert kept(following.keeper.file.read_bytes()).contact.state == "in step"
    assert not following.session.follower.leader.alone
    assert "speaks again" in following.view.notes[-1]


def test_a_keep_alive_is_a_sign_of_life(
    tmp_path: Path, parts: Parts, twin: tuple[Following, Hand, Told]
) -> None:
    """A plant at our pace of which nothing has changed is no silent one; a lost link makes it."""
    _, hand, told = twin
    file = tmp_path / "live.yaml"
    file.write_text(MAPPING.replace(", played: true", ""))
    mapping = load_mapping(file, parts.scenario)
    following = Following(parts, mapping, Keeper(tmp_path, hand), told, {})
    hand.begun = START + NOW * 1_000_000 - hand.wall
    for _ in range(5):
        hand.wall += 2 * S
        following.take(replace(hand.parcel(NOW), batch=None))
    assert following.state().word == "in step"
    hand.wall += 6 * S
    lost = Health("plant", "silent", "opc.tcp://plc:4840", hand.utc_ns() - 6 * S, 1)
    following.take(replace(hand.parcel(NOW), batch=None, health=(lost,)))
    assert following.state().word == "open loop"


def widths(following: Following) -> list[float]:
    """Return the widths of the intervals of all estimates."""
    assert following.session is not None
    return [e.high - e.low for e in following.session.parts.assimilator.estimates()]


def test_a_plant_that_has_begun_anew_is_refused(twin: tuple[Following, Hand, Told]) -> None:
    """Its lots are not those that the twin knows: not one of its values is taken."""
    following, hand, told = twin
    feed(following, hand, NOW + 60_000, taken=10.0)
    assert following.session is not None
    heard = following.session.heard
    told.begun = START + 86_400 * S
    with pytest.raises(LinkError, match="has begun anew: line time 0 is 1972-09-28 00:00:00 UTC"):
        following.take(hand.parcel(NOW + 120_000, 2, taken=0.0))
    following.go_on()
    assert following.session.heard == heard


@pytest.mark.parametrize("same", [True, False])
def test_a_new_link_is_not_followed_before_its_plant_is_known(
    twin: tuple[Following, Hand, Told],
    same: bool,  # noqa: FBT001
) -> None:
    """Open loop meanwhile, and nothing is saved; then all that came is heard, or none of it."""
    following, hand, told = twin
    for minute in (1, 2, 3):
        feed(following, hand, NOW + minute * 60_000, taken=10.0)
    assert following.session is not None
    hand.wall += 60 * S
    following.go_on()
    following.look()
    heard, notes = following.session.heard, list(following.view.notes)
    saved = following.keeper.file.read_bytes()
    told.answers = False
    for second in range(12):
        hand.wall += S
        following.take(hand.parcel(NOW + (63 + second) * 60_000, 2, taken=11.0))
        following.go_on()
        following._looked = -math.inf
        following.look()
        assert following.state().word == "open loop"
    assert following.session.heard == heard
    assert following.keeper.file.read_bytes() == saved
    assert following.view.notes[len(notes) :] == [
        "plant: values wait until the plant's clock says that it is the same one"
    ]
    told.answers, told.begun = True, START if same else START + HOUR * 1_000_000
    if not same:
        with pytest.raises(LinkError, match="has begun anew"):
            following.take(hand.parcel(NOW + 76 * 60_000, 2, taken=11.0))
        assert following.session.heard == heard
        return
    following.take(hand.parcel(NOW + 76 * 60_000, 2, taken=12.0))
    following.go_on()
    assert following.state().word != "open loop"
    assert following.session.heard > heard
    assert following.session.follower.leader.of("cathode.calender").taken.lots >= 1


class ByHand(TwinFeed):
    """A feed of parcels made before."""

    def __init__(self, *parcels: Parcel) -> None:
        self._parcels, self.restarts = list(parcels), 0

    def take(self) -> Parcel | None:
        """Return the next."""
        return self._parcels.pop(0) if self._parcels else None


def test_a_twin_that_ends_says_nothing_any_more(twin: tuple[Following, Hand, Told]) -> None:
    """Its status is gone after an error, too: who writes to the plant reads no word of it."""
    following, hand, told = twin
    folder = following.keeper.file.parent
    following.serve(hand.parcel(NOW + 60_000, taken=10.0))
    assert StatusFile(folder).read() is not None
    told.begun = START + HOUR * 1_000_000
    begun_anew = ByHand(hand.parcel(NOW + 120_000, 2, taken=0.0))
    with pytest.raises(LinkError, match="has begun anew"):
        following.follow(begun_anew, Interruption(), None, Screen(quiet=True))
    assert StatusFile(folder).read() is None


class Stopping(ByHand):
    """A feed of a parcel a second that asks to end after so many; `told`: when status was told."""

    def __init__(self, interruption: Interruption, following: Following, hand: Hand) -> None:
        super().__init__()
        self._asked, self._hand = interruption, hand
        self._folder, self._left = following.keeper.file.parent, SECONDS
        self.told: set[float] = set()

    def take(self) -> Parcel | None:
        """Let a second pass in which the plant tells something."""
        time.sleep(0.01)  # frames are drawn while they can be
        self._hand.wall += S
        if (status := StatusFile(self._folder).read()) is not None:
            self.told.add(status.told)
        self._left -= 1
        self._asked.asked = not self._left
        return self._hand.parcel(NOW + (SECONDS - self._left) * 1000, taken=10.0)


def test_a_terminal_that_takes_nothing_holds_up_nothing(
    twin: tuple[Following, Hand, Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads the pty: status is told every second, the twin is followed, saved and ended."""
    following, hand, _ = twin
    reader, writer = os.openpty()
    os.set_blocking(reader, False)
    interruption = Interruption()
    feed = Stopping(interruption, following, hand)
    saved = following.keeper.file.stat().st_mtime_ns
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("linetwin.cli.twin_screen._SHOW_EVERY_S", 0.01)
    with open(writer, "w") as terminal:  # noqa: PTH123  a descriptor has no path
        monkeypatch.setattr(sys, "stdout", terminal)
        screen = Screen(quiet=False)
        following.follow(feed, interruption, None, screen)
        assert screen._drawing._thread.is_alive()  # it is held, and alone
        assert len(feed.told) == SECONDS - 1
        assert following.keeper.file.stat().st_mtime_ns > saved
        while screen._drawing._thread.is_alive():
            with contextlib.suppress(BlockingIOError):
                os.read(reader, 65536)
            screen._drawing._thread.join(0.01)
    os.close(reader)


def test_the_plant_of_another_line_is_refused(
    tmp_path: Path, parts: Parts, twin: tuple[Following, Hand, Told]
) -> None:
    """One that tells of no station of the twin's line cannot be followed; nothing is saved."""
    other, hand, told = twin
    following = Following(parts, other.mapping, Keeper(tmp_path / "new", hand), told, {})
    for minute in range(3):
        feed(following, hand, NOW + minute * 60_000, scale=18.5)
    with pytest.raises(LinkError, match="tells of a station of this line: is it the plant of"):
        feed(following, hand, NOW + 3 * 60_000, scale=18.5)
    assert following.session is None
    assert not following.keeper.file.exists()


def test_a_plant_whose_time_goes_back_is_told_at_once(twin: tuple[Following, Hand, Told]) -> None:
    """In the headline while the twin runs; what it shows is old, and the plant's clock is asked."""
    following, hand, _ = twin
    feed(following, hand, NOW + 60_000, state=6.0)
    feed(following, hand, NOW + 120_000, state=6.0)
    assert not following.state().reason
    now = hand.wall
    for second in (1, 2, 3):
        assert not following.state().reason
        following.time.heard(now + second, START + NOW * 1_000_000 - 7200 * S)
    state = following.state()
    assert state.is_old
    assert "gone back by 2.0 h: has it begun anew?" in state.reason
    shown = screen(following.view, following.session, following.latest, state)
    assert state.reason in getattr(next(iter(shown.renderables)), "plain", "")
    following.time.heard(now + 9, START + (NOW + 180_000) * 1_000_000)
    assert not following.state().reason


def test_a_played_plant_is_asked_until_its_clock_tells(
    tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that opens for longer than ten looks has begun anew all the same."""
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    beginning = Beginning(load_mapping(file, parts.scenario), FeedOrder(file, tmp_path))
    answers = [None] * 12 + [START + S]
    monkeypatch.setattr(beginning, "_ask", lambda *_: answers.pop(0))
    health = [Health("plant", "live", "opc.tcp://plc:4840", time.time_ns(), 1)]
    found = []
    for _ in range(13):
        beginning._again = -math.inf
        found.append(beginning.look(health))
    assert found == [None] * 12 + [START + S]
    assert beginning.look(health) is None


def test_a_mapping_that_nobody_has_read_is_told(
    tmp_path: Path, parts: Parts, blob: bytes, twin: tuple[Following, Hand, Told]
) -> None:
    """In the second line, until a person has named an owner."""
    following, _, told = twin
    assert not following.view.unconfirmed
    file = tmp_path / "proposed.yaml"
    file.write_text(MAPPING.replace("owner: us\nversion", "owner: nobody yet\nversion"))
    again = Following(parts, load_mapping(file, parts.scenario), Keeper(tmp_path), told, {})
    shown = screen(again.view, again.session, again.latest, again.state())
    lines = [getattr(each, "plain", "") for each in shown.renderables]
    assert lines[1].startswith("proposed.yaml: read it and name an owner")


def test_lots_have_the_plants_names_and_no_width_is_no_interval(
    twin: tuple[Following, Hand, Told],
) -> None:
    """The twin's own name is marked as such; a quantity without a width shows its median only."""
    following, _, _ = twin
    assert following.session is not None
    leader = following.session.follower.leader
    calender = "cathode.calender"
    for name, tick in (("R-7", 10), ("R-8", 20)):
        leader.note(PlantEvent(NOW + tick, calender, "lot_in", text=name))
    first = leader.of(calender).taken.named
    leader.of(calender).used = first - 1
    leader.took(calender, "cathode.roll-0901")
    row = Prediction(
        "p1", NOW, calender, "cathode.roll-0901", "porosity", "1", 0.3, 0.29, 0.31, 0.3
    )
    flat = replace(row, quantity="coating_thickness", low=0.3, high=0.3, unit="m")
    other = replace(row, station="anode.calender", lot="anode.roll-0902")
    following.view.take([row, flat, other], [])
    assert [each.lot for each in following.view.called(following.session)] == [
        "R-8", "R-8", "twin's anode.roll-0902",
    ]  # fmt: skip
    shown = following.view.rows(following.session)
    assert [math.isnan(each.low) for each in shown] == [False, True, False]


def test_a_password_is_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: Parts
) -> None:
    """One line of standard input is enough for the proposal and for the feed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    visits: list[Visit] = []

    def propose(visit: Visit, _scenario: str, _owner: str, own: Path, *, aside: bool) -> None:
        assert aside
        visits.append(visit)
        own.write_text(MAPPING.replace("4840],", "4840], security: {user: anna},"))

    monkeypatch.setattr(twin_run, "propose_mapping", propose)
    request = TwinRequest("live_twin", tmp_path, tmp_path, endpoint="opc.tcp://plc", user="anna")
    passwords: dict[str, str] = {}
    file = twin_run._mapping(request, passwords)
    order = twin_run._order(request, file, load_mapping(file, parts.scenario), passwords)
    assert visits[0].password == "secret"  # noqa: S105  of nobody
    assert order.passwords == {"plant": "secret"}


def test_what_is_urgent_stands_first(twin: tuple[Following, Hand, Told]) -> None:
    """State, line time and age; the source and what never came; stations in trouble."""
    following, hand, _ = twin
    feed(following, hand, NOW + 60_000, state=9.0, taken=1.0)
    feed(following, hand, NOW + 150_000, taken=1.0)
    shown = screen(following.view, following.session, following.latest, following.state())
    lines = [getattr(each, "plain", "") for each in shown.renderables]
    assert lines[0].startswith("IN STEP  day 0 09:0")
    assert "2 of 4 signals never came" in lines[1]
    assert following.session is not None
    stations = following.view.stations(following.session)
    assert (stations[0].name, stations[0].plant) == ("cathode.coater", "Aborted")


def test_a_board_without_room_is_told_and_the_twin_goes_on(
    twin: tuple[Following, Hand, Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remark and an urgent alert; once there is room what was held is written, and told."""
    following, hand, _ = twin
    monkeypatch.setattr(held_module, "AGAIN_S", 0.0)
    row = Prediction("p1", NOW, "cathode.coater", "roll", "loading", "1", 1.0, 0.9, 1.1, 1.0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    feed(following, hand, NOW + 60_000, state=6.0)
    with monkeypatch.context() as patch:
        patch.setattr("linetwin.results.audit._append", full)
        following.board.register([row], NOW + 60_000)
        for minute in (2, 3):
            feed(following, hand, NOW + minute * 60_000, state=6.0)
            following.look()
        assert following.board.held
        assert "unwritten" in {each.kind for each in following.view.alerts}
        assert any("No space left on device" in each for each in following.view.notes)
    for minute in (4, 5):
        feed(following, hand, NOW + minute * 60_000, state=6.0)
        following.look()
    assert following.board.held == 0
    assert "unwritten" not in {each.kind for each in following.view.alerts if each.active}
    assert any("there is room again" in each for each in following.view.notes)


# --------------------------------------------------------------------------------- age of data
def test_a_source_of_which_nothing_was_heard_is_silent_whatever_waits_to_be_taken(
    twin: tuple[Following, Hand, Told],
) -> None:
    """The last state that a feed has told is "live": its age says otherwise after `stale_after`."""
    following, hand, _ = twin
    following.take(hand.parcel(NOW + 60_000, taken=1.0))
    stale_after_s = following.mapping.sources["plant"].stale_after_s
    for age_s, link in ((stale_after_s - 1.0, "live"), (stale_after_s + 1.0, "silent")):
        now = hand.utc_ns() + round(age_s * S)
        (source,) = following.view.sources(following.latest, now)
        assert (source.link, bool(source.stale)) == (link, link == "silent")


def test_what_waits_to_be_taken_makes_no_data_young(
    tmp_path: Path, parts: Parts, blob: bytes
) -> None:
    """A twin that stood still for 90 s says so until it has worked all in: one word, one age.

    Screen, server, twin.status and the saved twin; nobody writes on its word meanwhile.
    """
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    mapping = load_mapping(file, parts.scenario)
    Keeper(tmp_path).save(blob)
    hand = Hand(mapping)
    following = Following(
        parts, mapping, Keeper(tmp_path, hand), Told(mapping, FeedOrder(file, tmp_path)), {}
    )
    following.time.played = False  # its clock goes as ours does
    hand.begun = START + NOW * 1_000_000 - hand.wall

    def parcels(seconds: int) -> Iterator[Parcel]:
        for _ in range(seconds):
            hand.wall += S
            yield hand.parcel((hand.utc_ns() - START) // 1_000_000, state=6.0)

    for parcel in parcels(20):
        following.serve(parcel)
    assert following.state().told == "in step"
    assert following.state().age_s < 5
    waiting = list(parcels(90))  # the process stands still, its feed goes on
    following.go_on()
    assert following.state().word == "catching up"  # nobody has asked whether the plant is silent
    following.serve(waiting[0])
    state = following.state()
    assert state.age_s == pytest.approx(89, abs=5)
    assert (state.word, state.is_old) == ("catching up", True)
    status = StatusFile(tmp_path)
    said = status.read()
    assert said is not None
    assert said.state == state.told
    assert said.heard == pytest.approx(hand.utc_ns() / 1e9 - 89)
    with pytest.raises(RefusedError, match=r"catching up: \d+ s of line behind"):
        check_status(said, 1e6, hand.now())
    shown = screen(following.view, following.session, following.latest, state)
    headline = getattr(next(iter(shown.renderables)), "plain", "")
    assert headline.startswith(f"CATCHING UP: {state.reason}")
    assert following.session is not None
    told = following.view.shown(following.session, state, following.latest, 0.0)
    assert (told.state, told.age_s, told.is_old) == ("catching up", state.age_s, True)
    assert following.session.follower.late == 0
    for parcel in waiting[1:]:
        following.serve(parcel)
    assert following.state().word == "in step"
    assert following.state().age_s < 5
    for parcel in parcels(70):  # the link lives, but nothing new is told
        following.serve(replace(parcel, batch=None))
    assert following.state().told == "stale: the newest that the plant has told is old"


def test_a_twin_that_goes_on_shows_what_the_board_knows(
    tmp_path: Path, parts: Parts, twin: tuple[Following, Hand, Told]
) -> None:
    """After a kill the newest predictions are there at once."""
    following, hand, told = twin
    made = Prediction("p1", NOW, "cathode.coater", "r-1", "loading", "kg/m2", 0.2, 0.1, 0.3, 0.25)
    later = replace(made, id="p2", lot="r-2", open_loop=math.nan)
    following.board.register([made, later], NOW)
    again = Following(parts, following.mapping, Keeper(tmp_path, hand), told, {})
    assert [replace(each, open_loop=0.0) for each in again.view.predictions.values()] == [
        replace(later, open_loop=0.0)
    ]
