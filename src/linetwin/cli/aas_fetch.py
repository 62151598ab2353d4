"""`linetwin aas fetch`: the shells of a server into a file."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from linetwin.cli.aas_export import tell
from linetwin.errors import Problem, ScenarioError
from linetwin.shells.fetching import Bounds, Fetch
from linetwin.shells.reading import read
from linetwin.shells.reading.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

TOKEN: Final = "LINETWIN_TOKEN"  # noqa: S105  the name of a variable
"""Environment variable that holds the token to show, where no file is named."""
_FORMS: Final = {
    ".aasx": "application/asset-administration-shell-package+xml, "
    "application/asset-administration-shell-package, application/json;q=0.5",
    ".json": "application/json",
    ".xml": "application/xml",
}


@dataclass(frozen=True)
class Showing:
    """How a server is asked: with which token, trusting whom, and for how long (s)."""

    token_file: Path | None = None
    ca: Path | None = None
    seconds: float = 120.0


def fetch(url: str, output: Path, showing: Showing) -> None:
    """Write all shells of a server to a file, checked as any file that is read.

    ShellError where the server does not give them, ScenarioError where they cannot be read.
    """
    form = _FORMS.get(output.suffix.lower())
    if form is None:
        hint = f"allowed: {', '.join(_FORMS)}"
        raise ScenarioError([Problem(f"ending {output.suffix!r}", "-o", hint)])
    address = f"{_checked(url).rstrip('/')}/serialization"
    headers = {"Accept": form}
    if token := _token(showing.token_file):
        headers["Authorization"] = f"Bearer {token}"
    bounds = Bounds(showing.seconds, Limits().file_bytes)
    content = Fetch(address, bounds, headers, _trust(showing.ca)).content()
    try:
        found = read(content)
    except ScenarioError as error:
        raise ScenarioError(
            [replace(each, key=f"{address} {each.key}".strip()) for each in error.problems]
        ) from error
    tell(found, output)


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
