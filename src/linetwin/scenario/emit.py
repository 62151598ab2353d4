"""Plain data as YAML 1.2: one value with its evidence a line, everything else indented.

ruamel.yaml writes a thousand lines a second; a line of eighty stations has thirty thousand.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./%-]*(?: [A-Za-z0-9_./%()-]+)*\Z")
"""Text that no reader of YAML takes for anything else, the words below apart."""
WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"}


def dump(content: Mapping[str, Any]) -> str:
    """Return a mapping of dict, list, str, int, float, bool and None as YAML."""
    return "\n".join(_lines(content, "")) + "\n"


def _lines(content: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in content.items():
        name = f"{indent}{_scalar(str(key))}:"
        if isinstance(value, dict) and value and not _is_leaf(value):
            yield name
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield name
            yield from (f"{indent}- {flow(item)}" for item in value)
        else:
            yield f"{name} {flow(value)}"


def _is_leaf(value: Mapping[str, Any]) -> bool:
    """Say whether a mapping holds no other: a value and its evidence."""
    return not any(isinstance(part, dict) for part in value.values())


def flow(value: object) -> str:
    """Return plain data as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value)
    if PLAIN.match(text) and text.lower() not in WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in quoted)
