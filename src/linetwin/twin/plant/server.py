"""A plant's OPC UA server, in a thread with a loop of its own: the line never waits for it.

The twin's is the same with another model (`linetwin.twin.publishing`).

Once in a publish interval of wall time it takes what waits in the outbox and writes it, in the
order of arrival; requests that clients hand in go into a queue, which the line's thread reads.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from asyncua import Server, ua
from asyncua.common.callback import CallbackType

from linetwin.errors import LinetwinError, OpcUaError
from linetwin.results.manifest import environment
from linetwin.twin.plant.conditions import REFRESH, Conditions
from linetwin.twin.plant.model import REQUEST, node_of
from linetwin.twin.plant.nodes import Nodes, stamp, value_of
from linetwin.twin.plant.requests import Request, cleaned
from linetwin.twin.plant.standards import Standards
from linetwin.twin.security.roles import Right
from linetwin.twin.security.serving import Guard, guarded_server

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.plant.changes import Change
    from linetwin.twin.plant.clock import PlantClock
    from linetwin.twin.plant.model import InformationModel
    from linetwin.twin.plant.outbox import Outbox

START_LIMIT_S = 60.0
"""Wall time after which a server that has not started is given up."""
_STATUS = {
    "": ua.StatusCodes.Good,
    "sensor": ua.StatusCodes.BadSensorFailure,
    "link": ua.StatusCodes.BadNoCommunication,
    "unknown": ua.StatusCodes.BadNoData,
    "refused": ua.StatusCodes.BadConfigurationError,
    "open loop": ua.StatusCodes.UncertainSubNormal,
}
REMEMBERED = 2_000
"""Values of a tag that the server remembers, the last ones: of a tray every 10 min, two weeks."""
_HANDED_IN = REQUEST[-1][0]


@dataclass(frozen=True)
class Opening:
    """Where and how a server opens; `interval_s`: wall time between two publications.

    `nodesets`: folder with those of DI, IA, Machinery and PackML, None to do without.
    """

    endpoint: str
    guard: Guard
    interval_s: float = 0.5
    nodesets: Path | None = None


@dataclass
class Counts:
    """What the server has done: values and alarms written, clients that are connected."""

    values: int = 0
    alarms: int = 0
    clients: int = 0


@dataclass
class PlantServer:
    """A server that shows a model; `start` before the line is played, `stop` after."""

    model: InformationModel
    opening: Opening
    outbox: Outbox
    requests: queue.SimpleQueue[Request] = field(default_factory=queue.SimpleQueue)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._clock: PlantClock | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        name = f"{self.model.product} server"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Open the endpoint; OpcUaError where that fails, such as for a port in use."""
        self._thread.start()
        if not self._ready.wait(START_LIMIT_S):
            self.stop()
            message = f"{self.opening.endpoint} did not open within {START_LIMIT_S:g} s"
            raise OpcUaError(message)
        self._check()

    def publish(self, clock: PlantClock) -> None:
        """Begin to publish, with these source timestamps."""
        self._clock = clock

    def stop(self) -> None:
        """Tell the last values and close; errors of the server's thread are raised here."""
        if self._loop is not None and self._ending is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()
        self._check()

    def check(self) -> None:
        """Raise what has ended the server's thread, if it has."""
        if not self._thread.is_alive():
            self._check()

    def _check(self) -> None:
        error = self._failed
        if error is None:
            return
        if isinstance(error, LinetwinError):
            raise error
        message = f"{self.opening.endpoint} cannot be served: {str(error) or type(error).__name__}"
        raise OpcUaError(message) from error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  raised in the line's thread
            self._failed = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        await self._try_port()
        server = await guarded_server(self.opening.guard)
        server.set_endpoint(self.opening.endpoint)
        server.set_server_name(f"linetwin {self.model.product} {self.model.name}")
        shown = _Shown(server, self)
        await shown.build()
        await server.start()
        self._ready.set()
        try:
            while not self._ending.is_set():
                await self._pause()
                await shown.tell(self._clock)
        finally:
            await server.stop()

    async def _try_port(self) -> None:
        """Raise OSError at once where the port is taken: making the nodes takes seconds."""
        address = urlparse(self.opening.endpoint)
        trial = await asyncio.start_server(_hang_up, address.hostname, address.port)
        trial.close()
        await trial.wait_closed()

    async def _pause(self) -> None:
        """Wait for the next publication, or for the end."""
        assert self._ending is not None  # noqa: S101  set before anything runs
        try:
            async with asyncio.timeout(self.opening.interval_s):
                await self._ending.wait()
        except TimeoutError:
            return


