"""Users of a server: names, roles, and how each proves who it is.

`users.json` holds salted scrypt hashes and the SHA-256 of users' certificates, never a password.
It is read anew when it changes, so that a user who is removed cannot log in again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from linetwin.errors import Problem, ScenarioError
from linetwin.results.audit import locked
from linetwin.twin.security.attempts import Attempts
from linetwin.twin.security.folders import PRIVATE_FILE
from linetwin.twin.security.folders import replace as replace_file
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.roles import Role

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.security.certificates import Certificate

# OWASP's cheat sheet on storing passwords lists N = 2^14, r = 8, p = 5 among its equals [M]; it
# takes 16 MiB, and about 0.2 s of the server's time for each attempt.
_N, _R, _P = 2**14, 8, 5
_SALT_BYTES = 16
_HASH_BYTES = 32
_MEMORY_BYTES = 64 * 2**20
SHORTEST_PASSWORD = 10
"""Characters of a password, at least [A]."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class _Password(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scheme: Literal["scrypt"] = "scrypt"
    n: int = Field(ge=2**14, le=2**18)
    r: int = Field(ge=8, le=16)
    p: int = Field(ge=1, le=16)
    salt: str = Field(pattern=r"^[0-9a-f]{32,}$")
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class _User(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=rf"^{_NAME.pattern}$")
    role: Role
    password: _Password | None = None
    certificate: str | None = Field(default=None, pattern=r"^[0-9A-F]{64}$")

    @model_validator(mode="after")
    def _proves_itself(self) -> _User:
        if (self.password is None) == (self.certificate is None):
            raise ValueError("give either password or certificate")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    users: list[_User] = []


@dataclass(frozen=True)
class User:
    """A person or a program that may log in; `by` is `password` or `certificate`."""

    name: str
    role: Role
    by: str
    fingerprint: str = ""


