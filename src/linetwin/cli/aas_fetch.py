"""`linetwin aas fetch`: the shells of a server into a file."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final

from linetwin.cli.aas_export import tell
from linetwin.errors import Problem, ScenarioError, ShellError
from linetwin.shells.reading import read
from linetwin.shells.reading.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S: Final = 60.0
_FORMS: Final = {
    ".aasx": "application/asset-administration-shell-package+xml, "
    "application/asset-administration-shell-package, application/json;q=0.5",
    ".json": "application/json",
    ".xml": "application/xml",
}


def fetch(url: str, output: Path, token_file: Path | None) -> None:
    """Write all shells of a server to a file, checked as any file that is read.

    ShellError where the server does not give them, ScenarioError where they cannot be read.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise ScenarioError([Problem("is no address of a server", url, "http:// or https://")])
    form = _FORMS.get(output.suffix.lower())
    if form is None:
        hint = f"allowed: {', '.join(_FORMS)}"
        raise ScenarioError([Problem(f"ending {output.suffix!r}", "-o", hint)])
    headers = {"Accept": form}
    if token_file is not None:
        headers["Authorization"] = f"Bearer {_token(token_file)}"
    address = f"{url.rstrip('/')}/serialization"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310  http(s), see above
    most = Limits().file_bytes
    try:
        with _OPENER.open(request, timeout=_TIMEOUT_S) as answer:
            content = answer.read(most + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise ShellError(f"{address}: {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise ShellError(f"{address}: {error}") from error
    tell(read(content), output)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token is shown to the server that was named, and to no other."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


_OPENER: Final = urllib.request.build_opener(_NoRedirects)


def _token(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ScenarioError([Problem("unreadable", "--token-file", file=file)]) from error
