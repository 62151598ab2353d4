"""What is asked of a plant, and what a writer's log knows of it: answered, or still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.results.audit import Entry
    from linetwin.twin.approval import Approval

CLOCKS_S: Final = 5.0
"""How far clocks of plant and writer may differ: so long after its expiry a request is open [A]."""
WRITE, ROLLBACK = "write", "rollback"
ASKED: Final = tuple(f"{what} asked" for what in (WRITE, ROLLBACK))
ACCEPTED: Final = tuple(f"{what} accepted" for what in (WRITE, ROLLBACK))
NOT_HANDED_IN: Final = tuple(f"{what} not handed in" for what in (WRITE, ROLLBACK))
_ENDINGS: Final = ("accepted", "refused by the plant", "not handed in", "never made")


@dataclass(frozen=True)
class Asked:
    """What is handed in at a station's request tags; `expiry` in UTC."""

    station: str
    setpoint: str
    value: float
    requester: str
    name: str
    expiry: datetime


@dataclass(frozen=True)
class Open:
    """A request whose end the log does not have; `what`: write or rollback; `expiry` in UTC."""

    what: str
    name: str
    value: float
    expiry: datetime


def open_request(told: Iterable[Entry]) -> Open | None:
    """Return what was asked for by a change and has no end in the log, of its entries in order."""
    found = None
    for each in told:
        what, _, ending = each.what.partition(" ")
        if each.what in ASKED:
            after = each.after
            expiry = datetime.fromisoformat(after["expiry"])
            found = Open(what, str(after["why"]), float(after["value"]), expiry)
        elif found is not None and what == found.what and ending in _ENDINGS:
            found = None
    return found


def write_end(told: Iterable[Entry]) -> Entry | None:
    """Return the entry by which a change came out, of its entries in order; None without one."""
    ends = [each for each in told if each.what in {f"{WRITE} {ending}" for ending in _ENDINGS}]
    return ends[-1] if ends else None


def write_name(approval: Approval) -> str:
    """Return the name of an approval's request, whoever hands it in: it is answered once."""
    return f"{approval.nonce}-{WRITE}"


def rollback_name(approval: Approval, told: Iterable[Entry]) -> str:
    """Return the name of the next request to take a change back, by what the log has of it.

    One that came to nothing, or was never handed in, may be asked for again by the next number.
    """
    times = sum(each.what == "rollback spent" for each in told)
    return f"{approval.nonce}-{ROLLBACK}" + (f"-{times + 1}" if times else "")
