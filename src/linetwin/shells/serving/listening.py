"""A port on which a server of shells is asked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import uvicorn

from linetwin.errors import ShellError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI


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
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    try:
        config.load()
    except OSError as error:
        raise ShellError(f"{certificate}, {key}: cannot be used: {error}") from error
    try:
        socket = config.bind_socket()
    except SystemExit as error:  # uvicorn has told why
        raise ShellError(f"{place[0]}:{place[1]} cannot be opened") from error
    host, port = socket.getsockname()[:2]
    scheme = "https" if certificate else "http"
    with socket, contextlib.suppress(KeyboardInterrupt):  # its usual end
        tell(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        uvicorn.Server(config).run(sockets=[socket])
