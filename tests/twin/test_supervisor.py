"""A source read by the supervisor: from a server that stops, moves, limits and fails over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from reading import Reader, signal, source, terms, wait_until
from small_server import SmallServer, free_port

from linetwin.errors import OpcUaError, RefusedError
from linetwin.scenario.mapped import Mapping
from linetwin.twin.columns import joined
from linetwin.twin.feed.rules import Rules
from linetwin.twin.patience import Patience

if TYPE_CHECKING:
    from linetwin.errors import LinkError
    from linetwin.twin.security.connecting import Terms


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Terms:
    """Terms without protection."""
    return terms(tmp_path_factory.mktemp("security"))


def test_every_change_arrives_in_order_with_its_times_and_status(
    plain: Terms, shared: SmallServer
) -> None:
    """A sequence is complete; status, source time and text come as they were written."""
    server = shared
    server.add("lot", "s=lot", "")
    signals = [signal("a"), signal("lot")]
    with Reader(source(server.endpoint), signals, plain) as reader:
        wait_until(lambda: reader.values(0) and reader.values(1))
        for n in range(1, 201):
            server.write({"a": float(n)})
        bad = ua.StatusCode(ua.StatusCodes.BadSensorFailure)
        server.write({"a": 7.0}, StatusCode=bad)
        server.write({"lot": "slurry-0001"})
        wait_until(lambda: len(reader.values(0)) == 202 and len(reader.values(1)) == 2)
        assert reader.values(0)[:201] == [float(n) for n in range(201)]
        last = [part for part in reader.parts if (part.signal == 0).any()][-1]
        assert last.status[last.signal == 0][-1] == ua.StatusCodes.BadSensorFailure
        assert [text for part in reader.parts for text in part.texts.values()] == [
            "",
            "slurry-0001",
        ]
        health = reader.health
        assert (health.state, health.connections, health.missed_messages) == ("live", 1, 0)


@pytest.mark.slow
def test_a_server_that_comes_back_is_read_again_under_its_new_indices(plain: Terms) -> None:
    """After a restart the namespace has another index, a node another id: data flow, both told."""
    port = 0
    signals = [signal("a"), signal("b", path=True)]
    with SmallServer(["a", "b"]) as server:
        port = server.port
        reader = Reader(source(server.endpoint), signals, plain)
        reader.__enter__()
        wait_until(lambda: reader.values(0) and reader.values(1))
    wait_until(lambda: reader.health.state != "live")
    with SmallServer(["a"], port, extra=["urn:new:one", "urn:new:two"]) as server:
        server.add("b", "i=4711", 3.0)
        wait_until(lambda: reader.health.state == "live" and 3.0 in reader.values(1))
        server.write({"a": 5.0})
        wait_until(lambda: 5.0 in reader.values(0))
        assert reader.health.connections == 2
        assert len(reader.told("moved")) == 1
        assert "i=4711" in reader.told("moved")[0]
        reader.__exit__()


def test_what_a_server_does_not_have_is_told_and_found_once_it_is_there(
    plain: Terms, shared: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that is missing hides no other; it is read as soon as the server has it."""
    monkeypatch.setattr("linetwin.twin.opcua.supervisor._COMPLETE_EVERY_S", 0.2)
    signals = [signal("a"), signal("late"), signal("gone", node=None, path=True)]
    with Reader(source(shared.endpoint), signals, plain) as reader:
        wait_until(lambda: reader.values(0))
        wait_until(lambda: set(reader.health.refused) == {"late", "gone"})
        assert "BadNodeIdUnknown" in reader.health.refused["late"]
        shared.add("late", "s=late", 2.0)
        wait_until(lambda: reader.values(1) == [2.0])
        wait_until(lambda: set(reader.health.refused) == {"gone"})
        assert len([text for text in reader.told("refused") if "gone" in text]) == 1


