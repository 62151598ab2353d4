"""A short visit to a server: connect, look around, leave. For commands that people run by hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from asyncua import ua

from linetwin.errors import OpcUaError
from linetwin.twin.opcua.browsing import browse
from linetwin.twin.opcua.history import remembered
from linetwin.twin.opcua.limits import limits_of
from linetwin.twin.opcua.link import CLOSE_S, open_calmly
from linetwin.twin.opcua.resolving import resolve
from linetwin.twin.security.connecting import prepared_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from asyncua import Client

    from linetwin.scenario.mapped import SignalConfig
    from linetwin.twin.columns import Raw
    from linetwin.twin.opcua.browsing import Variable
    from linetwin.twin.security.connecting import Terms

_ANSWER_S = 10.0


def variables_of(
    endpoint: str, terms: Terms, below: Sequence[str] = (), depth: int = 12
) -> list[Variable]:
    """Return what a server has to read; OpcUaError or RefusedError where that cannot be had."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # what matters is in the error
    return asyncio.run(_visit(endpoint, terms, below, depth))


def history_of(
    endpoint: str, terms: Terms, signals: Sequence[tuple[int, SignalConfig]], span: tuple[int, int]
) -> tuple[Raw, dict[int, str]]:
    """Return what a server remembers of signals in a span [ns UTC], by number of the signal.

    And why it has nothing of one. OpcUaError or RefusedError where it cannot be asked.
    """
    return asyncio.run(_ask(endpoint, terms, signals, span))


async def _ask(
    endpoint: str, terms: Terms, signals: Sequence[tuple[int, SignalConfig]], span: tuple[int, int]
) -> tuple[Raw, dict[int, str]]:
    async with _session(endpoint, terms) as client:
        nodes = (await resolve(client, signals, await limits_of(client))).nodes
        return await remembered(client, nodes, *span, time.time_ns())


async def _visit(endpoint: str, terms: Terms, below: Sequence[str], depth: int) -> list[Variable]:
    async with _session(endpoint, terms) as client:
        return await browse(client, below, depth)


@contextlib.asynccontextmanager
async def _session(endpoint: str, terms: Terms) -> AsyncIterator[Client]:
    """Connect, and leave again; OpcUaError for what goes wrong between."""
    client = await prepared_client(endpoint, terms, _ANSWER_S)
    await open_calmly(client)
    try:
        yield client
    except (ua.UaError, OSError) as error:
        raise OpcUaError(f"{endpoint}: {type(error).__name__}: {error}") from error
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await client.disconnect()
