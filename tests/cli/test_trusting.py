"""The commands for certificates, trust, users and the audit log."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cli_support import COMMAND, PATIENCE_S, Answer, Clerk

from linetwin.errors import RefusedError
from linetwin.results.audit import AuditLog
from linetwin.results.audit_check import verify
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.roles import Role
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"  # noqa: S105  of a test


@pytest.fixture
def security(clerk: Clerk, tmp_path: Path) -> Path:
    """A security folder with a certificate of its own."""
    folder = tmp_path / "security" / "twin"
    made = clerk("live", "certificate", "create", "--name", "twin", "--security", folder)
    assert made.code == 0, made.err
    return folder


def test_a_certificate_is_created_shown_and_renewed(clerk: Clerk, security: Path) -> None:
    """Never overwritten; one that ends soon says so."""
    again = clerk("live", "certificate", "create", "--security", security)
    assert again.code == 2
    assert "linetwin live certificate renew" in again.err
    renewed = clerk("live", "certificate", "renew", "--days", "20", "--security", security)
    assert renewed.code == 0, renewed.err
    shown = clerk("live", "certificate", "show", "--json", "--security", security)
    facts = json.loads(shown.out)
    assert facts["file"].endswith("certificate-0002.der")
    assert facts["remark"] == "expires in 20 days"
    assert "expires in 20 days" in renewed.out
    assert len(list((security / "own").iterdir())) == 4


def test_a_certificate_is_accepted_and_rejected_by_thumbprint(
    clerk: Clerk, security: Path, tmp_path: Path
) -> None:
    """What a person decides moves the file; the log tells each step."""
    other = tmp_path / "plant"
    clerk("live", "certificate", "create", "--name", "plant", "--security", other)
    facts = json.loads(clerk("live", "certificate", "show", "--json", "--security", other).out)
    shutil.copy(facts["file"], security / "rejected")

    def places() -> list[tuple[str, str]]:
        listed = clerk("live", "trust", "list", "--json", "--security", security)
        return [(each["place"], each["thumbprint"]) for each in json.loads(listed.out)]

    thumbprint = facts["thumbprint"]
    assert places() == [("rejected", thumbprint)]
    shown = clerk("live", "trust", "show", thumbprint[:8], "--security", security)
    assert facts["sha256"] in shown.out
    accepted = clerk("live", "trust", "accept", thumbprint, "--security", security)
    assert facts["sha256"] in accepted.out
    assert places() == [("trusted", thumbprint)]
    assert thumbprint in clerk("live", "trust", "list", "--security", security).out
    assert clerk("live", "trust", "reject", facts["sha256"], "--security", security).code == 0
    assert places() == [("rejected", thumbprint)]
    wrong = clerk("live", "trust", "accept", "0" * 40, "--security", security)
    assert wrong.code == 2
    assert "no certificates begin with" in wrong.err
    lines = (security / "audit.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line)["what"] for line in lines]
    assert told == ["log opened", "certificate created", "trust accepted", "trust rejected"]


def add_user(folder: Path, said: bytes, *arguments: str) -> Answer:
    """Add a user with something on standard input."""
    done = subprocess.run(
        [*COMMAND, "live", "user", "add", *arguments, "--security", str(folder)],
        input=said,
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        env=os.environ,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_password_comes_from_standard_input(clerk: Clerk, tmp_path: Path) -> None:
    """Its first line, whole; it stands in no file, no output and no log."""
    folder = tmp_path / "plant"
    answer = add_user(folder, f"{PASSWORD}\nmore\n".encode(), "ann", "--role", "operator")
    assert answer.code == 0, answer.err
    assert Users(folder / "users.json").by_password("ann", PASSWORD).role is Role.OPERATOR
    assert not any(
        PASSWORD.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file()
    )
    listed = clerk("live", "user", "list", "--json", "--security", folder)
    assert json.loads(listed.out) == [{"name": "ann", "role": "operator", "by": "password"}]
    assert clerk("live", "user", "remove", "ann", "--security", folder).code == 0
    with pytest.raises(RefusedError):
        Users(folder / "users.json").by_password("ann", PASSWORD)
    help_text = " ".join(clerk("live", "user", "add", "--help").out.split())
    assert "--password" not in help_text


def test_a_user_may_be_a_certificate(clerk: Clerk, security: Path, tmp_path: Path) -> None:
    """It is told by the file of its certificate, and asked for no password."""
    plant = tmp_path / "plant"
    own = next((security / "own").glob("*.der"))
    arguments = ("live", "user", "add", "robot", "--role", "engineer", "--security", plant)
    assert clerk(*arguments, "--certificate", own).code == 0
    [user] = Users(SecurityFolder(plant).users).all()
    assert (user.role, user.by) == (Role.ENGINEER, "certificate")


@pytest.mark.parametrize(
    ("said", "arguments", "told"),
    [
        (b"short\n", ("bob",), "at least 10 characters"),
        (b"", ("bob", "--role", "king"), "observer, operator, engineer"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    tmp_path: Path, said: bytes, arguments: tuple[str, ...], told: str
) -> None:
    """With what is allowed, and exit code 2."""
    answer = add_user(tmp_path / "plant", said, *arguments)
    assert answer.code == 2
    assert told in answer.err


# ------------------------------------------------------------------------------------ audit
def test_a_log_is_verified(clerk: Clerk, security: Path) -> None:
    """Sound: exit code 0 and the hash to keep; changed: 2 with line and reason."""
    log = security / "audit.jsonl"
    sound = clerk("audit", "verify", log)
    assert (sound.code, verify(log).head.hash in sound.out) == (0, True)
    facts = json.loads(clerk("audit", "verify", log, "--json").out)
    assert facts["entries"] == facts["proven_to_entry"] == 2
    whole = log.read_bytes()
    log.write_bytes(whole.replace(b"certificate created", b"certificate renewed"))
    answer = clerk("audit", "verify", log)
    assert answer.code == 2
    assert "audit.jsonl:2: changed" in answer.err
    log.write_bytes(whole)
    assert clerk("audit", "verify", log, "--head", "0" * 64).code == 2


def test_nothing_is_changed_that_the_log_could_not_tell(clerk: Clerk, security: Path) -> None:
    """With a torn line in the log trust stays as it is, until a person has set the line aside."""
    log = security / "audit.jsonl"
    AuditLog(log).append("ann", "set")
    log.write_bytes(log.read_bytes()[:-20])
    (security / "audit.jsonl.head").unlink()
    refused = clerk("live", "certificate", "renew", "--security", security)
    assert refused.code == 2
    assert "linetwin audit repair" in refused.err
    assert len(list((security / "own").iterdir())) == 2
    assert clerk("audit", "verify", log).code == 2
    assert "torn-" in clerk("audit", "repair", log).out
    assert "no line is torn" in clerk("audit", "repair", log).out
    assert clerk("live", "certificate", "renew", "--security", security).code == 0
    assert clerk("audit", "verify", log).code == 0
    assert clerk("audit", "repair", security / "none.jsonl").code == 2


@pytest.mark.parametrize("harm", ["changed", "cut", "emptied", "reordered"])
def test_repair_says_what_it_cannot_mend(clerk: Clerk, security: Path, harm: str) -> None:
    """No line is torn, and yet the log is not sound: exit code 2, and the reason."""
    log = security / "audit.jsonl"
    AuditLog(log).append("ann", "set")
    lines = log.read_bytes().splitlines(keepends=True)
    harmed = {
        "changed": [*lines[:2], lines[2].replace(b"ann", b"eve")],
        "cut": lines[:2],
        "emptied": [],
        "reordered": [lines[1], lines[0], lines[2]],
    }[harm]
    log.write_bytes(b"".join(harmed))
    answer = clerk("audit", "repair", log)
    assert answer.code == 2
    assert "audit.jsonl" in answer.err
    assert log.read_bytes() == b"".join(harmed)


def test_a_lost_anchor_is_mended_by_repair(clerk: Clerk, security: Path) -> None:
    """Verify and all who would go on refuse the log until a person has had it repaired."""
    log = security / "audit.jsonl"
    (security / "audit.jsonl.head").unlink()
    answer = clerk("audit", "verify", log)
    assert (answer.code, "unanchored" in answer.err) == (2, True)
    assert clerk("live", "certificate", "renew", "--security", security).code == 2
    repaired = clerk("audit", "repair", log)
    assert (repaired.code, "its anchor was gone" in repaired.out) == (0, True)
    assert clerk("audit", "verify", log).code == 0


def test_two_folders_are_introduced_to_one_another(clerk: Clerk, tmp_path: Path) -> None:
    """Certificates that are missing are made; each believes the other's; both logs tell it."""
    twin, plant = tmp_path / "twin", tmp_path / "plant"
    done = clerk("live", "trust", "introduce", twin, plant)
    assert done.code == 0, done.err
    own = {}
    for folder in (twin, plant):
        shown = clerk("live", "certificate", "show", "--json", "--security", folder)
        own[folder] = json.loads(shown.out)["sha256"]
    for folder, other in ((twin, plant), (plant, twin)):
        (trusted,) = Trust(SecurityFolder(folder)).entries()
        assert (trusted.place, trusted.certificate.fingerprint) == ("trusted", own[other])
        assert verify(SecurityFolder(folder).log).entries
    again = clerk("live", "trust", "introduce", twin, plant)
    assert again.code == 0, again.err
    assert len(Trust(SecurityFolder(twin)).entries()) == 1
    assert clerk("live", "trust", "introduce", twin, twin).code == 2
