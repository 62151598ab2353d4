"""The words by which the event log tells of holds; the line writes them, key figures read them."""

from __future__ import annotations

POSSIBLE = " (perhaps: within position uncertainty)"
"""How the reason of a hold ends that keeps what only may contain the lot."""
NOTHING = "hold found nothing"
"""How the note on a hold begins that concerned no lot."""
LEADS = {"disposition": "scrap: ", "recall": "escaped: recall: "}
"""What the cause of an event begins with, before the reason of the hold."""
