"""What reading one value from a server of shells costs, beside basyx alone."""

from __future__ import annotations

import asyncio
import json
from time import process_time
from typing import TYPE_CHECKING, Any, Final, cast

from basyx.aas import model
from basyx.aas.adapter.json import AASToJsonEncoder
from basyx.aas.util.traversal import walk_submodel

from linetwin.errors import SimulationError
from linetwin.shells.serving.app import Door, make_app
from linetwin.shells.serving.asking import encoded
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.roles import read_roles

if TYPE_CHECKING:
    from fastapi import FastAPI

    from linetwin.shells.environment import Environment

READS: Final = 2000
_OK: Final = 200


def measure(environment: Environment) -> tuple[float, float]:
    """Return processor time of a `$value` read (s): by the server, and by basyx alone.

    Both find a submodel by its id and an element by its path, and write JSON; the server reads a
    request and answers it as well, without a network. The element: the deepest of the largest.
    """
    submodel = max(environment.submodels(), key=lambda each: sum(1 for _ in walk_submodel(each)))
    way = max(
        (_way(each) for each in walk_submodel(submodel) if isinstance(each, model.Property)),
        key=len,
    )
    app = make_app(Catalogue(environment), Door(read_roles()))
    path = f"/submodels/{encoded(submodel.id)}/submodel-elements/{'.'.join(way)}/$value"
    asyncio.run(_ask(app, path, 10))  # its index is made once
    begun = process_time()
    asyncio.run(_ask(app, path, READS))
    served = (process_time() - begun) / READS
    begun = process_time()
    for _ in range(READS):
        found = cast("model.Submodel", environment.objects.get_item(submodel.id))
        json.dumps(found.get_referable(way), cls=AASToJsonEncoder)
    return served, (process_time() - begun) / READS


def _way(element: model.SubmodelElement) -> list[str]:
    """Return the idShorts on the way to an element; none where a list is on it."""
    found: list[str] = []
    step: Any = element
    while not isinstance(step, model.Submodel):
        if isinstance(step.parent, model.SubmodelElementList):
            return []
        found.insert(0, step.id_short)
        step = step.parent
    return found


async def _ask(app: FastAPI, path: str, times: int) -> None:
    """Ask the same again and again, without a network."""
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "headers": [], "scheme": "http",
        "server": None, "client": None, "root_path": "",
    }  # fmt: skip
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - of ASGI
        said.append(message)

    for _ in range(times):
        said.clear()
        await app(dict(scope), receive, send)
    if said[0]["status"] != _OK:
        raise SimulationError(f"{path}: {said[0]['status']}")
