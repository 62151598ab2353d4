"""Pages of lists: cursors that only this server makes, each for one list, one role, one filter."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from linetwin.shells.serving.asking import bad, decoded, encoded, limit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.shells.serving.asking import Tree

Thing = TypeVar("Thing")

_SEAL: Final = 24
"""Characters of the seal of a cursor: 96 bits."""


@dataclass(frozen=True)
class Wanted:
    """Which page is asked for; `scope`: the list, the role and the filter, as a text."""

    scope: str
    limit: str | None
    cursor: str | None


class Pages:
    """Makes and reads cursors; those of another server, list, role or filter are refused."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def page(
        self,
        asked: Wanted,
        keys: Sequence[str],
        things_in: Callable[[str], Sequence[Thing]],
        told: Callable[[Thing], Any],
    ) -> Tree:
        """Return one page: `result`, and where to go on.

        `keys`: of the parts; `things_in`: what a part has for this list; `told`: what is shown of
        a thing, asked only for those of the page.
        """
        limit = limit_of(asked.limit)
        part, offset = self._read(asked.cursor, asked.scope)
        things: list[Thing] = []
        places: list[tuple[int, int]] = []
        while part < len(keys) and len(things) <= limit:
            for number, each in enumerate(things_in(keys[part])[offset:], start=offset):
                things.append(each)
                places.append((part, number))
                if len(things) > limit:
                    break
            part, offset = part + 1, 0
        more = {"cursor": self._made(*places[limit], asked.scope)} if len(things) > limit else {}
        return {"paging_metadata": more, "result": [told(each) for each in things[:limit]]}

    def _read(self, cursor: str | None, scope: str) -> tuple[int, int]:
        """Return part and offset that a cursor stands for."""
        if cursor is None:
            return 0, 0
        seal, _, place = decoded(cursor, "cursor").partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(place, scope).encode()):
            raise bad("cursor: is none of this list; ask for its first page without one")
        part, _, offset = place.partition(".")
        return int(part), int(offset)

    def _made(self, part: int, offset: int, scope: str) -> str:
        place = f"{part}.{offset}"
        return encoded(f"{self._seal(place, scope)}.{place}")

    def _seal(self, place: str, scope: str) -> str:
        text = f"{place}\n{scope}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:_SEAL]