class _Shown:
    """The nodes of the server while it runs."""

    def __init__(self, server: Server, plant: PlantServer) -> None:
        self._server, self._plant = server, plant
        self._nodes = Nodes(server, plant.model)
        self._tags = {tag.node: tag for tag in plant.model.tags()}
        self._conditions = Conditions(server, self._nodes, plant.model)
        self._stations: dict[ua.NodeId, str] = {}
        self._standards: Standards | None = None
        self._history = server.iserver.history_manager.storage

    async def build(self) -> None:
        """Make all nodes; nothing is known yet of those without a constant."""
        now = datetime.now(UTC)
        version = str(environment()["linetwin"])
        product = self._plant.model.product
        about = (f"urn:linetwin:{product}", "linetwin", f"linetwin {product}", version, "")
        await self._server.set_build_info(*about, now)
        await self._nodes.build()
        waiting = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadWaitingForInitialData))
        for tag in self._tags.values():
            node = self._nodes.id_of(tag.node)
            if tag.constant is None and not tag.writable:
                unknown = ua.DataValue(value_of(tag, None), StatusCode=waiting)
                await self._server.write_attribute_value(node, unknown)
            if tag.remembered:
                await self._history.new_historized_node(node, None, REMEMBERED)
            if tag.writable:
                self._plant.opening.guard.rights[node] = Right.COMMAND
            if tag.folder == "Commands" and tag.name == _HANDED_IN:
                self._stations[node] = tag.owner
        await self._conditions.build()
        for method in REFRESH:
            self._plant.opening.guard.rights[method] = Right.READ
        folder = self._plant.opening.nodesets
        if folder is not None:
            self._standards = Standards(self._server, self._nodes, self._plant.model)
            await self._standards.build(folder)
        self._server.subscribe_server_callback(CallbackType.PostWrite, self._written)

    async def tell(self, clock: PlantClock | None) -> None:
        """Write what has arrived."""
        counts = self._plant.counts
        bserver = self._server.bserver
        counts.clients = len(bserver.clients) if bserver is not None else 0
        if clock is None:
            return
        changes, alarms = self._plant.outbox.take()
        for change in changes:
            await self._write(change, clock)
        for alarm in alarms:
            await self._conditions.tell(alarm, clock.at(alarm.tick))
        counts.values += len(changes)
        counts.alarms += len(alarms)

    async def _write(self, change: Change, clock: PlantClock) -> None:
        tag = self._tags[change.node]
        told = ua.DataValue(
            value_of(tag, change.value),
            StatusCode=ua.StatusCode(ua.UInt32(_STATUS[change.fault])),
            SourceTimestamp=stamp(clock.at(change.told_tick)),
            ServerTimestamp=stamp(datetime.now(UTC)),
        )
        node = self._nodes.id_of(change.node)
        await self._server.write_attribute_value(node, told)
        if tag.remembered:
            await self._history.save_node_value(node, told)
        if self._standards is not None:
            await self._standards.follow(change, clock.at(change.told_tick))

    async def _written(self, event: Any, _: object) -> None:  # noqa: ANN401  asyncua's event
        """A client has written: where it was the name of a request, hand the request in."""
        writes = zip(event.request_params.NodesToWrite, event.response_params, strict=True)
        for write, status in writes:
            station = self._stations.get(write.NodeId)
            name = write.Value.Value.Value if write.Value.Value is not None else None
            if station is not None and status.is_good() and name:
                user = str(getattr(event.user, "name", "") or "")
                self._plant.requests.put(self._request(station, str(name), user))

    def _request(self, station: str, name: str, user: str) -> Request:
        def written(part: str) -> Any:  # noqa: ANN401  what a client has written
            node = self._nodes.id_of(node_of(station, "Commands", part))
            found = self._server.iserver.aspace.read_attribute_value(node, ua.AttributeIds.Value)
            return found.Value.Value if found.Value is not None else None

        expiry = written("Expiry")
        value = written("Value")
        return Request(
            station=station,
            setpoint=cleaned(str(written("Setpoint") or "")),
            value=float("nan") if value is None else float(value),
            requester=cleaned(str(written("Requester") or "")),
            name=cleaned(name),
            expiry=_in_utc(expiry) if isinstance(expiry, datetime) else None,
            user=user,
        )


def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection that came while the port was tried."""
    writer.close()


def _in_utc(instant: datetime) -> datetime:
    """Return an instant that a client has written: OPC UA knows no zone but UTC."""
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
