"""What `linetwin aas serve` serves, to whom, and where; live values of a twin."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from linetwin.cli import aas_export, aas_lots
from linetwin.errors import Problem, ScenarioError, ShellError
from linetwin.results import read as read_run
from linetwin.results.audit import entry_of
from linetwin.shells.naming import BASE, Names
from linetwin.shells.reading import read
from linetwin.shells.running import describe_run
from linetwin.shells.serving.app import Door, make_app
from linetwin.shells.serving.catalogue import Catalogue
from linetwin.shells.serving.hosts import names_of
from linetwin.shells.serving.listening import listen
from linetwin.shells.serving.recorded import RecordedValues
from linetwin.shells.serving.roles import read_roles
from linetwin.shells.serving.runs import RunSource
from linetwin.shells.serving.tokens import make_token, read_tokens
from linetwin.shells.serving.values import NoValues, Reading
from linetwin.shells.writing import ENDINGS
from linetwin.twin.board.board import LOG, MEASURED, PREDICTED
from linetwin.twin.plant.making import panels

if TYPE_CHECKING:
    from linetwin.shells.environment import Environment
    from linetwin.shells.serving.roles import Role
    from linetwin.shells.serving.values import ValueSource

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_AWAITED: Final = 10_000
"""Predictions of which a twin's readings are awaited; older ones are forgotten."""


@dataclass(frozen=True)
class Asked:
    """What is served: files, scenarios, a run folder; the folder of a twin with live values."""

    what: tuple[str, ...]
    base_iri: str | None = None
    twin: Path | None = None


@dataclass(frozen=True)
class Opening:
    """Where it is served; beyond this machine with TLS, or openly where that is asked for.

    `names`: host names by which it may be called, beside those of the certificate.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: Path | None = None
    key: Path | None = None
    insecure_http: bool = False
    names: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True)
class Who:
    """Who may ask: files of tokens and of roles; `role`: of who asks without a token."""

    role: str = "engineer"
    tokens: Path | None = None
    roles: Path | None = None


def serve(asked: Asked, opening: Opening, who: Who) -> None:
    """Serve until Ctrl-C. ScenarioError for what cannot be served so, ShellError for the port."""
    door = make_door(opening, who)
    catalogue, values = collected(asked)
    app = make_app(catalogue, door, values)
    for note in catalogue.notes:
        typer.echo(f"  note: {note}", err=True)
    listen(app, (opening.host, opening.port), (opening.certificate, opening.key), _tell)


def _tell(url: str) -> None:
    typer.echo(f"shells at {url} (Ctrl-C ends)")
    sys.stdout.flush()


def make_door(opening: Opening, who: Who) -> Door:
    """Return who may come in; ScenarioError where an opening is not safe enough."""
    roles = read_roles(who.roles)
    problems = []
    if who.role not in roles:
        problems.append(Problem("unknown role", "--role", f"allowed: {', '.join(roles)}"))
    if (opening.certificate is None) != (opening.key is None):
        problems.append(Problem("belong together", "--certificate, --key"))
    if not opening.is_local:
        if who.tokens is None:
            hint = "make them with linetwin aas token"
            problems.append(Problem("needs --tokens beyond this machine", "--host", hint))
        if opening.certificate is None and not opening.insecure_http:
            hint = "or --insecure-http: all can read along, tokens too"
            problems.append(Problem("needs --certificate and --key", "--host", hint))
    for name, file in (("--certificate", opening.certificate), ("--key", opening.key)):
        if file is not None and not file.is_file():
            problems.append(Problem("there is no such file", name, file=file))
    if problems:
        raise ScenarioError(problems)
    tokens = None if who.tokens is None else read_tokens(who.tokens, roles)
    return Door(roles, who.role, tokens, _hosts(opening))


def _hosts(opening: Opening) -> frozenset[str]:
    """Return the names by which a server may be called."""
    names = {opening.host.lower(), *map(str.lower, opening.names)}
    if opening.is_local:
        names |= _LOCAL
    if opening.certificate is not None:
        names |= names_of(opening.certificate)
    return frozenset(names)


def new_token(file: Path, name: str, role: str, roles: Path | None) -> str:
    """Return a new token, and add its hash to a file."""
    table: dict[str, Role] = read_roles(roles)
    return make_token(file, name, role, list(table))


def collected(asked: Asked) -> tuple[Catalogue, ValueSource]:
    """Return what is served, and where values come from."""
    names = Names(BASE if asked.base_iri is None else asked.base_iri)
    runs = [each for each in asked.what if aas_lots.is_run(each)]
    if len(runs) > 1:
        raise ScenarioError([Problem("more than one run folder", ", ".join(runs), "one at most")])
    parts = [_described(each, asked.base_iri) for each in asked.what if each not in runs]
    run = read_run(runs[0]) if runs else None
    if run is not None:
        parts.append(describe_run(run, names))
    whole = aas_lots.together(parts)
    source = None if run is None else RunSource(run, names)
    values: ValueSource = NoValues() if run is None else RecordedValues(run, panels())
    return Catalogue(whole, source), values if asked.twin is None else TwinValues(asked.twin)


def _described(what: str, base_iri: str | None) -> Environment:
    """Return the shells of a file, or of a scenario's line."""
    if Path(what).suffix.lower() in ENDINGS:
        return read(Path(what))
    return aas_export.described(aas_export.Asked(what, (), base_iri), with_files=True)


class TwinValues:
    """What instruments have read last, by the board that a twin writes; it is only read here."""

    is_slow = True

    def __init__(self, folder: Path) -> None:
        self._file = folder / LOG
        if not self._file.is_file():
            hint = "a folder of linetwin live run"
            raise ScenarioError([Problem("no twin has predicted here", "--twin", hint, folder)])
        self._offset, self._known = 0, (0, 0)
        self._of: dict[str, str] = {}
        self._last: dict[str, float] = {}

    def value(self, address: str) -> Reading | None:
        """Return what was read last of `station.quantity`, None where nothing was."""
        self._follow()
        return Reading(self._last[address]) if address in self._last else None

    def _follow(self) -> None:
        """Read what has been written since; a log that was rotated begins anew."""
        try:
            status = self._file.stat()
            if (status.st_ino, status.st_size) == self._known:
                return
            if status.st_ino != self._known[0] or status.st_size < self._offset:
                self._offset = 0
            self._known = (status.st_ino, status.st_size)
            with self._file.open("rb") as stream:
                stream.seek(self._offset)
                for line in stream:
                    if not line.endswith(b"\n"):
                        return
                    self._take(line)
                    self._offset += len(line)
        except (OSError, ValueError) as error:
            raise ShellError(f"{self._file} cannot be read: {error}") from error

    def _take(self, line: bytes) -> None:
        entry = entry_of(line)
        if entry.what not in {PREDICTED, MEASURED}:
            return
        for row in entry.after["rows"]:
            if entry.what == PREDICTED:
                self._of[row["id"]] = f"{row['station']}.{row['quantity']}"
                if len(self._of) > _AWAITED:
                    del self._of[next(iter(self._of))]
            elif (address := self._of.get(row["prediction"])) and row["value"] is not None:
                self._last[address] = float(row["value"])
