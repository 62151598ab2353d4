"""A small OPC UA server of the tests, in a thread with its own loop; without protection."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

from asyncua import Server, ua

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

URI = "urn:test:plant"
PATIENCE_S = 60.0
MAPPING = """\
schema: 1
name: test
owner: tests
version: "1"
sources:
  plc:
    endpoints: ["{endpoint}"]
    namespaces: {{plant: "urn:test:plant"}}
    security: {{policy: None}}
    publishing: 50 ms
    clock: {{owner: tests}}
{sources}signals:
{signals}"""


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def mapping_text(endpoint: str, signals: str, sources: str = "") -> str:
    """A mapping file for such a server: lines of signals, and of sources beside it."""
    return MAPPING.format(endpoint=endpoint, signals=signals, sources=sources)


class SmallServer:
    """Variables of a Double each under Objects/Plant; `extra` namespaces come before its own."""

    def __init__(self, names: Sequence[str], port: int = 0, extra: Sequence[str] = ()) -> None:
        self.port = port or free_port()
        self.endpoint = f"opc.tcp://127.0.0.1:{self.port}/test"
        self.names = tuple(names)
        self._extra = extra
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.nodes: dict[str, Any] = {}
        self.server = Server()

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, Any]) -> object:
        """Run a coroutine in the server's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _start(self) -> None:
        await self.server.init()
        self.server.set_endpoint(self.endpoint)
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        for uri in self._extra:
            await self.server.register_namespace(uri)
        self.index = await self.server.register_namespace(URI)
        self.plant = await self.server.nodes.objects.add_object(self.index, "Plant")
        for name in self.names:
            await self._add(name, f"s={name}")
        await self.server.start()

    async def _stop(self) -> None:
        await self.server.stop()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:  # asyncua leaves those of sessions that were cut off
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _add(self, name: str, identifier: str, value: object = 0.0) -> None:
        node_id = ua.NodeId.from_string(f"ns={self.index};{identifier}")
        browse = ua.QualifiedName(name, self.index)
        self.nodes[name] = await self.plant.add_variable(node_id, browse, value)

    def add(self, name: str, identifier: str, value: object = 0.0) -> None:
        """Add a variable with a NodeId of its own."""
        self.do(self._add(name, identifier, value))

    def write(self, values: Mapping[str, Any], **fields: object) -> None:
        """Write values in order, with the given fields of DataValue (StatusCode_, times)."""
        self.do(self._write(values, fields))

    async def _write(self, values: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        for name, value in values.items():
            variant = value if isinstance(value, ua.Variant) else ua.Variant(value)
            await self.server.write_attribute_value(
                self.nodes[name].nodeid, ua.DataValue(variant, **fields)
            )

    def set_level(self, level: int) -> None:
        """Say how well it serves."""
        node = ua.NodeId(ua.ObjectIds.Server_ServiceLevel)
        value = ua.DataValue(ua.Variant(level, ua.VariantType.Byte))
        self.do(self.server.write_attribute_value(node, value))