class Users:
    """The users file of one server."""

    def __init__(self, file: Path, attempts: Attempts | None = None) -> None:
        self.file = file
        self._attempts = attempts or Attempts()
        self._read: tuple[tuple[int, int, int], _File] | None = None

    # -------------------------------------------------------------------------- proving
    def by_password(self, name: str, password: str, address: str = "") -> User:
        """Return the user whose password this is; RefusedError for anything else.

        A name that is not there costs the same time as a wrong password, and both read alike.
        """
        keys = (f"user {name[:64]}", *((f"address {address}",) if address else ()))
        wait = self._attempts.wait_s(*keys)
        if wait > 0.0:
            message = f"user {name!r} must wait {wait:.0f} s"
            raise refusal(Reason.TOO_MANY, message, "wait, then try the right password")
        found = next((each for each in self._content().users if each.name == name), None)
        known = found.password if found is not None else None
        matches = _matches(password, known or _NOBODY)
        if found is None or known is None or not matches:
            self._attempts.failed(*keys)
            message = f"no user {name!r} with this password"
            raise refusal(Reason.PASSWORD, message, f"check both: {self._listing()}")
        self._attempts.succeeded(*keys)
        return _shown(found)

    def by_certificate(self, certificate: Certificate, now: datetime | None = None) -> User:
        """Return the user whose certificate this is; RefusedError where it is nobody's.

        That its owner holds the key must have been proven before.
        """
        moment = now or datetime.now(UTC)
        if not certificate.begins <= moment <= certificate.ends:
            reason = Reason.EXPIRED if moment > certificate.ends else Reason.NOT_YET
            message = f"{certificate.name!r} is valid to {certificate.ends}, it is {moment}"
            raise refusal(reason, message, "renew it, and add the user anew")
        for each in self._content().users:
            if each.certificate is not None and hmac.compare_digest(
                each.certificate, certificate.fingerprint
            ):
                return _shown(each)
        message = f"the certificate {certificate.name!r} is no user's"
        remedy = f"add a user with it: {self._listing()} shows those there are"
        raise refusal(Reason.PASSWORD, message, remedy)

    def role_of(self, name: str) -> Role | None:
        """Return the role of a user as the file has it now; None for one who was removed."""
        return next((each.role for each in self._content().users if each.name == name), None)

    # ---------------------------------------------------------------------- looking after
    def all(self) -> list[User]:
        """Return all users in the order of their names."""
        return sorted(map(_shown, self._content().users), key=lambda user: user.name)

    def add(self, name: str, role: Role, proof: str | Certificate) -> User:
        """Add a user with a password or a certificate; ScenarioError where the name is taken."""
        problems = []
        if _NAME.fullmatch(name) is None:
            hint = "letters, digits and . _ @ -, at most 64"
            problems.append(Problem(f"{name!r} is no user's name", "NAME", hint))
        if isinstance(proof, str) and len(proof) < SHORTEST_PASSWORD:
            hint = f"at least {SHORTEST_PASSWORD} characters"
            problems.append(Problem("the password is too short", hint=hint))
        if problems:
            raise ScenarioError(problems)
        if isinstance(proof, str):
            user = _User(name=name, role=role, password=_hashed(proof))
        else:
            user = _User(name=name, role=role, certificate=proof.fingerprint)
        with locked(self.file):
            users = self._content().users
            if any(each.name == name for each in users):
                hint = "remove the user first"
                problem = Problem(f"there is a user {name!r}", "NAME", hint, self.file)
                raise ScenarioError([problem])
            self._write([*users, user])
        return _shown(user)

    def remove(self, name: str) -> None:
        """Remove a user; ScenarioError where there is none of this name."""
        with locked(self.file):
            users = self._content().users
            left = [each for each in users if each.name != name]
            if len(left) == len(users):
                hint = ", ".join(sorted(each.name for each in users)) or "there are no users"
                raise ScenarioError([Problem(f"no user {name!r}", "NAME", hint, self.file)])
            self._write(left)

    def _listing(self) -> str:
        return f"linetwin live user list --security {self.file.parent}"

    def _write(self, users: list[_User]) -> None:
        content = _File(users=users)
        plain = content.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = json.dumps(plain, indent=1) + "\n"
        replace_file(self.file, text.encode(), PRIVATE_FILE)
        self._read = None

    def _content(self) -> _File:
        try:
            stat = self.file.stat()
        except FileNotFoundError:
            return _File()
        mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._read is None or self._read[0] != mark:
            self._read = (mark, _parsed(self.file))
        return self._read[1]


def _parsed(file: Path) -> _File:
    try:
        content = _File.model_validate_json(file.read_bytes())
    except ValidationError as error:
        problems = [
            Problem(each["msg"], ".".join(map(str, each["loc"])), file=file)
            for each in error.errors(include_input=False)  # a message shows no hash
        ]
        raise ScenarioError(problems) from error
    names = [each.name for each in content.users]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ScenarioError([Problem(f"twice: {', '.join(twice)}", "users", file=file)])
    return content


def _shown(user: _User) -> User:
    if user.certificate is not None:
        return User(user.name, user.role, "certificate", user.certificate)
    return User(user.name, user.role, "password")


def _hashed(password: str) -> _Password:
    salt = secrets.token_hex(_SALT_BYTES)
    blank = _Password(n=_N, r=_R, p=_P, salt=salt, hash="0" * 2 * _HASH_BYTES)
    return blank.model_copy(update={"hash": _scrypt(password, blank)})


def _scrypt(password: str, of: _Password) -> str:
    salt = bytes.fromhex(of.salt)
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        text, salt=salt, n=of.n, r=of.r, p=of.p, maxmem=_MEMORY_BYTES * 8, dklen=_HASH_BYTES
    ).hex()


def _matches(password: str, known: _Password) -> bool:
    return hmac.compare_digest(_scrypt(password, known), known.hash) and known is not _NOBODY


# Compared with where a name is not there, so that time tells nobody which names are.
_NOBODY = _Password(n=_N, r=_R, p=_P, salt="0" * 32, hash="0" * 64)
