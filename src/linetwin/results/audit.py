"""An append-only log in which each entry carries the hash of the one before.

One entry a line, in one encoding only: JSON with its keys sorted, no blanks, everything beyond
ASCII escaped, finite numbers as Python writes them, ended by a line feed. The hash is SHA-256 of
`linetwin audit 1`, a line feed and the entry without its `hash`. Entries are numbered from 1 and
go on through rotation: `audit.jsonl` becomes `audit.000001.jsonl`, and the next file begins with
the hash at which that one ends. `audit.jsonl.head` holds number and hash of the newest entry: it
is the anchor that shows entries missing at the end.

What this finds and what it cannot: `linetwin.results.audit_check` and docs/audit.md.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Final

from linetwin.errors import ResultsError
from linetwin.results.disk import lock, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LARGEST_BYTES: Final = 16 * 2**20
"""Size of a file from which the next entry begins another [A]."""

NO_HASH: Final = "0" * 64
OPENED: Final = "log opened"
CONTINUED: Final = "log continued"

UNANCHORED: Final = (
    "entries may be missing at its end; once that has been looked at, linetwin audit repair sets "
    "an anchor anew"
)
_DOMAIN = b"linetwin audit 1\n"
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Entry:
    """One entry: `time` is UTC in ISO 8601; `before` and `after` are whatever JSON can hold."""

    seq: int
    time: str
    who: str
    what: str
    about: str
    before: Any
    after: Any
    previous: str
    hash: str

    def line(self) -> bytes:
        """Return the entry as it stands in the file, with its line feed."""
        return canonical(asdict(self)) + b"\n"


@dataclass(frozen=True)
class Head:
    """Number and hash of an entry: all up to it is proven by it. An empty log has number 0."""

    seq: int = 0
    hash: str = NO_HASH


def sealed(fields: dict[str, Any]) -> Entry:
    """Return the entry of these fields (all but `hash`) with its hash.

    ValueError or TypeError for what JSON cannot hold, a NaN among them.
    """
    digest = hashlib.sha256(_DOMAIN + canonical(fields)).hexdigest()
    return Entry(**fields, hash=digest)


def entry_of(line: bytes) -> Entry:
    """Return the entry of a line with its line feed; ValueError says what is wrong with it."""
    try:
        fields = json.loads(line.decode("ascii"))
        stated = fields.pop("hash")
        entry = sealed(fields)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError("it is no entry in the log's encoding") from error
    if entry.hash != stated or entry.line() != line:
        raise ValueError("its hash is not that of its content")
    if type(entry.seq) is not int:
        raise ValueError("its number is no whole number")
    return entry


def head_file(file: Path) -> Path:
    """Return the file of the anchor that is kept beside a log."""
    return file.with_name(f"{file.name}.head")


def read_head(file: Path) -> Head | None:
    """Return the anchor beside a log; None where there is none; ResultsError if it is broken."""
    anchor = head_file(file)
    try:
        text = anchor.read_text("ascii")
    except FileNotFoundError:
        return None
    except ValueError:
        text = ""
    match = re.fullmatch(r"(\d+) ([0-9a-f]{64})\n", text)
    if match is None:
        message = f"{anchor} is no anchor: it must hold a number and a hash; {UNANCHORED}"
        raise ResultsError(message)
    return Head(int(match[1]), match[2])


def parts_of(file: Path) -> list[Path]:
    """Return the files that a log was rotated into, the oldest first, without the log itself."""
    pattern = re.compile(rf"{re.escape(file.stem)}\.(\d{{6}}){re.escape(file.suffix)}")
    if not file.parent.is_dir():
        return []
    return sorted(each for each in file.parent.iterdir() if pattern.fullmatch(each.name))


def entries(file: Path) -> Iterator[Entry]:
    """Yield the entries of a log, of the parts it was rotated into first.

    ValueError for a line that is none: `audit_check.verify` tells more.
    """
    for each in [*parts_of(file), file]:
        with each.open("rb") as stream:
            yield from map(entry_of, stream)


class AuditLog:
    """The log in a file; several processes may append to it, one after the other."""

    def __init__(
        self,
        file: Path,
        largest_bytes: int = LARGEST_BYTES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.file = file
        self._largest_bytes = largest_bytes
        self._clock = clock

    def append(
        self,
        who: str,
        what: str,
        *,
        about: str = "",
        before: Any = None,  # noqa: ANN401  whatever JSON can hold
        after: Any = None,  # noqa: ANN401
    ) -> Entry:
        """Add an entry; when this returns it is on the disk.

        Raises ResultsError for a log that ends in a torn line or short of its anchor: what was
        lost must be seen by a person before the log goes on.
        """
        with locked(self.file):
            head = self._head()
            size = self.file.stat().st_size if self.file.exists() else 0
            if size >= self._largest_bytes:
                self._rename()
            if size == 0 or size >= self._largest_bytes:
                head = self._begin(head)
            return self._add(head, who, what, (about, before, after))

    def newest(self) -> Entry | None:
        """Return the last entry; None in an empty log."""
        with locked(self.file):
            return self._newest()

    def check_open(self) -> None:
        """Raise ResultsError where the log cannot go on: before something is done that it tells."""
        with locked(self.file):
            self._head()

    def rotate(self) -> None:
        """Begin another file; the chain goes on in it."""
        with locked(self.file):
            head = self._head()
            if self.file.exists():
                self._rename()
                self._begin(head)

    def set_torn_line_aside(self, who: str) -> Path | None:
        """Move a line that a kill left unfinished into a file of its own; None where there is none.

        The log then says that, by whom, and the hash of what was moved.
        """
        with locked(self.file):
            # Not there: a kill came between renaming it and beginning the next.
            content = self.file.read_bytes() if self.file.exists() else b""
            whole = content.rfind(b"\n") + 1
            torn = content[whole:]
            if not torn:
                return None
            head = self._end(whole)
            digest = hashlib.sha256(torn).hexdigest()
            aside = self.file.with_name(f"{self.file.name}.torn-{digest[:16]}")
            anchor_was = head_file(self.file).exists()
            _write(aside, torn)
            with self.file.open("r+b") as stream:
                stream.truncate(whole)
                os.fsync(stream.fileno())
            if not whole:
                head = self._begin(head)
            detail: dict[str, Any] = {"bytes": len(torn), "sha256": digest}
            detail |= {} if anchor_was else {"anchor": "missing"}
            self._add(head, who, "torn line set aside", (aside.name, detail, None))
            return aside

    def drop_broken_anchor(self) -> bool:
        """Remove an anchor that is none: then it is as lost; return whether there was one."""
        with locked(self.file):
            try:
                read_head(self.file)
            except ResultsError:
                head_file(self.file).unlink()
                return True
            return False

    def set_anchor_anew(self, who: str) -> Entry | None:
        """Give a log that has lost its anchor another, and say so in it; None where it has one."""
        with locked(self.file):
            head = self._end()
            if head.seq == 0 or head_file(self.file).exists():
                return None
            return self._add(head, who, "anchor set anew", (head_file(self.file).name, None, None))

    def _begin(self, head: Head) -> Head:
        """Make the file with an entry that says where the chain comes from."""
        parts = parts_of(self.file)
        what, about = (CONTINUED, parts[-1].name) if parts else (OPENED, "")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        entry = self._add(head, "linetwin", what, (about, None, None))
        sync_folder(self.file.parent)
        return Head(entry.seq, entry.hash)

    def _rename(self) -> None:
        parts = parts_of(self.file)
        number = 1 + (int(parts[-1].name.removeprefix(f"{self.file.stem}.")[:6]) if parts else 0)
        self.file.rename(self.file.with_name(f"{self.file.stem}.{number:06}{self.file.suffix}"))
        sync_folder(self.file.parent)

    def _add(self, head: Head, who: str, what: str, content: tuple[str, Any, Any]) -> Entry:
        about, before, after = content
        time = self._clock().astimezone(UTC).isoformat(timespec="microseconds")
        fields = {
            "seq": head.seq + 1,
            "time": time,
            "who": who,
            "what": what,
            "about": about,
            "before": before,
            "after": after,
            "previous": head.hash,
        }
        # As it will be read: a key that is a number becomes text before the keys are sorted.
        entry = sealed(json.loads(json.dumps(fields, allow_nan=False)))
        _append(self.file, entry.line())
        anchor = head_file(self.file)
        draft = anchor.with_name(f".{anchor.name}")
        _write(draft, f"{entry.seq} {entry.hash}\n".encode())
        draft.replace(anchor)
        return entry

    def _newest(self, size: int | None = None) -> Entry | None:
        """Return the last entry, with `size` of that many bytes of the file."""
        last = _last_entry(self.file, size)
        if last is None:
            parts = parts_of(self.file)
            last = _last_entry(parts[-1]) if parts else None
        return last

    def _head(self) -> Head:
        """Return where the chain stands; ResultsError where its anchor is missing."""
        head = self._end()
        if head.seq > 1 and not head_file(self.file).exists():  # the first entry comes before it
            message = (
                f"{self.file} has {head.seq} entries and no anchor, {head_file(self.file).name}: "
                f"{UNANCHORED}"
            )
            raise ResultsError(message)
        return head

    def _end(self, size: int | None = None) -> Head:
        """Return the log's end; ResultsError where it is shorter than its anchor.

        With `size` only that many bytes of the file count.
        """
        last = self._newest(size)
        head = Head() if last is None else Head(last.seq, last.hash)
        anchor = read_head(self.file)
        if anchor is not None and (anchor.seq > head.seq or _contradicts(anchor, head)):
            message = (
                f"{self.file} ends with entry {head.seq}, its anchor says {anchor.seq} "
                f"{anchor.hash[:16]}: entries were removed or changed; keep it as it is, "
                "and begin another log once linetwin audit verify has been looked at"
            )
            raise ResultsError(message)
        return head


def lock_file(file: Path) -> Path:
    """Return the file by which one process at a time holds another; it stays."""
    return file.with_name(f"{file.name}.lock")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a file against other processes that ask, by a lock file beside it; waits its turn."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file(file).open("ab") as stream:
        lock(stream)
        yield  # closing the file gives the lock back, as does the end of the process


def person() -> str:
    """Return who runs this process, as the machine knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have them
        return f"user {os.getuid()}" if sys.platform != "win32" else "unknown"


