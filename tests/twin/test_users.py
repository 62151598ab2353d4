"""Users, their proofs and roles, and the cost of guessing."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from authority import DAY, NOW, Sheet

from linetwin.errors import RefusedError, ScenarioError
from linetwin.twin.security import users as users_module
from linetwin.twin.security.attempts import FIRST_WAIT_S, FREE, LONGEST_WAIT_S, Attempts
from linetwin.twin.security.roles import RIGHTS, Right, Role, may
from linetwin.twin.security.users import User, Users

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"  # noqa: S105  of a test


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a users file goes; hashing is made cheap where its cost is not the point."""
    monkeypatch.setattr(users_module, "_P", 1)
    return tmp_path / "security" / "users.json"


def test_a_user_proves_itself_by_password(file: Path) -> None:
    """The right one lets in with the role, another does not, nor another's name."""
    users = Users(file)
    users.add("ann", Role.OPERATOR, PASSWORD)
    assert users.by_password("ann", PASSWORD) == User("ann", Role.OPERATOR, "password")
    for name, password in (("ann", PASSWORD + " "), ("ann", ""), ("bob", PASSWORD), ("", "")):
        with pytest.raises(RefusedError, match="wrong user or password"):
            users.by_password(name, password)


def test_the_file_holds_no_password(file: Path) -> None:
    """It holds salt and scrypt hash, as the standard library makes it; equal passwords differ."""
    users = Users(file)
    users.add("ann", Role.OBSERVER, PASSWORD)
    users.add("bob", Role.OBSERVER, PASSWORD)
    text = file.read_text("utf-8")
    assert PASSWORD not in text
    kept = [user["password"] for user in json.loads(text)["users"]]
    assert len({each["hash"] for each in kept}) == 2
    for each in kept:
        cost = {"n": each["n"], "r": each["r"], "p": each["p"]}
        salt = bytes.fromhex(each["salt"])
        made = hashlib.scrypt(PASSWORD.encode(), salt=salt, dklen=32, maxmem=2**26, **cost)
        assert made.hex() == each["hash"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_the_file_is_for_its_owner_only(file: Path) -> None:
    """Hashes can be guessed at, so nobody else reads them."""
    Users(file).add("ann", Role.OBSERVER, PASSWORD)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_user_proves_itself_by_certificate(file: Path) -> None:
    """Its SHA-256 counts; another of the same name, and an expired one, do not."""
    certificate = Sheet("robot").signed()
    users = Users(file)
    users.add("robot", Role.ENGINEER, certificate)
    assert users.by_certificate(certificate, NOW).role is Role.ENGINEER
    with pytest.raises(RefusedError, match="is no user's"):
        users.by_certificate(Sheet("robot").signed(), NOW)
    with pytest.raises(RefusedError, match="expired"):
        users.by_certificate(certificate, NOW + 2 * DAY)
    with pytest.raises(RefusedError, match="wrong user or password"):
        users.by_password("robot", "")


def test_a_removed_user_is_out_at_once(file: Path) -> None:
    """A server that is running reads the file that a command has changed."""
    server, command = Users(file), Users(file)
    command.add("ann", Role.OPERATOR, PASSWORD)
    assert server.role_of("ann") is Role.OPERATOR
    command.remove("ann")
    assert server.role_of("ann") is None
    with pytest.raises(RefusedError):
        server.by_password("ann", PASSWORD)


def test_guessing_costs_waiting(file: Path) -> None:
    """After a few free mistakes the wait doubles up to its limit, for the right password too."""
    now = 0.0
    users = Users(file, Attempts(lambda: now))
    users.add("ann", Role.OBSERVER, PASSWORD)
    for _ in range(FREE):
        with pytest.raises(RefusedError, match="wrong user or password"):
            users.by_password("ann", "guess", "10.0.0.7")
    for name in ("ann", "bob"):  # the address waits as well
        with pytest.raises(RefusedError, match="too many attempts"):
            users.by_password(name, PASSWORD, "10.0.0.7")
    now += FIRST_WAIT_S
    assert users.by_password("ann", PASSWORD, "10.0.0.7").name == "ann"


def test_the_wait_doubles_up_to_its_limit() -> None:
    """Waits after the fifth, sixth, ... failure, by hand."""
    now = 0.0
    attempts = Attempts(lambda: now)
    waits = []
    for _ in range(FREE + 10):
        attempts.failed("user ann")
        waits.append(attempts.wait_s("user ann"))
    assert waits[: FREE - 1] == [0.0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 2] == [2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_WAIT_S
    assert attempts.wait_s("user bob") == 0.0
    now += LONGEST_WAIT_S
    assert attempts.wait_s("user ann") <= 0.0
    attempts.succeeded("user ann")
    attempts.failed("user ann")
    assert attempts.wait_s("user ann") <= 0.0


def test_an_unknown_name_costs_the_same_hash(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time tells nobody which names there are: one hash is made for either, of equal cost."""
    made: list[tuple[int, int, int]] = []
    monkeypatch.setattr(users_module, "_P", users_module._NOBODY.p)
    users = Users(file)
    users.add("ann", Role.OBSERVER, PASSWORD)
    true = users_module._scrypt
    monkeypatch.setattr(
        users_module,
        "_scrypt",
        lambda text, of: (made.append((of.n, of.r, of.p)), true(text, of))[1],
    )
    for name in ("ann", "bob"):
        with pytest.raises(RefusedError):
            users.by_password(name, "guess")
    assert len(made) == 2
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "Invalid JSON"),
        ('{"schema": 2, "users": []}', "schema"),
        ('{"users": [{"name": "ann", "role": "king", "certificate": "' + "A" * 64 + '"}]}', "role"),
        ('{"users": [{"name": "ann", "role": "observer"}]}', "either password or certificate"),
    ],
)
def test_a_broken_file_lets_nobody_in(file: Path, content: str, told: str) -> None:
    """What is wrong with it is said, with the place."""
    file.parent.mkdir()
    file.write_text(content, "utf-8")
    with pytest.raises(ScenarioError, match=told):
        Users(file).by_password("ann", PASSWORD)


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("ann", PASSWORD, "there is a user"),
        ("a b", PASSWORD, "NAME"),
        ("bob", "short", "too short"),
    ],
)
def test_a_user_that_cannot_be_is_refused(file: Path, name: str, password: str, told: str) -> None:
    """Twice the same name, a name with blanks, a short password."""
    users = Users(file)
    users.add("ann", Role.OBSERVER, PASSWORD)
    before = file.read_bytes()
    with pytest.raises(ScenarioError, match=told):
        users.add(name, Role.OBSERVER, password)
    assert file.read_bytes() == before


def test_each_role_may_what_the_one_below_may_and_more() -> None:
    """Observers read, operators command as well, engineers set as well."""
    roles = [Role.OBSERVER, Role.OPERATOR, Role.ENGINEER]
    assert [RIGHTS[low] < RIGHTS[high] for low, high in itertools.pairwise(roles)] == [
        True,
        True,
    ]
    assert [may(role, Right.SET) for role in roles] == [False, False, True]
    assert [may(role, Right.COMMAND) for role in roles] == [False, True, True]