def test_calls_fit_the_limits_of_the_server(
    plain: Terms, shared: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With three items a call, ten signals are asked for in four calls and all arrive."""
    calls: list[int] = []
    names = [f"v{n}" for n in range(10)]
    limit = ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall

    def limit_to(most: int) -> None:
        value = ua.DataValue(ua.Variant(most, ua.VariantType.UInt32))
        shared.do(shared.server.write_attribute_value(ua.NodeId(limit), value))

    limit_to(3)
    session = shared.server.iserver.isession.__class__
    original = session.create_monitored_items

    async def counted(self: object, params: ua.CreateMonitoredItemsParameters) -> object:
        calls.append(len(params.ItemsToCreate))
        return await original(self, params)

    monkeypatch.setattr(session, "create_monitored_items", counted)
    with Reader(source(shared.endpoint), [signal(name) for name in names], plain) as reader:
        wait_until(lambda: all(reader.values(n) for n in range(10)))
    limit_to(0)
    assert calls == [3, 3, 3, 2]  # the level of service is one of the eleven


@pytest.mark.slow
def test_the_healthier_of_two_servers_is_read_and_no_value_twice(plain: Terms) -> None:
    """When the service level falls the other server goes on; usable values stay in order."""
    with SmallServer(["a"]) as one, SmallServer(["a"]) as two:
        one.set_level(250)
        two.set_level(240)
        config = source(one.endpoint, two.endpoint)
        with Reader(config, [signal("a")], plain) as reader:
            wait_until(lambda: reader.values(0))
            assert reader.health.endpoint == one.endpoint
            written = 0.0

            def write(count: int) -> None:
                """Write to both, with the stamps of one machine."""
                nonlocal written
                for _ in range(count):
                    written += 1.0
                    stamp = datetime.now(UTC)
                    for server in (one, two):
                        server.write({"a": written}, SourceTimestamp=stamp)

            write(19)
            wait_until(lambda: reader.values(0)[-1] == 19.0)
            one.set_level(100)
            wait_until(lambda: reader.health.endpoint == two.endpoint)
            assert reader.told("failover") == [f"to {two.endpoint}"]
            write(20)
            wait_until(lambda: reader.values(0)[-1] == 39.0)
            values = reader.values(0)
            # The new link begins with what the server holds: the rules know it already.
            assert values == [*map(float, range(20)), 19.0, *map(float, range(20, 40))]
            mapping = Mapping("", "", "", {"plc": config}, (signal("a"),), Path(), "")
            batch = Rules(mapping).judge(joined(reader.parts))
            assert batch.value[batch.usable].tolist() == [*map(float, range(40))]


def test_nobody_there_is_told_once_and_tried_again(plain: Terms) -> None:
    """An endpoint that does not answer is one notice, and many attempts."""
    with Reader(source(f"opc.tcp://127.0.0.1:{free_port()}"), [signal("a")], plain) as reader:
        wait_until(lambda: reader.health.failures >= 3)
        assert reader.health.state in {"down", "connecting"}
        assert len(reader.told("down")) == 1


def test_a_gap_is_told_and_filled_from_the_history_of_the_server(
    plain: Terms, shared: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks for a while: what changed meanwhile comes in its place, once."""
    monkeypatch.setattr("linetwin.twin.patience.FIRST_WAIT_S", 1.0)
    shared.add("kept", "s=kept")
    shared.add("plain", "s=plain")

    def write(*values: float) -> None:
        for value in values:
            stamp = datetime.now(UTC)
            shared.write({"kept": value, "plain": value}, SourceTimestamp=stamp)

    write(0.0)
    shared.do(shared.server.historize_node_data_change(shared.nodes["kept"]))
    config = source(shared.endpoint, history=True)
    signals = (signal("kept"), signal("plain"))
    with Reader(config, signals, plain) as reader:
        wait_until(lambda: reader.values(0) and reader.values(1))
        write(*map(float, range(1, 6)))
        wait_until(lambda: reader.values(0)[-1] == 5.0 and reader.values(1)[-1] == 5.0)
        link = reader.link
        assert link is not None
        reader.do(lambda: link._end("cut off by the test"))
        wait_until(lambda: reader.health.state == "down")
        write(*map(float, range(6, 30)))
        wait_until(lambda: reader.health.connections == 2 and reader.values(1)[-1] == 29.0)
        write(30.0)
        wait_until(lambda: reader.values(0)[-1] == 30.0)
        mapping = Mapping("", "", "", {"plc": config}, signals, Path(), "")
        batch = Rules(mapping).judge(joined(reader.parts))
        usable = batch.value[batch.usable & (batch.came.signal == 0)]
        assert usable.tolist() == [float(n) for n in range(31)]
        assert reader.health.gaps == 1
        assert reader.health.filled == 24
        assert "24 values from its history" in reader.told("gap")[0]


@pytest.mark.slow
def test_when_the_server_that_is_read_is_gone_the_other_goes_on(plain: Terms) -> None:
    """A redundant set: the one that is left is found without a person."""
    with SmallServer(["a"]) as two:
        with SmallServer(["a"]) as one:
            config = source(one.endpoint, two.endpoint)
            reader = Reader(config, [signal("a")], plain)
            reader.__enter__()
            wait_until(lambda: reader.values(0))
            assert reader.health.endpoint == one.endpoint
        wait_until(lambda: reader.health.endpoint == two.endpoint)
        two.write({"a": 8.0})
        wait_until(lambda: reader.values(0)[-1] == 8.0)
        reader.__exit__()


def test_who_is_refused_waits_and_does_not_hammer() -> None:
    """A wrong password is tried again after 30 s, an unknown certificate after 5 s and longer."""
    about = {"message": "m", "remedy": "r"}
    user = RefusedError("p", status="BadUserAccessDenied", **about)
    certificate = RefusedError("c", status="BadCertificateUntrusted", **about)

    def waits(*errors: LinkError, flowed: bool = False) -> list[float]:
        patience, found = Patience(), []
        for error in errors:
            patience.failed(error, flowed=flowed)
            found.append(patience.wait_s)
            assert 0.8 * found[-1] <= patience.next_s() <= found[-1]
        return found

    assert waits(user, user) == [30.0, 30.0]
    assert waits(*[certificate] * 5) == [5.0, 10.0, 20.0, 30.0, 30.0]
    assert waits(*[OpcUaError("gone")] * 4) == [0.25, 0.5, 1.0, 1.0]
    assert waits(*[OpcUaError("gone")] * 4, flowed=True) == [0.25] * 4


@pytest.mark.slow
def test_many_links_leave_no_task_and_no_file_open(
    plain: Terms, shared: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty links that were cut off: as many tasks and open files as after the first."""
    monkeypatch.setattr("linetwin.twin.patience.FIRST_WAIT_S", 0.05)

    def count() -> tuple[int, int]:
        files = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc").is_dir() else 0
        return len(asyncio.all_tasks(reader._loop)), files

    with Reader(source(shared.endpoint), [signal("a")], plain) as reader:
        counts = []
        for number in range(1, 21):
            wait_until(lambda: reader.health.state == "live")
            assert reader.health.connections == number
            counts.append(count())
            link = reader.link
            assert link is not None
            reader.do(lambda link=link: link._end("cut off by the test"))
            wait_until(lambda number=number: reader.health.failures == number)
        wait_until(lambda: reader.health.state == "live")
        counts.append(count())
    tasks, files = zip(*counts, strict=True)
    assert max(tasks[1:]) <= tasks[0] + 1
    # The server closes its end of a connection when it gets round to it.
    assert files[-1] <= files[0] + 4
