"""`linetwin aas fetch`: the shells of a server into a file."""

from __future__ import annotations

import json
import os
import ssl
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from linetwin.cli.aas_export import tell
from linetwin.cli.aas_lots import together
from linetwin.errors import Problem, ScenarioError, ShellError
from linetwin.shells.fetching import Bounds, Fetch
from linetwin.shells.picking import keep_only, note_missing, referred
from linetwin.shells.reading import read
from linetwin.shells.reading.account import shown
from linetwin.shells.reading.limits import Limits
from linetwin.shells.serving.asking import LONGEST_PAGE, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from linetwin.shells.environment import Environment

TOKEN: Final = "LINETWIN_TOKEN"  # noqa: S105  the name of a variable
"""Environment variable that holds the token to show, where no file is named."""
_FORMS: Final = {
    ".aasx": "application/asset-administration-shell-package+xml, "
    "application/asset-administration-shell-package, application/json;q=0.5",
    ".json": "application/json",
    ".xml": "application/xml",
}
_REASONS: Final = 3
"""Faults of an answer that are told; a package may have one of each document."""


@dataclass(frozen=True)
class Showing:
    """How a server is asked: with which token, trusting whom.

    `seconds`: within which its answers have to come, all of them together.
    """

    token_file: Path | None = None
    ca: Path | None = None
    seconds: float = 120.0


def fetch(url: str, output: Path, showing: Showing, ids: Sequence[str] = ()) -> None:
    """Write shells of a server to a file, checked as any file that is read.

    `ids`: of shells; none for all that the server gives as a whole. ShellError where the server
    does not give them, or gives what is none; ScenarioError for what the user says.
    """
    form = _FORMS.get(output.suffix.lower())
    if form is None:
        hint = f"allowed: {', '.join(_FORMS)}"
        raise ScenarioError([Problem(f"ending {output.suffix!r}", "-o", hint)])
    _check_writable(output)
    server = _Server(_checked(url).rstrip("/"), showing, form)
    found = together([server.shell(each) for each in ids]) if ids else server.whole()
    tell(found, output)


def _check_writable(output: Path) -> None:
    """Raise ScenarioError where a file cannot be written, before anything is asked for."""
    if output.is_dir() or not os.access(output if output.exists() else output.parent, os.W_OK):
        raise ScenarioError([Problem("cannot be written", "-o", "a file in a folder", output)])


class _Server:
    """A server that is asked several times; time and bytes are bounded for all its answers."""

    def __init__(self, address: str, showing: Showing, form: str) -> None:
        self._address, self._form = address, form
        self._seconds, self._bytes = showing.seconds, Limits().file_bytes
        self._left = showing.seconds
        self._tls = _trust(showing.ca)
        token = _token(showing.token_file)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def whole(self) -> Environment:
        """Return all that is given at once; notes tell what is listed or referred to beside it."""
        found = self._read(f"{self._address}/serialization")
        given = {each.id for each in found.shells()}
        try:
            more = [each for each in self._listed() if each not in given]
            what = f"{len(more):,} shells are listed that it does not give at once"
            hint = f"ask for each by --id, such as {more[0]}" if more else ""
        except ShellError as error:
            more, what, hint = [""], "whether the server has more shells is not told", str(error)
        if not given and not list(found.submodels()):
            why = f": {what}; {hint}" if more else ", and lists none"
            raise ShellError(f"{self._address} gives no shells{why}")
        found.notes += [f"{what}; {hint}"] if more else []
        note_missing(found, {each.id: referred(each) for each in found.shells()})
        return found

    def shell(self, identifier: str) -> Environment:
        """Return one shell by its id, with its submodels; a note names those that do not come."""
        name = encoded(identifier)
        address = f"{self._address}/shells/{name}"
        said = self._json(address)
        if said.get("id") != identifier:
            raise ShellError(f"{address}: gives {shown(said.get('id'))!r}, not {identifier!r}")
        try:
            own = [str(each["keys"][-1]["value"]) for each in said.get("submodels", [])]
            ids = "".join(f"&submodelIds={encoded(each)}" for each in own)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise ShellError(f"{address}: {identifier} is no shell") from error
        address = f"{self._address}/serialization?aasIds={name}{ids}"
        found = self._read(address)
        if not keep_only(found, identifier, own):
            raise ShellError(f"{address}: holds no shell {identifier!r}")
        return found

    def _listed(self) -> Iterator[str]:
        """Yield the ids of all shells that are listed."""
        first = f"{self._address}/shells/$reference?limit={LONGEST_PAGE}"
        address, seen = first, set[str]()
        while address:
            page = self._json(address)
            try:
                yield from [str(each["keys"][-1]["value"]) for each in page["result"]]
                cursor = str(page.get("paging_metadata", {}).get("cursor") or "")
            except (AttributeError, KeyError, IndexError, TypeError) as error:
                raise ShellError(f"{address}: is no list of shells") from error
            if cursor in seen:
                raise ShellError(f"{address}: leads on to a page that was read, by its cursor")
            seen.add(cursor)
            address = f"{first}&cursor={quote(cursor, safe='')}" if cursor else ""

    def _read(self, address: str) -> Environment:
        """Return shells; ShellError with the address where these are none."""
        content = self._content(address, self._form)
        try:
            return read(content)
        except ScenarioError as error:
            why = "; ".join(map(str, error.problems[:_REASONS]))
            raise ShellError(f"{address.partition('?')[0]}: {why}") from error

    def _json(self, address: str) -> dict[str, Any]:
        try:
            found = json.loads(self._content(address, _FORMS[".json"]))
        except (ValueError, RecursionError) as error:
            raise ShellError(f"{address}: is no JSON") from error
        if not isinstance(found, dict):
            raise ShellError(f"{address}: is no object of JSON")
        return found

    def _content(self, address: str, form: str) -> bytes:
        """Return an answer; only the time until it is there counts."""
        if self._left <= 0:
            raise ShellError(f"{address}: not asked, as {self._seconds:g} s were over")
        bounds = Bounds(self._left, self._bytes)
        begun = monotonic()
        content = Fetch(address, bounds, {**self._headers, "Accept": form}, self._tls).content()
        self._left -= monotonic() - begun
        self._bytes -= len(content)
        return content


def _checked(url: str) -> str:
    """Return an address; ScenarioError where it is none."""
    try:
        place = urlsplit(url)
        is_one = place.scheme in {"http", "https"} and place.hostname and place.port != 0
        has_more = place.query or place.fragment or place.username
    except ValueError:
        is_one, has_more = False, ""
    if not is_one or has_more or not (url.isascii() and url.isprintable()) or " " in url:
        hint = "http://HOST:PORT or https://..., without user, query and fragment"
        raise ScenarioError([Problem("is no address of a server", url, hint)])
    return url


def _trust(ca: Path | None) -> ssl.SSLContext | None:
    """Return whose certificates are believed: of the file's authority alone, where one is named."""
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise ScenarioError([Problem(f"unreadable: {error}", "--ca", "PEM", ca)]) from error


def _token(file: Path | None) -> str:
    """Return the token of a file, else of the environment, "" where there is none."""
    try:
        text = os.environ.get(TOKEN, "") if file is None else file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ScenarioError([Problem("unreadable", "--token-file", file=file)]) from error
    token = text.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        name = TOKEN if file is None else "--token-file"
        raise ScenarioError([Problem("holds no token", name, "one line, no spaces", file)])
    return token
