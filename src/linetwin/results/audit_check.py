"""Whether an audit log is whole: each entry, their order, and its end against an anchor.

Found: an entry that was changed, removed, reordered or inserted, a torn last line, and a log of
several entries without an anchor. Entries missing at the end, and a log that was written anew from
some entry on with hashes that fit, are found only against an anchor that whoever did it could not
change as well: the one beside the log shows accidents, one kept elsewhere (`--head`) shows intent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linetwin.errors import ResultsError
from linetwin.results.audit import (
    CONTINUED,
    NO_HASH,
    OPENED,
    UNANCHORED,
    Head,
    entry_of,
    head_file,
    parts_of,
    read_head,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.results.audit import Entry


_HASH = re.compile(r"[0-9a-f]{64}")
_SHOWN = 80
"""Characters of a wrong hash that are told."""


class TamperedError(ResultsError):
    """An audit log that is not whole: the file, the line (from 1) and the reason by name."""

    def __init__(self, file: Path, line: int, reason: str, detail: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}: {detail}")


@dataclass(frozen=True)
class Sound:
    """What was checked of a log that is whole.

    `anchored` is the number of the newest entry that an anchor proves, None without one.
    """

    files: tuple[Path, ...]
    entries: int
    head: Head
    anchored: int | None


@dataclass
class _Walk:
    """Where a check stands, through all files of a log.

    `anchors` are hashes to look out for; `found` has the numbers of those that were met; `beside`:
    the anchor beside the log.
    """

    file: Path
    anchors: frozenset[str]
    head: Head = field(default_factory=Head)
    entries: int = 0
    found: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    beside: Head | None = None


def verify(file: Path, head: str | None = None, *, alone: bool = False) -> Sound:
    """Return what was checked of a log that is whole; TamperedError for the first fault.

    The parts it was rotated into are checked with it, unless `alone`. `head` is a hash that was
    kept elsewhere. ResultsError where there is no log, or an anchor beside it is broken.
    """
    if head is not None and _HASH.fullmatch(head) is None:
        raise ResultsError(f"--head: '{head[:_SHOWN]}' is no hash: 64 digits of 0-9a-f are one")
    files = ([] if alone else parts_of(file)) + ([file] if file.is_file() else [])
    if not files:
        raise _gone(file, alone=alone)
    beside = None if alone else read_head(file)
    kept = {head, None if beside is None else beside.hash} - {None}
    walk = _Walk(file, frozenset(str(each) for each in kept), beside=beside)
    for each in files:
        _walk_file(each, walk, alone=alone)
    if beside is None and head is None and not alone and walk.head.seq > 1:
        raise TamperedError(file, walk.lines, "unanchored", f"its anchor is gone: {UNANCHORED}")
    anchored = None if beside is None else _check_end(walk, beside)
    if head is not None:
        if head not in walk.found:
            detail = f"no entry has the hash {head}: the log was cut before it, or written anew"
            raise TamperedError(file, walk.lines, "truncated", detail)
        anchored = max(walk.found[head], anchored or 0)
    return Sound(tuple(files), walk.entries, walk.head, anchored)


def _gone(file: Path, *, alone: bool) -> ResultsError:
    """Return the error for a log without a file: it was taken away where its anchor is there."""
    anchor = head_file(file)
    if alone or not anchor.exists():
        return ResultsError(f"{file}: there is no log")
    detail = f"the file is gone, its anchor, {anchor.name}, is there"
    return TamperedError(file, 1, "truncated", detail)


def _walk_file(file: Path, walk: _Walk, *, alone: bool) -> None:
    content = file.read_bytes()
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1][:-1]  # behind the last line feed: nothing, or a torn line
    if not lines[-1]:
        lines.pop()
    walk.file = file
    walk.lines = 0
    for at, line in enumerate(lines, start=1):
        walk.lines = at
        if not line.endswith(b"\n"):
            raise TamperedError(file, at, "torn", _torn(len(line), walk))
        try:
            entry = entry_of(line)
        except ValueError as error:
            raise TamperedError(file, at, "changed", str(error)) from error
        if alone and at == 1:
            walk.head = Head(entry.seq - 1, entry.previous)
        if entry.seq != walk.head.seq + 1 or entry.previous != walk.head.hash:
            raise _misplaced(file, at, entry, walk.head, _numbers(lines))
        if at == 1:
            _check_beginning(file, entry)
        walk.head = Head(entry.seq, entry.hash)
        if entry.hash in walk.anchors:
            walk.found[entry.hash] = entry.seq
        walk.entries += 1


def _torn(count: int, walk: _Walk) -> str:
    """Return what is said of a torn line; what the anchor had seen whole no repair sets aside."""
    detail = f"the last {count} bytes are no whole entry"
    if walk.beside is not None and walk.beside.seq > walk.head.seq:
        return f"{detail}; the anchor beside it has seen entry {walk.beside.seq}: no kill cut it"
    return f"{detail}; see linetwin audit repair"


def _misplaced(
    file: Path, at: int, entry: Entry, head: Head, numbers: Sequence[int]
) -> TamperedError:
    """Return the error for an entry that does not follow the one before; the reason is a guess."""
    wanted = head.seq + 1
    if entry.seq > wanted:
        if wanted in numbers[at:]:
            detail = f"entry {entry.seq} stands before entry {wanted}"
            return TamperedError(file, at, "reordered", detail)
        missing = f"entry {wanted}" if entry.seq == wanted + 1 else f"{wanted} to {entry.seq - 1}"
        return TamperedError(file, at, "removed", f"{missing} before entry {entry.seq}")
    if entry.seq < wanted:
        reason = "inserted" if entry.seq in numbers[: at - 1] else "reordered"
        detail = f"entry {entry.seq} stands after entry {head.seq}"
        return TamperedError(file, at, reason, detail)
    reason = "inserted" if entry.seq in numbers[at:] else "changed"
    detail = f"entry {entry.seq} does not carry the hash of the one before"
    return TamperedError(file, at, reason, detail)


def _check_beginning(file: Path, entry: Entry) -> None:
    """Raise TamperedError unless a file begins with what a beginning says."""
    wanted = OPENED if entry.previous == NO_HASH else CONTINUED
    if entry.what != wanted:
        raise TamperedError(file, 1, "removed", f"the file does not begin with {wanted!r}")


def _check_end(walk: _Walk, anchor: Head) -> int:
    """Return the number of the entry that the anchor beside the log proves."""
    if anchor.seq > walk.head.seq:
        count = anchor.seq - walk.head.seq
        detail = f"the anchor beside it says {anchor.seq} entries, {count} are missing at the end"
        raise TamperedError(walk.file, walk.lines, "truncated", detail)
    if walk.found.get(anchor.hash) != anchor.seq:
        detail = f"entry {anchor.seq} is not the one that the anchor beside it names"
        raise TamperedError(walk.file, walk.lines, "changed", detail)
    return anchor.seq


def _numbers(lines: Sequence[bytes]) -> list[int]:
    """Return the number of each line; -1 where it is no entry."""
    numbers = []
    for line in lines:
        try:
            numbers.append(entry_of(line).seq)
        except ValueError:
            numbers.append(-1)
    return numbers
