"""Reading back the YAML that `emit` writes, a hundred times as fast as a reader of all of YAML.

What `emit` does not write (comments, anchors, text over several lines) is not read here.
"""

from __future__ import annotations

import json
import re
from typing import Any

from linetwin.scenario.emit import PLAIN, WORDS

_LINE = re.compile(r'( *)(- |("(?:[^"\\]|\\.)*"|[^":{}\[\],#-][^":{}\[\],]*):(?: |\Z))(.*)\Z')
"""Indentation; then the dash of a list's item, or a key; then the value, if any."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"][^,:{}\[\]"]*')
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?\Z")
_MEANT = {
    "null": "null",
    "true": "true",
    "false": "false",
    ".nan": "NaN",
    ".inf": "Infinity",
    "-.inf": "-Infinity",
}


def load(text: str) -> dict[str, Any]:
    """Return the mapping that `emit.dump` was given; ValueError for text that it did not write."""
    whole: dict[str, Any] = {}
    open_mappings: list[dict[str, Any]] = [whole]
    awaited: str | None = None  # a key whose mapping or list follows
    for line in text.removesuffix("\n").split("\n"):
        found = _LINE.match(line)
        if found is None:
            raise ValueError(line)
        indent, lead, key, value = found.groups()
        depth = len(indent) // 2
        if lead == "- ":
            _append(open_mappings[depth], awaited, _flow(value))
            continue
        if depth == len(open_mappings) and awaited is not None:
            open_mappings.append(open_mappings[-1].setdefault(awaited, {}))
        elif depth >= len(open_mappings):
            raise ValueError(line)
        del open_mappings[depth + 1 :]
        name = str(json.loads(key)) if key.startswith('"') else _plain(key)
        awaited = None if value else name
        if name in open_mappings[depth]:
            raise ValueError(line)
        if value:
            open_mappings[depth][name] = _flow(value)
    return whole


def _append(mapping: dict[str, Any], key: str | None, item: object) -> None:
    """Add an item to the list under a key; ValueError where no list is awaited."""
    items = None if key is None else mapping.setdefault(key, [])
    if not isinstance(items, list):
        raise ValueError(key)  # noqa: TRY004 - the text is at fault
    items.append(item)


def _flow(value: str) -> Any:  # noqa: ANN401 - whatever plain data can hold
    """Return a value written on one line; ValueError where JSON would not have it."""
    return json.loads(_TOKEN.sub(_as_json, value))


def _as_json(token: re.Match[str]) -> str:
    word = token.group()
    if word in _MEANT:
        return _MEANT[word]
    if word.startswith('"') or _NUMBER.match(word):
        return word
    return f'"{_plain(word)}"'


def _plain(word: str) -> str:
    """Return text that stands without quotes; ValueError where `emit` would have set some."""
    if not PLAIN.match(word) or word.lower() in WORDS:
        raise ValueError(word)
    return word
