"""What of a security folder ends soon: told at every start, before a link stops for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.twin.security.identity import newest_identity
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from linetwin.twin.security.folders import SecurityFolder


def date_warnings(folder: SecurityFolder, now: datetime | None = None) -> list[str]:
    """Return a sentence for each certificate and revocation list that ends soon or has ended.

    The application's own newest certificate first. ScenarioError where a file cannot be read.
    """
    moment = now or datetime.now(UTC)
    trust = Trust(folder)
    told = []
    newest = newest_identity(folder)
    own = "" if newest is None else newest.certificate.warning(moment)
    if own:
        remedy = f"linetwin live certificate renew --security {folder.root}"
        told.append(f"our certificate {own}: {remedy}, and have it accepted by the others")
    for entry in trust.entries():
        warning = entry.certificate.warning(moment)
        if warning and entry.place != folder.rejected.name:
            told.append(f"the {entry.place} certificate {entry.certificate.name!r} {warning}")
    late = [each.file for each in trust.revocation_lists() if not each.is_current(moment)]
    return told + [
        f"the revocation list {file} is past its time: put in the newest" for file in late
    ]
