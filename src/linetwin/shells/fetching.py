"""Reading a file from a server that may lie: bounded in time and bytes, by HTTP/1.1.

One deadline is for everything, from the connection to the last byte; what a server says of its
answer's length is checked, and not believed.
"""

from __future__ import annotations

import io
import ssl
import zlib
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from linetwin.errors import ShellError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    Readable = Any
    """Where bytes are put; typeshed's name of it is private."""

_PIECE: Final = 65_536
_REDIRECTS: Final = 5
_MOVED: Final = {301, 302, 303, 307, 308}
_OK: Final = 200
_LONGEST_REASON: Final = 200
_ENCODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Content encoding -> window bits of zlib; 47 takes zlib's head and gzip's."""


@dataclass(frozen=True)
class Bounds:
    """How long an answer may take (s), and how large it may be when unpacked."""

    seconds: float
    bytes: int


@dataclass
class Fetch:
    """An address that is read once; `tls`: None for what the machine trusts.

    ShellError with the address and the reason for all that goes wrong.
    """

    url: str
    bounds: Bounds
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    def content(self) -> bytes:
        """Return what the server answers with, after redirections on the same server."""
        self._ends = monotonic() + self.bounds.seconds
        url = self.url
        for _ in range(_REDIRECTS + 1):
            found = self._asked(url)
            if isinstance(found, bytes):
                return found
            url = found
        raise self._error(url, f"leads on more than {_REDIRECTS} times")

    def _asked(self, url: str) -> bytes | str:
        """Return an answer's content, or where it leads on to."""
        place = urlsplit(url)
        connection: HTTPConnection | None = None
        try:
            connection = self._connection(place)
            connection.response_class = partial(_TimedResponse, ends=self._ends)  # type: ignore[assignment]
            path = f"{place.path or '/'}{f'?{place.query}' if place.query else ''}"
            connection.request("GET", path, headers={**self.headers, "Accept-Encoding": "gzip"})
            with connection.getresponse() as answer:
                if answer.status in _MOVED and (target := answer.headers.get("Location")):
                    return self._followed(url, str(target))
                if answer.status != _OK:
                    raise self._error(url, f"{answer.status} {answer.reason}")
                content = b"".join(self._pieces(url, answer))
                if not content:
                    raise self._error(url, "answers with nothing")
                return content
        except TimeoutError as error:
            raise self._error(url, f"took longer than {self.bounds.seconds:.3g} s") from error
        except (OSError, HTTPException, ValueError, zlib.error) as error:
            raise self._error(url, str(error) or type(error).__name__) from error
        finally:
            if connection is not None:
                connection.close()

    def _connection(self, place: SplitResult) -> HTTPConnection:
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError
        if place.scheme == "http":
            return HTTPConnection(place.hostname or "", place.port, timeout=left)
        tls = self.tls or ssl.create_default_context()
        return HTTPSConnection(place.hostname or "", place.port, timeout=left, context=tls)

    def _pieces(self, url: str, answer: HTTPResponse) -> Iterator[bytes]:
        """Yield an answer's content, unpacked; it is as long as was said, and within bounds."""
        stated, most = answer.length, self.bounds.bytes
        for text in answer.headers.get_all("Content-Length", []):
            if not (text.isascii() and text.strip().isdecimal()):
                raise self._error(url, f"says that it has {text!r} bytes")
        if stated is not None and stated > most:
            raise self._error(url, f"announces {stated} bytes; at most {most} are read")
        encoding = str(answer.headers.get("Content-Encoding", "identity")).strip().lower()
        if encoding not in {*_ENCODINGS, "identity", ""}:
            raise self._error(url, f"is packed by {encoding!r}, which was not asked for")
        unpack = _Unpacking(_ENCODINGS[encoding]) if encoding in _ENCODINGS else None
        taken = given = 0
        while piece := answer.read(_PIECE):
            taken += len(piece)
            for part in unpack.parts(piece) if unpack else (piece,):
                given += len(part)
                if max(taken, given) > most:
                    raise self._error(url, f"is larger than {most} bytes")
                yield part
        if stated is not None and taken != stated:
            raise self._error(url, f"ended after {taken} of {stated} bytes")
        if unpack and not unpack.is_whole:
            raise self._error(url, "ended within what is packed")

    def _followed(self, url: str, target: str) -> str:
        """Return where to ask next: on the same server, as others may not be shown a token."""
        new = urljoin(url, target)
        if _server(urlsplit(new)) != _server(urlsplit(self.url)):
            raise self._error(url, f"leads to another server, {new!r}: name it yourself")
        return new

    def _error(self, url: str, reason: str) -> ShellError:
        plain = "".join(each if each.isprintable() else " " for each in reason)
        return ShellError(f"{url}: {plain[:_LONGEST_REASON]}")


def _server(place: SplitResult) -> tuple[str, str, int]:
    """Return scheme, host and port; ValueError for a port that is none."""
    port = place.port or {"http": 80, "https": 443}.get(place.scheme, 0)
    return place.scheme, (place.hostname or "").lower(), port


class _Unpacking:
    """Unpacks piece by piece, so that little becomes much only as far as it is taken."""

    def __init__(self, window: int) -> None:
        self._unpack = zlib.decompressobj(window)

    def parts(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece unpacks to."""
        while piece and not self._unpack.eof:
            yield self._unpack.decompress(piece, _PIECE)
            piece = self._unpack.unconsumed_tail
        if self._unpack.unused_data:
            raise ValueError("goes on after the end of what is packed")

    @property
    def is_whole(self) -> bool:
        """Whether the end was there."""
        return self._unpack.eof


class _TimedResponse(HTTPResponse):
    """An answer whose every read ends at one deadline, head included."""

    def __init__(self, sock: socket.socket, *given: Any, ends: float, **named: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *given, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReads(sock, ends), _PIECE)


class _TimedReads(io.RawIOBase):
    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._raw = sock.makefile("rb", buffering=0)
        self._sock, self._ends = sock, ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Readable) -> int | None:
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
