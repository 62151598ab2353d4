"""The alerts of a twin in its folder: what other processes see of them, and what people ask for.

`alerts.json` is what stands, written anew at each change; `alerts.asked.jsonl` is what people have
asked for, a line each, appended by `linetwin live alerts` and read by the twin; everything that
happens to an alert stands in `audit.jsonl`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.results.audit import AuditLog, locked
from linetwin.twin.board.alerts import Alert, Alerts
from linetwin.twin.board.held import HeldLog, Waiting
from linetwin.twin.board.keeping import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from linetwin.scenario.twin import AlertConfig
    from linetwin.twin.board.signs import Sign

STANDING, ASKED, AUDIT = "alerts.json", "alerts.asked.jsonl", "audit.jsonl"
LARGEST_REQUEST = 4096
"""Bytes of one line of a request at most [A]."""
SECONDS_KEPT_FRESH = 5.0
"""What stands is written at least this often while it changes in details only [A]."""


def utc() -> float:
    """Return the time [s UTC]."""
    return datetime.now(UTC).timestamp()


class Desk:
    """Keeps the alerts of the twin in `folder`; one process has it, the twin.

    `notices`: what was found when it was opened, and requests that could not be met.
    """

    def __init__(self, folder: Path, config: AlertConfig, clock: Callable[[], float] = utc) -> None:
        self._folder, self._clock = folder, clock
        folder.mkdir(parents=True, exist_ok=True)
        audit = AuditLog(folder / AUDIT)
        self.notices: list[str] = []
        if torn := audit.set_torn_line_aside("twin"):
            self.notices.append(f"half a line of the audit log was set aside: {torn.name}")
        self._audit = HeldLog(audit, lambda _entry: None)
        self._not_written = ""
        self.alerts = Alerts(config, self._happened)
        self._read = 0
        self._written: list[tuple[str, str]] | None = None
        self._written_at = 0.0
        if (folder / STANDING).exists():
            standing = read_standing(folder)
            self.alerts.load(standing["state"])
            self._read = int(standing["read"])

    @property
    def unwritten(self) -> str:
        """Why alerts are in memory only, "" where all is on the disk."""
        return self._audit.reason or self._not_written

    def look(self, signs: Sequence[Sign], tick: int, withdrawn: Collection[str] = ()) -> None:
        """Take everything that holds at a tick of the line, and what people have asked for.

        `withdrawn`: keys of signs that a correction has taken back since the last time.
        """
        now = self._clock()
        for request in self._asked():
            self._meet(request, now)
        self.alerts.look(signs, now, tick, withdrawn)
        self._audit.flush()
        self._write(now)

    def _happened(self, who: str, what: str, alert: Alert, detail: dict[str, Any]) -> None:
        self._note(who, what, f"{alert.id} {alert.key}", detail or None)

    def _note(self, who: str, what: str, about: str, after: object) -> None:
        self._audit.put(Waiting(who, what, lambda: after, about))

    def _asked(self) -> list[dict[str, Any]]:
        """Return what was asked for since this was called last; half a line waits."""
        file = self._folder / ASKED
        try:
            with file.open("rb") as stream:
                stream.seek(self._read)
                content = stream.read()
        except FileNotFoundError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        found = []
        for line in whole.splitlines():
            try:
                request = json.loads(line)
                found.append({str(key): value for key, value in request.items()})
            except (ValueError, AttributeError):
                self.notices.append(f"{ASKED}: a line that is no request was left out")
        return found

    def _meet(self, request: dict[str, Any], now: float) -> None:
        """Do what a person has asked for; what cannot be done is told, and in the audit log."""
        who, name = str(request.get("by", "")), str(request.get("id", ""))
        try:
            if request.get("what") == "shelve":
                seconds = float(request.get("seconds", 0.0))
                self.alerts.shelve(name, seconds, who, str(request.get("reason", "")), now)
            else:
                self.alerts.acknowledge(name, who, now)
        except (ScenarioError, ValueError, TypeError) as error:
            self._note(who, "alert request refused", name, str(error))
            self.notices.append(f"{who}: {error}")

    def _write(self, now: float) -> None:
        """Write what stands, at once where something has happened."""
        config = self.alerts.config
        shown, shelved = self.alerts.shown(), self.alerts.shelved()
        said = [(each.id, each.state) for each in (*shown, *shelved)]
        fresh = now - self._written_at < SECONDS_KEPT_FRESH
        if fresh and (said == self._written or self._not_written):
            return
        self._written, self._written_at = said, now
        content = {
            "at": now,
            "shown": [_plain(each) for each in shown],
            "shelved": [_plain(each) for each in shelved],
            "shelve_at_most_s": config.shelve_at_most_s,
            "budget_per_day": config.budget_per_day,
            "state": self.alerts.save(),
            "read": self._read,
        }
        try:
            replace_file(self._folder / STANDING, content)
        except OSError as error:
            self._not_written = error.strerror or str(error)
        else:
            self._not_written = ""


def read_standing(folder: Path) -> dict[str, Any]:
    """Return what stands in a twin's folder; ResultsError where nothing does, or it is damaged."""
    file = folder / STANDING
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        message = f"{file} is not there: no twin has run in this folder"
        raise ResultsError(message) from error
    except ValueError as error:
        raise ResultsError(f"{file} is damaged: {error}") from error
    return found


def ask(folder: Path, request: dict[str, Any]) -> None:
    """Hand a request to the twin of a folder: `what`, `id`, `by`, and `seconds` and `reason`.

    ScenarioError where there is no such alert, or it cannot be shelved for so long.
    """
    standing = read_standing(folder)
    names = [each["id"] for each in (*standing["shown"], *standing["shelved"])]
    if request["id"] not in names:
        hint = f"alerts: {', '.join(names)}" if names else "there are none"
        raise ScenarioError([Problem(f"there is no alert '{request['id']}'", "", hint)])
    most = float(standing["shelve_at_most_s"])
    if request["what"] == "shelve" and not 0 < request["seconds"] <= most:
        raise ScenarioError(
            [Problem(f"{request['seconds']:g} s is too long", "--for", f"at most {most:g} s")]
        )
    line = json.dumps(request, allow_nan=False).encode() + b"\n"
    if len(line) > LARGEST_REQUEST:
        raise ScenarioError([Problem("the reason is too long", "--reason", "a line of text")])
    file = folder / ASKED
    with locked(file), file.open("ab", buffering=0) as stream:
        stream.write(line)
        os.fsync(stream.fileno())


def _plain(alert: Alert) -> dict[str, Any]:
    return asdict(alert) | {"state": alert.state}
