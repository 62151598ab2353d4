"""Own certificates: what they say, and that none is ever overwritten."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from authority import DAY, NOW
from cryptography import x509

from linetwin.errors import ScenarioError
from linetwin.twin.security.certificates import Certificate, read_certificate
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import (
    Wish,
    create_identity,
    identity,
    renew_identity,
    valid_identities,
)

if TYPE_CHECKING:
    from pathlib import Path

WISH = Wish("plant 1", uri="urn:press:plant", hosts=("press", "10.0.0.7"), days=100)


@pytest.fixture
def folder(tmp_path: Path) -> SecurityFolder:
    """A security folder that is not there yet."""
    return SecurityFolder(tmp_path / "security")


def test_a_certificate_says_what_opc_ua_asks(folder: SecurityFolder) -> None:
    """Version 3, URI, hosts, use, SHA-256 and dates; a library of its own reads it back."""
    made = create_identity(folder, WISH, NOW)
    read = x509.load_der_x509_certificate(made.certificate_file.read_bytes())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert read.version is x509.Version.v3
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:press:plant"]
    assert names.get_values_for_type(x509.DNSName) == ["press"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["10.0.0.7"]
    usage = read.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert usage.key_encipherment
    assert usage.data_encipherment
    assert not read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (made.certificate.days_left(NOW), made.certificate.key_bits) == (100, 2048)
    assert made.certificate.misuse(by_server=True) == made.certificate.misuse(by_server=False) == ""
    assert made.certificate.weakness() == ""
    assert made.application_uri == "urn:press:plant"
    assert made.key().public_key() == read.public_key()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_a_key_is_for_its_owner_only(folder: SecurityFolder) -> None:
    """The key's file has mode 0600 and its folder 0700; a key that others may read is refused."""
    made = create_identity(folder, WISH)
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.own.stat().st_mode) == 0o700
    made.key_file.chmod(0o640)
    with pytest.raises(ScenarioError, match="others may read it"):
        made.key()


def test_nothing_is_overwritten(folder: SecurityFolder) -> None:
    """A second creation is refused, a renewal goes beside; what was there stays, to the byte."""
    first = create_identity(folder, WISH, NOW)
    before = {file: file.read_bytes() for file in folder.own.iterdir()}
    with pytest.raises(ScenarioError, match="has a certificate already"):
        create_identity(folder, WISH, NOW)
    second = renew_identity(folder, 200, NOW + DAY)
    assert {file: file.read_bytes() for file in before} == before
    assert len(list(folder.own.iterdir())) == len(before) + 2
    assert identity(folder) == second
    assert second.certificate.thumbprint != first.certificate.thumbprint
    assert second.key().public_key() != first.key().public_key()
    same = ("name", "application_uris", "hosts", "key_bits")
    assert [getattr(second.certificate, each) for each in same] == [
        getattr(first.certificate, each) for each in same
    ]


def test_the_one_before_stays_in_use_until_it_ends(folder: SecurityFolder) -> None:
    """After a renewal a link may still be tried with the old one, while it is valid."""
    first = create_identity(folder, WISH, NOW)
    second = renew_identity(folder, 200, NOW + 90 * DAY)
    assert valid_identities(folder, NOW + 95 * DAY) == [second, first]
    assert valid_identities(folder, NOW + 101 * DAY) == [second]
    assert valid_identities(folder, NOW) == [first]


def test_a_key_left_without_its_certificate_is_passed_over(folder: SecurityFolder) -> None:
    """Killed between key and certificate, the next renewal takes the next number."""
    first = create_identity(folder, WISH, NOW)
    (folder.own / "key-0002.pem").write_bytes(b"")
    assert identity(folder) == first
    assert renew_identity(folder, 10, NOW).certificate_file.name == "certificate-0003.der"


def test_a_key_of_another_certificate_is_refused(folder: SecurityFolder) -> None:
    """Files that were mixed up are told before a connection fails on them."""
    first = create_identity(folder, WISH, NOW)
    second = renew_identity(folder, 10, NOW)
    second.key_file.write_bytes(first.key_file.read_bytes())
    with pytest.raises(ScenarioError, match=r"key-0002\.pem: another key"):
        second.key()


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        (Wish("x", key_bits=1024), "--bits"),
        (Wish(""), "--name"),
        (Wish("x", days=0), "--days"),
        (Wish("x", uri="plant"), "--uri"),
    ],
)
def test_a_wish_that_no_certificate_can_hold_is_refused(
    folder: SecurityFolder, wish: Wish, key: str
) -> None:
    """The option is named, and no file is left."""
    with pytest.raises(ScenarioError, match=key):
        create_identity(folder, wish)
    assert not folder.root.exists()


def test_a_folder_without_a_certificate_says_how_to_make_one(folder: SecurityFolder) -> None:
    """The command is in the message."""
    with pytest.raises(ScenarioError, match="linetwin live certificate create"):
        identity(folder)


def test_dates_are_in_utc(folder: SecurityFolder) -> None:
    """It begins an hour early, for clocks that are late."""
    made = read_certificate(create_identity(folder, WISH, NOW).certificate_file)
    assert made.begins == NOW - timedelta(hours=1)
    assert made.ends == NOW + 100 * DAY


def test_a_certificate_of_no_known_version_is_none(folder: SecurityFolder) -> None:
    """One byte of the version changed: it cannot be read, by the error that callers expect."""
    der = create_identity(folder, Wish("twin")).certificate.der
    version, unknown = bytes.fromhex("a003020102"), bytes.fromhex("a003020112")
    with pytest.raises(ValueError, match="version"):
        _ = Certificate(der.replace(version, unknown)).parsed


def test_a_certificate_with_a_key_of_no_known_kind_has_no_rsa_key(folder: SecurityFolder) -> None:
    """One byte of the key's algorithm changed: it is another kind of key, and no error."""
    der = create_identity(folder, Wish("twin")).certificate.der
    rsa_encryption = bytes.fromhex("06092a864886f70d010101")
    unknown = bytes.fromhex("06090a864886f70d010101")
    assert Certificate(der).key_bits == 2048
    assert Certificate(der.replace(rsa_encryption, unknown)).key_bits is None
