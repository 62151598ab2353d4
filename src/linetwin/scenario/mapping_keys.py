"""Keys of a mapping file that say nothing, or nothing that can be meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linetwin.scenario.mapping_schema import Codes, Signal, Source

_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "security": ("server", "broker"),
    "history": ("server", "broker"),
    "publishing": ("server", "broker"),
    "keep_alive": ("server", "broker"),
    "tag": ("file",),
    "lot": ("file",),
    "time_format": ("file",),
    "time": ("file", "broker"),
    "value": ("file", "broker"),
    "status": ("file", "broker"),
}
"""Key -> kinds of source that it says something of; all others have a check of their own."""
_SHIFTED = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DAY = datetime(2026, 11, 5, tzinfo=UTC)


def is_time_format(form: str) -> bool:
    """Return whether a format of `strptime` reads the day that it writes."""
    try:
        read = datetime.strptime(_DAY.strftime(form), form)  # noqa: DTZ007  the day counts
    except ValueError:
        return False
    return read.date() == _DAY.date()


def idle_keys(source: Source, kind: str) -> Iterator[tuple[str, str]]:
    """Yield keys that are written and say nothing of a kind of source, and whose they are.

    kind: server, broker or file.
    """
    for key, kinds in _ELSEWHERE.items():
        if key in source.model_fields_set and kind not in kinds:
            yield key, " or a ".join(kinds)


def odd_codes(codes: Codes) -> Iterator[str]:
    """Yield codes that no value ever has: true and false come as 1 and 0, codes are whole."""
    for code in codes.codes if not isinstance(codes.codes, str) else ():
        if code.lower() in {"true", "false"} or _SHIFTED.fullmatch(code):
            yield code


def same_addresses(signals: Mapping[str, Signal]) -> Iterator[tuple[str, str]]:
    """Yield signals that stand for what another stands for, and that other."""
    seen: dict[tuple[str, str], str] = {}
    for name, signal in signals.items():
        first = seen.setdefault((signal.address, signal.kind), name)
        if first != name:
            yield name, first
