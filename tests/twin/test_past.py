"""Historical access as a source: what a server remembers comes in order, once, until it is live."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from asyncua import ua
from reading import Reader, signal, source, terms, wait_until
from small_server import SmallServer, mapping_text

from linetwin.cli import following
from linetwin.errors import ScenarioError
from linetwin.scenario.mapped import Mapping, PastConfig
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import SECOND, joined
from linetwin.twin.feed.recording import recorded
from linetwin.twin.feed.rules import Rules
from linetwin.twin.opcua import history as history_module
from linetwin.twin.opcua import past as past_module
from linetwin.twin.opcua.history import recalled
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity

if TYPE_CHECKING:
    from linetwin.twin.columns import Raw
    from linetwin.twin.opcua.link import Link
    from linetwin.twin.security.connecting import Terms

AGO_S = 3600.0
NOT_SUPPORTED = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadHistoryOperationUnsupported))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Terms:
    """Terms without protection."""
    return terms(tmp_path_factory.mktemp("security"))


@pytest.fixture(scope="module")
def server(shared: SmallServer) -> SmallServer:
    """A server that remembers the signals `past` and `pest`."""
    for name in ("past", "pest"):
        shared.add(name, f"s={name}")
        shared.do(shared.server.historize_node_data_change(shared.nodes[name], count=0))
    return shared


def remember(server: SmallServer, name: str, count: int, begin_s: float = AGO_S) -> list[int]:
    """Let the server remember so many values, evenly from some time ago; return their times."""
    now = datetime.now(UTC)
    stamps = [now - timedelta(seconds=begin_s * (1 - n / count)) for n in range(count)]
    values = [
        ua.DataValue(ua.Variant(float(n)), SourceTimestamp=stamp, ServerTimestamp=stamp)
        for n, stamp in enumerate(stamps)
    ]
    storage = server.server.iserver.history_manager.storage
    storage._datachanges[server.nodes[name].nodeid] = values
    return [round(each.timestamp() * 1e6) * 1000 for each in stamps]


def span(begin_s: float, end_s: float | None = None) -> PastConfig:
    """Return the time from so long ago, to so long ago."""
    now = time.time_ns() // 1_000_000 * 1_000_000
    begin, end = (None if each is None else now - round(each * SECOND) for each in (begin_s, end_s))
    assert begin is not None
    return PastConfig(begin, end)


def test_a_span_is_read_in_windows_and_pieces_each_value_once(
    plain: Terms, server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the window and whoever ends a piece: the server's limit, or ours, unsaid."""
    monkeypatch.setattr(past_module, "FIRST_WINDOW_S", 100.0)
    monkeypatch.setattr(past_module, "FEW_ROWS", 0)
    monkeypatch.setattr(history_module, "VALUES_PER_CALL", 7)
    storage = server.server.iserver.history_manager.storage
    monkeypatch.setattr(storage, "max_history_data_response_size", 5)
    times = {0: remember(server, "past", 1000), 1: remember(server, "pest", 300)}
    config = source(server.endpoint, history=True, past=span(3000.0, 600.0))
    assert config.past is not None
    with Reader(config, [signal("past"), signal("pest")], plain) as reader:
        wait_until(lambda: reader.health.state == "ended")
        rows = joined(reader.parts)
        for number, stamps in times.items():
            got = rows.source_time[rows.signal == number]
            wanted = [each for each in stamps if config.past.begin <= each < (config.past.end or 0)]
            assert got.tolist() == wanted
        assert (np.diff(rows.source_time) >= 0).all()
        assert reader.health.filled == len(rows)
        assert reader.told("history") == [f"{len(rows):,} values of the past are read"]
        assert reader.health.was_live


