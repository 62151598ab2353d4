"""A port on which a server of shells is asked."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from linetwin.errors import ShellError
from linetwin.shells.serving.app import refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI


_NO_REQUEST: Final = "no request of HTTP/1.1 with one Host header, or one that is too long"


class Conversation(H11Protocol):
    """HTTP/1.1; what is no request is refused as everything else is, with JSON and its headers."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  said better here
        """Refuse what cannot be read, unless an answer has begun; nothing more is heard then."""
        last: Any = self.cycle  # None before the first request, whatever its type says
        if last is None or last.response_complete or not last.response_started:
            answer = refused(400, _NO_REQUEST)
            head = [b"HTTP/1.1 400 Bad Request", b"connection: close"]
            head += [b"%b: %b" % each for each in answer.raw_headers]
            self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        self.transport.close()


def listen(
    app: FastAPI,
    place: tuple[str, int],
    tls: tuple[Path | None, Path | None],
    tell: Callable[[str], None],
) -> None:
    """Serve at a host and a port until interrupted; ShellError where that cannot be opened.

    `tls`: certificate and key, PEM; `tell`: is given the address once the port is open.
    """
    certificate, key = tls
    config = uvicorn.Config(
        app,
        host=place[0],
        port=place[1],
        log_level="warning",
        access_log=False,
        server_header=False,
        http=Conversation,
        ws="none",
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    try:
        config.load()
    except OSError as error:
        raise ShellError(f"{certificate}, {key}: cannot be used: {error}") from error
    scheme = "https" if certificate else "http"
    with opened(*place) as own:
        own.listen(config.backlog)  # who asks as soon as it is told waits, and is not refused
        host, port = own.getsockname()[:2]
        tell(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        uvicorn.Server(config).run(sockets=[own])


def opened(host: str, port: int) -> socket.socket:
    """Return a bound socket; ShellError where it cannot be.

    Its protocol is said aloud: asyncio sends small answers at once only then, and uvicorn's own
    leaves it out, so each answer waits 40 ms for an acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind((host, port))
    except (OSError, OverflowError) as error:
        own.close()
        raise ShellError(f"{host}:{port} cannot be opened: {error}") from error
    return own
