"""A short visit to a server: connect, look around, leave. For commands that people run by hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from asyncua import ua

from linetwin.errors import OpcUaError
from linetwin.twin.opcua.browsing import browse
from linetwin.twin.opcua.link import CLOSE_S, open_calmly
from linetwin.twin.security.connecting import prepared_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.twin.opcua.browsing import Variable
    from linetwin.twin.security.connecting import Terms

_ANSWER_S = 10.0


def variables_of(
    endpoint: str, terms: Terms, below: Sequence[str] = (), depth: int = 12
) -> list[Variable]:
    """Return what a server has to read; OpcUaError or RefusedError where that cannot be had."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # what matters is in the error
    return asyncio.run(_visit(endpoint, terms, below, depth))


async def _visit(endpoint: str, terms: Terms, below: Sequence[str], depth: int) -> list[Variable]:
    client = await prepared_client(endpoint, terms, _ANSWER_S)
    await open_calmly(client)
    try:
        return await browse(client, below, depth)
    except (ua.UaError, OSError) as error:
        raise OpcUaError(f"{endpoint}: {type(error).__name__}: {error}") from error
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await client.disconnect()