def test_values_of_one_time_at_the_end_of_a_piece_come_once(
    plain: Terms, server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two values of one instant, of which a piece of ours holds the first."""
    monkeypatch.setattr(history_module, "VALUES_PER_CALL", 4)
    remember(server, "past", 12)
    kept = server.server.iserver.history_manager.storage._datachanges[server.nodes["past"].nodeid]
    for first in (3, 7):
        kept[first + 1].SourceTimestamp = kept[first].SourceTimestamp
    config = source(server.endpoint, history=True, past=span(2 * AGO_S, 1.0))
    with Reader(config, [signal("past")], plain) as reader:
        wait_until(lambda: reader.health.state == "ended")
        assert reader.values(0) == [float(n) for n in range(12)]


def test_what_is_remembered_goes_over_into_what_is_live(
    plain: Terms, server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While values keep coming: each is usable once, in its order, none is missing between."""
    monkeypatch.setattr(past_module, "NEAR_S", 0.5)
    monkeypatch.setattr(past_module, "SETTLE_S", 0.3)
    remember(server, "past", 50)
    config = source(server.endpoint, history=True, past=span(2 * AGO_S))
    signals = [signal("past")]
    written = 50
    with Reader(config, signals, plain) as reader:
        end = time.monotonic() + 3.0
        while time.monotonic() < end:
            server.write({"past": float(written)}, SourceTimestamp=datetime.now(UTC))
            written += 1
            time.sleep(0.01)
        wait_until(lambda: reader.values(0)[-1] == float(written - 1))
        mapping = Mapping("", "", "", {"plc": config}, tuple(signals), Path(), "")
        batch = Rules(mapping).judge(joined(reader.parts))
        assert batch.value[batch.usable].tolist() == [float(n) for n in range(written)]
        assert reader.health.filled >= 50  # how many more is a matter of how busy the machine is
        assert reader.health.gaps == 0


def test_a_new_link_goes_on_where_the_one_before_it_ended(
    plain: Terms, server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks in the middle of a past; what was read is not read again."""
    monkeypatch.setattr(past_module, "FIRST_WINDOW_S", 300.0)
    monkeypatch.setattr(past_module, "FEW_ROWS", 0)
    monkeypatch.setattr("linetwin.twin.patience.FIRST_WAIT_S", 0.05)
    stamps = remember(server, "past", 500)
    asked = 0

    async def breaks(link: Link, begin: int, end: int) -> Raw:
        nonlocal asked
        asked += 1
        if asked == 4:
            raise ConnectionError("cut off by the test")
        return await recalled(link, begin, end)

    monkeypatch.setattr(past_module, "recalled", breaks)
    config = source(server.endpoint, history=True, past=span(2 * AGO_S, 1.0))
    with Reader(config, [signal("past")], plain) as reader:
        wait_until(lambda: reader.health.state == "ended")
        assert reader.health.failures == 1
        assert joined(reader.parts).source_time.tolist() == stamps


def test_a_signal_without_history_is_told_once(
    plain: Terms, server: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are read; what cannot be is named, with the server's reason."""
    server.add("none", "s=none")
    stamps = remember(server, "past", 20)
    refuse = ua.HistoryReadResult(StatusCode=NOT_SUPPORTED)
    manager = server.server.iserver.history_manager
    original = manager._read_history

    async def read(details: object, value: ua.HistoryReadValueId) -> ua.HistoryReadResult:
        return refuse if value.NodeId.Identifier == "none" else await original(details, value)

    monkeypatch.setattr(manager, "_read_history", read)
    config = source(server.endpoint, history=True, past=span(2 * AGO_S, 1.0))
    with Reader(config, [signal("past"), signal("none")], plain) as reader:
        wait_until(lambda: reader.health.state == "ended")
        assert joined(reader.parts).source_time.tolist() == stamps
        assert reader.told("history")[0] == "none: BadHistoryOperationUnsupported"
        assert len(reader.told("history")) == 2


MAPPING = """\
schema: 1
name: test
owner: tests
version: "1"
sources:
  plc:
    endpoints: ["{endpoint}"]
    clock: {{owner: tests}}
    history: {history}
signals:
  a: {{source: plc, {where}, address: cathode.coater.web_speed, unit: m/s}}
"""


def test_a_mapping_says_which_time_is_read(tmp_path: Path) -> None:
    """Instants with their zones, in order, of a server; all that is wrong is told."""
    file = tmp_path / "mapping.yaml"

    def written(history: str, endpoint: str = "opc.tcp://h:4840", where: str = "node: i=1") -> str:
        file.write_text(MAPPING.format(history=history, endpoint=endpoint, where=where))
        try:
            past = load_mapping(file).sources["plc"].past
        except ScenarioError as error:
            return str(error)
        return f"{past}"

    first, second = '"2026-11-01T00:00:00+00:00"', '"2026-11-02T00:00:00+00:00"'
    assert "end=None" in written(f"{{from: {first}}}")
    assert f"end={1_793_577_600 * SECOND}" in written(f"{{from: {first}, to: {second}}}")
    assert "is not after from" in written(f"{{from: {second}, to: {first}}}")
    assert "'yesterday' is no instant" in written("{from: yesterday}")
    assert "from: missing" in written("{to: tomorrow}")
    assert "is of a server" in written(f"{{from: {first}}}", "mqtts://b:8883", "topic: a")
    assert written("true") == "None"


@pytest.mark.slow
def test_a_time_is_recorded_and_the_command_ends_by_itself(
    server: SmallServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`live record --history FROM..TO`: what the server remembers is in the recording."""
    create_identity(SecurityFolder(tmp_path / "security"), Wish("test"))
    stamps = remember(server, "past", 200)
    line = "  a: {node: 'nsu=plant;s=past', address: cathode.coater.web_speed, unit: m/s}\n"
    file = tmp_path / "mapping.yaml"
    file.write_text(mapping_text(server.endpoint, line))
    first, last = (datetime.fromtimestamp(stamps[n] // SECOND, UTC) for n in (50, 150))
    request = following.Request(
        file,
        tmp_path / "security",
        record=tmp_path / "feed",
        history=f"{first.isoformat()}..{last.isoformat()}",
    )
    following.watch(request, as_json=True)
    assert "ended" in capsys.readouterr().out
    rows = joined([raw for raw, _ in recorded(tmp_path / "feed", ["a"])])
    begin, end = (round(each.timestamp()) * SECOND for each in (first, last))
    assert rows.source_time.tolist() == [each for each in stamps if begin <= each < end]


@pytest.mark.parametrize("text", ["yesterday", "2026-11-01T00:00:00", "..", "{1}..{0}"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    """With what is allowed."""
    days = ("2026-11-01T00:00:00+00:00", "2026-11-02T00:00:00+00:00")
    with pytest.raises(ScenarioError, match=r"FROM or FROM\.\.TO"):
        following.past_of(text.format(*days))
