"""How a link to a server is: what is shown to people, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["connecting", "recalling", "live", "silent", "down", "ended"]
"""`recalling`: what the server remembers is read, nothing is listened to yet; `silent`: connected,
but nothing has come for longer than keep-alives take: all is stale; `ended`: all is read."""
_NAMED = 3


@dataclass
class Health:
    """One source. `last_message`: ns UTC, 0 before the first.

    gaps, gap_s: how often and how long it was not read since it first was; filled: values of those
    times that came from the server's history. left_out: what of a file as it stands is unread.
    disagreeing: signal -> what its server says of unit or range otherwise than the mapping.
    application: URI that the server gave for itself when it was connected last.
    """

    source: str
    state: State = "connecting"
    endpoint: str = ""
    last_message: int = 0
    connections: int = 0
    failures: int = 0
    messages: int = 0
    changes: int = 0
    missed_messages: int = 0
    recovered_messages: int = 0
    gaps: int = 0
    gap_s: float = 0.0
    filled: int = 0
    left_out: int = 0
    service_level: int = 255
    error: str = ""
    application: str = ""
    publishing_s: float = 0.0
    keep_alive: int = 0
    moved: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    no_history: dict[str, str] = field(default_factory=dict)
    revised: dict[str, str] = field(default_factory=dict)
    disagreeing: dict[str, str] = field(default_factory=dict)

    @property
    def was_live(self) -> bool:
        """Whether it has been read at any time, be it a server, a broker or a file."""
        return (
            self.state in {"live", "silent"} or max(self.connections, self.changes, self.filled) > 0
        )

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def news(found: dict[str, str], before: dict[str, str]) -> list[str]:
    """Return what is new of name -> text, in words: what is said of many is said once."""
    names: dict[str, list[str]] = {}
    for name, text in found.items():
        if before.get(name) != text:
            names.setdefault(text, []).append(name)
    return [
        ", ".join(alike[:_NAMED])
        + (f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else "")
        + f": {text}"
        for text, alike in names.items()
    ]
