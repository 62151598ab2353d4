"""Tokens by which a server knows who asks: a file of their SHA-256, each with a name and a role.

A token has 256 random bits, so its plain hash cannot be guessed back; it is shown once, when made.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FORM: Final = '{"tokens": [{"name": "...", "role": "...", "sha256": "..."}]}'


@dataclass(frozen=True)
class Token:
    """Who asks, in which role; `sha256`: of the token, in hexadecimal digits."""

    name: str
    role: str
    sha256: str


def read_tokens(file: Path, roles: Iterable[str]) -> list[Token]:
    """Return the tokens of a file; ScenarioError for all that is wrong with it."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ScenarioError([Problem(f"unreadable: {error}", hint=_FORM, file=file)]) from error
    rows = content.get("tokens") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows:
        raise ScenarioError([Problem("holds no tokens", hint=_FORM, file=file)])
    allowed = list(roles)
    found = [_token(row, f"tokens[{n}]", allowed, file) for n, row in enumerate(rows)]
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise ScenarioError(problems)
    return [each for each in found if isinstance(each, Token)]


def _token(row: Any, key: str, roles: Sequence[str], file: Path) -> Token | Problem:  # noqa: ANN401
    if not isinstance(row, dict) or {*row} != {"name", "role", "sha256"}:
        return Problem("is no token", key, _FORM, file)
    if row["role"] not in roles:
        return Problem("unknown role", f"{key}.role", f"allowed: {', '.join(roles)}", file)
    if not isinstance(row["name"], str) or not _NAME.fullmatch(row["name"]):
        return Problem("is no name", f"{key}.name", _NAME.pattern, file)
    if not isinstance(row["sha256"], str) or not _HASH.fullmatch(row["sha256"]):
        return Problem("is no SHA-256", f"{key}.sha256", "64 hexadecimal digits", file)
    return Token(row["name"], row["role"], row["sha256"])


def make_token(file: Path, name: str, role: str, roles: Sequence[str]) -> str:
    """Return a new token and add its hash to a file, which only its owner may read."""
    secret = secrets.token_urlsafe(_BYTES)
    row = {"name": name, "role": role, "sha256": _hash(secret)}
    checked = _token(row, "token", roles, file)
    if isinstance(checked, Problem):
        raise ScenarioError([checked])
    there = read_tokens(file, roles) if file.exists() else []
    if any(each.name == name for each in there):
        raise ScenarioError([Problem("there is a token of this name", "--name", name, file)])
    text = json.dumps({"tokens": [asdict(each) for each in (*there, checked)]}, indent=2) + "\n"
    draft = file.with_name(f"{file.name}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        draft.replace(file)
    except OSError as error:
        raise ScenarioError([Problem(f"cannot be written: {error}", file=file)]) from error
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def role_of(authorization: str, tokens: Iterable[Token]) -> str | None:
    """Return the role of an `Authorization: Bearer` header, None where no token fits."""
    scheme, _, secret = authorization.partition(" ")
    own, found = _hash(secret.strip()), None
    for each in tokens:
        if hmac.compare_digest(own, each.sha256) and scheme.lower() == "bearer":
            found = each.role
    return found
