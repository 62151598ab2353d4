"""How a saved twin stood to its plant, and whether what is told by it still counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linetwin.twin.security.reasons import Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

IN_STEP, OUT_OF_STEP = "in step", "out of step"


@dataclass(frozen=True)
class Contact:
    """A saved twin's word for how it follows, and when (UTC) it was saved and heard a value."""

    state: str
    saved: datetime | None
    heard: datetime | None
    tick: int

    def saved_s(self, now: datetime) -> float:
        """Return for how long it has not been saved [s]; infinite where it does not say."""
        return _since(self.saved, now)

    def data_s(self, now: datetime) -> float:
        """Return how long ago it heard the plant [s]; infinite where it does not say."""
        return _since(self.heard, now)


UNTOLD = Contact("not told", None, None, 0)
"""Of a saved twin that does not say."""


def contact_of(data: Mapping[str, Any], tick: int) -> Contact:
    """Return the contact of a saved session's content, whose line stands at `tick`."""
    cursor = data["cursor"]
    return Contact(
        str(cursor.get("state", UNTOLD.state)),
        _instant(cursor.get("saved")),
        _instant(cursor.get("heard")),
        tick,
    )


def check_contact(
    contact: Contact, limit_s: float, now: datetime, good: Collection[str] = (IN_STEP,)
) -> None:
    """Raise RefusedError unless the twin was saved, in step, with data that are all that young.

    `good`: states that will do.
    """
    saved_s = contact.saved_s(now)
    if saved_s > limit_s:
        message = f"the twin was saved {_ago(saved_s)}; at most {limit_s:g} s are allowed"
        raise refusal(Reason.HEARTBEAT, message, "start it: linetwin live run")
    remedy = "let linetwin live run follow the plant until it is in step"
    if contact.state not in good:
        message = f"as it was saved {_ago(saved_s)}, the twin was: {contact.state}"
        raise refusal(Reason.NOT_FOLLOWING, message, remedy)
    data_s = contact.data_s(now)
    if data_s > limit_s:
        message = f"the twin heard the plant {_ago(data_s)}; at most {limit_s:g} s are allowed"
        raise refusal(Reason.NOT_FOLLOWING, message, remedy)


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s ago" if math.isfinite(seconds) else "never"


def _since(then: datetime | None, now: datetime) -> float:
    return math.inf if then is None else (now - then).total_seconds()


def _instant(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, float) else None
