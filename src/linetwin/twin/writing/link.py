"""The writer's link to a plant: reads states and set values, and hands requests in.

The plant has the request tags that a plant of linetwin serves (docs/plant.md). A loop in a thread
of its own holds the session; each call is bounded in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import CancelledError
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from asyncua import ua

from linetwin.errors import OpcUaError, RefusedError
from linetwin.twin.opcua.link import CLOSE_S, open_calmly
from linetwin.twin.plant.model import NAMESPACE, REQUEST, node_of
from linetwin.twin.plant.nodes import VARIANTS
from linetwin.twin.security.connecting import prepared_client
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.asking import CLOCKS_S
from linetwin.twin.writing.watching import Seen

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from asyncua import Client

    from linetwin.twin.plant.model import Folder
    from linetwin.twin.security.connecting import Terms
    from linetwin.twin.writing.asking import Asked

_CALL_S = 10.0
_OPEN_S = 10.0
"""To connect and log in: a plant that takes longer is not there to be written [A]."""
_LOOK_S = 0.05
_DENIED = (ua.StatusCodes.BadUserAccessDenied, ua.StatusCodes.BadNotWritable)
_Found = TypeVar("_Found")


class OpcUaPlant:
    """A session of the writer; `close` ends it. RefusedError or OpcUaError where it is not had."""

    def __init__(self, endpoint: str, terms: Terms) -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # what matters is in the error
        self._endpoint, self._user, self._terms = endpoint, terms.credentials.name, terms
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="writer", daemon=True)
        self._thread.start()
        self._client: Client | None = None
        self._index = 0
        try:
            self._do(self._open(terms), _OPEN_S)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End session, loop and thread."""
        if self._client is not None:
            with contextlib.suppress(OpcUaError):
                self._do(self._leave(self._client), 2 * CLOSE_S)
            self._client = None
        with contextlib.suppress(OpcUaError):
            self._do(_cancel_others(), 2 * CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ------------------------------------------------------------------------------ reading
    def plant(self) -> str:
        """Return the application URI of the plant."""
        found = self._read(ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServerArray)))
        return str(found[0]) if found else ""

    def state(self, station: str) -> int:
        """Return the PackML state of a station, as its number."""
        return int(self._tag(station, "Status", "StateCurrent"))

    def setpoint(self, station: str, name: str) -> float:
        """Return a set value as the plant has it."""
        return float(self._tag(station, "Setpoints", name))

    def seen(self, station: str, instruments: Sequence[str]) -> Seen:
        """Return how many lots a station has handed over and what instruments show, in one read."""
        tags = [self._id(station, "Measurements", name) for name in instruments]
        found = self._do(self._read_all([self._id(station, "Lots", "given"), *tags]))
        given, *values = found
        if given is None:
            raise OpcUaError(f"{self._endpoint}: {station} does not tell its lots")
        shown = zip(instruments, values, strict=True)
        readings = {name: (float(told[0]), told[1]) for name, told in shown if told is not None}
        return Seen(int(given[0]), given[1], readings)

    # ------------------------------------------------------------------------------- asking
    def ask(self, asked: Asked) -> str | None:
        """Hand a request in; return why it was refused, "" if accepted, None without an answer.

        A plant that falls silent is waited for, and connected again, until no request that reached
        it is open any more. RefusedError where its user may hand nothing in: then there is none.
        """
        end = asked.expiry.timestamp() + CLOCKS_S
        try:
            self._hand_in(asked)
        except RefusedError:
            raise
        except OpcUaError:  # it may have been handed in: only the plant knows
            self._connect_again(end)
        while time.time() < end:
            try:
                found = self.answer(asked.station, asked.name)
            except OpcUaError:
                self._connect_again(end)
            else:
                if found is not None:
                    return found
            time.sleep(_LOOK_S)
        return None

    def _hand_in(self, asked: Asked) -> None:
        values: dict[str, Any] = {
            "Setpoint": asked.setpoint,
            "Value": asked.value,
            "Requester": asked.requester,
            "Expiry": asked.expiry,
            "RequestId": asked.name,
        }
        for name, kind, _, _ in REQUEST:  # the name is the last: it hands the request in
            node = self._id(asked.station, "Commands", name)
            self._do(self._write(node, ua.Variant(values[name], VARIANTS[kind])))

    def answer(self, station: str, name: str) -> str | None:
        """Return what the plant has answered to a request: as `ask`; None where nothing is told.

        A name that came twice was refused the second time: the first answer is the one.
        """
        told = str(self._tag(station, "Commands", "Answers"))
        answers = [line.split("\t", 1) for line in told.split("\n")]
        return next((each[-1] for each in answers if each[0] == name), None)

    def clock(self) -> datetime:
        """Return the plant's clock: requests expire by it."""
        found = self._read(ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServerStatus_CurrentTime)))
        if not isinstance(found, datetime):
            raise OpcUaError(f"{self._endpoint} does not tell its time")
        return found.replace(tzinfo=UTC)

    # ------------------------------------------------------------------------------ the loop
    def _connect_again(self, end: float) -> None:
        """Begin a session anew [end: s UTC, not after it]; there is none where that fails."""
        client, self._client = self._client, None
        with contextlib.suppress(OpcUaError):
            if client is not None:
                self._do(self._leave(client), 2 * CLOSE_S)
            self._do(self._open(self._terms), min(_OPEN_S, max(_LOOK_S, end - time.time())))

    def _session(self) -> Client:
        if self._client is None:
            raise OpcUaError(f"{self._endpoint} is not connected")
        return self._client

    async def _open(self, terms: Terms) -> None:
        client = await prepared_client(self._endpoint, terms, _CALL_S)
        await open_calmly(client)
        self._client = client
        try:
            self._index = await client.get_namespace_index(NAMESPACE)
        except ValueError as error:
            message = f"{self._endpoint} has no request tags of linetwin ({NAMESPACE})"
            raise OpcUaError(message) from error

    @staticmethod
    async def _leave(client: Client) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await client.disconnect()

    def _id(self, station: str, folder: Folder, name: str) -> ua.NodeId:
        return ua.NodeId(ua.String(node_of(station, folder, name)), ua.Int16(self._index))

    def _tag(self, station: str, folder: Folder, name: str) -> Any:  # noqa: ANN401  what a tag holds
        """Return the value of a tag; OpcUaError where it has none."""
        found = self._read(self._id(station, folder, name))
        if found is None:
            message = f"{self._endpoint}: {node_of(station, folder, name)} has no value"
            raise OpcUaError(message)
        return found

    def _read(self, node: ua.NodeId) -> Any:  # noqa: ANN401  what a node holds
        async def read() -> Any:  # noqa: ANN401
            found = await self._session().get_node(node).read_data_value(raise_on_bad_status=False)
            good = found.StatusCode is None or found.StatusCode.is_good()
            return found.Value.Value if good and found.Value is not None else None

        return self._do(read())

    async def _read_all(self, nodes: list[ua.NodeId]) -> list[tuple[Any, float] | None]:
        """Return value and source time [s UTC] of each node, None where it shows nothing good."""
        client = self._session()
        found = await client.read_attributes([client.get_node(e) for e in nodes])
        return [_stamped(each) for each in found]

    async def _write(self, node: ua.NodeId, value: ua.Variant) -> None:
        client = self._session()
        try:
            await client.get_node(node).write_value(value)
        except ua.UaStatusCodeError as error:
            if error.code not in _DENIED:
                raise
            who = self._user or "nobody"
            message = f"{self._endpoint} does not let {who} write {node.to_string()}"
            raise refusal(Reason.ROLE, message, "the writer is to be an operator there") from error

    def _do(self, work: Coroutine[Any, Any, _Found], limit_s: float = _CALL_S) -> _Found:
        """Do some work in the loop; OpcUaError where the plant fails or is too slow."""
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result(limit_s)
        except RefusedError:
            raise
        except TimeoutError as error:
            waiting.cancel()
            message = f"{self._endpoint} has not answered for {limit_s:g} s"
            raise OpcUaError(message) from error
        except (ua.UaError, OSError, CancelledError) as error:
            raise OpcUaError(f"{self._endpoint}: {type(error).__name__}: {error}") from error


async def _cancel_others() -> None:
    """End what was given up as too slow: the loop's end would complain of it on the screen."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    if others:
        await asyncio.wait(others, timeout=CLOSE_S)


def _stamped(told: ua.DataValue) -> tuple[Any, float] | None:
    """Return value and source time [s UTC, 0 without one], None where it is not good."""
    good = told.StatusCode is None or told.StatusCode.is_good()
    value = told.Value.Value if good and told.Value is not None else None
    at = told.SourceTimestamp
    return None if value is None else (value, at.replace(tzinfo=UTC).timestamp() if at else 0.0)
