"""The server: FastAPI around the routes; who asks, in which role, and what every answer carries."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from linetwin.shells.serving import packing, routes
from linetwin.shells.serving.asking import Refusal, bad
from linetwin.shells.serving.catalogue import WHOLE
from linetwin.shells.serving.hosts import is_called_by, name_in
from linetwin.shells.serving.paging import Pages
from linetwin.shells.serving.routes import Asked, Bytes
from linetwin.shells.serving.tokens import role_of
from linetwin.shells.serving.values import NoValues
from linetwin.shells.serving.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.shells.serving.catalogue import Catalogue
    from linetwin.shells.serving.roles import Role
    from linetwin.shells.serving.routes import Route
    from linetwin.shells.serving.tokens import Token
    from linetwin.shells.serving.values import ValueSource

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer: nothing is guessed, kept, run or framed."""
_READS: Final = {"GET", "HEAD"}
_LARGEST_BODY: Final = 65_536
_LISTS: Final = ("assetIds", "aasIds", "submodelIds")
_TEXTS: Final = {
    401: "a token is needed: Authorization: Bearer ...",
    404: "there is no such path",
    405: "shells are read here, not written",
    413: f"at most {_LARGEST_BODY} bytes",
    421: "this host name is not served",
    500: "this cannot be answered: a defect of the server or of its files",
}


@dataclass(frozen=True)
class Door:
    """Who may come in.

    `tokens`: None lets everybody in as `anonymous`; `hosts`: names by which the server may be
    called, None for any; the address at which it is asked is always one.
    """

    roles: Mapping[str, Role]
    anonymous: str = "engineer"
    tokens: Sequence[Token] | None = None
    hosts: frozenset[str] | None = None

    def role(self, request: Request) -> Role:
        """Return the role of a request; Refusal where it has none."""
        name = name_in(request.headers.get("host", ""))
        if self.hosts is not None and not (
            is_called_by(name, self.hosts) or name == _own_address(request)
        ):
            raise Refusal(421, _TEXTS[421])
        if self.tokens is None:
            return self.roles[self.anonymous]
        found = role_of(request.headers.get("authorization", ""), self.tokens)
        if found is None:
            raise Refusal(401, _TEXTS[401])
        return self.roles[found]


def _own_address(request: Request) -> str | None:
    """Return the address of this machine that a request came to, None where that is not known."""
    place = request.scope.get("server")
    try:
        return str(ipaddress.ip_address(place[0])) if place else None
    except ValueError:
        return None


class Server:
    """Answers requests from a catalogue."""

    def __init__(self, catalogue: Catalogue, door: Door, values: ValueSource | None = None) -> None:
        given = NoValues() if values is None else values
        self._views = {name: View(catalogue, role, given) for name, role in door.roles.items()}
        self._door, self._pages, self._catalogue = door, Pages(), catalogue
        self._alone = asyncio.Lock()

    async def answer(self, path: str, route: Route, request: Request) -> Response:
        """Return the answer of a route."""
        try:
            role = self._door.role(request)
            body = await _body(request) if request.method not in _READS else None
            asked = Asked(
                self._views[role.name],
                self._pages,
                path,
                request.path_params,
                request.query_params,
                {key: request.query_params.getlist(key) for key in _LISTS},
                request.headers.get("accept", ""),
                body,
            )
            work = partial(_answered, route, asked)
            if self._needs_describing(asked):
                async with self._alone:  # what describes a part holds its tables: one at a time
                    return await asyncio.to_thread(work)
            if path in routes.LONG or path in packing.ROUTES or asked.reads_values:
                return await asyncio.to_thread(work)
            return work()
        except Refusal as refusal:
            return refused(refusal.status, refusal.text)

    def _needs_describing(self, asked: Asked) -> bool:
        """Say whether a request is about parts that are described when they are asked for."""
        if self._catalogue.source is None:
            return False
        if asked.route in routes.LISTS:
            return True
        ids = asked.ids()
        if asked.route == packing.BY_IDS:
            ids = [*asked.listed("aasIds"), *asked.listed("submodelIds")]
        return any(self._catalogue.find(each) not in {None, WHOLE} for each in ids)

    def closed(self, request: Request, status: int) -> Response:
        """Return the answer where there is no route, and no such method of one."""
        try:
            self._door.role(request)
        except Refusal as refusal:
            return refused(refusal.status, refusal.text)
        return refused(status, _TEXTS.get(status, "this cannot be answered"))


async def _body(request: Request) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON that a search brings."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _LARGEST_BODY:
            raise Refusal(413, _TEXTS[413])
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise bad("the body is no JSON") from error


def _answered(route: Route, asked: Asked) -> Response:
    """Return the answer of a route, ready to be sent."""
    return _response(route(asked))


def _response(found: Any) -> Response:  # noqa: ANN401 - JSON
    if isinstance(found, Bytes):
        name = "".join(each if each.isalnum() or each in "._-" else "_" for each in found.name)
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{_ascii(name)}"'}
        return Response(found.content, 200, headers, media_type=_ascii(found.content_type))
    return Response(json.dumps(found), 200, HEADERS, media_type="application/json")


def _ascii(text: str) -> str:
    """Return a text as a header may have it."""
    plain = "".join(each if each.isascii() and each.isprintable() else "_" for each in text)
    return plain or "application/octet-stream"


def refused(status: int, text: str) -> Response:
    """Return an answer that is no result, as Part 2 has it: messages and nothing more."""
    message = {
        "code": str(status),
        "messageType": "Error",
        "text": text,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    headers = dict(HEADERS)
    if status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    if status == 405:  # noqa: PLR2004
        headers["Allow"] = "GET, HEAD"
    content = json.dumps({"messages": [message]})
    return Response(content, status, headers, media_type="application/json")


def make_app(catalogue: Catalogue, door: Door, values: ValueSource | None = None) -> FastAPI:
    """Return the server of a catalogue, without pages of its own: no HTML is ever sent."""
    server = Server(catalogue, door, values)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for path, route in {**routes.ROUTES, **packing.ROUTES}.items():
        methods = ["POST"] if path == routes.SEARCH else ["GET", "HEAD"]
        app.add_route(path, partial(_endpoint, server, path, route), methods=methods)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return server.closed(request, error.status_code)

    @app.exception_handler(Exception)
    async def _failed(_: Request, __: Exception) -> Response:
        return refused(500, _TEXTS[500])

    return app


async def _endpoint(server: Server, path: str, route: Route, request: Request) -> Response:
    return await server.answer(path, route, request)
