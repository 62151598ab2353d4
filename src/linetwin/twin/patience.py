"""How long to wait before a source is tried again, and when one that says nothing is given up.

Attempts follow one another after 0.25 s, then twice as long each, up to 1 s; after a refusal, which
only a person can lift, after 5 s, then up to 30 s; after one of the user or password after 30 s.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from linetwin.errors import RefusedError

if TYPE_CHECKING:
    from linetwin.errors import LinkError

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 1.0
UNTRUSTED_WAIT_S = 5.0
REFUSED_WAIT_S = 30.0
_SETTLE_S = 0.5
_USER_REFUSED = {"BadUserAccessDenied", "BadIdentityTokenInvalid", "BadIdentityTokenRejected"}


class Patience:
    """The waits of one source; `refusals` in a row until something was let in."""

    def __init__(self) -> None:
        self.wait_s = FIRST_WAIT_S
        self.refusals = 0

    def failed(self, error: LinkError, *, flowed: bool) -> None:
        """Take note of why a link ended; after data `flowed` the wait is not at all long."""
        if isinstance(error, RefusedError):
            self.refusals += 1
            # A server counts wrong passwords; a certificate may be accepted at any moment.
            about_user = error.status in _USER_REFUSED
            self.wait_s = REFUSED_WAIT_S if about_user else max(self.wait_s, UNTRUSTED_WAIT_S)
            return
        self.refusals = 0
        if flowed:
            self.wait_s = FIRST_WAIT_S

    def next_s(self) -> float:
        """Return how long to wait now [s]; the next time it is longer."""
        wait = self.wait_s
        self.wait_s = min(2.0 * wait, REFUSED_WAIT_S if self.refusals else LONGEST_WAIT_S)
        return wait * random.uniform(0.8, 1.0)  # noqa: S311  no secret


def is_silent(age_s: float, life_s: float) -> bool:
    """Whether the newest message is older than signs of life allow, of which one takes `life_s`."""
    return age_s > 1.2 * life_s + _SETTLE_S


def is_lost(age_s: float, life_s: float) -> bool:
    """Whether a link has been silent for so long that it is dropped."""
    return age_s > 2.0 * life_s + 2.0 * _SETTLE_S
