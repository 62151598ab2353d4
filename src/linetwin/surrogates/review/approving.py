"""Limits of control charts that a person has approved: a file with a hash, told in the log.

The file goes with the charts into phase II, also of other runs. Its hash is that of its limits;
the log of each run from which they came says who approved which hash, and when.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

from linetwin.errors import Problem, ScenarioError
from linetwin.results.audit import canonical, person
from linetwin.results.manifest import write_atomically
from linetwin.surrogates.review.charting import charted
from linetwin.surrogates.review.joining import NOT_TRIED, Joined, Tried, joined
from linetwin.surrogates.review.log import check_person, desk, log_of, recorded
from linetwin.surrogates.review.statistics.counts import CountLimits
from linetwin.surrogates.review.statistics.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.surrogates.review.monitoring import Monitored

APPROVED: Final = "control limits approved"
_VERSION: Final = 2
_READ: Final = (1, 2)
"""Schema versions that are read: the first knew limits of one run only."""
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class Approved:
    """Frozen limits by stream; `digest`: SHA-256 of them; `data`: of the runs they came from.

    `tried`: how each of several runs did against limits of the others.
    """

    limits: Mapping[str, Limits | CountLimits]
    by: str
    at: str
    data: tuple[str, ...]
    digest: str
    file: str = ""
    tried: Tried = NOT_TRIED

    @property
    def runs(self) -> int:
        """Number of runs that gave the limits."""
        return len(self.data)

    def is_logged(self, log: list[Entry] | tuple[Entry, ...]) -> bool:
        """Whether a run's log tells of this approval: else the limits came from other runs."""
        return any(e.what == APPROVED and e.about == self.digest for e in log)


def proposed(runs: Sequence[Monitored]) -> Joined:
    """Return the limits of phase I that one run gives, or several together.

    ScenarioError for a run that is there twice: runs would look more alike than they are.
    """
    first: dict[str, Path] = {}
    for each in runs:
        if each.digest in first:
            message = f"{each.folder} has the same cells as {first[each.digest]}"
            raise ScenarioError([Problem(message, "RUN", "each run once")])
        first[each.digest] = each.folder
    if len(runs) > 1:
        return joined([each.streams for each in runs])
    own = charted(runs[0].streams).charted
    limits = {each.stream.name: each.limits for each in own if each.limits is not None}
    refused = {each.stream.name: each.refused for each in own if each.limits is None}
    return Joined(limits, refused, NOT_TRIED)


def approve(runs: Sequence[Monitored], found: Joined, by: str, file: Path) -> Approved:
    """Freeze the limits of phase I into a file, and say so in the log of each run.

    ScenarioError where there are no limits, or a log was tampered with: nothing is written then.
    """
    check_person("--by", by)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    limits = {name: each.approved(by, at) for name, each in found.limits.items()}
    if not limits:
        hint = "a longer run: 10 subgroups or more"
        raise ScenarioError([Problem("no stream has limits to approve", "RUN", hint)])
    records = [_record(each) for each in limits.values()]
    data = tuple(each.digest for each in runs)
    content = {"schema": _VERSION, "by": by, "at": at, "data": list(data), "limits": records,
               "tried": _plain(found.tried)}  # fmt: skip
    digest = _digest(content)
    after = {"streams": len(records), "data": list(data), "file": file.name, "account": person()}
    text = json.dumps({**content, "sha256": digest}, indent=1, allow_nan=False)
    with ExitStack() as desks:
        for folder in sorted({each.folder.resolve() for each in runs}):  # in one order for all
            desks.enter_context(desk(folder))
        for each in runs:
            recorded(each.folder)  # a log that was tampered with does not go on
            log_of(each.folder).check_open()
        write_atomically(file, text)
        for each in runs:
            log_of(each.folder).append(by, APPROVED, about=digest, after=after)
    return Approved(limits, by, at, data, digest, file.name, found.tried)


def read_approved(file: Path) -> Approved:
    """Read approved limits; ScenarioError for a file that is none, or was changed since."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            _refuse(file, f"is larger than {_MOST_BYTES >> 20} MB")
        content = json.loads(file.read_text("utf-8"))
        digest = content.pop("sha256")
        if content["schema"] not in _READ:
            _refuse(file, f"schema version {content['schema']!r} is not read")
        if digest != _digest(content):
            _refuse(file, "was changed since it was approved: its hash is another")
        limits = [_limits(record) for record in content["limits"]]
        by, at = str(content["by"]), str(content["at"])
        data = (content["data"],) if content["schema"] == 1 else tuple(content["data"])
        tried = _tried(content.get("tried", {}))
    except OSError as error:
        _refuse(file, f"cannot be read: {error.strerror}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _refuse(file, "holds no approved limits")
    named = {each.stream: each for each in limits}
    return Approved(named, by, at, data, digest, file.name, tried)


def _plain(tried: Tried) -> dict[str, list[Any]]:
    others = [[_record(each) for each in own.values()] for own in tried.others]
    return {"signals": list(tried.signals), "beyond": list(tried.beyond), "others": others}


def _tried(told: Mapping[str, Any]) -> Tried:
    if not told:
        return NOT_TRIED
    others = tuple({each.stream: each for each in map(_limits, own)} for own in told["others"])
    return Tried(tuple(told["signals"]), tuple(told["beyond"]), others)


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
