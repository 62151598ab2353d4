"""The words by which the event log tells of holds; the line writes them, key figures read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

POSSIBLE = " (perhaps: within position uncertainty)"
"""How the reason of a hold ends that keeps what only may contain the lot."""
NOTHING = "hold found nothing"
"""How the note on a hold begins that concerned no lot."""
STILL = "still on hold: "
"""How the note begins that counts what a hold keeps when the run has ended, before its name."""
LEADS = {"disposition": "scrap: ", "recall": "escaped: recall: "}
"""What the cause of an event begins with, before the name of the hold."""


def names_of(holds: Iterable[tuple[str, str]]) -> list[str]:
    """Return a name for each hold (reason, lot): its reason, with the lot where it is taken.

    A hold that is added behind others changes none of their names.
    """
    found: list[str] = []
    for reason, lot in holds:
        name, number = reason, 1
        while name in found:
            name = f"{reason} ({lot})" if number == 1 else f"{reason} ({lot}, {number})"
            number += 1
        found.append(name)
    return found
