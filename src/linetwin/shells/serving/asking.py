"""What requests say: ids in base64url, limits, levels, filters; and how they are refused."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Any]
"""A shell, a submodel, an element or a concept description, as JSON has it."""

PAGE: Final = 100
"""Entries of a page where the request states no limit."""
LONGEST_PAGE: Final = 1000
_LONGEST_TEXT: Final = 8192
_LARGEST_LIMIT: Final = 2**31


class Refusal(Exception):  # noqa: N818  it is an answer, no failure of the server
    """An answer that is no result: an HTTP status and what a person should know."""

    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text
        super().__init__(text)


def missing() -> Refusal:
    """Return the one answer for what is not there and for what a role may not see."""
    return Refusal(404, "there is nothing of this name, or nothing that you may see")


def bad(text: str) -> Refusal:
    """Return the answer to a request that cannot be understood."""
    return Refusal(400, text)


def encoded(text: str) -> str:
    """Return a text in base64url, without padding."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decoded(text: str, what: str) -> str:
    """Return what stands in base64url, with or without padding; Refusal where nothing does."""
    if not 0 < len(text) <= _LONGEST_TEXT:
        raise bad(f"{what}: has to be 1 to {_LONGEST_TEXT} characters of base64url")
    bare = text.rstrip("=").encode("utf-8", "surrogatepass")
    try:
        padded = bare + b"=" * (-len(bare) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise bad(f"{what}: is no base64url of a text in UTF-8") from error


def decoded_json(text: str, what: str) -> Any:  # noqa: ANN401 - JSON
    """Return what stands as JSON in base64url; Refusal where nothing does."""
    try:
        return json.loads(decoded(text, what))
    except (ValueError, RecursionError) as error:
        raise bad(f"{what}: is no JSON in base64url") from error


def limit_of(given: str | None) -> int:
    """Return how many entries a page has at most."""
    if given is None:
        return PAGE
    is_number = given.isascii() and given.isdecimal() and len(given) <= len(str(_LARGEST_LIMIT))
    if not is_number or not 1 <= int(given) <= _LARGEST_LIMIT:
        raise bad(f"limit: a whole number from 1 to {_LARGEST_LIMIT}")
    return min(int(given), LONGEST_PAGE)


def choice(given: str | None, what: str, allowed: tuple[str, str]) -> bool:
    """Say whether a modifier is its first value, which is the default."""
    if given is not None and given not in allowed:
        raise bad(f"{what}: {' or '.join(allowed)}")
    return given is None or given == allowed[0]


@dataclass(frozen=True)
class Depth:
    """How much of something is told: all levels or one, with the bytes of blobs or without."""

    is_deep: bool = True
    with_blobs: bool = False


def depth_of(query: Mapping[str, str]) -> Depth:
    """Return the modifiers of a request."""
    is_deep = choice(query.get("level"), "level", ("deep", "core"))
    without = choice(query.get("extent"), "extent", ("withoutBlobValue", "withBlobValue"))
    return Depth(is_deep, not without)


def reference_value(text: str, what: str) -> str:
    """Return the last key of a reference in base64url: as JSON, or as the bare value of its key."""
    plain = decoded(text, what)
    try:
        told = json.loads(plain)
    except (ValueError, RecursionError):
        return plain.strip()
    if isinstance(told, dict):
        keys = told.get("keys")
        last = keys[-1] if isinstance(keys, list) and keys else None
        value = last.get("value") if isinstance(last, dict) else None
        if isinstance(value, str):
            return value.strip()
    if isinstance(told, str):
        return told.strip()
    raise bad(f"{what}: is no reference")


AssetLink = tuple[str, str]
"""Name and value of an id of an asset; the name `globalAssetId` stands for the global one."""


def asset_links(told: Any, what: str) -> list[AssetLink]:  # noqa: ANN401 - JSON
    """Return ids of assets from JSON: one, or a list of them."""
    found: list[AssetLink] = []
    for each in told if isinstance(told, list) else [told]:
        name, value = (each.get("name"), each.get("value")) if isinstance(each, dict) else (0, 0)
        if not isinstance(name, str) or not isinstance(value, str):
            raise bad(f"{what}: an object with the texts `name` and `value`")
        found.append((name, value))
    return found
