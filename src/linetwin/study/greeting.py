"""Who answers at a scheduler's address, heard before Dask's client would wait on it for ever."""

from __future__ import annotations

import socket
import struct
import time

from linetwin.errors import LinkError

_HEADER = struct.Struct("<2Q")
"""How many bytes follow the first number, and in how many frames: Dask's messages over TCP."""
_MOST_BYTES, _MOST_FRAMES = 1 << 20, 64
"""A scheduler says some 60 bytes in one frame; 'HTTP/1.1' read as a number is 3 EiB [A]."""
_ASK_S = 2.0
_ASKED = b"HEAD / HTTP/1.0\r\n\r\n"
_TOLD = 16


def check_scheduler(address: str, limit_s: float) -> None:
    """Raise a LinkError where no Dask scheduler greets at a tcp or tls address within `limit_s`.

    Dask waits without limit for the first words of whoever has taken the connection, and takes
    memory for as many bytes as they announce. Other kinds of address are left to Dask.
    ValueError, OSError: an address that is none, or at which nobody listens.
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, where = parse_address(address)
    if scheme not in ("tcp", "tls"):
        return
    host, port = parse_host_port(where, _PORT)
    said = _heard(host, port, secured=scheme == "tls", limit_s=limit_s)
    if not _greets(said):
        message = f"{_who(said, host, port, limit_s)} answers at {address}, no Dask scheduler"
        raise LinkError(message)


def _heard(host: str, port: int, *, secured: bool, limit_s: float) -> bytes:
    """Return the first message of whoever listens: as much of it as came in time."""
    until = time.monotonic() + limit_s
    with socket.create_connection((host, port), timeout=limit_s) as plain:
        connection = _secured(plain) if secured else plain
        with connection:
            said = _received(connection, _HEADER.size, until)
            if _announces(said):
                said += _received(connection, _HEADER.unpack(said)[0] - 8, until)
    return said


def _secured(plain: socket.socket) -> socket.socket:
    """Return the connection as Dask's own settings secure it."""
    from distributed.security import Security

    context = Security().get_connection_args("client")["ssl_context"]
    if context is None:
        raise ValueError("tls needs distributed.comm.tls in Dask's configuration")
    found: socket.socket = context.wrap_socket(plain)
    return found


def _received(connection: socket.socket, count: int, until: float) -> bytes:
    """Return so many bytes, or those that came before time was up or the other side closed."""
    found = b""
    while len(found) < count and (left := until - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            part = connection.recv(count - len(found))
        except (TimeoutError, ConnectionError):
            break
        if not part:
            break
        found += part
    return found


def _announces(said: bytes) -> bool:
    """Whether first bytes announce a message that Dask may have sent."""
    if len(said) < _HEADER.size:
        return False
    count, frames = _HEADER.unpack_from(said)
    return bool(_HEADER.size <= count <= _MOST_BYTES and 1 <= frames <= _MOST_FRAMES)


def _greets(said: bytes) -> bool:
    return _announces(said) and len(said) == 8 + _HEADER.unpack_from(said)[0]


def _who(said: bytes, host: str, port: int, limit_s: float) -> str:
    """Say who seems to answer."""
    if said.startswith(b"HTTP") or (not said and _is_web(host, port)):
        return "a web server"
    if said:
        return f"something that says {said[:_TOLD]!r}"
    return f"something that says nothing within {limit_s:g} s"


def _is_web(host: str, port: int) -> bool:
    """Whether whoever waits to be asked answers in HTTP, as a scheduler's dashboard does."""
    try:
        with socket.create_connection((host, port), timeout=_ASK_S) as connection:
            connection.sendall(_ASKED)
            return _received(connection, 4, time.monotonic() + _ASK_S) == b"HTTP"
    except OSError:
        return False


_PORT = 8786