def _contradicts(anchor: Head, head: Head) -> bool:
    return anchor.seq == head.seq and anchor.hash != head.hash


def canonical(fields: dict[str, Any]) -> bytes:
    """Return the one encoding; ValueError or TypeError for what JSON cannot hold."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def _last_entry(file: Path, size: int | None = None) -> Entry | None:
    """Return the last entry of a file; None where it is not there or empty."""
    try:
        with file.open("rb") as stream:
            line = _last_line(stream, stream.seek(0, os.SEEK_END) if size is None else size)
    except FileNotFoundError:
        return None
    if not line:
        return None
    if not line.endswith(b"\n"):
        message = (
            f"{file} ends in a torn line of {len(line)} bytes, as a kill leaves it: "
            "linetwin audit repair sets it aside and says so in the log"
        )
        raise ResultsError(message)
    try:
        return entry_of(line)
    except ValueError as error:
        raise ResultsError(f"{file}: the last entry was changed: {error}") from error


def _last_line(stream: IO[bytes], size: int) -> bytes:
    taken = b""
    while size > 0:
        step = min(size, _TAIL_BYTES)
        size -= step
        stream.seek(size)
        taken = stream.read(step) + taken
        begins = taken.rfind(b"\n", 0, len(taken) - 1)
        if begins >= 0:
            return taken[begins + 1 :]
    return taken


def _append(file: Path, line: bytes) -> None:
    with file.open("ab", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        written = stream.write(line)
        if written != len(line):  # a full disk: this entry was never promised
            stream.truncate(size)
            raise OSError(f"{file} takes no more: {written} of {len(line)} bytes were written")
        os.fsync(stream.fileno())


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
