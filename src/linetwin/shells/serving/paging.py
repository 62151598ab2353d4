"""Pages of lists: cursors that only this server makes, each for one list, one role, one filter.

A cursor tells nothing: the place that it stands for is a secret of the server.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from linetwin.shells.serving.asking import bad, limit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.shells.serving.asking import Tree

Thing = TypeVar("Thing")

PATIENCE_S: Final = 0.5
"""A page ends after this time even if it is not full, so that others get their turn [A]."""
_PLACE: Final = struct.Struct(">QQ")
_NONCE: Final = 12
_SEAL: Final = 12
"""Bytes of the seal of a cursor."""


@dataclass(frozen=True)
class Wanted:
    """Which page is asked for; `scope`: the list, the role and the filter, as a text."""

    scope: str
    limit: str | None
    cursor: str | None


class Pages:
    """Makes and reads cursors; those of another server, list, role or filter are refused.

    `patience_s`: how long things are described for one page.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._key, self._patience_s = secrets.token_bytes(32), patience_s

    def page(
        self,
        asked: Wanted,
        keys: Sequence[str],
        things_in: Callable[[str], Sequence[Thing]],
        told: Callable[[Thing], Any],
    ) -> Tree:
        """Return one page: `result`, and where to go on.

        `keys`: of the parts; `things_in`: what a part has for this list; `told`: what is shown of
        a thing, asked only for those of the page. A page may be empty and have a cursor: time was
        up before anything was found.
        """
        limit, ends = limit_of(asked.limit), monotonic() + self._patience_s
        part, offset = self._read(asked.cursor, asked.scope)
        found: list[Any] = []
        for number in range(part, len(keys)):
            if number > part and monotonic() > ends:  # also where nothing fits a filter
                cursor = self._made(number, 0, asked.scope)
                return {"paging_metadata": {"cursor": cursor}, "result": found}
            first = offset if number == part else 0
            for at, each in enumerate(things_in(keys[number])[first:], start=first):
                if len(found) == limit or (found and monotonic() > ends):
                    cursor = self._made(number, at, asked.scope)
                    return {"paging_metadata": {"cursor": cursor}, "result": found}
                found.append(told(each))
        return {"paging_metadata": {}, "result": found}

    def _read(self, cursor: str | None, scope: str) -> tuple[int, int]:
        """Return part and offset that a cursor stands for."""
        if cursor is None:
            return 0, 0
        try:
            text = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            content = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise bad("cursor: is no base64url") from error
        nonce, hidden = content[:_NONCE], content[_NONCE:-_SEAL]
        if len(hidden) != _PLACE.size or not hmac.compare_digest(
            content[-_SEAL:], self._seal(nonce + hidden, scope)
        ):
            raise bad("cursor: is none of this list; ask for its first page without one")
        part, offset = _PLACE.unpack(self._masked(hidden, nonce))
        return part, offset

    def _made(self, part: int, offset: int, scope: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        hidden = nonce + self._masked(_PLACE.pack(part, offset), nonce)
        content = hidden + self._seal(hidden, scope)
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    def _masked(self, place: bytes, nonce: bytes) -> bytes:
        """Return a place made unreadable, or readable again."""
        mask = hmac.new(self._key, b"mask" + nonce, hashlib.sha256).digest()
        return bytes(one ^ other for one, other in zip(place, mask, strict=False))

    def _seal(self, hidden: bytes, scope: str) -> bytes:
        text = b"seal" + hidden + scope.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).digest()[:_SEAL]
