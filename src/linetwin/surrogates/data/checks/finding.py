"""One thing that a reader of a dataset should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Weight = Literal["wrong", "doubtful", "note"]
_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """What was found, in words.

    `weight`: wrong (learning from it would deceive), doubtful (to be looked at), or a note.
    `columns` and `rows` that it is about, by name.
    """

    topic: str
    weight: Weight
    text: str
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


def listed(names: Sequence[str]) -> str:
    """Return names as text: the first few, and how many more there are."""
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
