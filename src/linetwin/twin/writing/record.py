"""A writer's log: what it has of changes, whether it is whole, and how it goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.errors import OpcUaError, RefusedError, ResultsError
from linetwin.results.audit import entries, head_file, lock_file, locked
from linetwin.results.audit_check import verify
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.asking import ACCEPTED, ASKED, NOT_HANDED_IN, open_request, write_end

if TYPE_CHECKING:
    from linetwin.results.audit import AuditLog, Entry
    from linetwin.twin.approval import Approval
    from linetwin.twin.writing.asking import Open
    from linetwin.twin.writing.policy import WritePolicy

WHO: Final = "writer"


@dataclass(frozen=True)
class Record:
    """The log of a writer, and the policy under which it writes."""

    log: AuditLog
    policy: WritePolicy

    # ------------------------------------------------------------------------------ reading
    def check_whole(self) -> None:
        """Refuse to go on where the log is not whole; that cannot be logged."""
        file = self.log.file
        try:
            if any(each.exists() for each in (file, head_file(file), lock_file(file))):
                with locked(file):  # no entry of another writer is half there
                    verify(file)
        except ResultsError as error:
            remedy = "find out who changed it; nothing is written until then"
            raise refusal(Reason.LOG, str(error), remedy) from error

    def all(self) -> list[Entry]:
        """Return all entries; nothing where no log was begun."""
        if not self.log.file.exists():
            return []
        with locked(self.log.file):
            return list(entries(self.log.file))

    def of(self, approval: Approval) -> list[Entry]:
        """Return the entries of an approved change, in order."""
        return [each for each in self.all() if each.about == approval.about]

    def has_asked(self, approval: Approval) -> bool:
        """Return whether the change was asked for before."""
        return any(each.what == ASKED[0] for each in self.of(approval))

    def is_back(self, approval: Approval) -> bool:
        """Return whether the plant has taken the change back."""
        return any(each.what == ACCEPTED[1] for each in self.of(approval))

    def check_accepted(self, approval: Approval) -> Entry:
        """Return the entry by which the plant has accepted a change; else refuse by how it ended.

        The same each time: never made, or refused by the plant with its reason.
        """
        end = write_end(self.of(approval))
        if end is None:
            message = f"the log does not say that the plant has accepted {approval.change.address}"
            raise refusal(Reason.OTHER_CHANGE, message, "look at the set value in the plant")
        if end.what != ACCEPTED[0]:
            raise _not_made(end)
        return end

    def changed_since(self, approval: Approval) -> list[str]:
        """Return what else was set in the same part of the line since a change was made.

        Addresses; the part is the first word of an address, such as an electrode.
        """
        abouts = [each.about for each in self.all() if each.what in ACCEPTED]
        later = abouts[abouts.index(approval.about) + 1 :]
        part = approval.change.address.partition(".")[0]
        found = {about.partition(" ")[0]: None for about in later if about != approval.about}
        return [each for each in found if each.partition(".")[0] == part]

    def holder(self, address: str) -> str:
        """Return by which request an address was asked for last: ` by NAME`, or nothing."""
        names: list[str] = []
        for each in self.all():
            if each.about.partition(" ")[0] != address:
                continue
            if each.what in ASKED:
                names.append(str(each.after["why"]))
            elif each.what in NOT_HANDED_IN:
                names.pop()
        return f" by {names[-1]}" if names else ""

    # ------------------------------------------------------------------------------ telling
    def tell(self, what: str, about: str, value: float, why: str, **more: str) -> None:
        """Add an entry about a change to a value, in the change's unit."""
        plain = value if math.isfinite(value) else str(value)
        policy = f"{self.policy.owner}, version {self.policy.version}"
        after = {"value": plain, "why": why, "policy": policy, **more}
        self.log.append(WHO, what, about=about, after=after)

    def tell_once(self, what: str, approval: Approval, value: float, why: str) -> None:
        """Add what the log does not already have as the last of the change."""
        last = self.of(approval)[-1:]
        if not last or last[0].what != what or last[0].after["why"] != why:
            self.tell(what, approval.about, value, why)

    def tell_answer(self, approval: Approval, request: Open, answer: str | None) -> None:
        """Add what came of a request; `answer`: as `PlantLink.ask`."""
        what, about, value = request.what, approval.about, request.value
        if answer is None:
            message = f"the plant has no request {request.name}, and would not take it any more"
            self.tell(f"{what} never made", about, value, message)
        elif answer:
            self.tell(f"{what} refused by the plant", about, value, answer)
        else:
            self.tell(f"{what} accepted", about, value, request.name)

    def unreached(self, approval: Approval, error: OpcUaError) -> OpcUaError:
        """Add that the plant was not reached; return the error that says what that means."""
        self.log.append(WHO, "plant not reached", about=approval.about, after=str(error))
        told = self.of(approval)
        if isinstance(error, RefusedError):
            return error
        if not self.has_asked(approval):
            return OpcUaError(f"{error}; nothing was asked of the plant")
        if open_request(told) is None:
            return error
        return OpcUaError(f"{error}; what was asked is open; the same command again asks the plant")


def _not_made(end: Entry) -> RefusedError:
    """Return the error that says how a change ended that the plant did not accept."""
    why, anew = str(end.after["why"]), "have the change approved anew"
    if end.what in NOT_HANDED_IN:
        return refusal(Reason.NEVER_MADE, f"it was not handed in: {why}", anew)
    reason = Reason.NEVER_MADE if end.what.endswith(Reason.NEVER_MADE.text) else Reason.PLANT
    return refusal(reason, why, anew)
