"""The board: every prediction is written before its outcome, and scored after it.

`board.jsonl` in the twin's folder is a log as of `results.audit`: appended to, never changed, each
entry with the hash of the one before, so that a row which was changed, removed or put in later is
found (`linetwin audit verify`). An entry holds the rows of one batch, and is on the disk before
`register` or `score` returns. While the disk is full rows are held in memory (`held.MOST_ROWS`); a
prediction then counts as registered when it is written. `board.state` beside it holds the sums up
to some entry: an aid, by which opening a board of a year reads its last entries only.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linetwin.errors import ResultsError
from linetwin.results.audit import AuditLog, Head, entry_of, parts_of
from linetwin.twin.board.held import HeldLog, Waiting
from linetwin.twin.board.keeping import replace_file
from linetwin.twin.board.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.twin.assimilating.rows import Outcome, Prediction
    from linetwin.twin.board.tally import Score

LOG, STATE = "board.jsonl", "board.state"
WHO = "twin"
PREDICTED, MEASURED = "predicted", "measured"
SAVED_EVERY = 1000
"""Entries after which the sums are saved."""
FORMAT = 2


class Board:
    """Written by one process, the twin; `read_board` is for others.

    `notices`: what was found when it was opened. ResultsError where the log was changed.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder
        self._log = AuditLog(folder / LOG, clock=clock)
        torn = self._log.set_torn_line_aside(WHO)
        self.notices: list[str] = []
        if torn is not None:
            size = torn.stat().st_size
            self.notices.append(f"the board ended in half a line of {size} bytes; set aside")
        found = read_board(folder)
        self.tally, self.head = found.tally, found.head
        self._held = HeldLog(self._log, self._written)
        self._tick = 0
        self._unsaved = 0
        self._not_saved = ""

    def register(
        self, predictions: Sequence[Prediction], tick: int, called: Sequence[str] = ()
    ) -> None:
        """Put predictions on the board; `tick`: up to which the twin knows the plant.

        `called`: their lots as people know them, each in its row beside the twin's own name.

        ValueError for one that is made later than that: it would be no prediction.
        """
        if not predictions:
            return
        ahead = [each.id for each in predictions if each.made_tick > tick]
        if ahead:
            message = f"{ahead[0]} is made after tick {tick} at which it is registered"
            raise ValueError(message)
        names = called or [f"twin's {each.lot}" for each in predictions]
        rows = [
            vars(each) | {"called": name} for each, name in zip(predictions, names, strict=True)
        ]
        self._put(PREDICTED, tick, rows)

    def score(self, outcomes: Sequence[Outcome], tick: int) -> None:
        """Put outcomes on the board and score them."""
        if outcomes:
            self._put(MEASURED, tick, [vars(each) for each in outcomes])

    def scores(self) -> list[Score]:
        """Return how predictions came out: the last 30 days, and all."""
        return self.tally.scores()

    @property
    def unwritten(self) -> str:
        """Why rows are held or sums not saved, "" where all is on the disk."""
        return self._held.reason or self._not_saved

    @property
    def held(self) -> int:
        """Rows that wait for room on the disk."""
        return self._held.rows

    def flush(self, tick: int) -> None:
        """Write what is held, where there is room; `tick`: up to which the twin knows the plant."""
        if self.unwritten:
            self._tick = tick
            self._held.flush()
            if self._not_saved and not self._held.reason:
                self.save()

    def save(self) -> None:
        """Save the sums; where there is no room that is told by `unwritten`."""
        self._unsaved = 0
        content = {
            "format": FORMAT,
            "seq": self.head.seq,
            "hash": self.head.hash,
            "tally": self.tally.save(),
        }
        try:
            replace_file(self._folder / STATE, content)
        except OSError as error:
            self._not_saved = error.strerror or str(error)
        else:
            self._not_saved = ""

    def _put(self, what: str, tick: int, rows: list[dict[str, Any]]) -> None:
        self._tick = tick
        plain = [_finite(each) for each in rows]
        self._held.put(
            Waiting(WHO, what, lambda: {"tick": self._tick, "rows": plain}, rows=len(plain))
        )

    def _written(self, entry: Entry) -> None:
        """Let an entry count that is on the disk."""
        self.head = Head(entry.seq, entry.hash)
        _take(self.tally, entry)
        self._unsaved += 1
        if self._unsaved >= SAVED_EVERY:
            self.save()


@dataclass(frozen=True)
class BoardRead:
    """A board as it stands in its folder, up to an entry."""

    tally: Tally
    head: Head


def read_board(folder: Path) -> BoardRead:
    """Read a board that another process may be writing; half a line at its end is left out.

    ResultsError where it is none, or was changed.
    """
    file = folder / LOG
    saved = _saved(folder / STATE)
    tally, head = (Tally(), Head()) if saved is None else (saved.tally, saved.head)
    for entry in _entries(file, head.seq):
        if entry.seq == head.seq:
            if entry.hash != head.hash:
                raise ResultsError(f"{file}: entry {entry.seq} is not the one that was scored")
            continue
        if entry.seq != head.seq + 1 or entry.previous != head.hash:
            raise ResultsError(f"{file}: entry {entry.seq} does not follow entry {head.seq}")
        _take(tally, entry)
        head = Head(entry.seq, entry.hash)
    return BoardRead(tally, head)


def _saved(file: Path) -> BoardRead | None:
    """Return the saved sums; None where there are none, or of another format."""
    try:
        content = json.loads(file.read_text("ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ResultsError(f"{file} is damaged; without it the sums are made anew") from error
    if content.get("format") != FORMAT:
        return None
    return BoardRead(Tally.load(content["tally"]), Head(content["seq"], content["hash"]))


def _entries(file: Path, seq: int) -> Iterator[Entry]:
    """Yield entries from number `seq` on, of the files in which they can be."""
    files = [each for each in (*parts_of(file), file) if each.exists()]
    while len(files) > 1 and _first(files[1]) <= seq:
        files.pop(0)
    for each in files:
        with each.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    return
                try:
                    entry = entry_of(line)
                except ValueError as error:
                    raise ResultsError(f"{each}:{number}: changed: {error}") from error
                if entry.seq >= seq:
                    yield entry


def _first(file: Path) -> int:
    """Return the number of the first entry of a file."""
    with file.open("rb") as stream:
        line = stream.readline()
    try:
        return entry_of(line).seq
    except ValueError as error:
        raise ResultsError(f"{file}:1: changed: {error}") from error


def _take(tally: Tally, entry: Entry) -> None:
    """Let an entry count; those that open or go on with a log say nothing."""
    if entry.what == PREDICTED:
        for row in entry.after["rows"]:
            tally.predicted(row, entry.after["tick"])
    elif entry.what == MEASURED:
        for row in entry.after["rows"]:
            tally.measured(row)


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON can hold it: a number that is not there is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
