"""Limits of control charts that a person has approved: a file with a hash, told in the log.

The file goes with the charts into phase II, also of other runs. Its hash is that of its limits;
the log of the run from which they came says who approved which hash, and when.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

from linetwin.errors import Problem, ScenarioError
from linetwin.results.audit import canonical, person
from linetwin.results.manifest import write_atomically
from linetwin.surrogates.review.decisions import check_words, desk, log_of, recorded
from linetwin.surrogates.review.statistics.counts import CountLimits
from linetwin.surrogates.review.statistics.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.surrogates.review.charting import Charts

APPROVED: Final = "control limits approved"
_VERSION: Final = 1
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class Approved:
    """Frozen limits by stream; `digest`: SHA-256 of them; `data`: of the run they came from."""

    limits: Mapping[str, Limits | CountLimits]
    by: str
    at: str
    data: str
    digest: str
    file: str = ""

    def is_logged(self, log: list[Entry] | tuple[Entry, ...]) -> bool:
        """Whether a run's log tells of this approval: else the limits came from another run."""
        return any(e.what == APPROVED and e.about == self.digest for e in log)


def approve(folder: Path, charts: Charts, data: str, by: str, file: Path) -> Approved:
    """Freeze the limits of phase I into a file, and say so in the run's log.

    `data`: SHA-256 of the run's table of cells. ScenarioError where there are no limits.
    """
    check_words("--by", by)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    limits = {
        each.stream.name: each.limits.approved(by, at)
        for each in charts.charted
        if each.limits is not None
    }
    if not limits:
        hint = "a longer run: 10 subgroups or more"
        raise ScenarioError([Problem("no stream has limits to approve", "RUN", hint)])
    records = [_record(each) for each in limits.values()]
    content = {"schema": _VERSION, "by": by, "at": at, "data": data, "limits": records}
    digest = _digest(content)
    after = {"streams": len(records), "data": data, "file": file.name, "account": person()}
    with desk(folder):
        recorded(folder)  # a log that was tampered with does not go on
        log = log_of(folder)
        log.check_open()
        text = json.dumps({**content, "sha256": digest}, indent=1, allow_nan=False)
        write_atomically(file, text)
        log.append(by, APPROVED, about=digest, after=after)
    return Approved(limits, by, at, data, digest, file.name)


def without_limits(charts: Charts) -> dict[str, str]:
    """Return the streams that got no limits, and why."""
    return {each.stream.name: each.refused for each in charts.charted if each.limits is None}


def read_approved(file: Path) -> Approved:
    """Read approved limits; ScenarioError for a file that is none, or was changed since."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            _refuse(file, f"is larger than {_MOST_BYTES >> 20} MB")
        content = json.loads(file.read_text("utf-8"))
        digest = content.pop("sha256")
        if content["schema"] != _VERSION:
            _refuse(file, f"schema version {content['schema']!r} is not read")
        if digest != _digest(content):
            _refuse(file, "was changed since it was approved: its hash is another")
        limits = [_limits(record) for record in content["limits"]]
        by, at, data = (str(content[key]) for key in ("by", "at", "data"))
    except OSError as error:
        _refuse(file, f"cannot be read: {error.strerror}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _refuse(file, "holds no approved limits")
    return Approved({each.stream: each for each in limits}, by, at, data, digest, file.name)


def _record(limits: Limits | CountLimits) -> dict[str, Any]:
    kind = "readings" if isinstance(limits, Limits) else "defects"
    return {"kind": kind, **limits.record()}


def _limits(record: dict[str, Any]) -> Limits | CountLimits:
    if record.pop("kind") == "readings":
        return Limits.of_record(record)
    return CountLimits.of_record(record)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()


def _refuse(file: Path, message: str) -> NoReturn:
    hint = "a file that `surrogate approve-limits` wrote"
    raise ScenarioError([Problem(message, "--limits", hint, file)])
